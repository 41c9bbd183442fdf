"""Wire types of an enriched organization, in Zoho's words.

Source: the official OpenAPI file (v8) and SDK; ``fill_address`` is spelled so there.
"""

from enrich_pandas.providers.decoding import Date, Id, Texts, Wire
from enrich_pandas.providers.zoho.basis import Basis
from enrich_pandas.providers.zoho.people_types import Industry, Media


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
    """Wire type: a job, with the organization that it found."""

    id: Id = None
    status: str | None = None
    enrich_based_on: Basis | None = None
    enriched_data: EnrichedOrg | None = None
