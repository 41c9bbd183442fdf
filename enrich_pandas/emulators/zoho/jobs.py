"""Zoho's jobs and the ``enriched_data`` in them.

Sources:

- The people and organization documents. Their sample of the people details (``start_period``,
  industries as text) is the shape of version 7.
- The vendor's OpenAPI description and SDK: the statuses RUNNING and UPDATED, and the shape of
  version 8 (``start_date``, industries with a description).

Not documented, so chosen: how long a job is SCHEDULED and RUNNING. The status of a job follows from
the clock when it is read.
"""

import bisect
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from enrich_pandas.emulators.companies import CompanyCoverage, FakeCompany
from enrich_pandas.emulators.identities import company_in, company_slug, email_in, slug_in
from enrich_pandas.emulators.people import FakeJob, FakePerson, FakeSchool, PersonCoverage
from enrich_pandas.emulators.pools import rng_of
from enrich_pandas.emulators.vendor import World

# -- The enriched data ---------------------------------------------------------------------------


def person(profile: FakePerson, *, is_new: bool) -> dict[str, Any]:
    """Return the ``enriched_data`` of a person."""
    job = profile.jobs[0] if profile.jobs else None
    emails = [("PROFESSIONAL", one.email) for one in profile.business_emails]
    emails += [("PERSONAL", one.email) for one in profile.personal_emails]
    address = {
        "continent": profile.continent,
        "country": profile.country,
        "name": profile.place,
        "region": profile.region,
        "primary": True,
    }
    return {
        "website": job.domain if job else None,
        "email_infos": [{"type": kind, "email": email} for kind, email in emails],
        "gender": None,
        "company_info": {
            "name": job.company if job else None,
            "industries": _industries(["Software"] if job else [], is_new=is_new),
            "experiences": [
                _experience(one, is_new=is_new) for one in (*profile.jobs, *profile.past_jobs)
            ],
        },
        "last_name": profile.last,
        "middle_name": None,
        "first_name": profile.first,
        "name": profile.name,
        "educations": [_education(school) for school in profile.schools],
        "skills": list(profile.skills) or None,
        "interests": list(profile.open_to),
        "other_contacts": list(profile.phones[2:]),
        "primary_contact": profile.phones[0] if profile.phones else None,
        "secondary_contact": profile.phones[1] if len(profile.phones) > 1 else None,
        "primary_email": emails[0][1] if emails else None,
        "designation": job.title if job else None,
        "address_list_info": [address],
        "primary_address_info": address,
        "id": f"{profile.id:x}",
        "social_media": _media(profile, is_new=is_new),
    }


def organization(firm: FakeCompany, *, is_new: bool) -> dict[str, Any]:
    """Return the ``enriched_data`` of an organization."""
    place = {
        "country": firm.country,
        "city": firm.city,
        "pin_code": None,
        "state": firm.region,
        "fill_address": firm.headquarters,
    }
    return {
        "org_status": "Acquired" if firm.acquired else "Active",
        "description": [{"title": "About", "description": firm.description}],
        "ceo": None,
        "secondary_email": None,
        "revenue": "{}-{}".format(*firm.revenue) if firm.revenue else None,
        "years_in_industry": firm.founded and str(2026 - int(firm.founded[:4])),
        "other_contacts": [],
        "techno_graphic_data": "Nginx, PostgreSQL",
        "logo": f"https://img.example.com/firms/{firm.id}.png",
        "secondary_contact": None,
        "id": f"{firm.id:x}",
        "other_emails": [],
        "sign_in": f"https://{firm.domain}/in",
        "website": firm.domain,
        "address": [{**place, "fill_address": office} for office in firm.offices],
        "sign_up": f"https://{firm.domain}/up",
        "org_type": firm.kind,
        "head_quarters": [place],
        "no_of_employees": firm.size,
        "territory_list": [firm.country],
        "founding_year": firm.founded and firm.founded[:4],
        "industries": _industries(list(firm.industries), is_new=is_new),
        "name": firm.name,
        "primary_email": f"info@{firm.domain}",
        "business_model": ["B2B"],
        "primary_contact": None,
        "social_media": [
            {
                "media_type": "LINKEDIN" if is_new else "linkedin.com",
                "media_url": [firm.page],
            }
        ],
    }


def _industries(names: list[str], *, is_new: bool) -> list[Any]:
    return [{"name": name, "description": None} for name in names] if is_new else list(names)


def _experience(job: FakeJob, *, is_new: bool) -> dict[str, Any]:
    start, end = ("start_date", "end_date") if is_new else ("start_period", "end_period")
    return {
        "company_name": job.company,
        "title": job.title,
        "primary": job.is_default,
        start: job.start and job.start[:4],
        end: job.end and job.end[:4],
    }


def _education(school: FakeSchool) -> dict[str, Any]:
    return {
        "school_name": school.name,
        "majors": [school.subject] if school.subject else None,
        "degrees": [school.degree] if school.degree else None,
    }


def _media(profile: FakePerson, *, is_new: bool) -> list[dict[str, Any]]:
    media = {"linkedin": f"https://www.linkedin.com/in/{profile.slug}"}
    if profile.twitter:
        media["twitter"] = f"https://twitter.com/{profile.twitter}"
    return [
        {"media_type": name.upper() if is_new else f"{name}.com", "media_url": [url]}
        for name, url in media.items()
    ]


# -- Jobs ----------------------------------------------------------------------------------------

KINDS = ("people", "org")
STATUSES = ("COMPLETED", "SCHEDULED", "FAILED", "RUNNING", "DATA_NOT_FOUND", "UPDATED")
AT_WORK, DONE = ("SCHEDULED", "RUNNING"), ("COMPLETED", "UPDATED")
CREATOR = {"id": "111111000000050755", "name": "Api Example"}
_SITE = re.compile(r"^(https?://)?(www\.)?", re.IGNORECASE)  # a sample of the document has www.…
_FIRST = 1941874000003019000


@dataclass
class ZohoJob:
    """One job. ``data`` is None for a miss; a fault can set ``ends``, the final status."""

    id: str
    based_on: Mapping[str, Any]
    data: dict[str, Any] | None
    created: float
    began: float
    seconds: float
    ends: str | None = None

    @property
    def status(self) -> str:
        """The status at present."""
        if self.ends in AT_WORK:
            return str(self.ends)
        passed = time.monotonic() - self.began
        if passed < self.seconds:
            return "SCHEDULED" if passed < self.seconds / 4 else "RUNNING"
        return self.ends or ("DATA_NOT_FOUND" if self.data is None else "COMPLETED")

    def listed(self) -> dict[str, Any]:
        """Return the job as in the list of jobs."""
        created = datetime.fromtimestamp(self.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "id": self.id,
            "status": self.status,
            "created_time": created,
            "created_by": CREATOR,
        }

    def whole(self) -> dict[str, Any]:
        """Return the job as ``GET …/{id}`` shows it."""
        status = self.status
        return {
            "id": self.id,
            "enrich_based_on": self.based_on,
            "status": status,
            "enriched_data": self.data if status in DONE else None,
        }


@dataclass
class ZohoJobs:
    """The jobs of one kind, in the order of their creation."""

    world: World
    kind: str
    made: list[ZohoJob] = field(default_factory=list)

    def start(self, based_on: Mapping[str, Any], version: str, ends: str | None = None) -> ZohoJob:
        """Schedule a job."""
        number = len(self.made)
        rng = rng_of(self.world.options.seed, "zoho", self.kind, str(number))
        job = ZohoJob(
            id=str(_FIRST + KINDS.index(self.kind) * 10**9 + number),
            based_on=based_on,
            data=self._found(based_on, is_new=version != "v7"),
            created=time.time(),
            began=time.monotonic(),
            seconds=rng.uniform(*self.world.options.job_seconds),
            ends=ends,
        )
        self.made.append(job)
        return job

    def find(self, number: str) -> ZohoJob | None:
        """Return a job by its id, or None."""
        place = bisect.bisect_left(self.made, number, key=lambda job: job.id)
        found = self.made[place : place + 1]
        return found[0] if found and found[0].id == number else None

    def _found(self, based_on: Mapping[str, Any], *, is_new: bool) -> dict[str, Any] | None:
        if self.kind == "org":
            return self._organization(based_on, is_new=is_new)
        coverage, profile = self.world.people.find(identity_of(based_on), "zoho")
        if coverage is not PersonCoverage.FOUND or profile is None:
            return None
        return person(profile, is_new=is_new)

    def _organization(self, based_on: Mapping[str, Any], *, is_new: bool) -> dict[str, Any] | None:
        slug = organization_of(based_on)
        if slug is None or self.world.companies.coverage(slug, "zoho") is CompanyCoverage.MISSING:
            return None
        return organization(self.world.companies.firm(slug), is_new=is_new)


def identity_of(based_on: Mapping[str, Any]) -> str:
    """Return the identity of a person by e-mail, else by LinkedIn, else by name."""
    if email := email_in(str(based_on.get("email") or "")):
        return email
    handle = str((based_on.get("social") or {}).get("linkedin") or "")
    # The document's sample has "linkedin.com/zoho", without /in/.
    path = handle.removeprefix("https://").removeprefix("www.").removeprefix("linkedin.com/")
    if slug := slug_in(handle) or slug_in(f"https://linkedin.com/in/{path.removeprefix('in/')}"):
        return slug
    words = str(based_on.get("name") or handle or "person").split()
    return "-".join([*(company_slug(word) for word in words), "example"])


def organization_of(based_on: Mapping[str, Any]) -> str | None:
    """Return the slug of an organization by website, else by e-mail, else by name."""
    email = str(based_on.get("email") or "")
    site = based_on.get("website") or email.rpartition("@")[2]
    host = _SITE.sub("", str(site)).partition("/")[0]
    return company_in(host) if host else company_slug(str(based_on.get("name")))
