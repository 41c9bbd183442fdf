"""The connection of a call: it obeys the deadline, notes the first byte sent, and logs nothing.

Only this module and `client` import requests and urllib3.
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

# Loggers of other libraries, which would log whole URLs with personal data

_SILENCED_LOGGERS = (
    *(f"urllib3.{name}" for name in ("connectionpool", "connection", "response", "util.retry")),
    *(f"vcr.{name}" for name in ("cassette", "matchers", "request", "stubs")),
)
_silence = threading.local()  # .is_on


@contextmanager
def silence_loggers() -> Iterator[None]:
    """Suppress the logs of these libraries on this thread; other threads still log."""
    for name in _SILENCED_LOGGERS:
        logging.getLogger(name).addFilter(_is_foreign)
    before = getattr(_silence, "is_on", False)
    _silence.is_on = True
    try:
        yield
    finally:
        _silence.is_on = before


def _is_foreign(_record: logging.LogRecord) -> bool:
    return not getattr(_silence, "is_on", False)


# The call


class Phase(StrEnum):
    """How far a call came.

    ``connect``: no byte of the request was sent. ``sent``: the request may have arrived.
    ``headers``: status and headers arrived. ``body``: the whole answer arrived.
    """

    CONNECT = "connect"
    SENT = "sent"
    HEADERS = "headers"
    BODY = "body"


class Withheld(OSError):  # noqa: N818 - a signal, not an error
    """`may_send` returned False: the request was not sent."""


def always() -> bool:
    """Return True."""
    return True


@dataclass(slots=True)
class ActiveCall:
    """A call in progress.

    Parameters
    ----------
    ends
        The deadline, in monotonic seconds.
    may_send
        Called when the connection is open, before the first byte is sent.
    phase
        How far the call has come.
    """

    ends: float
    may_send: Callable[[], bool] = always
    phase: Phase = Phase.CONNECT

    def left(self) -> float:
        """Return the seconds left; raise TimeoutError if there are none."""
        if (left := self.ends - time.monotonic()) <= 0:
            raise TimeoutError
        return left

    def take(self, connection: Any) -> None:
        """Take over a connection that is about to send; raise Withheld if it must not."""
        if not self.may_send():
            raise Withheld
        if not isinstance(connection.sock, _Socket) and hasattr(connection.sock, "sendall"):
            connection.sock = _Socket(connection.sock)
        if isinstance(connection.sock, _Socket):
            connection.sock.call = self
        else:  # vcrpy replaces the network: it is unknown what it sends
            self.phase = Phase.SENT


_thread = threading.local()  # .call: the call of this thread


@contextmanager
def start_call(seconds: float, may_send: Callable[[], bool] = always) -> Iterator[ActiveCall]:
    """Make the connections of this thread part of one call with a deadline."""
    _thread.call = ActiveCall(time.monotonic() + seconds, may_send)
    try:
        with silence_loggers():
            yield _thread.call
    finally:
        del _thread.call


class Adapter(HTTPAdapter):
    """The adapter of requests on our own pools, with one connection and no retries."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Use our pools and one TLS context for all connections."""
        super().init_poolmanager(*args, ssl_context=tls_context(), **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def cert_verify(self, conn: Any, *_: object) -> None:
        """Require a certificate; the context has the authorities, which take 30 ms to load."""
        conn.cert_reqs = "CERT_REQUIRED"


@cache
def tls_context() -> ssl.SSLContext:
    """Return a context with the authorities that requests trusts, whatever the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
    return context


class _Pool(HTTPConnectionPool):
    # ConnectionCls stays that of urllib3, because vcrpy replaces it there.

    def _validate_conn(self, conn: Any) -> None:
        """Connect, then let the call take the connection over; urllib3 sends after this."""
        conn.set_debuglevel(0)  # otherwise http.client can print the signed headers
        if conn.is_closed:
            conn.connect()
        super()._validate_conn(conn)
        _thread.call.take(conn)


class _TLSPool(_Pool, HTTPSConnectionPool):
    pass


class _Socket:
    """A connected socket whose operations obey the deadline of the call.

    The timeouts of requests apply to one operation: with a byte per second a call would never end.
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
            # Only now: if the first write fails, the peer has received no byte.
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


# Errors

# The exceptions of requests are OSErrors.
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


def error_word(error: BaseException, phase: Phase) -> str:
    """Return the value of `Exchange.error` for an exception."""
    causes = _causes(error)
    words = (word for kinds, word in _WORDS if any(isinstance(cause, kinds) for cause in causes))
    word = next(words, "unreachable" if phase is Phase.CONNECT else "protocol")
    return "connect_timeout" if (word, phase) == ("deadline", Phase.CONNECT) else word


def _causes(error: BaseException) -> list[BaseException]:
    """List an exception and its causes; the libraries wrap them in several ways."""
    causes = [error]
    for one in causes:  # the list grows during the loop
        within = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        causes += [e for e in within if isinstance(e, BaseException) and e not in causes]
    return causes
