"""Crustdata's legacy API for companies: ``GET /screener/company``.

Source: the page "Company Enrichment API" of the 2024-11-01 documentation and its data dictionary,
called *the document* below. Not documented, so chosen:

- a miss is ``{"status": "not_found"}`` in the list of a 200, beside the matches;
- several companies for one identifier are charged as one;
- the account may use every field of the dictionary; another field is refused in the document's
  words.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.emulators.account import RequestedIdentity
from enrich_pandas.emulators.companies import FakeCompany
from enrich_pandas.emulators.crustdata.companies import CompanyLookup
from enrich_pandas.emulators.crustdata.screener_people import BATCH, LegacyEndpoint
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.identities import company_in, company_slug, page_in
from enrich_pandas.emulators.vendor import ParsedRequest, VendorAnswer

# -- The company object: flat fields, and objects that a request must name -----------------------


def document(firm: FakeCompany, *, is_full_match: bool) -> JsonObject:
    """Return the whole company object."""
    whole = {name: field(firm) for name, field in FIELDS.items()}
    return whole | {"is_full_domain_match": is_full_match}


def _taxonomy(firm: FakeCompany) -> JsonObject:
    return {
        "linkedin_specialities": firm.specialities,
        "linkedin_industries": firm.industries,
        "crunchbase_categories": [name.lower() for name in firm.specialities],
        "primary_naics_detail": {"naics_code": "511210", "year": 2022} if firm.symbol else None,
        "sic_detail_list": [{"sic_code": "0782", "industry": "Lawn", "year": 1987}],
    }


def _headcount(firm: FakeCompany) -> JsonObject:
    return {
        "linkedin_headcount": firm.employees,
        "linkedin_headcount_total_growth_percent": {"mom": 0.5, "qoq": 1, "yoy": None},
        "linkedin_headcount_by_role_absolute": firm.functions,
        "linkedin_headcount_by_region_absolute": {firm.country: firm.employees},
    }


def _funding(firm: FakeCompany) -> JsonObject:
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


def _revenue(firm: FakeCompany, bound: int) -> int | None:
    return firm.revenue and firm.revenue[bound]


BASIC: Mapping[str, Callable[[FakeCompany], Any]] = {
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
# Returned only if the request names them.
OBJECTS: Mapping[str, Callable[[FakeCompany], Any]] = {
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


# -- The endpoint --------------------------------------------------------------------------------

_TYPES: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    "company_domain": ("domain", company_in),
    "company_name": ("name", company_slug),
    "company_linkedin_url": ("linkedin_url", page_in),
}
_MESSAGES = {
    "enriching": "The following companies will be enriched in the next 24 hours",
    "not_found": "The requested company was not found and no data is available",
}


class LegacyCompaniesRequest(ParsedRequest, kw_only=True):
    """The options of a request for companies."""

    kind: str
    fields: Sequence[str] = tuple(BASIC)
    realtime: bool = False
    exact: bool = False


class EnrichLegacyCompanies(LegacyEndpoint):
    """``GET /screener/company``: up to 25 companies by domain, page or name."""

    path, method, where = "/screener/company", "GET", "submit"
    name_path = "company_name"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        **LegacyEndpoint.refusals,
        "neither": (400, "At least one company identifier must be provided."),
        "both": (400, "Provide only one type of company identifier."),
        "too_many": (400, "You can only enrich up to 25 companies at a time."),
        "malformed": (400, "Invalid company identifier, a domain or a LinkedIn URL: {}"),
    }
    drifts: ClassVar[Mapping[str, Any]] = {
        "linkedin_company_description": ["a", "list"],
        "markets": "PRIVATE",
        "company_id": None,
        "estimated_revenue_lower_bound_usd": "500+",
    }

    async def read(self, request: Request) -> LegacyCompaniesRequest:
        """Parse the request, or refuse it."""
        params = request.query_params
        given = [name for name in _TYPES if params.get(name)]
        if len(given) != 1:
            raise self.refuse("both" if given else "neither")
        (texts,) = csv.reader([params[given[0]]], skipinitialspace=True)
        if len(texts) > BATCH:
            raise self.refuse("too_many")
        kind, reader = _TYPES[given[0]]
        return LegacyCompaniesRequest(
            requested=[self.read_one(text.strip(), reader, "malformed") for text in texts],
            kind=kind,
            fields=self._fields(params.get("fields")),
            realtime=params.get("enrich_realtime", "false").lower() == "true",
            exact=params.get("exact_match", "false").lower() == "true",
        )

    def _fields(self, text: str | None) -> Sequence[str]:
        fields = [name.strip() for name in text.split(",")] if text else list(BASIC)
        if unknown := [path for path in fields if path.partition(".")[0] not in FIELDS]:
            raise self.refuse("field", ", ".join(unknown))
        return fields

    def answer(self, parsed: LegacyCompaniesRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        elements: list[JsonObject] = []
        charges, unmatched = [], dict[str, list[RequestedIdentity]]()
        for requested in parsed.requested:
            found = CompanyLookup.of(
                self.world,
                self.account,
                requested,
                parsed.kind,
                exact=parsed.exact,
                live=parsed.realtime,
            )
            elements += [_element(found, firm, parsed.fields) for firm in found.firms]
            charges.append(
                (requested.identity, (5.0 if parsed.realtime else 1.0) if found.firms else 0)
            )
            if found.is_queued:
                unmatched.setdefault("enriching", []).append(requested)
            elif not found.firms and not parsed.exact:
                unmatched.setdefault("not_found", []).append(requested)
        status = 202 if not elements and "enriching" in unmatched else 200
        notices = [_notice(state, of, parsed.kind) for state, of in unmatched.items()]
        return VendorAnswer(body=[*elements, *notices], status=status, charges=charges)

    def alien(self) -> JsonObject:
        """Return the element of a company that was not requested."""
        firm = self.world.companies.firm("another-company-0")
        return document(firm, is_full_match=False)

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the company of an element."""
        return None if "status" in element else element


def _element(found: CompanyLookup, firm: Any, fields: Sequence[str]) -> JsonObject:
    whole = document(firm, is_full_match=found.fits(firm))
    names = dict.fromkeys(path.partition(".")[0] for path in fields)
    return {name: whole[name] for name in names}


def _notice(state: str, of: Sequence[RequestedIdentity], kind: str) -> JsonObject:
    companies = [{"identifier": requested.submitted, "type": kind} for requested in of]
    return {"status": state, "message": _MESSAGES[state], "companies": companies}
