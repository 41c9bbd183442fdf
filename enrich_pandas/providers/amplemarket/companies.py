"""Amplemarket's companies: wire types, and how a company and a person's employer are read."""

from functools import partial

from enrich_pandas.models import Company
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import Date, Fraction, Id, Texts, Wire, Year
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Column,
    Leaves,
    Part,
    concatenated,
    date,
    either,
    flag,
    identifier,
    is_true,
    key,
    per_value,
    text,
    whole,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_texts,
    each,
    first,
    given,
    joined,
    texts,
    together,
)
from enrich_pandas.providers.records.source import Source

# -- Wire types ----------------------------------------------------------------------------------
# Source: docs.amplemarket.com/guides/companies-search, "Company Object". Clients have seen codes as
# numbers and as text. ``department_headcount`` is not documented: numbers by name are assumed.

Number = Fraction | None
Codes = str | int | list[str | int | None] | None


class Place(Wire):
    """Wire type: ``location_details``, or an element of ``locations``."""

    address: str | None = None
    postal_code: Id = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    is_primary: bool | None = None


class WireCompany(Wire):
    """Wire type: the Company object."""

    id: Id = None
    name: str | None = None
    linkedin_url: str | None = None
    website: str | None = None
    overview: str | None = None
    logo_url: str | None = None
    founded_year: Year | None = None
    traffic_rank: Number = None
    sic_codes: Codes = None
    naics_codes: Codes = None
    type: str | None = None
    total_funding: Number = None
    latest_funding_stage: str | None = None
    latest_funding_date: Date = None
    keywords: Texts = None
    estimated_number_of_employees: Number = None
    followers: Number = None
    size: str | None = None
    industry: str | None = None
    location: str | None = None
    location_details: Place | None = None
    locations: list[Place | None] | None = None
    is_b2b: bool | None = None
    is_b2c: bool | None = None
    technologies: Texts = None
    department_headcount: dict[str, Number] | None = None
    job_function_headcount: dict[str, Number] | None = None
    estimated_revenue: str | None = None
    revenue: Number = None


class CompanyResult(Wire):
    """Wire type: the result for one company, with the echo of the request.

    The echo is not documented; the names of the request are assumed.
    """

    status: str | None = None
    result: WireCompany | None = None
    domain: str | None = None
    company_domain: str | None = None
    linkedin_url: str | None = None
    linkedin_id: Id = None


# -- What binding reads --------------------------------------------------------------------------


def head(firm: Source) -> list[Source]:
    """Return the places that tell whether a company was found, and which one."""
    return [firm.id, firm.name, firm.website, firm.linkedin_url]


def result_head(result: Source) -> list[Source]:
    """Return the places of the status, of the echo, and of the company's head."""
    echo = [result.domain, result.company_domain, result.linkedin_url, result.linkedin_id]
    return [result.status, *echo, *head(result.result)]


# -- Mapping -------------------------------------------------------------------------------------


def company(firm: Source) -> Fields:
    """Return the columns of a company."""
    return {
        **_basics(firm),
        **_lists(firm),
        "headquarters": _headquarters(firm),
        "offices": each(firm.locations, place),
        "headcounts": _headcounts(firm),
    }


def employer(firm: Source) -> Part:
    """Return the columns of a person's employer; lists become text."""
    seat = _headquarters(firm)
    return {
        **_basics(firm),
        **{name: joined(listed) for name, listed in _lists(firm).items()},
        "location": seat["name"],
        "city": seat["city"],
        "region": seat["region"],
        "country": seat["country"],
        "locations": joined(given(each(firm.locations, _in_words))),
        "headcounts": joined(_headcounts_in_words(firm)),
    }


def _basics(firm: Source) -> Part:
    """Return the columns that a company and an employer have in common."""
    return {
        "id": identifier(firm.id),
        "name": text(firm.name),
        "domain": domain(firm),
        "website": text(firm.website),
        "description": text(firm.overview),
        "type": text(firm.type),
        "is_b2b": flag(firm.is_b2b),
        "is_b2c": flag(firm.is_b2c),
        "industry": text(firm.industry),
        "founded_year": whole(firm.founded_year),
        "employees": whole(firm.estimated_number_of_employees),
        "employees_range": text(firm.size),
        "linkedin_url": text(firm.linkedin_url),
        "linkedin_followers": whole(firm.followers),
        "traffic_rank": whole(firm.traffic_rank),
        "logo_url": text(firm.logo_url),
        "revenue_usd": whole(firm.revenue),
        "revenue_range": text(firm.estimated_revenue),
        "total_funding_usd": whole(firm.total_funding),
        "last_funding_round": text(firm.latest_funding_stage),
        "last_funding_date": date(firm.latest_funding_date),
    }


def _lists(firm: Source) -> dict[str, ListColumn]:
    return {
        "keywords": texts(firm.keywords, separator=","),
        "technologies": texts(firm.technologies, separator=","),
        "sic_codes": texts(firm.sic_codes),
        "naics_codes": texts(firm.naics_codes),
    }


def _headquarters(firm: Source) -> Part:
    """Return the headquarters, with the address of the main office if there is one."""
    seat, offices = place(firm.location_details), given(each(firm.locations, place), "address")
    main = first(offices, where=is_true(offices["is_primary"]))
    address = either(main["address"], seat["address"])
    return {**seat, "name": text(firm.location), "address": address}


def domain(firm: Source) -> Column:
    """Return the domain of a company's website, because the vendor returns no domain."""
    return per_value(_domain_in, text(firm.website))


def _domain_in(website: str | None) -> str | None:
    found = domain_key(website or "")
    return found.removeprefix("domain:") if found else None


def place(one: Source) -> Part:
    """Return the columns of a location."""
    return {
        "address": text(one.address),
        "postal_code": identifier(one.postal_code),
        "city": text(one.city),
        "region": text(one.state),
        "country": text(one.country),
        "is_primary": flag(one.is_primary),
    }


def _in_words(one: Source) -> Part:
    of = place(one)
    parts = (of["address"], of["postal_code"], of["city"], of["region"], of["country"])
    return {"": concatenated(*parts, separator=", ")}


def _headcounts(firm: Source) -> ListColumn:
    counts = together(
        each(firm.department_headcount, partial(_headcount, by="department")),
        each(firm.job_function_headcount, partial(_headcount, by="function")),
    )
    return given(counts, "people")


def _headcount(people: Source, by: str) -> Leaves:
    return {"people": whole(people), "group": key(people), "by": by}


def _headcounts_in_words(firm: Source) -> ListColumn:
    of = _headcounts(firm)
    return as_texts(of, concatenated(of["by"], " ", of["group"], ": ", of["people"]))


COMPANIES = RecordType(
    "companies", Company, CompanyResult, lambda result: company(result.result), result_head
)
SINGLE_COMPANIES = RecordType("single/companies", Company, WireCompany, company, head)
