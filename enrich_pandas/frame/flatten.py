"""From what was gathered to columns: wide, nested, tables.

An array holds one value a distinct answer, and is then taken by position for the rows, so that a
thousand rows of one person cost no more than one.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import chain, compress
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from enrich_pandas.frame.schema import (
    DTYPES,
    ROW_COLUMNS,
    YEAR,
    Field,
    Leaf,
    arrow_type,
    leaves_of,
    scalar_columns,
    singular,
    times,
)

# -- From models to Arrow arrays, a leaf at a time: what the columns of every layout are taken fro
# Models are taken apart in C, many at once, and each leaf is handed to Arrow as a whole: no Python
# code runs for a single value. A model is dropped as soon as its values are in arrays, so that
# memory holds the values of a long list, and not its objects.

Places = npt.NDArray[np.intp]
Arrays = Mapping[str, pa.Array]
CHUNK = 1_000  # models taken apart at once: few enough to be in the processor's cache still


class Items(NamedTuple):
    """The items of a list, or a part, of all models in a row.

    ``counts`` tells how many items each model has, ``kept`` how many of them are here. ``leaves``
    has an array for each suffix of a column.
    """

    counts: Places
    kept: Places
    leaves: Arrays

    @property
    def starts(self) -> Places:
        """Where the first item of each model stands."""
        return np.cumsum(self.kept) - self.kept

    def nth(self, number: int) -> Places:
        """Return where the n-th item of each model stands; -1 where it has none."""
        return np.where(self.kept >= number, self.starts + number - 1, -1)


class ModelArrays(NamedTuple):
    """What models hold, by field."""

    scalars: Mapping[str, Arrays]
    items: Mapping[str, Items]


class ArrayBuilder:
    """Takes models in, one after the other, from any thread.

    Parameters
    ----------
    fields
        The fields to read.
    most
        How many items of each list to keep; None for all.

    Examples
    --------
    >>> from enrich_pandas.frame.schema import fields_of
    >>> from enrich_pandas.models import Email, Person
    >>> shelf = Shelf(fields_of(Person))
    >>> shelf.put(Person(emails=[Email(address="ada@example.com")])), shelf.put(Person())
    (0, 1)
    >>> emails = shelf.gathered().items["emails"]
    >>> emails.counts.tolist(), emails.leaves[""].to_pylist()
    ([1, 0], ['ada@example.com'])
    """

    def __init__(self, fields: Sequence[Field], max_items: int | None = None) -> None:
        self._fields, self._most = fields, max_items
        self._lock = threading.Lock()
        self._pending = _Pending(fields)
        self._chunks: list[ModelArrays] = []
        self._count = 0

    def add(self, model: Any) -> int:
        """Take a model in; return its place among all of them."""
        with self._lock:
            self._pending.add(model)
            self._count += 1
            if self._count % CHUNK == 0:
                self._chunks.append(self._pending.arrays(self._most))
                self._pending = _Pending(self._fields)
            return self._count - 1

    def arrays(self) -> ModelArrays:
        """Return what all the models hold so far."""
        with self._lock:
            is_whole = self._chunks and self._count % CHUNK == 0
            chunks = [*self._chunks, *([] if is_whole else [self._pending.arrays(self._most)])]
        return chunks[0] if len(chunks) == 1 else _concatenate_models(chunks)


class _Pending:
    """What of some models is not in arrays yet: their values, and the items of their lists.

    A model's own lists die with it, for the garbage collector goes over those that live again and
    again.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._lists = [field for field in fields if field.shape == "list"]
        self._others = [field for field in fields if field.shape != "list"]
        self._read_lists, self._read_others = map(_reader, (self._lists, self._others))
        self._values: list[Any] = []
        self._counts: list[int] = []
        self._items: list[list[Any]] = [[] for _ in self._lists]

    def add(self, model: Any) -> None:
        """Take a model apart as far as its items."""
        values, lists = self._read_others(model), self._read_lists(model)
        self._values.extend(values)
        self._counts.extend(map(len, lists))
        deque(map(list.extend, self._items, lists), maxlen=0)

    def arrays(self, max_items: int | None) -> ModelArrays:
        """Make arrays of all that was added."""
        width = len(self._others)
        columns = {of.name: self._values[n::width] for n, of in enumerate(self._others)}
        counts = np.array(self._counts, dtype=np.intp).reshape(-1, len(self._lists) or 1)
        listed = zip(self._lists, np.ascontiguousarray(counts.T), self._items, strict=False)
        return ModelArrays(
            {
                field.name: _arrays(columns, scalar_columns(field))
                for field in self._others
                if field.shape == "scalar"
            },
            {
                **{
                    field.name: _part(field, columns[field.name])
                    for field in self._others
                    if field.shape == "part"
                },
                **{field.name: _list(field, of, items, max_items) for field, of, items in listed},
            },
        )


def years(dates: pa.Array) -> pa.Array:
    """Return the year of each date; null where it does not begin with four digits.

    Examples
    --------
    >>> years(pa.array(["2002", "2002-05", "soon", None])).to_pylist()
    [2002, 2002, None, None]
    """
    if dates.null_count == len(dates):
        return pa.nulls(len(dates), YEAR)
    is_dated = pc.match_substring_regex(dates, "^[0-9]{4}")
    return pc.if_else(is_dated, pc.utf8_slice_codeunits(dates, 0, 4), None).cast(YEAR)


def _concatenate_models(chunks: Sequence[ModelArrays]) -> ModelArrays:
    first = chunks[0]
    return ModelArrays(
        {
            name: _concatenate_arrays([one.scalars[name] for one in chunks])
            for name in first.scalars
        },
        {name: _concatenate_items([one.items[name] for one in chunks]) for name in first.items},
    )


def _concatenate_items(chunks: Sequence[Items]) -> Items:
    return Items(
        np.concatenate([one.counts for one in chunks]),
        np.concatenate([one.kept for one in chunks]),
        _concatenate_arrays([one.leaves for one in chunks]),
    )


def _concatenate_arrays(chunks: Sequence[Arrays]) -> Arrays:
    return {name: pa.concat_arrays([one[name] for one in chunks]) for name in chunks[0]}


def _reader(fields: Sequence[Field]) -> Callable[[Any], Sequence[Any]]:
    """Return what reads these fields of a model, all at once."""
    names = [field.name for field in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda model: [getattr(model, name) for name in names]


def _transposed(structs: Sequence[Any], names: Sequence[str]) -> Mapping[str, Sequence[Any]]:
    """Return the values of each attribute."""
    kinds: set[Any] = set(map(type, structs))
    if not kinds:
        return dict.fromkeys(names, ())
    if len(kinds) > 1:
        return {name: list(map(attrgetter(name), structs)) for name in names}
    every = kinds.pop().__struct_fields__  # nearly always of one type, and many times faster
    values = list(chain.from_iterable(map(astuple, structs)))
    return {name: values[place :: len(every)] for place, name in enumerate(every)}


def _part(field: Field, values: Sequence[Any]) -> Items:
    kept = np.array([value is not None for value in values], dtype=np.intp)
    return Items(kept, kept, _leaves(field, [value for value in values if value is not None]))


def _list(field: Field, counts: Places, items: Sequence[Any], max_items: int | None) -> Items:
    kept = counts
    if max_items is not None and counts.max(initial=0) > max_items:
        numbers = np.arange(len(items)) - np.repeat(np.cumsum(counts) - counts, counts)
        items = list(compress(items, (numbers < max_items).tolist()))
        kept = np.minimum(counts, max_items)
    return Items(counts, kept, _leaves(field, items))


def _leaves(field: Field, items: Sequence[Any]) -> Arrays:
    leaves = leaves_of(field.type)
    names = [leaf.field for leaf in leaves]
    columns = {"": items} if field.type is str else _transposed(items, names)
    return _arrays(columns, ((leaf.suffix, leaf) for leaf in leaves))


def _arrays(columns: Mapping[str, Sequence[Any]], leaves: Iterable[tuple[str, Leaf]]) -> Arrays:
    made: dict[str, pa.Array] = {}
    last = None
    for name, leaf in leaves:
        if leaf.is_year:  # of the date that stands before it
            made[name] = years(last)
        else:
            made[name] = last = _array(columns[leaf.field], leaf.type)
    return made


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind, from_pandas=kind == pa.float64())  # NaN is none
    except (OverflowError, pa.ArrowInvalid):  # no answer is lost for a number that does not fit
        return pa.array([_fitting(one, kind) for one in values], kind, from_pandas=True)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """Return a value as a column of numbers holds it; one that 64 bits do not hold is None."""
    if kind == pa.float64() and isinstance(value, int):
        with suppress(OverflowError):
            return float(value)
        return None
    is_too_long = isinstance(value, int) and not -(2**63) <= value < 2**63
    return None if is_too_long else value


# -- From what was gathered to columns: wide, nested, tables -------------------------------------

Columns = dict[str, Any]


class DistinctAnswers(NamedTuple):
    """The distinct answers and refusals, column by column.

    ``arrays`` is what their models hold, and ``places`` where in it each answer's model is, -1
    for an answer without one. ``sources`` names the provider of each field that has a value; it is
    None where nobody asks.
    """

    status: Sequence[str]
    reason: Sequence[str]
    provider: Sequence[str | None]
    fetched: Sequence[float | None]
    places: Places
    arrays: ModelArrays
    sources: Sequence[Mapping[str, str]] | None = None


class Take:
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


class RowAnswers:
    """Distinct answers and, for each row, which of them is its own."""

    def __init__(self, distinct: DistinctAnswers, codes: Places) -> None:
        self.distinct, self.codes = distinct, codes
        self.answer = Take(codes)
        self.model = Take(codes, distinct.places)

    def of_models(self, values: Places, none: int) -> Places:
        """Return each answer's own of what there is for every model."""
        return np.append(values, none)[self.distinct.places]


def wide(answers: RowAnswers, fields: Sequence[Field], max_items: int) -> Columns:
    """Make scalars and, of every list, the first ``max_items`` as numbered columns."""
    columns = _rows(answers)
    for field in fields:
        columns |= _numbered(answers, field, max_items) if field.shape == "list" else {}
        columns |= _scalars(answers, field) | _source(answers, field)
    return columns


def nested(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Make scalars, and one Arrow ``list<struct>`` column a list: nothing is lost."""
    columns = _rows(answers)
    for field in fields:
        columns |= _nested(answers, field) if field.shape == "list" else {}
        columns |= _scalars(answers, field) | _source(answers, field)
    return columns


def scalars_only(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Make the row columns and the scalars, as in the ``people`` table; lists have a source."""
    columns = _rows(answers)
    for field in fields:
        columns |= _scalars(answers, field) | _source(answers, field)
    return columns


def items(answers: RowAnswers, field: Field, index: pd.Index, row: str) -> pd.DataFrame:
    """Make the linked table of a list: one row an item, keyed by row position and index label."""
    found = answers.distinct.arrays.items[field.name]
    repeats = answers.of_models(found.counts, 0)[answers.codes]
    rows = np.repeat(np.arange(len(answers.codes)), repeats)
    numbers = np.arange(len(rows)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    take = Take(answers.of_models(found.starts, 0)[answers.codes[rows]] + numbers)
    columns: Columns = {row: rows, "item": numbers + 1}
    for leaf in leaves_of(field.type):
        name = leaf.suffix.removeprefix("_") or leaf.field or "value"
        columns[name] = take.column(found.leaves[leaf.suffix])
    return pd.DataFrame(columns, index=index.take(rows), copy=False)


def source_name(field: Field) -> str:
    """Return the name of the column that tells who gave a field."""
    return f"{field.name}_source"  # of a list in the plural: a company has `domain` and `domains`


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


def _scalars(answers: RowAnswers, field: Field) -> Columns:
    """Make the columns of a scalar or of a part; a list has none."""
    arrays = answers.distinct.arrays
    if field.shape == "scalar":
        return {name: answers.model.column(of) for name, of in arrays.scalars[field.name].items()}
    if field.shape == "part":
        return _nth(answers, arrays.items[field.name], 1, field.name)
    return {}


def _numbered(answers: RowAnswers, field: Field, max_items: int) -> Columns:
    found, name = answers.distinct.arrays.items[field.name], singular(field.name)
    columns: Columns = {}
    for number in range(1, max_items + 1):
        columns |= _nth(answers, found, number, f"{name}_{number}")
    columns[f"{name}_count"] = answers.model.column(pa.array(found.counts))
    return columns


def _nth(answers: RowAnswers, found: Items, number: int, name: str) -> Columns:
    take = Take(answers.codes, answers.of_models(found.nth(number), -1))
    return {name + suffix: take.column(leaf) for suffix, leaf in found.leaves.items()}


def _nested(answers: RowAnswers, field: Field) -> Columns:
    found = answers.distinct.arrays.items[field.name]
    offsets = pa.array(np.append(found.starts, found.kept.sum()), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, _structs(field, found.leaves))
    return {field.name: pd.arrays.ArrowExtensionArray(answers.model.values(lists))}


def _structs(field: Field, leaves: Arrays) -> pa.Array:
    """Put the leaves of each item together again; a year is no field of it."""
    kind = arrow_type(field.type)
    if field.type is str:
        return leaves[""].cast(kind)
    named = {leaf.field: leaves[leaf.suffix] for leaf in leaves_of(field.type) if not leaf.is_year}
    return pa.StructArray.from_arrays(
        [array.cast(kind.field(name).type) for name, array in named.items()], fields=list(kind)
    )


def _source(answers: RowAnswers, field: Field) -> Columns:
    """Make the column that tells who gave a field, where it is wanted."""
    sources = answers.distinct.sources
    if sources is None:
        return {}
    given = pa.array([of.get(field.name) for of in sources], pa.large_string())
    return {source_name(field): answers.answer.column(given)}
