"""The screener's people: wire types, and how they are read."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from enrich_pandas.models import Person
from enrich_pandas.providers import decoding
from enrich_pandas.providers.crustdata.people import (
    distinct_emails,
    distinct_profiles,
    honor,
    main_position,
)
from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Leaves,
    date,
    either,
    flag,
    identifier,
    number,
    text,
    whole,
)
from enrich_pandas.providers.records.lists import ListColumn, as_items, each, one, texts, together
from enrich_pandas.providers.records.source import Source, item_of, key_of

# -- Wire types ----------------------------------------------------------------------------------
# Source: the page "People Enrichment API" and its data dictionary (2024-11-01), and the differences
# that public clients have seen: a text for a documented list and the reverse, ids as lists.


class BusinessEmail(Wire):
    """Wire type: the details of an e-mail address, under that address."""

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
    """Wire type: an element of the answer, a person or an error instead of one."""

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


# -- What binding reads --------------------------------------------------------------------------


def head(profile: Source) -> list[Source]:
    """Return the places that decide which person an element is about, and what it costs."""
    employers = (profile.current_employers, profile.past_employers)
    return [
        profile.query_linkedin_profile_urn_or_slug,
        profile.linkedin_profile_url,
        profile.linkedin_flagship_url,
        profile.name,
        profile.headline,
        profile.business_email,
        profile.email,
        *(key_of(item_of(item_of(jobs).business_emails)) for jobs in employers),
        profile.error,
        profile.error_code,
        profile.message,
    ]


def business_emails_of(profile: Profile) -> Iterator[str]:
    """Yield the business e-mail addresses of a person; the costs depend on them."""
    yield from decoding.texts(profile.business_email, separator=",")
    for job in [*(profile.current_employers or ()), *(profile.past_employers or ())]:
        yield from decoding.texts([*((job and job.business_emails) or ())])


# -- Mapping -------------------------------------------------------------------------------------


def person(profile: Source) -> Fields:
    """Return the columns of a person."""
    current = each(profile.current_employers, partial(_experience, is_current=True))
    past = each(profile.past_employers, partial(_experience, is_current=False))
    experiences = together(current, past)
    main = main_position(experiences)
    return {
        "id": identifier(profile.person_id),
        "name": text(profile.name),
        "title": either(text(profile.title), main["title"]),
        "company": main["company"],
        "company_domain": main["company_domain"],
        "headline": text(profile.headline),
        "summary": text(profile.summary),
        "location": {"name": text(profile.location)},
        "linkedin_url": text(profile.linkedin_flagship_url),
        "linkedin_urn_url": text(profile.linkedin_profile_url),
        "linkedin_joined_date": date(profile.linkedin_joined_date),
        "picture_url": text(profile.profile_picture_permalink, profile.profile_picture_url),
        "connections": whole(profile.num_of_connections),
        "score": number(profile.score),
        "updated_at": date(profile.last_updated),
        "is_realtime": flag(profile.enriched_realtime),
        "emails": distinct_emails(
            as_items(texts(profile.business_email, separator=","), "address", type="business"),
            each(profile.current_employers, _business_emails),
            each(profile.past_employers, _business_emails),
            as_items(texts(profile.email, separator=","), "address"),
        ),
        "experiences": experiences,
        "educations": each(profile.education_background, _education),
        "social_profiles": distinct_profiles(
            one(profile, network="twitter", handle=text(profile.twitter_handle)),
            as_items(texts(profile.github_profiles), "url", network="github"),
        ),
        "certifications": each(profile.certifications, _certification),
        "honors": each(profile.honors, honor),
        "skills": texts(profile.skills, separator=","),
        "languages": as_items(texts(profile.languages, separator=","), "name"),
        "open_to": texts(profile.linkedin_open_to_cards, separator=","),
        "verifications": texts(profile.linkedin_verifications, separator=","),
    }


def _business_emails(job: Source) -> ListColumn:
    """Return the e-mail addresses at an employer; the details are under each address."""
    return each(
        job.business_emails,
        lambda known: {
            "address": text(key_of(known)),
            "type": "business",
            "status": text(known.verification_status),
            "validated_at": date(known.last_validated_at),
        },
    )


def _experience(job: Source, *, is_current: bool) -> Leaves:
    return {
        "title": text(job.employee_title),
        "company": text(job.employer_name),
        "company_domain": text(job.employer_company_website_domain, job.domains),
        "company_id": identifier(job.employer_company_id),
        "company_linkedin_id": identifier(job.employer_linkedin_id),
        "company_description": text(job.employer_linkedin_description),
        "company_logo_url": text(job.employer_logo_url),
        "position_id": identifier(job.employee_position_id),
        "location": text(job.employee_location),
        "description": text(job.employee_description),
        "start_date": date(job.start_date),
        "end_date": date(job.end_date),
        "is_current": is_current,
        "is_primary": flag(job.is_default),
    }


def _education(school: Source) -> Leaves:
    return {
        "school": text(school.institute_name),
        "degree": text(school.degree_name),
        "field_of_study": text(school.field_of_study),
        "activities": text(school.activities_and_societies),
        "school_linkedin_id": identifier(school.institute_linkedin_id),
        "school_linkedin_url": text(school.institute_linkedin_url),
        "school_logo_url": text(school.institute_logo_url),
        "start_date": date(school.start_date),
        "end_date": date(school.end_date),
    }


def _certification(certificate: Source) -> Leaves:
    return {
        "name": text(certificate.name),
        "issuer": text(certificate.issuer_organization),
        "issuer_linkedin_id": identifier(certificate.issuer_organization_linkedin_id),
        "credential_id": identifier(certificate.certification_id),
        "url": text(certificate.url),
        "issued_date": date(certificate.issued_date),
        "expiration_date": date(certificate.expiration_date),
    }


PEOPLE = RecordType("screener/people", Person, Profile, person, head)
