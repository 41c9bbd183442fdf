"""Collect models and records as Arrow arrays, by field.

They are converted many at a time, and each leaf is passed to Arrow as a whole, so that no Python
code runs for a single value. What is converted is dropped: memory holds the values of a long list,
not its objects or its bytes.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from enrich_pandas.frame.schema import YEAR, Field, Leaf, item_columns, scalar_columns
from enrich_pandas.models import Part
from enrich_pandas.providers.records import ListValues, Record, RecordType, RecordValues

Places = npt.NDArray[np.intp]
Arrays = Mapping[str, pa.Array]
Columns = Mapping[str, pa.Array | pa.ChunkedArray]
CHUNK = 4_000  # answers converted at a time: enough for the fixed cost of each column
NONE = -1  # the place of an answer without a model


class Items(NamedTuple):
    """The items of a list of all answers, one answer after the other.

    ``counts`` is the number of items of each answer. ``leaves`` has an array for each suffix of a
    column; it is empty if only the first items were wanted, which have columns.
    """

    counts: Places
    leaves: Arrays

    @property
    def starts(self) -> Places:
        """The position of the first item of each answer."""
        return np.cumsum(self.counts) - self.counts

    def numbered(self, field: Field) -> Arrays:
        """Return the columns of the first items, with one value for each answer.

        The columns of a leaf are slices of one array: its first items, then its second ones, …
        """
        size, most = len(self.counts), int(self.counts.max(initial=0))
        numbers = np.arange(min(len(field.numbers), most))[:, np.newaxis]
        is_missing = (numbers >= self.counts).ravel()
        places = pa.array((self.starts + numbers).ravel(), mask=is_missing)
        nothing = {leaf.type: pa.nulls(size, leaf.type) for leaf in field.leaves}
        found = {
            suffix: pc.take(array, places, boundscheck=False)
            for suffix, array in self.leaves.items()
            if array.null_count < len(array)
        }

        def column(number: int, leaf: Leaf) -> pa.Array:
            if leaf.suffix not in found or number > most:
                return nothing[leaf.type]
            return found[leaf.suffix].slice((number - 1) * size, size)

        return {
            name: column(number, leaf)
            for number in field.numbers
            for name, leaf in item_columns(field, number)
        }


class AnswerArrays(NamedTuple):
    """The values of answers as arrays, by field.

    ``columns`` has the columns of each scalar, each part, and of the first items of each list if no
    more are wanted. ``odd`` has the paths of the fields that were not as documented, by the
    position of the answer.
    """

    columns: Mapping[str, Columns]
    items: Mapping[str, Items]
    odd: Mapping[int, Sequence[str]]

    def has_value(self, field: Field) -> npt.NDArray[np.bool_]:
        """Return which answers have a value, an item, or a wanted leaf of a part, in a field.

        A part counts as one value: city and country come from the same provider.
        """
        if field.shape == "list":
            return self.items[field.name].counts > 0
        masks = [np.asarray(pc.is_valid(array)) for array in self.columns[field.name].values()]
        found: npt.NDArray[np.bool_] = np.logical_or.reduce(masks)
        return found


class ArrayBuilder:
    """Collect models and records, from any thread, and convert them to arrays.

    Parameters
    ----------
    fields
        The fields to read, with the leaves and the number of items to keep of each.

    Examples
    --------
    >>> from enrich_pandas.frame.schema import fields_of
    >>> from enrich_pandas.models import Email, Person
    >>> builder = ArrayBuilder(fields_of(Person))
    >>> places = [
    ...     builder.add(Person(emails=[Email(address="ada@example.com")])),
    ...     builder.add(Person()),
    ... ]
    >>> builder.places(places).tolist()
    [0, 1]
    >>> emails = builder.arrays().items["emails"]
    >>> emails.counts.tolist(), emails.leaves[""].to_pylist()
    ([1, 0], ['ada@example.com'])
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._lock = threading.Lock()
        self._kinds: dict[RecordType | None, _Kind] = {}

    def add(self, value: Part | Record) -> tuple[int, int]:
        """Add a model or a record; return a reference to it, see `places`."""
        kind = value.type if isinstance(value, Record) else None
        with self._lock:
            if kind not in self._kinds:
                self._kinds[kind] = _Kind(len(self._kinds))
            own = self._kinds[kind]
            own.pending.append(value)
            own.size += 1
            reference = own.number, own.size - 1
            chunk = own.next_chunk()
        if chunk is not None:  # outside the lock: other threads add meanwhile
            chunk.convert(self._convert)
        return reference

    def arrays(self) -> AnswerArrays:
        """Return the arrays of all answers so far."""
        with self._lock:
            chunks = [chunk for kind in self._kinds.values() for chunk in kind.all_chunks()]
        arrays = [chunk.convert(self._convert) for chunk in chunks or [_Chunk([])]]
        return arrays[0] if len(arrays) == 1 else _concatenate(arrays)

    def places(self, references: Iterable[tuple[int, int] | None]) -> Places:
        """Return the positions of answers in the arrays; -1 for None."""
        with self._lock:
            sizes = [kind.size for kind in self._kinds.values()]
        starts = np.cumsum([0, *sizes]).tolist()
        found = [NONE if one is None else starts[one[0]] + one[1] for one in references]
        return np.array(found, dtype=np.intp)

    def _convert(self, values: Sequence[Any]) -> AnswerArrays:
        if values and isinstance(values[0], Record):
            return _arrays_of_records(values, self._fields)
        return _arrays_of_models(values, self._fields)


class _Kind:
    """The models, or the records of one type: those that wait, and chunks of a fixed size."""

    def __init__(self, number: int) -> None:
        self.number, self.size = number, 0
        self.pending: list[Any] = []
        self._chunks: list[_Chunk] = []

    def next_chunk(self) -> "_Chunk | None":
        """Return what waits as a chunk if it is enough for one."""
        if len(self.pending) < CHUNK:
            return None
        chunk, self.pending = _Chunk(self.pending), []
        self._chunks.append(chunk)
        return chunk

    def all_chunks(self) -> "list[_Chunk]":
        """Return all chunks; the last one has what waits."""
        return [*self._chunks, *([_Chunk(list(self.pending))] if self.pending else [])]


class _Chunk:
    """Values that are converted once, by the first thread that needs them."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._lock = threading.Lock()
        self._values = values
        self._arrays: AnswerArrays | None = None

    def convert(self, convert: Callable[[Sequence[Any]], AnswerArrays]) -> AnswerArrays:
        """Return the arrays of the values, which are dropped."""
        with self._lock:
            if self._arrays is None:
                self._arrays = convert(self._values)
                self._values = ()
            return self._arrays


# -- Records -------------------------------------------------------------------------------------


def _arrays_of_records(records: Sequence[Record], fields: Sequence[Field]) -> AnswerArrays:
    wanted = {field.name: _wanted_leaves(field) for field in fields}
    values = records[0].type.read([one.raw for one in records], wanted)
    others = [field for field in fields if field.shape != "list"]
    return _answer_arrays(
        fields,
        {field.name: _scalar_arrays(field, values) for field in others},
        {field.name: _item_arrays(field, values) for field in fields if field.shape == "list"},
        values.odd,
    )


def _answer_arrays(
    fields: Sequence[Field],
    columns: Mapping[str, Arrays],
    items: Mapping[str, Items],
    odd: Mapping[int, Sequence[str]],
) -> AnswerArrays:
    """Return values as arrays, with columns in place of the items of which a number is wanted."""
    limited = [of for of in fields if of.shape == "list" and of.max_items is not None]
    numbered = {field.name: items[field.name].numbered(field) for field in limited}
    counts = {field.name: Items(items[field.name].counts, {}) for field in limited}
    return AnswerArrays({**columns, **numbered}, {**items, **counts}, odd)


def _wanted_leaves(field: Field) -> Sequence[str]:
    if field.shape == "scalar":
        return ("",)
    return tuple(dict.fromkeys(leaf.field for leaf in field.leaves))


def _scalar_arrays(field: Field, values: RecordValues) -> Arrays:
    leaves = dict(values.scalars.get(field.name, {}))
    if field.shape == "scalar" and leaves:
        leaves = {field.name: leaves[""]}
    return _named(leaves, list(scalar_columns(field)), values.size)


def _item_arrays(field: Field, values: RecordValues) -> Items:
    nothing = np.zeros(values.size, np.intp)
    found = values.lists.get(field.name, ListValues(nothing, {}))
    leaves = [(leaf.suffix, leaf) for leaf in field.leaves]
    return Items(found.counts, _named(found.leaves, leaves, int(found.counts.sum())))


def _named(leaves: Arrays, columns: Sequence[tuple[str, Leaf]], size: int) -> Arrays:
    """Return the arrays by column, with years, and with nulls for what is not delivered."""
    return _with_years(
        columns,
        lambda leaf: leaves[leaf.field] if leaf.field in leaves else pa.nulls(size, leaf.type),
    )


def _with_years(
    columns: Iterable[tuple[str, Leaf]], array_of: Callable[[Leaf], pa.Array]
) -> dict[str, pa.Array]:
    made: dict[str, pa.Array] = {}
    last = None
    for name, leaf in columns:
        if leaf.is_year:  # of the date before it
            made[name] = years(last)
        else:
            made[name] = last = array_of(leaf)
    return made


def years(dates: pa.Array) -> pa.Array:
    """Return the year of each date, null if it does not begin with four digits.

    Examples
    --------
    >>> years(pa.array(["2002", "2002-05", "soon", None], pa.large_string())).to_pylist()
    [2002, 2002, None, None]
    """
    if dates.null_count == len(dates):
        return pa.nulls(len(dates), YEAR)
    _, offsets, data = dates.buffers()
    ends = np.frombuffer(offsets, np.int64)[dates.offset : dates.offset + len(dates) + 1]
    is_dated = np.asarray(pc.is_valid(dates)) & (np.diff(ends) >= _YEAR_DIGITS)
    starts, characters = ends[:-1][is_dated], np.frombuffer(data, np.uint8)
    found, are_digits = np.zeros(len(starts), np.int16), np.ones(len(starts), bool)
    for place in range(_YEAR_DIGITS):
        digits = characters[starts + place] - _ZERO  # what is less becomes more than 9
        found = 10 * found + digits
        are_digits &= digits <= 9  # noqa: PLR2004 - a digit
    made, is_year = np.zeros(len(dates), np.int16), is_dated.copy()
    made[is_dated], is_year[is_dated] = found, are_digits
    return pa.array(made, YEAR, mask=~is_year)


_YEAR_DIGITS, _ZERO = 4, np.uint8(ord("0"))


# -- Models --------------------------------------------------------------------------------------


def _arrays_of_models(models: Sequence[Part], fields: Sequence[Field]) -> AnswerArrays:
    values = {field.name: list(map(attrgetter(field.name), models)) for field in fields}
    others = [field for field in fields if field.shape != "list"]
    return _answer_arrays(
        fields,
        {field.name: _scalars(field, values[field.name]) for field in others},
        {field.name: _list(field, values[field.name]) for field in fields if field.shape == "list"},
        {},
    )


def _scalars(field: Field, values: Sequence[Any]) -> Arrays:
    if field.shape == "scalar":
        return _arrays({field.name: values}, scalar_columns(field))
    nothing = field.type()
    parts = [nothing if value is None else value for value in values]
    names = [leaf.field for leaf in field.leaves]
    return _arrays(_transposed(parts, names), scalar_columns(field))


def _list(field: Field, lists: Sequence[Sequence[Any]]) -> Items:
    counts = np.fromiter(map(len, lists), np.intp, len(lists))
    items = list(chain.from_iterable(lists))
    leaves = field.leaves
    names = [leaf.field for leaf in leaves]
    columns = {"": items} if field.type is str else _transposed(items, names)
    return Items(counts, _arrays(columns, ((leaf.suffix, leaf) for leaf in leaves)))


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


def _arrays(columns: Mapping[str, Sequence[Any]], leaves: Iterable[tuple[str, Leaf]]) -> Arrays:
    return _with_years(leaves, lambda leaf: _array(columns[leaf.field], leaf.type))


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


# -- Joining chunks ------------------------------------------------------------------------------


def _concatenate(chunks: Sequence[AnswerArrays]) -> AnswerArrays:
    first = chunks[0]
    sizes = [_size(one) for one in chunks]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    return AnswerArrays(
        {name: _joined_columns([one.columns[name] for one in chunks]) for name in first.columns},
        {name: _joined_items([one.items[name] for one in chunks]) for name in first.items},
        {
            start + place: odd
            for start, chunk in zip(starts, chunks, strict=True)
            for place, odd in chunk.odd.items()
        },
    )


def _size(arrays: AnswerArrays) -> int:
    for items in arrays.items.values():
        return len(items.counts)
    for columns in arrays.columns.values():
        return len(next(iter(columns.values())))
    return 0


def _joined_columns(chunks: Sequence[Columns]) -> Columns:
    """Return the columns of chunks, whose arrays stay where they are."""
    return {name: pa.chunked_array([one[name] for one in chunks]) for name in chunks[0]}


def _joined_items(chunks: Sequence[Items]) -> Items:
    first = chunks[0].leaves
    return Items(
        np.concatenate([one.counts for one in chunks]),
        {name: _concatenated([one.leaves[name] for one in chunks]) for name in first},
    )


def _concatenated(arrays: Sequence[pa.Array]) -> pa.Array:
    if all(one.null_count == len(one) for one in arrays):
        return pa.nulls(sum(map(len, arrays)), arrays[0].type)
    return pa.concat_arrays(arrays)
