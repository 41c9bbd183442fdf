"""Turn answers into columns: Arrow arrays to the layouts.

An array has one value for each distinct answer. The rows then take their values by position, so
that a thousand rows of one person cost no more than one.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.arrays import AnswerArrays, Arrays, Places
from enrich_pandas.frame.schema import (
    ARROW,
    DTYPES,
    ROW_COLUMNS,
    Field,
    item_type,
    singular,
    times,
)

Columns = dict[str, Any]


class DistinctAnswers(NamedTuple):
    """The distinct answers and exclusions, column by column.

    ``arrays`` has the values of the models, and ``places`` the position of each answer's model in
    it, -1 for an answer without a model. ``sources`` has the provider of each field of each answer;
    it is None without ``sources=True``.
    """

    status: Sequence[str]
    reason: Sequence[str]
    provider: Sequence[str | None]
    fetched: Sequence[float | None]
    places: Places
    arrays: AnswerArrays
    sources: Mapping[str, Sequence[str | None]] | None = None


class NullColumns:
    """Make columns without a value, of one length.

    Text columns share a buffer if it is Arrow's: it is immutable, and pandas replaces it when a
    cell is set. The buffers of the other dtypes are changed in place, so each column has its own;
    their values are zeros, which take no memory until they are written.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._dtypes: dict[pa.DataType, Any] = {}
        self._text: Any = None

    def dtype(self, kind: pa.DataType) -> Any:
        """Return the pandas dtype of an Arrow type."""
        if kind not in self._dtypes:
            self._dtypes[kind] = pd.api.types.pandas_dtype(DTYPES[kind])
        return self._dtypes[kind]

    def column(self, kind: pa.DataType) -> Any:
        """Return a column that can be changed without a change of another one."""
        dtype = self.dtype(kind)
        if kind == ARROW[str]:
            if self._text is None:
                self._text = dtype.__from_arrow__(pa.nulls(self._size, kind))
            return self._text.copy()
        values, mask = np.zeros(self._size, dtype.numpy_dtype), np.ones(self._size, dtype=bool)
        return dtype.construct_array_type()(values, mask)


class Take:
    """The value of an array that each row takes.

    Parameters
    ----------
    codes
        The answer of each row.
    nulls
        Makes columns without a value, of as many rows.
    places
        The position of each answer's value, -1 for none; None if the values are in order.
    """

    def __init__(self, codes: Places, nulls: "NullColumns", places: Places | None = None) -> None:
        self._codes, self._nulls, self._places = codes, nulls, places

    def values(self, array: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """Return each row's value."""
        size = len(self._codes)
        if array.null_count == len(array):
            return pa.nulls(size, array.type)
        if self._is_in_order and len(array) == size:
            return array
        return array.take(self._indices)

    def column(self, array: pa.Array | pa.ChunkedArray) -> Any:
        """Return each row's value as a pandas array."""
        if self._is_empty or array.null_count == len(array):
            return self._nulls.column(array.type)
        return self._nulls.dtype(array.type).__from_arrow__(self.values(array))

    @cached_property
    def _is_empty(self) -> bool:
        return bool(self._indices.null_count == len(self._codes))

    @cached_property
    def _indices(self) -> pa.Array:
        places = self._codes if self._places is None else self._places[self._codes]
        missing = places < 0
        return pa.array(places, mask=missing if missing.any() else None)

    @cached_property
    def _is_in_order(self) -> bool:
        indices = self._indices
        return not indices.null_count and np.array_equal(indices, np.arange(len(indices)))


class RowAnswers:
    """The distinct answers, and the answer of each row."""

    distinct: DistinctAnswers
    codes: Places

    def __init__(self, distinct: DistinctAnswers, codes: Places) -> None:
        self.distinct, self.codes = distinct, codes
        self.nulls: NullColumns = NullColumns(len(codes))
        self.answer: Take = Take(codes, self.nulls)
        self.model: Take = Take(codes, self.nulls, distinct.places)

    def of_models(self, values: Places, none: int) -> Places:
        """Return each answer's value from one value for each model; ``none`` without a model."""
        return np.append(values, none)[self.distinct.places]


def wide(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Return scalars and, for every list, its first items as numbered columns."""
    columns = _rows(answers)
    for field in fields:
        columns |= _columns(answers, field) | _source(answers, field)
    return columns


def nested(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Return scalars and, for every list, all its items as an Arrow ``list<struct>`` column."""
    columns = _rows(answers)
    for field in fields:
        of_field = _nested if field.shape == "list" else _columns
        columns |= of_field(answers, field) | _source(answers, field)
    return columns


def scalars_only(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Return the row columns and scalars of the ``people`` table, with the sources of lists."""
    columns = _rows(answers)
    for field in fields:
        columns |= {} if field.shape == "list" else _columns(answers, field)
        columns |= _source(answers, field)
    return columns


def items(answers: RowAnswers, field: Field, index: pd.Index, row: str) -> pd.DataFrame:
    """Return the linked table of a list: one row per item, with its row's position and label."""
    found = answers.distinct.arrays.items[field.name]
    repeats = answers.of_models(found.counts, 0)[answers.codes]
    rows = np.repeat(np.arange(len(answers.codes)), repeats)
    numbers = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    places = answers.of_models(found.starts, 0)[answers.codes[rows]] + numbers
    take = Take(places, NullColumns(len(rows)))
    columns: Columns = {row: rows, "item": numbers + 1}
    for leaf in field.leaves:
        name = leaf.suffix.removeprefix("_") or leaf.field or "value"
        columns[name] = take.column(found.leaves[leaf.suffix])
    return pd.DataFrame(columns, index=index.take(rows), copy=False)


def source_name(field: Field) -> str:
    """Return the name of the column with the provider of a field."""
    return (
        f"{field.name}_source"  # a list's name stays plural: a company has `domain` and `domains`
    )


def _rows(answers: RowAnswers) -> Columns:
    distinct, take = answers.distinct, answers.answer
    texts: Mapping[str, Sequence[Any]] = {
        "status": distinct.status,
        "reason": distinct.reason,
        "provider": distinct.provider,
    }
    columns = {name: take.column(pa.array(of, pa.large_string())) for name, of in texts.items()}
    columns["fetched_at"] = times(distinct.fetched).take(answers.codes).array
    return {name: columns[name] for name in ROW_COLUMNS}


def _columns(answers: RowAnswers, field: Field) -> Columns:
    """Return the columns of a scalar, of a part, or of the first items of a list."""
    arrays, take = answers.distinct.arrays, answers.model
    found = arrays.columns.get(field.name)
    if found is None:  # the items are there in full
        found = arrays.items[field.name].numbered(field)
    columns = {name: take.column(array) for name, array in found.items()}
    if field.shape == "list":
        counts = pa.array(arrays.items[field.name].counts)
        columns[f"{singular(field.name)}_count"] = take.column(counts)
    return columns


def _nested(answers: RowAnswers, field: Field) -> Columns:
    found = answers.distinct.arrays.items[field.name]
    offsets = pa.array(np.append(0, np.cumsum(found.counts)), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, _structs(field, found.leaves))
    return {field.name: pd.arrays.ArrowExtensionArray(answers.model.values(lists))}


def _structs(field: Field, leaves: Arrays) -> pa.Array:
    """Combine the leaves of the items to structs, without the derived years."""
    kind = item_type(field)
    if field.type is str:
        return leaves[""].cast(kind)
    named = {leaf.field: leaves[leaf.suffix] for leaf in field.leaves if not leaf.is_year}
    return pa.StructArray.from_arrays(
        [array.cast(kind.field(name).type) for name, array in named.items()], fields=list(kind)
    )


def _source(answers: RowAnswers, field: Field) -> Columns:
    """Return the column with the provider of a field, if sources are wanted."""
    sources = answers.distinct.sources
    if sources is None:
        return {}
    providers = pa.array(sources[field.name], pa.large_string())
    return {source_name(field): answers.answer.column(providers)}
