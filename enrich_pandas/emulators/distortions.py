"""Answers distorted: a value put into them, the JSON spelled oddly, the body packed.

A path names a place in a body: ``_links.next.href``, or ``results.*.status`` for each element.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

DEPTH = 200_000
DIGITS = 6_000


def edited(body: Any, changes: Mapping[str, Any]) -> Any:
    """Return a body with values put at some paths; what leads to a path is made where missing.

    Examples
    --------
    >>> edited({"jobs": [{"id": 1}, {"id": 2}]}, {"jobs.*.id": "x", "links.next": None})
    {'jobs': [{'id': 'x'}, {'id': 'x'}], 'links': {'next': None}}
    >>> edited([1], {"": {}})
    {}
    """
    for path, value in changes.items():
        body = _put(body, path.split(".") if path else [], value)
    return body


def _put(part: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(part, list):
        places = range(len(part)) if first == "*" else [int(first)]
        return [_put(one, rest, value) if n in places else one for n, one in enumerate(part)]
    fields = part if isinstance(part, dict) else {}
    return {**fields, first: _put(fields.get(first), rest, value)}


def numbered(value: Any, number: int) -> Any:
    """Return a value in whose texts ``{n}`` is a number, so that each strike is another.

    Examples
    --------
    >>> numbered({"href": "/jobs?after={n}"}, 3)
    {'href': '/jobs?after=3'}
    """
    if isinstance(value, str):
        return value.replace("{n}", str(number))
    if isinstance(value, dict):
        return {key: numbered(one, number) for key, one in value.items()}
    return [numbered(one, number) for one in value] if isinstance(value, list) else value


# -- spelling ------------------------------------------------------------------------------------


def respelled(body: bytes, how: str, name: bytes) -> bytes:
    """Return JSON that is spelled as it should not be; ``name`` is the key of somebody's name.

    Examples
    --------
    >>> respelled(b'[{"name":"Ada"}]', "huge_exponent", b"name")
    b'[{"name":1e999999}]'
    """
    return SPELLINGS[how](body, name)


def _value(new: Callable[[bytes], bytes]) -> Callable[[bytes, bytes], bytes]:
    """Return what gives the first text under a key another value."""

    def change(body: bytes, name: bytes) -> bytes:
        pattern = rb'("%s":)"((?:[^"\\]|\\.)*)"' % re.escape(name)
        return re.sub(pattern, lambda found: found[1] + new(found[2]), body, count=1)

    return change


def _repeated(body: bytes, name: bytes) -> bytes:
    pattern = rb'"%s":"' % re.escape(name)
    return re.sub(pattern, lambda found: found[0] + b'Somebody Else",' + found[0], body, count=1)


SPELLINGS: Mapping[str, Callable[[bytes, bytes], bytes]] = {
    "bom": lambda body, _: b"\xef\xbb\xbf" + body,
    "utf16": lambda body, _: body.decode().encode("utf-16"),
    "latin1": _value(lambda text: b'"' + text + b' \xe9"'),
    "surrogate": _value(lambda text: b'"' + text + rb' \ud800"'),
    "nul": _value(lambda text: b'"' + text + rb' \u0000"'),
    "control": _value(lambda text: b'"' + text + b' \x00\n"'),
    "nan": _value(lambda _: b"NaN"),
    "infinity": _value(lambda _: b"-Infinity"),
    "huge_number": _value(lambda _: b"9" * DIGITS),
    "huge_exponent": _value(lambda _: b"1e999999"),
    "deep": _value(lambda _: b"[" * DEPTH + b"]" * DEPTH),
    "repeated_key": _repeated,
    "trailing": lambda body, _: body + b"{}",
}


# -- packing -------------------------------------------------------------------------------------


def packed(body: bytes, how: str) -> bytes:
    """Return a body as a ``Content-Encoding`` says, or as it is where that is unknown here."""
    for one in how.split(","):
        body = PACKINGS.get(one.strip(), bytes)(body)
    return body


PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
    "deflate": zlib.compress,
}


def decoded(body: bytes) -> Any:
    """Return what a body says, or None where there is none."""
    return msgspec.json.decode(body) if body else None
