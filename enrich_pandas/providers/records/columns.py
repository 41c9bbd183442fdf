"""The vocabulary of a mapping: the columns of a model as functions of a vendor's fields.

A mapping is a table with one line for each field of the model. Each value is a lazy column: nothing
is read before the frame asks for the field, and then only what the field needs.

A `Column` has one value for each record, or for each item of a list. A part is a plain dict of
columns. Lists have a vocabulary of their own, in `lists`.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.providers.records.batch import Batch, Read
from enrich_pandas.providers.records.leaves import (
    TEXT,
    Places,
    clean,
    to_flags,
    to_numbers,
    to_texts,
    to_texts_and_numbers,
    to_whole_numbers,
)
from enrich_pandas.providers.records.source import Source, key_of, level_of

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]


class Lazy(Generic[T]):
    """A value of a batch that is computed when it is first read."""

    __slots__ = ("_compute", "level")
    level: Source

    def __init__(self, level: Source, compute: Callable[[Batch], T]) -> None:
        self.level, self._compute = level, compute

    def read(self, batch: Batch) -> T:
        """Return the value for a batch."""
        return batch.once(self, self._compute)


class Column(Lazy[pa.Array]):
    """One value for each record, or for each item of a list: an Arrow array.

    Conditions combine as in pandas: ``one & other``, ``one | other`` and ``~one``. A condition that
    is null counts as not true.
    """

    __slots__ = ()

    def __and__(self, other: "Column") -> "Column":
        return Column(self.level, lambda batch: pc.and_(_true(self, batch), _true(other, batch)))

    def __or__(self, other: "Column") -> "Column":
        return Column(self.level, lambda batch: pc.or_(_true(self, batch), _true(other, batch)))

    def __invert__(self) -> "Column":
        return Column(self.level, lambda batch: pc.invert(_true(self, batch)))


def _true(condition: Column, batch: Batch) -> pa.Array:
    return pc.fill_null(condition.read(batch), False)


Part = Mapping[str, Column]
Constant = str | bool
Leaves = Mapping[str, Column | Constant]
NONE = -1  # the position of a value that does not exist


# -- Values of one field -------------------------------------------------------------------------


def text(*sources: Source) -> Column:
    """Return texts without surrounding white space: the first place that has one."""
    return either(*(_read(source, Batch.text) for source in sources))


def text_or_number(source: Source) -> Column:
    """Return texts, and numbers as text without a fraction of zero."""
    return Column(level_of(source), lambda batch: clean(batch.leaf(source, to_texts_and_numbers)))


def identifier(*sources: Source) -> Column:
    """Return ids as text; the id 0 is none."""
    return either(*(_read(source, Batch.identifier) for source in sources))


def date(*sources: Source) -> Column:
    """Return dates in ISO form at the vendor's precision."""
    return either(*(_read(source, Batch.date) for source in sources))


def flag(source: Source) -> Column:
    """Return what is true and what is false."""
    return _leaf(source, to_flags)


def number(source: Source) -> Column:
    """Return numbers with their fraction."""
    return _leaf(source, to_numbers)


def whole(*sources: Source) -> Column:
    """Return numbers without their fraction, such as an amount in US dollars."""
    return either(*(_leaf(source, to_whole_numbers) for source in sources))


def key(item: Source) -> Column:
    """Return the keys of the items of an object, exactly as they were sent."""
    return Column(item, lambda batch: batch.leaf(key_of(item), to_texts))


def constant(value: Constant, level: Source) -> Column:
    """Return the same value for each value at a level."""
    scalar = scalar_of(value)
    return Column(level, lambda batch: pa.repeat(scalar, batch.size(level)))


def scalar_of(value: Constant | None) -> pa.Scalar:
    """Return a constant as Arrow's scalar."""
    return pa.scalar(value, pa.bool_() if isinstance(value, bool) else TEXT)


def _read(source: Source, read: Callable[[Batch, Source], pa.Array]) -> Column:
    return Column(level_of(source), lambda batch: read(batch, source))


def _leaf(source: Source, read: Read) -> Column:
    return Column(level_of(source), lambda batch: batch.leaf(source, read))


# -- Columns of columns --------------------------------------------------------------------------


def either(*columns: Column) -> Column:
    """Return the first value that is not null."""
    if len(columns) == 1:
        return columns[0]
    return Column(columns[0].level, lambda batch: _first_given(batch, columns))


def _first_given(batch: Batch, columns: Sequence[Column]) -> pa.Array:
    found = columns[0].read(batch)
    for column in columns[1:]:
        if len(found) and not found.null_count:
            break
        other = column.read(batch)
        if other.null_count < len(other):
            found = other if found.null_count == len(found) else pc.coalesce(found, other)
    return found


def template(form: str, *columns: Column) -> Column:
    """Return a form such as ``{} ({})`` filled with texts; null if one of them is null."""
    start, *others = map(scalar_of, form.split("{}"))

    def compute(batch: Batch) -> pa.Array:
        filled = zip((column.read(batch) for column in columns), others, strict=True)
        return pc.binary_join_element_wise(start, *chain.from_iterable(filled), scalar_of(""))

    return Column(columns[0].level, compute)


def either_part(*parts: Part) -> Part:
    """Return the first part that has a value in any leaf."""
    level = next(iter(parts[0].values())).level
    chosen: Lazy[Places] = Lazy(level, lambda batch: _first_part(batch, parts))
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _leaf_of_parts(parts, name, chosen) for name in names}


def _first_part(batch: Batch, parts: Sequence[Part]) -> Places:
    """Return the number of the first part with a value, for each owner."""
    filled = [
        np.logical_or.reduce([mask_of(pc.is_valid(of.read(batch))) for of in part.values()])
        for part in parts
    ]
    number: Places = np.argmax(np.vstack(filled), axis=0)  # the first one if none has a value
    return number


def _leaf_of_parts(parts: Sequence[Part], name: str, chosen: Lazy[Places]) -> Column:
    def compute(batch: Batch) -> pa.Array:
        number = chosen.read(batch)
        known = [part[name].read(batch) if name in part else None for part in parts]
        found = pa.nulls(len(number), next(one.type for one in known if one is not None))
        for place, one in enumerate(known):
            if one is not None and one.null_count < len(one):
                is_chosen = number == place
                found = one if is_chosen.all() else pc.if_else(pa.array(is_chosen), one, found)
        return found

    return Column(chosen.level, compute)


def when(condition: Column, then: Column | Constant, otherwise: Column | None) -> Column:
    """Return one value where a condition is true and another one where it is not.

    A condition that is null counts as not true.
    """

    def compute(batch: Batch) -> pa.Array:
        one = then.read(batch) if isinstance(then, Column) else scalar_of(then)
        other = pa.scalar(None, one.type) if otherwise is None else otherwise.read(batch)
        return pc.if_else(_true(condition, batch), one, other)

    return Column(condition.level, compute)


def is_given(column: Column) -> Column:
    """Return which values are not null."""
    return Column(column.level, lambda batch: pc.is_valid(column.read(batch)))


def contains(column: Column, part: str) -> Column:
    """Return which texts contain another one; null for null."""
    return Column(column.level, lambda batch: pc.match_substring(column.read(batch), part))


def is_true(column: Column) -> Column:
    """Return which values are true; null is not."""
    return Column(column.level, lambda batch: _true(column, batch))


def is_equal(one: Column, other: Column | str) -> Column:
    """Return which values are equal, to those of a column or to one text; null equals null."""

    def compute(batch: Batch) -> pa.Array:
        ours = one.read(batch)
        theirs = other.read(batch) if isinstance(other, Column) else scalar_of(other)
        are_null = pc.and_(pc.is_null(ours), pc.is_null(theirs))
        return pc.or_(pc.fill_null(pc.equal(ours, theirs), False), are_null)

    return Column(one.level, compute)


def concatenated(*parts: Column | str, separator: str = "") -> Column:
    """Return the values of several columns, and texts between them, as one text.

    Nulls are left out. It is null if nothing is left.
    """
    columns = [one for one in parts if isinstance(one, Column)]

    def compute(batch: Batch) -> pa.Array:
        read = [
            one.read(batch).cast(TEXT) if isinstance(one, Column) else scalar_of(one)
            for one in parts
        ]
        first_text = pc.coalesce(*read)  # a row without any text would be left out of the result
        read[0] = pc.if_else(pc.is_null(first_text), scalar_of(""), read[0])
        found = pc.binary_join_element_wise(*read, scalar_of(separator), null_handling="skip")
        return pc.if_else(pc.equal(found, ""), pa.scalar(None, TEXT), found)

    return Column(columns[0].level, compute)


def per_value(function: Callable[..., Any], *columns: Column, kind: pa.DataType = TEXT) -> Column:
    """Return the result of a function of each distinct combination of values.

    The function receives None for a null.
    """

    def compute(batch: Batch) -> pa.Array:
        encoded = [one.read(batch).dictionary_encode(null_encoding="encode") for one in columns]
        known = [one.dictionary.to_pylist() for one in encoded]
        codes = [one.indices.to_numpy() for one in encoded]
        if len(encoded) == 1:
            return pa.array(map(function, *known), kind).take(encoded[0].indices)
        combined = codes[0].astype(np.intp)
        for of, own in zip(known[1:], codes[1:], strict=True):
            combined = np.unique(combined * len(of) + own, return_inverse=True)[1]
        _, firsts, places = np.unique(combined, return_index=True, return_inverse=True)
        rows = ([of[own[at]] for of, own in zip(known, codes, strict=True)] for at in firsts)
        results = [function(*row) for row in rows]
        return pa.array(results, kind).take(pa.array(places))

    return Column(columns[0].level, compute)


# -- Helpers -------------------------------------------------------------------------------------


def part_of(leaves: Leaves, level: Source) -> Part:
    """Return leaves with a column for each constant."""
    return {
        name: of if isinstance(of, Column) else constant(of, level) for name, of in leaves.items()
    }


def mask_of(array: pa.Array) -> Mask:
    """Return what is true as a mask; null is not true."""
    found: Mask = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return found


def taken(array: pa.Array, places: Places) -> pa.Array:
    """Return the values at some positions, and null for `NONE`."""
    if array.null_count == len(array):
        return pa.nulls(len(places), array.type)
    missing = places == NONE
    return array.take(pa.array(places, mask=missing if missing.any() else None))
