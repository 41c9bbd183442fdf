"""What all endpoints of Amplemarket have in common.

Source: docs.amplemarket.com, ``errors.md``: the envelope ``_errors``, whose ``status`` is text, its
codes and ``source``. Not documented, and chosen here: the statuses of ``insufficient_credits``
(402) and of ``missing_field`` (422), and the codes of a 404 other than a person's and of a 429.
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
from enrich_pandas.emulators.vendor import EmulatedEndpoint, RefusedRequest, World, rendered
from enrich_pandas.emulators.wire import DroppedResponse, TruncatedResponse

# -- Enrichment requests, the vendor's jobs: how far each has come, and what it has charged ------
# A job works through its leads in their order and charges each as it does, whether anybody asks for
# it or not: a client that dies has been charged all the same. The first part of its time it is only
# queued. What the most of it may cost is kept back when it is started.

DAY = 24 * 3600.0
_QUEUED = 0.2  # share of a job's time before it starts
_TICK = 0.05  # seconds between a job's looks at the clock, at the least


@dataclass
class AmplemarketJob:
    """One enrichment request."""

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
        """Whether its results can be read."""
        return self.stopped is not None or self.worked == len(self.results)

    def status(self, now: float) -> str:
        """Return its status, in the vendor's words."""
        if self.is_over:
            return self.stopped or "completed"
        return "processing" if now - self.began >= _QUEUED * self.seconds else "queued"

    def left(self, now: float) -> float:
        """Return the seconds until it ends."""
        return max(0.0, self.began + self.seconds - now)

    def due(self, now: float) -> int:
        """Return how many leads it should have worked through."""
        if not self.left(now):
            return len(self.results)
        worked = max(0.0, (now - self.began) / self.seconds - _QUEUED) / (1 - _QUEUED)
        return int(len(self.results) * worked + 1e-9)  # three tenths are a bit less

    def shown(self) -> list[LeadResult]:
        """Return its results so far, in an order that is not that of the leads."""
        return [self.results[place] for place in self.order if place < self.worked]


@dataclass
class AmplemarketJobs:
    """The jobs of an account, what was charged for whom, and who was told to wait."""

    world: World
    account: VendorAccount
    by_id: dict[int, AmplemarketJob] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    _charged: dict[tuple[str, str], float] = field(default_factory=dict)

    def start(self, kind: str, path: str, results: Sequence[LeadResult]) -> AmplemarketJob | None:
        """Start a job, or return None where the account cannot pay for it."""
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
        """Stop a job that runs; what it has found is kept, and charged."""
        self.advance(job)
        if not job.is_over:
            self._stop(job, "canceled")

    def advance(self, job: AmplemarketJob) -> None:
        """Let a job do and charge what it should have done by now."""
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
        """Charge a single look-up, or return False where the account cannot pay for it."""
        if is_paid := self.account.pay(self._cost([result])):
            self._charge(path, result)
        return is_paid

    def rng(self, *parts: str) -> random.Random:
        """Return the generator of something of this vendor's."""
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
        """Return what results cost now, were nobody charged in the meantime."""
        now = self.account.clock()
        due = {(what, result.subject): amount for result in results for what, amount in result.dues}
        return sum(amount for key, amount in due.items() if self._is_due(key, now))

    def _charge(self, path: str, result: LeadResult) -> float:
        """Charge a result: a person at most once in 24 hours, an e-mail or a phone once."""
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
    # By chance a few leads may keep their order, which would hide a client that relies on it.
    return order[::-1] if order == sorted(order) else order


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
        "unavailable_for_legal_reasons": (451, "The person's data was removed for legal reasons."),
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

    def refuse_at(self, kind: str, about: str, **source: str) -> RefusedRequest:
        """Make the refusal to raise, with the ``pointer`` or ``parameter`` that is at fault."""
        status, message = self.refusals[kind]
        body = self._envelope(kind, message.replace("{}", about), source)
        return RefusedRequest(rendered(body, status, self.headers(0.0)))

    def _envelope(self, kind: str, detail: str, source: Mapping[str, str]) -> Any:
        status, code = self.refusals[kind][0], self.codes.get(kind, kind)
        title = code.replace("_", " ").title()
        error = {"status": str(status), "code": code, "title": title, "detail": detail}
        return {"_errors": [{**error, **({"source": source} if source else {})}]}


class RetryAfterEndpoint(AmplemarketEndpoint):
    """An endpoint that tells when to ask again, and marks the request of who asks earlier.

    The document asks to respect ``Retry-After`` and does not say what happens otherwise. Nothing
    is refused here; ``fault`` of such a request is ``"early"`` in `Sandbox.requests`.
    """

    async def _serve(self, request: Request, visit: LoggedRequest) -> Response:
        told, question = self.jobs.told, self._question(request)
        is_early = request.method == "GET" and self.account.clock() < told.get(question, 0.0)
        try:
            response = await super()._serve(request, visit)
        finally:
            if is_early and visit.fault is None:
                visit.fault = EARLY
        pause = response.headers.get("retry-after", "")
        if isinstance(response, DroppedResponse | TruncatedResponse):
            pass  # what never arrived has told nobody anything
        elif pause.isdecimal():
            told[question] = self.account.clock() + int(pause)
        elif response.status_code == HTTPStatus.OK:
            told.pop(question, None)
        return response

    def _question(self, request: Request) -> str:
        """Return what counts as asking the same again."""
        return f"{request.url.path}?{request.url.query}"


def retry_after_seconds(left: float, longest: int = 5) -> str:
    """Return a ``Retry-After``: whole seconds, one at least.

    >>> seconds_to_tell(0.2), seconds_to_tell(2.1), seconds_to_tell(60)
    ('1', '3', '5')
    """
    whole = int(-(-left // 1))
    return str(max(1, min(longest, whole)))


# -- The bodies that start an enrichment request, checked as the documents say -------------------
# Sources: docs.amplemarket.com, ``people-enrichment/start-enrichment-request``, read 2026-11: the
# keys of a lead, of which no others are allowed; the older people document calls ``linkedin_url``
# ``linkedin_id``, so both are taken. The documents name both 10,000 and 100,000 leads as the most;
# 10,000 is enforced. Not documented, and chosen here: the keys of a company; an empty list, and a
# ``null`` for a text, are refused.

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
        """Whether it names somebody: a name or a title goes with a company."""
        is_named = (self.name or self.title) and (self.company_domain or self.company_name)
        return bool(is_named or self.email or self.linkedin_url or self.linkedin_id)


class _Company(msgspec.Struct, forbid_unknown_fields=True):
    linkedin_url: _Text = UNSET
    domain: _Text = UNSET
    name: _Text = UNSET

    @property
    def is_enough(self) -> bool:
        """Whether it names a company."""
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
    """Return the leads, and whether e-mails and phones are to be revealed."""
    asked: _People = _decoded(service, body, _people)
    leads = _checked(service, asked.leads, "leads")
    return leads, asked.reveal_email, asked.reveal_phone_numbers


def read_companies(service: AmplemarketEndpoint, body: bytes) -> Sequence[Mapping[str, str]]:
    """Return the companies."""
    asked: _Companies = _decoded(service, body, _companies)
    return _checked(service, asked.companies, "companies")


def _decoded(service: AmplemarketEndpoint, body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(service, str(error)) from None
    except msgspec.DecodeError:
        raise service.refuse_at("unsupported_value", "the body is not JSON", pointer="/") from None


def _invalid(service: AmplemarketEndpoint, message: str) -> RefusedRequest:
    """Return the refusal of what does not fit; ``$.leads[3].email`` becomes its pointer."""
    problem, _, place = message.partition(" - at `$")
    pointer = place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
    kind = "missing_field" if "missing required field" in problem else "unsupported_value"
    return service.refuse_at(kind, problem, pointer=pointer or "/")


def _checked(
    service: AmplemarketEndpoint, asked: Sequence[_Lead | _Company], name: str
) -> Sequence[Mapping[str, str]]:
    if not asked or len(asked) > MOST:
        detail = f"Number of {name} exceeds {MOST} limit" if asked else f"{name} is empty"
        raise service.refuse_at("unsupported_value", detail, pointer=f"/{name}")
    for place, one in enumerate(asked):
        if not one.is_enough:
            raise service.refuse_at("missing_field", f"{name}", pointer=f"/{name}/{place}")
    plain: Sequence[Mapping[str, str]] = msgspec.to_builtins(asked)
    return plain
