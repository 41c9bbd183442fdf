"""A conversation with a flow: no network, no clock, no thread."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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

Result = TypeVar("Result")
Vendor = Callable[[Request], Response]

MOST = 1_000  # steps; a flow that takes more is taken for an endless one
CLOCK = time.time() + 86_400.0  # later than anything that was sent


@dataclass(slots=True, kw_only=True)
class Conversation:
    """What a flow asked, what it was answered, and what it made of it.

    Attributes
    ----------
    requests, responses
        Of the flow itself, in order.
    looks
        Requests of the provider's `listing`, one look at each `WaitForJob`.
    pauses
        The waits that were skipped.
    matches
        What the flow returned. Where it raised `Unfinished`, the whole batch is pending.
    is_unfinished
        Whether it did.
    """

    requests: list[Request] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    looks: list[Request] = field(default_factory=list)
    pauses: list[Wait | WaitForJob] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    is_unfinished: bool = False

    @property
    def billed(self) -> list[Request]:
        """The requests that may cost something."""
        return [request for request in self.requests if request.billed]

    @property
    def credits(self) -> float:
        """The credits that the matches say were paid."""
        return sum(match.credits for match in self.matches)

    @property
    def statuses(self) -> dict[Identity, Status]:
        """The status of each identity."""
        return {match.identity: match.status for match in self.matches}

    @property
    def models(self) -> dict[Identity, Model]:
        """The person or company of each identity that has one."""
        return {one.identity: one.model for one in self.matches if one.model is not None}


def drive(
    provider: Provider,
    kind: Kind,
    batch: Sequence[Identity],
    vendor: Vendor,
    *,
    lister: Vendor | None = None,
    most: int = MOST,
) -> Conversation:
    """Carry one flow from its first request to its matches, as the engine would, but at once.

    Parameters
    ----------
    provider, kind, batch
        Whose flow, and about whom.
    vendor
        Answers a request as the vendor would; `reply` makes its answers. An answer that is lost
        is ``Response(outcome=Outcome.UNKNOWN)``.
    lister
        Answers the requests of the provider's `listing`; by default the vendor does.
    most
        How many steps a flow may take.

    Returns
    -------
    Conversation
        Nothing is waited for: a `Wait` is skipped, and at an `WaitForJob` the provider's
        `listing` is asked once. An `Unfinished` flow leaves its batch pending.

    Raises
    ------
    RuntimeError
        The flow takes more steps than that.
    ProviderError
        As the flow raises it.

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
        talk.matches = _carried(provider.flow(kind, batch), answerer, most)
    except Unfinished as end:
        talk.is_unfinished = True
        talk.matches = [
            Match(identity=identity, status=Status.PENDING, reason=end.reason) for identity in batch
        ]
    return talk


def reply(body: Any = None, status: int = 200, headers: Mapping[str, str] = NOTHING) -> Response:
    """Make a vendor's answer; a body that is no bytes is encoded as JSON.

    Examples
    --------
    >>> answer = reply({"name": "Ada"})
    >>> answer.body, str(answer.outcome), str(reply(status=404).outcome)
    (b'{"name":"Ada"}', 'accepted', 'refused')
    """
    is_success = 200 <= status < 300  # noqa: PLR2004 - HTTP's class of answers
    return Response(
        status=status,
        headers={name.lower(): value for name, value in headers.items()},
        body=body if isinstance(body, bytes) else msgspec.json.encode(body),
        outcome=Outcome.ACCEPTED if is_success else Outcome.REFUSED,
    )


@dataclass(frozen=True, slots=True)
class _Answerer:
    """Answers each step of a flow."""

    provider: Provider
    kind: Kind
    vendor: Vendor
    lister: Vendor
    talk: Conversation

    def answer(self, step: Request | Wait | WaitForJob) -> Response:
        if isinstance(step, Request):
            response = self._asked(self.vendor, step)
            self.talk.requests.append(step)
            self.talk.responses.append(response)
            return response
        self.talk.pauses.append(step)
        if isinstance(step, WaitForJob):
            looking = self.provider.listing(self.kind, frozenset({step.job}))
            _carried(looking, self._look, MOST)
        return Response()

    def _look(self, step: Request | Wait | WaitForJob) -> Response:
        if not isinstance(step, Request):
            return Response()
        self.talk.looks.append(step)
        return self._asked(self.lister, step)

    def _asked(self, vendor: Vendor, request: Request) -> Response:
        response = vendor(request)
        sent = CLOCK + len(self.talk.requests) + len(self.talk.looks)
        return response if response.sent else replace(response, sent=sent)

    __call__ = answer


def _carried(
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
    raise RuntimeError(f"The flow goes on after {most} steps; its last was {step!r}.")


# -- A provider whose requests go to a server on this machine ------------------------------------


@contextmanager
def pointed_at(url: str, provider: str | Provider) -> Iterator[None]:
    """Send a provider's requests to a server of yours on this machine, for the length of a with.

    Everything else is as in a live run: real HTTP, the rate limit, the journal, the same columns.
    The journal is one of its own and gone at the end; the credentials are made up, unless the
    provider was given some; a budget is not asked for.

    Parameters
    ----------
    url
        Such as ``http://127.0.0.1:8000``: plain http, which goes to loopback and nowhere else.
    provider
        Its name, or the provider itself. Another one needs another ``with`` inside this.

    Raises
    ------
    ConfigurationError
        The address is not plain http.
    ProviderNotFoundError
        No provider has that name.

    Examples
    --------
    >>> with pointed_at("http://127.0.0.1:9", "crustdata"):
    ...     pass
    """
    if not url.startswith("http://"):
        raise ConfigurationError(
            "A provider is pointed at a server on this machine only.",
            cost="Nothing was sent.",
            todo="Give its address like http://127.0.0.1:8000.",
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
