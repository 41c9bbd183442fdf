"""Crustdata's companies: choosing one, wire types of the current API, and how they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import pyarrow as pa

from enrich_pandas.models import Company
from enrich_pandas.providers import decoding
from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.binding import (
    Reading,
    domain_key,
    key_of,
    name_key,
    page_key,
)
from enrich_pandas.providers.crustdata.requests import Price, bind_single_without_data
from enrich_pandas.providers.decoding import Date, Fraction, Id, Texts, Whole, Wire
from enrich_pandas.providers.records import Fields, Record, RecordType, read_models
from enrich_pandas.providers.records.columns import (
    Column,
    Leaves,
    Part,
    date,
    identifier,
    key,
    number,
    per_value,
    text,
    whole,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_items,
    as_list,
    each,
    either_list,
    first,
    given,
    joined,
    one,
    texts,
    together,
)
from enrich_pandas.providers.records.source import Source, item_of, only

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


def company_reading(
    record: Record, named: Company, price: Price, *, other_names: object = None
) -> Reading:
    """Return the reading of a company that could be the requested one.

    Parameters
    ----------
    record
        The company.
    named
        The same with at least the fields that identify it. Its main domain, page and name are
        trusted more than its other domains.
    price
        Returns its cost in credits.
    other_names
        Its other names, as sent.
    """
    main = (
        domain_key(named.domain or named.website or ""),
        page_key(named.linkedin_url or ""),
        page_key(named.linkedin_id or ""),
        name_key(named.name or ""),
    )
    other = (*map(domain_key, named.domains), *map(name_key, decoding.texts(other_names)))
    return Reading(
        status=Status.MATCHED,
        claims=[frozenset(filter(None, main)), frozenset(filter(None, other))],
        model=record,
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
    distinct = _distinct(candidates)
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


def _distinct(candidates: Sequence[Reading]) -> Sequence[Reading]:
    """Return the readings without those of the same company again."""
    if len(candidates) == 1:
        return candidates
    models = read_models(one.model for one in candidates if isinstance(one.model, Record))
    return [one for place, one in enumerate(candidates) if models[place] not in models[:place]]


def _exact(requested: frozenset[str], companies: Sequence[Reading]) -> list[Reading]:
    """Return the companies with this identifier; a main one counts more than another."""
    levels = ([one for one in companies if one.claims[level] & requested] for level in (0, 1))
    return next(filter(None, levels), [])


def bind_single_company(batch: Sequence[Identity], readings: Sequence[Reading]) -> Reading | None:
    """Return the result of the only identity, from an answer that echoes nothing."""
    companies = [one for one in readings if one.model is not None]
    if len(batch) > 1 or not companies:
        return bind_single_without_data(batch, readings)
    requested = key_of(batch[0])
    return choose_company(frozenset([requested] if requested else ()), companies, is_echoed=False)


def year(source: Source) -> Column:
    """Return the years of dates."""
    return per_value(lambda written: written and int(written[:4]), date(source), kind=pa.int64())


def headcounts(**groups: Source) -> ListColumn:
    """Return the number of people in each group, such as Engineering of the functions."""

    def headcount(people: Source, by: str) -> Leaves:
        return {"people": whole(people), "group": key(people), "by": by}

    listed = [each(of, partial(headcount, by=by)) for by, of in groups.items()]
    return given(together(*listed), "people")


def sic_codes(details: Source) -> ListColumn:
    """Return the SIC codes of a taxonomy."""
    return each(details, lambda sic: as_list(identifier(sic.sic_code)))


def names(*sources: Source) -> ListColumn:
    """Return distinct names or words, which a comma can separate in one text."""
    return texts(*sources, separator=",")


def twitter_profile(url: Source) -> ListColumn:
    """Return the profile on Twitter as the only social profile."""
    return given(one(url, network="twitter", url=text(url)), "url")


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


# -- What binding reads --------------------------------------------------------------------------


def head(element: Source) -> list[Source]:
    """Return the places that decide which company an element is about."""
    data = item_of(element.matches).company_data
    return [
        element.matched_on,
        element.match_status,
        data.basic_info.name,
        data.basic_info.profile_name,
        data.basic_info.primary_domain,
        data.basic_info.all_domains,
        data.basic_info.website,
        data.basic_info.professional_network_url,
        data.basic_info.professional_network_id,
        data.status.state,
    ]


def state_of(candidate: CompanyCandidate) -> str | None:
    """Return the vendor's state of a company without data."""
    return decoding.text(((candidate.company_data or CompanyData()).status or State()).state)


def basic_info_of(candidate: CompanyCandidate) -> BasicInfo:
    """Return the section of a candidate with its names."""
    return (candidate.company_data or CompanyData()).basic_info or BasicInfo()


def named_company(basic: BasicInfo) -> Company:
    """Return a company with the fields that identify it."""
    return Company(
        name=decoding.text(basic.name) or decoding.text(basic.profile_name),
        domain=decoding.text(basic.primary_domain),
        website=decoding.text(basic.website),
        linkedin_url=decoding.text(basic.professional_network_url),
        linkedin_id=decoding.identifier(basic.professional_network_id),
        domains=decoding.texts(basic.all_domains, separator=","),
    )


# -- Mapping of the current API ------------------------------------------------------------------


def company(element: Source) -> Fields:
    """Return the columns of a company."""
    candidate = only(element.matches)
    data = candidate.company_data
    basic, places, taxonomy = data.basic_info, data.locations, data.taxonomy
    people, money, revenue = data.headcount, data.funding, data.revenue
    market, social = revenue.public_markets, data.social_profiles
    industries = texts(  # the main one first; names can have commas
        taxonomy.professional_network_industry,
        basic.industries,
        taxonomy.professional_network_industries,
    )
    return {
        "id": identifier(data.crustdata_company_id),
        "name": text(basic.name, basic.profile_name),
        "domain": text(basic.primary_domain),
        "website": text(basic.website),
        "description": text(basic.description),
        "type": text(basic.company_type),
        "industry": first(industries)[""],
        "founded_year": year(basic.year_founded),
        "employees": whole(people.total),
        "employees_range": text(basic.employee_count_range),
        "headquarters": _headquarters(places),
        "largest_country": text(people.largest_headcount_country, places.largest_headcount_country),
        "linkedin_url": text(basic.professional_network_url),
        "linkedin_id": identifier(basic.professional_network_id),
        "linkedin_followers": whole(data.followers.count),
        "crunchbase_url": text(social.crunchbase.url),
        "logo_url": text(basic.logo_permalink),
        "ceo": text(data.employee_reviews.company_ceo.name),
        "revenue_min_usd": whole(revenue.estimated.lower_bound_usd),
        "revenue_max_usd": whole(revenue.estimated.upper_bound_usd),
        "total_funding_usd": whole(money.total_investment_usd),
        "last_funding_round": text(money.last_round_type),
        "last_funding_usd": whole(money.last_round_amount_usd),
        "last_funding_date": date(money.last_fundraise_date),
        "acquisition_status": text(revenue.acquisition_status),
        "ipo_date": date(market.ipo_date),
        "fiscal_year_end": text(market.fiscal_year_end),
        "score": number(candidate.confidence_score),
        "domains": names(basic.all_domains),
        "industries": industries,
        "specialities": names(taxonomy.professional_network_specialities),
        "keywords": names(taxonomy.categories),
        "markets": names(basic.markets),
        "stock_symbols": names(market.stock_symbols),
        "sic_codes": sic_codes(taxonomy.sic_detail_list),
        "naics_codes": as_list(identifier(taxonomy.primary_naics_detail.naics_code)),
        "investors": names(money.investors),
        "competitors": either_list(
            names(data.competitors.websites), texts(data.competitors.all_domains)
        ),
        "offices": as_items(texts(places.all_office_addresses), "name"),
        "social_profiles": twitter_profile(social.twitter_url),
        "fundings": each(money.milestones, _funding),
        "headcounts": headcounts(
            function=people.by_role_absolute,
            region=people.by_region_absolute,
            skill=people.by_skill_absolute,
        ),
    }


def _headquarters(places: Source) -> Part:
    return {
        "name": text(places.headquarters),
        "address": text(places.street_address),
        "city": text(places.hq_city, places.city),
        "region": text(places.hq_state, places.state),
        "country": text(places.hq_country, places.country),
    }


def _funding(milestone: Source) -> Leaves:
    return {
        "round": text(milestone.round),
        "amount_usd": whole(milestone.amount_usd),
        "announced_date": date(milestone.funding_date, milestone.date),
        "investors": joined(texts(milestone.investors)),
    }


COMPANIES = RecordType("companies", Company, CompanyElement, company, head)
