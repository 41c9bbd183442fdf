"""Decode vendors' answers: strictly first, and leniently if the strict decoder refuses.

An answer that was paid for is never lost because of its form. Broken text is repaired, the complete
elements of a cut answer are kept, and a field of another type than documented is left empty and
named.
"""

import codecs
import json
import math
import re
import threading
import types
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta

# -- Repair --------------------------------------------------------------------------------------

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_CONTROLS = bytes(range(0x20))  # between texts, JSON allows four of them
_CONTROL = re.compile(rb"[\x00-\x1f]")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # the end is optional: linear time
# Texts without control characters and what is between them, in one match.
_CLEAN = re.compile(rb'[^"]*+(?:"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"[^"]*+)*+')


def repair(body: bytes) -> bytes:
    r"""Return a body with its text repaired, or the same object if nothing is wrong.

    A byte order mark is removed. Bytes that are not UTF-8 and halves of surrogate pairs become
    U+FFFD. Control characters within a text, such as a line feed, are escaped.

    Examples
    --------
    >>> repair(rb'["\ud800"]')
    b'["\\ufffd"]'
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError:
        body = body.decode(errors="replace").encode()
    repaired = body
    has_controls = len(body.translate(None, _CONTROLS)) < len(body)  # faster than a search
    if has_controls and not _CLEAN.fullmatch(body):
        repaired = _TEXT.sub(lambda text: _CONTROL.sub(_escaped, text[0]), repaired)
    if b"\\" in body and (rb"\ud" in body or rb"\uD" in body):
        repaired = _ESCAPE.sub(lambda match: rb"\ufffd" if match["lone"] else match[0], repaired)
    return body if repaired == body else repaired


def _escaped(character: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(character[0])


# Numbers stay text and NaN passes: msgspec checks every element afterwards.
_element = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_BETWEEN = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def salvage(body: bytes) -> list[bytes]:
    """Return the complete elements of a top-level JSON array that can be cut anywhere.

    Raw slices, in order, in linear time. It stops at the first place that is not JSON or is nested
    deeper than the interpreter's recursion limit.

    Examples
    --------
    >>> salvage(b'[{"name": "Ada"}, {"name": "Gra')
    [b'{"name": "Ada"}']
    """
    text = body.decode("latin-1")  # one character per byte: JSON's grammar is ASCII
    position = _BETWEEN.match(text).end()  # type: ignore[union-attr]  # always matches
    if text[position : position + 1] != "[":
        return []
    elements = []
    separator = _BETWEEN.match(text, position + 1)
    while separator:
        start = separator.end()
        try:
            _, end = _element.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        if _is_complete(text, start, end):
            elements.append(body[start:end])
        separator = _COMMA.match(text, end)
    return [element for element in elements if is_json(element)]


def _is_complete(text: str, start: int, end: int) -> bool:
    """Return whether an element is complete: a number can go on after the cut."""
    return text[start] not in "-0123456789" or text[end : end + 1] in tuple(", ]\t\r\n")


_skim = msgspec.json.Decoder(msgspec.Raw)  # checks the grammar without building values


def is_json(body: bytes) -> bool:
    """Return whether bytes are one complete JSON value."""
    try:
        _skim.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


# -- Decoding ------------------------------------------------------------------------------------

T = TypeVar("T")

_ISO = re.compile(r"(?:\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:[T ].*)?)?)?)?")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?")


class Wire(msgspec.Struct, gc=False):
    """Base class of wire types. They are trees, so the garbage collector can ignore them."""


class Day:
    """A date as a vendor sent it; ``iso`` is None if the vendor sent an empty text."""

    __slots__ = ("iso",)

    def __init__(self, iso: str | None) -> None:
        self.iso: str | None = iso


# What vendors send for one text, one id, one date or a list of texts.
Year = Annotated[int, Meta(ge=1000, le=9999)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # the range of a column's integers
Fraction = Annotated[float, Meta(ge=-(2**53), le=2**53)]  # the same for numbers with a fraction
Date = Day | None
Texts = str | list[str | None] | None
Id = str | int | list[str | int | None] | None


class Elements(NamedTuple):
    """The raw elements of an answer, and whether the list is complete."""

    raw: list[bytes]
    are_complete: bool


def elements(body: bytes) -> Elements:
    """Split an answer into its elements: those of an array, or one bare object.

    Parameters
    ----------
    body
        An answer, complete or cut anywhere.

    Returns
    -------
    Elements
        No elements, and not complete, if the body is neither an array nor an object.

    Examples
    --------
    >>> elements(b'[{"name": "Ada"}, {"name": "Gra')
    Elements(raw=[b'{"name": "Ada"}'], are_complete=False)
    """
    return (
        _split(body) or _split(repair(body)) or Elements(salvage(repair(body)), are_complete=False)
    )


def _split(body: bytes) -> Elements | None:
    """Split text that is complete and needs no repair; return None for any other."""
    body = body.strip()
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body.decode()  # a decoder skips bytes that are not UTF-8
        if body.startswith(b"["):
            return Elements(list(map(bytes, _array.decode(body))), are_complete=True)
        if body.startswith(b"{"):
            return Elements([bytes(_skim.decode(body))], are_complete=True)
    return None


_array = msgspec.json.Decoder(list[msgspec.Raw])


def read_array(body: bytes, kind: type[T]) -> tuple[list[bytes], list[T]] | None:
    """Split and decode a whole array, or return None if any of it is not as documented.

    Nearly all answers are as documented. The others are read element by element, by `elements` and
    `read`, which return the same for an array that this function takes.

    Examples
    --------
    >>> class Job(msgspec.Struct):
    ...     title: str | None = None
    >>> read_array(b'[{"title": "a"}]', Job)
    ([b'{"title": "a"}'], [Job(title='a')])
    >>> read_array(b'[{"title": 1}]', Job)
    """
    try:
        body.decode()  # a decoder skips bytes that are not UTF-8
        structs = decoder_of(list[kind]).decode(body)  # type: ignore[valid-type]  # made at run time
        return list(map(bytes, _array.decode(body))), structs
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_each(raws: Sequence[bytes], kind: type[T]) -> list[T] | None:
    """Decode elements, or return None if any of them is not as documented."""
    try:
        return list(map(decoder_of(kind).decode, raws))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read(raw: bytes, kind: type[T]) -> tuple[T | None, list[str]]:
    """Decode an element into a wire type; a field of another type is left empty.

    Parameters
    ----------
    raw
        One JSON value.
    kind
        A struct in which every field can be None.

    Returns
    -------
    tuple of (struct or None, list of str)
        The struct, or None if the element is not an object. The paths of the fields that were left
        empty, without any of their data.

    Examples
    --------
    >>> class Job(msgspec.Struct):
    ...     title: str | None = None
    ...     year: int | None = None
    >>> read(b'{"title": ["a"], "year": "2002"}', Job)
    (Job(title=None, year=2002), ['title'])
    """
    try:
        return decoder_of(kind).decode(raw), []
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_leniently(raw, kind)


def read_leniently(raw: bytes, kind: type[T]) -> tuple[T | None, list[str]]:
    """Decode an element that the strict decoder has refused; as `read`."""
    mistyped: dict[str, None] = {}
    return _convert(decode_untyped(raw), kind, "", mistyped), list(mistyped)


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_lock = threading.Lock()


def decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the strict decoder of a type. It is built once, by one thread at a time.

    msgspec 0.22 caches type information in the struct itself: if another thread decodes while the
    cache is being written, the process crashes.
    """
    if kind not in _decoders:
        with _lock:
            _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_read_day)
    return _decoders[kind]


def _day(_: type[Any], value: Any) -> Day:
    """Parse a date: ISO text of any precision, or a year."""
    if not isinstance(value, str) and not _is_year(value):
        raise ValueError("not a date")
    return Day(parse_day(str(value)))


def parse_day(written: str) -> str | None:
    """Return a date in ISO form, or None for an empty text.

    Raises
    ------
    ValueError
        The text is no date.
    """
    written = written.strip()
    if not _ISO.fullmatch(written):
        raise ValueError("not a date")
    return date(written)


# Most dates are the same few thousand months and days: each is parsed once.
_read_day: Callable[..., Day] = lru_cache(maxsize=1 << 14, typed=True)(_day)


def _is_year(value: object) -> bool:
    return type(value) is int and 1000 <= value <= 9999  # noqa: PLR2004 - a year of four digits


def decode_untyped(raw: bytes) -> Any:
    """Decode without types, with repaired text; a number out of range becomes text or None."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(raw)
    with suppress(ValueError, RecursionError):
        return json.loads(
            repair(raw), parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None
        )
    return None


def _integer(text: str) -> int | str:
    return int(text) if len(text) < 19 else text  # noqa: PLR2004 - 18 digits always fit into 64 bits


def _finite(text: str) -> float | None:
    return number if math.isfinite(number := float(text)) else None


def _convert(value: Any, kind: Any, path: str, mistyped: dict[str, None]) -> Any:
    """Convert what fits a type. The rest becomes None, and its path is added to ``mistyped``."""
    with suppress(msgspec.ValidationError, RecursionError):
        return msgspec.convert(value, kind, dec_hook=_read_day)
    for option in alternatives(kind):
        origin = get_origin(option) or option
        if isinstance(value, dict) and is_struct(origin):
            return _convert_struct(value, origin, path, mistyped)
        if isinstance(value, dict) and origin is dict:
            of = get_args(option)[1]
            return {key: _convert(item, of, path, mistyped) for key, item in value.items()}
        if isinstance(value, list) and origin is list:
            of = get_args(option)[0]
            made = [_convert(item, of, f"{path}[]", mistyped) for item in value]
            return [item for item in made if item is not None]
    with suppress(msgspec.ValidationError, RecursionError):
        # "500" for 500, "true" for true
        return msgspec.convert(value, kind, strict=False, dec_hook=_read_day)
    mistyped[path] = None
    return None


def _convert_struct(
    value: dict[str, Any], kind: type[msgspec.Struct], path: str, mistyped: dict[str, None]
) -> Any:
    return kind(
        **{
            field.name: _convert(
                value[field.encode_name],
                field.type,
                f"{path}.{field.encode_name}".lstrip("."),
                mistyped,
            )
            for field in msgspec.structs.fields(kind)
            if field.encode_name in value
        }
    )


def alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the type itself."""
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def is_struct(kind: Any) -> bool:
    """Return whether a type is a wire type."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def describe_mistyped(mistyped: Sequence[str]) -> str:
    """Return the note of a match with fields that were not as documented."""
    paths = [path or "the whole element" for path in mistyped]
    return f"not as documented, left empty: {', '.join(paths)}" if paths else ""


def text(value: object) -> str | None:
    """Return a text without surrounding white space, the first one of a list, or None.

    Examples
    --------
    >>> text(" a "), text(["", "b"]), text("")
    ('a', 'b', None)
    """
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else next(iter(texts(value)), None)


def texts(value: object, separator: str | None = None) -> list[str]:
    """Return the distinct texts of a list, of one text, or of several joined by a separator.

    Examples
    --------
    >>> texts(["a", None, "", "a"]), texts("a, b"), texts("a, b", separator=",")
    (['a'], ['a, b'], ['a', 'b'])
    """
    if not value:
        return []
    parts: list[Any] = value if isinstance(value, list) else [value]
    if separator and isinstance(value, str):
        parts = value.split(separator)
    found = [whole for part in parts if isinstance(part, str) and (whole := part.strip())]
    return found if len(found) == len(set(found)) else list(dict.fromkeys(found))


def identifier(value: object) -> str | None:
    """Return an id as text, the first one of a list. The id 0 means that there is none.

    Examples
    --------
    >>> identifier(1941874000003442382), identifier([12, 13]), identifier([]), identifier(0)
    ('1941874000003442382', '12', None, None)
    """
    if isinstance(value, str):
        return None if (own := value.strip()) == "0" else own or None
    if type(value) is int:
        return str(value) if value else None
    ids = value if isinstance(value, list) else [value]
    whole = [str(one).strip() for one in ids if isinstance(one, str | int)]
    return next((one for one in whole if one not in ("", "0")), None)


def date(value: object) -> str | None:
    """Return a date in ISO form at the vendor's precision; midnight counts as no time.

    Examples
    --------
    >>> date("2021-04-01T00:00:00+00:00"), date(2002), date("2024-07"), date("")
    ('2021-04-01', '2002', '2024-07', None)
    """
    if value is None:
        return None
    if isinstance(value, Day):
        return value.iso
    written = str(value).strip() if isinstance(value, str | int) else ""
    midnight = _MIDNIGHT.fullmatch(written)
    return midnight[1] if midnight else written or None
