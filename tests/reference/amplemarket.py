"""Amplemarket as it was read before columns: one result or bare object to one model."""

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from enrich_pandas.models import (
    Company,
    Education,
    Email,
    Employer,
    Experience,
    Headcount,
    Language,
    Location,
    Model,
    Person,
    Phone,
)
from enrich_pandas.providers.amplemarket.companies import (
    Codes,
    CompanyResult,
    Place,
    WireCompany,
)
from enrich_pandas.providers.amplemarket.people import (
    PersonResult,
    PhoneNumber,
    Position,
    School,
    Tongue,
    WirePerson,
)
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import date, identifier, read, text, texts


def person_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the person of a result, and the paths of odd fields."""
    found, mistyped = read(raw, PersonResult)
    return None if found is None else person_of(found.result or WirePerson()), mistyped


def company_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the company of a result, and the paths of odd fields."""
    found, mistyped = read(raw, CompanyResult)
    return None if found is None else company_of(found.result or WireCompany()), mistyped


def single_person_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the person of a Person object that was requested alone."""
    found, mistyped = read(raw, WirePerson)
    return None if found is None else person_of(found), mistyped


def single_company_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the company of a Company object that was requested alone."""
    found, mistyped = read(raw, WireCompany)
    return None if found is None else company_of(found), mistyped


REFERENCE: dict[str, Callable[[bytes], tuple[Model | None, list[str]]]] = {
    "people": person_in,
    "companies": company_in,
    "single/people": single_person_in,
    "single/companies": single_company_in,
}

# -- People --------------------------------------------------------------------------------------


def person_of(found: WirePerson) -> Person:
    """Return the person of the vendor's object."""
    address = text(found.email)
    employer = employer_of(found.company) if found.company else None
    known = employer or Employer()
    return Person(
        id=identifier(found.id),
        name=text(found.name),
        first_name=text(found.first_name),
        last_name=text(found.last_name),
        gender=text(found.gender),
        title=text(found.title),
        company=known.name,
        company_domain=known.domain,
        employer=employer,
        headline=text(found.headline),
        summary=text(found.about),
        location=located(found.location, found.location_details),
        linkedin_url=text(found.linkedin_url),
        picture_url=text(found.image_url),
        emails=[Email(address=address)] if address else [],
        phones=[_phone(one) for one in found.phone_numbers or () if one],
        experiences=_with_current(
            [_experience(job) for job in found.experiences or () if job], found, known
        ),
        educations=[_education(school) for school in found.educations or () if school],
        languages=[_language(one) for one in found.languages or () if one],
    )


def _with_current(
    jobs: list[Experience], found: WirePerson, employer: Employer
) -> list[Experience]:
    """Return the positions, with the current one completed from the fields outside the list."""
    start = date(found.current_position_start_date)
    description = text(found.current_position_description)
    if start is None and description is None:
        return jobs
    title = text(found.title)
    open_ = [job for job in jobs if job.is_current or job.end_date is None]
    current = next((job for job in open_ if job.title == title), None)
    if current is None or (start and current.start_date and not _agree(start, current.start_date)):
        own = Experience(title=title, company=employer.name, company_domain=employer.domain)
        current = own
        jobs = [own, *jobs]
    current.start_date = current.start_date or start
    current.description = current.description or description
    current.is_current = True
    return jobs


def _agree(one: str, other: str) -> bool:
    """Return whether two dates agree to the precision of the coarser one."""
    return one.startswith(other) or other.startswith(one)


def _experience(job: Position) -> Experience:
    firm = job.company if isinstance(job.company, WireCompany) else None
    firm = firm or WireCompany(name=job.company if isinstance(job.company, str) else None)
    return Experience(
        title=text(job.title),
        company=text(job.company_name) or text(firm.name),
        company_domain=text(job.company_domain) or domain_of(firm),
        company_id=identifier(firm.id),
        company_linkedin_url=text(job.company_linkedin_url) or text(firm.linkedin_url),
        company_description=text(firm.overview),
        company_logo_url=text(firm.logo_url),
        location=text(job.location),
        description=text(job.description),
        start_date=date(job.start_date),
        end_date=date(job.end_date),
        is_current=job.is_current,
    )


def _education(school: School) -> Education:
    return Education(
        school=text(school.school_name) or text(school.school) or text(school.name),
        degree=text(school.degree),
        field_of_study=text(school.field_of_study),
        school_linkedin_url=text(school.linkedin_url),
        start_date=date(school.start_date),
        end_date=date(school.end_date),
    )


def _language(one: Tongue | str) -> Language:
    if isinstance(one, str):
        return Language(name=text(one))
    return Language(name=text(one.name) or text(one.language), proficiency=text(one.proficiency))


def _phone(one: PhoneNumber) -> Phone:
    return Phone(
        number=identifier(one.number),
        type=text(one.type),
        source=text(one.source),
        is_wrong=one.is_wrong_number,
        is_do_not_call=one.is_dnc_listed,
    )


# -- Companies -----------------------------------------------------------------------------------


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
    """Return codes as text, each once."""
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
