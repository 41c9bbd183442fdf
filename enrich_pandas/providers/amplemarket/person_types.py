"""Wire types of Amplemarket's people, in the vendor's words.

Source: docs.amplemarket.com/guides/people-search, "Person Object". What is in a position, a
school or a language is not documented; the usual names are taken, and others are passed over.
"""

from enrich_pandas.providers.amplemarket.company_types import Company, Place
from enrich_pandas.providers.decoding import Date, Id, Wire


class Position(Wire):
    """Wire type: an element of ``experiences``."""

    title: str | None = None
    company: Company | str | None = None
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


class Person(Wire):
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
    company: Company | None = None


class PersonResult(Wire):
    """Wire type: what an enrichment request says of one lead, and which lead that was."""

    status: str | None = None
    result: Person | None = None
    email: str | None = None
    linkedin_url: str | None = None
    linkedin_id: Id = None
    company_domain: str | None = None
    company_name: str | None = None
    name: str | None = None
    title: str | None = None
