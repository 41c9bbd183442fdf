"""Wire types of Crustdata's older API, ``GET /screener/person/enrich``, in the vendor's words.

Source: the page "People Enrichment API" and its data dictionary (2024-11-01), and the drift that
public clients have met: a text where a list is promised and the reverse, ids as lists.
"""

from typing import Any

from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire


class BusinessEmail(Wire):
    """Wire type: what is known of an address, under that address."""

    verification_status: str | None = None
    last_validated_at: Date = None


class Employer(Wire):
    """Wire type: an element of ``current_employers`` or ``past_employers``."""

    employer_name: str | None = None
    employer_linkedin_id: Id = None
    employer_logo_url: str | None = None
    employer_linkedin_description: str | None = None
    employer_company_id: Id = None
    employer_company_website_domain: Texts = None
    domains: Texts = None
    employee_position_id: Id = None
    employee_title: str | None = None
    employee_description: str | None = None
    employee_location: str | None = None
    start_date: Date = None
    end_date: Date = None
    is_default: bool | None = None
    business_emails: dict[str, BusinessEmail | None] | None = None


class School(Wire):
    """Wire type: an element of ``education_background``."""

    degree_name: str | None = None
    institute_name: str | None = None
    institute_linkedin_id: Id = None
    institute_linkedin_url: str | None = None
    institute_logo_url: str | None = None
    field_of_study: str | None = None
    start_date: Date = None
    end_date: Date = None
    activities_and_societies: str | None = None


class Certificate(Wire):
    """Wire type: an element of ``certifications``."""

    name: str | None = None
    issued_date: Date = None
    expiration_date: Date = None
    url: str | None = None
    issuer_organization: str | None = None
    issuer_organization_linkedin_id: Id = None
    certification_id: Id = None


class Award(Wire):
    """Wire type: an element of ``honors``."""

    title: str | None = None
    issued_date: Date = None
    description: str | None = None
    issuer: str | None = None
    media_urls: Texts = None
    associated_organization_linkedin_id: Id = None
    associated_organization: str | None = None


class Profile(Wire):
    """Wire type: an element of the answer, a person or an error in place of one."""

    linkedin_profile_url: str | None = None
    linkedin_flagship_url: str | None = None
    name: str | None = None
    location: str | None = None
    email: Texts = None
    title: str | None = None
    last_updated: Date = None
    headline: str | None = None
    summary: str | None = None
    num_of_connections: Whole | None = None
    skills: Texts = None
    profile_picture_url: str | None = None
    profile_picture_permalink: str | None = None
    twitter_handle: str | None = None
    languages: Texts = None
    enriched_realtime: bool | None = None
    business_email: Texts = None
    query_linkedin_profile_urn_or_slug: Texts = None
    score: float | None = None
    current_employers: list[Employer | None] | None = None
    past_employers: list[Employer | None] | None = None
    education_background: list[School | None] | None = None
    certifications: list[Certificate | None] | None = None
    honors: list[Award | None] | None = None
    linkedin_open_to_cards: Texts = None
    linkedin_joined_date: Date = None
    linkedin_verifications: Texts = None
    person_id: Id = None
    github_profiles: Texts = None
    error: Any = None
    error_code: Any = None
    message: Any = None
