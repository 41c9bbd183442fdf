"""Amplemarket's people: wire types, and how they are read."""

import pyarrow as pa

from enrich_pandas.models import Person
from enrich_pandas.providers.amplemarket import companies
from enrich_pandas.providers.amplemarket.companies import Place, WireCompany
from enrich_pandas.providers.decoding import Date, Id, Wire
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Leaves,
    Part,
    date,
    either,
    flag,
    identifier,
    is_equal,
    is_given,
    is_true,
    per_value,
    text,
    when,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    each,
    filtered,
    first,
    given,
    has,
    is_first,
    of_owner,
    one,
    together,
)
from enrich_pandas.providers.records.source import Source

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


# -- What binding reads --------------------------------------------------------------------------


def head(found: Source) -> list[Source]:
    """Return the places that tell whether a person was found, and what was revealed."""
    return [found.id, found.name, found.linkedin_url, found.email, found.phone_numbers]


def result_head(result: Source) -> list[Source]:
    """Return the places of the status, of the echo, and of the person's head."""
    profile = [result.email, result.linkedin_url, result.linkedin_id]
    words = [result.name, result.title, result.company_domain, result.company_name]
    return [result.status, *profile, *words, *head(result.result)]


# -- Mapping -------------------------------------------------------------------------------------


def person(found: Source) -> Fields:
    """Return the columns of a person."""
    employer = companies.employer(found.company)
    experiences = each(found.experiences, _experience)
    return {
        "id": identifier(found.id),
        "name": text(found.name),
        "first_name": text(found.first_name),
        "last_name": text(found.last_name),
        "gender": text(found.gender),
        "title": text(found.title),
        "company": employer["name"],
        "company_domain": employer["domain"],
        "employer": employer,
        "headline": text(found.headline),
        "summary": text(found.about),
        "location": {**companies.place(found.location_details), "name": text(found.location)},
        "linkedin_url": text(found.linkedin_url),
        "picture_url": text(found.image_url),
        "emails": given(one(found, address=text(found.email))),
        "phones": each(found.phone_numbers, _phone),
        "experiences": _with_current(experiences, found, employer),
        "educations": each(found.educations, _education),
        "languages": each(found.languages, _language),
    }


def _with_current(jobs: ListColumn, found: Source, employer: Part) -> ListColumn:
    """Complete the current position from the fields outside the list.

    It is the first open one with the person's title. If there is none, or if it began at another
    date, the position that the outer fields describe is added in front.
    """
    start = date(found.current_position_start_date)
    description = text(found.current_position_description)
    outer = {"title": text(found.title), "start_date": start, "description": description}
    is_described = is_given(start) | is_given(description)

    is_open = is_true(jobs["is_current"]) | ~is_given(jobs["end_date"])
    has_title = is_equal(jobs["title"], of_owner(jobs, outer["title"]))
    fits = is_open & has_title & of_owner(jobs, is_described)
    agrees = per_value(_agree, first(jobs, where=fits)["start_date"], start, kind=pa.bool_())
    is_listed = has(jobs, where=fits) & agrees

    is_current = is_first(jobs, where=fits) & of_owner(jobs, is_listed)
    completed = {
        leaf: when(is_current, either(jobs[leaf], of_owner(jobs, outer[leaf])), jobs[leaf])
        for leaf in ("start_date", "description")
    }
    completed["is_current"] = when(is_current, True, jobs["is_current"])
    listed = ListColumn(jobs.owners, {**jobs.leaves, **completed})
    firm = {"company": employer["name"], "company_domain": employer["domain"]}
    own = one(found, **outer, **firm, is_current=True)
    return together(filtered(own, where=is_described & ~is_listed), listed)


def _agree(one: str | None, other: str | None) -> bool:
    """Return whether two dates agree to the precision of the coarser one."""
    return not (one and other) or one.startswith(other) or other.startswith(one)


def _experience(job: Source) -> Leaves:
    firm = job.company
    return {
        "title": text(job.title),
        "company": text(job.company_name, firm.name, firm),
        "company_domain": either(text(job.company_domain), companies.domain(firm)),
        "company_id": identifier(firm.id),
        "company_linkedin_url": text(job.company_linkedin_url, firm.linkedin_url),
        "company_description": text(firm.overview),
        "company_logo_url": text(firm.logo_url),
        "location": text(job.location),
        "description": text(job.description),
        "start_date": date(job.start_date),
        "end_date": date(job.end_date),
        "is_current": flag(job.is_current),
    }


def _education(school: Source) -> Leaves:
    return {
        "school": text(school.school_name, school.school, school.name),
        "degree": text(school.degree),
        "field_of_study": text(school.field_of_study),
        "school_linkedin_url": text(school.linkedin_url),
        "start_date": date(school.start_date),
        "end_date": date(school.end_date),
    }


def _language(language: Source) -> Leaves:
    return {
        "name": text(language.name, language.language, language),
        "proficiency": text(language.proficiency),
    }


def _phone(phone: Source) -> Leaves:
    return {
        "number": identifier(phone.number),
        "type": text(phone.type),
        "source": text(phone.source),
        "is_wrong": flag(phone.is_wrong_number),
        "is_do_not_call": flag(phone.is_dnc_listed),
    }


PEOPLE = RecordType(
    "people", Person, PersonResult, lambda result: person(result.result), result_head
)
SINGLE_PEOPLE = RecordType("single/people", Person, WirePerson, person, head)
