"""Crustdata's companies: choosing one, wire types of the current API, and the model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import msgspec

from enrich_pandas.models import Company, Funding, Headcount, Location, SocialProfile
from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.binding import Reading, domain_key, key_of, name_key, page_key
from enrich_pandas.providers.crustdata.former import distinct_profiles
from enrich_pandas.providers.crustdata.requests import Price, bind_single_without_data
from enrich_pandas.providers.decoding import (
    Date,
    Fraction,
    Id,
    Texts,
    Whole,
    Wire,
    date,
    identifier,
    text,
    texts,
)

# -- Both API versions ---------------------------------------------------------------------------

Number = Whole | Fraction | None  # amounts also come as 141000000.0


class Naics(Wire):
    """Wire type: ``taxonomy.primary_naics_detail``."""

    naics_code: Id = None


class Sic(Wire):
    """Wire type: an element of ``taxonomy.sic_detail_list``."""

    sic_code: Id = None


ENRICHING_SECONDS = 24 * 3600.0  # "will be enriched in the next 24 hours"

# What the vendor returns instead of a company.
STATES: Mapping[str, Reading] = MappingProxyType(
    {
        "enriching": Reading(status=Status.PENDING, reason="enriching", retry_in=ENRICHING_SECONDS),
        "not_found": Reading(status=Status.NOT_FOUND, reason="no_match"),
    }
)


def company_reading(company: Company, price: Price, *, other_names: Sequence[str] = ()) -> Reading:
    """Return the reading of a company that could be the requested one.

    Parameters
    ----------
    company
        The company. Its main domain, page and name are trusted more than its other domains.
    price
        Returns its cost in credits.
    other_names
        Its other names.
    """
    main = (
        domain_key(company.domain or company.website or ""),
        page_key(company.linkedin_url or ""),
        page_key(company.linkedin_id or ""),
        name_key(company.name or ""),
    )
    other = (*map(domain_key, company.domains), *map(name_key, other_names))
    return Reading(
        status=Status.MATCHED,
        claims=[frozenset(filter(None, main)), frozenset(filter(None, other))],
        model=company,
        credits=price(()),
    )


def choose_company(
    requested: frozenset[str], candidates: Sequence[Reading], *, is_echoed: bool
) -> Reading:
    """Return the reading of the requested company; never guess.

    Parameters
    ----------
    requested
        The keys of the identifier.
    candidates
        At least one company. Together they cost what one costs.
    is_echoed
        Whether the vendor says that they are for this identifier.

    Returns
    -------
    Reading
        The one company with this domain, page or name. Another company only if it is the vendor's
        only answer to this identifier, with the reason ``inexact``. Several companies fail as
        ``ambiguous``.
    """
    distinct: list[Reading] = []
    for one in candidates:
        if all(one.model != other.model for other in distinct):
            distinct.append(one)
    chosen = _exact(requested, distinct) or distinct
    note = f"{len(distinct)} companies were returned" if len(distinct) > 1 else ""
    if len(chosen) > 1:
        return Reading(
            status=Status.FAILED, reason="ambiguous", credits=chosen[0].credits, note=note
        )
    (only,) = chosen
    if any(claim & requested for claim in only.claims):
        return replace(only, note=note)
    if is_echoed:
        return replace(only, reason="inexact")
    return Reading(status=Status.FAILED, reason="inexact", credits=only.credits)


def _exact(requested: frozenset[str], companies: Sequence[Reading]) -> list[Reading]:
    """Return the companies with this identifier; a main one counts more than another."""
    levels = ([one for one in companies if one.claims[level] & requested] for level in (0, 1))
    return next(filter(None, levels), [])


def bind_single_company(batch: Sequence[Identity], readings: Sequence[Reading]) -> Reading | None:
    """Return the result of the only identity, from an answer that echoes nothing."""
    companies = [one for one in readings if one.model is not None]
    if len(batch) > 1 or not companies:
        return bind_single_without_data(batch, readings)
    key = key_of(batch[0])
    return choose_company(frozenset([key] if key else ()), companies, is_echoed=False)


def year(value: object) -> int | None:
    """Return the year of a date.

    Examples
    --------
    >>> year("2012-01-01"), year(2017), year(None)
    (2012, 2017, None)
    """
    written = date(value)
    return int(written[:4]) if written else None


def whole(number: float | None) -> int | None:
    """Return a number without its fraction, such as an amount in US dollars.

    Examples
    --------
    >>> whole(141000000.0), whole(None)
    (141000000, None)
    """
    return None if number is None else int(number)


def headcounts(
    groups: Iterable[tuple[str, Mapping[str, float | None] | None]],
) -> list[Headcount]:
    """Return the number of people in each group, such as Engineering of the functions.

    Examples
    --------
    >>> [one.group for one in headcounts([("function", {"Sales": 2, "Legal": None})])]
    ['Sales']
    """
    return [
        Headcount(people=whole(people), group=group, by=by)
        for by, counted in groups
        for group, people in (counted or {}).items()
        if people is not None
    ]


def location(**parts: str | None) -> Location | None:
    """Return a location, or None if all its parts are empty."""
    known = {name: text(part) for name, part in parts.items()}
    return msgspec.structs.replace(Location(), **known) if any(known.values()) else None


def sic_codes(details: Sequence[Sic | None] | None) -> list[str]:
    """Return the SIC codes of a taxonomy."""
    codes = (identifier(one.sic_code) for one in details or () if one)
    return [code for code in codes if code]


def naics_codes(detail: Naics | None) -> list[str]:
    """Return the NAICS code of a taxonomy, as a list."""
    code = identifier(detail.naics_code) if detail else None
    return [code] if code else []


def join_names(investors: object) -> str | None:
    """Return the names of investors as one text."""
    return "; ".join(texts(investors)) or None


# -- Wire types of the current API ---------------------------------------------------------------
# Source: docs.crustdata.com/company-docs/enrichment/reference, 2025-11-01. If the documents and the
# answers that clients have seen differ in a name, both are here.
#
# Left out, but kept in the raw answer: measures of this vendor alone (``web_traffic``, ``seo``,
# ``hiring``, ``software_reviews``, ``news``, ratings, growth and history of numbers), and the
# people of a company (``people``), which `enrich.people` delivers.


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
    """Wire type: an element of the answer, one for each identifier that was sent."""

    matched_on: Texts = None
    match_type: str | None = None
    match_status: str | None = None
    matches: list[CompanyCandidate | None] | None = None


# -- Model of the current API --------------------------------------------------------------------


def state_of(candidate: CompanyCandidate) -> str | None:
    """Return the vendor's state of a company without data."""
    return text(((candidate.company_data or CompanyData()).status or State()).state)


def other_names_of(candidate: CompanyCandidate) -> list[str]:
    """Return the other names of a company."""
    return texts(((candidate.company_data or CompanyData()).basic_info or BasicInfo()).profile_name)


def company_of(candidate: CompanyCandidate) -> Company:
    """Return the company of a candidate."""
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
        social_profiles=distinct_profiles(
            [SocialProfile(network="twitter", url=text(social.twitter_url))]
        ),
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
    """Return the industries, the main one first. Names can have commas."""
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
        investors=join_names(milestone.investors),
    )
