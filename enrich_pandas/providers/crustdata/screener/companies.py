"""The screener's companies: wire types, and how they are read."""

from collections.abc import Iterator
from typing import Any

from enrich_pandas.models import Company
from enrich_pandas.providers import decoding
from enrich_pandas.providers.crustdata.companies import (
    Naics,
    Number,
    Sic,
    headcounts,
    names,
    sic_codes,
    twitter_profile,
    year,
)
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire
from enrich_pandas.providers.records import Fields, RecordType
from enrich_pandas.providers.records.columns import Leaves, date, identifier, text, whole
from enrich_pandas.providers.records.lists import (
    as_items,
    as_list,
    each,
    first,
    joined,
    largest,
    texts,
)
from enrich_pandas.providers.records.source import Source, item_of

# -- Wire types ----------------------------------------------------------------------------------
# Source: the "Company Enrichment API Dictionary" (2024-11-01).
#
# Left out, but kept in the raw answer: measures of this vendor alone (``web_traffic``,
# ``glassdoor``, ``g2``, ``job_openings``, ``seo``, ``producthunt``, ``gartner``, ``news_articles``,
# growth and history of numbers), ``days_since_last_fundraise``, which counts from an unknown day,
# the people of a company (``founders``, ``cxos``, ``decision_makers``, ``ceo_location``), which
# `enrich.people` delivers, ``crunchbase_profile_uuid``, and ``is_full_domain_match``, because the
# domain is compared here.


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
    """Wire type: a company with a state, as it was requested."""

    identifier: str | None = None


class Firm(Wire):
    """Wire type: an element of the answer, a company or a state instead of some."""

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


# -- What binding reads --------------------------------------------------------------------------


def head(firm: Source) -> list[Source]:
    """Return the places that decide which company an element is about, or why there is none."""
    return [
        firm.company_name,
        firm.linkedin_profile_name,
        firm.linkedin_profile_url,
        firm.linkedin_id,
        firm.company_website_domain,
        firm.company_website,
        firm.domains,
        firm.status,
        firm.companies,
        item_of(firm.companies).identifier,
        firm.companies_to_be_enriched,
        item_of(firm.companies_to_be_enriched).identifier,
        firm.error,
        firm.error_code,
        firm.message,
    ]


def named_company(firm: Firm) -> Company:
    """Return a company with the fields that identify it."""
    return Company(
        name=decoding.text(firm.company_name) or decoding.text(firm.linkedin_profile_name),
        domain=decoding.text(firm.company_website_domain),
        website=decoding.text(firm.company_website),
        linkedin_url=decoding.text(firm.linkedin_profile_url),
        linkedin_id=decoding.identifier(firm.linkedin_id),
        domains=decoding.texts(firm.domains, separator=","),
    )


def named_in(firm: Firm) -> Iterator[str]:
    """Yield the identifiers of the companies that an element is about."""
    for one in [*(firm.companies or ()), *(firm.companies_to_be_enriched or ())]:
        name = one if one is None or isinstance(one, str) else one.identifier
        if name:
            yield name


# -- Mapping -------------------------------------------------------------------------------------


def company(firm: Source) -> Fields:
    """Return the columns of a company."""
    taxonomy, people, money = firm.taxonomy, firm.headcount, firm.funding_and_investment
    fundings = each(money.funding_milestones_timeseries, _funding)
    industries = texts(taxonomy.linkedin_industries)
    return {
        "id": identifier(firm.company_id),
        "name": text(firm.company_name, firm.linkedin_profile_name),
        "domain": text(firm.company_website_domain),
        "website": text(firm.company_website),
        "description": text(firm.linkedin_company_description),
        "type": text(firm.company_type),
        "industry": first(industries)[""],
        "founded_year": year(firm.year_founded),
        "employees": whole(people.linkedin_headcount),
        "employees_range": text(firm.employee_count_range),
        "headquarters": {
            "name": text(firm.headquarters),
            "address": text(firm.hq_street_address),
            "country": text(firm.hq_country),
        },
        "largest_country": text(firm.largest_headcount_country),
        "linkedin_url": text(firm.linkedin_profile_url),
        "linkedin_id": identifier(firm.linkedin_id),
        "linkedin_followers": whole(firm.linkedin_followers.linkedin_followers),
        "crunchbase_url": text(firm.crunchbase_profile_url),
        "logo_url": text(firm.linkedin_logo_permalink, firm.linkedin_logo_url),
        "revenue_min_usd": whole(firm.estimated_revenue_lower_bound_usd),
        "revenue_max_usd": whole(
            firm.estimated_revenue_higher_bound_usd, firm.estimated_revenue_upper_bound_usd
        ),
        "total_funding_usd": whole(money.crunchbase_total_investment_usd),
        "last_funding_round": text(money.last_funding_round_type),
        "last_funding_usd": whole(money.last_funding_round_investment_usd),
        "last_funding_date": largest(fundings, "announced_date"),
        "acquisition_status": text(firm.acquisition_status),
        "ipo_date": date(firm.ipo_date),
        "fiscal_year_end": text(firm.fiscal_year_end),
        "domains": names(firm.domains),
        "industries": industries,
        "specialities": names(taxonomy.linkedin_specialities),
        "keywords": names(taxonomy.crunchbase_categories),
        "markets": names(firm.markets),
        "stock_symbols": names(firm.stock_symbols),
        "sic_codes": sic_codes(taxonomy.sic_detail_list),
        "naics_codes": as_list(identifier(taxonomy.primary_naics_detail.naics_code)),
        "investors": names(money.crunchbase_investors),
        "competitors": names(firm.competitors.competitor_website_domains),
        "offices": as_items(texts(firm.all_office_addresses), "name"),
        "social_profiles": twitter_profile(firm.company_twitter_url),
        "fundings": fundings,
        "headcounts": headcounts(
            function=people.linkedin_headcount_by_role_absolute,
            region=people.linkedin_headcount_by_region_absolute,
            skill=people.linkedin_headcount_by_skill_absolute,
        ),
    }


def _funding(milestone: Source) -> Leaves:
    return {
        "round": text(milestone.funding_round),
        "amount_usd": whole(milestone.funding_milestone_amount_usd),
        "announced_date": date(milestone.funding_date, milestone.date),
        "investors": joined(texts(milestone.funding_milestone_investors)),
    }


COMPANIES = RecordType("screener/companies", Company, Firm, company, head)
