"""Zoho's companies: wire types and the model."""

import re

from msgspec.structs import replace

from enrich_pandas.models import Company, Location, Text
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire, date, identifier, text, texts
from enrich_pandas.providers.zoho.basis import Basis
from enrich_pandas.providers.zoho.people import (
    Industry,
    Media,
    emails,
    industries,
    linkedin,
    phones,
    social_profiles,
    to_text,
)

# -- Wire types ----------------------------------------------------------------------------------
# Source: the official OpenAPI file (v8) and SDK, which spell ``fill_address`` like this.


class Described(Wire):
    """Wire type: an element of ``description``."""

    title: str | None = None
    description: str | None = None


class Office(Wire):
    """Wire type: an element of ``address`` and of ``head_quarters``."""

    country: str | None = None
    city: str | None = None
    pin_code: str | int | None = None
    state: str | None = None
    fill_address: str | None = None
    full_address: str | None = None


class EnrichedOrg(Wire):
    """Wire type: ``enriched_data`` of an organization; its keys depend on the mapping."""

    id: Id = None
    name: str | None = None
    website: str | None = None
    org_status: str | None = None
    org_type: str | None = None
    description: list[Described | str | None] | Described | str | None = None
    ceo: str | None = None
    revenue: str | int | float | None = None
    years_in_industry: str | int | float | None = None
    no_of_employees: str | int | None = None
    founding_year: Date = None
    logo: str | None = None
    sign_in: str | None = None
    sign_up: str | None = None
    techno_graphic_data: Texts = None
    business_model: Texts = None
    territory_list: Texts = None
    industries: list[Industry | str | None] | None = None
    address: list[Office | None] | Office | None = None
    head_quarters: list[Office | None] | Office | None = None
    primary_email: str | None = None
    secondary_email: str | None = None
    other_emails: Texts = None
    primary_contact: str | int | None = None
    secondary_contact: str | int | None = None
    other_contacts: list[str | int | None] | str | None = None
    social_media: list[Media | None] | None = None


class OrgJob(Wire):
    """Wire type: a job with the organization that it found."""

    id: Id = None
    status: str | None = None
    enrich_based_on: Basis | None = None
    enriched_data: EnrichedOrg | None = None


# -- Model ---------------------------------------------------------------------------------------

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
        emails=emails(_emails(data)),
        phones=phones(data.primary_contact, data.secondary_contact, data.other_contacts),
        social_profiles=networks,
    )


def employees(text: str | None) -> int | None:
    """Return the number of employees in a text, or None for a range.

    Examples
    --------
    >>> employees("1,250"), employees("40"), employees("11-50"), employees("10000+")
    (1250, 40, None, None)
    """
    return int(text.replace(",", "")) if text and _WHOLE.fullmatch(text) else None


def _emails(data: EnrichedOrg) -> list[tuple[str | None, None]]:
    given = (data.primary_email, data.secondary_email, *texts(data.other_emails))
    return [(text(address), None) for address in given]


def _descriptions(data: EnrichedOrg) -> list[Text]:
    given = data.description if isinstance(data.description, list) else [data.description]
    whole = (one if isinstance(one, Described) else Described(description=one) for one in given)
    made = [Text(title=text(one.title), text=text(one.description)) for one in whole]
    return [one for one in made if one != Text()]


def _offices(given: list[Office | None] | Office | None) -> list[Location]:
    offices = given if isinstance(given, list) else [given]
    made = [_location(office) for office in offices if office]
    return [place for place in made if place != Location()]


def _location(office: Office) -> Location:
    return Location(
        name=text(office.fill_address) or text(office.full_address),
        postal_code=to_text(office.pin_code),
        city=text(office.city),
        region=text(office.state),
        country=text(office.country),
    )
