"""Made-up people: one per identity, the same in every process and at every vendor.

A person is drawn from a hash of the identity, not from a clock or Python's ``hash``. The name is
read from the identity if possible (``/in/joao-silva-3f1`` gives João Silva), so that a list and
its answers agree. Every domain is reserved (RFC 2606) and every phone number is of the fictional
range 555-01xx.
"""

import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from zlib import crc32

import msgspec

from enrich_pandas.emulators.identities import email_in, folded, slug_in
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
    day,
    domain_of,
    maybe,
    names_in_handle,
    names_in_slug,
    rng_of,
    slugged,
    some,
)

# Shares of the people. No document states them, except that a sample of Crustdata's shows an
# e-mail address without a verification.
_WITH_LONG_LISTS = 0.02
_RENAMED_SHARE = 0.02
_UNVERIFIED = 0.3
_RENAMED = "-now"  # the end of the public slug of a renamed profile


class FakeJob(msgspec.Struct, frozen=True, kw_only=True):
    """A position at a company."""

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


class FakeSchool(msgspec.Struct, frozen=True, kw_only=True):
    """An education."""

    name: str
    network_id: str | None = None
    degree: str | None = None
    subject: str | None = None
    start: int | None = None
    end: int | None = None
    activities: str | None = None


class FakeEmail(msgspec.Struct, frozen=True):
    """An e-mail address and the result of its verification."""

    email: str
    status: str
    validated: str = ""
    job: int | None = None


class FakePerson(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a neutral shape. A value that a vendor lacks is None or an empty list."""

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
    jobs: Sequence[FakeJob] = ()
    past_jobs: Sequence[FakeJob] = ()
    schools: Sequence[FakeSchool] = ()
    skills: Sequence[str] = ()
    business_emails: Sequence[FakeEmail] = ()
    personal_emails: Sequence[FakeEmail] = ()
    phones: Sequence[str] = ()
    certifications: Sequence[str] = ()
    honors: Sequence[str] = ()
    open_to: Sequence[str] = ()
    verifications: Sequence[str] = ()

    @property
    def title(self) -> str | None:
        """The titles of the current positions, joined as vendors join them."""
        return ", ".join(job.title for job in self.jobs if job.title) or None


def draw_person(rng: random.Random, slug: str, first: str, last: str, pool: Pool) -> FakePerson:
    """Draw the person of a slug and a name from a locale's pool."""
    extreme = rng.random() < _WITH_LONG_LISTS
    jobs = [_job(rng, pool, current=True) for _ in range(some(rng, (0.05, 0.85, 0.1)))]
    past = [_job(rng, pool, current=False) for _ in range(15 if extreme else rng.randrange(6))]
    city, region = rng.choice(pool.cities), rng.choice(pool.regions)
    handle = f"{slugged(first)}.{slugged(last)}"
    title = jobs[0].title if jobs else None
    return FakePerson(
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


def _job(rng: random.Random, pool: Pool, *, current: bool) -> FakeJob:
    company = rng.choice(pool.companies)
    title, seniority, function = rng.choice(TITLES)
    start = rng.randrange(2000, 2024)
    return FakeJob(
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


def _school(rng: random.Random, pool: Pool) -> FakeSchool:
    start = rng.randrange(1980, 2020)
    return FakeSchool(
        name=f"{rng.choice(pool.last_names)} University",
        network_id=maybe(rng, 0.8, str(rng.randrange(10**4, 10**6))),
        degree=maybe(rng, 0.8, rng.choice(DEGREES)),
        subject=maybe(rng, 0.8, rng.choice(SUBJECTS)),
        start=maybe(rng, 0.8, start),
        end=maybe(rng, 0.8, start + rng.randrange(1, 6)),
        activities=maybe(rng, 0.3, "Chess club; rowing, 2nd boat"),
    )


def _business_emails(
    rng: random.Random, handle: str, jobs: Sequence[FakeJob], *, extreme: bool
) -> list[FakeEmail]:
    known = 1.0 if extreme else 0.6
    return [
        FakeEmail(f"{handle}@{job.domain}", *_verified(rng), job=position)
        for position, job in enumerate(jobs)
        if job.domain and rng.random() < known
    ]


def _personal_emails(rng: random.Random, handle: str) -> list[FakeEmail]:
    hosts = rng.sample(("com", "net", "org"), some(rng, (0.5, 0.4, 0.1)))
    return [FakeEmail(f"{handle}@example.{host}", *_verified(rng)) for host in hosts]


def _verified(rng: random.Random) -> tuple[str, str]:
    if rng.random() < _UNVERIFIED:
        return "", ""
    return "verified", day(rng, 2024, 2026)


def _phone(rng: random.Random) -> str:
    return f"+1 {rng.randrange(200, 999)}-555-01{rng.randrange(100):02}"


class PersonCoverage(StrEnum):
    """Whether a vendor has a person."""

    FOUND = "found"
    MISSING = "missing"  # the vendor returns no match
    QUEUED = "queued"  # not yet in the database
    UNREADABLE = "unreadable"  # the vendor cannot process the profile
    REDACTED = "redacted"  # the person opted out


# Cumulative shares of the misses.
_COVERAGES = (
    (0.60, PersonCoverage.MISSING),
    (0.85, PersonCoverage.QUEUED),
    (0.92, PersonCoverage.UNREADABLE),
    (1.01, PersonCoverage.REDACTED),
)


class People:
    """All made-up people.

    Parameters
    ----------
    misses : float
        Share of identities without a match, 0 to 1.
    seed : int
        Seed of the made-up people.
    table : sequence of mapping, optional
        Rows of a table to serve instead. An identity that is not in it is missing.
    """

    def __init__(
        self, *, misses: float, seed: int, table: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._misses = misses
        self._seed = seed
        self._table = None if table is None else _index_table(table)

    def find(self, identity: str, vendor: str) -> tuple[PersonCoverage, FakePerson | None]:
        """Return a vendor's coverage of a slug or an e-mail address, and the person."""
        if self._table is not None:
            profile = self._table.get(identity)
            return (PersonCoverage.FOUND if profile else PersonCoverage.MISSING), profile
        slug = self._slug_of(identity)
        profile = self.profile(slug)
        if "@" in identity:
            profile = _with_email(profile, identity)
        return self._coverage(slug, vendor), profile

    def named(
        self,
        vendor: str,
        *,
        name: str | None,
        title: str | None,
        company: str | None,
        domain: str | None,
    ) -> tuple[str, PersonCoverage, FakePerson | None]:
        """Find a person by name or title and company; return identity, coverage and person."""
        if self._table is not None:
            rows = self._table.values()
            profile = next((one for one in rows if _fits(one, name, title, company, domain)), None)
            identity = profile.slug if profile else ""
            return identity, (PersonCoverage.FOUND if profile else PersonCoverage.MISSING), profile
        if not company:
            return "", PersonCoverage.MISSING, None
        given = "\0".join(folded(text) for text in (name or title or "", company))
        # The leading zero keeps the number from being read as a part of the name.
        slug = f"{slugged(name or 'x')}-0{crc32(given.encode()):x}"
        profile = _with_employer(self.profile(slug), name, title, company, domain)
        return slug, self._coverage(slug, vendor), profile

    def profile(self, slug: str) -> FakePerson:
        """Return the person of a slug, independent of a vendor."""
        rng = self._rng("person", slug)
        first, last, pool = names_in_slug(slug, rng)
        public = slug + _RENAMED if self._was_renamed(slug) else slug
        return draw_person(rng, public, first, last, pool)

    def person(self, identity: str) -> str:
        """Return the identity of the person: the earlier slug if the profile was renamed."""
        earlier = identity.removesuffix(_RENAMED)
        return earlier if earlier != identity and self._was_renamed(earlier) else identity

    def _slug_of(self, identity: str) -> str:
        if "@" not in identity:
            return self.person(identity)
        rng = self._rng("email", identity)
        first, last = names_in_handle(identity.partition("@")[0], rng)
        return f"{slugged(first)}-{slugged(last)}-{rng.randrange(0x1000, 0x10000):x}"

    def _coverage(self, slug: str, vendor: str) -> PersonCoverage:
        draw = self._rng("fate", vendor, slug).random()
        if draw >= self._misses:
            return PersonCoverage.FOUND
        return next(coverage for end, coverage in _COVERAGES if draw / self._misses < end)

    def _was_renamed(self, slug: str) -> bool:
        return self._rng("renamed", slug).random() < _RENAMED_SHARE

    def _rng(self, *parts: str) -> random.Random:
        return rng_of(self._seed, *parts)


def _with_email(profile: FakePerson, email: str) -> FakePerson:
    known = [address for address in profile.business_emails if address.email != email]
    asked = FakeEmail(email, "verified", profile.updated or "", job=0 if profile.jobs else None)
    return msgspec.structs.replace(profile, business_emails=[asked, *known])


def _with_employer(
    profile: FakePerson, name: str | None, title: str | None, company: str, domain: str | None
) -> FakePerson:
    """Return a person with the requested name, title and employer."""
    job = profile.jobs[0] if profile.jobs else FakeJob(is_default=True)
    domain = domain or domain_of(company)
    job = msgspec.structs.replace(job, company=company, domain=domain, title=title or job.title)
    first, _, last = (name or profile.name).partition(" ")
    return msgspec.structs.replace(
        profile,
        name=name or profile.name,
        first=first if name else profile.first,
        last=(last or first) if name else profile.last,
        jobs=[job, *profile.jobs[1:]],
        business_emails=[
            msgspec.structs.replace(one, email=f"{one.email.partition('@')[0]}@{domain}")
            if one.job == 0
            else one
            for one in profile.business_emails
        ],
    )


def _fits(
    profile: FakePerson,
    name: str | None,
    title: str | None,
    company: str | None,
    domain: str | None,
) -> bool:
    job = profile.jobs[0] if profile.jobs else FakeJob()
    pairs = ((name, profile.name), (title, job.title))
    works_there = (company and company == job.company) or (domain and domain == job.domain)
    return bool(works_there) and all(
        given is None or folded(given) == folded(has or "") for given, has in pairs
    )


def _index_table(table: Sequence[Mapping[str, Any]]) -> dict[str, FakePerson]:
    index: dict[str, FakePerson] = {}
    for number, row in enumerate(table, start=1):
        slug, email = slug_in(str(row.get("linkedin_url"))), email_in(str(row.get("email")))
        if identities := [identity for identity in (slug, email) if identity]:
            profile = _person_of_row(row, number, slug or f"person-{number}", email)
            index |= dict.fromkeys(identities, profile)
    return index


def _person_of_row(row: Mapping[str, Any], number: int, slug: str, email: str | None) -> FakePerson:
    first, _, last = str(row.get("name") or slug).partition(" ")
    job = FakeJob(
        company=row.get("company"),
        domain=row.get("company_domain"),
        title=row.get("title"),
        location=row.get("location"),
        is_default=True,
    )
    return FakePerson(
        slug=slug,
        id=number,
        name=str(row.get("name") or slug),
        first=first,
        last=last or first,
        headline=row.get("headline"),
        summary=row.get("summary"),
        city=row.get("city"),
        country=row.get("country"),
        place=row.get("location"),
        jobs=[job] if job.company or job.title else (),
        business_emails=[FakeEmail(email, "verified", job=0)] if email else (),
        phones=[str(row["phone"])] if row.get("phone") else (),
    )
