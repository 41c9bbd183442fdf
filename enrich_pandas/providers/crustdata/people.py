"""Crustdata's people: wire types of the current API, and how they are read."""

import re
from functools import partial

from enrich_pandas.models import Person
from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire, text as first_text
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Leaves,
    Part,
    date,
    either,
    either_part,
    flag,
    identifier,
    is_true,
    number,
    per_value,
    text,
    whole,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_items,
    distinct,
    each,
    first,
    given,
    one,
    texts,
    together,
)
from enrich_pandas.providers.records.source import Source, item_of, only


def distinct_emails(*lists: ListColumn) -> ListColumn:
    """Return each e-mail address once, ignoring case; a later mention fills empty leaves."""
    return distinct(together(*lists), "address", fold=True, fill=True)


def distinct_profiles(*lists: ListColumn) -> ListColumn:
    """Return each social profile once, without those that have neither a URL nor a handle."""
    return distinct(given(together(*lists), "url", "handle"))


def main_position(experiences: ListColumn) -> Part:
    """Return the current position that the vendor marks as default, else the first current one."""
    return first(
        experiences,
        where=is_true(experiences["is_current"]),
        prefer=is_true(experiences["is_primary"]),
    )


# -- Wire types of the current API ---------------------------------------------------------------
# Source: docs.crustdata.com/person-docs/enrichment/reference, 2025-11-01. If the documents and the
# answers that clients have seen differ in a name, both are here.


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
    """Wire type: an element of the answer, one for each identifier that was sent."""

    matched_on: Texts = None
    match_type: str | None = None
    match_status: str | None = None
    matches: list[Candidate | None] | None = None


# -- What binding reads --------------------------------------------------------------------------


def head(element: Source) -> list[Source]:
    """Return the places that decide which person an element is about, and what it costs."""
    candidate = item_of(element.matches)
    data = candidate.person_data
    return [
        element.matched_on,
        element.match_status,
        candidate.match_status,
        candidate.confidence_score,
        data.social_handles.professional_network_identifier.profile_url,
        data.contact.business_emails,
        data.contact.personal_emails,
        data.contact.phone_numbers,
        data.dev_platform_profiles,
    ]


def parts_of(candidate: Candidate) -> frozenset[str]:
    """Return the delivered parts that cost more than the base price."""
    data = candidate.person_data or PersonData()
    if data.contact is None and not data.dev_platform_profiles:  # nothing else was requested
        return frozenset()
    contact = data.contact or Contact()
    given = {
        "business_email": contact.business_emails,
        "personal_email": contact.personal_emails,
        "phone": contact.phone_numbers,
        "developer_platform": data.dev_platform_profiles,
    }
    return frozenset(part for part, value in given.items() if value)


def profile_url_of(candidate: Candidate) -> str | None:
    """Return the URL of a candidate's profile."""
    handles = (candidate.person_data or PersonData()).social_handles or SocialHandles()
    return first_text((handles.professional_network_identifier or Handle()).profile_url)


# -- Mapping of the current API ------------------------------------------------------------------

_SITE = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)\.", re.IGNORECASE)


def person(element: Source) -> Fields:
    """Return the columns of a person; the network's copy fills what the profile lacks."""
    candidate = only(element.matches)
    data = candidate.person_data
    basic, network, contact = data.basic_profile, data.professional_network, data.contact
    experiences = _experiences(data.experience.employment_details)
    main = main_position(experiences)
    return {
        "id": identifier(data.crustdata_person_id),
        "name": text(basic.name, network.name),
        "first_name": text(basic.first_name),
        "last_name": text(basic.last_name),
        "title": either(text(basic.current_title, network.current_title), main["title"]),
        "company": main["company"],
        "company_domain": main["company_domain"],
        "headline": text(basic.headline, network.headline),
        "summary": text(basic.summary, network.summary),
        "location": either_part(_location(basic.location), _location(network.location)),
        "linkedin_url": text(data.social_handles.professional_network_identifier.profile_url),
        "linkedin_joined_date": date(network.joined_date),
        "picture_url": text(
            basic.profile_picture_permalink,
            network.profile_picture_permalink,
            network.profile_picture_url,
        ),
        "connections": whole(network.connections),
        "followers": whole(network.followers),
        "score": number(candidate.confidence_score),
        "updated_at": date(basic.last_updated, data.metadata.updated_at, data.updated_at),
        "emails": distinct_emails(
            each(contact.business_emails, partial(_address, kind="business")),
            each(contact.personal_emails, partial(_address, kind="personal")),
            each(data.dev_platform_profiles, lambda profile: {"address": text(profile.email)}),
        ),
        "phones": as_items(texts(contact.phone_numbers), "number"),
        "experiences": experiences,
        "educations": each(data.education.schools, _education),
        "social_profiles": _social_profiles(data),
        "certifications": each(data.certifications, _certification),
        "honors": each(data.honors, honor),
        "skills": texts(data.skills.professional_network_skills, separator=","),
        "languages": as_items(texts(basic.languages, separator=","), "name"),
        "open_to": texts(network.open_to_cards, separator=","),
        "verifications": texts(network.verifications, separator=","),
    }


def _location(place: Source) -> Part:
    return {
        "name": text(place.full_location, place.raw, place),
        "city": text(place.city),
        "region": text(place.state),
        "country": text(place.country),
        "continent": text(place.continent),
    }


def _address(address: Source, kind: str) -> Leaves:
    return {
        "address": text(address.email, address),
        "type": kind,
        "status": text(address.status),
        "validated_at": date(address.last_updated),
    }


def _experiences(details: Source) -> ListColumn:
    return together(
        each(details.current, partial(_experience, is_current=True)),
        each(details.past, partial(_experience, is_current=False)),
    )


def _experience(job: Source, *, is_current: bool) -> Leaves:
    place = job.location
    return {
        "title": text(job.title),
        "company": text(job.name, job.company_name),
        "company_domain": text(job.company_website_domain),
        "company_id": identifier(job.crustdata_company_id),
        "company_linkedin_id": identifier(job.professional_network_id),
        "company_linkedin_url": text(job.company_professional_network_profile_url),
        "company_logo_url": text(job.company_profile_picture_permalink),
        "position_id": identifier(job.position_id),
        "seniority": text(job.seniority_level),
        "function": text(job.function_category),
        "employment_type": text(job.employment_type),
        "location": text(place.full_location, place.raw, place, place.city, place.country),
        "description": text(job.description),
        "start_date": date(job.start_date),
        "end_date": date(job.end_date),
        "is_current": is_current,
        "is_primary": flag(job.is_default),
    }


def _education(school: Source) -> Leaves:
    return {
        "school": text(school.school),
        "degree": text(school.degree),
        "field_of_study": text(school.field_of_study),
        "activities": text(school.activities_and_societies),
        "school_linkedin_id": identifier(school.professional_network_id),
        "school_logo_url": text(school.institute_logo_url, school.institute_logo_permalink),
        "start_date": date(school.start_year),
        "end_date": date(school.end_year),
    }


def _social_profiles(data: Source) -> ListColumn:
    twitter = data.social_handles.twitter_identifier
    return distinct_profiles(
        one(data, network="twitter", url=text(twitter.profile_url), handle=text(twitter.slug)),
        one(data, **_site(data.social_handles.dev_platform_identifier.profile_url)),
        each(data.dev_platform_profiles, _declared),
        as_items(texts(data.contact.websites), "url", network="website"),
    )


def _declared(profile: Source) -> ListColumn:
    """Return the profiles that a developer's profile names, with its own."""
    return together(
        one(profile, **_site(profile.profile_url)),
        one(profile, network="website", url=text(profile.website_url)),
        each(
            profile.declared_handles,
            lambda handle: {"network": text(handle.provider), "url": text(handle.url)},
        ),
    )


def _site(url: Source) -> Part:
    """Return the profile at a URL; the host names the network."""
    return {"network": per_value(_host, text(url)), "url": text(url)}


def _host(url: str | None) -> str | None:
    found = _SITE.match(url or "")
    return found[1].lower() if found else None


def _certification(certificate: Source) -> Leaves:
    return {
        "name": text(certificate.name),
        "issuer": text(certificate.issuing_organization, certificate.issuer_organization),
        "issuer_linkedin_id": identifier(certificate.issuer_organization_linkedin_id),
        "credential_id": identifier(certificate.credential_id),
        "url": text(certificate.credential_url),
        "issued_date": date(certificate.issue_date, certificate.issued_date),
        "expiration_date": date(certificate.expiration_date),
    }


def honor(award: Source) -> Leaves:
    """Return the leaves of an honor, which both generations of the API name alike."""
    return {
        "title": text(award.title),
        "issuer": text(award.issuer),
        "organization": text(award.associated_organization),
        "organization_linkedin_id": identifier(award.associated_organization_linkedin_id),
        "description": text(award.description),
        "media_url": text(award.media_urls),
        "issued_date": date(award.issued_date),
    }


PEOPLE = RecordType("people", Person, Element, person, head)
