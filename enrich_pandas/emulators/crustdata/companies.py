"""Crustdata's current API for companies: ``POST /company/enrich``.

Sources: docs.crustdata.com, read 2026-11:

- ``/company-docs/enrichment/reference``: "Submit exactly one identifier type per request"; the
  envelope; "if you omit fields, company_data contains only crustdata_company_id and basic_info";
  ``matches`` is empty for no match.
- ``/company-docs/enrichment/introduction``: 2 credits per record; ``exact_match`` "to restrict
  results to exact primary_domain matches"; a confidence of 1.0 is common for direct lookups; "if
  matches contains more than one entry, …".
- The section ``status`` of the reference: ``status.state`` is "enriching" or "not_found".
- The legacy page "Company Enrichment API": a queued company is "enriched in the next 24 hours".
- Public clients: no match is a 200, a 404 is for a malformed domain; one domain with several pages
  gives all their companies even for an exact match; a page gives one.
- Shapes: the reference and what public clients decode. Amounts are whole numbers or have a
  fraction; the founding year is a day or a year.

Not documented, so chosen: the words of the 404; several companies for one identifier are charged
as one; a company that is being enriched is not charged; at most 25 identifiers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import msgspec
from starlette.requests import Request

from enrich_pandas.emulators.account import RequestedIdentity, VendorAccount
from enrich_pandas.emulators.companies import CompanyCoverage, FakeCompany
from enrich_pandas.emulators.crustdata.people import BATCH, CurrentEndpoint, projected
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.identities import company_in, company_slug, page_in
from enrich_pandas.emulators.vendor import ParsedRequest, VendorAnswer, World

# -- The company object --------------------------------------------------------------------------


def document(firm: FakeCompany) -> JsonObject:
    """Return the whole company object, section by section."""
    return {"crustdata_company_id": firm.id} | {
        name: section(firm) for name, section in SECTIONS.items()
    }


def _basic_info(firm: FakeCompany) -> JsonObject:
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


def _revenue(firm: FakeCompany) -> JsonObject:
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


def _headcount(firm: FakeCompany) -> JsonObject:
    return {
        "total": firm.employees,
        "largest_headcount_country": firm.country,
        "growth_percent": {"1m": 0.5, "3m": 1.0, "6m": None, "12m": -2.5},
        "by_role_absolute": firm.functions,
        "by_region_absolute": {firm.country: firm.employees},
        "timeseries": [{"date": "2026-01-01", "employee_count": firm.employees}],
    }


def _funding(firm: FakeCompany) -> JsonObject:
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


def _locations(firm: FakeCompany) -> JsonObject:
    return {
        "country": firm.country,
        "state": firm.region,
        "city": firm.city,
        "headquarters": firm.headquarters,
        "street_address": firm.street,
        "all_office_addresses": firm.offices,
    }


def _taxonomy(firm: FakeCompany) -> JsonObject:
    return {
        "professional_network_specialities": firm.specialities,
        "professional_network_industry": next(iter(firm.industries), None),
        "professional_network_industries": firm.industries,
        "categories": [name.lower() for name in firm.specialities],
        "primary_naics_detail": {"naics_code": "511210", "year": 2022} if firm.symbol else None,
        "sic_detail_list": [{"sic_code": "0782", "industry": "Lawn", "year": 1987}],
    }


def _social_profiles(firm: FakeCompany) -> JsonObject:
    return {
        "crunchbase": {"url": f"https://crunchbase.example/{firm.slug}", "uuid": None},
        "twitter_url": firm.twitter and f"https://twitter.example/{firm.twitter}",
    }


SECTIONS: Mapping[str, Callable[[FakeCompany], Any]] = {
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


# -- The search for a company --------------------------------------------------------------------

_QUEUE_SECONDS = 24 * 60 * 60


class CompanyLookup(NamedTuple):
    """The companies found for one identifier: none, one or several.

    ``firms`` is empty for a miss, and for a company that is queued for enrichment.
    """

    slug: str
    submitted: str
    firms: Sequence[FakeCompany] = ()
    is_queued: bool = False

    @classmethod
    def of(
        cls,
        world: World,
        account: VendorAccount,
        requested: RequestedIdentity,
        kind: str,
        *,
        exact: bool,
        live: bool = False,
    ) -> Self:
        """Look up a company by an identifier. The URL of a page finds one company only."""
        slug, submitted = requested
        coverage = world.companies.coverage(slug, "crustdata")
        if coverage is CompanyCoverage.MISSING:
            return cls(slug, submitted)
        if (
            coverage is CompanyCoverage.QUEUED
            and not live
            and not _enriched_by_now(world, account, slug)
        ):
            return cls(slug, submitted, is_queued=True)
        firm = world.companies.firm(slug)
        found = cls(slug, submitted, [firm])
        if "url" in kind:
            return found
        twins = (
            [world.companies.same_name_and_domain(firm)]
            if coverage is CompanyCoverage.SHARED
            else []
        )
        firms = [firm, *twins, *world.companies.similar(firm)]
        return found._replace(firms=[one for one in firms if found.fits(one) or not exact])

    def fits(self, firm: FakeCompany) -> bool:
        """Return whether a company is an exact match."""
        own = {firm.domain, firm.name.casefold(), *firm.other_domains}
        is_page = "linkedin.com/" in self.submitted and firm.slug == self.slug
        return is_page or self.submitted.casefold() in own


def _enriched_by_now(world: World, account: VendorAccount, slug: str) -> bool:
    """Return whether 24 hours have passed since the first request for the company."""
    now = account.clock()
    return now - world.queued.setdefault(f"company {slug}", now) >= _QUEUE_SECONDS


# -- The endpoint --------------------------------------------------------------------------------

_DEFAULT_FIELDS = ("basic_info",)
_PRICE = 2.0


class _CompaniesBody(msgspec.Struct, forbid_unknown_fields=True):
    domains: list[str] | None = None
    names: list[str] | None = None
    professional_network_profile_urls: list[str] | None = None
    fields: list[str] | None = None
    exact_match: bool | None = None


_body = msgspec.json.Decoder(_CompaniesBody)


class _CompaniesRequest(ParsedRequest, kw_only=True):
    match_type: str
    fields: Sequence[str]
    exact: bool


class EnrichCompanies(CurrentEndpoint):
    """``POST /company/enrich``: up to 25 companies by domain, page or name."""

    path, method, where = "/company/enrich", "POST", "submit"
    name_path = "basic_info.name"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        **CurrentEndpoint.refusals,
        "malformed": (400, "Invalid company identifier, a domain or a profile URL: {}"),
        "malformed_domain": (404, "Field 'domains': Invalid domain format: {}"),
    }
    drifts: ClassVar[Mapping[str, Any]] = {
        "basic_info.description": ["a", "list"],
        "basic_info.industries": "Wholesale",
        "headcount.total": "500+",
        "followers.count": {"0": 1},
        "funding.milestones": "none",
    }
    readers: ClassVar[Mapping[str, tuple[Callable[[str], str | None], str]]] = {
        "domains": (company_in, "malformed_domain"),
        "names": (company_slug, "malformed"),
        "professional_network_profile_urls": (page_in, "malformed"),
    }

    async def read(self, request: Request) -> _CompaniesRequest:
        """Parse the request, or refuse it."""
        body = await self.decoded(request, _body)
        given = [name for name in self.readers if getattr(body, name)]
        if len(given) != 1:
            raise self.refuse("invalid", "Submit exactly one identifier type per request.")
        texts: list[str] = getattr(body, given[0])
        if len(texts) > BATCH:
            raise self.refuse("invalid", f"Submit at most {BATCH} identifiers.")
        pairs = self.read_all(texts, *self.readers[given[0]])
        return _CompaniesRequest(
            requested=[RequestedIdentity(*pair) for pair in pairs],
            match_type=given[0].removesuffix("s"),
            fields=self.sections(body.fields, SECTIONS) or _DEFAULT_FIELDS,
            exact=bool(body.exact_match),
        )

    def answer(self, parsed: _CompaniesRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        elements, charges = [], []
        for requested in parsed.requested:
            found = CompanyLookup.of(
                self.world, self.account, requested, parsed.match_type, exact=parsed.exact
            )
            elements.append(
                {
                    "matched_on": requested.submitted,
                    "match_type": parsed.match_type,
                    "matches": [
                        *(_match(firm, found, parsed.fields) for firm in found.firms),
                        *(_enriching(parsed.fields) if found.is_queued else ()),
                    ],
                }
            )
            charges.append((requested.identity, _PRICE if found.firms else 0.0))
        return VendorAnswer(body=elements, charges=charges)

    def alien(self) -> JsonObject:
        """Return the element of a company that was not requested."""
        firm = self.world.companies.firm("another-company-0")
        company = projected(document(firm), _DEFAULT_FIELDS, key="crustdata_company_id")
        return {
            "matched_on": firm.domain,
            "match_type": "domain",
            "matches": [{"confidence_score": 1.0, "company_data": company}],
        }

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the company of an element."""
        matches = [one["company_data"] for one in element["matches"]]
        return matches[0] if matches and "basic_info" in matches[0] else None


def _match(firm: FakeCompany, found: CompanyLookup, fields: Sequence[str]) -> JsonObject:
    company = projected(document(firm), fields, key="crustdata_company_id")
    return {"confidence_score": 1.0 if found.fits(firm) else 0.6, "company_data": company}


def _enriching(fields: Sequence[str]) -> list[JsonObject]:
    data = {"crustdata_company_id": None, "status": {"state": "enriching"}}
    return [{"confidence_score": 1.0, "company_data": data}] if "status" in fields else []
