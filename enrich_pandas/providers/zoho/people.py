"""Zoho's people: wire types, and how they are read."""

import re

from enrich_pandas.models import Person
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Column,
    Leaves,
    Part,
    concatenated,
    contains,
    date,
    either,
    flag,
    identifier,
    is_equal,
    is_given,
    is_true,
    per_value,
    template,
    text,
    text_or_number,
    when,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_items,
    as_texts,
    distinct,
    each,
    first,
    given,
    joined,
    not_in,
    of_owner,
    one,
    ordered,
    texts,
    together,
)
from enrich_pandas.providers.records.source import Source
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


# -- Fields of people and companies --------------------------------------------------------------

_NETWORK = re.compile(r"(?:https?://)?(?:www\.)?([^/?#\s]+)", re.IGNORECASE)


def distinct_emails(*lists: ListColumn) -> ListColumn:
    """Return each e-mail address once, ignoring case; a later mention can add its type."""
    return distinct(together(*lists), "address", fold=True, fill=True)


def phones(data: Source) -> ListColumn:
    """Return each number once, with the type of its first mention."""
    numbers = together(
        one(data, number=text_or_number(data.primary_contact), type="primary"),
        one(data, number=text_or_number(data.secondary_contact), type="secondary"),
        each(data.other_contacts, lambda of: {"number": text_or_number(of), "type": "other"}),
    )
    return distinct(numbers, "number")


def social_profiles(media: Source) -> ListColumn:
    """Return each URL once, with the network of its last mention."""
    return distinct(each(media, _profiles), "url", last=["network"])


def _profiles(media: Source) -> ListColumn:
    urls = texts(media.media_url)
    named = either(of_owner(urls, text(media.media_type)), urls[""])
    return as_items(urls, "url", network=per_value(network, named))


def network(named: str | None) -> str | None:
    """Return the name of a network, from its host or Zoho's name for it.

    Examples
    --------
    >>> network("linkedin.com"), network("TWITTER"), network("https://about.me/ada")
    ('linkedin', 'twitter', 'about.me')
    """
    host = _NETWORK.match(named or "")
    return host[1].lower().removesuffix(".com") if host else None


def linkedin(profiles: ListColumn) -> Column:
    """Return the LinkedIn URL, which Zoho writes with or without its scheme."""
    url = first(profiles, where=is_equal(profiles["network"], "linkedin"))["url"]
    return when(contains(url, "://"), url, template("https://{}", url))


def industries(listed: Source) -> ListColumn:
    """Return each industry once, as a title, with its last description as the text."""
    named = each(listed, lambda of: {"title": text(of.name, of), "text": text(of.description)})
    return distinct(named, "title", last=["text"])


# -- Mapping -------------------------------------------------------------------------------------

TYPES = {"professional": "business"}


def person(job: Source) -> Fields:
    """Return the columns of a person; without a designation, the title is of the main position."""
    data, company = job.enriched_data, job.enriched_data.company_info
    experiences, addresses = _experiences(company.experiences), _addresses(data)
    main = first(experiences, where=is_true(experiences["is_current"]))
    profiles = social_profiles(data.social_media)
    first_name, middle_name = text(data.first_name), text(data.middle_name)
    last_name = text(data.last_name)
    return {
        "id": identifier(data.id),
        "name": either(
            text(data.name), concatenated(first_name, middle_name, last_name, separator=" ")
        ),
        "first_name": first_name,
        "middle_name": middle_name,
        "last_name": last_name,
        "gender": text(data.gender),
        "title": either(text(data.designation), main["title"]),
        "company": either(text(company.name), main["company"]),
        "employer": _employer(company),
        "website": text(data.website),
        "location": first(addresses, where=is_true(addresses["is_primary"])),
        "linkedin_url": linkedin(profiles),
        "emails": distinct_emails(
            one(data, address=text(data.primary_email)), each(data.email_infos, _email)
        ),
        "phones": phones(data),
        "experiences": experiences,
        "educations": given(each(data.educations, _education)),
        "social_profiles": profiles,
        "skills": texts(data.skills, separator=","),
        "interests": texts(data.interests, separator=","),
        "addresses": addresses,
    }


def _employer(company: Source) -> Part:
    """Return the employer. The description of an industry follows its name."""
    named = industries(company.industries)
    described = template("{} ({})", named["title"], named["text"])
    return {
        "name": text(company.name),
        "industry": first(named)["title"],
        "industries": joined(as_texts(named, either(described, named["title"]))),
    }


def _experiences(jobs: Source) -> ListColumn:
    """Return the positions, the main one first and ended ones last."""
    listed = each(jobs, _experience)
    return ordered(listed, listed["is_current"], ~is_given(listed["end_date"]))


def _experience(job: Source) -> Leaves:
    """Return a position. Zoho marks the main position, but none as current."""
    end = date(job.end_period, job.end_date)
    return {
        "title": text(job.title),
        "company": text(job.company_name),
        "start_date": date(job.start_period, job.start_date),
        "end_date": end,
        "is_current": when(is_given(end), False, when(flag(job.primary), True, None)),
        "is_primary": flag(job.primary),
    }


def _email(info: Source) -> Leaves:
    return {"address": text(info.email, info), "type": per_value(_email_type, text(info.type))}


def _email_type(named: str | None) -> str | None:
    kind = named and named.lower()
    return TYPES.get(kind or "", kind)


def _addresses(data: Source) -> ListColumn:
    """Return the addresses, the primary one first and only once."""
    parts = ("name", "region", "country", "continent")
    main = one(data, **_location(data.primary_address_info), is_primary=True)
    listed = each(
        data.address_list_info, lambda of: {**_location(of), "is_primary": flag(of.primary)}
    )
    known = given(together(main, not_in(listed, main, *parts)), *parts)
    return ordered(known, known["is_primary"])


def _location(place: Source) -> Part:
    return {
        "name": text(place.name),
        "region": text(place.region),
        "country": text(place.country),
        "continent": text(place.continent),
    }


def _education(school: Source) -> Leaves:
    return {
        "school": text(school.school_name),
        "degree": joined(texts(school.degrees)),
        "field_of_study": joined(texts(school.majors)),
    }


# -- What binding reads --------------------------------------------------------------------------


def head(job: Source) -> list[Source]:
    """Return the places that tell whose job it is, its status, and that it found something."""
    basis, data = job.enrich_based_on, job.enriched_data
    return [
        *(job.id, job.status, data.id, data.name),
        *(basis.name, basis.email, basis.website, basis.company.name, basis.company.website),
        *(basis.social.facebook, basis.social.linkedin, basis.social.twitter),
    ]


PEOPLE = RecordType("people", Person, PersonJob, person, head)
