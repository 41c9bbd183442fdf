"""Turn answers into columns: models to Arrow arrays, arrays to the layouts.

Models are converted many at a time, and each leaf is passed to Arrow as a whole, so that no Python
code runs for a single value. A model is dropped once its values are in arrays: memory holds the
values of a long list, not its objects. An array has one value for each distinct answer. The rows
then take their values by position, so that a thousand rows of one person cost no more than one.
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
    ARROW,
    DTYPES,
    ROW_COLUMNS,
    YEAR,
    Field,
    Leaf,
    item_type,
    scalar_columns,
    singular,
    times,
)

Places = npt.NDArray[np.intp]
Arrays = Mapping[str, pa.Array]
CHUNK = 1_000  # models converted at a time: few enough to fit into the processor's cache


class Items(NamedTuple):
    """The items of a list, or a part, of all models, one model after the other.

    ``counts`` is the number of items of each model, ``kept`` the number of them that are stored
    here. ``leaves`` has an array for each suffix of a column.
    """

    counts: Places
    kept: Places
    leaves: Arrays

    @property
    def starts(self) -> Places:
        """The position of the first item of each model."""
        return np.cumsum(self.kept) - self.kept

    def nth(self, number: int) -> Places:
        """Return the position of the n-th item of each model, -1 if it has none."""
        return np.where(self.kept >= number, self.starts + number - 1, -1)


class ModelArrays(NamedTuple):
    """The values of models as arrays, by field."""

    scalars: Mapping[str, Arrays]
    items: Mapping[str, Items]


class ArrayBuilder:
    """Collect models, from any thread, and convert them to arrays.

    Parameters
    ----------
    fields
        The fields to read, with the leaves and the number of items to keep of each.

    Examples
    --------
    >>> from enrich_pandas.frame.schema import fields_of
    >>> from enrich_pandas.models import Email, Person
    >>> builder = ArrayBuilder(fields_of(Person))
    >>> builder.add(Person(emails=[Email(address="ada@example.com")])), builder.add(Person())
    (0, 1)
    >>> emails = builder.arrays().items["emails"]
    >>> emails.counts.tolist(), emails.leaves[""].to_pylist()
    ([1, 0], ['ada@example.com'])
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._lock = threading.Lock()
        self._pending = _Pending(fields)
        self._chunks: list[ModelArrays] = []
        self._count = 0

    def add(self, model: Any) -> int:
        """Add a model; return its position among all models."""
        with self._lock:
            self._pending.add(model)
            self._count += 1
            if self._count % CHUNK == 0:
                self._chunks.append(self._pending.arrays())
                self._pending = _Pending(self._fields)
            return self._count - 1

    def arrays(self) -> ModelArrays:
        """Return the arrays of all models so far."""
        with self._lock:
            is_whole = self._chunks and self._count % CHUNK == 0
            chunks = [*self._chunks, *([] if is_whole else [self._pending.arrays()])]
        return chunks[0] if len(chunks) == 1 else _concatenate_models(chunks)


class _Pending:
    """Values and list items of models that are not in arrays yet.

    It holds the items and not the models' own lists, since the garbage collector visits every
    living list again and again.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._lists = [field for field in fields if field.shape == "list"]
        self._others = [field for field in fields if field.shape != "list"]
        self._read_lists, self._read_others = map(_reader, (self._lists, self._others))
        self._values: list[Any] = []
        self._counts: list[int] = []
        self._items: list[list[Any]] = [[] for _ in self._lists]

    def add(self, model: Any) -> None:
        """Add the values and the items of a model."""
        values, lists = self._read_others(model), self._read_lists(model)
        self._values.extend(values)
        self._counts.extend(map(len, lists))
        deque(map(list.extend, self._items, lists), maxlen=0)

    def arrays(self) -> ModelArrays:
        """Return the arrays of everything that was added."""
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
                **{field.name: _list(field, of, items) for field, of, items in listed},
            },
        )


def years(dates: pa.Array) -> pa.Array:
    """Return the year of each date, null if it does not begin with four digits.

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
    """Return a function that reads these fields of a model at once."""
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
    every = kinds.pop().__struct_fields__  # the usual case of one type, many times faster
    values = list(chain.from_iterable(map(astuple, structs)))
    return {name: values[place :: len(every)] for place, name in enumerate(every)}


def _part(field: Field, values: Sequence[Any]) -> Items:
    kept = np.array([value is not None for value in values], dtype=np.intp)
    return Items(kept, kept, _leaves(field, [value for value in values if value is not None]))


def _list(field: Field, counts: Places, items: Sequence[Any]) -> Items:
    kept, max_items = counts, field.max_items
    if max_items is not None and counts.max(initial=0) > max_items:
        numbers = np.arange(len(items)) - np.repeat(np.cumsum(counts) - counts, counts)
        items = list(compress(items, (numbers < max_items).tolist()))
        kept = np.minimum(counts, max_items)
    return Items(counts, kept, _leaves(field, items))


def _leaves(field: Field, items: Sequence[Any]) -> Arrays:
    leaves = field.leaves
    names = [leaf.field for leaf in leaves]
    columns = {"": items} if field.type is str else _transposed(items, names)
    return _arrays(columns, ((leaf.suffix, leaf) for leaf in leaves))


def _arrays(columns: Mapping[str, Sequence[Any]], leaves: Iterable[tuple[str, Leaf]]) -> Arrays:
    made: dict[str, pa.Array] = {}
    last = None
    for name, leaf in leaves:
        if leaf.is_year:  # of the date before it
            made[name] = years(last)
        else:
            made[name] = last = _array(columns[leaf.field], leaf.type)
    return made


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind, from_pandas=kind == pa.float64())  # NaN is null
    except (OverflowError, pa.ArrowInvalid):  # a number that does not fit must not lose the answer
        return pa.array([_fitting(one, kind) for one in values], kind, from_pandas=True)


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """Return a value that fits into a column of numbers, None if it needs more than 64 bits."""
    if kind == pa.float64() and isinstance(value, int):
        with suppress(OverflowError):
            return float(value)
        return None
    is_too_long = isinstance(value, int) and not -(2**63) <= value < 2**63
    return None if is_too_long else value


Columns = dict[str, Any]


class DistinctAnswers(NamedTuple):
    """The distinct answers and exclusions, column by column.

    ``arrays`` has the values of the models, and ``places`` the position of each answer's model in
    it, -1 for an answer without a model. ``sources`` maps each field that has a value to its
    provider; it is None without ``sources=True``.
    """

    status: Sequence[str]
    reason: Sequence[str]
    provider: Sequence[str | None]
    fetched: Sequence[float | None]
    places: Places
    arrays: ModelArrays
    sources: Sequence[Mapping[str, str]] | None = None


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

    def values(self, array: pa.Array) -> pa.Array:
        """Return each row's value."""
        size = len(self._codes)
        if array.null_count == len(array):
            return pa.nulls(size, array.type)
        if self._is_in_order and len(array) == size:
            return array
        return array.take(self._indices)

    def column(self, array: pa.Array) -> Any:
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
        columns |= _numbered(answers, field) if field.shape == "list" else {}
        columns |= _scalars(answers, field) | _source(answers, field)
    return columns


def nested(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Return scalars and, for every list, a lossless Arrow ``list<struct>`` column."""
    columns = _rows(answers)
    for field in fields:
        columns |= _nested(answers, field) if field.shape == "list" else {}
        columns |= _scalars(answers, field) | _source(answers, field)
    return columns


def scalars_only(answers: RowAnswers, fields: Sequence[Field]) -> Columns:
    """Return the row columns and scalars of the ``people`` table, with the sources of lists."""
    columns = _rows(answers)
    for field in fields:
        columns |= _scalars(answers, field) | _source(answers, field)
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


def _scalars(answers: RowAnswers, field: Field) -> Columns:
    """Return the columns of a scalar or of a part; a list has none."""
    arrays = answers.distinct.arrays
    if field.shape == "scalar":
        return {name: answers.model.column(of) for name, of in arrays.scalars[field.name].items()}
    if field.shape == "part":
        return _nth(answers, arrays.items[field.name], 1, field.name)
    return {}


def _numbered(answers: RowAnswers, field: Field) -> Columns:
    found, name = answers.distinct.arrays.items[field.name], singular(field.name)
    columns: Columns = {}
    for number in field.numbers:
        columns |= _nth(answers, found, number, f"{name}_{number}")
    columns[f"{name}_count"] = answers.model.column(pa.array(found.counts))
    return columns


def _nth(answers: RowAnswers, found: Items, number: int, name: str) -> Columns:
    take = Take(answers.codes, answers.nulls, answers.of_models(found.nth(number), -1))
    return {name + suffix: take.column(leaf) for suffix, leaf in found.leaves.items()}


def _nested(answers: RowAnswers, field: Field) -> Columns:
    found = answers.distinct.arrays.items[field.name]
    offsets = pa.array(np.append(found.starts, found.kept.sum()), pa.int32())
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
    providers = pa.array([of.get(field.name) for of in sources], pa.large_string())
    return {source_name(field): answers.answer.column(providers)}
