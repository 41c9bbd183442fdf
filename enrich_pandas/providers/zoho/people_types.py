"""Wire types of an enriched person, in Zoho's words.

Sources: the page "People Enrichment Details" (v7) and the official OpenAPI file and SDK (v8).
Where they differ in a name or a type, both are here.
"""

from enrich_pandas.providers.decoding import Date, Id, Texts, Wire
from enrich_pandas.providers.zoho.basis import Basis


class EmailInfo(Wire):
    """Wire type: an element of ``email_infos``."""

    type: str | None = None
    email: str | None = None


class Industry(Wire):
    """Wire type: an element of ``industries``; in the page of v7 it is a text."""

    name: str | None = None
    description: str | None = None


class Job(Wire):
    """Wire type: an element of ``company_info.experiences``."""

    company_name: str | None = None
    title: str | None = None
    primary: bool | None = None
    start_period: Date = None
    end_period: Date = None
    start_date: Date = None
    end_date: Date = None


class CompanyInfo(Wire):
    """Wire type: ``company_info``."""

    name: str | None = None
    industries: list[Industry | str | None] | None = None
    experiences: list[Job | None] | None = None


class School(Wire):
    """Wire type: an element of ``educations``."""

    school_name: str | None = None
    majors: Texts = None
    degrees: Texts = None


class Place(Wire):
    """Wire type: ``primary_address_info`` and an element of ``address_list_info``."""

    continent: str | None = None
    country: str | None = None
    name: str | None = None
    region: str | None = None
    primary: bool | None = None


class Media(Wire):
    """Wire type: an element of ``social_media``."""

    media_type: str | None = None
    media_url: Texts = None


class EnrichedPerson(Wire):
    """Wire type: ``enriched_data`` of a person; its keys depend on the organization's mapping."""

    id: Id = None
    name: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    gender: str | None = None
    designation: str | None = None
    website: str | None = None
    company_info: CompanyInfo | None = None
    primary_email: str | None = None
    email_infos: list[EmailInfo | str | None] | None = None
    primary_contact: str | int | None = None
    secondary_contact: str | int | None = None
    other_contacts: list[str | int | None] | str | None = None
    primary_address_info: Place | None = None
    address_list_info: list[Place | None] | None = None
    educations: list[School | None] | School | None = None
    skills: Texts = None
    interests: Texts = None
    social_media: list[Media | None] | None = None


class PersonJob(Wire):
    """Wire type: a job, with the person that it found."""

    id: Id = None
    status: str | None = None
    enrich_based_on: Basis | None = None
    enriched_data: EnrichedPerson | None = None
