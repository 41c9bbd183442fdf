"""Reading what vendors send: typed first, and leniently where the typed decoder refuses.

A paid answer is never lost to its form: what is broken is repaired, what was cut is salvaged, and
a field of another type than documented is left empty and named.
"""

import codecs
import json
import math
import re
import threading
import types
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta

# -- Salvage: text repaired, and the complete elements of an answer that was cut -----------------

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_CONTROLS = bytes(range(0x20))  # between texts, JSON allows four of them
_CONTROL = re.compile(rb"[\x00-\x1f]")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # also without its end: linear so
# Texts without control characters, and what is between them: one match instead of one for each.
_CLEAN = re.compile(rb'[^"]*+(?:"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"[^"]*+)*+')


def repair(body: bytes) -> bytes:
    r"""Return a body with its text repaired; the same object where nothing is wrong.

    A byte order mark goes; bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD;
    control characters within a text, such as the end of a line, are escaped.

    Examples
    --------
    >>> mended(rb'["\ud800"]')
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


# Numbers stay text and NaN passes: every element is checked by msgspec afterwards.
_element = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_BETWEEN = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def salvage(body: bytes) -> list[bytes]:
    """Return every complete element of a top-level JSON array that may be cut anywhere.

    Raw slices, in order; linear in the length of the body. It stops at the first place that is no
    JSON, or nested deeper than the interpreter's recursion limit.

    Examples
    --------
    >>> salvaged(b'[{"name": "Ada"}, {"name": "Gra')
    [b'{"name": "Ada"}']
    """
    text = body.decode("latin-1")  # one character a byte: JSON's grammar is ASCII
    position = _BETWEEN.match(text).end()  # type: ignore[union-attr]  # matches nothing, too
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
        if _is_ended(text, start, end):
            elements.append(body[start:end])
        separator = _COMMA.match(text, end)
    return [element for element in elements if is_json(element)]


def _is_ended(text: str, start: int, end: int) -> bool:
    """Tell whether an element is all there: a number may go on behind the cut."""
    return text[start] not in "-0123456789" or text[end : end + 1] in tuple(", ]\t\r\n")


_element_skim = msgspec.json.Decoder(msgspec.Raw)  # checks the grammar, builds nothing


def is_json(body: bytes) -> bool:
    """Tell whether bytes are one whole JSON value."""
    try:
        _element_skim.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


# -- Reading what vendors send: typed first, and leniently where the typed decoder refuses -------

T = TypeVar("T", bound=msgspec.Struct)

_ISO = re.compile(r"(?:\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:[T ].*)?)?)?)?")
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d{2}:?\d{2})?")


class Wire(msgspec.Struct, gc=False):
    """Base of wire types: trees, in which the garbage collector has nothing to look for."""


class Day:
    """A date as a vendor sent it, read; ``iso`` is None where it sent an empty text."""

    __slots__ = ("iso",)

    def __init__(self, iso: str | None) -> None:
        self.iso = iso


# What vendors send where one text, one id, one date or a list of texts was promised.
Year = Annotated[int, Meta(ge=1000, le=9999)]
Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]  # what a table's integers hold
Fraction = Annotated[float, Meta(ge=-(2**53), le=2**53)]  # the same, of what may have a fraction
Date = Day | None
Texts = str | list[str | None] | None
Id = str | int | list[str | int | None] | None


class Elements(NamedTuple):
    """The raw elements of an answer, and whether they are all there."""

    raw: list[bytes]
    are_whole: bool


def elements(body: bytes) -> Elements:
    """Split an answer into its elements: those of an array, or a bare object as the only one.

    Parameters
    ----------
    body
        An answer, whole or cut anywhere.

    Returns
    -------
    Elements
        No element, and not whole, where the body is neither array nor object.

    Examples
    --------
    >>> elements(b'[{"name": "Ada"}, {"name": "Gra')
    Elements(raw=[b'{"name": "Ada"}'], are_whole=False)
    """
    body = repair(body).strip()
    with suppress(msgspec.DecodeError, RecursionError):
        if body.startswith(b"["):
            return Elements(list(map(bytes, _array.decode(body))), are_whole=True)
        if body.startswith(b"{"):
            return Elements([bytes(_skim.decode(body))], are_whole=True)
    return Elements(salvage(body), are_whole=False)


_array = msgspec.json.Decoder(list[msgspec.Raw])
_skim = msgspec.json.Decoder(msgspec.Raw)  # checks the grammar, builds nothing


def read(raw: bytes, kind: type[T]) -> tuple[T | None, list[str]]:
    """Decode an element into a wire type; what its type does not allow is left empty.

    Parameters
    ----------
    raw
        One JSON value.
    kind
        A struct, every field of which may be None.

    Returns
    -------
    tuple of (struct or None, list of str)
        None where the element is no object; and the paths of the fields that were left empty,
        which never hold anything of the data itself.

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
        odd: dict[str, None] = {}
        return _lenient(_loose(raw), kind, "", odd), list(odd)


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}
_making = threading.Lock()


def decoder_of(kind: type[T]) -> msgspec.json.Decoder[T]:
    """Return the strict decoder of a type, made once, and by one thread at a time.

    msgspec writes what it knows of a struct into the struct itself: whoever decodes while another
    thread is about it reads what is not there yet, and the process dies (msgspec 0.22).
    """
    if kind not in _decoders:
        with _making:
            _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_read_day)
    return _decoders[kind]


def _day(_: type[Any], value: Any) -> Day:
    """Read a date: ISO text of any precision, or a year."""
    written = str(value).strip() if isinstance(value, str) or _is_year(value) else None
    if written is None or not _ISO.fullmatch(written):
        raise ValueError("no date")
    return Day(date(written))


# Most dates are the same few thousand months and days: each is read once.
_read_day: Callable[..., Day] = lru_cache(maxsize=1 << 14, typed=True)(_day)


def _is_year(value: object) -> bool:
    return type(value) is int and 1000 <= value <= 9999  # noqa: PLR2004 - years of four digits


def _loose(raw: bytes) -> Any:
    """Decode without types; a number that no type holds becomes text, or nothing."""
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return msgspec.json.decode(raw)
    with suppress(ValueError, RecursionError):
        return json.loads(
            repair(raw), parse_int=_integer, parse_float=_finite, parse_constant=lambda _: None
        )
    return None


def _integer(text: str) -> int | str:
    return int(text) if len(text) < 19 else text  # noqa: PLR2004 - the digits of 64 bits


def _finite(text: str) -> float | None:
    return number if math.isfinite(number := float(text)) else None


def _lenient(value: Any, kind: Any, path: str, odd: dict[str, None]) -> Any:
    """Convert to a type what can be; the rest becomes None, and its path is kept in ``odd``."""
    with suppress(msgspec.ValidationError, RecursionError):
        return msgspec.convert(value, kind, dec_hook=_read_day)
    for option in _options(kind):
        origin = get_origin(option) or option
        if isinstance(value, dict) and _is_struct(origin):
            return _lenient_struct(value, origin, path, odd)
        if isinstance(value, dict) and origin is dict:
            of = get_args(option)[1]
            return {key: _lenient(item, of, path, odd) for key, item in value.items()}
        if isinstance(value, list) and origin is list:
            of = get_args(option)[0]
            made = [_lenient(item, of, f"{path}[]", odd) for item in value]
            return [item for item in made if item is not None]
    with suppress(msgspec.ValidationError, RecursionError):
        # "500" for 500, "true" for true
        return msgspec.convert(value, kind, strict=False, dec_hook=_read_day)
    odd[path] = None
    return None


def _lenient_struct(
    value: dict[str, Any], kind: type[msgspec.Struct], path: str, odd: dict[str, None]
) -> Any:
    return kind(
        **{
            field.name: _lenient(
                value[field.encode_name], field.type, f"{path}.{field.encode_name}".lstrip("."), odd
            )
            for field in msgspec.structs.fields(kind)
            if field.encode_name in value
        }
    )


def _options(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def odd_note(odd: list[str]) -> str:
    """Return the note of a match some of whose fields were not as documented."""
    return f"not as documented, left empty: {', '.join(odd)}" if odd else ""


def text(value: object) -> str | None:
    """Return a text without the space around it, the first one of a list; an empty one is None.

    Examples
    --------
    >>> text(" a "), text(["", "b"]), text("")
    ('a', 'b', None)
    """
    if isinstance(value, str):
        return value.strip() or None
    return None if value is None else next(iter(texts(value)), None)


def texts(value: object, separator: str | None = None) -> list[str]:
    """Return texts, each once, where a vendor sends a list, a text, or several in one text.

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
    """Return an id as text, the first one of a list; 0 stands for none.

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
    """Return a date in ISO form and the vendor's precision; midnight is no time of day.

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
