"""Wire types of Crustdata's current API, ``POST /person/enrich``, in the vendor's words.

Source: docs.crustdata.com/person-docs/enrichment/reference, 2025-11-01. Where its pages and what
clients have met differ in a name, both are here.
"""

from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire


class Place(Wire):
    """Wire type: a location."""

    city: str | None = None
    state: str | None = None
    country: str | None = None
    continent: str | None = None
    full_location: str | None = None
    raw: str | None = None


class BasicProfile(Wire):
    """Wire type: ``basic_profile``."""

    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    headline: str | None = None
    current_title: str | None = None
    summary: str | None = None
    languages: Texts = None
    last_updated: Date = None
    profile_picture_permalink: str | None = None
    location: Place | str | None = None


class ProfessionalNetwork(Wire):
    """Wire type: ``professional_network``."""

    name: str | None = None
    headline: str | None = None
    current_title: str | None = None
    summary: str | None = None
    location: Place | str | None = None
    profile_picture_url: str | None = None
    profile_picture_permalink: str | None = None
    connections: Whole | None = None
    followers: Whole | None = None
    joined_date: Date = None
    verifications: Texts = None
    open_to_cards: Texts = None


class Handle(Wire):
    """Wire type: an element of ``social_handles``."""

    profile_url: str | None = None
    slug: str | None = None


class SocialHandles(Wire):
    """Wire type: ``social_handles``."""

    professional_network_identifier: Handle | None = None
    twitter_identifier: Handle | None = None
    dev_platform_identifier: Handle | None = None


class Job(Wire):
    """Wire type: an element of ``experience.employment_details.current`` or ``….past``."""

    name: str | None = None
    company_name: str | None = None
    title: str | None = None
    description: str | None = None
    employment_type: str | None = None
    location: Place | str | None = None
    start_date: Date = None
    end_date: Date = None
    is_default: bool | None = None
    seniority_level: str | None = None
    function_category: str | None = None
    position_id: Id = None
    crustdata_company_id: Id = None
    professional_network_id: Id = None
    company_website_domain: Texts = None
    company_professional_network_profile_url: str | None = None
    company_profile_picture_permalink: str | None = None


class EmploymentDetails(Wire):
    """Wire type: ``experience.employment_details``."""

    current: list[Job | None] | None = None
    past: list[Job | None] | None = None


class Experiences(Wire):
    """Wire type: ``experience``."""

    employment_details: EmploymentDetails | None = None


class School(Wire):
    """Wire type: an element of ``education.schools``."""

    school: str | None = None
    degree: str | None = None
    field_of_study: str | None = None
    start_year: Date = None
    end_year: Date = None
    activities_and_societies: str | None = None
    professional_network_id: Id = None
    institute_logo_url: str | None = None
    institute_logo_permalink: str | None = None


class Schools(Wire):
    """Wire type: ``education``."""

    schools: list[School | None] | None = None


class Skills(Wire):
    """Wire type: ``skills``."""

    professional_network_skills: Texts = None


class Address(Wire):
    """Wire type: an element of ``contact.business_emails`` or ``….personal_emails``."""

    email: str | None = None
    status: str | None = None
    last_updated: Date = None


class Contact(Wire):
    """Wire type: ``contact``."""

    business_emails: list[Address | str | None] | None = None
    personal_emails: list[Address | str | None] | None = None
    phone_numbers: Texts = None
    websites: Texts = None


class Certificate(Wire):
    """Wire type: an element of ``certifications``."""

    name: str | None = None
    issuing_organization: str | None = None
    issuer_organization: str | None = None
    issuer_organization_linkedin_id: Id = None
    issue_date: Date = None
    issued_date: Date = None
    expiration_date: Date = None
    credential_id: Id = None
    credential_url: str | None = None


class Award(Wire):
    """Wire type: an element of ``honors``."""

    title: str | None = None
    issuer: str | None = None
    description: str | None = None
    issued_date: Date = None
    media_urls: Texts = None
    associated_organization: str | None = None
    associated_organization_linkedin_id: Id = None


class DeclaredHandle(Wire):
    """Wire type: an element of ``dev_platform_profiles.declared_handles``."""

    provider: str | None = None
    url: str | None = None


class DevPlatformProfile(Wire):
    """Wire type: an element of ``dev_platform_profiles``."""

    profile_url: str | None = None
    email: str | None = None
    website_url: str | None = None
    declared_handles: list[DeclaredHandle | None] | None = None


class Metadata(Wire):
    """Wire type: ``metadata``."""

    updated_at: Date = None


class PersonData(Wire):
    """Wire type: ``person_data``."""

    crustdata_person_id: Id = None
    basic_profile: BasicProfile | None = None
    professional_network: ProfessionalNetwork | None = None
    social_handles: SocialHandles | None = None
    experience: Experiences | None = None
    education: Schools | None = None
    skills: Skills | None = None
    contact: Contact | None = None
    certifications: list[Certificate | None] | None = None
    honors: list[Award | None] | None = None
    dev_platform_profiles: list[DevPlatformProfile | None] | None = None
    metadata: Metadata | None = None
    updated_at: Date = None


class Candidate(Wire):
    """Wire type: an element of ``matches``."""

    confidence_score: float | None = None
    match_status: str | None = None
    person_data: PersonData | None = None


class Element(Wire):
    """Wire type: an element of the answer, one for every identifier that was sent."""

    matched_on: Texts = None
    match_type: str | None = None
    match_status: str | None = None
    matches: list[Candidate | None] | None = None
