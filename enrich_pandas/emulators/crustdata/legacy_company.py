"""A company as the legacy Crustdata API shows one: flat fields, and objects that must be named."""

from collections.abc import Callable, Mapping
from typing import Any

from enrich_pandas.emulators.companies import Firm
from enrich_pandas.emulators.faults import Element


def document(firm: Firm, *, is_full_match: bool) -> Element:
    """Return all that the vendor has of a company."""
    whole = {name: field(firm) for name, field in FIELDS.items()}
    return whole | {"is_full_domain_match": is_full_match}


def _taxonomy(firm: Firm) -> Element:
    return {
        "linkedin_specialities": firm.specialities,
        "linkedin_industries": firm.industries,
        "crunchbase_categories": [name.lower() for name in firm.specialities],
        "primary_naics_detail": {"naics_code": "511210", "year": 2022} if firm.symbol else None,
        "sic_detail_list": [{"sic_code": "0782", "industry": "Lawn", "year": 1987}],
    }


def _headcount(firm: Firm) -> Element:
    return {
        "linkedin_headcount": firm.employees,
        "linkedin_headcount_total_growth_percent": {"mom": 0.5, "qoq": 1, "yoy": None},
        "linkedin_headcount_by_role_absolute": firm.functions,
        "linkedin_headcount_by_region_absolute": {firm.country: firm.employees},
    }


def _funding(firm: Firm) -> Element:
    last = max(firm.rounds, key=lambda one: one.day, default=None)
    return {
        "crunchbase_total_investment_usd": sum(one.amount for one in firm.rounds) or None,
        "days_since_last_fundraise": 100 if last else None,
        "last_funding_round_type": last and last.name,
        "last_funding_round_investment_usd": last and last.amount,
        "crunchbase_investors": sorted({name for one in firm.rounds for name in one.investors}),
        "funding_milestones_timeseries": [
            {
                "funding_date": one.day,
                "date": f"{one.day}T00:00:00",
                "funding_milestone_amount_usd": one.amount,
                "funding_round": one.name,
                "funding_milestone_investors": ", ".join(one.investors),
            }
            for one in firm.rounds
        ],
    }


def _revenue(firm: Firm, bound: int) -> int | None:
    return firm.revenue and firm.revenue[bound]


BASIC: Mapping[str, Callable[[Firm], Any]] = {
    "company_id": lambda firm: firm.id,
    "company_name": lambda firm: firm.name,
    "linkedin_profile_name": lambda firm: firm.name,
    "linkedin_profile_url": lambda firm: firm.page,
    "crunchbase_profile_url": lambda firm: f"https://crunchbase.example/{firm.slug}",
    "crunchbase_profile_uuid": lambda _: None,
    "linkedin_id": lambda firm: firm.network_id,
    "linkedin_logo_url": lambda firm: f"https://img.example.com/companies/{firm.id}.png",
    "linkedin_logo_permalink": lambda _: None,
    "company_twitter_url": lambda firm: firm.twitter and f"https://twitter.example/{firm.twitter}",
    "company_website_domain": lambda firm: firm.domain,
    "company_website": lambda firm: f"http://www.{firm.domain}",
    "domains": lambda firm: [firm.domain, *firm.other_domains],
    "is_full_domain_match": lambda _: None,
    "hq_country": lambda firm: firm.country,
    "headquarters": lambda firm: firm.headquarters,
    "largest_headcount_country": lambda firm: firm.country,
    "hq_street_address": lambda firm: firm.street,
    "year_founded": lambda firm: firm.founded,
    "fiscal_year_end": lambda firm: "December" if firm.symbol else None,
    "estimated_revenue_lower_bound_usd": lambda firm: _revenue(firm, 0),
    "estimated_revenue_higher_bound_usd": lambda firm: _revenue(firm, 1),
    "estimated_revenue_timeseries": lambda _: [],
    "employee_count_range": lambda firm: firm.size,
    "company_type": lambda firm: firm.kind,
    "linkedin_company_description": lambda firm: firm.description,
    "acquisition_status": lambda firm: "acquired" if firm.acquired else None,
    "ipo_date": lambda firm: firm.ipo,
    "markets": lambda firm: ["PRIVATE", "NASDAQ"] if firm.symbol else ["PRIVATE"],
    "stock_symbols": lambda firm: [firm.symbol] if firm.symbol else [],
    "ceo_location": lambda _: None,
    "all_office_addresses": lambda firm: firm.offices,
}
# Given only when named.
OBJECTS: Mapping[str, Callable[[Firm], Any]] = {
    "taxonomy": _taxonomy,
    "competitors": lambda firm: {"competitor_website_domains": firm.competitors},
    "headcount": _headcount,
    "web_traffic": lambda _: {"monthly_visitors": 12},
    "glassdoor": lambda _: {"glassdoor_overall_rating": None},
    "g2": lambda _: {"g2_review_count": 0},
    "linkedin_followers": lambda firm: {"linkedin_followers": firm.followers},
    "funding_and_investment": _funding,
    "job_openings": lambda _: {"job_openings_count": 0},
    "seo": lambda _: {"monthly_organic_clicks": None},
    "founders": lambda _: {"profiles": []},
    "cxos": lambda _: [],
    "decision_makers": lambda _: [],
    "news_articles": lambda _: [],
    "producthunt": lambda _: None,
    "gartner": lambda _: None,
}
FIELDS = {**BASIC, **OBJECTS}
