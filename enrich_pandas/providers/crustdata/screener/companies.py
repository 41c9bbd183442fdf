"""The screener's companies: wire types and the model."""

from collections.abc import Iterator
from typing import Any

from enrich_pandas.models import Company, Funding, Location, SocialProfile
from enrich_pandas.providers.crustdata.companies import (
    Naics,
    Number,
    Sic,
    headcounts,
    join_names,
    location,
    naics_codes,
    sic_codes,
    whole,
    year,
)
from enrich_pandas.providers.crustdata.former import distinct_profiles
from enrich_pandas.providers.decoding import Date, Id, Texts, Wire, date, identifier, text, texts

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


# -- Model ---------------------------------------------------------------------------------------


def company_of(firm: Firm) -> Company:
    """Return the company of an element."""
    taxonomy, people = firm.taxonomy or Taxonomy(), firm.headcount or HeadcountData()
    money, rivals = firm.funding_and_investment or Investment(), firm.competitors or Competitors()
    fundings = [_funding(one) for one in money.funding_milestones_timeseries or () if one]
    highest = firm.estimated_revenue_higher_bound_usd
    industries = texts(taxonomy.linkedin_industries)
    return Company(
        id=identifier(firm.company_id),
        name=text(firm.company_name) or text(firm.linkedin_profile_name),
        domain=text(firm.company_website_domain),
        website=text(firm.company_website),
        description=text(firm.linkedin_company_description),
        type=text(firm.company_type),
        industry=industries[0] if industries else None,
        founded_year=year(firm.year_founded),
        employees=whole(people.linkedin_headcount),
        employees_range=text(firm.employee_count_range),
        headquarters=location(
            name=firm.headquarters, address=firm.hq_street_address, country=firm.hq_country
        ),
        largest_country=text(firm.largest_headcount_country),
        linkedin_url=text(firm.linkedin_profile_url),
        linkedin_id=identifier(firm.linkedin_id),
        linkedin_followers=whole((firm.linkedin_followers or Followers()).linkedin_followers),
        crunchbase_url=text(firm.crunchbase_profile_url),
        logo_url=text(firm.linkedin_logo_permalink) or text(firm.linkedin_logo_url),
        revenue_min_usd=whole(firm.estimated_revenue_lower_bound_usd),
        revenue_max_usd=whole(
            firm.estimated_revenue_upper_bound_usd if highest is None else highest
        ),
        total_funding_usd=whole(money.crunchbase_total_investment_usd),
        last_funding_round=text(money.last_funding_round_type),
        last_funding_usd=whole(money.last_funding_round_investment_usd),
        last_funding_date=max((one.announced_date or "" for one in fundings), default="") or None,
        acquisition_status=text(firm.acquisition_status),
        ipo_date=date(firm.ipo_date),
        fiscal_year_end=text(firm.fiscal_year_end),
        domains=texts(firm.domains, separator=","),
        industries=industries,
        specialities=texts(taxonomy.linkedin_specialities, separator=","),
        keywords=texts(taxonomy.crunchbase_categories, separator=","),
        markets=texts(firm.markets, separator=","),
        stock_symbols=texts(firm.stock_symbols, separator=","),
        sic_codes=sic_codes(taxonomy.sic_detail_list),
        naics_codes=naics_codes(taxonomy.primary_naics_detail),
        investors=texts(money.crunchbase_investors, separator=","),
        competitors=texts(rivals.competitor_website_domains, separator=","),
        offices=[Location(name=place) for place in texts(firm.all_office_addresses)],
        social_profiles=distinct_profiles(
            [SocialProfile(network="twitter", url=text(firm.company_twitter_url))]
        ),
        fundings=fundings,
        headcounts=headcounts(
            [
                ("function", people.linkedin_headcount_by_role_absolute),
                ("region", people.linkedin_headcount_by_region_absolute),
                ("skill", people.linkedin_headcount_by_skill_absolute),
            ]
        ),
    )


def named_in(firm: Firm) -> Iterator[str]:
    """Yield the identifiers of the companies that an element is about."""
    for one in [*(firm.companies or ()), *(firm.companies_to_be_enriched or ())]:
        name = one.identifier if isinstance(one, Named) else one
        if name:
            yield name


def _funding(milestone: Milestone) -> Funding:
    return Funding(
        round=text(milestone.funding_round),
        amount_usd=whole(milestone.funding_milestone_amount_usd),
        announced_date=date(milestone.funding_date) or date(milestone.date),
        investors=join_names(milestone.funding_milestone_investors),
    )
