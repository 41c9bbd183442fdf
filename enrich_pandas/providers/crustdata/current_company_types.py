"""Wire types of Crustdata's current API, ``POST /company/enrich``, in the vendor's words.

Source: docs.crustdata.com/company-docs/enrichment/reference, 2025-11-01. Where its pages and what
clients have met differ in a name, both are here.

Left out, and kept in the raw answer: what has no column because it is a measure of this vendor
alone (``web_traffic``, ``seo``, ``hiring``, ``software_reviews``, ``news``, growth and history of
any number, ratings), and the people of a company (``people``), whom `enrich.people` is for.
"""

from enrich_pandas.providers.crustdata.company_types import Naics, Number, Sic
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire


class BasicInfo(Wire):
    """Wire type: ``basic_info``."""

    name: str | None = None
    profile_name: str | None = None
    primary_domain: Texts = None
    all_domains: Texts = None
    website: Texts = None
    professional_network_url: str | None = None
    professional_network_id: Id = None
    logo_permalink: str | None = None
    description: str | None = None
    company_type: str | None = None
    year_founded: Date = None
    employee_count_range: str | None = None
    markets: Texts = None
    industries: Texts = None


class Estimate(Wire):
    """Wire type: ``revenue.estimated``."""

    lower_bound_usd: Number = None
    upper_bound_usd: Number = None


class PublicMarkets(Wire):
    """Wire type: ``revenue.public_markets``."""

    ipo_date: Date = None
    stock_symbols: Texts = None
    fiscal_year_end: str | None = None


class Revenue(Wire):
    """Wire type: ``revenue``."""

    estimated: Estimate | None = None
    public_markets: PublicMarkets | None = None
    acquisition_status: str | None = None


class HeadcountData(Wire):
    """Wire type: ``headcount``."""

    total: Number = None
    largest_headcount_country: str | None = None
    by_role_absolute: dict[str, Number] | None = None
    by_region_absolute: dict[str, Number] | None = None
    by_skill_absolute: dict[str, Number] | None = None


class Milestone(Wire):
    """Wire type: an element of ``funding.milestones``."""

    date: Date = None
    funding_date: Date = None
    amount_usd: Number = None
    round: str | None = None
    investors: Texts = None


class FundingData(Wire):
    """Wire type: ``funding``."""

    total_investment_usd: Number = None
    last_round_amount_usd: Number = None
    last_fundraise_date: Date = None
    last_round_type: str | None = None
    investors: Texts = None
    milestones: list[Milestone | None] | None = None


class Competitors(Wire):
    """Wire type: ``competitors``."""

    websites: Texts = None
    all_domains: Texts = None


class Locations(Wire):
    """Wire type: ``locations``."""

    hq_country: str | None = None
    hq_state: str | None = None
    hq_city: str | None = None
    country: str | None = None
    state: str | None = None
    city: str | None = None
    headquarters: str | None = None
    street_address: str | None = None
    largest_headcount_country: str | None = None
    all_office_addresses: Texts = None


class Taxonomy(Wire):
    """Wire type: ``taxonomy``."""

    professional_network_specialities: Texts = None
    professional_network_industry: str | None = None
    professional_network_industries: Texts = None
    categories: Texts = None
    primary_naics_detail: Naics | None = None
    sic_detail_list: list[Sic | None] | None = None


class Crunchbase(Wire):
    """Wire type: ``social_profiles.crunchbase``."""

    url: str | None = None


class SocialProfiles(Wire):
    """Wire type: ``social_profiles``."""

    crunchbase: Crunchbase | None = None
    twitter_url: str | None = None


class Followers(Wire):
    """Wire type: ``followers``."""

    count: Number = None


class Ceo(Wire):
    """Wire type: ``employee_reviews.company_ceo``."""

    name: str | None = None


class EmployeeReviews(Wire):
    """Wire type: ``employee_reviews``."""

    company_ceo: Ceo | None = None


class State(Wire):
    """Wire type: ``status``."""

    state: str | None = None


class CompanyData(Wire):
    """Wire type: ``company_data``."""

    crustdata_company_id: Id = None
    basic_info: BasicInfo | None = None
    revenue: Revenue | None = None
    headcount: HeadcountData | None = None
    funding: FundingData | None = None
    competitors: Competitors | None = None
    locations: Locations | None = None
    taxonomy: Taxonomy | None = None
    social_profiles: SocialProfiles | None = None
    followers: Followers | None = None
    employee_reviews: EmployeeReviews | None = None
    status: State | None = None


class CompanyCandidate(Wire):
    """Wire type: an element of ``matches``."""

    confidence_score: float | None = None
    company_data: CompanyData | None = None


class CompanyElement(Wire):
    """Wire type: an element of the answer, one for every identifier that was sent."""

    matched_on: Texts = None
    match_type: str | None = None
    match_status: str | None = None
    matches: list[CompanyCandidate | None] | None = None
