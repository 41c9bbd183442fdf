"""What both generations of Crustdata's answers have in common once they are companies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec

from enrich_pandas.models import Company, Headcount, Location
from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.binding import Reading, domain_key, key_of, name_key, page_key
from enrich_pandas.providers.crustdata.company_types import Naics, Sic
from enrich_pandas.providers.crustdata.requests import Price, nobody
from enrich_pandas.providers.decoding import date, identifier, text, texts

ENRICHING_SECONDS = 24 * 3600.0  # "will be enriched in the next 24 hours"

# What the vendor says in place of a company.
STATES: Mapping[str, Reading] = MappingProxyType(
    {
        "enriching": Reading(status=Status.PENDING, reason="enriching", retry_in=ENRICHING_SECONDS),
        "not_found": Reading(status=Status.NOT_FOUND, reason="no_match"),
    }
)


def candidate(company: Company, price: Price, *, also: Sequence[str] = ()) -> Reading:
    """Return a company as one that may have been asked for.

    Parameters
    ----------
    company
        The company. What it is known by in the first place comes before its other domains.
    price
        Returns the credits of it.
    also
        Its other names.
    """
    main = (
        domain_key(company.domain or company.website or ""),
        page_key(company.linkedin_url or ""),
        page_key(company.linkedin_id or ""),
        name_key(company.name or ""),
    )
    other = (*map(domain_key, company.domains), *map(name_key, also))
    return Reading(
        status=Status.MATCHED,
        claims=[frozenset(filter(None, main)), frozenset(filter(None, other))],
        model=company,
        credits=price(()),
    )


def choose(asked: frozenset[str], candidates: Sequence[Reading], *, is_echoed: bool) -> Reading:
    """Choose the company that was asked for; a guess is never made.

    Parameters
    ----------
    asked
        The keys of the one identifier.
    candidates
        At least one company. They cost together what one costs.
    is_echoed
        Whether the vendor says that they are for this identifier.

    Returns
    -------
    Reading
        The one whose own domain, page or name is the identifier. Another one only where it is
        the vendor's only answer to this very identifier: its reason is ``inexact``. ``ambiguous``
        are several companies.
    """
    distinct: list[Reading] = []
    for one in candidates:
        if all(one.model != other.model for other in distinct):
            distinct.append(one)
    chosen = _exact(asked, distinct) or distinct
    note = f"{len(distinct)} companies were given" if len(distinct) > 1 else ""
    if len(chosen) > 1:
        return Reading(
            status=Status.FAILED, reason="ambiguous", credits=chosen[0].credits, note=note
        )
    (only,) = chosen
    if any(claim & asked for claim in only.claims):
        return replace(only, note=note)
    if is_echoed:
        return replace(only, reason="inexact")
    return Reading(status=Status.FAILED, reason="inexact", credits=only.credits)


def _exact(asked: frozenset[str], companies: Sequence[Reading]) -> list[Reading]:
    """Return those whose own identifier is the one asked for; a main one counts for more."""
    levels = ([one for one in companies if one.claims[level] & asked] for level in (0, 1))
    return next(filter(None, levels), [])


def unechoed(batch: Sequence[Identity], readings: Sequence[Reading]) -> Reading | None:
    """Return what is said of the only identity, by a vendor that does not echo what was asked."""
    companies = [one for one in readings if one.model is not None]
    if len(batch) > 1 or not companies:
        return nobody(batch, readings)
    asked = key_of(batch[0])
    return choose(frozenset([asked] if asked else ()), companies, is_echoed=False)


def year(value: object) -> int | None:
    """Return the year of a date.

    Examples
    --------
    >>> year("2012-01-01"), year(2017), year(None)
    (2012, 2017, None)
    """
    written = date(value)
    return int(written[:4]) if written else None


def whole(number: float | None) -> int | None:
    """Return a number without its fraction: an amount in US dollars, or people.

    Examples
    --------
    >>> whole(141000000.0), whole(None)
    (141000000, None)
    """
    return None if number is None else int(number)


def headcounts(
    groups: Iterable[tuple[str, Mapping[str, float | None] | None]],
) -> list[Headcount]:
    """Return the people of every group, such as Engineering of the functions.

    Examples
    --------
    >>> [one.group for one in headcounts([("function", {"Sales": 2, "Legal": None})])]
    ['Sales']
    """
    return [
        Headcount(people=whole(people), group=group, by=by)
        for by, counted in groups
        for group, people in (counted or {}).items()
        if people is not None
    ]


def location(**parts: str | None) -> Location | None:
    """Return a place, or None where nothing is known of it."""
    known = {name: text(part) for name, part in parts.items()}
    return msgspec.structs.replace(Location(), **known) if any(known.values()) else None


def sic_codes(details: Sequence[Sic | None] | None) -> list[str]:
    """Return the SIC codes of a taxonomy."""
    codes = (identifier(one.sic_code) for one in details or () if one)
    return [code for code in codes if code]


def naics_codes(detail: Naics | None) -> list[str]:
    """Return the NAICS code of a taxonomy, as a list."""
    code = identifier(detail.naics_code) if detail else None
    return [code] if code else []


def joined(investors: object) -> str | None:
    """Return the names of investors in one text."""
    return "; ".join(texts(investors)) or None
