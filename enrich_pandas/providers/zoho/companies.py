"""Zoho's companies: wire types, and how they are read."""

import re

import pyarrow as pa

from enrich_pandas.models import Company
from enrich_pandas.providers.binding import domain_key
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import (
    Leaves,
    date,
    identifier,
    is_given,
    per_value,
    text,
    text_or_number,
    when,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_items,
    as_texts,
    each,
    first,
    given,
    not_in,
    one,
    rest,
    texts,
    together,
)
from enrich_pandas.providers.records.source import Source
from enrich_pandas.providers.zoho.basis import Basis
from enrich_pandas.providers.zoho.people import (
    Industry,
    Media,
    distinct_emails,
    industries,
    linkedin,
    phones,
    social_profiles,
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


# -- Mapping -------------------------------------------------------------------------------------

_WHOLE = re.compile(r"\d{1,3}(?:,\d{3}){1,4}|\d{1,15}", re.ASCII)


def company(job: Source) -> Fields:
    """Return the columns of a company."""
    data = job.enriched_data
    named, profiles = industries(data.industries), social_profiles(data.social_media)
    described = given(each(data.description, _description))
    seats, offices = _offices(data.head_quarters), _offices(data.address)
    seat, people = first(seats), text_or_number(data.no_of_employees)
    number = per_value(employees, people, kind=pa.int64())
    return {
        "id": identifier(data.id),
        "name": text(data.name),
        "domain": per_value(_domain, text(data.website)),
        "website": text(data.website),
        "description": first(described, where=is_given(described["text"]))["text"],
        "descriptions": together(described, given(named, "text")),
        "type": text(data.org_type),
        "operating_status": text(data.org_status),
        "years_in_industry": text_or_number(data.years_in_industry),
        "industry": first(named)["title"],
        "industries": as_texts(named, "title"),
        "founded_year": per_value(_year, date(data.founding_year), kind=pa.int64()),
        "employees": number,
        "employees_range": when(~is_given(number), people, None),
        # Zoho's text of the whole place is also the best street address.
        "headquarters": {**seat, "address": seat["name"]},
        "offices": together(offices, not_in(rest(seats), offices)),
        "linkedin_url": linkedin(profiles),
        "sign_in_url": text(data.sign_in),
        "sign_up_url": text(data.sign_up),
        "logo_url": text(data.logo),
        "ceo": text(data.ceo),
        "revenue_range": text_or_number(data.revenue),
        "technologies": texts(data.techno_graphic_data, separator=","),
        "business_models": texts(data.business_model, separator=","),
        "territories": texts(data.territory_list),
        "emails": distinct_emails(
            one(data, address=text(data.primary_email)),
            one(data, address=text(data.secondary_email)),
            as_items(texts(data.other_emails), "address"),
        ),
        "phones": phones(data),
        "social_profiles": profiles,
    }


def _domain(site: str | None) -> str | None:
    key = domain_key(site or "")
    return key and key.removeprefix("domain:")


def employees(text: str | None) -> int | None:
    """Return the number of employees in a text, or None for a range.

    Examples
    --------
    >>> employees("1,250"), employees("40"), employees("11-50"), employees("10000+")
    (1250, 40, None, None)
    """
    return int(text.replace(",", "")) if text and _WHOLE.fullmatch(text) else None


def _year(day: str | None) -> int | None:
    return int(day[:4]) if day else None


def _description(described: Source) -> Leaves:
    return {"title": text(described.title), "text": text(described.description, described)}


def _offices(places: Source) -> ListColumn:
    return given(each(places, _location))


def _location(office: Source) -> Leaves:
    return {
        "name": text(office.fill_address, office.full_address),
        "postal_code": text_or_number(office.pin_code),
        "city": text(office.city),
        "region": text(office.state),
        "country": text(office.country),
    }


# -- What binding reads --------------------------------------------------------------------------


def head(job: Source) -> list[Source]:
    """Return the places that tell whose job it is, its status, and that it found something."""
    basis, data = job.enrich_based_on, job.enriched_data
    return [job.id, job.status, data.id, data.name, basis.name, basis.email, basis.website]


COMPANIES = RecordType("companies", Company, OrgJob, company, head)
