"""Crustdata, the legacy API: ``GET /screener/company``.

Source: the page "Company Enrichment API" of the 2024-11-01 documentation and its dictionary,
called *the document* below. Where it is silent:

- what is not found is told with a 200, beside what is, as ``{"status": "not_found"}``;
- several companies for one identifier are charged as one;
- the account may use every field of the dictionary; another is refused in the document's words.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.emulators.crustdata.legacy_company import BASIC, FIELDS, document
from enrich_pandas.emulators.crustdata.lookup import Lookup
from enrich_pandas.emulators.crustdata.screener_people import BATCH, Legacy
from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.identities import company_in, company_slug, page_in
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import Answer, Order

_TYPES: Mapping[str, tuple[str, Callable[[str], str | None]]] = {
    "company_domain": ("domain", company_in),
    "company_name": ("name", company_slug),
    "company_linkedin_url": ("linkedin_url", page_in),
}
_MESSAGES = {
    "enriching": "The following companies will be enriched in the next 24 hours",
    "not_found": "The requested company was not found and no data is available",
}


class Ask(Order, kw_only=True):
    """What a request asks for, beside the companies."""

    kind: str
    fields: Sequence[str] = tuple(BASIC)
    realtime: bool = False
    exact: bool = False


class EnrichCompanies(Legacy):
    """``GET /screener/company``: up to 25 companies by domain, page or name."""

    path, method, where = "/screener/company", "GET", "submit"
    name_path = "company_name"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        **Legacy.refusals,
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

    async def read(self, request: Request) -> Ask:
        """Read the request, or refuse it."""
        params = request.query_params
        given = [name for name in _TYPES if params.get(name)]
        if len(given) != 1:
            raise self.refuse("both" if given else "neither")
        (texts,) = csv.reader([params[given[0]]], skipinitialspace=True)
        if len(texts) > BATCH:
            raise self.refuse("too_many")
        kind, reader = _TYPES[given[0]]
        return Ask(
            asked=[self.read_one(text.strip(), reader, "malformed") for text in texts],
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

    def answer(self, order: Ask) -> Answer:
        """Answer, in the vendor's shape."""
        elements: list[Element] = []
        charges, untold = [], dict[str, list[Asked]]()
        for asked in order.asked:
            found = Lookup.of(
                self.world, self.account, asked, order.kind, exact=order.exact, live=order.realtime
            )
            elements += [_element(found, firm, order.fields) for firm in found.firms]
            charges.append((asked.identity, (5.0 if order.realtime else 1.0) if found.firms else 0))
            if found.is_queued:
                untold.setdefault("enriching", []).append(asked)
            elif not found.firms and not order.exact:
                untold.setdefault("not_found", []).append(asked)
        status = 202 if not elements and "enriching" in untold else 200
        told = [_notice(state, of, order.kind) for state, of in untold.items()]
        return Answer(body=[*elements, *told], status=status, charges=charges)

    def alien(self) -> Element:
        """Return the element of a company not asked for."""
        firm = self.world.companies.firm("somebody-else-0")
        return document(firm, is_full_match=False)

    def person_in(self, element: Element) -> Element | None:
        """Return the company of an element."""
        return None if "status" in element else element


def _element(found: Lookup, firm: Any, fields: Sequence[str]) -> Element:
    whole = document(firm, is_full_match=found.fits(firm))
    names = dict.fromkeys(path.partition(".")[0] for path in fields)
    return {name: whole[name] for name in names}


def _notice(state: str, of: Sequence[Asked], kind: str) -> Element:
    companies = [{"identifier": asked.submitted, "type": kind} for asked in of]
    return {"status": state, "message": _MESSAGES[state], "companies": companies}
