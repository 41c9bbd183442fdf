"""Amplemarket's jobs, errors and request bodies, which all endpoints share.

Sources:

- docs.amplemarket.com, ``errors.md``: the envelope ``_errors`` with a text ``status``, the codes
  and ``source``.
- docs.amplemarket.com, ``people-enrichment/start-enrichment-request``, read 2026-11: the keys of a
  lead, with no others allowed. The older people document names ``linkedin_url`` ``linkedin_id``,
  so both are accepted. The documents name 10,000 and 100,000 as the largest number of leads;
  10,000 is enforced.

Not documented, so chosen: the statuses of ``insufficient_credits`` (402) and of ``missing_field``
(422); the codes of a 429, and of a 404 other than a person's; the keys of a company; an empty list
and a ``null`` for a text are refused; how long a job is queued.
"""

import asyncio
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from enrich_pandas.emulators.account import LoggedRequest, VendorAccount
from enrich_pandas.emulators.amplemarket.lookup import VENDOR, LeadResult
from enrich_pandas.emulators.pools import rng_of
from enrich_pandas.emulators.vendor import (
    EmulatedEndpoint,
    RefusedRequest,
    World,
    json_response,
)
from enrich_pandas.emulators.wire import DroppedResponse, TruncatedResponse

# -- Jobs ----------------------------------------------------------------------------------------

DAY = 24 * 3600.0
_QUEUED = 0.2  # the share of its time that a job is queued
_TICK = 0.05  # the shortest time between two steps of a job, in seconds


@dataclass
class AmplemarketJob:
    """One enrichment request of the vendor's.

    After a time in the queue, a job processes its leads in order and charges each. It does so
    without being polled, so a client that was killed is charged too. ``kept_back`` is the maximum
    cost of the leads that are not processed yet; the account reserves it.
    """

    id: int
    kind: str
    path: str
    results: Sequence[LeadResult]
    order: Sequence[int]
    began: float
    seconds: float
    kept_back: float = 0.0
    worked: int = 0
    stopped: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, so that its results can be read."""
        return self.stopped is not None or self.worked == len(self.results)

    def status(self, now: float) -> str:
        """Return the status in the vendor's words."""
        if self.is_over:
            return self.stopped or "completed"
        return "processing" if now - self.began >= _QUEUED * self.seconds else "queued"

    def left(self, now: float) -> float:
        """Return the seconds until the job ends."""
        return max(0.0, self.began + self.seconds - now)

    def due(self, now: float) -> int:
        """Return how many leads the job should have processed."""
        if not self.left(now):
            return len(self.results)
        worked = max(0.0, (now - self.began) / self.seconds - _QUEUED) / (1 - _QUEUED)
        return int(len(self.results) * worked + 1e-9)  # corrects the rounding of binary fractions

    def shown(self) -> list[LeadResult]:
        """Return the results so far, in another order than the leads."""
        return [self.results[place] for place in self.order if place < self.worked]


@dataclass
class AmplemarketJobs:
    """The jobs of an account, its charges, and the times from ``Retry-After``.

    ``retry_after`` maps a request to the time of the next one that is not early.
    """

    world: World
    account: VendorAccount
    by_id: dict[int, AmplemarketJob] = field(default_factory=dict)
    retry_after: dict[str, float] = field(default_factory=dict)
    _charged: dict[tuple[str, str], float] = field(default_factory=dict)

    def start(self, kind: str, path: str, results: Sequence[LeadResult]) -> AmplemarketJob | None:
        """Start a job, or return None if the balance is too low."""
        cost = self._cost(results)
        if not self.account.pay(cost):
            return None
        number = len(self.by_id) + 1
        rng = self.rng("job", kind, str(number))
        order = _shuffled(len(results), rng)
        seconds = rng.uniform(*self.world.options.job_seconds)
        job = AmplemarketJob(
            number, kind, path, results, order, self.account.clock(), seconds, cost
        )
        self.by_id[number] = job
        self._tick(job)
        return job

    def cancel(self, job: AmplemarketJob) -> None:
        """Cancel a running job. Its results so far are kept and charged."""
        self.advance(job)
        if not job.is_over:
            self._stop(job, "canceled")

    def advance(self, job: AmplemarketJob) -> None:
        """Process and charge the leads that are due by now."""
        due = job.due(self.account.clock())
        while job.worked < due and not job.stopped:
            result = job.results[job.worked]
            if result.breaks:
                self._stop(job, "error")
            else:
                job.kept_back -= self._charge(job.path, result)
                job.worked += 1
        if job.is_over:
            self._give_back(job)

    def charge(self, path: str, result: LeadResult) -> bool:
        """Charge a single request, or return False if the balance is too low."""
        if is_paid := self.account.pay(self._cost([result])):
            self._charge(path, result)
        return is_paid

    def rng(self, *parts: str) -> random.Random:
        """Return a random generator for this vendor, seeded by some texts."""
        return rng_of(self.world.options.seed, VENDOR, *parts)

    def _tick(self, job: AmplemarketJob) -> None:
        self.advance(job)
        if not job.is_over:
            pause = max(_TICK, job.seconds / len(job.results))
            pause = min(pause, job.left(self.account.clock()))
            asyncio.get_running_loop().call_later(pause, self._tick, job)

    def _stop(self, job: AmplemarketJob, how: str) -> None:
        job.stopped = how
        self._give_back(job)

    def _give_back(self, job: AmplemarketJob) -> None:
        self.account.spent -= job.kept_back
        job.kept_back = 0.0

    def _cost(self, results: Sequence[LeadResult]) -> float:
        """Return the cost of results at present."""
        now = self.account.clock()
        due = {(what, result.subject): amount for result in results for what, amount in result.dues}
        return sum(amount for key, amount in due.items() if self._is_due(key, now))

    def _charge(self, path: str, result: LeadResult) -> float:
        """Charge a person at most once in 24 hours, an e-mail address or a phone once."""
        now, total = self.account.clock(), 0.0
        for what, amount in result.dues:
            key = what, result.subject
            if self._is_due(key, now):
                self._charged[key] = now + DAY if what == "found" else math.inf
                total += amount
        self.world.ledger.charge(VENDOR, path, result.identity, total)
        return total

    def _is_due(self, key: tuple[str, str], now: float) -> bool:
        return now >= self._charged.get(key, -math.inf)


def _shuffled(count: int, rng: random.Random) -> list[int]:
    order = list(range(count))
    rng.shuffle(order)
    # A short list can keep its order by chance, which would hide a client that relies on it.
    return order[::-1] if order == sorted(order) else order


# -- Endpoints -----------------------------------------------------------------------------------

EARLY = "early"


class AmplemarketEndpoint(EmulatedEndpoint):
    """An endpoint of Amplemarket."""

    vendor = "amplemarket"
    scheme = "Bearer"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (401, "The API key is missing or not valid."),
        "out_of_credits": (402, "The account has not enough credits."),
        "person_not_found": (404, "The person could not be found."),
        "not_found": (404, "There is no such resource."),
        "unavailable_for_legal_reasons": (
            451,
            "The person's data was removed for legal reasons.",
        ),
        "missing_field": (422, "The field is missing: {}"),
        "unsupported_value": (400, "The value is not supported: {}"),
        "malformed": (400, "The value is not supported: {}"),
        "rate_limited": (429, "Too many requests."),
        "server_error": (500, "An internal error occurred."),
    }
    codes: ClassVar[Mapping[str, str]] = {
        "malformed": "unsupported_value",
        "out_of_credits": "insufficient_credits",
        "server_error": "internal_server_error",
        "rate_limited": "too_many_requests",
    }

    def __init__(self, world: World, account: VendorAccount, jobs: AmplemarketJobs) -> None:
        super().__init__(world, account)
        self.jobs = jobs

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        source = {"header": "Authorization"} if kind == "unauthorized" else {}
        return self._envelope(kind, message, source)

    def refuse_at(self, kind: str, detail: str, **source: str) -> RefusedRequest:
        """Return a refusal that names its cause by ``pointer`` or ``parameter``."""
        status, message = self.refusals[kind]
        body = self._envelope(kind, message.replace("{}", detail), source)
        return RefusedRequest(json_response(body, status, self.headers(0.0)))

    def _envelope(self, kind: str, detail: str, source: Mapping[str, str]) -> Any:
        status, code = self.refusals[kind][0], self.codes.get(kind, kind)
        title = code.replace("_", " ").title()
        error = {"status": str(status), "code": code, "title": title, "detail": detail}
        return {"_errors": [{**error, **({"source": source} if source else {})}]}


class RetryAfterEndpoint(AmplemarketEndpoint):
    """An endpoint that sends ``Retry-After`` and marks requests that do not respect it.

    The document asks clients to respect ``Retry-After``, and does not say what happens otherwise.
    An early request is answered; its ``fault`` in `Sandbox.requests` is ``"early"``.
    """

    async def _serve(self, request: Request, logged: LoggedRequest) -> Response:
        earliest, key = self.jobs.retry_after, self._request_key(request)
        now = self.account.clock()
        is_early = request.method == "GET" and now < earliest.get(key, 0.0)
        try:
            response = await super()._serve(request, logged)
        finally:
            if is_early and logged.fault is None:
                logged.fault = EARLY
        pause = response.headers.get("retry-after", "")
        if isinstance(response, DroppedResponse | TruncatedResponse):
            pass  # the client has not received the header
        elif pause.isdecimal():
            earliest[key] = self.account.clock() + int(pause)
        elif response.status_code == HTTPStatus.OK:
            earliest.pop(key, None)
        return response

    def _request_key(self, request: Request) -> str:
        """Return the key of requests that share one ``Retry-After``."""
        return f"{request.url.path}?{request.url.query}"


def retry_after_seconds(left: float, longest: int = 5) -> str:
    """Return a ``Retry-After`` in whole seconds, at least 1 and at most ``longest``.

    Examples
    --------
    >>> retry_after_seconds(0.2), retry_after_seconds(2.1), retry_after_seconds(60)
    ('1', '3', '5')
    """
    whole = int(-(-left // 1))
    return str(max(1, min(longest, whole)))


# -- The bodies of requests that start a job -----------------------------------------------------

MOST = 10_000
_Text = str | UnsetType


class _Lead(msgspec.Struct, forbid_unknown_fields=True):
    linkedin_url: _Text = UNSET
    linkedin_id: _Text = UNSET
    email: _Text = UNSET
    name: _Text = UNSET
    title: _Text = UNSET
    company_name: _Text = UNSET
    company_domain: _Text = UNSET

    @property
    def is_enough(self) -> bool:
        """Whether it identifies a person. A name or a title needs a company."""
        is_named = (self.name or self.title) and (self.company_domain or self.company_name)
        return bool(is_named or self.email or self.linkedin_url or self.linkedin_id)


class _Company(msgspec.Struct, forbid_unknown_fields=True):
    linkedin_url: _Text = UNSET
    domain: _Text = UNSET
    name: _Text = UNSET

    @property
    def is_enough(self) -> bool:
        """Whether it identifies a company."""
        return bool(self.domain or self.linkedin_url or self.name)


class _People(msgspec.Struct, forbid_unknown_fields=True):
    leads: list[_Lead]
    reveal_email: bool = False
    reveal_phone_numbers: bool = False


class _Companies(msgspec.Struct, forbid_unknown_fields=True):
    companies: list[_Company]


_people, _companies = msgspec.json.Decoder(_People), msgspec.json.Decoder(_Companies)


def read_people(
    service: AmplemarketEndpoint, body: bytes
) -> tuple[Sequence[Mapping[str, str]], bool, bool]:
    """Return the leads, and whether to reveal e-mail addresses and phone numbers."""
    decoded: _People = _decoded(service, body, _people)
    leads = _checked(service, decoded.leads, "leads")
    return leads, decoded.reveal_email, decoded.reveal_phone_numbers


def read_companies(service: AmplemarketEndpoint, body: bytes) -> Sequence[Mapping[str, str]]:
    """Return the companies."""
    decoded: _Companies = _decoded(service, body, _companies)
    return _checked(service, decoded.companies, "companies")


def _decoded(service: AmplemarketEndpoint, body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(service, str(error)) from None
    except msgspec.DecodeError:
        raise service.refuse_at("unsupported_value", "the body is not JSON", pointer="/") from None


def _invalid(service: AmplemarketEndpoint, message: str) -> RefusedRequest:
    """Return the refusal of an invalid body; ``$.leads[3].email`` becomes its pointer."""
    problem, _, place = message.partition(" - at `$")
    pointer = place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    kind = "missing_field" if "missing required field" in problem else "unsupported_value"
    return service.refuse_at(kind, problem, pointer=pointer or "/")


def _checked(
    service: AmplemarketEndpoint, items: Sequence[_Lead | _Company], name: str
) -> Sequence[Mapping[str, str]]:
    if not items or len(items) > MOST:
        detail = f"Number of {name} exceeds {MOST} limit" if items else f"{name} is empty"
        raise service.refuse_at("unsupported_value", detail, pointer=f"/{name}")
    for place, one in enumerate(items):
        if not one.is_enough:
            raise service.refuse_at("missing_field", f"{name}", pointer=f"/{name}/{place}")
    plain: Sequence[Mapping[str, str]] = msgspec.to_builtins(items)
    return plain
