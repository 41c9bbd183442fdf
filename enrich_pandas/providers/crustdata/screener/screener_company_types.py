"""Wire types of Crustdata's older API, ``GET /screener/company``, in the vendor's words.

Source: the "Company Enrichment API Dictionary" (2024-11-01).

Left out, and kept in the raw answer: what has no column because it is a measure of this vendor
alone (``web_traffic``, ``glassdoor``, ``g2``, ``job_openings``, ``seo``, ``producthunt``,
``gartner``, ``news_articles``, growth and history of any number, ``days_since_last_fundraise``,
which counts from an unknown day), the people of a company (``founders``, ``cxos``,
``decision_makers``, ``ceo_location``), whom `enrich.people` is for, ``crunchbase_profile_uuid``,
and ``is_full_domain_match``, which is looked at here instead.
"""

from typing import Any

from enrich_pandas.providers.crustdata.company_types import Naics, Number, Sic
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire


class Taxonomy(Wire):
    """Wire type: ``taxonomy``."""

    linkedin_specialities: Texts = None
    linkedin_industries: Texts = None
    crunchbase_categories: Texts = None
    primary_naics_detail: Naics | None = None
    sic_detail_list: list[Sic | None] | None = None


class Competitors(Wire):
    """Wire type: ``competitors``."""

    competitor_website_domains: Texts = None


class HeadcountData(Wire):
    """Wire type: ``headcount``."""

    linkedin_headcount: Number = None
    linkedin_headcount_by_role_absolute: dict[str, Number] | None = None
    linkedin_headcount_by_region_absolute: dict[str, Number] | None = None
    linkedin_headcount_by_skill_absolute: dict[str, Number] | None = None


class Followers(Wire):
    """Wire type: ``linkedin_followers``."""

    linkedin_followers: Number = None


class Milestone(Wire):
    """Wire type: an element of ``funding_milestones_timeseries``."""

    funding_date: Date = None
    date: Date = None
    funding_milestone_amount_usd: Number = None
    funding_round: str | None = None
    funding_milestone_investors: Texts = None


class Investment(Wire):
    """Wire type: ``funding_and_investment``."""

    crunchbase_total_investment_usd: Number = None
    last_funding_round_type: str | None = None
    last_funding_round_investment_usd: Number = None
    crunchbase_investors: Texts = None
    funding_milestones_timeseries: list[Milestone | None] | None = None


class Named(Wire):
    """Wire type: a company of which something is said, as it was asked for."""

    identifier: str | None = None


class Firm(Wire):
    """Wire type: an element of the answer, a company or what is said in place of some."""

    company_id: Id = None
    company_name: str | None = None
    linkedin_profile_name: str | None = None
    linkedin_profile_url: str | None = None
    crunchbase_profile_url: str | None = None
    linkedin_id: Id = None
    linkedin_logo_url: str | None = None
    linkedin_logo_permalink: str | None = None
    company_twitter_url: str | None = None
    company_website_domain: Texts = None
    company_website: Texts = None
    domains: Texts = None
    hq_country: str | None = None
    headquarters: str | None = None
    largest_headcount_country: str | None = None
    hq_street_address: str | None = None
    year_founded: Date = None
    fiscal_year_end: str | None = None
    estimated_revenue_lower_bound_usd: Number = None
    estimated_revenue_higher_bound_usd: Number = None
    estimated_revenue_upper_bound_usd: Number = None
    employee_count_range: str | None = None
    company_type: str | None = None
    linkedin_company_description: str | None = None
    acquisition_status: str | None = None
    ipo_date: Date = None
    markets: Texts = None
    stock_symbols: Texts = None
    all_office_addresses: Texts = None
    taxonomy: Taxonomy | None = None
    competitors: Competitors | None = None
    headcount: HeadcountData | None = None
    linkedin_followers: Followers | None = None
    funding_and_investment: Investment | None = None
    status: str | None = None
    companies: list[Named | str | None] | None = None
    companies_to_be_enriched: list[Named | str | None] | None = None
    error: Any = None
    error_code: Any = None
    message: Any = None
