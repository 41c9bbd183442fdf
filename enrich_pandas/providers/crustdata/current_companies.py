"""From a candidate of Crustdata's current API to a company."""

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
from enrich_pandas.providers.crustdata.current_company_types import (
    BasicInfo,
    Ceo,
    CompanyCandidate,
    CompanyData,
    Competitors,
    Crunchbase,
    EmployeeReviews,
    Estimate,
    Followers,
    FundingData,
    HeadcountData,
    Locations,
    Milestone,
    PublicMarkets,
    Revenue,
    SocialProfiles,
    State,
    Taxonomy,
)
from enrich_pandas.providers.crustdata.people import profiles
from enrich_pandas.providers.decoding import date, identifier, text, texts


def state_of(candidate: CompanyCandidate) -> str | None:
    """Return what the vendor says of a company that it has nothing of yet."""
    return text(((candidate.company_data or CompanyData()).status or State()).state)


def other_names_of(candidate: CompanyCandidate) -> list[str]:
    """Return what a company is called elsewhere."""
    return texts(((candidate.company_data or CompanyData()).basic_info or BasicInfo()).profile_name)


def company_of(candidate: CompanyCandidate) -> Company:
    """Make a company of a candidate."""
    data = candidate.company_data or CompanyData()
    basic, places = data.basic_info or BasicInfo(), data.locations or Locations()
    people, money = data.headcount or HeadcountData(), data.funding or FundingData()
    revenue, taxonomy = data.revenue or Revenue(), data.taxonomy or Taxonomy()
    estimate = revenue.estimated or Estimate()
    market = revenue.public_markets or PublicMarkets()
    social = data.social_profiles or SocialProfiles()
    rivals = data.competitors or Competitors()
    country = text(people.largest_headcount_country) or text(places.largest_headcount_country)
    industries = _industries(basic, taxonomy)
    return Company(
        id=identifier(data.crustdata_company_id),
        name=text(basic.name) or text(basic.profile_name),
        domain=text(basic.primary_domain),
        website=text(basic.website),
        description=text(basic.description),
        type=text(basic.company_type),
        industry=industries[0] if industries else None,
        founded_year=year(basic.year_founded),
        employees=whole(people.total),
        employees_range=text(basic.employee_count_range),
        headquarters=_headquarters(places),
        largest_country=country,
        linkedin_url=text(basic.professional_network_url),
        linkedin_id=identifier(basic.professional_network_id),
        linkedin_followers=whole((data.followers or Followers()).count),
        crunchbase_url=text((social.crunchbase or Crunchbase()).url),
        logo_url=text(basic.logo_permalink),
        ceo=text(((data.employee_reviews or EmployeeReviews()).company_ceo or Ceo()).name),
        revenue_min_usd=whole(estimate.lower_bound_usd),
        revenue_max_usd=whole(estimate.upper_bound_usd),
        total_funding_usd=whole(money.total_investment_usd),
        last_funding_round=text(money.last_round_type),
        last_funding_usd=whole(money.last_round_amount_usd),
        last_funding_date=date(money.last_fundraise_date),
        acquisition_status=text(revenue.acquisition_status),
        ipo_date=date(market.ipo_date),
        fiscal_year_end=text(market.fiscal_year_end),
        score=candidate.confidence_score,
        domains=texts(basic.all_domains, separator=","),
        industries=industries,
        specialities=_listed(taxonomy.professional_network_specialities),
        keywords=_listed(taxonomy.categories),
        markets=_listed(basic.markets),
        stock_symbols=_listed(market.stock_symbols),
        sic_codes=sic_codes(taxonomy.sic_detail_list),
        naics_codes=naics_codes(taxonomy.primary_naics_detail),
        investors=_listed(money.investors),
        competitors=texts(rivals.websites, separator=",") or texts(rivals.all_domains),
        offices=[Location(name=place) for place in texts(places.all_office_addresses)],
        social_profiles=profiles([SocialProfile(network="twitter", url=text(social.twitter_url))]),
        fundings=[_funding(one) for one in money.milestones or () if one],
        headcounts=headcounts(
            [
                ("function", people.by_role_absolute),
                ("region", people.by_region_absolute),
                ("skill", people.by_skill_absolute),
            ]
        ),
    )


def _listed(value: object) -> list[str]:
    return texts(value, separator=",")


def _industries(basic: BasicInfo, taxonomy: Taxonomy) -> list[str]:
    """Return the industries, the main one first; their names hold commas."""
    main = texts(taxonomy.professional_network_industry)
    others = [*texts(basic.industries), *texts(taxonomy.professional_network_industries)]
    return texts([*main, *others])


def _headquarters(places: Locations) -> Location | None:
    return location(
        name=places.headquarters,
        address=places.street_address,
        city=text(places.hq_city) or places.city,
        region=text(places.hq_state) or places.state,
        country=text(places.hq_country) or places.country,
    )


def _funding(milestone: Milestone) -> Funding:
    return Funding(
        round=text(milestone.round),
        amount_usd=whole(milestone.amount_usd),
        announced_date=date(milestone.funding_date) or date(milestone.date),
        investors=joined(milestone.investors),
    )
