"""Amplemarket's companies: wire types, the company, and the employer of a person."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from enrich_pandas.models import Company, Employer, Headcount, Location
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import (
    Date,
    Fraction,
    Id,
    Texts,
    Wire,
    Year,
    date,
    identifier,
    text,
    texts,
)

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


# -- Models --------------------------------------------------------------------------------------


def company_of(firm: WireCompany) -> Company:
    """Return the company of the vendor's object."""
    offices = [place(one) for one in firm.locations or () if one]
    return Company(
        id=identifier(firm.id),
        name=text(firm.name),
        domain=domain_of(firm),
        website=text(firm.website),
        description=text(firm.overview),
        type=text(firm.type),
        is_b2b=firm.is_b2b,
        is_b2c=firm.is_b2c,
        industry=text(firm.industry),
        founded_year=firm.founded_year,
        employees=whole(firm.estimated_number_of_employees),
        employees_range=text(firm.size),
        headquarters=_headquarters(firm, offices),
        linkedin_url=text(firm.linkedin_url),
        linkedin_followers=whole(firm.followers),
        traffic_rank=whole(firm.traffic_rank),
        logo_url=text(firm.logo_url),
        revenue_usd=whole(firm.revenue),
        revenue_range=text(firm.estimated_revenue),
        total_funding_usd=whole(firm.total_funding),
        last_funding_round=text(firm.latest_funding_stage),
        last_funding_date=date(firm.latest_funding_date),
        keywords=texts(firm.keywords, separator=","),
        technologies=texts(firm.technologies, separator=","),
        sic_codes=codes(firm.sic_codes),
        naics_codes=codes(firm.naics_codes),
        offices=offices,
        headcounts=list(_headcounts(firm)),
    )


def _headquarters(firm: WireCompany, offices: Sequence[Location]) -> Location | None:
    """Return the headquarters, with the address of the main office if there is one."""
    seat = located(firm.location, firm.location_details)
    streets = [one.address for one in offices if one.is_primary and one.address]
    return replace(seat or Location(), address=streets[0]) if streets else seat


def employer_of(firm: WireCompany) -> Employer:
    """Return the employer of a person; lists become text."""
    company = company_of(firm)
    seat = company.headquarters or Location()
    return Employer(
        name=company.name,
        id=company.id,
        domain=company.domain,
        website=company.website,
        linkedin_url=company.linkedin_url,
        description=company.description,
        logo_url=company.logo_url,
        type=company.type,
        industry=company.industry,
        employees=company.employees,
        employees_range=company.employees_range,
        founded_year=company.founded_year,
        linkedin_followers=company.linkedin_followers,
        location=seat.name,
        city=seat.city,
        region=seat.region,
        country=seat.country,
        locations=_joined([_in_words(one) for one in company.offices]),
        revenue_usd=company.revenue_usd,
        revenue_range=company.revenue_range,
        total_funding_usd=company.total_funding_usd,
        last_funding_round=company.last_funding_round,
        last_funding_date=company.last_funding_date,
        traffic_rank=company.traffic_rank,
        is_b2b=company.is_b2b,
        is_b2c=company.is_b2c,
        keywords=_joined(company.keywords),
        technologies=_joined(company.technologies),
        sic_codes=_joined(company.sic_codes),
        naics_codes=_joined(company.naics_codes),
        headcounts=_joined([f"{one.by} {one.group}: {one.people}" for one in company.headcounts]),
    )


def domain_of(firm: WireCompany) -> str | None:
    """Return the domain of a company's website, because the vendor returns no domain."""
    key = domain_key(text(firm.website) or "")
    return key.partition(":")[2] if key else None


def place(one: Place) -> Location:
    """Return the location of the vendor's object."""
    return Location(
        address=text(one.address),
        postal_code=identifier(one.postal_code),
        city=text(one.city),
        region=text(one.state),
        country=text(one.country),
        is_primary=one.is_primary,
    )


def located(name: str | None, details: Place | None) -> Location | None:
    """Return a location from its name and details, or None if both are empty."""
    found = place(details or Place())
    found.name = text(name)
    return found if found != Location() else None


def whole(number: float | None) -> int | None:
    """Return a number without its fraction."""
    return None if number is None else int(number)


def codes(given: Codes) -> list[str]:
    """Return codes as text, each once.

    Examples
    --------
    >>> codes([7372, "0111", None, 7372]), codes("7372")
    (['7372', '0111'], ['7372'])
    """
    listed = given if isinstance(given, list) else [given]
    return texts([str(code) for code in listed if code is not None])


def _headcounts(firm: WireCompany) -> Iterator[Headcount]:
    groups = {"department": firm.department_headcount, "function": firm.job_function_headcount}
    for by, counted in groups.items():
        for group, people in (counted or {}).items():
            if people is not None:
                yield Headcount(people=whole(people), group=group, by=by)


def _in_words(one: Location) -> str:
    parts = (one.address, one.postal_code, one.city, one.region, one.country)
    return ", ".join(part for part in parts if part)


def _joined(parts: Sequence[str]) -> str | None:
    return "; ".join(filter(None, parts)) or None
