"""The connection under a call: bounded by its deadline, watched for its first byte, and quiet.

With `enrich_pandas.transport`, all of the library that knows requests and urllib3.
"""

import io
import logging
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from http.client import HTTPException, IncompleteRead
from socket import gaierror, socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

# -- Quiet libraries: what those under ours would log shows whole URLs, and people stand in them -

_SILENCED_LOGGERS = (
    *(f"urllib3.{name}" for name in ("connectionpool", "connection", "response", "util.retry")),
    *(f"vcr.{name}" for name in ("cassette", "matchers", "request", "stubs")),
)
_quiet = threading.local()  # .is_hushed


@contextmanager
def silence_loggers() -> Iterator[None]:
    """Drop what they would log on this thread; what others make of them is not ours to drop."""
    for name in _SILENCED_LOGGERS:
        logging.getLogger(name).addFilter(_is_foreign)
    before = getattr(_quiet, "is_hushed", False)
    _quiet.is_hushed = True
    try:
        yield
    finally:
        _quiet.is_hushed = before


def _is_foreign(_record: logging.LogRecord) -> bool:
    return not getattr(_quiet, "is_hushed", False)


# -- The connection under a call: bounded by its deadline, watched for its first byte, and quiet -


class Phase(StrEnum):
    """How far a call came.

    ``connect``: not one byte of the request was handed over. ``sent``: it may have arrived.
    ``headers``: status and headers came back. ``body``: the whole answer did.
    """

    CONNECT = "connect"
    SENT = "sent"
    HEADERS = "headers"
    BODY = "body"


class Withheld(OSError):  # noqa: N818 - no error: somebody has said stop
    """Nothing is to be sent any more, though the connection stands."""


def always() -> bool:
    """Let every request go."""
    return True


@dataclass(slots=True)
class ActiveCall:
    """A call under way.

    Parameters
    ----------
    ends
        When it must end, in monotonic seconds.
    may_send
        Asked when it is connected, before its first byte is handed over.
    phase
        How far it is.
    """

    ends: float
    may_send: Callable[[], bool] = always
    phase: Phase = Phase.CONNECT

    def left(self) -> float:
        """Return the seconds left; raise TimeoutError where there are none."""
        if (left := self.ends - time.monotonic()) <= 0:
            raise TimeoutError
        return left

    def take(self, connection: Any) -> None:
        """Follow a connection that is about to carry the request; raise Withheld if it may not."""
        if not self.may_send():
            raise Withheld
        if not isinstance(connection.sock, _Socket) and hasattr(connection.sock, "sendall"):
            connection.sock = _Socket(connection.sock)
        if isinstance(connection.sock, _Socket):
            connection.sock.call = self
        else:  # vcrpy stands in for the network: nobody can say what it hands over
            self.phase = Phase.SENT


_thread = threading.local()  # .call: the call that this thread is making


@contextmanager
def start_call(seconds: float, may_send: Callable[[], bool] = always) -> Iterator[ActiveCall]:
    """Make this thread's connections part of one call, which ends after so many seconds."""
    _thread.call = ActiveCall(time.monotonic() + seconds, may_send)
    try:
        with silence_loggers():
            yield _thread.call
    finally:
        del _thread.call


class Adapter(HTTPAdapter):
    """requests' adapter on our own pools, with one connection and no retries."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Use our pools, and one context for all connections."""
        super().init_poolmanager(*args, ssl_context=tls_context(), **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def cert_verify(self, conn: Any, *_: object) -> None:
        """Demand a certificate; the context holds the authorities, and loading takes 30 ms."""
        conn.cert_reqs = "CERT_REQUIRED"


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context that trusts those whom requests trusts, whatever the environment says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


class _Pool(HTTPConnectionPool):
    # ConnectionCls stays urllib3's own: vcrpy replaces it there.

    def _validate_conn(self, conn: Any) -> None:
        """Connect, and only then let the call take the connection; urllib3 writes after this."""
        conn.set_debuglevel(0)  # http.client would print the signed headers
        if conn.is_closed:
            conn.connect()
        super()._validate_conn(conn)
        _thread.call.take(conn)


class _TLSPool(_Pool, HTTPSConnectionPool):
    pass


class _Socket:
    """A connected socket of which every operation ends with its call.

    The timeouts of requests are for one operation: a byte a second would hold a call for ever.
    """

    call: ActiveCall

    def __init__(self, connected: socket) -> None:
        self._connected = connected

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._connected.settimeout(self.call.left())
            rest = rest[self._connected.send(rest) :]
            # Only now: a first write that fails gave the peer not one byte that it could read.
            self.call.phase = Phase.SENT

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self._connected.makefile("rb", buffering=0)))


class _Reader(io.RawIOBase):
    """The reading half of a `_Socket`."""

    def __init__(self, connected: _Socket, raw: io.RawIOBase) -> None:
        self._connected, self._raw = connected, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connected.settimeout(self._connected.call.left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


# -- trouble -------------------------------------------------------------------------------------

# requests' own exceptions are OSErrors.
NETWORK_ERRORS = (OSError, HTTPException, HTTPError, EOFError, zlib.error)

_WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((Withheld,), "withheld"),
    ((gaierror,), "dns"),
    ((ssl.SSLCertVerificationError,), "certificate"),
    ((TimeoutError,), "deadline"),
    ((ConnectionRefusedError,), "refused"),
    ((ConnectionError,), "reset"),
    ((IncompleteRead, EOFError), "incomplete"),
    ((ssl.SSLError,), "tls"),
)


def error_word(trouble: BaseException, phase: Phase) -> str:
    """Return the word of an `Exchange` for what ended a call."""
    causes = _causes(trouble)
    words = (word for kinds, word in _WORDS if any(isinstance(cause, kinds) for cause in causes))
    word = next(words, "unreachable" if phase is Phase.CONNECT else "protocol")
    return "connect_timeout" if (word, phase) == ("deadline", Phase.CONNECT) else word


def _causes(error: BaseException) -> list[BaseException]:
    """List an exception and all that it was made of; the layers below wrap in several ways."""
    causes = [error]
    for one in causes:  # which grows meanwhile
        within = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        causes += [e for e in within if isinstance(e, BaseException) and e not in causes]
    return causes
