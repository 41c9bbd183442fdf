"""Responses that misbehave on the wire: late, cut short, a byte at a time, or never sent."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_NO_LINGER = struct.pack("ii", 1, 0)  # to close is then to reset


class Dropped(Response):
    """The connection is closed with no answer, after ``delay`` seconds; ``by_reset`` rudely."""

    def __init__(self, delay: float = 0.0, *, by_reset: bool = False) -> None:
        super().__init__()
        self._delay, self._by_reset = delay, by_reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close the connection and wait until it is gone."""
        await _gone(receive, self._delay)
        _abort(scope["state"]["transport"], by_reset=self._by_reset)
        await _gone(receive)


class Truncated(Response):
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


class Late(Response):
    """Another response, after a while."""

    def __init__(self, response: Response, delay: float) -> None:
        super().__init__(response.body, response.status_code)
        self.raw_headers = response.raw_headers
        self._delay = delay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then send, if anybody is still there."""
        if not await _gone(receive, self._delay):
            await super().__call__(scope, receive, send)


class Spelled(Response):
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
