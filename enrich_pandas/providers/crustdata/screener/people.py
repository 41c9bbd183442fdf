"""The screener's people: wire types and the model."""

from collections.abc import Iterator
from typing import Any

from enrich_pandas.models import (
    Certification,
    Education,
    Email,
    Experience,
    Honor,
    Language,
    Location,
    Person,
    SocialProfile,
)
from enrich_pandas.providers.crustdata.former import (
    distinct_profiles,
    fill_from_position,
    merge_emails,
)
from enrich_pandas.providers.decoding import (
    Date,
    Id,
    Texts,
    Whole,
    Wire,
    date,
    identifier,
    text,
    texts,
)

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


# -- Model ---------------------------------------------------------------------------------------


def person_of(profile: Profile) -> Person:
    """Return the person of an element."""
    current = [_experience(job, is_current=True) for job in profile.current_employers or () if job]
    past = [_experience(job, is_current=False) for job in profile.past_employers or () if job]
    place = text(profile.location)
    picture = text(profile.profile_picture_permalink) or text(profile.profile_picture_url)
    return fill_from_position(
        Person(
            id=identifier(profile.person_id),
            name=text(profile.name),
            title=text(profile.title),
            headline=text(profile.headline),
            summary=text(profile.summary),
            location=Location(name=place) if place else None,
            linkedin_url=text(profile.linkedin_flagship_url),
            linkedin_urn_url=text(profile.linkedin_profile_url),
            linkedin_joined_date=date(profile.linkedin_joined_date),
            picture_url=picture,
            connections=profile.num_of_connections,
            score=profile.score,
            updated_at=date(profile.last_updated),
            is_realtime=profile.enriched_realtime,
            emails=merge_emails(_emails(profile)),
            experiences=[*current, *past],
            educations=[
                _education(school) for school in profile.education_background or () if school
            ],
            social_profiles=distinct_profiles(_social_profiles(profile)),
            certifications=[_certification(one) for one in profile.certifications or () if one],
            honors=[_honor(award) for award in profile.honors or () if award],
            skills=texts(profile.skills, separator=","),
            languages=[Language(name=name) for name in texts(profile.languages, separator=",")],
            open_to=texts(profile.linkedin_open_to_cards, separator=","),
            verifications=texts(profile.linkedin_verifications, separator=","),
        )
    )


def _emails(profile: Profile) -> Iterator[Email]:
    for address in texts(profile.business_email, separator=","):
        yield Email(address=address, type="business")
    for job in [*(profile.current_employers or ()), *(profile.past_employers or ())]:
        for address, known in ((job and job.business_emails) or {}).items():
            yield _business_email(address, known or BusinessEmail())
    for address in texts(profile.email, separator=","):
        yield Email(address=address)


def _business_email(address: str, known: BusinessEmail) -> Email:
    return Email(
        address=text(address),
        type="business",
        status=text(known.verification_status),
        validated_at=date(known.last_validated_at),
    )


def _social_profiles(profile: Profile) -> Iterator[SocialProfile]:
    yield SocialProfile(network="twitter", handle=text(profile.twitter_handle))
    for url in texts(profile.github_profiles):
        yield SocialProfile(network="github", url=url)


def _experience(job: Employer, *, is_current: bool) -> Experience:
    domain = text(job.employer_company_website_domain) or text(job.domains)
    return Experience(
        title=text(job.employee_title),
        company=text(job.employer_name),
        company_domain=domain,
        company_id=identifier(job.employer_company_id),
        company_linkedin_id=identifier(job.employer_linkedin_id),
        company_description=text(job.employer_linkedin_description),
        company_logo_url=text(job.employer_logo_url),
        position_id=identifier(job.employee_position_id),
        location=text(job.employee_location),
        description=text(job.employee_description),
        start_date=date(job.start_date),
        end_date=date(job.end_date),
        is_current=is_current,
        is_primary=job.is_default,
    )


def _education(school: School) -> Education:
    return Education(
        school=text(school.institute_name),
        degree=text(school.degree_name),
        field_of_study=text(school.field_of_study),
        activities=text(school.activities_and_societies),
        school_linkedin_id=identifier(school.institute_linkedin_id),
        school_linkedin_url=text(school.institute_linkedin_url),
        school_logo_url=text(school.institute_logo_url),
        start_date=date(school.start_date),
        end_date=date(school.end_date),
    )


def _certification(certificate: Certificate) -> Certification:
    return Certification(
        name=text(certificate.name),
        issuer=text(certificate.issuer_organization),
        issuer_linkedin_id=identifier(certificate.issuer_organization_linkedin_id),
        credential_id=identifier(certificate.certification_id),
        url=text(certificate.url),
        issued_date=date(certificate.issued_date),
        expiration_date=date(certificate.expiration_date),
    )


def _honor(award: Award) -> Honor:
    return Honor(
        title=text(award.title),
        issuer=text(award.issuer),
        organization=text(award.associated_organization),
        organization_linkedin_id=identifier(award.associated_organization_linkedin_id),
        description=text(award.description),
        media_url=text(award.media_urls),
        issued_date=date(award.issued_date),
    )
