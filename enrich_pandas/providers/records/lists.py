"""The vocabulary of a mapping for lists: their items, which of them, and in which order."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.providers.records.batch import Batch
from enrich_pandas.providers.records.columns import (
    NONE,
    Column,
    Constant,
    Lazy,
    Part,
    mask_of,
    part_of,
    scalar_of,
    taken,
)
from enrich_pandas.providers.records.leaves import TEXT, Places, clean, to_text_lists
from enrich_pandas.providers.records.source import Source, item_of, level_of


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
    owners: Lazy[Places]
    leaves: Part

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
        return ListColumn(Lazy(level, lambda batch: batch.owners(place)), part_of(made, place))
    owners = Lazy(level, lambda batch: batch.owners(place)[made.owners.read(batch)])
    return ListColumn(owners, made.leaves)


def one(level: Source, **leaves: Column | Constant) -> ListColumn:
    """Return a list with exactly one item for each owner."""
    owners = Lazy(level_of(level), lambda batch: np.arange(batch.size(level_of(level))))
    return ListColumn(owners, part_of(leaves, level_of(level)))


def as_items(listed: ListColumn, leaf: str, **others: Column | Constant) -> ListColumn:
    """Return texts as items with one leaf, and with columns of the items or constants."""
    level = listed.level

    def repeated(value: Constant) -> Column:
        scalar = scalar_of(value)
        return Column(level, lambda batch: pa.repeat(scalar, len(listed.owners.read(batch))))

    leaves = {name: of if isinstance(of, Column) else repeated(of) for name, of in others.items()}
    return ListColumn(listed.owners, {leaf: listed[""], **leaves})


def as_texts(listed: ListColumn, of: str | Column) -> ListColumn:
    """Return a leaf or a column of items as a list of texts."""
    return ListColumn(listed.owners, {"": listed[of] if isinstance(of, str) else of})


def as_list(column: Column) -> ListColumn:
    """Return the values of a column as lists of one; a null is an empty list."""
    level = column.level
    owners = Lazy(level, lambda batch: np.flatnonzero(mask_of(pc.is_valid(column.read(batch)))))
    return ListColumn(owners, {"": Column(level, lambda batch: column.read(batch).drop_null())})


def texts(*sources: Source, separator: str | None = None) -> ListColumn:
    """Return the distinct texts of lists, of one text, or of texts joined by a separator.

    A number is a text where the vendor's type has numbers, such as codes.
    """
    lists = [_texts(source, separator) for source in sources]
    return lists[0] if len(lists) == 1 else distinct(together(*lists))


def _texts(source: Source, separator: str | None) -> ListColumn:
    level, read = level_of(source), partial(to_text_lists, separator=separator)
    split = Lazy(level, lambda batch: _distinct_texts(batch.leaf(source, read)))
    owners = Lazy(level, lambda batch: split.read(batch)[0])
    return ListColumn(owners, {"": Column(level, lambda batch: split.read(batch)[1])})


def _distinct_texts(lists: pa.Array) -> tuple[Places, pa.Array]:
    """Return the owners and the distinct texts of lists."""
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    owners, found = np.repeat(np.arange(len(lists)), counts), clean(lists.flatten())
    if found.null_count:
        owners, found = owners[mask_of(pc.is_valid(found))], found.drop_null()
    firsts = _first_places(_numbered(owners, [found]))
    return (owners, found) if firsts is None else (owners[firsts], found.take(pa.array(firsts)))


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

    return Column(lists[0].level, compute)


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
            return Column(column.level, lambda batch: _last(column.read(batch), group.read(batch)))
        if fill and name not in named:
            return Column(column.level, lambda batch: _fill(column.read(batch), group.read(batch)))
        return _take(column, firsts)

    owners = Lazy(listed.level, lambda batch: _at(listed.owners.read(batch), firsts.read(batch)))
    return ListColumn(owners, {name: leaf(name, of) for name, of in listed.leaves.items()})


def _groups(
    listed: ListColumn, batch: Batch, by: Sequence[str], *, fold: bool
) -> tuple[Places | None, Places, Places]:
    """Return the first item of each group (None if each has one), the items, and their groups."""
    owners, items = listed.owners.read(batch), None
    leaves = [listed[name].read(batch) for name in by]
    if len(by) == 1 and leaves[0].null_count:
        items = np.flatnonzero(mask_of(pc.is_valid(leaves[0])))
        owners, leaves = owners[items], [leaves[0].drop_null()]
    numbers = _numbered(owners, map(_folded, leaves) if fold else leaves)
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
    if (owners[1:] > owners[:-1]).all():  # one item of each owner
        return np.arange(len(owners))
    return _distinct_numbers(_combined(owners, leaves))


def _combined(owners: Places, leaves: Iterable[pa.Array]) -> Places:
    """Return the same number for items with the same owner and leaves."""
    numbers, count = owners, int(owners.max(initial=NONE)) + 1
    for array in leaves:
        if array.null_count == len(array):
            continue
        encoded = array.dictionary_encode()
        size = len(encoded.dictionary) + 1  # the last one is null
        if count * size > _MOST:
            numbers, count = _distinct_numbers(numbers), len(numbers)
        numbers = numbers * size + encoded.indices.fill_null(size - 1).to_numpy()
        count *= size
    return numbers


_MOST = np.iinfo(np.intp).max


def _distinct_numbers(numbers: Places) -> Places:
    """Return numbers without gaps, in order of appearance."""
    order = np.argsort(numbers, kind="stable")  # faster than a hash table: owners are ascending
    ascending = numbers[order]
    is_new = np.diff(ascending, prepend=NONE) != 0
    if is_new.all():
        return np.arange(len(numbers))
    firsts = order[is_new]
    ranks, found = np.empty(len(firsts), np.intp), np.empty(len(numbers), np.intp)
    ranks[np.argsort(firsts, kind="stable")] = np.arange(len(firsts))
    found[order] = ranks[np.cumsum(is_new) - 1]
    return found


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
    return taken(array, places)


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
        mask = mask_of(where.read(batch))
        return None if mask.all() else np.flatnonzero(mask)

    return _chosen(listed, places)


def ordered(listed: ListColumn, *by: Column) -> ListColumn:
    """Return the items of each owner with those first for which a condition is true, stably."""

    def places(batch: Batch) -> Places | None:
        keys = [~mask_of(column.read(batch)) for column in reversed(by)]
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
        own, other = np.split(_combined(np.concatenate(owners), leaves), [len(owners[0])])
        is_kept = ~pc.is_in(pa.array(own), pa.array(other)).to_numpy(zero_copy_only=False)
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
    known = None if where is None else mask_of(where.read(batch))
    masks = [known]
    if prefer is not None:
        liked = mask_of(prefer.read(batch))
        masks.append(liked if known is None else liked & known)
    for mask in masks:
        items = np.arange(len(owners)) if mask is None else np.flatnonzero(mask)
        chosen[owners[items][::-1]] = items[::-1]  # the first one is assigned last
    return chosen


def has(listed: ListColumn, *, where: Column | None = None) -> Column:
    """Return which owners have an item, or one for which a condition is true."""
    return Column(
        listed.level, lambda batch: pa.array(_first_items(batch, listed, where) != NONE, pa.bool_())
    )


def is_first(listed: ListColumn, *, where: Column | None = None) -> Column:
    """Return which items are the first one of their owner for which a condition is true."""

    def compute(batch: Batch) -> pa.Array:
        chosen = _first_items(batch, listed, where)
        mask = np.zeros(len(listed.owners.read(batch)), bool)
        mask[chosen[chosen != NONE]] = True
        return pa.array(mask)

    return Column(listed.level, compute)


def largest(listed: ListColumn, leaf: str) -> Column:
    """Return the largest value of a leaf of each owner, such as the latest date; else null."""

    def compute(batch: Batch) -> pa.Array:
        owners, array = listed.owners.read(batch), listed[leaf].read(batch)
        order = pc.array_sort_indices(array, order="descending").to_numpy()[::-1]  # nulls first
        places = np.full(batch.size(listed.level), NONE, np.intp)
        places[owners[order]] = order  # the last assignment stays
        return taken(array, places)

    return Column(listed.level, compute)


def of_owner(listed: ListColumn, column: Column) -> Column:
    """Return a value of the owner for each item of a list."""
    return Column(
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
            owners, values = owners[mask_of(pc.is_valid(values))], values.drop_null()
        counts = np.bincount(owners, minlength=size)
        is_null = np.append(counts == 0, False)  # a list is null if its offset is
        offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int64(), mask=is_null)
        lists = pa.LargeListArray.from_arrays(offsets, values)
        return pc.binary_join(lists, scalar_of(separator))

    return Column(listed.level, compute)


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

    return Column(column.level, compute)


def _taken_column(column: Column, places: Lazy[Places]) -> Column:
    return Column(places.level, lambda batch: taken(column.read(batch), places.read(batch)))
