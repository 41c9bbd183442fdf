"""The wire: a request goes in, what happened comes out.

What a call may do is kept small by leaving out what could do more: requests' adapter is used
without its Session, so there are no redirects, cookies, netrc or proxies to switch off, and
urllib3's retries are set to none. Whatever happens on the network is a value, an `Exchange`,
never an exception: an exception of requests would carry the signed request with it.
"""

import io
import os
import re
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, IncompleteRead
from importlib.metadata import version
from socket import gaierror
from uuid import uuid4

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Request, Secret
from enrich_pandas.run.body import PIECE, decoded
from enrich_pandas.run.connection import Adapter, Call, Phase, authorities, calling
from enrich_pandas.run.origin import checked_path, pinned

CONNECT = 10.0  # seconds for each address of the host


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
        Empty, or what ended the call: ``dns``, ``refused``, ``unreachable``, ``connect_timeout``,
        ``certificate``, ``tls``, ``deadline``, ``reset``, ``incomplete``, ``too_large`` or
        ``protocol``.
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
        Replaces what was last signed with, where that can be renewed.
    deadline
        Seconds for a whole call, however slowly the answer trickles in. The look-up of the host's
        name is the system's and not bounded by it; connecting takes at most `CONNECT` an address.
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
    Write the origin with https; http is for this machine only.
    """

    def __init__(
        self,
        origin: str,
        *,
        sign: Callable[[], Mapping[str, Secret]],
        renew: Callable[[], None] | None = None,
        deadline: float = 300.0,
        max_bytes: int = 64 * 2**20,
        user_agent: str | None = None,
    ) -> None:
        self.origin = pinned(origin)
        self._sign, self._renew = sign, renew
        self._deadline, self._max_bytes = deadline, max_bytes
        self._user_agent = user_agent or f"enrich-pandas/{version('enrich-pandas')}"
        self._kept: dict[tuple[int, int], Adapter] = {}
        authorities()  # loaded here, not by all threads at once when the first requests are due

    def __repr__(self) -> str:
        return f"Transport({self.origin!r})"

    def renew(self) -> bool:
        """Replace what this thread last signed with; tell whether there is anything to replace."""
        if self._renew is None:
            return False
        self._renew()
        return True

    def send(self, request: Request, form: Mapping[str, Secret] | None = None) -> Exchange:
        """Send a request, once, and return what happened.

        Parameters
        ----------
        form
            Fields of a form to send as its body, for a request that holds credentials.

        Raises
        ------
        ConfigurationError
            The path is not a path of this origin, or a credential cannot be sent in a header.
        """
        prepared = self._prepare(request, form)
        adapter = Adapter() if request.billed else self._adapter()
        try:
            with calling(self._deadline) as call:
                return self._exchange(adapter, prepared, call)
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
        self, request: Request, form: Mapping[str, Secret] | None
    ) -> requests.PreparedRequest:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Cache-Control": "no-store",
            "Connection": "close" if request.billed else "keep-alive",
            "X-Request-Id": uuid4().hex,
            **request.headers,
        }
        return requests.Request(
            request.method,
            self.origin + checked_path(request.path),
            params=request.params,
            json=request.json,
            data=form and {name: value.reveal() for name, value in form.items()},
            headers=headers,
            auth=_Signature(self._sign()),
        ).prepare()

    def _adapter(self) -> Adapter:
        """Return this thread's own; after a fork, the child makes others."""
        key = os.getpid(), threading.get_ident()
        return self._kept.get(key) or self._kept.setdefault(key, Adapter())

    def _exchange(
        self, adapter: Adapter, prepared: requests.PreparedRequest, call: Call
    ) -> Exchange:
        timeout = (min(CONNECT, self._deadline), self._deadline)
        try:
            response = adapter.send(prepared, stream=True, timeout=timeout)
        except _TROUBLE as trouble:
            return Exchange(phase=call.phase, error=_word(trouble, call.phase))
        try:
            return self._receive(response)
        finally:
            response.close()

    def _receive(self, response: requests.Response) -> Exchange:
        body, error = io.BytesIO(), ""
        headers = dict(response.headers.lower_items())
        try:
            for piece in decoded(_arriving(response), headers.get("content-encoding", "")):
                body.write(piece)
                if body.tell() > self._max_bytes:
                    body.truncate(self._max_bytes)
                    error = "too_large"
                    break
        except _TROUBLE as trouble:
            error = _word(trouble, Phase.HEADERS)
        return Exchange(
            phase=Phase.HEADERS if error else Phase.BODY,
            status=response.status_code,
            headers=headers,
            body=body.getvalue(),
            error=error,
        )


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


def _arriving(response: requests.Response) -> Iterator[bytes]:
    """Yield what each read gives: a larger read would lose its part of a body that is cut."""
    while piece := response.raw.read1(PIECE):
        yield piece


# -- trouble -------------------------------------------------------------------------------------

# requests' own exceptions are OSErrors.
_TROUBLE = (OSError, HTTPException, HTTPError, EOFError, zlib.error)

_WORDS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((gaierror,), "dns"),
    ((ssl.SSLCertVerificationError,), "certificate"),
    ((TimeoutError,), "deadline"),
    ((ConnectionRefusedError,), "refused"),
    ((ConnectionError,), "reset"),
    ((IncompleteRead, EOFError), "incomplete"),
    ((ssl.SSLError,), "tls"),
)


def _word(trouble: BaseException, phase: Phase) -> str:
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
