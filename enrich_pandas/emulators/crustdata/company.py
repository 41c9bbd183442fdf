"""A company as the current Crustdata API shows one: sections, by name.

Shapes: docs.crustdata.com ``/company-docs/enrichment/reference`` and what public clients decode.
Amounts come as whole numbers and with a fraction, the founding year as a day and as a year.
"""

from collections.abc import Callable, Mapping
from typing import Any

from enrich_pandas.emulators.companies import Firm
from enrich_pandas.emulators.faults import Element


def document(firm: Firm) -> Element:
    """Return all that the vendor has of a company, section by section."""
    return {"crustdata_company_id": firm.id} | {
        name: section(firm) for name, section in SECTIONS.items()
    }


def _basic_info(firm: Firm) -> Element:
    is_year = firm.id % 2 == 0
    return {
        "crustdata_company_id": firm.id,
        "name": firm.name,
        "profile_name": firm.name,
        "primary_domain": firm.domain,
        "all_domains": [firm.domain, *firm.other_domains],
        "website": f"https://www.{firm.domain}/",
        "professional_network_url": firm.page,
        "professional_network_id": firm.network_id,
        "logo_permalink": f"https://img.example.com/companies/{firm.id}.png",
        "description": firm.description,
        "company_type": firm.kind,
        "year_founded": firm.founded and (firm.founded[:4] if is_year else firm.founded),
        "employee_count_range": firm.size,
        "markets": ["PRIVATE", "NASDAQ"] if firm.symbol else ["PRIVATE"],
        "industries": firm.industries,
    }


def _revenue(firm: Firm) -> Element:
    low, high = firm.revenue or (None, None)
    return {
        "estimated": {"lower_bound_usd": low, "upper_bound_usd": high, "timeseries": []},
        "public_markets": {
            "ipo_date": firm.ipo,
            "stock_symbols": [firm.symbol] if firm.symbol else [],
            "fiscal_year_end": "December" if firm.symbol else None,
        },
        "acquisition_status": "acquired" if firm.acquired else None,
    }


def _headcount(firm: Firm) -> Element:
    return {
        "total": firm.employees,
        "largest_headcount_country": firm.country,
        "growth_percent": {"1m": 0.5, "3m": 1.0, "6m": None, "12m": -2.5},
        "by_role_absolute": firm.functions,
        "by_region_absolute": {firm.country: firm.employees},
        "timeseries": [{"date": "2026-01-01", "employee_count": firm.employees}],
    }


def _funding(firm: Firm) -> Element:
    last = max(firm.rounds, key=lambda one: one.day, default=None)
    return {
        "total_investment_usd": float(sum(one.amount for one in firm.rounds)) or None,
        "last_round_amount_usd": last and last.amount,
        "last_fundraise_date": last and last.day,
        "last_round_type": last and last.name,
        "investors": sorted({name for one in firm.rounds for name in one.investors}),
        "milestones": [
            {
                "date": one.day,
                "funding_date": one.day,
                "amount_usd": one.amount,
                "round": one.name,
                "investors": one.investors,
            }
            for one in firm.rounds
        ],
    }


def _locations(firm: Firm) -> Element:
    return {
        "country": firm.country,
        "state": firm.region,
        "city": firm.city,
        "headquarters": firm.headquarters,
        "street_address": firm.street,
        "all_office_addresses": firm.offices,
    }


def _taxonomy(firm: Firm) -> Element:
    return {
        "professional_network_specialities": firm.specialities,
        "professional_network_industry": next(iter(firm.industries), None),
        "professional_network_industries": firm.industries,
        "categories": [name.lower() for name in firm.specialities],
        "primary_naics_detail": {"naics_code": "511210", "year": 2022} if firm.symbol else None,
        "sic_detail_list": [{"sic_code": "0782", "industry": "Lawn", "year": 1987}],
    }


def _social_profiles(firm: Firm) -> Element:
    return {
        "crunchbase": {"url": f"https://crunchbase.example/{firm.slug}", "uuid": None},
        "twitter_url": firm.twitter and f"https://twitter.example/{firm.twitter}",
    }


SECTIONS: Mapping[str, Callable[[Firm], Any]] = {
    "basic_info": _basic_info,
    "revenue": _revenue,
    "headcount": _headcount,
    "funding": _funding,
    "hiring": lambda _: {"openings_count": 0, "recent_openings": []},
    "web_traffic": lambda firm: {"domain_traffic": {firm.domain: {"monthly_visitors": 12}}},
    "seo": lambda _: {"monthly_organic_clicks": None},
    "competitors": lambda firm: {"company_ids": [], "websites": firm.competitors},
    "employee_reviews": lambda _: {"overall_rating": None, "company_ceo": None},
    "people": lambda _: {"decision_makers": [], "founders": [], "cxos": []},
    "locations": _locations,
    "taxonomy": _taxonomy,
    "followers": lambda firm: {"count": firm.followers, "mom_percent": 0.1},
    "news": lambda _: [],
    "software_reviews": lambda _: {"review_count": 0, "average_rating": None},
    "social_profiles": _social_profiles,
    "status": lambda _: None,
}
