"""Made-up companies: one per identity, the same in every process and at every vendor.

A company is drawn from a hash of its slug, and its name is read from the slug. So the employer
of a made-up person is the company that a search for the employer's domain or name finds.
"""

import random
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from enrich_pandas.emulators.identities import domain_of_slug
from enrich_pandas.emulators.pools import companies_by_slug, day, maybe, pools, rng_of, some


class CompanyCoverage(StrEnum):
    """Whether a vendor has a company."""

    FOUND = "found"
    MISSING = "missing"
    QUEUED = "queued"  # not yet in the database
    SHARED = "shared"  # two companies have the same domain and name


# Cumulative shares of the misses.
_COVERAGES = (
    (0.60, CompanyCoverage.MISSING),
    (0.80, CompanyCoverage.QUEUED),
    (1.01, CompanyCoverage.SHARED),
)
# Shares of the companies. They are chosen; no document states them.
_SIMILAR = 0.1  # that have a namesake with a similar domain
_PUBLIC = 0.1
_ACQUIRED = 0.1
_WITH_SECOND_DOMAIN = 0.3
_TYPES = ("Privately Held", "Public Company", "Nonprofit", "Partnership")
_INDUSTRIES = (
    "Software Development",
    "Technology, Information and Internet",
    "Machinery Manufacturing",
    "Hospitals and Health Care",
    "Wholesale",
)
_SPECIALITIES = ("Pumps", "R&D", "Logistik", "B2B", "Analytics", "日本市場")
_FUNCTIONS = ("Engineering", "Sales", "Operations", "Human Resources")
_RANGES = ((10, "2-10"), (50, "11-50"), (200, "51-200"), (1000, "201-1000"), (10**6, "1001-5000"))
_ROUNDS = ("seed", "series_a", "series_b", "grant")


class FakeRound(msgspec.Struct, frozen=True, kw_only=True):
    """A funding round."""

    name: str
    amount: int
    day: str
    investors: Sequence[str] = ()


class FakeCompany(msgspec.Struct, frozen=True, kw_only=True):
    """A company in a neutral shape. A value that a vendor lacks is None or an empty list."""

    slug: str
    id: int
    name: str
    domain: str
    network_id: str
    country: str
    description: str | None = None
    kind: str | None = None
    founded: str | None = None
    employees: int | None = None
    city: str | None = None
    region: str | None = None
    street: str | None = None
    revenue: tuple[int, int] | None = None
    followers: int | None = None
    twitter: str | None = None
    symbol: str | None = None
    ipo: str | None = None
    acquired: bool = False
    industries: Sequence[str] = ()
    specialities: Sequence[str] = ()
    other_domains: Sequence[str] = ()
    competitors: Sequence[str] = ()
    offices: Sequence[str] = ()
    rounds: Sequence[FakeRound] = ()

    @property
    def page(self) -> str:
        """The URL of the LinkedIn page."""
        return f"https://www.linkedin.com/company/{self.slug}"

    @property
    def headquarters(self) -> str:
        """City, region and country in one text."""
        return ", ".join(part for part in (self.city, self.region, self.country) if part)

    @property
    def size(self) -> str | None:
        """The number of employees as a range."""
        if self.employees is None:
            return None
        return next(named for end, named in _RANGES if self.employees <= end)

    @property
    def functions(self) -> dict[str, int]:
        """The number of employees by function."""
        return {name: (self.employees or 0) // (n + 2) for n, name in enumerate(_FUNCTIONS)}


class Companies:
    """All made-up companies.

    Parameters
    ----------
    misses : float
        Share of companies without a certain match, 0 to 1.
    seed : int
        Seed of the made-up companies.
    """

    def __init__(self, *, misses: float, seed: int) -> None:
        self._misses, self._seed = misses, seed

    def coverage(self, slug: str, vendor: str) -> CompanyCoverage:
        """Return whether a vendor has a company."""
        draw = rng_of(self._seed, "standing", vendor, slug).random()
        if draw >= self._misses:
            return CompanyCoverage.FOUND
        return next(one for end, one in _COVERAGES if draw / self._misses < end)

    def firm(self, slug: str) -> FakeCompany:
        """Return the company of a slug, independent of a vendor."""
        return draw_company(rng_of(self._seed, "company", slug), slug)

    def same_name_and_domain(self, firm: FakeCompany) -> FakeCompany:
        """Return another company with the same domain and name."""
        other = self.firm(f"{firm.slug}-1")
        return msgspec.structs.replace(other, name=firm.name, domain=firm.domain)

    def similar(self, firm: FakeCompany) -> list[FakeCompany]:
        """Return companies with a similar name and domain, usually none."""
        rng = rng_of(self._seed, "similar", firm.slug)
        return [self.firm(f"{firm.slug}-labs")] if rng.random() < _SIMILAR else []


def draw_company(rng: random.Random, slug: str) -> FakeCompany:
    """Draw the company of a slug."""
    pool, domain = rng.choice(pools()), domain_of_slug(slug)
    city, region = rng.choice(pool.cities), rng.choice(pool.regions)
    name = companies_by_slug().get(slug) or slug.replace("-", " ").replace(".", " ").title()
    low = rng.choice((10**5, 10**6, 10**8))
    is_public = rng.random() < _PUBLIC
    return FakeCompany(
        slug=slug,
        id=rng.randrange(10_000, 90_000_000),
        name=name,
        domain=domain,
        network_id=str(rng.randrange(10**4, 10**8)),
        country=pool.country,
        description=maybe(rng, 0.9, f"{name} makes “simple things”.\nSince ever, in {city}."),
        kind=maybe(rng, 0.9, "Public Company" if is_public else rng.choice(_TYPES)),
        founded=maybe(rng, 0.8, f"{rng.randrange(1900, 2024)}-01-01"),
        employees=maybe(rng, 0.9, rng.choice((3, 40, 180, 900, 4200)) + rng.randrange(8)),
        city=maybe(rng, 0.9, city),
        region=maybe(rng, 0.8, region),
        street=maybe(rng, 0.5, f"{rng.randrange(1, 99)} Example Street, {city}"),
        revenue=maybe(rng, 0.7, (low, 5 * low)),
        followers=maybe(rng, 0.9, rng.randrange(10**6)),
        twitter=maybe(rng, 0.4, slug.replace("-", "_")),
        symbol=slug[:4].upper() if is_public else None,
        ipo=day(rng, 1990, 2024) if is_public else None,
        acquired=rng.random() < _ACQUIRED,
        industries=rng.sample(_INDUSTRIES, some(rng, (0.05, 0.6, 0.35))),
        specialities=rng.sample(_SPECIALITIES, rng.randrange(len(_SPECIALITIES))),
        other_domains=[f"{slug}-mail.example"] if rng.random() < _WITH_SECOND_DOMAIN else (),
        competitors=[domain_of_slug(f"rival-{n}") for n in range(some(rng, (0.5, 0.3, 0.2)))],
        offices=[f"{n} Example Street, {city}" for n in range(some(rng, (0.3, 0.5, 0.2)))],
        rounds=[_round(rng, pool.last_names) for _ in range(some(rng, (0.5, 0.3, 0.2)))],
    )


def _round(rng: random.Random, names: Sequence[str]) -> FakeRound:
    return FakeRound(
        name=rng.choice(_ROUNDS),
        amount=rng.randrange(1, 500) * 100_000,
        day=day(rng, 2012, 2026),
        investors=[f"{name} Capital" for name in rng.sample(names, some(rng, (0.2, 0.5, 0.3)))],
    )
