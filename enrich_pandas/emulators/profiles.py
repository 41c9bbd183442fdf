"""A made-up person, in no vendor's shape, and how one is drawn.

Every domain is reserved (RFC 2606) and every phone number is of the fictional 555-01xx range.
"""

import random
from collections.abc import Sequence

import msgspec

from enrich_pandas.emulators.chance import day, maybe, some
from enrich_pandas.emulators.names import domain_of, slugged
from enrich_pandas.emulators.pools import (
    CERTIFICATES,
    DEGREES,
    HONORS,
    OPEN_TO,
    SKILLS,
    SUBJECTS,
    TITLES,
    VERIFICATIONS,
    Pool,
)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A position."""

    company: str | None = None
    domain: str | None = None
    company_id: int = 0
    network_id: str | None = None
    position_id: int | None = None
    title: str | None = None
    seniority: str | None = None
    function: str | None = None
    description: str | None = None
    location: str | None = None
    start: str | None = None
    end: str | None = None
    is_default: bool = False


class School(msgspec.Struct, frozen=True, kw_only=True):
    """An education."""

    name: str
    network_id: str | None = None
    degree: str | None = None
    subject: str | None = None
    start: int | None = None
    end: int | None = None
    activities: str | None = None


class Address(msgspec.Struct, frozen=True):
    """An e-mail address and what its verification said."""

    email: str
    status: str
    validated: str = ""
    job: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A person, in no vendor's shape. What a vendor may leave empty is None or an empty list."""

    slug: str
    id: int
    name: str
    first: str
    last: str
    headline: str | None = None
    summary: str | None = None
    city: str | None = None
    region: str | None = None
    country: str | None = None
    continent: str | None = None
    place: str | None = None
    connections: int | None = None
    followers: int | None = None
    joined: str | None = None
    updated: str | None = None
    twitter: str | None = None
    github: str | None = None
    picture: str | None = None
    languages: Sequence[str] = ()
    jobs: Sequence[Job] = ()
    past_jobs: Sequence[Job] = ()
    schools: Sequence[School] = ()
    skills: Sequence[str] = ()
    business_emails: Sequence[Address] = ()
    personal_emails: Sequence[Address] = ()
    phones: Sequence[str] = ()
    certifications: Sequence[str] = ()
    honors: Sequence[str] = ()
    open_to: Sequence[str] = ()
    verifications: Sequence[str] = ()

    @property
    def title(self) -> str | None:
        """Titles of the current positions in one text, as vendors join them."""
        return ", ".join(job.title for job in self.jobs if job.title) or None


def draw(rng: random.Random, slug: str, first: str, last: str, pool: Pool) -> Profile:
    """Draw the person of that slug and name, from that place."""
    extreme = rng.random() < 0.02  # noqa: PLR2004 - a rare thing: somebody with long lists
    jobs = [_job(rng, pool, current=True) for _ in range(some(rng, (0.05, 0.85, 0.1)))]
    past = [_job(rng, pool, current=False) for _ in range(15 if extreme else rng.randrange(6))]
    city, region = rng.choice(pool.cities), rng.choice(pool.regions)
    handle = f"{slugged(first)}.{slugged(last)}"
    title = jobs[0].title if jobs else None
    return Profile(
        slug=slug,
        id=rng.randrange(10_000, 900_000_000),
        name=f"{first} {last}",
        first=first,
        last=last,
        headline=maybe(rng, 0.85, f"{title or 'Open to work'} | {pool.language} & more 🚀"),
        summary=maybe(rng, 0.5, f"I like “simple things”.\nBased in {city}, {pool.country}."),
        city=maybe(rng, 0.9, city),
        region=maybe(rng, 0.8, region),
        country=pool.country,
        continent=pool.continent,
        place=maybe(rng, 0.95, f"{city}, {region}, {pool.country}"),
        connections=maybe(rng, 0.9, rng.choice((0, rng.randrange(1, 500), 500))),
        followers=maybe(rng, 0.8, rng.randrange(20_000)),
        joined=maybe(rng, 0.6, day(rng, 2005, 2020)),
        updated=day(rng, 2024, 2026),
        twitter=maybe(rng, 0.25, handle.replace(".", "_")),
        github=maybe(rng, 0.2, handle.replace(".", "-")),
        picture=maybe(rng, 0.7, f"https://img.example.com/people/{rng.randrange(10**9)}.jpg"),
        languages=[pool.language, "English"][: rng.randrange(3)],
        jobs=jobs,
        past_jobs=past,
        schools=[_school(rng, pool) for _ in range(some(rng, (0.15, 0.5, 0.3, 0.05)))],
        skills=rng.sample(SKILLS, rng.randrange(len(SKILLS))),
        business_emails=_business_emails(rng, handle, [*jobs, *past], extreme=extreme),
        personal_emails=_personal_emails(rng, handle),
        phones=[_phone(rng) for _ in range(some(rng, (0.6, 0.3, 0.1)))],
        certifications=rng.sample(CERTIFICATES, some(rng, (0.7, 0.2, 0.1))),
        honors=rng.sample(HONORS, some(rng, (0.8, 0.15, 0.05))),
        open_to=rng.sample(OPEN_TO, some(rng, (0.8, 0.2))),
        verifications=rng.sample(VERIFICATIONS, some(rng, (0.6, 0.3, 0.1))),
    )


def _job(rng: random.Random, pool: Pool, *, current: bool) -> Job:
    company = rng.choice(pool.companies)
    title, seniority, function = rng.choice(TITLES)
    start = rng.randrange(2000, 2024)
    return Job(
        company=company,
        domain=maybe(rng, 0.9, domain_of(company)),
        company_id=rng.choice((0, *(rng.randrange(1, 10**7) for _ in range(9)))),
        network_id=maybe(rng, 0.9, str(rng.randrange(10**4, 10**8))),
        position_id=maybe(rng, 0.8, rng.randrange(10**8, 10**10)),
        title=maybe(rng, 0.97, title),
        seniority=maybe(rng, 0.8, seniority),
        function=maybe(rng, 0.8, function),
        description=maybe(rng, 0.4, f"{function} at {company};\n“every day is new”"),
        location=maybe(rng, 0.7, rng.choice(pool.cities)),
        start=maybe(rng, 0.95, f"{start}-{rng.randrange(1, 13):02}-01"),
        end=None if current else maybe(rng, 0.95, f"{start + rng.randrange(3)}-12-01"),
        is_default=current,
    )


def _school(rng: random.Random, pool: Pool) -> School:
    start = rng.randrange(1980, 2020)
    return School(
        name=f"{rng.choice(pool.last_names)} University",
        network_id=maybe(rng, 0.8, str(rng.randrange(10**4, 10**6))),
        degree=maybe(rng, 0.8, rng.choice(DEGREES)),
        subject=maybe(rng, 0.8, rng.choice(SUBJECTS)),
        start=maybe(rng, 0.8, start),
        end=maybe(rng, 0.8, start + rng.randrange(1, 6)),
        activities=maybe(rng, 0.3, "Chess club; rowing, 2nd boat"),
    )


def _business_emails(
    rng: random.Random, handle: str, jobs: Sequence[Job], *, extreme: bool
) -> list[Address]:
    known = 1.0 if extreme else 0.6
    return [
        Address(f"{handle}@{job.domain}", *_verified(rng), job=position)
        for position, job in enumerate(jobs)
        if job.domain and rng.random() < known
    ]


def _personal_emails(rng: random.Random, handle: str) -> list[Address]:
    hosts = rng.sample(("com", "net", "org"), some(rng, (0.5, 0.4, 0.1)))
    return [Address(f"{handle}@example.{host}", *_verified(rng)) for host in hosts]


def _verified(rng: random.Random) -> tuple[str, str]:
    if rng.random() < 0.3:  # noqa: PLR2004 - the seed's own sample shows an empty verification
        return "", ""
    return "verified", day(rng, 2024, 2026)


def _phone(rng: random.Random) -> str:
    return f"+1 {rng.randrange(200, 999)}-555-01{rng.randrange(100):02}"
