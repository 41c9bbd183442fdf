"""Whom a token speaks for: ``GET /crm/{version}/users?type=CurrentUser`` and ``/org``; their quota.

The vendor's SDK asks for both after it has got a token, to name it in its store. Source: the wire
types of that SDK; given here is what it takes from them, and what every answer has. The quota,
``/__features/data_enrichment``, is that of the official OpenAPI files, v8.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.vendor import Answer, Endpoint, Order, World
from enrich_pandas.emulators.zoho.jobs import CREATOR
from enrich_pandas.emulators.zoho.oauth import Tokens
from enrich_pandas.emulators.zoho.refusals import CODES, KINDS, REFUSALS

USER = {**CREATOR, "full_name": CREATOR["name"], "email": "api@example.com", "status": "active"}
ORGANIZATION = {"id": "111111000000020005", "zgid": "60000000001", "company_name": "Example"}


class Owner(Endpoint):
    """The user or the organization of a token."""

    vendor = "zoho"
    method = "GET"
    where = "account"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS
    what: ClassVar[Mapping[str, Any]]

    def __init__(self, world: World, account: Account, tokens: Tokens) -> None:
        super().__init__(world, account)
        self.tokens = tokens

    def is_authorized(self, request: Request) -> bool:
        """Tell whether the request bears a token that lives."""
        return self.tokens.accepts(request.headers.get("authorization", ""))

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        code = KINDS.get(kind, kind)
        return {
            "code": code,
            "details": {},
            "message": CODES[code].message,
            "status": "error",
        }

    async def read(self, request: Request) -> Order:
        """Ask for nothing more."""
        return Order()

    def answer(self, order: Order) -> Answer:
        """Tell who it is."""
        return Answer(body=self.what)


class CurrentUser(Owner):
    """``GET …/users``, of which there is one."""

    path = "/crm/{version}/users"
    what: ClassVar[Mapping[str, Any]] = {
        "users": [USER],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": False},
    }


class Organization(Owner):
    """``GET …/org``."""

    path = "/crm/{version}/org"
    what: ClassVar[Mapping[str, Any]] = {"org": [ORGANIZATION]}


class Quota(Owner):
    """``GET …/__features/data_enrichment``: how many enrichments are left, and were used."""

    path = "/crm/{version}/__features/data_enrichment"

    def answer(self, order: Order) -> Answer:
        """Answer, in the vendor's shape."""
        left, used = self.account.balance, self.account.spent
        counts = {"available_count": left, "limits": left + used, "used_count": used}
        details = {
            name: {"total": int(count), "edition_limit": int(count)}
            for name, count in counts.items()
        }
        return Answer(body={"__features": [{"api_name": "data_enrichment", "details": details}]})
