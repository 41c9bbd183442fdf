"""Distinct cells and distinct rows, found at the speed of arrays, whatever the cells are."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.cells import is_missing

Codes = npt.NDArray[np.intp]
Small = npt.NDArray[
    np.int32
]  # as Arrow makes them: half the memory, which tells at 10,000,000 rows

_NOT_TEXT = object()  # stands for every cell that is no text, hashable or not


def may_hold_text(dtype: Any) -> bool:
    """Rule out the types that hold no text; an object column may hold anything."""
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.type in (str, pd.CategoricalDtype.type)
    if isinstance(dtype, pd.StringDtype):
        return True
    return pd.api.types.is_object_dtype(dtype)


def factorized(column: "pd.Series[Any]") -> tuple[Small, list[object]]:
    """Return a code for each row and the distinct cells; a missing cell has code -1.

    Cells that are no text share one stand-in, since they may have no hash and are refused alike.
    """
    codes, cells = encoded(column)
    return codes, cells.to_pylist() if isinstance(cells, pa.Array) else cells


def encoded(column: "pd.Series[Any]") -> tuple[Small, "pa.LargeStringArray | list[object]"]:
    """Do the same, and leave the distinct cells to Arrow where all of them are text."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.astype(column.dtype.subtype)
    if not may_hold_text(column.dtype):
        return np.where(column.isna(), -1, 0).astype(np.int32), [_NOT_TEXT]
    cells = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    if _holds_python_objects(cells.dtype):
        kind = pd.api.types.infer_dtype(cells, skipna=True)
        if kind == "empty":
            return np.full(len(column), -1, dtype=np.int32), []
        if kind != "string":
            return _mixed(column)
    try:
        # By Arrow and not by pandas, which before its third version ends a text at its first NUL.
        texts = pa.array(column, from_pandas=True).cast(pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate
        return _mixed(column)
    return _dictionary(texts)


def _dictionary(texts: "pa.Array | pa.ChunkedArray") -> tuple[Small, pa.LargeStringArray]:
    found = texts.dictionary_encode()
    if isinstance(found, pa.ChunkedArray):  # all chunks have the same dictionary
        found = found.combine_chunks()
    return found.indices.fill_null(-1).to_numpy(), found.dictionary


def _holds_python_objects(dtype: Any) -> bool:
    if isinstance(dtype, pd.StringDtype):
        return dtype.storage == "python"
    return pd.api.types.is_object_dtype(dtype)


def _mixed(cells: Iterable[object]) -> tuple[Small, list[object]]:
    """Do the same for an object column that is not all text, by Python's own dict."""
    seen: dict[object, int] = {}
    codes = [
        seen.setdefault(cell, len(seen))
        if isinstance(cell, str)
        else (-1 if is_missing(cell) else seen.setdefault(_NOT_TEXT, len(seen)))
        for cell in cells
    ]
    return np.array(codes, dtype=np.int32), list(seen)


def distinct_rows(columns: Iterable[tuple[Codes | Small, int]], length: int) -> Codes:
    """Return one code for each row, the same where all columns are.

    Parameters
    ----------
    columns
        The codes of each column, missing being -1, and its number of distinct cells.
    length
        Number of rows.
    """
    rows = np.zeros(length, dtype=np.intp)
    for codes, count in columns:
        rows, _ = pd.factorize(rows * (count + 1) + codes + 1)
    return rows


def first_places(codes: Codes) -> Codes:
    """Return the position of the first row of each code."""
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last one written stays
    return first
