"""From Amplemarket's Company object to a company, and to the employer of a person."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from enrich_pandas.models import Company, Employer, Headcount, Location
from enrich_pandas.providers.amplemarket import company_types as wire
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import date, identifier, text, texts


def company_of(firm: wire.Company) -> Company:
    """Make a company of the vendor's object."""
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


def _headquarters(firm: wire.Company, offices: Sequence[Location]) -> Location | None:
    """Return the seat; its street is that of the main office, where there is one."""
    seat = located(firm.location, firm.location_details)
    streets = [one.address for one in offices if one.is_primary and one.address]
    return replace(seat or Location(), address=streets[0]) if streets else seat


def employer_of(firm: wire.Company) -> Employer:
    """Make of the vendor's object what stands beside a person: its lists are joined."""
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


def domain_of(firm: wire.Company) -> str | None:
    """Return the domain of a company's website: the vendor gives none by itself."""
    key = domain_key(text(firm.website) or "")
    return key.partition(":")[2] if key else None


def place(one: wire.Place) -> Location:
    """Make a place of the vendor's object."""
    return Location(
        address=text(one.address),
        postal_code=identifier(one.postal_code),
        city=text(one.city),
        region=text(one.state),
        country=text(one.country),
        is_primary=one.is_primary,
    )


def located(name: str | None, details: wire.Place | None) -> Location | None:
    """Return a place by its name and its details, or None where nothing is known of it."""
    found = place(details or wire.Place())
    found.name = text(name)
    return found if found != Location() else None


def whole(number: float | None) -> int | None:
    """Return a number without its fraction."""
    return None if number is None else int(number)


def codes(given: wire.Codes) -> list[str]:
    """Return codes as text, each once.

    Examples
    --------
    >>> codes([7372, "0111", None, 7372]), codes("7372")
    (['7372', '0111'], ['7372'])
    """
    listed = given if isinstance(given, list) else [given]
    return texts([str(code) for code in listed if code is not None])


def _headcounts(firm: wire.Company) -> Iterator[Headcount]:
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
