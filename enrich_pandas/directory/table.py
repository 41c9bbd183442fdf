"""A table of text: any frame's cells as what they say, with a digest of them."""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.cells import is_missing
from enrich_pandas.frame.distinct import may_hold_text

TEXT = pa.large_string()


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text by position; a label may be anything that pandas takes, and be there twice.

    Codes and ids stay as they are written: nothing is read as a number before a field asks for one.
    """

    labels: tuple[Hashable, ...]
    columns: tuple[Any, ...]
    rows: int

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Table":
        """Copy a frame; its index is not looked at."""
        columns = tuple(texts(frame.iloc[:, place]) for place in range(frame.shape[1]))
        return cls(tuple(frame.columns), columns, len(frame))

    def frame(self) -> pd.DataFrame:
        """View the table as a frame."""
        arrays = {n: pd.arrays.ArrowExtensionArray(cells) for n, cells in enumerate(self.columns)}
        frame = pd.DataFrame(arrays, index=pd.RangeIndex(self.rows))
        frame.columns = pd.Index(list(self.labels), dtype=object, tupleize_cols=False)
        return frame

    def take(self, places: Sequence[int], rows: Sequence[int]) -> list[tuple[str | None, ...]]:
        """Return the cells of some rows, one tuple a row."""
        at = pa.array(rows, type=pa.int64())
        columns = [self.columns[place].take(at).to_pylist() for place in places]
        return list(zip(*columns, strict=True)) if columns else [()] * len(rows)

    def digest(self) -> str:
        """Digest labels and cells: another content is another digest."""
        digest = hashlib.sha256(repr(self.labels).encode("utf-8", "surrogatepass"))
        for cells in self.columns:
            lengths = cells.cast(pa.large_binary()).fill_null(b"\xff")  # no text has that byte
            digest.update(np.asarray(pa.compute.binary_length(lengths)).tobytes())
            for part in _data(lengths):
                digest.update(part)
        return digest.hexdigest()


def texts(column: "pd.Series[Any]") -> Any:
    """Return a column's cells as Arrow text, null where there is nothing.

    Examples
    --------
    >>> texts(pd.Series([7.0, None, 0.5])).to_pylist()
    ['7', None, '0.5']
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        codes = np.asarray(column.cat.codes, dtype=np.int64)
        words = texts(pd.Series(column.cat.categories))
        return words.take(pa.array(codes, mask=codes < 0))
    if isinstance(dtype, pd.SparseDtype):
        column = column.astype(dtype.subtype)
    if (may_hold_text(dtype) and _is_all_text(column)) or pd.api.types.is_integer_dtype(dtype):
        try:
            return _whole(pa.array(column, from_pandas=True))
        except (UnicodeEncodeError, pa.ArrowException):  # a lone surrogate, or an odd type
            pass
    return pa.array([_text(cell) for cell in column], type=TEXT)


def _is_all_text(column: "pd.Series[Any]") -> bool:
    if not pd.api.types.is_object_dtype(column.dtype):
        return True
    return pd.api.types.infer_dtype(column, skipna=True) in {"string", "empty"}


def _whole(cells: Any) -> Any:
    """Make one array of one type, whatever the chunks."""
    cells = cells.cast(TEXT)
    return cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells


def _text(cell: Any) -> str | None:
    """Write a cell down; a number without the decimals that pandas gave it for a null beside it."""
    if isinstance(cell, str):
        return cell.encode("utf-8", "replace").decode()
    if _says_nothing(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float | np.floating):
        return _number(float(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell)


def _says_nothing(cell: Any) -> bool:
    if isinstance(cell, Decimal):  # a signalling NaN raises where others compare
        return not cell.is_finite()
    return isinstance(cell, bytes) or not pd.api.types.is_scalar(cell) or is_missing(cell)


def _number(cell: float) -> str | None:
    if not np.isfinite(cell):
        return None
    return str(int(cell)) if cell.is_integer() else repr(cell)


def _data(cells: Any) -> list[Any]:
    """Return the bytes of all cells, one after the other."""
    offsets = np.frombuffer(cells.buffers()[1], dtype=np.int64)[cells.offset :][: len(cells) + 1]
    body = cells.buffers()[2]
    if body is None or not len(cells):
        return []
    return [memoryview(body)[int(offsets[0]) : int(offsets[-1])]]
