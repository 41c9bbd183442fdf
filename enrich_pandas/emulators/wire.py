"""Responses with faults on the wire (late, cut, in pieces, never sent) or in their body.

Body faults put values at paths, write invalid or unusual JSON, or compress the body. A path names
a place in a body: ``_links.next.href``, or ``results.*.status`` for each element.
"""

import asyncio
import contextlib
import gzip
import re
import socket
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_NO_LINGER = struct.pack("ii", 1, 0)  # makes a close a reset
# Enough to exceed the limits of common JSON parsers.
DEPTH = 200_000
DIGITS = 6_000


class DroppedResponse(Response):
    """Close the connection without an answer, after ``delay`` seconds.

    With ``by_reset`` it is reset instead of closed.
    """

    def __init__(self, delay: float = 0.0, *, by_reset: bool = False) -> None:
        super().__init__()
        self._delay, self._by_reset = delay, by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and wait until the client has disconnected."""
        await _disconnected(receive, self._delay)
        _abort(scope["state"]["transport"], by_reset=self._by_reset)
        await _disconnected(receive)


class TruncatedResponse(Response):
    """Announce the whole body in the headers, and send the first ``at`` bytes of it."""

    def __init__(self, whole: Response, at: int, *, by_reset: bool = False) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers: list[tuple[bytes, bytes]] = whole.raw_headers
        self._at, self._by_reset = at, by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part, close the connection, and wait until the client has disconnected."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        part = bytes(self.body[: self._at])
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if self._by_reset:
            _abort(scope["state"]["transport"], by_reset=True)
        else:
            scope["state"]["transport"].close()
        await _disconnected(receive)


class LateResponse(Response):
    """Send another response after ``delay`` seconds."""

    def __init__(self, response: Response, delay: float) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers: list[tuple[bytes, bytes]] = response.raw_headers
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then send if the client is still connected."""
        if not await _disconnected(receive, self._delay):
            await super().__call__(scope, receive, send)


class RawResponse(Response):
    """Write raw bytes piece by piece, ``delay`` seconds apart, and close the connection.

    The pieces bypass the server, which refuses to send invalid HTTP.
    """

    def __init__(self, response: Response, pieces: Iterable[bytes], delay: float = 0.0) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers: list[tuple[bytes, bytes]] = response.raw_headers
        self._pieces, self._delay = pieces, delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write piece by piece until the client disconnects."""
        transport = scope["state"]["transport"]
        for piece in self._pieces:
            if transport.is_closing():
                break
            transport.write(piece)
            if self._delay and await _disconnected(receive, self._delay):
                break
        transport.close()
        await _disconnected(receive)


def head(response: Response, connection: str = "close") -> bytes:
    """Return the status line and the headers of a response as bytes."""
    line = f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}\r\n"
    fields = (name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return line.encode() + b"".join(fields) + f"connection: {connection}\r\n\r\n".encode()


def dripping(response: Response, size: int, *, whole: bool) -> Iterator[bytes]:
    """Yield ``size`` bytes at a time: of the ``whole`` response, or of its body only."""
    first, rest = head(response), bytes(response.body)
    if whole:
        first, rest = b"", first + rest
    yield first
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def in_chunks(response: Response, size: int) -> Iterator[bytes]:
    """Yield a response with chunked transfer encoding, in chunks of ``size`` bytes."""
    del response.headers["content-length"]
    response.headers["transfer-encoding"] = "chunked"
    yield head(response)
    body = bytes(response.body)
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def interim(response: Response, times: int | None) -> Iterator[bytes]:
    """Yield ``times`` interim answers 100 (None: without end), then a response."""
    while times is None or times > 0:
        times = None if times is None else times - 1
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
    yield head(response) + bytes(response.body)


def _abort(transport: Any, *, by_reset: bool) -> None:
    if by_reset:
        with contextlib.suppress(OSError):
            transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
            )
    transport.abort()


async def _disconnected(receive: Receive, seconds: float | None = None) -> bool:
    """Wait for the client to disconnect, at most ``seconds``. Return whether it has."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


# -- Faults in a body ----------------------------------------------------------------------------


def edited(body: Any, changes: Mapping[str, Any]) -> Any:
    """Return a body with values put at some paths. Missing parents of a path are created.

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
    """Replace ``{n}`` in all texts of a value by a number, so that each answer differs.

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


def respelled(body: bytes, how: str, name: bytes) -> bytes:
    """Return the same JSON in an unusual or invalid form, one of `SPELLINGS`.

    ``name`` is the key of a text to change, if the form changes one.

    Examples
    --------
    >>> respelled(b'[{"name":"Ada"}]', "huge_exponent", b"name")
    b'[{"name":1e999999}]'
    """
    return SPELLINGS[how](body, name)


def _value(new: Callable[[bytes], bytes]) -> Callable[[bytes, bytes], bytes]:
    """Return a function that replaces the first text under a key."""

    def change(body: bytes, name: bytes) -> bytes:
        pattern = rb'("%s":)"((?:[^"\\]|\\.)*)"' % re.escape(name)
        return re.sub(pattern, lambda found: found[1] + new(found[2]), body, count=1)

    return change


def _repeated(body: bytes, name: bytes) -> bytes:
    pattern = rb'"%s":"' % re.escape(name)
    return re.sub(pattern, lambda found: found[0] + b'Another Person",' + found[0], body, count=1)


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


def packed(body: bytes, how: str) -> bytes:
    """Encode a body by a ``Content-Encoding``. An unknown encoding leaves it as it is."""
    for one in how.split(","):
        body = PACKINGS.get(one.strip(), bytes)(body)
    return body


PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, 9, mtime=0),
    "deflate": zlib.compress,
}


def decoded(body: bytes) -> Any:
    """Decode a JSON body. Return None if it is empty."""
    return msgspec.json.decode(body) if body else None
