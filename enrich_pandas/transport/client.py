"""The HTTP client: sends one request to one origin and returns what happened.

The client uses the adapter of requests without its Session. Therefore there are no redirects,
cookies, netrc or proxies to disable; urllib3's retries are disabled. Every event on the network is
a value, an `Exchange`, never an exception: an exception of requests contains the signed request.
"""

import io
import ipaddress
import os
import re
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import chain
from typing import NamedTuple
from uuid import uuid4

import requests
from requests.auth import AuthBase

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Request, Secret
from enrich_pandas.transport.connection import (
    NETWORK_ERRORS,
    ActiveCall,
    Adapter,
    Phase,
    always,
    error_word,
    start_call,
    tls_context,
)
from enrich_pandas.transport.redaction import redact_values

PIECE = 2**16  # bytes that are read at once, and that are decoded at once at most
CONNECT_TIMEOUT = 10.0  # seconds for each address of the host

# The body of an answer


def decode_body(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Decode gzip piece by piece; a body that only claims to be gzip stays as it is."""
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    is_gzip = encoding.strip().lower() in ("gzip", "x-gzip") and first[:1] == b"\x1f"
    return _gunzipped(pieces) if is_gzip else pieces


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    for piece in pieces:
        rest = piece
        while rest:
            if inflater.eof:  # another gzip member follows
                inflater = zlib.decompressobj(wbits=31)
            yield inflater.decompress(rest, PIECE)
            rest = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise EOFError


# The origin, which alone receives the credential

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
_PATH = re.compile(r"/(?!/)(?:(?!\.\.|%2e)[!-~](?<![\\?#]))*", re.IGNORECASE | re.ASCII)


def normalize_origin(origin: str) -> str:
    """Return an origin in its normal form; raise if it is invalid or not encrypted.

    Examples
    --------
    >>> normalize_origin("https://API.example.com")
    'https://api.example.com'
    """
    match = _ORIGIN.fullmatch(origin)
    if not match or int(match["port"] or 1) not in range(1, 2**16):
        raise ConfigurationError(
            "The origin of a provider is not a scheme, a host and optionally a port.",
            todo="Write it like https://api.example.com, without path, user or query.",
        )
    if match["scheme"].lower() == "http" and not _is_loopback(match["host"].lower()):
        raise ConfigurationError(
            "Plain http would show the credential to the network.",
            todo="Write the origin with https; http is for this machine only.",
        )
    return origin.lower()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_path(path: str) -> str:
    """Return a path that stays within its origin; raise for any other.

    Examples
    --------
    >>> check_path("/people/1")
    '/people/1'
    """
    if not _PATH.fullmatch(path):  # not shown in the message: it may come from a vendor
        raise ConfigurationError(
            "The path of a request is not a plain path of the provider's origin.",
            todo="Begin it with one /, quote non-ASCII characters, and pass a query in params.",
        )
    return path


# The client


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What happened to a request.

    Parameters
    ----------
    phase
        How far the call came.
    status
        The status of the answer, 0 if none came.
    headers
        Names in lower case; the values of a repeated header are joined by a comma.
    body
        The decoded body; of an incomplete answer the part that arrived.
    error
        Empty, or how the call failed: ``withheld``, ``dns``, ``refused``, ``unreachable``,
        ``connect_timeout``, ``certificate``, ``tls``, ``deadline``, ``reset``, ``incomplete``,
        ``too_large`` or ``protocol``.
    """

    phase: Phase
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    error: str = ""


class Transport:
    """Sends requests to one origin only.

    A billed request has a connection of its own: a server may close a kept connection while the
    request is written, and then it is unknown whether the request was read. Other requests keep
    one connection per thread. A transport can be shared between threads and used after a fork.

    Parameters
    ----------
    origin
        Scheme, host and port, such as ``https://api.example.com``. Plain http is for loopback
        only, and certificates are always verified.
    sign
        Called for every request; returns the headers that sign it.
    renew
        Replaces the last credential; returns whether there is another one to sign with.
    deadline
        Seconds for a whole call, even if the answer arrives byte by byte. The DNS lookup is done by
        the system and not limited by it; connecting takes at most `CONNECT_TIMEOUT` an
        address.
    max_bytes
        The maximum size of a decoded body in bytes.
    user_agent
        The User-Agent header; by default the name and version of the library.

    Attributes
    ----------
    origin
        The origin in its normal form.

    Raises
    ------
    ConfigurationError
        The origin is invalid, or is plain http to another machine.

    Examples
    --------
    >>> Transport("https://api.example.com", sign=dict)
    Transport('https://api.example.com')
    >>> Transport("http://api.example.com", sign=dict)
    Traceback (most recent call last):
    ...
    enrich_pandas.errors.ConfigurationError: Plain http would show the credential to the network.
    Nothing was spent.
    Write the origin with https; http is for this machine only.
    """

    def __init__(
        self,
        origin: str,
        *,
        sign: Callable[[], Mapping[str, Secret]],
        renew: Callable[[], bool] | None = None,
        deadline: float = 300.0,
        max_bytes: int = 64 * 2**20,
        user_agent: str | None = None,
    ) -> None:
        self.origin: str = normalize_origin(origin)
        self._sign, self._renew = sign, renew
        self._deadline, self._max_bytes = deadline, max_bytes
        self._user_agent = user_agent or f"enrich-pandas/{version('enrich-pandas')}"
        self._kept: dict[tuple[int, int], Adapter] = {}
        tls_context()  # loaded once here, not by all threads at once with their first requests

    def __repr__(self) -> str:
        return f"Transport({self.origin!r})"

    def renew(self) -> bool:
        """Replace the last credential of this thread; return whether there is another one."""
        return self._renew is not None and self._renew()

    def send(
        self,
        request: Request,
        form: Mapping[str, Secret] | None = None,
        may_send: Callable[[], bool] = always,
    ) -> Exchange:
        """Send a request once and return what happened.

        Parameters
        ----------
        form
            Form fields for the body, for a request that contains credentials.
        may_send
            Called when the connection is open, before the first byte. If it returns False, nothing
            is sent.

        Raises
        ------
        ConfigurationError
            The path is not a path of this origin, or a credential cannot be sent in a header.
        """
        signed = self._sign()
        prepared = self._prepare(request, form, signed)
        adapter = Adapter() if request.billed else self._adapter()
        try:
            with start_call(request.deadline or self._deadline, may_send) as call:
                return _redact_credentials(self._exchange(adapter, prepared, call), signed)
        except Exception as defect:  # noqa: BLE001 - raised again, without the frames below:
            # they contain the signed headers, and some tools print the locals of a traceback
            raise defect.with_traceback(None) from None
        finally:
            if request.billed:
                adapter.close()

    def close(self) -> None:
        """Close the connections that are kept alive."""
        while self._kept:
            self._kept.popitem()[1].close()

    def _prepare(
        self, request: Request, form: Mapping[str, Secret] | None, signed: Mapping[str, Secret]
    ) -> requests.PreparedRequest:
        headers = {
            "User-Agent": self._user_agent,
            "Accept-Encoding": "gzip",
            "Cache-Control": "no-store",
            "Connection": "close" if request.billed else "keep-alive",
            "X-Request-Id": uuid4().hex,
        }
        return _build_request(self.origin, request, headers, form, _Signature(signed)).prepare()

    def _adapter(self) -> Adapter:
        """Return the adapter of this thread; a forked child creates new ones."""
        key = os.getpid(), threading.get_ident()
        return self._kept.get(key) or self._kept.setdefault(key, Adapter())

    def _exchange(
        self, adapter: Adapter, prepared: requests.PreparedRequest, call: ActiveCall
    ) -> Exchange:
        left = call.left()
        timeout = (min(CONNECT_TIMEOUT, left), left)
        try:
            response = adapter.send(prepared, stream=True, timeout=timeout)
        except NETWORK_ERRORS as error:
            return Exchange(phase=call.phase, error=error_word(error, call.phase))
        try:
            return self._receive(response)
        finally:
            response.close()

    def _receive(self, response: requests.Response) -> Exchange:
        body, word = io.BytesIO(), ""
        headers = dict(response.headers.lower_items())
        try:
            for piece in decode_body(_read_pieces(response), headers.get("content-encoding", "")):
                body.write(piece)
                if body.tell() > self._max_bytes:
                    body.truncate(self._max_bytes)
                    word = "too_large"
                    break
        except NETWORK_ERRORS as error:
            word = error_word(error, Phase.HEADERS)
        return Exchange(
            phase=Phase.HEADERS if word else Phase.BODY,
            status=response.status_code,
            headers=headers,
            body=body.getvalue(),
            error=word,
        )


class SerializedRequest(NamedTuple):
    """A request as it is sent: its URL, its body and its own headers."""

    uri: str
    body: bytes
    headers: Mapping[str, str]


def serialize_request(origin: str, request: Request) -> SerializedRequest:
    """Serialize a request without its signature."""
    prepared = _build_request(origin, request, {}, None, None).prepare()
    body = prepared.body or b""
    headers = dict(prepared.headers.lower_items())
    return SerializedRequest(
        prepared.url or "", body.encode() if isinstance(body, str) else body, headers
    )


def _build_request(
    origin: str,
    request: Request,
    headers: Mapping[str, str],
    form: Mapping[str, Secret] | None,
    auth: AuthBase | None,
) -> requests.Request:
    return requests.Request(
        request.method,
        origin + check_path(request.path),
        params=request.params,
        json=request.json,
        data=form and {name: value.reveal() for name, value in form.items()},
        headers={"Accept": "application/json", **headers, **request.headers},
        auth=auth,
    )


def _redact_credentials(exchange: Exchange, signed: Mapping[str, Secret]) -> Exchange:
    """Mask the credential in an answer that repeats it, before the answer is stored or shown."""
    secrets = [part for one in signed.values() for part in one.reveal().split()]
    body, headers = redact_values(exchange.body, secrets), dict(exchange.headers)
    if body is exchange.body and not any(one in "".join(headers.values()) for one in secrets):
        return exchange
    text = {
        k: redact_values(v.encode("latin-1"), secrets).decode("latin-1") for k, v in headers.items()
    }
    return replace(exchange, body=body, headers=text)


class _Signature(AuthBase):
    """Adds the credential to a request; the only place where it is revealed."""

    def __init__(self, headers: Mapping[str, Secret]) -> None:
        self._headers = headers

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, secret in self._headers.items():
            if not re.fullmatch(
                "[ -~]+", secret.reveal()
            ):  # the error of http.client would show it
                raise ConfigurationError(
                    f"The credential for the header {name} is empty or has invalid characters.",
                    cost="Nothing was sent.",
                    todo="Copy it again, without line breaks.",
                )
            prepared.headers[name] = secret.reveal()
        return prepared


def _read_pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield the result of each read: a larger read would lose a part of a truncated body."""
    while piece := response.raw.read1(PIECE):
        yield piece
