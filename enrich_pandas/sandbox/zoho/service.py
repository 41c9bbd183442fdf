"""What the enrichment endpoints have in common: tokens, and errors in the vendor's two places.

Sources: "Possible Errors" of the three documents; the vendor's OpenAPI description, whose examples
place what is wrong with a body inside the array, and all else at the top.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.vendor import Endpoint, Refusal, World, rendered
from enrich_pandas.sandbox.zoho.jobs import Jobs
from enrich_pandas.sandbox.zoho.oauth import Tokens

LIMIT = 1500


class Service(Endpoint):
    """An endpoint of the enrichment of people or of organizations."""

    vendor = "zoho"
    scheme = "Zoho-oauthtoken"
    suffix: ClassVar[str] = ""
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (401, "invalid oauth token"),
        "out_of_credits": (400, "enrichment data limit exceeded"),
        "malformed": (400, "invalid data"),
        "rate_limited": (429, "too many requests"),
        "server_error": (500, "Unhandled and unexpected exception in server."),
    }
    codes: ClassVar[Mapping[str, str]] = {
        "unauthorized": "INVALID_TOKEN",
        "out_of_credits": "LIMIT_EXCEEDED",
        "malformed": "INVALID_DATA",
        "rate_limited": "TOO_MANY_REQUESTS",
        "server_error": "INTERNAL_SERVER_ERROR",
    }

    def __init__(self, world: World, account: Account, tokens: Tokens, jobs: Jobs) -> None:
        super().__init__(world, account)
        self.tokens, self.jobs = tokens, jobs
        self.name = f"__zia_{jobs.kind}_enrichment"
        self.path = f"/crm/{{version}}/{self.name}{self.suffix}"  # type: ignore[misc]  # one a kind

    def is_authorized(self, request: Request) -> bool:
        """Tell whether the request bears a token that lives."""
        return self.tokens.accepts(request.headers.get("authorization", ""))

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        error = {"code": self.codes[kind], "details": {}, "message": message, "status": "error"}
        if kind in ("out_of_credits", "malformed"):
            return {self.name: [{**error, "details": self._details(kind)}]}
        return error

    def _details(self, kind: str) -> dict[str, Any]:
        where = self.where_in("enrich_based_on")
        if kind == "malformed":
            return where
        return {"limit": LIMIT, "limit_due_to": [where]}

    def where_in(self, *keys: str) -> dict[str, Any]:
        """Return how the vendor names a key of the body."""
        path = ".".join([f"$.{self.name}[0]", *keys])
        return {"api_name": keys[-1], "json_path": path}

    def wrong(
        self, code: str, message: str, details: Mapping[str, Any], *, is_item: bool = False
    ) -> Refusal:
        """Make the refusal of a request that is wrong, in one of the vendor's two places."""
        error = {"code": code, "details": details, "message": message, "status": "error"}
        return Refusal(rendered({self.name: [error]} if is_item else error, 400))
