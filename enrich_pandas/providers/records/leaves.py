"""From Python values to Arrow arrays: the values of one place, as they were sent, and cleaned."""

from collections.abc import Iterable, Sequence, Sized
from itertools import chain, compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.providers.decoding import (
    identifier,
    text,
)

Places = npt.NDArray[np.intp]
TEXT = pa.large_string()


# -- From the values at a place to an array ------------------------------------------------------


def to_texts(values: list[Any]) -> pa.Array:
    """Return texts as they were sent."""
    return pa.nulls(len(values), TEXT) if is_empty(values) else pa.array(values, TEXT)


def to_first_texts(values: list[Any]) -> pa.Array:
    """Return texts as they were sent, the first one of a list; what is neither is null."""
    kinds = set(map(type, values)) - {type(None)}
    if list in kinds:
        values = [one if type(one) is str else _listed_text(one) for one in values]
    elif str not in kinds:
        return pa.nulls(len(values), TEXT)
    elif len(kinds) > 1:
        values = [one if type(one) is str else None for one in values]
    return to_texts(values)


def to_written(values: list[Any]) -> pa.Array:
    """Return texts and numbers as text, such as years."""
    if set(map(type, values)) - {str, type(None)}:
        values = [one if one is None else str(one) for one in values]
    return to_texts(values)


def to_ids(values: list[Any]) -> pa.Array:
    """Return ids as text, the first one of a list."""
    kinds = set(map(type, values)) - {type(None)}
    if list in kinds:
        values = [_listed_id(one) if type(one) is list else one for one in values]
        kinds = set(map(type, values)) - {type(None)}
    if kinds == {int}:
        try:
            return pa.array(values, pa.int64()).cast(TEXT)
        except OverflowError:
            pass
    if kinds - {str}:
        values = list(map(identifier, values))
    return to_texts(values)


def to_numbers(values: list[Any]) -> pa.Array:
    """Return numbers with their fraction."""
    return pa.array(values, pa.float64())


def to_whole_numbers(values: list[Any]) -> pa.Array:
    """Return numbers without their fraction."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {float}:
        return pa.array(values, pa.float64()).cast(pa.int64(), safe=False)
    if float in kinds:
        values = [None if one is None else int(one) for one in values]
    return pa.array(values, pa.int64())


def to_texts_and_numbers(values: list[Any]) -> pa.Array:
    """Return texts, and numbers as text without a fraction of zero."""
    if set(map(type, values)) - {str, type(None)}:
        values = [one if one is None or type(one) is str else _spelled(one) for one in values]
    return to_texts(values)


def to_text_lists(values: list[Any], separator: str | None) -> pa.Array:
    """Return the texts of lists, of one text, or of texts joined by a separator; with repeats."""
    if is_empty(values):
        return pa.nulls(len(values), pa.large_list(TEXT))
    kinds = set(map(type, values)) - {type(None)}
    if separator and str in kinds:
        values = [one.split(separator) if type(one) is str else one for one in values]
    elif kinds != {list}:
        values = [one if one is None or type(one) is list else [one] for one in values]
    lists = [one or () for one in values]
    ends, flat = np.append(0, np.cumsum(_lengths(lists))), list(chain.from_iterable(lists))
    try:
        texts = pa.array(flat, TEXT)
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # there are numbers, such as codes
        texts = pa.array(map(_in_words, flat), TEXT)
    return pa.LargeListArray.from_arrays(ends, texts)


def to_flags(values: list[Any]) -> pa.Array:
    """Return what is true and what is false."""
    return pa.array(values, pa.bool_())


def flattened(values: list[Any]) -> tuple[Places, list[Any], list[Any]]:
    """Return the number of items of each owner, the items, and their keys.

    Items are those of lists or the values of objects, which alone have keys. A value that is
    neither is a list of one. The nulls and empty texts of a list are left out.
    """
    kinds = set(map(type, values)) - {type(None)}
    if dict in kinds:
        objects: list[dict[str, Any]] = [one or _NO_OBJECT for one in values]
        flat = list(chain.from_iterable(map(dict.values, objects)))
        return _lengths(objects), flat, list(chain.from_iterable(objects))
    if kinds - {list}:
        values = [one if one is None or type(one) is list else [one] for one in values]
    lists = [one or () for one in values]
    counts, flat = _lengths(lists), list(chain.from_iterable(lists))
    kinds = set(map(type, flat))
    if type(None) in kinds or (str in kinds and "" in flat):
        is_given = [one is not None and one != "" for one in flat]
        owners = np.repeat(np.arange(len(counts)), counts)[np.array(is_given, bool)]
        counts, flat = np.bincount(owners, minlength=len(counts)), list(compress(flat, is_given))
    return counts, flat, []


_NO_OBJECT: dict[str, Any] = {}


def _lengths(values: Sequence[Sized]) -> Places:
    return np.fromiter(map(len, values), np.intp, len(values))


def is_empty(values: list[Any]) -> bool:
    """Return whether all values are None."""
    if not values:
        return True
    return values[0] is None and values[-1] is None and values.count(None) == len(values)


def _listed_text(value: Any) -> str | None:
    """Return the first text of a list that is not blank."""
    if type(value) is list:
        for one in value:
            if type(one) is str and one and not one.isspace():
                return one
    return None


def _listed_id(ids: list[Any]) -> str | int | None:
    """Return the first id of a list; the id 0 is none."""
    one = ids[0] if ids else None
    return one if type(one) is int and one else identifier(ids)


def _in_words(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    return value if type(value) is str else None


def _spelled(value: Any) -> str | None:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else text(value)


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
