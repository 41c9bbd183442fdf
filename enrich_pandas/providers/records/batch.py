"""Read records into arrays: one array for each leaf, and the owner of each item of a list.

Each place is read for a whole batch of records at once, and only once.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from enrich_pandas.providers.decoding import (
    alternatives,
    decoder_of,
    parse_day,
    read_leniently,
)
from enrich_pandas.providers.records.leaves import (
    TEXT,
    Places,
    clean,
    flattened,
    is_empty,
    to_first_texts,
    to_ids,
    to_texts,
    to_written,
    without,
)
from enrich_pandas.providers.records.source import (
    ITEM,
    KEY,
    ONLY,
    Pruned,
    Source,
    Step,
    level_of,
    path_of,
)

T = TypeVar("T")

# -- Slices --------------------------------------------------------------------------------------

SLICE = 250  # records whose objects live at the same time: few enough for the processor's cache
Read = Callable[[list[Any]], pa.Array]  # makes an array of the values at a place


class Plan(NamedTuple):
    """What a mapping reads of a record type, for some fields.

    Attributes
    ----------
    root
        The place of a whole record.
    wire, types
        The pruned wire type, and that of each place.
    leaves, items
        The places to read, each with how; and the lists whose items to count.
    """

    root: Source
    wire: type[msgspec.Struct]
    types: Mapping[Source, type[msgspec.Struct]]
    leaves: Sequence[tuple[Source, Read]]
    items: Sequence[Source]


def decode(
    raws: Sequence[bytes], wire: type[msgspec.Struct]
) -> tuple[list[Any], dict[int, list[str]]]:
    """Decode each record, leniently if the strict decoder refuses it.

    Return the structs, and the paths of the odd fields by the position of the record.
    """
    structs: list[Any] = []
    odd: dict[int, list[str]] = {}
    decoder, nothing = decoder_of(wire), wire()
    for number, raw in enumerate(raws):
        try:
            structs.append(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            struct, found = read_leniently(raw, wire)
            structs.append(struct or nothing)
            if found:
                odd[number] = found
    return structs, odd


class Slice:
    """Some hundred decoded records, taken apart place by place."""

    def __init__(self, structs: list[Any], plan: Plan) -> None:
        self._structs, self._types = structs, plan.types
        self._found: dict[Any, Any] = {}

    def values(self, source: Source) -> list[Any]:
        """Return the value of each record or item at a place."""
        if source not in self._found:
            self._found[source] = self._values(source)
        found: list[Any] = self._found[source]
        return found

    def counts(self, item: Source) -> Places:
        """Return the number of items of each owner."""
        return self._items(item)[0]

    def _values(self, source: Source) -> list[Any]:
        parent, step = source._parent, source._step
        if parent is None:
            return self._structs
        if step == ITEM:
            return self._items(source)[1]
        if step == KEY:
            return self._items(parent)[2]
        if step == ONLY:
            return [_first(one) for one in self.values(parent)]
        return self._fields(parent)[step]

    def _fields(self, source: Source) -> Mapping[Step, list[Any]]:
        """Return the values of each field of the structs at a place."""
        if (source, "fields") not in self._found:
            self._found[source, "fields"] = _fields(self._types[source], self.values(source))
        fields: Mapping[Step, list[Any]] = self._found[source, "fields"]
        return fields

    def _items(self, item: Source) -> tuple[Places, list[Any], list[Any]]:
        """Return the number of items of each owner, the items and their keys; see `flattened`."""
        if (item, "items") not in self._found:
            parent = item._parent
            assert parent is not None  # noqa: S101 - for the type checker: an item is in a list
            self._found[item, "items"] = flattened(self.values(parent))
        items: tuple[Places, list[Any], list[Any]] = self._found[item, "items"]
        return items


def _fields(kind: type[msgspec.Struct], values: list[Any]) -> Mapping[Step, list[Any]]:
    """Return the values of each field of structs; what is no struct has none."""
    names = kind.__struct_fields__
    if is_empty(values):
        return dict.fromkeys(names, values)
    if set(map(type, values)) != {kind}:
        nothing = kind()
        values = [one if type(one) is kind else nothing for one in values]
    if len(names) == 1:
        return {names[0]: list(map(attrgetter(names[0]), values))}
    flat = list(chain.from_iterable(map(astuple, values)))
    return {name: flat[place :: len(names)] for place, name in enumerate(names)}


# -- A batch of records --------------------------------------------------------------------------


class Batch:
    """Records of one type as arrays, one for each place that the plan names.

    Attributes
    ----------
    odd
        The paths of the odd fields, by the position of the record.
    """

    def __init__(self, raws: Sequence[bytes], plan: Plan) -> None:
        self._plan, self._size = plan, len(raws)
        self._results: dict[Any, Any] = {}
        self.odd: dict[int, list[str]] = {}
        leaves: list[list[pa.Array]] = [[] for _ in plan.leaves]
        counts: list[list[Places]] = [[] for _ in plan.items]
        for start in range(0, max(len(raws), 1), SLICE):  # a slice without records has the types
            structs, odd = decode(raws[start : start + SLICE], plan.wire)
            self.odd |= {start + number: paths for number, paths in odd.items()}
            part = Slice(structs, plan)
            for arrays, (source, read) in zip(leaves, plan.leaves, strict=True):
                arrays.append(read(part.values(source)))
            for numbers, item in zip(counts, plan.items, strict=True):
                numbers.append(part.counts(item))
        self._leaves = dict(zip(plan.leaves, map(concatenated, leaves), strict=True))
        self._counts = dict(zip(plan.items, map(np.concatenate, counts), strict=True))

    def once(self, key: Any, compute: Callable[["Batch"], T]) -> T:
        """Return the result for a key; compute it for the first time only."""
        if key not in self._results:
            self._results[key] = compute(self)
        result: T = self._results[key]
        return result

    def leaf(self, source: Source, read: Read) -> pa.Array:
        """Return the array of the values at a place."""
        return self._leaves[source, read]

    def counts(self, item: Source) -> Places:
        """Return the number of items of each owner."""
        return self._counts[item]

    def size(self, level: Source) -> int:
        """Return the number of values at a level."""
        return self._size if level is self._plan.root else len(self.owners(level))

    def owners(self, item: Source) -> Places:
        """Return the position of the owner of each item of a list, in ascending order."""
        return self.once((item, "owners"), lambda _: _owners_of(self.counts(item)))

    def record_of(self, level: Source) -> Places:
        """Return the position of the record of each value at a level."""
        if level is self._plan.root:
            return np.arange(self._size)
        parent = level._parent
        assert parent is not None  # noqa: S101 - for the type checker: only the root has none
        return self.record_of(level_of(parent))[self.owners(level)]

    def text(self, source: Source) -> pa.Array:
        """Return texts without surrounding white space; the first one of a list."""
        read = to_texts if holds_text(source) else to_first_texts
        return self.once(("text", source), lambda _: clean(self.leaf(source, read)))

    def identifier(self, source: Source) -> pa.Array:
        """Return ids as text, the first one of a list. The id 0 is none."""
        return self.once(
            ("identifier", source), lambda _: without(clean(self.leaf(source, to_ids)), "0")
        )

    def date(self, source: Source) -> pa.Array:
        """Return dates in ISO form at the vendor's precision; note what is no date."""
        return self.once(("date", source), lambda _: self._dates(source))

    def _dates(self, source: Source) -> pa.Array:
        written = self.leaf(source, to_written)
        if written.null_count == len(written):
            return written
        encoded = written.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        dates = list(map(_iso, distinct))
        if False in dates:
            is_odd = pa.array([one is False for one in dates]).take(encoded.indices)
            self._note(source, np.flatnonzero(pc.fill_null(is_odd, False)))
            dates = [one or None for one in dates]
        if dates == distinct:
            return written
        return pa.array(dates, TEXT).take(encoded.indices)

    def _note(self, source: Source, places: Places) -> None:
        records, path = self.record_of(level_of(source)), path_of(source)
        for record in records[places].tolist():
            known = self.odd.setdefault(record, [])
            if path not in known:
                known.append(path)


class Recorder(Batch):
    """A batch without records, which notes what a mapping reads.

    Attributes
    ----------
    leaves, items
        These places, as in `Plan`.
    """

    def __init__(self, root: Source) -> None:
        super().__init__([], Plan(root, msgspec.Struct, {}, (), ()))
        self.leaves: dict[tuple[Source, Read], None] = {}
        self.items: dict[Source, None] = {}

    def leaf(self, source: Source, read: Read) -> pa.Array:
        """Note a place and return an empty array."""
        self.leaves[source, read] = None
        return read([])

    def counts(self, item: Source) -> Places:
        """Note a list and return no counts."""
        self.items[item] = None
        return np.zeros(0, np.intp)

    def plan(self) -> Plan:
        """Return what was noted as a plan."""
        root = self._plan.root
        pruned = Pruned(root, [*(source for source, _ in self.leaves), *self.items])
        return Plan(root, pruned.wire, pruned.types, tuple(self.leaves), tuple(self.items))


def concatenated(arrays: Sequence[pa.Array]) -> pa.Array:
    """Return arrays of one type as one array."""
    if len(arrays) == 1:
        return arrays[0]
    if all(one.null_count == len(one) for one in arrays):
        return pa.nulls(sum(map(len, arrays)), arrays[0].type)
    return pa.concat_arrays(arrays)


@lru_cache(maxsize=1 << 14)
def _iso(written: str | None) -> str | Literal[False] | None:
    """Return a date in ISO form; False if a text is no date."""
    if written is None:
        return None
    try:
        return parse_day(written)
    except ValueError:
        return False


def _owners_of(counts: Places) -> Places:
    return np.repeat(np.arange(len(counts)), counts)


def _first(value: Any) -> Any:
    if type(value) is list:
        return next((one for one in value if one is not None), None)
    return value


def holds_text(source: Source) -> bool:
    """Return whether the values at a place are texts and nothing else."""
    return set(alternatives(source._wire)) <= {str, type(None)}
