"""Zoho's people: wire types and the model."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from enrich_pandas.models import (
    Education,
    Email,
    Employer,
    Experience,
    Location,
    Person,
    Phone,
    SocialProfile,
)
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire, date, identifier, text, texts
from enrich_pandas.providers.zoho.basis import Basis

# -- Wire types ----------------------------------------------------------------------------------
# Sources: the page "People Enrichment Details" (v7) and the official OpenAPI file and SDK (v8). If
# they differ in a name or a type, both are here.


class EmailInfo(Wire):
    """Wire type: an element of ``email_infos``."""

    type: str | None = None
    email: str | None = None


class Industry(Wire):
    """Wire type: an element of ``industries``, which is a text in the page of v7."""

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
    """Wire type: a job with the person that it found."""

    id: Id = None
    status: str | None = None
    enrich_based_on: Basis | None = None
    enriched_data: EnrichedPerson | None = None


# -- People and companies ------------------------------------------------------------------------

_NETWORK = re.compile(r"(?:https?://)?(?:www\.)?([^/?#\s]+)", re.IGNORECASE)


def to_text(value: object) -> str | None:
    """Return a text or a number as text.

    Examples
    --------
    >>> to_text(" 10+ "), to_text(2500000.0), to_text(12), to_text("")
    ('10+', '2500000', '12', None)
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else text(value)


def emails(found: Iterable[tuple[str | None, str | None]]) -> list[Email]:
    """Return each e-mail address once, ignoring case; a later mention can add its type."""
    by_address: dict[str, Email] = {}
    for address, kind in found:
        if not address:
            continue
        key = address.casefold()
        if key not in by_address:
            by_address[key] = Email(address=address, type=kind)
        elif kind and by_address[key].type is None:
            by_address[key].type = kind
    return list(by_address.values())


def phones(primary: object, secondary: object, others: object) -> list[Phone]:
    """Return each number once, with the type of its first mention."""
    more = others if isinstance(others, list) else [others]
    typed = [("primary", primary), ("secondary", secondary), *(("other", one) for one in more)]
    by_number: dict[str, Phone] = {}
    for kind, value in typed:
        if number := to_text(value):
            by_number.setdefault(number, Phone(number=number, type=kind))
    return list(by_number.values())


def social_profiles(found: Iterable[Media | None] | None) -> list[SocialProfile]:
    """Return each social profile once."""
    named: dict[str, str | None] = {}
    for media in filter(None, found or ()):
        name = text(media.media_type)
        for url in texts(media.media_url):
            named[url] = network(name or url)
    return [SocialProfile(url=url, network=name) for url, name in named.items()]


@lru_cache(maxsize=1 << 10)
def network(named: str) -> str | None:
    """Return the name of a network, from its host or Zoho's name for it.

    Examples
    --------
    >>> network("linkedin.com"), network("TWITTER"), network("https://about.me/ada")
    ('linkedin', 'twitter', 'about.me')
    """
    host = _NETWORK.match(named)
    return host[1].lower().removesuffix(".com") if host else None


def linkedin(found: Iterable[SocialProfile]) -> str | None:
    """Return the LinkedIn URL."""
    url = next((one.url for one in found if one.network == "linkedin"), None)
    return url if url is None or "://" in url else f"https://{url}"


def industries(found: Iterable[Industry | str | None] | None) -> dict[str, str | None]:
    """Return the names of industries, each with its description.

    Examples
    --------
    >>> industries(["Energy", Industry(name="Tools", description="Hammers")])
    {'Energy': None, 'Tools': 'Hammers'}
    """
    whole = [one if isinstance(one, Industry) else Industry(name=one) for one in found or ()]
    return {name: text(one.description) for one in whole if (name := text(one.name))}


# -- Model ---------------------------------------------------------------------------------------

TYPES = {"professional": "business"}
NO_COMPANY, NO_SCHOOL, NO_PLACE = CompanyInfo(), Education(), (None, None, None, None)


def person_of(data: EnrichedPerson) -> Person:
    """Return the person; without a designation, the title is that of the main position."""
    company = data.company_info or NO_COMPANY
    experiences = sorted(map(_experience, filter(None, company.experiences or ())), key=_rank)
    main = next((one for one in experiences if one.is_current), Experience())
    addresses = _addresses(data)
    networks = social_profiles(data.social_media)
    parts = map(text, (data.first_name, data.middle_name, data.last_name))
    return Person(
        id=identifier(data.id),
        name=text(data.name) or " ".join(filter(None, parts)) or None,
        first_name=text(data.first_name),
        middle_name=text(data.middle_name),
        last_name=text(data.last_name),
        gender=text(data.gender),
        title=text(data.designation) or main.title,
        company=text(company.name) or main.company,
        employer=_employer(company),
        website=text(data.website),
        location=next((one for one in addresses if one.is_primary), None),
        linkedin_url=linkedin(networks),
        emails=emails(_emails(data)),
        phones=phones(data.primary_contact, data.secondary_contact, data.other_contacts),
        experiences=experiences,
        educations=[one for one in map(_education, _schools(data)) if one != NO_SCHOOL],
        social_profiles=networks,
        skills=texts(data.skills, separator=","),
        interests=texts(data.interests, separator=","),
        addresses=addresses,
    )


def _employer(company: CompanyInfo) -> Employer | None:
    """Return the employer. The description of an industry follows its name."""
    named = industries(company.industries)
    described = (f"{name} ({about})" if about else name for name, about in named.items())
    employer = Employer(
        name=text(company.name),
        industry=next(iter(named), None),
        industries="; ".join(described) or None,
    )
    return employer if employer != Employer() else None


def _experience(job: Job) -> Experience:
    """Return a position. Zoho marks the main position, but none as current."""
    end = date(job.end_period) or date(job.end_date)
    is_current = True if job.primary and not end else None
    return Experience(
        title=text(job.title),
        company=text(job.company_name),
        start_date=date(job.start_period) or date(job.start_date),
        end_date=end,
        is_current=False if end else is_current,
        is_primary=job.primary,
    )


def _rank(job: Experience) -> tuple[bool, bool]:
    """Return a sort key: the main position first, ended positions last."""
    return not job.is_current, job.end_date is not None


def _emails(data: EnrichedPerson) -> Iterator[tuple[str | None, str | None]]:
    yield text(data.primary_email), None
    for info in data.email_infos or ():
        if isinstance(info, EmailInfo):
            yield text(info.email), _email_type(info.type)
        else:
            yield text(info), None


@lru_cache(maxsize=1 << 10)
def _email_type(given: str | None) -> str | None:
    kind = (text(given) or "").lower() or None
    return TYPES.get(kind or "", kind)


def _addresses(data: EnrichedPerson) -> list[Location]:
    """Return the addresses, the primary one first and only once."""
    main = data.primary_address_info
    first = [_location(main, is_primary=True)] if main else []
    ours = (NO_PLACE, *map(_parts, first))
    others = [_location(one, is_primary=one.primary) for one in data.address_list_info or () if one]
    distinct = [one for one in others if _parts(one) not in ours]
    known = [one for one in first if _parts(one) != NO_PLACE]
    return sorted([*known, *distinct], key=lambda one: not one.is_primary)


def _location(place: Place, *, is_primary: bool | None) -> Location:
    return Location(
        name=text(place.name),
        region=text(place.region),
        country=text(place.country),
        continent=text(place.continent),
        is_primary=is_primary,
    )


def _parts(place: Location) -> tuple[str | None, ...]:
    return place.name, place.region, place.country, place.continent


def _schools(data: EnrichedPerson) -> list[School]:
    found = data.educations
    return [found] if isinstance(found, School) else [one for one in found or () if one]


def _education(school: School) -> Education:
    return Education(
        school=text(school.school_name),
        degree="; ".join(texts(school.degrees)) or None,
        field_of_study="; ".join(texts(school.majors)) or None,
    )
