"""Jobs: what each asks about, how it ends, and what it has found.

Source: the people and organization documents; the statuses RUNNING and UPDATED are of the vendor's
OpenAPI description. What a job's state is follows from the clock when it is looked at.
"""

import bisect
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from enrich_pandas.emulators.chance import rng_of
from enrich_pandas.emulators.companies import Standing
from enrich_pandas.emulators.identities import company_in, company_slug, email_in, slug_in
from enrich_pandas.emulators.people import Fate
from enrich_pandas.emulators.vendor import World
from enrich_pandas.emulators.zoho.data import organization, person

KINDS = ("people", "org")
STATUSES = ("COMPLETED", "SCHEDULED", "FAILED", "RUNNING", "DATA_NOT_FOUND", "UPDATED")
AT_WORK, DONE = ("SCHEDULED", "RUNNING"), ("COMPLETED", "UPDATED")
CREATOR = {"id": "111111000000050755", "name": "Api Example"}
_SITE = re.compile(r"^(https?://)?(www\.)?", re.IGNORECASE)  # a sample asks by www.…
_FIRST = 1941874000003019000


@dataclass
class Job:
    """One enrichment; ``data`` is None where nothing was found, ``ends`` is set by a fault."""

    id: str
    asked: Mapping[str, Any]
    data: dict[str, Any] | None
    created: float
    began: float
    seconds: float
    ends: str | None = None

    @property
    def status(self) -> str:
        """Its status now."""
        if self.ends in AT_WORK:
            return str(self.ends)
        passed = time.monotonic() - self.began
        if passed < self.seconds:
            return "SCHEDULED" if passed < self.seconds / 4 else "RUNNING"
        return self.ends or ("DATA_NOT_FOUND" if self.data is None else "COMPLETED")

    def listed(self) -> dict[str, Any]:
        """Return it as the list shows it."""
        created = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "id": self.id,
            "status": self.status,
            "created_time": created,
            "created_by": CREATOR,
        }

    def whole(self) -> dict[str, Any]:
        """Return it as its own address shows it."""
        status = self.status
        return {
            "id": self.id,
            "enrich_based_on": self.asked,
            "status": status,
            "enriched_data": self.data if status in DONE else None,
        }


@dataclass
class Jobs:
    """The jobs of one kind, in the order of their creation."""

    world: World
    kind: str
    made: list[Job] = field(default_factory=list)

    def start(self, asked: Mapping[str, Any], version: str, ends: str | None = None) -> Job:
        """Schedule a job."""
        number = len(self.made)
        rng = rng_of(self.world.options.seed, "zoho", self.kind, str(number))
        job = Job(
            id=str(_FIRST + KINDS.index(self.kind) * 10**9 + number),
            asked=asked,
            data=self._found(asked, is_new=version != "v7"),
            created=time.time(),
            began=time.monotonic(),
            seconds=rng.uniform(*self.world.options.job_seconds),
            ends=ends,
        )
        self.made.append(job)
        return job

    def find(self, number: str) -> Job | None:
        """Return a job by its id."""
        place = bisect.bisect_left(self.made, number, key=lambda job: job.id)
        found = self.made[place : place + 1]
        return found[0] if found and found[0].id == number else None

    def _found(self, asked: Mapping[str, Any], *, is_new: bool) -> dict[str, Any] | None:
        if self.kind == "org":
            return self._organization(asked, is_new=is_new)
        fate, profile = self.world.people.find(identity_of(asked), "zoho")
        if fate is not Fate.FOUND or profile is None:
            return None
        return person(profile, is_new=is_new)

    def _organization(self, asked: Mapping[str, Any], *, is_new: bool) -> dict[str, Any] | None:
        slug = organization_of(asked)
        if slug is None or self.world.companies.standing(slug, "zoho") is Standing.MISSING:
            return None
        return organization(self.world.companies.firm(slug), is_new=is_new)


def identity_of(asked: Mapping[str, Any]) -> str:
    """Return whom the values name: by e-mail, else by LinkedIn, else by name."""
    if email := email_in(str(asked.get("email") or "")):
        return email
    handle = str((asked.get("social") or {}).get("linkedin") or "")
    # "linkedin.com/zoho" is the sample's way to write one.
    path = handle.removeprefix("https://").removeprefix("www.").removeprefix("linkedin.com/")
    if slug := slug_in(handle) or slug_in(f"https://linkedin.com/in/{path.removeprefix('in/')}"):
        return slug
    words = str(asked.get("name") or handle or "somebody").split()
    return "-".join([*(company_slug(word) for word in words), "example"])


def organization_of(asked: Mapping[str, Any]) -> str | None:
    """Return which organization the values name: by website, else by name."""
    email = str(asked.get("email") or "")
    site = asked.get("website") or email.rpartition("@")[2]
    host = _SITE.sub("", str(site)).partition("/")[0]
    return company_in(host) if host else company_slug(str(asked.get("name")))
