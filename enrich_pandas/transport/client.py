"""The wire: a request goes in, what happened comes out.

What a call may do is kept small by leaving out what could do more: requests' adapter is used
without its Session, so there are no redirects, cookies, netrc or proxies to switch off, and
urllib3's retries are set to none. Whatever happens on the network is a value, an `Exchange`,
never an exception: an exception of requests would carry the signed request with it.
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

# -- The body of an answer, as it arrives: gzip undone in pieces of a bounded size ---------------

PIECE = 2**16  # bytes read, and at most decoded, at a time


def decode_body(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undo gzip, piece by piece; a body that only claims to be gzip passes as it is."""
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    is_gzip = encoding.strip().lower() in ("gzip", "x-gzip") and first[:1] == b"\x1f"
    return _gunzipped(pieces) if is_gzip else pieces


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    for piece in pieces:
        rest = piece
        while rest:
            if inflater.eof:  # another member follows
                inflater = zlib.decompressobj(wbits=31)
            yield inflater.decompress(rest, PIECE)
            rest = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise EOFError


# -- The origin: where the credential goes, pinned once, and the paths that cannot leave it ------

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
_PATH = re.compile(r"/(?!/)(?:(?!\.\.|%2e)[!-~](?<![\\?#]))*", re.IGNORECASE | re.ASCII)


def normalize_origin(origin: str) -> str:
    """Return an origin in its one form; refuse what is none, or would go out in the clear.

    Examples
    --------
    >>> normalize_origin("https://API.example.com")
    'https://api.example.com'
    """
    match = _ORIGIN.fullmatch(origin)
    if not match or int(match["port"] or 1) not in range(1, 2**16):
        raise ConfigurationError(
            "A provider's origin is not a scheme, a host and perhaps a port.",
            todo="Write it like https://api.example.com, with no path, user or query.",
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
    """Return a path that stays within its origin; refuse any other.

    Examples
    --------
    >>> check_path("/people/1")
    '/people/1'
    """
    if not _PATH.fullmatch(path):  # it is not shown: a vendor may have supplied it
        raise ConfigurationError(
            "A request's path is not a plain path of the provider's own origin.",
            todo="Begin it with one /, quote what is not ASCII, and put a query into params.",
        )
    return path


# -- The wire: a request goes in, what happened comes out ----------------------------------------

CONNECT_TIMEOUT = 10.0  # seconds for each address of the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What happened on the wire.

    Parameters
    ----------
    phase
        How far the call came.
    status
        Of the answer, 0 where none came.
    headers
        Names in lower case; a repeated one is joined by a comma.
    body
        Decoded; where it was cut, what had arrived.
    error
        Empty, or what ended the call: ``withheld``, ``dns``, ``refused``, ``unreachable``,
        ``connect_timeout``, ``certificate``, ``tls``, ``deadline``, ``reset``, ``incomplete``,
        ``too_large`` or ``protocol``.
    """

    phase: Phase
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    error: str = ""


class Transport:
    """Sends requests to one origin, and to no other.

    A billed request has a connection of its own: on one kept alive, the server may close it while
    we write, and nobody could say whether the request was read. Other requests keep one
    connection a thread. Safe to share between threads, and to carry through a fork.

    Parameters
    ----------
    origin
        Scheme, host and port, such as ``https://api.example.com``. Plain http is for loopback
        only, and certificates are always verified.
    sign
        Called for every request; returns the headers that sign it.
    renew
        Replaces what was last signed with, and tells whether there is another to sign with.
    deadline
        Seconds for a whole call, however slowly the answer trickles in. The look-up of the host's
        name is the system's and not bounded by it; connecting takes at most `CONNECT_TIMEOUT` an
        address.
    max_bytes
        The longest body, decoded, in bytes.
    user_agent
        How the library presents itself; by default with its name and version.

    Attributes
    ----------
    origin
        In its one form.

    Raises
    ------
    ConfigurationError
        The origin is not one, or is plain http to another machine.

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
        self.origin = normalize_origin(origin)
        self._sign, self._renew = sign, renew
        self._deadline, self._max_bytes = deadline, max_bytes
        self._user_agent = user_agent or f"enrich-pandas/{version('enrich-pandas')}"
        self._kept: dict[tuple[int, int], Adapter] = {}
        tls_context()  # loaded here, not by all threads at once when the first requests are due

    def __repr__(self) -> str:
        return f"Transport({self.origin!r})"

    def renew(self) -> bool:
        """Replace what this thread last signed with; tell whether there is another to try."""
        return self._renew is not None and self._renew()

    def send(
        self,
        request: Request,
        form: Mapping[str, Secret] | None = None,
        may_send: Callable[[], bool] = always,
    ) -> Exchange:
        """Send a request, once, and return what happened.

        Parameters
        ----------
        form
            Fields of a form to send as its body, for a request that holds credentials.
        may_send
            Asked once the connection stands, before the first byte: False, and none is sent.

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
            # they hold the signed headers, and tracebacks get rendered with their locals
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
        """Return this thread's own; after a fork, the child makes others."""
        key = os.getpid(), threading.get_ident()
        return self._kept.get(key) or self._kept.setdefault(key, Adapter())

    def _exchange(
        self, adapter: Adapter, prepared: requests.PreparedRequest, call: ActiveCall
    ) -> Exchange:
        left = call.left()
        timeout = (min(CONNECT_TIMEOUT, left), left)
        try:
            response = adapter.send(prepared, stream=True, timeout=timeout)
        except NETWORK_ERRORS as trouble:
            return Exchange(phase=call.phase, error=error_word(trouble, call.phase))
        try:
            return self._receive(response)
        finally:
            response.close()

    def _receive(self, response: requests.Response) -> Exchange:
        body, error = io.BytesIO(), ""
        headers = dict(response.headers.lower_items())
        try:
            for piece in decode_body(_read_pieces(response), headers.get("content-encoding", "")):
                body.write(piece)
                if body.tell() > self._max_bytes:
                    body.truncate(self._max_bytes)
                    error = "too_large"
                    break
        except NETWORK_ERRORS as trouble:
            error = error_word(trouble, Phase.HEADERS)
        return Exchange(
            phase=Phase.HEADERS if error else Phase.BODY,
            status=response.status_code,
            headers=headers,
            body=body.getvalue(),
            error=error,
        )


class SerializedRequest(NamedTuple):
    """A request as it is written: its address, its body, and the headers that are its own."""

    uri: str
    body: bytes
    headers: Mapping[str, str]


def serialize_request(origin: str, request: Request) -> SerializedRequest:
    """Write a request down, unsigned, just as it is sent."""
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
    """Blank the credential in an answer that repeats it: nobody is to keep or to show it."""
    secrets = [part for one in signed.values() for part in one.reveal().split()]
    body, headers = redact_values(exchange.body, secrets), dict(exchange.headers)
    if body is exchange.body and not any(one in "".join(headers.values()) for one in secrets):
        return exchange
    text = {
        k: redact_values(v.encode("latin-1"), secrets).decode("latin-1") for k, v in headers.items()
    }
    return replace(exchange, body=body, headers=text)


class _Signature(AuthBase):
    """Puts the credential on a request; the only place where it is revealed."""

    def __init__(self, headers: Mapping[str, Secret]) -> None:
        self._headers = headers

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        for name, secret in self._headers.items():
            if not re.fullmatch("[ -~]+", secret.reveal()):  # http.client's error would show it
                raise ConfigurationError(
                    f"The credential for the header {name} is empty or holds odd characters.",
                    cost="Nothing was sent.",
                    todo="Copy it again, without line breaks.",
                )
            prepared.headers[name] = secret.reveal()
        return prepared


# -- the answer's body ---------------------------------------------------------------------------


def _read_pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield what each read gives: a larger read would lose its part of a body that is cut."""
    while piece := response.raw.read1(PIECE):
        yield piece
