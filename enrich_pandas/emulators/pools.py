"""Pools of names, places and employers, and seeded random draws from them.

faker is too slow for one call per person, and another order of calls would give other people. So
each process draws one pool per locale from a fixed seed.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple
from zlib import crc32

from enrich_pandas.emulators.identities import company_slug, domain_of_slug, folded

_SIZE = 120
_PROVIDERS = ["faker.providers.person", "faker.providers.address"]


class _Place(NamedTuple):
    country: str
    continent: str
    language: str
    company_form: str
    latin: bool  # whether a name can be read from a slug


_PLACES: Mapping[str, _Place] = {
    "en_US": _Place("United States", "North America", "English", "Inc.", True),
    "de_DE": _Place("Germany", "Europe", "German", "GmbH", True),
    "fr_FR": _Place("France", "Europe", "French", "S.A.R.L.", True),
    "es_ES": _Place("Spain", "Europe", "Spanish", "S.L.", True),
    "pt_BR": _Place("Brazil", "South America", "Portuguese", "Ltda.", True),
    "pl_PL": _Place("Poland", "Europe", "Polish", "Sp. z o.o.", True),
    "sv_SE": _Place("Sweden", "Europe", "Swedish", "AB", True),
    "tr_TR": _Place("Türkiye", "Asia", "Turkish", "A.Ş.", True),
    "ja_JP": _Place("Japan", "Asia", "Japanese", "株式会社", False),
    "el_GR": _Place("Greece", "Europe", "Greek", "AE", False),
}


class Pool(NamedTuple):
    """The names, places and employers of one locale."""

    country: str
    continent: str
    language: str
    latin: bool
    first_names: list[str]
    last_names: list[str]
    companies: list[str]
    cities: list[str]
    regions: list[str]


@cache
def pools() -> list[Pool]:
    """Return the pool of every locale."""
    return [_pool(locale, place) for locale, place in _PLACES.items()]


@cache
def latin_pools() -> list[Pool]:
    """Return the pools with names that can be read from a slug."""
    return [pool for pool in pools() if pool.latin]


@cache
def names_by_fold() -> tuple[dict[str, str], dict[str, tuple[str, Pool]]]:
    """Map folded first names to names, and folded last names to pairs of name and pool."""
    first = {folded(name): name for pool in latin_pools() for name in pool.first_names}
    last = {folded(name): (name, pool) for pool in latin_pools() for name in pool.last_names}
    return first, last


@cache
def companies_by_slug() -> dict[str, str]:
    """Map the slugs of companies to their names. If two share a slug, the first one counts."""
    names = [name for pool in pools() for name in pool.companies]
    return {company_slug(name): name for name in reversed(names)}


def _pool(locale: str, place: _Place) -> Pool:
    from faker import Factory  # slow to import, so only when a person is drawn

    fake: Any = Factory.create(locale, providers=_PROVIDERS)
    fake.seed_instance(0)
    region = next(
        (getattr(fake, name) for name in ("state", "administrative_unit") if hasattr(fake, name)),
        fake.city,
    )
    last_names = _draw(fake.last_name)
    return Pool(
        place.country,
        place.continent,
        place.language,
        place.latin,
        _draw(fake.first_name),
        last_names,
        _companies(last_names, place.company_form),
        _draw(fake.city),
        _draw(region),
    )


def _companies(names: list[str], form: str) -> list[str]:
    """Name companies after people. In some locales, faker's list has real companies."""
    return [
        f"{one} & {two} {form}" if len(one) < len(two) else f"{one} {form}"
        for one, two in pairwise(names)
    ]


def _draw(make: Callable[[], Any]) -> list[str]:
    # Unlike a set, dict.fromkeys keeps the order.
    return list(dict.fromkeys(str(make()) for _ in range(_SIZE)))


# Title, seniority and function of a profile.
TITLES = (
    ("Account Executive", "Entry", "Sales"),
    ("Head of Growth", "Director", "Marketing"),
    ("Senior Data Engineer", "Senior", "Engineering"),
    ("VP, Customer Success", "Vice President", "Customer Success"),
    ("Co-Founder & CEO", "CXO", "Business Development"),
    ("Product Manager", "Manager", "Product Management"),
    ("Research Scientist", "Senior", "Research"),
    ("Procurement Lead", "Manager", "Purchasing"),
    ("Staff Nurse", "Entry", "Healthcare Services"),
    ("Chief Financial Officer", "CXO", "Finance"),
    ("Ingénieure logiciel", "Senior", "Engineering"),
    ("Leiter Einkauf", "Director", "Purchasing"),
    ("Gerente de Operações", "Manager", "Operations"),
    ("Working student", "In Training", "Information Technology"),
    ("Consultant", "Senior", "Consulting"),
    ("Talent Partner", "Manager", "Human Resources"),
)
DEGREES = ("BSc", "MSc", "BA", "MBA", "PhD", "Diplom-Ingenieur", "Licence", "Bachelor of Laws")
SUBJECTS = (
    "Computer Science",
    "Economics",
    "Mechanical Engineering",
    "Statistics",
    "History",
    "Electrical Engineering, Informatics",
    "Law",
    "Betriebswirtschaftslehre",
)
SKILLS = (
    "Python",
    "SQL",
    "Negotiation",
    "Salesforce",
    "Public Speaking",
    "C++",
    "Budgeting",
    "R&D",
    "Forecasting",
    "Teamführung",
    "B2B Marketing",
    "Kubernetes",
    "Contract Law",
    "Lean, Six Sigma",
    "Recruiting",
    "Figma",
    "日本語",
    "Supply Chain",
)
CERTIFICATES = ("Cloud Practitioner", "Scrum Master", "First Aid", "Data Protection Officer")
HONORS = ("Employee of the Year", "Best Paper", "Prix de l'innovation")
OPEN_TO = ("HIRING", "OPEN_TO_WORK", "VOLUNTEERING")
VERIFICATIONS = ("WORKPLACE", "GOVERNMENT_ID")


def rng_of(seed: int, *parts: str) -> random.Random:
    """Return a random generator that depends on a seed and some texts only.

    The draws are the same in every process and at every vendor: the generator uses neither a
    clock nor Python's ``hash``.
    """
    digest = blake2b("\0".join((str(seed), *parts)).encode(), digest_size=8).digest()
    return random.Random(int.from_bytes(digest))  # noqa: S311 - made-up data, no secret


def maybe(rng: random.Random, share: float, value: Any) -> Any:
    """Return a value with a probability of ``share``, else None."""
    return value if rng.random() < share else None


def some(rng: random.Random, weights: Sequence[float]) -> int:
    """Return a count 0, 1, … drawn by its weights."""
    return rng.choices(range(len(weights)), weights)[0]


def day(rng: random.Random, since: int, until: int) -> str:
    """Return a day (ISO 8601) from the year ``since`` to the year before ``until``."""
    return f"{rng.randrange(since, until)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


# -- Names: read from a slug or an e-mail address, and compared with an address ------------------
# Source: "Interpreting the Score" in Crustdata's people-enrichment document. How names are read is
# not documented; it was chosen.

_FIRST_AND_LAST = 2
_SHORTEST_WITH_INITIAL = 5  # jsmith: an initial and a last name
_READABLE = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)*", re.UNICODE)


def names_in_slug(slug: str, rng: random.Random) -> tuple[str, str, Pool]:
    """Return the first name, the last name and the locale of a slug.

    ``joao-silva-3f1`` gives João Silva. A slug without a name gives any name, possibly in another
    script.
    """
    words = [word for word in slug.split("-") if _READABLE.fullmatch(word)]
    if len(words) < _FIRST_AND_LAST:
        pool = rng.choice(pools())
        return rng.choice(pool.first_names), rng.choice(pool.last_names), pool
    first, last, pool = _spelled(words[0], " ".join(words[1:]), rng)
    return first, last, pool


def names_in_handle(handle: str, rng: random.Random) -> tuple[str, str]:
    """Return a first and a last name that fit an address's part before the @."""
    words = [word for word in re.split(r"[^\w]|_|\d", handle) if word]
    first_names, _ = names_by_fold()
    pool = rng.choice(latin_pools())
    match words:
        case [initial, last, *_] if len(initial) == 1:
            first, last, _ = _spelled(_first_with(initial, rng), last, rng)
        case [first, last, *_]:
            first, last, _ = _spelled(first, last, rng)
        case [first] if folded(first) in first_names:
            first, last = first_names[folded(first)], rng.choice(pool.last_names)
        case [word] if len(word) >= _SHORTEST_WITH_INITIAL:
            first, last, _ = _spelled(_first_with(word[0], rng), word[1:], rng)
        case _:
            first, last = rng.choice(pool.first_names), rng.choice(pool.last_names)
    return first, last


def _first_with(initial: str, rng: random.Random) -> str:
    fitting = [name for fold, name in names_by_fold()[0].items() if fold.startswith(initial)]
    return rng.choice(fitting or [initial])


def _spelled(first: str, last: str, rng: random.Random) -> tuple[str, str, Pool]:
    first_names, last_names = names_by_fold()
    name, pool = last_names.get(folded(last).replace(" ", "-"), (None, rng.choice(latin_pools())))
    return first_names.get(folded(first), first.title()), name or last.title(), pool


def slugged(name: str) -> str:
    """Return a name as in slugs and addresses: plain letters and hyphens.

    Examples
    --------
    >>> slugged("João da Cunha"), slugged("阿部").startswith("x")
    ('joao-da-cunha', True)
    """
    return re.sub(r"[^a-z]+", "-", folded(name)).strip("-") or f"x{crc32(name.encode()):x}"


def domain_of(company: str) -> str:
    """Return a company's domain, which is a reserved one (RFC 2606)."""
    return domain_of_slug(company_slug(company))


def score(handle: str, first: str, last: str) -> float:
    """Return how well a name fits an address's part before the @, 0 to 1.

    The cases are those of "Interpreting the Score". The vendor's "similarity logic" is not
    published. All other pairs have a plain text similarity below 0.7, which was chosen.

    Examples
    --------
    >>> [score(handle, "Jane", "Smith") for handle in ("jane.smith", "jsmith", "jane", "janes")]
    [0.95, 0.75, 0.9, 0.75]
    """
    handle, first, last = folded(handle), slugged(first), slugged(last)
    if re.fullmatch(f"{first}[._-]?{last}", handle):
        return 0.95
    patterns = {
        first: 0.9,
        first[0] + last: 0.75,
        first + last[0]: 0.75,
        f"{first[0]}.{last}": 0.708,
    }
    if handle in patterns:
        return patterns[handle]
    if handle.startswith(f"{first}."):
        return 0.5
    return round(0.7 * SequenceMatcher(None, handle, first + last).ratio(), 3)
