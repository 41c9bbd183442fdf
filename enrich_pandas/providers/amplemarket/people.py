"""Amplemarket's people: wire types and the model."""

from enrich_pandas.models import (
    Education,
    Email,
    Employer,
    Experience,
    Language,
    Person,
    Phone,
)
from enrich_pandas.providers.amplemarket import companies
from enrich_pandas.providers.amplemarket.companies import (
    Place,
    WireCompany,
    domain_of,
    employer_of,
    located,
)
from enrich_pandas.providers.decoding import Date, Id, Wire, date, identifier, text

# -- Wire types ----------------------------------------------------------------------------------
# Source: docs.amplemarket.com/guides/people-search, "Person Object". The content of a position, a
# school or a language is not documented: the usual names are read, and others are ignored.


class Position(Wire):
    """Wire type: an element of ``experiences``."""

    title: str | None = None
    company: WireCompany | str | None = None
    company_name: str | None = None
    company_domain: str | None = None
    company_linkedin_url: str | None = None
    location: str | None = None
    description: str | None = None
    start_date: Date = None
    end_date: Date = None
    is_current: bool | None = None


class School(Wire):
    """Wire type: an element of ``educations``."""

    school_name: str | None = None
    school: str | None = None
    name: str | None = None
    degree: str | None = None
    field_of_study: str | None = None
    linkedin_url: str | None = None
    start_date: Date = None
    end_date: Date = None


class Tongue(Wire):
    """Wire type: an element of ``languages``."""

    name: str | None = None
    language: str | None = None
    proficiency: str | None = None


class PhoneNumber(Wire):
    """Wire type: an element of ``phone_numbers``."""

    number: Id = None
    type: str | None = None
    source: str | None = None
    is_wrong_number: bool | None = None
    is_dnc_listed: bool | None = None


class WirePerson(Wire):
    """Wire type: the Person object."""

    id: Id = None
    linkedin_url: str | None = None
    name: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    gender: str | None = None
    title: str | None = None
    headline: str | None = None
    about: str | None = None
    current_position_start_date: Date = None
    current_position_description: str | None = None
    location: str | None = None
    image_url: str | None = None
    location_details: Place | None = None
    experiences: list[Position | None] | None = None
    educations: list[School | None] | None = None
    languages: list[Tongue | str | None] | None = None
    phone_numbers: list[PhoneNumber | None] | None = None
    company: WireCompany | None = None


class PersonResult(Wire):
    """Wire type: the result for one lead, with the echo of the request."""

    status: str | None = None
    result: WirePerson | None = None
    email: str | None = None
    linkedin_url: str | None = None
    linkedin_id: Id = None
    company_domain: str | None = None
    company_name: str | None = None
    name: str | None = None
    title: str | None = None


# -- Model ---------------------------------------------------------------------------------------


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
    firm = job.company if isinstance(job.company, companies.WireCompany) else None
    firm = firm or companies.WireCompany(name=job.company if isinstance(job.company, str) else None)
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
