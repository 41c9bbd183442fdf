"""Read records into arrays: one array for each leaf, and the owner of each item of a list.

Each place is read for a whole batch of records at once, and only once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from functools import lru_cache
from itertools import chain, compress
from operator import attrgetter
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from enrich_pandas.providers.decoding import (
    alternatives,
    decoder_of,
    identifier,
    parse_day,
    read_leniently,
)
from enrich_pandas.providers.records.source import (
    ITEM,
    KEY,
    ONLY,
    Source,
    Step,
    level_of,
    path_of,
)

T = TypeVar("T")
Places = npt.NDArray[np.intp]
TEXT = pa.large_string()

# -- Decoding ------------------------------------------------------------------------------------


class Decoded(list[Any]):
    """Structs of records, with the paths of the odd fields of each record."""

    def __init__(self, structs: Iterable[Any] = ()) -> None:
        super().__init__(structs)
        self.odd: dict[int, list[str]] = {}


def decode(raws: Sequence[bytes], wire: type[msgspec.Struct]) -> Decoded:
    """Decode each record, leniently if the strict decoder refuses it."""
    decoded, decoder, nothing = Decoded(), decoder_of(wire), wire()
    for number, raw in enumerate(raws):
        try:
            decoded.append(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            struct, odd = read_leniently(raw, wire)
            decoded.append(struct or nothing)
            if odd:
                decoded.odd[number] = odd
    return decoded


# -- A batch of records --------------------------------------------------------------------------


class Batch:
    """Records of one type, read place by place.

    Parameters
    ----------
    root
        The place of a whole record.
    structs
        The records.
    types
        The pruned type of each place.
    """

    def __init__(
        self, root: Source, structs: Decoded, types: Mapping[Source, type[msgspec.Struct]]
    ) -> None:
        self._root, self._structs, self._types = root, structs, types
        self._results: dict[Any, Any] = {}
        self.odd: dict[int, list[str]] = structs.odd

    def once(self, key: Any, compute: Callable[["Batch"], T]) -> T:
        """Return the result for a key; compute it for the first time only."""
        if key not in self._results:
            self._results[key] = compute(self)
        result: T = self._results[key]
        return result

    def size(self, level: Source) -> int:
        """Return the number of values at a level."""
        return len(self.values(level))

    def values(self, source: Source) -> list[Any]:
        """Return the value of each record or item at a place."""
        return self.once(source, lambda _: self._values(source))

    def owners(self, item: Source) -> Places:
        """Return the position of the owner of each item of a list, in ascending order."""
        return self._items(item)[0]

    def record_of(self, level: Source) -> Places:
        """Return the position of the record of each value at a level."""
        if level is self._root:
            return np.arange(self.size(level))
        parent = level._parent
        assert parent is not None  # noqa: S101 - for the type checker: only the root has none
        return self.record_of(level_of(parent))[self.owners(level)]

    def text(self, source: Source) -> pa.Array:
        """Return texts without surrounding white space; the first one of a list."""
        return self.once(("text", source), lambda _: clean(self._texts(source)))

    def identifier(self, source: Source) -> pa.Array:
        """Return ids as text, the first one of a list. The id 0 is none."""
        return self.once(("identifier", source), lambda _: _identifiers(self.values(source)))

    def date(self, source: Source) -> pa.Array:
        """Return dates in ISO form at the vendor's precision; note what is no date."""
        return self.once(("date", source), lambda _: self._dates(source))

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
        return self.once((parent, "fields"), lambda _: self._fields(parent))[step]

    def _fields(self, source: Source) -> Mapping[Step, list[Any]]:
        """Return the values of each field of the structs at a place."""
        kind, values = self._types[source], self.values(source)
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

    def _items(self, item: Source) -> tuple[Places, list[Any], list[Any]]:
        """Return the owner, the value and the key of each item; a list has no keys."""
        parent = item._parent
        assert parent is not None  # noqa: S101 - for the type checker: an item is in a list
        return self.once((item, "items"), lambda _: flattened(self.values(parent)))

    def _texts(self, source: Source) -> pa.Array:
        values = self.values(source)
        if is_empty(values):
            return pa.nulls(len(values), TEXT)
        if not holds_text(source):
            values = [one if type(one) is str else _listed_text(one) for one in values]
        return pa.array(values, TEXT)

    def _dates(self, source: Source) -> pa.Array:
        values = self.values(source)
        if is_empty(values):
            return pa.nulls(len(values), TEXT)
        if set(map(type, values)) - {str, type(None)}:
            values = [one if one is None else str(one) for one in values]
        array = pa.array(values, TEXT)
        encoded = array.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        dates = list(map(_iso, distinct))
        if False in dates:
            is_odd = np.array([one is False for one in dates])
            self._note(source, np.flatnonzero(is_odd[encoded.indices.fill_null(-1).to_numpy()]))
            dates = [one or None for one in dates]
        if dates == distinct:
            return array
        return pa.array(dates, TEXT).take(encoded.indices)

    def _note(self, source: Source, places: Places) -> None:
        values = self.values(source)
        records = self.record_of(level_of(source))
        for place in places.tolist():
            known = self.odd.setdefault(int(records[place]), [])
            if values[place] is not None and path_of(source) not in known:
                known.append(path_of(source))


class Recorder(Batch):
    """A batch without records, which notes the places that a mapping reads.

    Attributes
    ----------
    used
        These places.
    """

    def __init__(self, root: Source) -> None:
        super().__init__(root, Decoded(), {})
        self.used: set[Source] = set()

    def values(self, source: Source) -> list[Any]:
        """Note a place and return no values."""
        self.used.add(source)
        return []

    def _items(self, item: Source) -> tuple[Places, list[Any], list[Any]]:
        self.used.add(item)
        return np.zeros(0, np.intp), [], []


def flattened(values: list[Any]) -> tuple[Places, list[Any], list[Any]]:
    """Return the owner, the value and the key of each item of lists or objects.

    A value that is no list is a list of one. The nulls and empty texts of a list are left out.
    """
    kinds = set(map(type, values)) - {type(None)}
    if dict in kinds:
        objects: list[dict[str, Any]] = [one or _NO_OBJECT for one in values]
        flat = list(chain.from_iterable(map(dict.values, objects)))
        return _owners(objects), flat, list(chain.from_iterable(objects))
    if kinds - {list}:
        values = [one if one is None or type(one) is list else [one] for one in values]
    lists = [one or () for one in values]
    owners, flat = _owners(lists), list(chain.from_iterable(lists))
    kinds = set(map(type, flat))
    if type(None) in kinds or (str in kinds and "" in flat):
        is_given = [one is not None and one != "" for one in flat]
        owners, flat = owners[np.array(is_given, bool)], list(compress(flat, is_given))
    return owners, flat, []


_NO_OBJECT: dict[str, Any] = {}


def _owners(values: Sequence[Sized]) -> Places:
    """Return the position of the owner of each item."""
    return np.repeat(np.arange(len(values)), np.fromiter(map(len, values), np.intp, len(values)))


def _first(value: Any) -> Any:
    if type(value) is list:
        return next((one for one in value if one is not None), None)
    return value


def is_empty(values: list[Any]) -> bool:
    """Return whether all values are None."""
    if not values:
        return True
    return values[0] is None and values[-1] is None and values.count(None) == len(values)


def holds_text(source: Source) -> bool:
    """Return whether the values at a place are texts and nothing else."""
    return set(alternatives(source._wire)) <= {str, type(None)}


def _listed_text(value: Any) -> str | None:
    """Return the first text of a list that is not blank."""
    if type(value) is list:
        for one in value:
            if type(one) is str and one and not one.isspace():
                return one
    return None


@lru_cache(maxsize=1 << 14)
def _iso(written: str | None) -> str | Literal[False] | None:
    """Return a date in ISO form; False if a text is no date."""
    if written is None:
        return None
    try:
        return parse_day(written)
    except ValueError:
        return False


def _identifiers(values: list[Any]) -> pa.Array:
    if is_empty(values):
        return pa.nulls(len(values), TEXT)
    if list in set(map(type, values)):
        values = [_listed_id(one) if type(one) is list else one for one in values]
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {str}:
        ids = clean(pa.array(values, TEXT))
        return without(ids, "0")
    if kinds == {int}:
        try:
            return without(pa.array(values, pa.int64()).cast(TEXT), "0")
        except OverflowError:
            pass
    return pa.array(map(identifier, values), TEXT)


def _listed_id(ids: list[Any]) -> str | int | None:
    """Return the first id of a list; the id 0 is none."""
    one = ids[0] if ids else None
    return one if type(one) is int and one else identifier(ids)


def without(array: pa.Array, value: str) -> pa.Array:
    """Return texts with one text replaced by null."""
    found = pc.equal(array, value)
    return pc.if_else(found, pa.scalar(None, TEXT), array) if pc.any(found).as_py() else array


# -- Cleaning ------------------------------------------------------------------------------------

_BLANKS = [chr(n).encode() for n in range(0x3001) if chr(n).isspace()]  # as str.strip strips


def _table(suspects: Iterable[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, bool)
    table[list(suspects)] = True
    return table


_LEADING, _TRAILING = _table({one[0] for one in _BLANKS}), _table({one[-1] for one in _BLANKS})


def clean(array: pa.Array) -> pa.Array:
    """Return texts without surrounding white space, and null for an empty text.

    Python looks only at texts that begin or end with a byte of white space.

    Examples
    --------
    >>> clean(pa.array([" a", "b", " ", None], TEXT)).to_pylist()
    ['a', 'b', None, None]
    """
    if array.null_count == len(array):
        return array
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    is_full = ends[1:] > ends[:-1]
    found = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    full = np.flatnonzero(is_full)
    is_suspect = _LEADING[found[ends[full]]] | _TRAILING[found[ends[full + 1] - 1]]
    if is_suspect.any():
        array, is_full = _stripped(array, full[is_suspect], is_full)
    if len(array) - is_full.sum() > array.null_count:
        array = pc.if_else(pa.array(is_full), array, pa.scalar(None, TEXT))
    return array


def _stripped(
    array: pa.Array, places: Places, is_full: npt.NDArray[np.bool_]
) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Return texts with some of them stripped, and which are not empty then."""
    given = array.take(pa.array(places)).to_pylist()
    stripped = [one.strip() for one in given]
    if stripped == given:
        return array, is_full
    mask = np.zeros(len(array), bool)
    mask[places] = True
    is_full[places] = [bool(one) for one in stripped]
    return pc.replace_with_mask(array, mask, pa.array(stripped, TEXT)), is_full
