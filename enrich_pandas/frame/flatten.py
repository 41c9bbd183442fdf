"""From what was gathered to columns: wide, nested, tables.

An array holds one value a distinct answer, and is then taken by position for the rows, so that a
thousand rows of one person cost no more than one.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.gathering import Arrays, Gathered, Items, Places
from enrich_pandas.frame.schema import (
    DTYPES,
    ROW_COLUMNS,
    Field,
    arrow_type,
    leaves_of,
    singular,
    times,
)

Columns = dict[str, Any]


class Distinct(NamedTuple):
    """The distinct answers and refusals, column by column.

    ``gathered`` is what their models hold, and ``places`` where in it each answer's model is, -1
    for an answer without one. ``sources`` names the provider of each field that has a value; it is
    None where nobody asks.
    """

    status: Sequence[str]
    reason: Sequence[str]
    provider: Sequence[str | None]
    fetched: Sequence[float | None]
    places: Places
    gathered: Gathered
    sources: Sequence[Mapping[str, str]] | None = None


class Pick:
    """Which value of an array each row takes.

    Parameters
    ----------
    codes
        The answer of each row.
    places
        Where each answer's value stands, -1 for none; None where they stand in order.
    """

    def __init__(self, codes: Places, places: Places | None = None) -> None:
        self._codes, self._places = codes, places

    def values(self, array: pa.Array) -> pa.Array:
        """Return each row's value."""
        size = len(self._codes)
        if array.null_count == len(array):
            return pa.nulls(size, array.type)
        if self._is_in_order and len(array) == size:
            return array
        return array.take(self._indices)

    def column(self, array: pa.Array) -> Any:
        """Return each row's value, as pandas holds it."""
        dtype: Any = pd.api.types.pandas_dtype(DTYPES[array.type])
        return dtype.__from_arrow__(self.values(array))

    @cached_property
    def _indices(self) -> pa.Array:
        places = self._codes if self._places is None else self._places[self._codes]
        missing = places < 0
        return pa.array(places, mask=missing if missing.any() else None)

    @cached_property
    def _is_in_order(self) -> bool:
        indices = self._indices
        return not indices.null_count and np.array_equal(indices, np.arange(len(indices)))


class Taken:
    """Distinct answers and, for each row, which of them is its own."""

    def __init__(self, distinct: Distinct, codes: Places) -> None:
        self.distinct, self.codes = distinct, codes
        self.answer = Pick(codes)
        self.model = Pick(codes, distinct.places)

    def of_models(self, values: Places, none: int) -> Places:
        """Return each answer's own of what there is for every model."""
        return np.append(values, none)[self.distinct.places]


def wide(taken: Taken, fields: Sequence[Field], max_items: int) -> Columns:
    """Make scalars and, of every list, the first ``max_items`` as numbered columns."""
    columns = _rows(taken)
    for field in fields:
        columns |= _numbered(taken, field, max_items) if field.shape == "list" else {}
        columns |= _scalars(taken, field) | _source(taken, field)
    return columns


def nested(taken: Taken, fields: Sequence[Field]) -> Columns:
    """Make scalars, and one Arrow ``list<struct>`` column a list: nothing is lost."""
    columns = _rows(taken)
    for field in fields:
        columns |= _nested(taken, field) if field.shape == "list" else {}
        columns |= _scalars(taken, field) | _source(taken, field)
    return columns


def scalars_only(taken: Taken, fields: Sequence[Field]) -> Columns:
    """Make the row columns and the scalars, as in the ``people`` table; lists have a source."""
    columns = _rows(taken)
    for field in fields:
        columns |= _scalars(taken, field) | _source(taken, field)
    return columns


def items(taken: Taken, field: Field, index: pd.Index, row: str) -> pd.DataFrame:
    """Make the linked table of a list: one row an item, keyed by row position and index label."""
    found = taken.distinct.gathered.items[field.name]
    repeats = taken.of_models(found.counts, 0)[taken.codes]
    rows = np.repeat(np.arange(len(taken.codes)), repeats)
    numbers = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    pick = Pick(taken.of_models(found.starts, 0)[taken.codes[rows]] + numbers)
    columns: Columns = {row: rows, "item": numbers + 1}
    for leaf in leaves_of(field.type):
        name = leaf.suffix.removeprefix("_") or leaf.field or "value"
        columns[name] = pick.column(found.leaves[leaf.suffix])
    return pd.DataFrame(columns, index=index.take(rows), copy=False)


def source_name(field: Field) -> str:
    """Return the name of the column that tells who gave a field."""
    return f"{field.name}_source"  # of a list in the plural: a company has `domain` and `domains`


def _rows(taken: Taken) -> Columns:
    distinct, pick = taken.distinct, taken.answer
    texts: Mapping[str, Sequence[Any]] = {
        "status": distinct.status,
        "reason": distinct.reason,
        "provider": distinct.provider,
    }
    columns = {name: pick.column(pa.array(of, pa.large_string())) for name, of in texts.items()}
    columns["fetched_at"] = times(distinct.fetched).take(taken.codes).array
    return {name: columns[name] for name in ROW_COLUMNS}


def _scalars(taken: Taken, field: Field) -> Columns:
    """Make the columns of a scalar or of a part; a list has none."""
    gathered = taken.distinct.gathered
    if field.shape == "scalar":
        return {name: taken.model.column(of) for name, of in gathered.scalars[field.name].items()}
    if field.shape == "part":
        return _nth(taken, gathered.items[field.name], 1, field.name)
    return {}


def _numbered(taken: Taken, field: Field, max_items: int) -> Columns:
    found, name = taken.distinct.gathered.items[field.name], singular(field.name)
    columns: Columns = {}
    for number in range(1, max_items + 1):
        columns |= _nth(taken, found, number, f"{name}_{number}")
    columns[f"{name}_count"] = taken.model.column(pa.array(found.counts))
    return columns


def _nth(taken: Taken, found: Items, number: int, name: str) -> Columns:
    pick = Pick(taken.codes, taken.of_models(found.nth(number), -1))
    return {name + suffix: pick.column(leaf) for suffix, leaf in found.leaves.items()}


def _nested(taken: Taken, field: Field) -> Columns:
    found = taken.distinct.gathered.items[field.name]
    offsets = pa.array(np.append(found.starts, found.kept.sum()), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, _structs(field, found.leaves))
    return {field.name: pd.arrays.ArrowExtensionArray(taken.model.values(lists))}


def _structs(field: Field, leaves: Arrays) -> pa.Array:
    """Put the leaves of each item together again; a year is no field of it."""
    kind = arrow_type(field.type)
    if field.type is str:
        return leaves[""].cast(kind)
    named = {leaf.field: leaves[leaf.suffix] for leaf in leaves_of(field.type) if not leaf.is_year}
    return pa.StructArray.from_arrays(
        [array.cast(kind.field(name).type) for name, array in named.items()], fields=list(kind)
    )


def _source(taken: Taken, field: Field) -> Columns:
    """Make the column that tells who gave a field, where it is wanted."""
    sources = taken.distinct.sources
    if sources is None:
        return {}
    given = pa.array([of.get(field.name) for of in sources], pa.large_string())
    return {source_name(field): taken.answer.column(given)}
