"""The vocabulary of a mapping: the columns of a model as functions of a vendor's fields.

A mapping is a table with one line for each field of the model. Each value is a lazy column: nothing
is read before the frame asks for the field, and then only what the field needs.

A `Column` has one value for each record, or for each item of a list. A `ListColumn` has items, and
each of its leaves is a column. A part is a plain dict of columns.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.providers.decoding import text as text_of
from enrich_pandas.providers.reader import (
    TEXT,
    Batch,
    Places,
    Source,
    clean,
    flattened,
    is_empty,
    item_of,
    key_of,
    level_of,
    only,
)

__all__ = [
    "Column",
    "Leaves",
    "ListColumn",
    "Part",
    "as_items",
    "as_list",
    "as_texts",
    "concatenated",
    "constant",
    "contains",
    "date",
    "distinct",
    "each",
    "either",
    "either_list",
    "either_part",
    "filtered",
    "first",
    "flag",
    "given",
    "has",
    "identifier",
    "is_equal",
    "is_first",
    "is_given",
    "is_true",
    "item_of",
    "joined",
    "key",
    "key_of",
    "largest",
    "not_in",
    "number",
    "of_owner",
    "one",
    "only",
    "ordered",
    "per_value",
    "rest",
    "template",
    "text",
    "text_or_number",
    "texts",
    "together",
    "when",
    "whole",
]

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]


class Lazy(Generic[T]):
    """A value of a batch that is computed when it is first read."""

    __slots__ = ("_compute", "level")

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
        return _column(self.level, lambda batch: pc.and_(_true(self, batch), _true(other, batch)))

    def __or__(self, other: "Column") -> "Column":
        return _column(self.level, lambda batch: pc.or_(_true(self, batch), _true(other, batch)))

    def __invert__(self) -> "Column":
        return _column(self.level, lambda batch: pc.invert(_true(self, batch)))


def _true(condition: Column, batch: Batch) -> pa.Array:
    return pc.fill_null(condition.read(batch), False)


Part = Mapping[str, Column]
Constant = str | bool
Leaves = Mapping[str, Column | Constant]
NONE = -1  # the position of a value that does not exist


class ListColumn:
    """The items of a list: the position of the owner of each, in ascending order, and leaves.

    Parameters
    ----------
    owners
        The position of the owner of each item. Its level is that of the owners.
    leaves
        The columns of the items, by name; a list of texts has one without a name.
    """

    __slots__ = ("leaves", "owners")

    def __init__(self, owners: Lazy[Places], leaves: Part) -> None:
        self.owners, self.leaves = owners, leaves

    @property
    def level(self) -> Source:
        """The level of the owners."""
        return self.owners.level

    def __getitem__(self, leaf: str) -> Column:
        return self.leaves[leaf]

    def take(self, places: "Lazy[Places | None]", owners: Lazy[Places]) -> "ListColumn":
        """Return a list with the items at some positions; None for all as they are."""
        return ListColumn(owners, {name: _take(of, places) for name, of in self.leaves.items()})


def _column(level: Source, compute: Callable[[Batch], pa.Array]) -> Column:
    return Column(level, compute)


# -- Values of one field -------------------------------------------------------------------------


def text(*sources: Source) -> Column:
    """Return texts without surrounding white space: the first place that has one."""
    return either(*(_read(source, Batch.text) for source in sources))


def text_or_number(source: Source) -> Column:
    """Return texts, and numbers as text without a fraction of zero."""
    return _read(source, _text_or_number)


def identifier(*sources: Source) -> Column:
    """Return ids as text; the id 0 is none."""
    return either(*(_read(source, Batch.identifier) for source in sources))


def date(*sources: Source) -> Column:
    """Return dates in ISO form at the vendor's precision."""
    return either(*(_read(source, Batch.date) for source in sources))


def flag(source: Source) -> Column:
    """Return what is true and what is false."""
    return _column(level_of(source), lambda batch: _array(batch.values(source), pa.bool_()))


def number(source: Source) -> Column:
    """Return numbers with their fraction."""
    return _column(level_of(source), lambda batch: _array(batch.values(source), pa.float64()))


def whole(*sources: Source) -> Column:
    """Return numbers without their fraction, such as an amount in US dollars."""
    return either(*(_read(source, _whole) for source in sources))


def key(item: Source) -> Column:
    """Return the keys of the items of an object, exactly as they were sent."""
    return _column(item, lambda batch: pa.array(batch.values(key_of(item)), TEXT))


def constant(value: Constant, level: Source) -> Column:
    """Return the same value for each value at a level."""
    scalar = _scalar(value)
    return _column(level, lambda batch: pa.repeat(scalar, batch.size(level)))


def _scalar(value: Constant | None) -> pa.Scalar:
    return pa.scalar(value, pa.bool_() if isinstance(value, bool) else TEXT)


def _read(source: Source, read: Callable[[Batch, Source], pa.Array]) -> Column:
    return _column(level_of(source), lambda batch: read(batch, source))


def _text_or_number(batch: Batch, source: Source) -> pa.Array:
    values = batch.values(source)
    if is_empty(values):
        return pa.nulls(len(values), TEXT)
    if set(map(type, values)) - {str, type(None)}:
        values = [one if one is None or type(one) is str else _spelled(one) for one in values]
    return clean(pa.array(values, TEXT))


def _spelled(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else text_of(value)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(values), kind) if is_empty(values) else pa.array(values, kind)


def _whole(batch: Batch, source: Source) -> pa.Array:
    values = batch.values(source)
    if is_empty(values):
        return pa.nulls(len(values), pa.int64())
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {float}:
        return pa.array(values, pa.float64()).cast(pa.int64(), safe=False)
    if float in kinds:
        values = [None if one is None else int(one) for one in values]
    return pa.array(values, pa.int64())


# -- Columns of columns --------------------------------------------------------------------------


def either(*columns: Column) -> Column:
    """Return the first value that is not null."""
    if len(columns) == 1:
        return columns[0]
    return _column(columns[0].level, lambda batch: _first_given(batch, columns))


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
    start, *others = map(_scalar, form.split("{}"))

    def compute(batch: Batch) -> pa.Array:
        filled = zip((column.read(batch) for column in columns), others, strict=True)
        return pc.binary_join_element_wise(start, *chain.from_iterable(filled), _scalar(""))

    return _column(columns[0].level, compute)


def either_part(*parts: Part) -> Part:
    """Return the first part that has a value in any leaf."""
    level = next(iter(parts[0].values())).level
    chosen: Lazy[Places] = Lazy(level, lambda batch: _first_part(batch, parts))
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: _leaf_of_parts(parts, name, chosen) for name in names}


def _first_part(batch: Batch, parts: Sequence[Part]) -> Places:
    """Return the number of the first part with a value, for each owner."""
    filled = [
        np.logical_or.reduce([_mask(pc.is_valid(of.read(batch))) for of in part.values()])
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

    return _column(chosen.level, compute)


def when(condition: Column, then: Column | Constant, otherwise: Column | None) -> Column:
    """Return one value where a condition is true and another one where it is not.

    A condition that is null counts as not true.
    """

    def compute(batch: Batch) -> pa.Array:
        one = then.read(batch) if isinstance(then, Column) else _scalar(then)
        other = pa.scalar(None, one.type) if otherwise is None else otherwise.read(batch)
        return pc.if_else(_true(condition, batch), one, other)

    return _column(condition.level, compute)


def is_given(column: Column) -> Column:
    """Return which values are not null."""
    return _column(column.level, lambda batch: pc.is_valid(column.read(batch)))


def contains(column: Column, part: str) -> Column:
    """Return which texts contain another one; null for null."""
    return _column(column.level, lambda batch: pc.match_substring(column.read(batch), part))


def is_true(column: Column) -> Column:
    """Return which values are true; null is not."""
    return _column(column.level, lambda batch: _true(column, batch))


def is_equal(one: Column, other: Column | str) -> Column:
    """Return which values are equal, to those of a column or to one text; null equals null."""

    def compute(batch: Batch) -> pa.Array:
        ours = one.read(batch)
        theirs = other.read(batch) if isinstance(other, Column) else _scalar(other)
        are_null = pc.and_(pc.is_null(ours), pc.is_null(theirs))
        return pc.or_(pc.fill_null(pc.equal(ours, theirs), False), are_null)

    return _column(one.level, compute)


def concatenated(*parts: Column | str, separator: str = "") -> Column:
    """Return the values of several columns, and texts between them, as one text.

    Nulls are left out. It is null if nothing is left.
    """
    columns = [one for one in parts if isinstance(one, Column)]

    def compute(batch: Batch) -> pa.Array:
        read = [
            one.read(batch).cast(TEXT) if isinstance(one, Column) else _scalar(one) for one in parts
        ]
        first_text = pc.coalesce(*read)  # a row without any text would be left out of the result
        read[0] = pc.if_else(pc.is_null(first_text), _scalar(""), read[0])
        found = pc.binary_join_element_wise(*read, _scalar(separator), null_handling="skip")
        return pc.if_else(pc.equal(found, ""), pa.scalar(None, TEXT), found)

    return _column(columns[0].level, compute)


def per_value(function: Callable[..., Any], *columns: Column, kind: pa.DataType = TEXT) -> Column:
    """Return the result of a function of each distinct combination of values.

    The function receives None for a null.
    """

    def compute(batch: Batch) -> pa.Array:
        arrays = [column.read(batch) for column in columns]
        numbers = _numbered(np.zeros(len(arrays[0]), np.intp), arrays)
        firsts = _first_places(numbers)
        if firsts is not None:
            arrays = [one.take(pa.array(firsts)) for one in arrays]
        results = pa.array(map(function, *(one.to_pylist() for one in arrays)), kind)
        return results if firsts is None else results.take(pa.array(numbers))

    return _column(columns[0].level, compute)


# -- Lists ---------------------------------------------------------------------------------------


def each(source: Source, item: Callable[[Source], Any]) -> ListColumn:
    """Return a list with one item for each item at a place.

    Parameters
    ----------
    source
        The place of a list, or of an object whose values are the items.
    item
        Returns the leaves of an item, as columns or constants; or a list, all items of which are
        items of the result.
    """
    place = item_of(source)
    made = item(place)
    level = level_of(source)
    if not isinstance(made, ListColumn):
        return ListColumn(Lazy(level, lambda batch: batch.owners(place)), _part(made, place))
    owners = Lazy(level, lambda batch: batch.owners(place)[made.owners.read(batch)])
    return ListColumn(owners, made.leaves)


def one(level: Source, **leaves: Column | Constant) -> ListColumn:
    """Return a list with exactly one item for each owner."""
    owners = Lazy(level_of(level), lambda batch: np.arange(batch.size(level_of(level))))
    return ListColumn(owners, _part(leaves, level_of(level)))


def as_items(listed: ListColumn, leaf: str, **others: Column | Constant) -> ListColumn:
    """Return texts as items with one leaf, and with columns of the items or constants."""
    level = listed.level

    def repeated(value: Constant) -> Column:
        scalar = _scalar(value)
        return _column(level, lambda batch: pa.repeat(scalar, len(listed.owners.read(batch))))

    leaves = {name: of if isinstance(of, Column) else repeated(of) for name, of in others.items()}
    return ListColumn(listed.owners, {leaf: listed[""], **leaves})


def as_texts(listed: ListColumn, of: str | Column) -> ListColumn:
    """Return a leaf or a column of items as a list of texts."""
    return ListColumn(listed.owners, {"": listed[of] if isinstance(of, str) else of})


def as_list(column: Column) -> ListColumn:
    """Return the values of a column as lists of one; a null is an empty list."""
    level = column.level
    owners = Lazy(level, lambda batch: np.flatnonzero(_mask(pc.is_valid(column.read(batch)))))
    return ListColumn(owners, {"": _column(level, lambda batch: column.read(batch).drop_null())})


def _part(leaves: Leaves, level: Source) -> Part:
    return {
        name: of if isinstance(of, Column) else constant(of, level) for name, of in leaves.items()
    }


def texts(*sources: Source, separator: str | None = None) -> ListColumn:
    """Return the distinct texts of lists, of one text, or of texts joined by a separator.

    A number is a text where the vendor's type has numbers, such as codes.
    """
    lists = [_texts(source, separator) for source in sources]
    return lists[0] if len(lists) == 1 else distinct(together(*lists))


def _texts(source: Source, separator: str | None) -> ListColumn:
    level = level_of(source)
    split = Lazy(level, lambda batch: _split(batch, source, separator))
    owners = Lazy(level, lambda batch: split.read(batch)[0])
    return ListColumn(owners, {"": _column(level, lambda batch: split.read(batch)[1])})


def _split(batch: Batch, source: Source, separator: str | None) -> tuple[Places, pa.Array]:
    """Return the owners and the distinct texts of each value."""
    values = batch.values(source)
    if is_empty(values):
        return np.zeros(0, np.intp), pa.nulls(0, TEXT)
    if separator:
        values = [one.split(separator) if type(one) is str else one for one in values]
    owners, flat, _ = flattened(values)
    if set(map(type, flat)) - {str}:
        flat = list(map(_in_words, flat))
    found = clean(pa.array(flat, TEXT))
    if found.null_count:
        owners, found = owners[_mask(pc.is_valid(found))], found.drop_null()
    firsts = _first_places(_numbered(owners, [found]))
    return (owners, found) if firsts is None else (owners[firsts], found.take(pa.array(firsts)))


def _in_words(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    return value if type(value) is str else None


def together(*lists: ListColumn) -> ListColumn:
    """Return the items of several lists, for each owner one list after the other."""
    level = lists[0].level
    order: Lazy[tuple[Places, Places | None]] = Lazy(
        level, lambda batch: _merged([listed.owners.read(batch) for listed in lists])
    )
    names = dict.fromkeys(name for listed in lists for name in listed.leaves)
    return ListColumn(
        Lazy(level, lambda batch: order.read(batch)[0]),
        {name: _joined_leaf(lists, name, order) for name in names},
    )


def either_list(*lists: ListColumn) -> ListColumn:
    """Return for each owner the first list that has an item."""
    rest = [_of_others(one, lists[:place]) for place, one in enumerate(lists[1:], start=1)]
    return together(lists[0], *rest)


def _of_others(listed: ListColumn, earlier: Sequence[ListColumn]) -> ListColumn:
    """Return the items of the owners that have none in some other lists."""

    def places(batch: Batch) -> Places | None:
        owners = np.concatenate([one.owners.read(batch) for one in earlier])
        is_kept = np.isin(listed.owners.read(batch), owners, invert=True)
        return None if is_kept.all() else np.flatnonzero(is_kept)

    return _chosen(listed, places)


def _merged(owners: Sequence[Places]) -> tuple[Places, Places | None]:
    """Return the owners of the items of several lists, and their order; None if it stays."""
    full = [listed for listed in owners if len(listed)]
    if len(full) <= 1:
        return (full[0] if full else owners[0]), None
    every = np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    return every[order], order


def _joined_leaf(
    lists: Sequence[ListColumn], name: str, order: Lazy[tuple[Places, Places | None]]
) -> Column:
    def compute(batch: Batch) -> pa.Array:
        known = [listed[name].read(batch) if name in listed.leaves else None for listed in lists]
        kind = next(one.type for one in known if one is not None)
        sizes = [len(listed.owners.read(batch)) for listed in lists]
        arrays = [
            pa.nulls(size, kind) if one is None else one
            for one, size in zip(known, sizes, strict=True)
            if size
        ]
        places = order.read(batch)[1]
        if len(arrays) <= 1:
            return arrays[0] if arrays else pa.nulls(0, kind)
        found = pa.concat_arrays(arrays)
        return found if places is None else found.take(pa.array(places))

    return _column(lists[0].level, compute)


def given(listed: ListColumn, *leaves: str) -> ListColumn:
    """Return the items that have a value in one of some leaves, by default in any."""
    named = leaves or tuple(listed.leaves)

    def places(batch: Batch) -> Places | None:
        arrays = [listed[name].read(batch) for name in named]
        if any(not one.null_count for one in arrays):
            return None
        masks = [pc.is_valid(one).to_numpy(zero_copy_only=False) for one in arrays]
        return np.flatnonzero(np.logical_or.reduce(masks))

    return _chosen(listed, places)


def distinct(
    listed: ListColumn, *by: str, fold: bool = False, fill: bool = False, last: Sequence[str] = ()
) -> ListColumn:
    """Return each item once within its owner: the first one.

    Parameters
    ----------
    listed
        The list.
    by
        The leaves that tell items apart, by default all. An item without a value in a single leaf
        is left out.
    fold
        Whether upper and lower case are the same.
    fill
        Whether a later item fills the empty leaves of the first one.
    last
        Leaves whose last value counts.
    """
    named = by or tuple(listed.leaves)
    group: Lazy[tuple[Places | None, Places, Places]] = Lazy(
        listed.level, lambda batch: _groups(listed, batch, named, fold=fold)
    )
    firsts = Lazy(listed.level, lambda batch: group.read(batch)[0])

    def leaf(name: str, column: Column) -> Column:
        if name in last:
            return _column(column.level, lambda batch: _last(column.read(batch), group.read(batch)))
        if fill and name not in named:
            return _column(column.level, lambda batch: _fill(column.read(batch), group.read(batch)))
        return _take(column, firsts)

    owners = Lazy(listed.level, lambda batch: _at(listed.owners.read(batch), firsts.read(batch)))
    return ListColumn(owners, {name: leaf(name, of) for name, of in listed.leaves.items()})


def _groups(
    listed: ListColumn, batch: Batch, by: Sequence[str], *, fold: bool
) -> tuple[Places | None, Places, Places]:
    """Return the first item of each group (None if each has one), the items, and their groups."""
    owners = listed.owners.read(batch)
    leaves = [listed[name].read(batch) for name in by]
    numbers, items = _numbered(owners, map(_folded, leaves) if fold else leaves), None
    if len(by) == 1 and leaves[0].null_count:
        items = np.flatnonzero(_mask(pc.is_valid(leaves[0])))
        numbers = _distinct_numbers(numbers[items])
    firsts = _first_places(numbers)
    if items is None:
        return firsts, np.arange(len(numbers)), numbers
    return (items if firsts is None else items[firsts]), items, numbers


def _first_places(numbers: Places) -> Places | None:
    """Return the first position of each number; None if all differ."""
    count = numbers.max(initial=NONE) + 1
    if count == len(numbers):
        return None
    firsts = np.empty(count, np.intp)
    firsts[numbers[::-1]] = np.arange(len(numbers))[::-1]  # the first one is assigned last
    return firsts


def _numbered(owners: Places, leaves: Iterable[pa.Array]) -> Places:
    """Return the same number for items with the same owner and leaves, in order of appearance."""
    numbers = owners
    for array in leaves:
        encoded = array.dictionary_encode()
        size = len(encoded.dictionary) + 1  # the last one is null
        own = encoded.indices.fill_null(size - 1).to_numpy()
        numbers = _distinct_numbers(numbers * size + own)
    return numbers


def _distinct_numbers(numbers: Places) -> Places:
    encoded: Places = pa.array(numbers, pa.int64()).dictionary_encode().indices.to_numpy()
    return encoded.astype(np.intp)


def _last(array: pa.Array, group: tuple[Places | None, Places, Places]) -> pa.Array:
    firsts, items, groups = group
    if firsts is None:
        return array
    places = np.zeros(len(firsts), np.intp)
    places[groups] = items  # the last assignment stays
    return array.take(pa.array(places))


def _fill(array: pa.Array, group: tuple[Places | None, Places, Places]) -> pa.Array:
    firsts, items, groups = group
    if firsts is None:
        return array
    if not array.null_count:
        return array.take(pa.array(firsts))
    is_valid = pc.is_valid(array).to_numpy(zero_copy_only=False)[items]
    places = np.full(len(firsts), NONE, np.intp)
    places[groups[is_valid][::-1]] = items[is_valid][::-1]  # the first one is assigned last
    return _taken(array, places)


def _folded(array: pa.Array) -> pa.Array:
    """Return texts without differences of case."""
    if not len(array) or array.null_count == len(array):
        return array
    data = array.buffers()[2]
    if data is not None and np.frombuffer(data, np.uint8).max(initial=0) < 0x80:  # noqa: PLR2004 - ASCII
        return pc.ascii_lower(array)
    return pa.array([one and one.casefold() for one in array.to_pylist()], TEXT)


def filtered(listed: ListColumn, *, where: Column) -> ListColumn:
    """Return the items for which a condition is true."""

    def places(batch: Batch) -> Places | None:
        mask = _mask(where.read(batch))
        return None if mask.all() else np.flatnonzero(mask)

    return _chosen(listed, places)


def ordered(listed: ListColumn, *by: Column) -> ListColumn:
    """Return the items of each owner with those first for which a condition is true, stably."""

    def places(batch: Batch) -> Places | None:
        keys = [~_mask(column.read(batch)) for column in reversed(by)]
        order = np.lexsort([*keys, listed.owners.read(batch)])
        return None if np.array_equal(order, np.arange(len(order))) else order

    return _chosen(listed, places)


def not_in(listed: ListColumn, others: ListColumn, *by: str) -> ListColumn:
    """Return the items that another list of the same owner does not have.

    Parameters
    ----------
    listed, others
        The lists.
    by
        The leaves that are compared, by default all.
    """
    named = by or tuple(listed.leaves)

    def places(batch: Batch) -> Places | None:
        both = (listed, others)
        owners = [of.owners.read(batch) for of in both]
        leaves = [pa.concat_arrays([of[name].read(batch) for of in both]) for name in named]
        own, other = np.split(_numbered(np.concatenate(owners), leaves), [len(owners[0])])
        is_kept = np.isin(own, other, invert=True)
        return None if is_kept.all() else np.flatnonzero(is_kept)

    return _chosen(listed, places)


def rest(listed: ListColumn) -> ListColumn:
    """Return the items after the first one of each owner."""

    def places(batch: Batch) -> Places:
        owners = listed.owners.read(batch)
        return np.flatnonzero(np.diff(owners, prepend=NONE) == 0)

    return _chosen(listed, places)


def first(
    listed: ListColumn, *, where: Column | None = None, prefer: Column | None = None
) -> dict[str, Column]:
    """Return one item of each owner as a part, or nulls.

    Parameters
    ----------
    listed
        The list.
    where
        The items to choose from, by default all.
    prefer
        The items to prefer. Otherwise the first one is chosen.
    """
    lazy = Lazy(listed.level, lambda batch: _first_items(batch, listed, where, prefer))
    return {name: _taken_column(of, lazy) for name, of in listed.leaves.items()}


def _first_items(
    batch: Batch, listed: ListColumn, where: Column | None, prefer: Column | None = None
) -> Places:
    """Return the position of one item of each owner, or `NONE`; see `first`."""
    key_ = (listed, where, prefer)
    return batch.once(key_, lambda batch: _find_first_items(batch, listed, where, prefer))


def _find_first_items(
    batch: Batch, listed: ListColumn, where: Column | None, prefer: Column | None
) -> Places:
    owners = listed.owners.read(batch)
    chosen = np.full(batch.size(listed.level), NONE, np.intp)
    known = None if where is None else _mask(where.read(batch))
    masks = [known]
    if prefer is not None:
        liked = _mask(prefer.read(batch))
        masks.append(liked if known is None else liked & known)
    for mask in masks:
        items = np.arange(len(owners)) if mask is None else np.flatnonzero(mask)
        chosen[owners[items][::-1]] = items[::-1]  # the first one is assigned last
    return chosen


def has(listed: ListColumn, *, where: Column | None = None) -> Column:
    """Return which owners have an item, or one for which a condition is true."""
    return _column(
        listed.level, lambda batch: pa.array(_first_items(batch, listed, where) != NONE, pa.bool_())
    )


def is_first(listed: ListColumn, *, where: Column | None = None) -> Column:
    """Return which items are the first one of their owner for which a condition is true."""

    def compute(batch: Batch) -> pa.Array:
        chosen = _first_items(batch, listed, where)
        mask = np.zeros(len(listed.owners.read(batch)), bool)
        mask[chosen[chosen != NONE]] = True
        return pa.array(mask)

    return _column(listed.level, compute)


def largest(listed: ListColumn, leaf: str) -> Column:
    """Return the largest value of a leaf of each owner, such as the latest date; else null."""

    def compute(batch: Batch) -> pa.Array:
        owners, array = listed.owners.read(batch), listed[leaf].read(batch)
        order = pc.array_sort_indices(array, order="descending").to_numpy()[::-1]  # nulls first
        places = np.full(batch.size(listed.level), NONE, np.intp)
        places[owners[order]] = order  # the last assignment stays
        return _taken(array, places)

    return _column(listed.level, compute)


def of_owner(listed: ListColumn, column: Column) -> Column:
    """Return a value of the owner for each item of a list."""
    return _column(
        listed.level, lambda batch: column.read(batch).take(pa.array(listed.owners.read(batch)))
    )


def joined(listed: ListColumn, separator: str = "; ") -> Column:
    """Return the texts of each owner as one text; null without any."""

    def compute(batch: Batch) -> pa.Array:
        owners, values = listed.owners.read(batch), listed[""].read(batch)
        size = batch.size(listed.level)
        if values.null_count == len(values):
            return pa.nulls(size, TEXT)
        if values.null_count:
            owners, values = owners[_mask(pc.is_valid(values))], values.drop_null()
        counts = np.bincount(owners, minlength=size)
        offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int64())
        lists = pa.LargeListArray.from_arrays(offsets, values)
        whole_ = pc.binary_join(lists, _scalar(separator))
        return pc.if_else(pa.array(counts > 0), whole_, pa.scalar(None, TEXT))

    return _column(listed.level, compute)


def _mask(array: pa.Array) -> Mask:
    found: Mask = pc.fill_null(array, False).to_numpy(zero_copy_only=False)
    return found


def _chosen(listed: ListColumn, places: Callable[[Batch], Places | None]) -> ListColumn:
    lazy = Lazy(listed.level, places)
    owners = Lazy(listed.level, lambda batch: _at(listed.owners.read(batch), lazy.read(batch)))
    return listed.take(lazy, owners)


def _at(values: Places, places: Places | None) -> Places:
    return values if places is None else values[places]


def _take(column: Column, places: Lazy[Places | None]) -> Column:
    def compute(batch: Batch) -> pa.Array:
        found, at = column.read(batch), places.read(batch)
        return found if at is None else found.take(pa.array(at))

    return _column(column.level, compute)


def _taken_column(column: Column, places: Lazy[Places]) -> Column:
    return _column(places.level, lambda batch: _taken(column.read(batch), places.read(batch)))


def _taken(array: pa.Array, places: Places) -> pa.Array:
    """Return the values at some positions, and null for `NONE`."""
    if array.null_count == len(array):
        return pa.nulls(len(places), array.type)
    missing = places == NONE
    return array.take(pa.array(places, mask=missing if missing.any() else None))
