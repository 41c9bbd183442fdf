"""Crustdata, the current API: ``POST /company/enrich``.

Sources: docs.crustdata.com, read 2026-11:

- ``/company-docs/enrichment/reference``: "Submit exactly one identifier type per request"; the
  envelope; "if you omit fields, company_data contains only crustdata_company_id and basic_info";
  ``matches`` is empty for no match.
- ``/company-docs/enrichment/introduction``: 2 credits per record; ``exact_match`` "to restrict
  results to exact primary_domain matches"; a confidence of 1.0 is common for direct lookups; "if
  matches contains more than one entry, …".
- ``status.state`` "enriching" or "not_found": the section of that name.
- Public clients: no match is a 200, a 404 is for a malformed domain; one domain with several pages
  gives all their companies even for an exact match; a page gives one.

Not documented, and chosen here: the words of the 404; several companies for one identifier are
charged as one; a company that is being enriched is not charged; at most 25 identifiers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request

from enrich_pandas.emulators.companies import Firm
from enrich_pandas.emulators.crustdata.company import SECTIONS, document
from enrich_pandas.emulators.crustdata.lookup import Lookup
from enrich_pandas.emulators.crustdata.people import BATCH, Current
from enrich_pandas.emulators.crustdata.person import projected
from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.identities import company_in, company_slug, page_in
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import Answer, Order

_DEFAULT_FIELDS = ("basic_info",)
_PRICE = 2.0


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    domains: list[str] | None = None
    names: list[str] | None = None
    professional_network_profile_urls: list[str] | None = None
    fields: list[str] | None = None
    exact_match: bool | None = None


_body = msgspec.json.Decoder(_Body)


class _Ask(Order, kw_only=True):
    match_type: str
    fields: Sequence[str]
    exact: bool


class EnrichCompanies(Current):
    """``POST /company/enrich``: up to 25 companies by domain, page or name."""

    path, method, where = "/company/enrich", "POST", "submit"
    name_path = "basic_info.name"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        **Current.refusals,
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

    async def read(self, request: Request) -> _Ask:
        """Read the request, or refuse it."""
        body = await self.decoded(request, _body)
        given = [name for name in self.readers if getattr(body, name)]
        if len(given) != 1:
            raise self.refuse("invalid", "Submit exactly one identifier type per request.")
        texts: list[str] = getattr(body, given[0])
        if len(texts) > BATCH:
            raise self.refuse("invalid", f"Submit at most {BATCH} identifiers.")
        pairs = self.read_all(texts, *self.readers[given[0]])
        return _Ask(
            asked=[Asked(*pair) for pair in pairs],
            match_type=given[0].removesuffix("s"),
            fields=self.sections(body.fields, SECTIONS) or _DEFAULT_FIELDS,
            exact=bool(body.exact_match),
        )

    def answer(self, order: _Ask) -> Answer:
        """Answer, in the vendor's shape."""
        elements, charges = [], []
        for asked in order.asked:
            found = Lookup.of(self.world, self.account, asked, order.match_type, exact=order.exact)
            elements.append(
                {
                    "matched_on": asked.submitted,
                    "match_type": order.match_type,
                    "matches": [
                        *(_match(firm, found, order.fields) for firm in found.firms),
                        *(_enriching(order.fields) if found.is_queued else ()),
                    ],
                }
            )
            charges.append((asked.identity, _PRICE if found.firms else 0.0))
        return Answer(body=elements, charges=charges)

    def alien(self) -> Element:
        """Return the element of a company not asked for."""
        firm = self.world.companies.firm("somebody-else-0")
        company = projected(document(firm), _DEFAULT_FIELDS, key="crustdata_company_id")
        return {
            "matched_on": firm.domain,
            "match_type": "domain",
            "matches": [{"confidence_score": 1.0, "company_data": company}],
        }

    def person_in(self, element: Element) -> Element | None:
        """Return the company of an element."""
        matches = [one["company_data"] for one in element["matches"]]
        return matches[0] if matches and "basic_info" in matches[0] else None


def _match(firm: Firm, found: Lookup, fields: Sequence[str]) -> Element:
    company = projected(document(firm), fields, key="crustdata_company_id")
    return {"confidence_score": 1.0 if found.fits(firm) else 0.6, "company_data": company}


def _enriching(fields: Sequence[str]) -> list[Element]:
    data = {"crustdata_company_id": None, "status": {"state": "enriching"}}
    return [{"confidence_score": 1.0, "company_data": data}] if "status" in fields else []
