"""What the enrichment endpoints have in common: tokens, and errors in the vendor's two places.

A fault may name the vendor's own code: ``box.fault("zoho", "submit", "malformed_unnamed",
code="FEATURE_NOT_ENABLED")``; `enrich_pandas.emulators.zoho.service` lists them. It is refused then
in the words and in the place of that code, whatever the fault's name.
"""

import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from enrich_pandas.emulators.account import LoggedRequest, VendorAccount
from enrich_pandas.emulators.protocol import KEY, Fault
from enrich_pandas.emulators.vendor import (
    EmulatedEndpoint,
    ParsedRequest,
    RefusedRequest,
    VendorAnswer,
    World,
    rendered,
)
from enrich_pandas.emulators.zoho.jobs import CREATOR, ZohoJobs

# -- Every code that the vendor refuses with: its status, its words, and the place it stands in --
# Sources: "Possible Errors" of the three documents for codes and statuses; the vendor's OpenAPI
# description and its documents of version 8 for words and places: what is wrong with a body stands
# inside the array, and all else at the top. Not documented, and chosen here: the words of
# OAUTH_SCOPE_MISMATCH, TOO_MANY_REQUESTS and NOT_ALLOWED.

LIMIT = 1500


class ErrorCode(NamedTuple):
    """How a code is refused with; ``{}`` in its words is the kind of enrichment."""

    status: int
    message: str
    is_item: bool = False


CODES: Mapping[str, ErrorCode] = {
    "INVALID_TOKEN": ErrorCode(401, "invalid oauth token"),
    "AUTHENTICATION_FAILURE": ErrorCode(401, "Authentication failed"),
    "OAUTH_SCOPE_MISMATCH": ErrorCode(401, "invalid oauth scope to access this URL"),
    "NO_PERMISSION": ErrorCode(403, "No permission to access this feature"),
    "FEATURE_NOT_ENABLED": ErrorCode(400, "Data Enrichment feature not enabled"),
    "FEATURE_NOT_SUPPORTED": ErrorCode(400, "Your License does not support this feature"),
    "REQUIRED_PARAM_MISSING": ErrorCode(400, "One of the expected parameter is missing"),
    "INVALID_MODULE": ErrorCode(400, "The given module is not supported for {} Enrichment"),
    "NOT_ALLOWED": ErrorCode(400, "email is not mapped in configuration"),
    "API_NOT_SUPPORTED": ErrorCode(400, "This API is not supported in this version"),
    "INVALID_DATA": ErrorCode(400, "invalid data", is_item=True),
    "MANDATORY_NOT_FOUND": ErrorCode(400, "required field not found", is_item=True),
    "EXPECTED_FIELD_MISSING": ErrorCode(400, "Specify atleast one field", is_item=True),
    "DEPENDENT_FIELD_MISSING": ErrorCode(400, "dependent field missing", is_item=True),
    "LIMIT_EXCEEDED": ErrorCode(400, "enrichment data limit exceeded", is_item=True),
    "TOO_MANY_REQUESTS": ErrorCode(429, "too many requests"),
    "INTERNAL_SERVER_ERROR": ErrorCode(500, "Unhandled and unexpected exception in server."),
}
# What every vendor's faults are called, in this one's codes.
KINDS: Mapping[str, str] = {
    "unauthorized": "INVALID_TOKEN",
    "out_of_credits": "LIMIT_EXCEEDED",
    "malformed": "INVALID_DATA",
    "rate_limited": "TOO_MANY_REQUESTS",
    "server_error": "INTERNAL_SERVER_ERROR",
}
REFUSALS: Mapping[str, tuple[int, str]] = {
    **{code: (one.status, one.message) for code, one in CODES.items()},
    **{kind: (CODES[code].status, CODES[code].message) for kind, code in KINDS.items()},
}


def where(array: str, *keys: str) -> dict[str, Any]:
    """Return how the vendor names a key of the body."""
    return {"api_name": keys[-1], "json_path": ".".join([f"$.{array}[0]", *keys])}


def usual_details(code: str, array: str) -> dict[str, Any]:
    """Return details such as the vendor's samples of a code have."""
    based_on = where(array, "enrich_based_on")
    name, company = (where(array, "enrich_based_on", key) for key in ("name", "company"))
    details: Mapping[str, dict[str, Any]] = {
        "REQUIRED_PARAM_MISSING": {"param_name": "module"},
        "INVALID_MODULE": {"param_name": "module"},
        "NOT_ALLOWED": where(array, "enrich_based_on", "email"),
        "API_NOT_SUPPORTED": {"supported_version": 7},
        "INVALID_DATA": based_on,
        "MANDATORY_NOT_FOUND": based_on,
        "EXPECTED_FIELD_MISSING": {"expected_fields": [name]},
        "DEPENDENT_FIELD_MISSING": {"dependee": name, **company},
        "LIMIT_EXCEEDED": {"limit": LIMIT, "limit_due_to": [based_on]},
    }
    return details.get(code, {})


# -- Access tokens: ``POST /oauth/v2/token`` --------------------
# Sources: Zoho's OAuth pages and its own SDK, read 2026-11: the parameters in the query or in a
# form; errors as HTTP 200; 10 tokens in 10 minutes for a refresh token, then "Access Denied" with
# HTTP 400; 15 live tokens, of which the oldest gives way.

MOST, WINDOW, LIVE = 10, 600.0, 15
DENIED = {
    "error_description": "You have made too many requests continuously. "
    "Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}


@dataclass
class AccessTokens:
    """The access tokens given out."""

    seconds: float
    live: dict[str, float] = field(default_factory=dict)
    given: deque[float] = field(default_factory=deque)

    def issue(self) -> str | None:
        """Give out a token, or None where too many were asked for."""
        now = time.monotonic()
        while self.given and self.given[0] <= now - WINDOW:
            self.given.popleft()
        if len(self.given) >= MOST:
            return None
        self.given.append(now)
        token = f"1000.{secrets.token_hex(16)}"
        self.live[token] = now + self.seconds
        while len(self.live) > LIVE:
            del self.live[next(iter(self.live))]
        return token

    def accepts(self, header: str) -> bool:
        """Tell whether an Authorization header holds a token that lives."""
        scheme, _, token = header.partition(" ")
        return scheme == "Zoho-oauthtoken" and self.live.get(token, 0.0) > time.monotonic()


class _TokenRequest(ParsedRequest, kw_only=True):
    given: Mapping[str, str]
    base: str


class RefreshToken(EmulatedEndpoint):
    """``POST /oauth/v2/token``."""

    vendor = "zoho"
    path = "/oauth/v2/token"
    method = "POST"
    where = "token"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (200, "invalid_client"),
        "out_of_credits": (200, "invalid_code"),
        "malformed": (200, "invalid_code"),
        "rate_limited": (400, "Access Denied"),
        "server_error": (500, "general_error"),
    }

    def __init__(self, world: World, account: VendorAccount, tokens: AccessTokens) -> None:
        super().__init__(world, account)
        self.tokens = tokens

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        return DENIED if kind == "rate_limited" else {"error": message}

    def is_authorized(self, request: Request) -> bool:
        """Let everybody ask; the form says who."""
        return True

    async def read(self, request: Request) -> _TokenRequest:
        """Return the parameters, of the form or of the query."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        return _TokenRequest(
            given={**request.query_params, **form}, base=f"http://{request.url.netloc}"
        )

    def answer(self, order: _TokenRequest) -> VendorAnswer:
        """Give out a token; what is wrong with the question is said with a 200."""
        given = order.given
        if given.get("client_id") != KEY:
            return VendorAnswer(body={"error": "invalid_client"})
        if given.get("client_secret") != KEY:
            return VendorAnswer(body={"error": "invalid_client_secret"})
        if given.get("refresh_token") != KEY or given.get("grant_type") != "refresh_token":
            return VendorAnswer(body={"error": "invalid_code"})
        token = self.tokens.issue()
        if token is None:
            return VendorAnswer(body=DENIED, status=400)
        return VendorAnswer(
            body={
                "access_token": token,
                "expires_in": int(self.tokens.seconds),
                "api_domain": order.base,
                "token_type": "Bearer",
            }
        )


# -- Whom a token speaks for: ``GET /crm/{version}/users?type=CurrentUser`` and ``/org``; their qu
# The vendor's SDK asks for both after it has got a token, to name it in its store. Source: the wire
# types of that SDK; given here is what it takes from them, and what every answer has. The quota,
# ``/__features/data_enrichment``, is that of the official OpenAPI files, v8.

USER = {**CREATOR, "full_name": CREATOR["name"], "email": "api@example.com", "status": "active"}
ORGANIZATION = {"id": "111111000000020005", "zgid": "60000000001", "company_name": "Example"}


class AccountEndpoint(EmulatedEndpoint):
    """The user or the organization of a token."""

    vendor = "zoho"
    method = "GET"
    where = "account"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS
    what: ClassVar[Mapping[str, Any]]

    def __init__(self, world: World, account: VendorAccount, tokens: AccessTokens) -> None:
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

    async def read(self, request: Request) -> ParsedRequest:
        """Ask for nothing more."""
        return ParsedRequest()

    def answer(self, order: ParsedRequest) -> VendorAnswer:
        """Tell who it is."""
        return VendorAnswer(body=self.what)


class GetCurrentUser(AccountEndpoint):
    """``GET …/users``, of which there is one."""

    path = "/crm/{version}/users"
    what: ClassVar[Mapping[str, Any]] = {
        "users": [USER],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": False},
    }


class GetOrganization(AccountEndpoint):
    """``GET …/org``."""

    path = "/crm/{version}/org"
    what: ClassVar[Mapping[str, Any]] = {"org": [ORGANIZATION]}


class GetQuota(AccountEndpoint):
    """``GET …/__features/data_enrichment``: how many enrichments are left, and were used."""

    path = "/crm/{version}/__features/data_enrichment"

    def answer(self, order: ParsedRequest) -> VendorAnswer:
        """Answer, in the vendor's shape."""
        left, used = self.account.balance, self.account.spent
        counts = {"available_count": left, "limits": left + used, "used_count": used}
        details = {
            name: {"total": int(count), "edition_limit": int(count)}
            for name, count in counts.items()
        }
        return VendorAnswer(
            body={"__features": [{"api_name": "data_enrichment", "details": details}]}
        )


# -- What the enrichment endpoints have in common: tokens, and errors in the vendor's two places -


class EnrichmentEndpoint(EmulatedEndpoint):
    """An endpoint of the enrichment of people or of organizations."""

    vendor = "zoho"
    scheme = "Zoho-oauthtoken"
    suffix: ClassVar[str] = ""
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS

    def __init__(
        self, world: World, account: VendorAccount, tokens: AccessTokens, jobs: ZohoJobs
    ) -> None:
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
    ) -> RefusedRequest:
        """Make the refusal of a request that is wrong; words and place are the code's own."""
        usual = CODES[code]
        words = usual.message if message is None else message
        place = usual.is_item if is_item is None else is_item
        return RefusedRequest(rendered(self._worded(code, words, details, place), usual.status))

    def _struck(self, order: ParsedRequest, fault: Fault, visit: LoggedRequest) -> Response:
        if code := fault.options.get("code"):
            raise self.refuse(code)
        return super()._struck(order, fault, visit)
