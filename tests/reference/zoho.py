"""Zoho as it was read before columns: one job to one model."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from msgspec.structs import replace

from enrich_pandas.models import (
    Company,
    Education,
    Email,
    Employer,
    Experience,
    Location,
    Model,
    Person,
    Phone,
    SocialProfile,
    Text,
)
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import date, identifier, read, text, texts
from enrich_pandas.providers.zoho.companies import Described, EnrichedOrg, Office, OrgJob
from enrich_pandas.providers.zoho.people import (
    CompanyInfo,
    EmailInfo,
    EnrichedPerson,
    Industry,
    Job,
    Media,
    PersonJob,
    Place,
    School,
)


def person_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the person of a job, and the paths of odd fields."""
    job, mistyped = read(raw, PersonJob)
    return None if job is None else person_of(job.enriched_data or EnrichedPerson()), mistyped


def company_in(raw: bytes) -> tuple[Model | None, list[str]]:
    """Return the company of a job, and the paths of odd fields."""
    job, mistyped = read(raw, OrgJob)
    return None if job is None else company_of(job.enriched_data or EnrichedOrg()), mistyped


REFERENCE: dict[str, Callable[[bytes], tuple[Model | None, list[str]]]] = {
    "people": person_in,
    "companies": company_in,
}

# -- People and companies ------------------------------------------------------------------------

_NETWORK = re.compile(r"(?:https?://)?(?:www\.)?([^/?#\s]+)", re.IGNORECASE)


def to_text(value: object) -> str | None:
    """Return a text or a number as text."""
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
    """Return the name of a network, from its host or Zoho's name for it."""
    host = _NETWORK.match(named)
    return host[1].lower().removesuffix(".com") if host else None


def linkedin(found: Iterable[SocialProfile]) -> str | None:
    """Return the LinkedIn URL."""
    url = next((one.url for one in found if one.network == "linkedin"), None)
    return url if url is None or "://" in url else f"https://{url}"


def industries(found: Iterable[Industry | str | None] | None) -> dict[str, str | None]:
    """Return the names of industries, each with its description."""
    whole = [one if isinstance(one, Industry) else Industry(name=one) for one in found or ()]
    return {name: text(one.description) for one in whole if (name := text(one.name))}


# -- People --------------------------------------------------------------------------------------

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


# -- Companies -----------------------------------------------------------------------------------

_WHOLE = re.compile(r"\d{1,3}(?:,\d{3}){1,4}|\d{1,15}", re.ASCII)


def company_of(data: EnrichedOrg) -> Company:
    """Return the company of an enriched organization."""
    named, networks = industries(data.industries), social_profiles(data.social_media)
    seats, offices = _offices(data.head_quarters), _offices(data.address)
    people, site = to_text(data.no_of_employees), text(data.website)
    key, founded = domain_key(site or ""), date(data.founding_year)
    described = _descriptions(data)
    texts_ = [Text(title=name, text=about) for name, about in named.items() if about]
    return Company(
        id=identifier(data.id),
        name=text(data.name),
        domain=key.removeprefix("domain:") if key else None,
        website=site,
        description=next((one.text for one in described if one.text), None),
        descriptions=[*described, *texts_],
        type=text(data.org_type),
        operating_status=text(data.org_status),
        years_in_industry=to_text(data.years_in_industry),
        industry=next(iter(named), None),
        industries=list(named),
        founded_year=int(founded[:4]) if founded else None,
        employees=employees(people),
        employees_range=people if employees(people) is None else None,
        # Zoho's text of the whole place is also the best street address.
        headquarters=replace(seats[0], address=seats[0].name) if seats else None,
        offices=[*offices, *(seat for seat in seats[1:] if seat not in offices)],
        linkedin_url=linkedin(networks),
        sign_in_url=text(data.sign_in),
        sign_up_url=text(data.sign_up),
        logo_url=text(data.logo),
        ceo=text(data.ceo),
        revenue_range=to_text(data.revenue),
        technologies=texts(data.techno_graphic_data, separator=","),
        business_models=texts(data.business_model, separator=","),
        territories=texts(data.territory_list),
        emails=emails(_org_emails(data)),
        phones=phones(data.primary_contact, data.secondary_contact, data.other_contacts),
        social_profiles=networks,
    )


def employees(text: str | None) -> int | None:
    """Return the number of employees in a text, or None for a range."""
    return int(text.replace(",", "")) if text and _WHOLE.fullmatch(text) else None


def _org_emails(data: EnrichedOrg) -> list[tuple[str | None, None]]:
    given = (data.primary_email, data.secondary_email, *texts(data.other_emails))
    return [(text(address), None) for address in given]


def _descriptions(data: EnrichedOrg) -> list[Text]:
    given = data.description if isinstance(data.description, list) else [data.description]
    whole = (one if isinstance(one, Described) else Described(description=one) for one in given)
    made = [Text(title=text(one.title), text=text(one.description)) for one in whole]
    return [one for one in made if one != Text()]


def _offices(given: list[Office | None] | Office | None) -> list[Location]:
    offices = given if isinstance(given, list) else [given]
    made = [_office_of(office) for office in offices if office]
    return [place for place in made if place != Location()]


def _office_of(office: Office) -> Location:
    return Location(
        name=text(office.fill_address) or text(office.full_address),
        postal_code=to_text(office.pin_code),
        city=text(office.city),
        region=text(office.state),
        country=text(office.country),
    )
