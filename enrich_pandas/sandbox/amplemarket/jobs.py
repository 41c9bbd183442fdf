"""Enrichment requests, the vendor's jobs: what each found, when it ends, and what it charges.

A job charges as it works: whole when it ends, or for what it has done when it is canceled. So a
client that dies has been charged all the same.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.amplemarket.objects import company, person
from enrich_pandas.sandbox.chance import rng_of
from enrich_pandas.sandbox.companies import Standing
from enrich_pandas.sandbox.identities import company_in, company_slug, email_in, page_in, slug_in
from enrich_pandas.sandbox.people import Fate
from enrich_pandas.sandbox.profiles import Profile
from enrich_pandas.sandbox.vendor import World

VENDOR = "amplemarket"
FOUND, EMAIL, PHONE = 0.5, 1.0, 1.0
DAY = 24 * 3600.0
LONGEST_PAUSE = 5  # seconds that a client is told to wait, at the most


@dataclass
class Result:
    """What was found for one lead, and what it costs: (what, credits)."""

    lead: Mapping[str, Any]
    status: str
    found: dict[str, Any] | None = None
    identity: str = ""
    dues: Sequence[tuple[str, float]] = ()


@dataclass
class Job:
    """One enrichment request."""

    id: int
    kind: str
    results: Sequence[Result]
    order: Sequence[int]
    began: float
    seconds: float
    path: str = ""
    charges: Sequence[tuple[int, str, float]] = ()
    canceled: int | None = None  # how many results there are of a canceled one
    may_ask: float = 0.0  # before that a client was told to wait

    @property
    def left(self) -> float:
        """Seconds until it ends."""
        return max(0.0, self.began + self.seconds - time.monotonic())

    @property
    def done(self) -> int:
        """How many leads it has worked through."""
        if not self.seconds:
            return len(self.results)
        return int(len(self.results) * (1 - self.left / self.seconds))

    @property
    def status(self) -> str:
        """Its status, in the vendor's words."""
        if self.canceled is not None:
            return "canceled"
        if not self.left:
            return "completed"
        return "processing" if self.done else "queued"

    @property
    def is_over(self) -> bool:
        """Whether its results can be read."""
        return self.status in ("completed", "canceled")

    def pause(self) -> int:
        """Return the seconds to tell a client to wait."""
        seconds = max(1, min(LONGEST_PAUSE, math.ceil(self.left)))
        self.may_ask = time.monotonic() + seconds
        return seconds

    def shown(self) -> list[Result]:
        """Return its results, in an order that is not that of the leads."""
        done = len(self.results) if self.canceled is None else self.canceled
        return [self.results[place] for place in self.order if place < done]


@dataclass
class Jobs:
    """The jobs of an account, and what was charged for whom."""

    world: World
    account: Account
    by_id: dict[int, Job] = field(default_factory=dict)
    _charged: dict[tuple[str, str], float] = field(default_factory=dict)

    def start(self, kind: str, path: str, results: Sequence[Result]) -> Job | None:
        """Start a job, or return None where the account cannot pay for it."""
        charges = list(self._due(results))
        if not self.account.pay(sum(amount for _, _, amount in charges)):
            return None
        number = len(self.by_id) + 1
        rng = rng_of(self.world.options.seed, "job", kind, str(number))
        order = list(range(len(results)))
        rng.shuffle(order)
        seconds = rng.uniform(*self.world.options.job_seconds)
        job = Job(number, kind, results, order, time.monotonic(), seconds, path, charges)
        self.by_id[number] = job
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._charge, job)
        else:
            self._charge(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job that runs; what it has found is kept, and charged."""
        if not job.is_over:
            job.canceled = job.done
            self._charge(job)

    def _charge(self, job: Job) -> None:
        """Charge what a job has done, once, and give the rest back."""
        charges, job.charges = job.charges, ()
        for place, identity, amount in charges:
            if job.canceled is None or place < job.canceled:
                self.world.ledger.charge(VENDOR, job.path, identity, amount)
            else:
                self.account.spent -= amount

    def _due(self, results: Sequence[Result]) -> Iterator[tuple[int, str, float]]:
        """Yield what is charged: a person at most once in 24 hours, an e-mail or phone once."""
        now = time.monotonic()
        for place, result in enumerate(results):
            for what, amount in result.dues:
                key = what, result.identity
                until = self._charged.get(key, -math.inf)
                if now >= until:
                    self._charged[key] = now + DAY if what == "found" else math.inf
                    yield place, result.identity, amount

    # -- looking up ----------------------------------------------------------------------------

    def find_person(self, lead: Mapping[str, Any], *, email: bool, phones: bool) -> Result:
        """Look a lead up."""
        identity = _person_of(lead)
        fate, profile = self.world.people.find(identity, VENDOR)
        if fate is Fate.REDACTED:
            return Result(lead, "gdpr_removed")
        if fate is not Fate.FOUND or profile is None:
            return Result(lead, "not_found")
        return self._found(lead, profile, email=email, phones=phones)

    def _found(
        self, lead: Mapping[str, Any], profile: Profile, *, email: bool, phones: bool
    ) -> Result:
        employer = profile.jobs[0].company if profile.jobs else None
        firm = self.world.companies.firm(company_slug(employer)) if employer else None
        found = person(profile, firm, email=email, phones=phones)
        dues = [("found", FOUND)]
        dues += [("email", EMAIL)] if found["email"] else []
        dues += [("phone", PHONE)] if found["phone_numbers"] else []
        return Result(lead, "enriched", found, self.world.people.person(profile.slug), dues)

    def find_company(self, lead: Mapping[str, Any]) -> Result:
        """Look a company up."""
        slug = _company_of(lead)
        if slug is None or self.world.companies.standing(slug, VENDOR) is Standing.MISSING:
            return Result(lead, "not_found")
        found = company(self.world.companies.firm(slug))
        return Result(lead, "enriched", found, f"company {slug}", [("found", FOUND)])


def _person_of(lead: Mapping[str, Any]) -> str:
    """Return the slug or address that a lead is known by."""
    if url := lead.get("linkedin_url") or lead.get("linkedin_id"):
        return slug_in(str(url)) or slug_in(f"https://www.linkedin.com/in/{url}") or str(url)
    if email := email_in(str(lead.get("email") or "")):
        return email
    words = f"{lead.get('name') or lead.get('title')}".split()
    return "-".join([company_slug(word) for word in words] + ["example"])


def _company_of(lead: Mapping[str, Any]) -> str | None:
    if url := lead.get("linkedin_url"):
        return page_in(str(url))
    if domain := lead.get("domain"):
        return company_in(str(domain))
    return company_slug(str(lead["name"])) if lead.get("name") else None
