"""Rows to identities: what is asked about, and for every other row the reason why not.

Work is done on distinct values and distinct rows only, never once a row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.canonical import Judged, judge
from enrich_pandas.frame.columns import Columns, position
from enrich_pandas.frame.distinct import Codes, distinct_rows, first_places
from enrich_pandas.frame.failures import ROW, ROW_REASONS, Faults, Verdicts, no_cases, schema
from enrich_pandas.frame.outcomes import Refusal, Refuse, outcomes
from enrich_pandas.providers.base import Identity, Kind, Provider, Status

__all__ = ["Identified", "identify", "schema", "wanted_rows"]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Identified:
    """Every row's identity, or the reason why it has none.

    Attributes
    ----------
    codes
        One for each row. Below ``len(identities)`` it is the place of the row's identity, else,
        less that, the place of its refusal: one list of results and refusals is taken by it.
    identities
        The distinct ones, in order of first appearance.
    refusals
        Status and reason, distinct. A reason is ``<identifier>:<code>``, ``no_identifier``,
        ``incomplete`` or ``where``.
    faults
        The values that are wrong, of which pandera makes `failure_cases`.
    """

    codes: Codes
    identities: Sequence[Identity]
    refusals: list[Refusal]
    faults: Faults | None = None

    @property
    def failure_cases(self) -> pd.DataFrame:
        """Return pandera's table in the user's terms, one line for a bad value in distinct rows.

        ``column`` is the label, ``check`` the reason code, ``failure_case`` the cell, ``index``
        the position of the first such row and ``rows`` how many are like it. A bad value is
        listed also where another identifier of its row serves.
        """
        return self.faults.table if self.faults else no_cases()

    @property
    def valid(self) -> int:
        """Number of rows that have an identity."""
        return int(np.count_nonzero(self.codes < len(self.identities)))

    @property
    def invalid(self) -> int:
        """Number of rows that are not sent because of what they hold."""
        return sum(
            rows
            for (status, _), rows in zip(self.refusals, self.refused, strict=True)
            if status is Status.INVALID
        )

    @property
    def refused(self) -> list[int]:
        """Number of rows of each refusal."""
        size = len(self.identities) + len(self.refusals)
        counts: list[int] = np.bincount(self.codes, minlength=size).tolist()
        return counts[len(self.identities) :]


def identify(
    frame: pd.DataFrame,
    columns: Columns,
    provider: Provider,
    kind: Kind,
    *,
    where: "pd.Series[Any] | npt.ArrayLike | None" = None,
    errors: Literal["coerce", "raise"] = "coerce",
    refuse: "Refuse | None" = None,
) -> Identified:
    """Bring every row to an identity, or to the reason why it is not sent.

    Spends nothing and asks no network. What is plain is decided by Arrow's kernels, at some 0.5 µs
    a row; Python's work is for the distinct cells that are not, and for a provider that chooses
    among identifiers in its own way.

    Parameters
    ----------
    frame
        The user's frame; it is not changed.
    columns
        From `find_columns`.
    provider, kind
        Whose rules hold, and what is enriched.
    where
        True for the rows to take; the others get ``skipped``, as do null ones. An array goes by
        position; a Series must have the frame's index.
    errors
        ``raise`` to raise if any row is invalid.
    refuse
        Is given the canonical identifiers of a row, and tells why nobody may ask about it.

    Returns
    -------
    Identified
        One code for each row, the distinct identities, the refusals and the failure cases.

    Raises
    ------
    InputError
        If ``where`` does not fit the frame, or ``errors`` is ``raise`` and a row is invalid;
        then with ``.failure_cases``, and pandera's own error as its cause.
    ConfigurationError
        If ``errors`` is another word.
    """
    if errors not in {"coerce", "raise"}:
        raise ConfigurationError(
            f"errors={errors!r} is not known.", todo='Type errors="coerce" or errors="raise".'
        )
    rows = None if where is None else np.flatnonzero(wanted_rows(frame, where))
    rules = provider.rules(kind)
    places = {name: position(frame, label) for name, label in columns.chosen.items()}
    judged = {
        name: judge(_taken(frame.iloc[:, place], rows), name, rules.get(name, ()))
        for name, place in places.items()
    }
    groups = distinct_rows(
        ((one.verdicts, len(one.texts) + len(one.reasons)) for one in judged.values()),
        len(frame) if rows is None else len(rows),
    )
    first = first_places(groups)
    verdicts = [one.verdicts[first] for one in judged.values()]
    identities, refusals, codes = outcomes(judged, verdicts, provider, kind, refuse)
    codes = codes[groups]
    bad = _bad_rows(judged, codes, len(identities), refusals)
    identified = Identified(
        _spread(codes, rows, len(frame), rest=len(identities) + len(refusals)),
        identities,
        refusals + [(Status.SKIPPED, "where")] * (len(codes) < len(frame)),
        faults=_faults(frame, places, partial(schema, provider, kind, columns), bad, rows),
    )
    if errors == "raise" and identified.invalid:
        cause = identified.faults.errors if identified.faults else None
        raise _invalid_rows(identified, len(frame)) from cause
    return identified


class _Bad(NamedTuple):
    """The distinct rows in which something is wrong: where first, how many, and what."""

    first: Codes
    counts: Codes
    verdicts: Verdicts


def _bad_rows(
    judged: Mapping[str, Judged], codes: Codes, start: int, refusals: Sequence[Refusal]
) -> _Bad:
    """Find them; those that are well give pandera nothing to find."""
    why = [reason if reason in ROW_REASONS else None for _, reason in refusals]
    lacks = np.zeros(start + len(why), dtype=bool)
    lacks[start:] = [reason is not None for reason in why]
    is_bad = lacks[codes]
    for one in judged.values():
        is_bad |= one.has_reason(one.verdicts)
    places = np.flatnonzero(is_bad)
    cells = [one.cells[places] for one in judged.values()]
    alike = distinct_rows(((each, each.max(initial=-1) + 1) for each in cells), len(places))
    first = places[first_places(alike)]
    verdicts = {name: one.told(one.verdicts[first]) for name, one in judged.items()}
    verdicts[ROW] = [why[code - start] if code >= start else None for code in codes[first]]
    return _Bad(first, np.bincount(alike), verdicts)


def _faults(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    schema: Callable[[], Any],
    bad: _Bad,
    rows: Codes | None,
) -> Faults | None:
    """Keep what pandera's table is made of: the cells of the bad rows, as they are now."""
    if not len(bad.first):
        return None
    first = bad.first if rows is None else rows[bad.first]
    cells = {name: frame.iloc[first, place] for name, place in places.items()}
    return Faults(schema, bad.verdicts, cells, first, bad.counts)


def _spread(codes: Codes, rows: Codes | None, length: int, *, rest: int) -> Codes:
    """Lay the codes of the rows taken over the whole frame."""
    if rows is None:
        return codes
    spread = np.full(length, rest, dtype=np.intp)
    spread[rows] = codes
    return spread


def _taken(column: "pd.Series[Any]", rows: Codes | None) -> "pd.Series[Any]":
    return column if rows is None else column.iloc[rows]


def wanted_rows(frame: pd.DataFrame, where: Any) -> Mask:
    """Read ``where`` as one flag for each row, by position."""
    if where is None:
        return np.ones(len(frame), dtype=bool)
    if isinstance(where, pd.Series) and not where.index.equals(frame.index):
        raise InputError(
            "The index of where= is not that of the frame.",
            todo="Make it from the same frame, or give where=condition.to_numpy().",
        )
    try:
        # Numbers are refused: [0, 1] could mean positions.
        flags = pd.api.types.infer_dtype(where, skipna=True) in {"boolean", "empty"}
        mask = pd.array(where, dtype="boolean") if flags else None
    except (TypeError, ValueError):
        mask = None
    if mask is None or mask.shape != (len(frame),):
        raise InputError(
            f"where= does not give True or False for each of the {len(frame)} rows.",
            todo='Give a condition on the frame, such as where=df["tier"] == "A".',
        )
    return np.asarray(mask.fillna(value=False), dtype=bool)


def _invalid_rows(identified: Identified, length: int) -> InputError:
    """Say how many rows are invalid, and for what."""
    reasons = ", ".join(
        f"{reason} ({rows})"
        for (status, reason), rows in zip(identified.refusals, identified.refused, strict=True)
        if status is Status.INVALID
    )
    return InputError(
        f"{identified.invalid} of {length} rows cannot be sent: {reasons}.",
        todo='See .failure_cases of this error, or type errors="coerce" to go on without them.',
        failure_cases=identified.failure_cases,
    )
