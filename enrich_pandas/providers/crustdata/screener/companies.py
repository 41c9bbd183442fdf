"""From an element of the screener's answer to a company."""

from collections.abc import Iterator

from enrich_pandas.models import Company, Funding, Location, SocialProfile
from enrich_pandas.providers.crustdata.companies import (
    headcounts,
    joined,
    location,
    naics_codes,
    sic_codes,
    whole,
    year,
)
from enrich_pandas.providers.crustdata.people import profiles
from enrich_pandas.providers.crustdata.screener.screener_company_types import (
    Competitors,
    Firm,
    Followers,
    HeadcountData,
    Investment,
    Milestone,
    Named,
    Taxonomy,
)
from enrich_pandas.providers.decoding import date, identifier, text, texts


def company_of(firm: Firm) -> Company:
    """Make a company of an element of the answer."""
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
        social_profiles=profiles(
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
    """Yield the identifiers of the companies of which an element says something."""
    for one in [*(firm.companies or ()), *(firm.companies_to_be_enriched or ())]:
        name = one.identifier if isinstance(one, Named) else one
        if name:
            yield name


def _funding(milestone: Milestone) -> Funding:
    return Funding(
        round=text(milestone.funding_round),
        amount_usd=whole(milestone.funding_milestone_amount_usd),
        announced_date=date(milestone.funding_date) or date(milestone.date),
        investors=joined(milestone.funding_milestone_investors),
    )
