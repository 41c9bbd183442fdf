"""From Amplemarket's Person object to a person."""

from enrich_pandas.models import (
    Education,
    Email,
    Employer,
    Experience,
    Language,
    Person,
    Phone,
)
from enrich_pandas.providers.amplemarket import company_types, person_types
from enrich_pandas.providers.amplemarket.companies import domain_of, employer_of, located
from enrich_pandas.providers.decoding import date, identifier, text


def person_of(found: person_types.Person) -> Person:
    """Make a person of the vendor's object."""
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
    jobs: list[Experience], found: person_types.Person, employer: Employer
) -> list[Experience]:
    """Complete the current position by what the vendor says of it beside the positions."""
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
    """Tell whether two dates are the same to the precision of the coarser."""
    return one.startswith(other) or other.startswith(one)


def _experience(job: person_types.Position) -> Experience:
    firm = job.company if isinstance(job.company, company_types.Company) else None
    firm = firm or company_types.Company(name=job.company if isinstance(job.company, str) else None)
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


def _education(school: person_types.School) -> Education:
    return Education(
        school=text(school.school_name) or text(school.school) or text(school.name),
        degree=text(school.degree),
        field_of_study=text(school.field_of_study),
        school_linkedin_url=text(school.linkedin_url),
        start_date=date(school.start_date),
        end_date=date(school.end_date),
    )


def _language(one: person_types.Tongue | str) -> Language:
    if isinstance(one, str):
        return Language(name=text(one))
    return Language(name=text(one.name) or text(one.language), proficiency=text(one.proficiency))


def _phone(one: person_types.PhoneNumber) -> Phone:
    return Phone(
        number=identifier(one.number),
        type=text(one.type),
        source=text(one.source),
        is_wrong=one.is_wrong_number,
        is_do_not_call=one.is_dnc_listed,
    )
