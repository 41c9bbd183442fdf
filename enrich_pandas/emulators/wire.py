"""Responses that misbehave on the wire: late, cut short, a byte at a time, or never sent."""

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

_NO_LINGER = struct.pack("ii", 1, 0)  # to close is then to reset


class DroppedResponse(Response):
    """The connection is closed with no answer, after ``delay`` seconds; ``by_reset`` rudely."""

    def __init__(self, delay: float = 0.0, *, by_reset: bool = False) -> None:
        super().__init__()
        self._delay, self._by_reset = delay, by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and wait until it is gone."""
        await _gone(receive, self._delay)
        _abort(scope["state"]["transport"], by_reset=self._by_reset)
        await _gone(receive)


class TruncatedResponse(Response):
    """The headers announce the whole body; ``at`` bytes of it are sent."""

    def __init__(self, whole: Response, at: int, *, by_reset: bool = False) -> None:
        super().__init__(whole.body, whole.status_code)
        self.raw_headers = whole.raw_headers
        self._at, self._by_reset = at, by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a part, then close the connection and wait until it is gone."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        part = bytes(self.body[: self._at])
        await send({"type": "http.response.body", "body": part, "more_body": True})
        if self._by_reset:
            _abort(scope["state"]["transport"], by_reset=True)
        else:
            scope["state"]["transport"].close()
        await _gone(receive)


class LateResponse(Response):
    """Another response, after a while."""

    def __init__(self, response: Response, delay: float) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then send, if anybody is still there."""
        if not await _gone(receive, self._delay):
            await super().__call__(scope, receive, send)


class RawResponse(Response):
    """Another response in pieces of bytes, ``delay`` seconds apart; then the connection closes.

    The pieces are written past the server, which would refuse to send what no server should.
    """

    def __init__(self, response: Response, pieces: Iterable[bytes], delay: float = 0.0) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._pieces, self._delay = pieces, delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write piece by piece, for as long as somebody is there."""
        transport = scope["state"]["transport"]
        for piece in self._pieces:
            if transport.is_closing():
                break
            transport.write(piece)
            if self._delay and await _gone(receive, self._delay):
                break
        transport.close()
        await _gone(receive)


def head(response: Response, connection: str = "close") -> bytes:
    """Return the status line and the headers of a response, to be written as they are."""
    line = f"HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}\r\n"
    fields = (name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return line.encode() + b"".join(fields) + f"connection: {connection}\r\n\r\n".encode()


def dripping(response: Response, size: int, *, whole: bool) -> Iterator[bytes]:
    """Yield a response ``size`` bytes at a time: all of it, or its body after its headers."""
    first, rest = head(response), bytes(response.body)
    if whole:
        first, rest = b"", first + rest
    yield first
    for start in range(0, len(rest), size):
        yield rest[start : start + size]


def in_chunks(response: Response, size: int) -> Iterator[bytes]:
    """Yield a response whose body comes in chunks, each with its length."""
    del response.headers["content-length"]
    response.headers["transfer-encoding"] = "chunked"
    yield head(response)
    body = bytes(response.body)
    for start in range(0, len(body), size):
        part = body[start : start + size]
        yield f"{len(part):x}\r\n".encode() + part + b"\r\n"
    yield b"0\r\n\r\n"


def interim(response: Response, times: int | None) -> Iterator[bytes]:
    """Yield as many answers 100 (None: for ever), then a response."""
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


async def _gone(receive: Receive, seconds: float | None = None) -> bool:
    """Wait until the client has gone, so many seconds at most; tell whether it has."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


# -- Answers distorted: a value put into them, the JSON spelled oddly, the body packed -----------
# A path names a place in a body: ``_links.next.href``, or ``results.*.status`` for each element.

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
