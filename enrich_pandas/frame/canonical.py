"""A column's cells to verdicts: the canonical value of each, or the reason why it has none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.frame.distinct import Small, encoded
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.plain import TEXT, plain
from enrich_pandas.providers.base import Rule

PIECE = 2**20  # cells at a time: what the kernels make in between takes memory, too


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on a column.

    Attributes
    ----------
    cells
        For each row the code of its cell; -1 where it is missing.
    verdicts
        For each row the place of its canonical value; beyond these, the place of its reason; -1
        where nothing is in the cell.
    texts, reasons
        The distinct canonical values and reasons, in order of appearance.
    """

    cells: Small
    verdicts: Small
    texts: pa.LargeStringArray
    reasons: list[str]

    def has_reason(self, verdicts: Small) -> Any:
        """Tell which verdicts are refusals."""
        return verdicts >= len(self.texts)

    def has_value(self, verdicts: Small) -> Any:
        """Tell which verdicts are values."""
        return (verdicts >= 0) & (verdicts < len(self.texts))

    def told(self, verdicts: Small) -> list[str | None]:
        """Return the reasons, None for what is none."""
        start = len(self.texts)
        return [self.reasons[v - start] if v >= start else None for v in verdicts.tolist()]


def judge(column: "pd.Series[Any]", identifier: str, rules: Sequence[Rule]) -> Judged:
    """Judge a column, each distinct cell once: by Arrow's kernels, and by Python where in doubt."""
    codes, cells = encoded(column)
    pieces = list(_decided(identifier, cells))
    whole = pa.chunked_array([values for values, _ in pieces], TEXT).combine_chunks()
    found = whole.dictionary_encode()
    verdicts = found.indices.fill_null(-1).to_numpy().copy()
    values, reasons = found.dictionary, _Numbers(len(found.dictionary))
    verdicts[verdicts < 0] = [
        -1 if why is None else reasons[why] for _, refused in pieces for why in refused
    ]
    if rules:
        is_value = (verdicts >= 0) & (verdicts < len(values))
        verdicts[is_value] = _ruled(values, rules, reasons)[verdicts[is_value]]
    return Judged(codes, np.append(verdicts, np.int32(-1))[codes], values, list(reasons))


class _Numbers(dict[str, int]):
    """Gives each reason the next number."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self._start = start

    def __missing__(self, reason: str) -> int:
        return self.setdefault(reason, self._start + len(self))


def _decided(
    identifier: str, cells: "pa.LargeStringArray | list[object]"
) -> Iterator[tuple[pa.LargeStringArray, list[str | None]]]:
    """Yield canonical values, null where there is none, and for each null its reason."""
    if not isinstance(cells, pa.Array):
        yield _exact(identifier, cells)
        return
    for start in range(0, max(1, len(cells)), PIECE):
        piece = cells.slice(start, PIECE)
        values = plain(identifier, piece)
        if values.null_count:
            exact, refused = _exact(identifier, piece.filter(values.is_null()).to_pylist())
            yield pc.replace_with_mask(values, values.is_null(), exact), refused
        else:
            yield values, []


def _exact(
    identifier: str, cells: Sequence[object]
) -> tuple[pa.LargeStringArray, list[str | None]]:
    verdicts = [canonical(identifier, cell) for cell in cells]
    refused = [None if why == "missing" else why for value, why in verdicts if value is None]
    return pa.array([value for value, _ in verdicts], TEXT), refused


def _ruled(values: pa.LargeStringArray, rules: Sequence[Rule], reasons: _Numbers) -> Small:
    """Return the verdict of the vendor's own rules on each value."""
    broken = (
        next((rule.code for rule in rules if not rule.accepts(value)), None)
        for value in values.to_pylist()
    )
    verdicts = [place if code is None else reasons[code] for place, code in enumerate(broken)]
    return np.array(verdicts, dtype=np.int32)
