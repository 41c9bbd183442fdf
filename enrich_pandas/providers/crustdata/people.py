"""Crustdata's people: wire types of the current API, and the model."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from enrich_pandas.models import (
    Certification,
    Education,
    Email,
    Experience,
    Honor,
    Language,
    Location,
    Person,
    Phone,
    SocialProfile,
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


def merge_emails(emails: Iterable[Email]) -> list[Email]:
    """Return each e-mail address once, ignoring case; a later mention fills empty fields.

    Examples
    --------
    >>> emails = merge_emails(
    ...     [Email(address="a@example.com"), Email(address="A@example.com", type="business")]
    ... )
    >>> [(email.address, email.type) for email in emails]
    [('a@example.com', 'business')]
    """
    by_address: dict[str, Email] = {}
    for email in emails:
        if email.address:
            first = by_address.setdefault(email.address.casefold(), email)
            _fill(first, email)
    return list(by_address.values())


def _fill(email: Email, other: Email) -> None:
    for name in email.__struct_fields__:
        if getattr(email, name) is None:
            setattr(email, name, getattr(other, name))


def distinct_profiles(found: Iterable[SocialProfile]) -> list[SocialProfile]:
    """Return each social profile once, without those that have neither a URL nor a handle."""
    distinct = {msgspec.structs.astuple(one): one for one in found if one.url or one.handle}
    return list(distinct.values())


def fill_from_position(person: Person) -> Person:
    """Fill title, company and domain from the main current position.

    It is the one that the vendor marks as default, else the first. A title of the person stays.
    """
    current = [one for one in person.experiences if one.is_current]
    main = next((one for one in current if one.is_primary), current[0] if current else Experience())
    person.title = person.title or main.title
    person.company, person.company_domain = main.company, main.company_domain
    return person


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


# -- Model of the current API --------------------------------------------------------------------

_SITE = re.compile(r"(?:https?://)?(?:www\.)?([\w-]+)\.", re.IGNORECASE)


def parts_of(candidate: Candidate) -> set[str]:
    """Return the delivered parts that cost more than the base price."""
    data = candidate.person_data or PersonData()
    contact = data.contact or Contact()
    given = {
        "business_email": contact.business_emails,
        "personal_email": contact.personal_emails,
        "phone": contact.phone_numbers,
        "developer_platform": data.dev_platform_profiles,
    }
    return {part for part, value in given.items() if value}


def profile_url_of(candidate: Candidate) -> str | None:
    """Return the URL of a candidate's profile."""
    handles = (candidate.person_data or PersonData()).social_handles or SocialHandles()
    return text((handles.professional_network_identifier or Handle()).profile_url)


def person_of(candidate: Candidate) -> Person:
    """Return the person of a candidate; the network's copy fills what the profile lacks."""
    data = candidate.person_data or PersonData()
    basic = data.basic_profile or BasicProfile()
    network = data.professional_network or ProfessionalNetwork()
    contact = data.contact or Contact()
    return fill_from_position(
        Person(
            id=identifier(data.crustdata_person_id),
            name=text(basic.name) or text(network.name),
            first_name=text(basic.first_name),
            last_name=text(basic.last_name),
            title=text(basic.current_title) or text(network.current_title),
            headline=text(basic.headline) or text(network.headline),
            summary=text(basic.summary) or text(network.summary),
            location=_location(basic.location) or _location(network.location),
            linkedin_url=profile_url_of(candidate),
            linkedin_joined_date=date(network.joined_date),
            picture_url=_picture(basic, network),
            connections=network.connections,
            followers=network.followers,
            score=candidate.confidence_score,
            updated_at=_updated(data),
            emails=merge_emails(_emails(data)),
            phones=[Phone(number=number) for number in texts(contact.phone_numbers)],
            experiences=list(_experiences(data)),
            educations=list(_educations(data)),
            social_profiles=distinct_profiles(_social_profiles(data)),
            certifications=[_certification(one) for one in data.certifications or () if one],
            honors=[_honor(award) for award in data.honors or () if award],
            skills=_listed((data.skills or Skills()).professional_network_skills),
            languages=[Language(name=name) for name in _listed(basic.languages)],
            open_to=_listed(network.open_to_cards),
            verifications=_listed(network.verifications),
        )
    )


def _listed(value: object) -> list[str]:
    return texts(value, separator=",")


def _location(place: Place | str | None) -> Location | None:
    if not isinstance(place, Place):
        return Location(name=text(place)) if text(place) else None
    location = Location(
        name=text(place.full_location) or text(place.raw),
        city=text(place.city),
        region=text(place.state),
        country=text(place.country),
        continent=text(place.continent),
    )
    return location if location != Location() else None


def _picture(basic: BasicProfile, network: ProfessionalNetwork) -> str | None:
    permalink = text(basic.profile_picture_permalink) or text(network.profile_picture_permalink)
    return permalink or text(network.profile_picture_url)


def _updated(data: PersonData) -> str | None:
    basic, metadata = data.basic_profile or BasicProfile(), data.metadata or Metadata()
    return date(basic.last_updated) or date(metadata.updated_at) or date(data.updated_at)


def _emails(data: PersonData) -> Iterator[Email]:
    contact = data.contact or Contact()
    yield from _addresses(contact.business_emails, "business")
    yield from _addresses(contact.personal_emails, "personal")
    for profile in data.dev_platform_profiles or ():
        if profile is not None:
            yield Email(address=text(profile.email))


def _addresses(found: Iterable[Address | str | None] | None, kind: str) -> Iterator[Email]:
    for one in found or ():
        if isinstance(one, Address):
            validated = date(one.last_updated)
            address, status = text(one.email), text(one.status)
            yield Email(address=address, type=kind, status=status, validated_at=validated)
        else:
            yield Email(address=text(one), type=kind)


def _social_profiles(data: PersonData) -> Iterator[SocialProfile]:
    handles = data.social_handles or SocialHandles()
    twitter = handles.twitter_identifier or Handle()
    yield SocialProfile(network="twitter", url=text(twitter.profile_url), handle=text(twitter.slug))
    yield _site((handles.dev_platform_identifier or Handle()).profile_url)
    for profile in data.dev_platform_profiles or ():
        yield from _declared(profile or DevPlatformProfile())
    for website in texts((data.contact or Contact()).websites):
        yield SocialProfile(network="website", url=website)


def _declared(profile: DevPlatformProfile) -> Iterator[SocialProfile]:
    yield _site(profile.profile_url)
    yield SocialProfile(network="website", url=text(profile.website_url))
    for handle in profile.declared_handles or ():
        if handle is not None:
            yield SocialProfile(network=text(handle.provider), url=text(handle.url))


def _site(url: str | None) -> SocialProfile:
    """Return the profile at a URL; the host names the network."""
    host = _SITE.match(text(url) or "")
    return SocialProfile(network=host[1].lower() if host else None, url=text(url))


def _experiences(data: PersonData) -> Iterator[Experience]:
    details = (data.experience or Experiences()).employment_details or EmploymentDetails()
    yield from (_experience(job, is_current=True) for job in details.current or () if job)
    yield from (_experience(job, is_current=False) for job in details.past or () if job)


def _experience(job: Job, *, is_current: bool) -> Experience:
    place = _location(job.location) or Location()
    return Experience(
        title=text(job.title),
        company=text(job.name) or text(job.company_name),
        company_domain=text(job.company_website_domain),
        company_id=identifier(job.crustdata_company_id),
        company_linkedin_id=identifier(job.professional_network_id),
        company_linkedin_url=text(job.company_professional_network_profile_url),
        company_logo_url=text(job.company_profile_picture_permalink),
        position_id=identifier(job.position_id),
        seniority=text(job.seniority_level),
        function=text(job.function_category),
        employment_type=text(job.employment_type),
        location=place.name or place.city or place.country,
        description=text(job.description),
        start_date=date(job.start_date),
        end_date=date(job.end_date),
        is_current=is_current,
        is_primary=job.is_default,
    )


def _educations(data: PersonData) -> Iterator[Education]:
    for school in (data.education or Schools()).schools or ():
        if school is not None:
            yield _education(school)


def _education(school: School) -> Education:
    return Education(
        school=text(school.school),
        degree=text(school.degree),
        field_of_study=text(school.field_of_study),
        activities=text(school.activities_and_societies),
        school_linkedin_id=identifier(school.professional_network_id),
        school_logo_url=text(school.institute_logo_url) or text(school.institute_logo_permalink),
        start_date=date(school.start_year),
        end_date=date(school.end_year),
    )


def _certification(certificate: Certificate) -> Certification:
    issuer = text(certificate.issuing_organization) or text(certificate.issuer_organization)
    return Certification(
        name=text(certificate.name),
        issuer=issuer,
        issuer_linkedin_id=identifier(certificate.issuer_organization_linkedin_id),
        credential_id=identifier(certificate.credential_id),
        url=text(certificate.credential_url),
        issued_date=date(certificate.issue_date) or date(certificate.issued_date),
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
