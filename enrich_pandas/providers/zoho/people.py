"""From what Zoho found to a person."""

from collections.abc import Iterator
from functools import lru_cache

from enrich_pandas.models import Education, Employer, Experience, Location, Person
from enrich_pandas.providers.decoding import date, identifier, text, texts
from enrich_pandas.providers.zoho.contacts import (
    emails,
    industries,
    linkedin,
    phones,
    profiles,
)
from enrich_pandas.providers.zoho.people_types import (
    CompanyInfo,
    EmailInfo,
    EnrichedPerson,
    Job,
    Place,
    School,
)

TYPES = {"professional": "business"}
NO_COMPANY, NO_SCHOOL, NO_PLACE = CompanyInfo(), Education(), (None, None, None, None)


def person_of(data: EnrichedPerson) -> Person:
    """Make a person; where no designation is given, the title of the main position is taken."""
    company = data.company_info or NO_COMPANY
    experiences = sorted(map(_experience, filter(None, company.experiences or ())), key=_rank)
    main = next((one for one in experiences if one.is_current), Experience())
    addresses = _addresses(data)
    networks = profiles(data.social_media)
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
    """Describe the employer; what is said of an industry stands behind its name."""
    named = industries(company.industries)
    described = (f"{name} ({about})" if about else name for name, about in named.items())
    employer = Employer(
        name=text(company.name),
        industry=next(iter(named), None),
        industries="; ".join(described) or None,
    )
    return employer if employer != Employer() else None


def _experience(job: Job) -> Experience:
    """Make a position; Zoho says of one that it is the main one, and of none that it is current."""
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
    """Put the main position first, and those that have ended last."""
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
    """Return every address but the primary one's repetitions, the primary one first."""
    main = data.primary_address_info
    first = [_location(main, is_primary=True)] if main else []
    ours = (NO_PLACE, *map(_bare, first))
    others = [_location(one, is_primary=one.primary) for one in data.address_list_info or () if one]
    distinct = [one for one in others if _bare(one) not in ours]
    known = [one for one in first if _bare(one) != NO_PLACE]
    return sorted([*known, *distinct], key=lambda one: not one.is_primary)


def _location(place: Place, *, is_primary: bool | None) -> Location:
    return Location(
        name=text(place.name),
        region=text(place.region),
        country=text(place.country),
        continent=text(place.continent),
        is_primary=is_primary,
    )


def _bare(place: Location) -> tuple[str | None, ...]:
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
