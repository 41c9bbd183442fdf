"""Run the flow of a provider without network, clock and threads, or against a local server."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import msgspec

from enrich_pandas.engine.context import current_environment, use_environment
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.models import Model
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import (
    NOTHING,
    Identity,
    Kind,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Secret,
    Status,
    Unfinished,
    Wait,
    WaitForJob,
)
from enrich_pandas.providers.records import Record, read_models

Result = TypeVar("Result")
Vendor = Callable[[Request], Response]

MOST = 1_000  # steps of a flow; one that takes more is considered endless
CLOCK = time.time() + 86_400.0  # later than any real request


@dataclass(slots=True, kw_only=True)
class Conversation:
    """The requests of a flow, its answers and its matches.

    Attributes
    ----------
    requests : list of Request
        Requests of the flow, in order.
    responses : list of Response
        Their answers.
    looks : list of Request
        Requests of the provider's `listing`, which runs once for each `WaitForJob`.
    pauses : list of Wait or WaitForJob
        Waits that were skipped.
    matches : list of Match
        Matches that the flow returned. If it raised `Unfinished`, the whole batch is pending.
    is_unfinished : bool
        Whether the flow raised `Unfinished`.
    """

    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    looks: list[Request] = field(default_factory=list)
    pauses: list[Wait | WaitForJob] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    is_unfinished: bool = False

    @property
    def billed(self) -> list[Request]:
        """The requests that are billed."""
        return [request for request in self.requests if request.billed]

    @property
    def credits(self) -> float:
        """The sum of the matches' credits."""
        return sum(match.credits for match in self.matches)

    @property
    def statuses(self) -> dict[Identity, Status]:
        """The status of each identity."""
        return {match.identity: match.status for match in self.matches}

    @property
    def models(self) -> dict[Identity, Model]:
        """The person or company of each matched identity."""
        found = {one.identity: one.model for one in self.matches if one.model is not None}
        records = {key: one for key, one in found.items() if isinstance(one, Record)}
        models = dict(zip(records, read_models(records.values()), strict=True))
        return {key: models[key] if isinstance(one, Record) else one for key, one in found.items()}


def drive(
    provider: Provider,
    kind: Kind,
    batch: Sequence[Identity],
    vendor: Vendor,
    *,
    lister: Vendor | None = None,
    most: int = MOST,
) -> Conversation:
    """Run one flow from its first request to its matches, without any wait.

    A `Wait` is skipped. For a `WaitForJob`, the provider's `listing` runs once. If the flow raises
    `Unfinished`, its batch is pending.

    Parameters
    ----------
    provider : Provider
        Provider of the flow.
    kind : {"people", "companies"}
        Kind of the identities.
    batch : sequence of Identity
        Identities to request.
    vendor : callable
        Answers a `Request` with a `Response` as the vendor would; `reply` makes one. A lost answer
        is ``Response(outcome=Outcome.UNKNOWN)``.
    lister : callable, optional
        Answers the requests of the provider's `listing`. By default ``vendor`` does.
    most : int, default 1000
        Largest number of steps.

    Returns
    -------
    Conversation

    Raises
    ------
    RuntimeError
        The flow takes more than ``most`` steps.
    ProviderError
        The flow raises one.

    Examples
    --------
    >>> from enrich_pandas.providers.base import Identity
    >>> from enrich_pandas.providers.crustdata import Crustdata
    >>> ada = Identity.of(email="ada@example.com")
    >>> talk = drive(Crustdata(), "people", [ada], lambda request: reply([], status=404))
    >>> [request.path for request in talk.requests], list(talk.models)
    (['/person/enrich'], [])
    """
    talk = Conversation()
    try:
        answerer = _Answerer(provider, kind, vendor, lister or vendor, talk)
        talk.matches = _run_flow(provider.flow(kind, batch), answerer, most)
    except Unfinished as end:
        talk.is_unfinished = True
        talk.matches = [
            Match(identity=identity, status=Status.PENDING, reason=end.reason) for identity in batch
        ]
    return talk


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] = NOTHING) -> Response:
    """Return a vendor's answer.

    Parameters
    ----------
    body : bytes or any JSON value
        Body of the answer. A value that is not bytes is encoded as JSON.
    status : int, default 200
        HTTP status. The outcome is ``accepted`` for 200 to 299, else ``refused``.
    headers : mapping of str to str
        Headers of the answer.

    Returns
    -------
    Response

    Examples
    --------
    >>> answer = reply({"name": "Ada"})
    >>> answer.body, str(answer.outcome), str(reply(status=404).outcome)
    (b'{"name":"Ada"}', 'accepted', 'refused')
    """
    is_success = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    return Response(
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        body=body if isinstance(body, bytes) else msgspec.json.encode(body),
        outcome=Outcome.ACCEPTED if is_success else Outcome.REFUSED,
    )


@dataclass(frozen=True, slots=True)
class _Answerer:
    """Answer each step of a flow and record it."""

    provider: Provider
    kind: Kind
    vendor: Vendor
    lister: Vendor
    talk: Conversation

    def answer(self, step: Request | Wait | WaitForJob) -> Response:
        if isinstance(step, Request):
            response = self._answered(self.vendor, step)
            self.talk.requests.append(step)
            self.talk.responses.append(response)
            return response
        self.talk.pauses.append(step)
        if isinstance(step, WaitForJob):
            looking = self.provider.listing(self.kind, frozenset({step.job}))
            _run_flow(looking, self._look, MOST)
        return Response()

    def _look(self, step: Request | Wait | WaitForJob) -> Response:
        if not isinstance(step, Request):
            return Response()
        self.talk.looks.append(step)
        return self._answered(self.lister, step)

    def _answered(self, vendor: Vendor, request: Request) -> Response:
        response = vendor(request)
        sent = CLOCK + len(self.talk.requests) + len(self.talk.looks)
        return response if response.sent else replace(response, sent=sent)

    __call__ = answer


def _run_flow(
    flow: Generator[Any, Response, Result],
    answer: Callable[[Any], Response],
    most: int,
) -> Result:
    try:
        step = next(flow)
        for _ in range(most):
            step = flow.send(answer(step))
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError(f"The flow goes on after {most} steps. The last one was {step!r}.")


@contextmanager
def pointed_at(url: str, provider: str | Provider) -> Iterator[None]:
    """Send a provider's requests to a server on this machine, inside a ``with`` block.

    All else is as in a live run: HTTP, the rate limit, the journal and the columns. The journal is
    a temporary one, the credentials are made up unless the provider has its own, and no budget is
    needed.

    Parameters
    ----------
    url : str
        Address of the server, such as ``http://127.0.0.1:8000``. Plain http is sent to loopback
        only.
    provider : str or Provider
        Name of the provider, or the provider. Use one ``with`` for each provider.

    Yields
    ------
    None

    Raises
    ------
    ConfigurationError
        The address does not start with ``http://``.
    ProviderNotFoundError
        No provider has this name.

    Examples
    --------
    >>> with pointed_at("http://127.0.0.1:9", "crustdata"):
    ...     pass
    """
    if not url.startswith("http://"):
        raise ConfigurationError(
            f"url={url!r} does not name a server on this machine.",
            todo="Use plain http, such as http://127.0.0.1:8000.",
        )
    found, outer = find_provider(provider), current_environment()
    made_up = {name: Secret(f"made-up-{name}") for name in found.credentials}
    with TemporaryDirectory() as folder:
        environment = replace(
            outer,
            realm="testing" if outer.paid else outer.realm,
            origins={**outer.origins, found.name: url.rstrip("/")},
            secrets={**outer.secrets, found.name: made_up},
            journal=Path(folder) / "journal.sqlite" if outer.paid else outer.journal,
            paid=False,
        )
        with use_environment(environment):
            yield
