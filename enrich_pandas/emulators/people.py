"""The people: one made-up person an identity, the same in every process and at every vendor.

A person is drawn from a hash of the identity, never from a clock or Python's own ``hash``. The
name is read off the identity where it can be (``/in/joao-silva-3f1`` is João Silva), so that a
list and what comes back agree.
"""

import random
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from zlib import crc32

import msgspec

from enrich_pandas.emulators.chance import rng_of
from enrich_pandas.emulators.identities import email_in, folded, slug_in
from enrich_pandas.emulators.names import domain_of, names_in_handle, names_in_slug, slugged
from enrich_pandas.emulators.profiles import Address, Job, Profile, draw

_RENAMED = "-now"


class Fate(StrEnum):
    """What a vendor has of somebody."""

    FOUND = "found"
    MISSING = "missing"  # the vendor says that it has nobody
    QUEUED = "queued"  # not in the database yet
    UNREADABLE = "unreadable"  # the vendor cannot process the profile
    REDACTED = "redacted"  # the person opted out


# Upper ends of each fate's part of the share of misses.
_FATES = (
    (0.60, Fate.MISSING),
    (0.85, Fate.QUEUED),
    (0.92, Fate.UNREADABLE),
    (1.01, Fate.REDACTED),
)


class People:
    """Everybody there is.

    Parameters
    ----------
    misses
        Share of identities that vendors have nothing for, 0 to 1.
    seed
        Another seed, other people.
    table
        Rows of a table to serve instead; whoever is not in it is missing.
    """

    def __init__(
        self, *, misses: float, seed: int, table: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        self._misses = misses
        self._seed = seed
        self._table = None if table is None else _indexed(table)

    def find(self, identity: str, vendor: str) -> tuple[Fate, Profile | None]:
        """Return what a vendor has of a slug or an e-mail address."""
        if self._table is not None:
            profile = self._table.get(identity)
            return (Fate.FOUND if profile else Fate.MISSING), profile
        slug = self._slug_of(identity)
        profile = self.profile(slug)
        if "@" in identity:
            profile = _known_under(profile, identity)
        return self._fate(slug, vendor), profile

    def named(
        self,
        vendor: str,
        *,
        name: str | None,
        title: str | None,
        company: str | None,
        domain: str | None,
    ) -> tuple[str, Fate, Profile | None]:
        """Return who has a name or a title at a company: identity, and what a vendor has."""
        if self._table is not None:
            rows = self._table.values()
            profile = next((one for one in rows if _fits(one, name, title, company, domain)), None)
            identity = profile.slug if profile else ""
            return identity, (Fate.FOUND if profile else Fate.MISSING), profile
        if not company:
            return "", Fate.MISSING, None
        told = "\0".join(folded(text) for text in (name or title or "", company))
        # The zero keeps the number from being read as a part of the name.
        slug = f"{slugged(name or 'x')}-0{crc32(told.encode()):x}"
        profile = _employed(self.profile(slug), name, title, company, domain)
        return slug, self._fate(slug, vendor), profile

    def profile(self, slug: str) -> Profile:
        """Return the person of a slug, whatever a vendor has."""
        rng = self._rng("person", slug)
        first, last, pool = names_in_slug(slug, rng)
        public = slug + _RENAMED if self._was_renamed(slug) else slug
        return draw(rng, public, first, last, pool)

    def person(self, identity: str) -> str:
        """Return the one identity that stands for the person, were the slug an earlier one."""
        earlier = identity.removesuffix(_RENAMED)
        return earlier if earlier != identity and self._was_renamed(earlier) else identity

    def _slug_of(self, identity: str) -> str:
        if "@" not in identity:
            return self.person(identity)
        rng = self._rng("email", identity)
        first, last = names_in_handle(identity.partition("@")[0], rng)
        return f"{slugged(first)}-{slugged(last)}-{rng.randrange(0x1000, 0x10000):x}"

    def _fate(self, slug: str, vendor: str) -> Fate:
        draw = self._rng("fate", vendor, slug).random()
        if draw >= self._misses:
            return Fate.FOUND
        return next(fate for end, fate in _FATES if draw / self._misses < end)

    def _was_renamed(self, slug: str) -> bool:
        return self._rng("renamed", slug).random() < 0.02  # noqa: PLR2004 - a rare thing

    def _rng(self, *parts: str) -> random.Random:
        return rng_of(self._seed, *parts)


def _known_under(profile: Profile, email: str) -> Profile:
    known = [address for address in profile.business_emails if address.email != email]
    asked = Address(email, "verified", profile.updated or "", job=0 if profile.jobs else None)
    return msgspec.structs.replace(profile, business_emails=[asked, *known])


def _employed(
    profile: Profile, name: str | None, title: str | None, company: str, domain: str | None
) -> Profile:
    """Return a person with the name, title and employer that they are known by."""
    job = profile.jobs[0] if profile.jobs else Job(is_default=True)
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
    profile: Profile,
    name: str | None,
    title: str | None,
    company: str | None,
    domain: str | None,
) -> bool:
    job = profile.jobs[0] if profile.jobs else Job()
    pairs = ((name, profile.name), (title, job.title))
    works_there = (company and company == job.company) or (domain and domain == job.domain)
    return bool(works_there) and all(
        told is None or folded(told) == folded(has or "") for told, has in pairs
    )


def _indexed(table: Sequence[Mapping[str, Any]]) -> dict[str, Profile]:
    index: dict[str, Profile] = {}
    for number, row in enumerate(table, start=1):
        slug, email = slug_in(str(row.get("linkedin_url"))), email_in(str(row.get("email")))
        if identities := [identity for identity in (slug, email) if identity]:
            profile = _tabled(row, number, slug or f"person-{number}", email)
            index |= dict.fromkeys(identities, profile)
    return index


def _tabled(row: Mapping[str, Any], number: int, slug: str, email: str | None) -> Profile:
    first, _, last = str(row.get("name") or slug).partition(" ")
    job = Job(
        company=row.get("company"),
        domain=row.get("company_domain"),
        title=row.get("title"),
        location=row.get("location"),
        is_default=True,
    )
    return Profile(
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
        business_emails=[Address(email, "verified", job=0)] if email else (),
        phones=[str(row["phone"])] if row.get("phone") else (),
    )
