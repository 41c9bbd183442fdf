"""What the enrichment endpoints have in common: tokens, and errors in the vendor's two places.

A fault may name the vendor's own code: ``box.fault("zoho", "submit", "malformed_unnamed",
code="FEATURE_NOT_ENABLED")``; `enrich_pandas.emulators.zoho.refusals` lists them. It is refused then
in the words and in the place of that code, whatever the fault's name.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.ledger import Visit
from enrich_pandas.emulators.protocol import Fault
from enrich_pandas.emulators.vendor import Endpoint, Order, Refusal, World, rendered
from enrich_pandas.emulators.zoho.jobs import Jobs
from enrich_pandas.emulators.zoho.oauth import Tokens
from enrich_pandas.emulators.zoho.refusals import CODES, KINDS, REFUSALS, usual_details, where


class Service(Endpoint):
    """An endpoint of the enrichment of people or of organizations."""

    vendor = "zoho"
    scheme = "Zoho-oauthtoken"
    suffix: ClassVar[str] = ""
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS

    def __init__(self, world: World, account: Account, tokens: Tokens, jobs: Jobs) -> None:
        super().__init__(world, account)
        self.tokens, self.jobs = tokens, jobs
        self.name = f"__zia_{jobs.kind}_enrichment"
        self.path = f"/crm/{{version}}/{self.name}{self.suffix}"  # type: ignore[misc]  # one a kind

    def is_authorized(self, request: Request) -> bool:
        """Tell whether the request bears a token that lives."""
        return self.tokens.accepts(request.headers.get("authorization", ""))

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal, by one of the faults' names or by a code of the vendor."""
        code = KINDS.get(kind, kind)
        usual = CODES[code]
        return self._worded(code, usual.message, usual_details(code, self.name), usual.is_item)

    def _worded(self, code: str, message: str, details: Mapping[str, Any], is_item: bool) -> Any:
        words = message.format(self.jobs.kind.title())
        error = {"code": code, "details": details, "message": words, "status": "error"}
        return {self.name: [error]} if is_item else error

    def where_in(self, *keys: str) -> dict[str, Any]:
        """Return how the vendor names a key of the body."""
        return where(self.name, *keys)

    def wrong(
        self,
        code: str,
        details: Mapping[str, Any],
        message: str | None = None,
        *,
        is_item: bool | None = None,
    ) -> Refusal:
        """Make the refusal of a request that is wrong; words and place are the code's own."""
        usual = CODES[code]
        words = usual.message if message is None else message
        place = usual.is_item if is_item is None else is_item
        return Refusal(rendered(self._worded(code, words, details, place), usual.status))

    def _struck(self, order: Order, fault: Fault, visit: Visit) -> Response:
        if code := fault.options.get("code"):
            raise self.refuse(code)
        return super()._struck(order, fault, visit)
