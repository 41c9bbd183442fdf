"""Zoho's error codes, access tokens and account, and the base class of its enrichment endpoints.

Sources:

- "Possible Errors" of the three documents, for error codes and statuses.
- The vendor's OpenAPI description and its documents of version 8, for the words and places of
  errors: an error of the body is inside the array, all others are at the top.
- Zoho's OAuth pages and its SDK, read 2026-11, for ``POST /oauth/v2/token``: the parameters are in
  the query or in a form; errors have the HTTP status 200; a refresh token gives 10 access tokens in
  10 minutes, then "Access Denied" with HTTP 400; 15 access tokens live, and the oldest ends first.
- The wire types of the SDK, for ``GET /crm/{version}/users?type=CurrentUser`` and ``…/org``. The
  SDK requests both for each new token, to name it in its store. The answers have what it reads.
- The official OpenAPI files, v8, for the quota ``…/__features/data_enrichment``.

Not documented, so chosen: the words of OAUTH_SCOPE_MISMATCH, TOO_MANY_REQUESTS and NOT_ALLOWED.

A fault can name a code of `CODES`: ``box.fault("zoho", "submit", "malformed_unnamed",
code="FEATURE_NOT_ENABLED")``. The request is then refused in the words and the place of that code,
whatever the name of the fault.
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

from enrich_pandas.emulators.account import KEY, Fault, LoggedRequest, VendorAccount
from enrich_pandas.emulators.vendor import (
    EmulatedEndpoint,
    ParsedRequest,
    RefusedRequest,
    VendorAnswer,
    World,
    json_response,
)
from enrich_pandas.emulators.zoho.jobs import CREATOR, ZohoJobs

# -- Error codes ---------------------------------------------------------------------------------

LIMIT = 1500


class ErrorCode(NamedTuple):
    """The status, words and place of a code; ``{}`` in the words is the kind of enrichment."""

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
# The kinds of refusals that all vendors have, as codes of this vendor.
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


def location_of_key(array: str, *keys: str) -> dict[str, Any]:
    """Return how the vendor names a key of a body."""
    return {"api_name": keys[-1], "json_path": ".".join([f"$.{array}[0]", *keys])}


def usual_details(code: str, array: str) -> dict[str, Any]:
    """Return the details of a code as in the vendor's samples."""
    based_on = location_of_key(array, "enrich_based_on")
    name, company = (location_of_key(array, "enrich_based_on", key) for key in ("name", "company"))
    details: Mapping[str, dict[str, Any]] = {
        "REQUIRED_PARAM_MISSING": {"param_name": "module"},
        "INVALID_MODULE": {"param_name": "module"},
        "NOT_ALLOWED": location_of_key(array, "enrich_based_on", "email"),
        "API_NOT_SUPPORTED": {"supported_version": 7},
        "INVALID_DATA": based_on,
        "MANDATORY_NOT_FOUND": based_on,
        "EXPECTED_FIELD_MISSING": {"expected_fields": [name]},
        "DEPENDENT_FIELD_MISSING": {"dependee": name, **company},
        "LIMIT_EXCEEDED": {"limit": LIMIT, "limit_due_to": [based_on]},
    }
    return details.get(code, {})


# -- Access tokens -------------------------------------------------------------------------------

MOST, WINDOW, LIVE = 10, 600.0, 15
DENIED = {
    "error_description": "You have made too many requests continuously. "
    "Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}


@dataclass
class AccessTokens:
    """The access tokens that were issued."""

    seconds: float
    live: dict[str, float] = field(default_factory=dict)
    given: deque[float] = field(default_factory=deque)

    def issue(self) -> str | None:
        """Issue a token, or return None if the limit is reached."""
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
        """Return whether an Authorization header has a live token."""
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
        """Return True: the credentials are in the form."""
        return True

    async def read(self, request: Request) -> _TokenRequest:
        """Parse the parameters in the form or the query."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        return _TokenRequest(
            given={**request.query_params, **form}, base=f"http://{request.url.netloc}"
        )

    def answer(self, parsed: _TokenRequest) -> VendorAnswer:
        """Return a token. Wrong credentials are an error with the status 200."""
        given = parsed.given
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
                "api_domain": parsed.base,
                "token_type": "Bearer",
            }
        )


# -- The account: user, organization and quota ---------------------------------------------------

USER = {
    **CREATOR,
    "full_name": CREATOR["name"],
    "email": "api@example.com",
    "status": "active",
}
ORGANIZATION = {
    "id": "111111000000020005",
    "zgid": "60000000001",
    "company_name": "Example",
}


class AccountEndpoint(EmulatedEndpoint):
    """Base class of the endpoints that describe the account of a token."""

    vendor = "zoho"
    method = "GET"
    where = "account"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS
    what: ClassVar[Mapping[str, Any]]

    def __init__(self, world: World, account: VendorAccount, tokens: AccessTokens) -> None:
        super().__init__(world, account)
        self.tokens = tokens

    def is_authorized(self, request: Request) -> bool:
        """Return whether the request has a live token."""
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
        """Return a request without identities."""
        return ParsedRequest()

    def answer(self, parsed: ParsedRequest) -> VendorAnswer:
        """Return the user or the organization."""
        return VendorAnswer(body=self.what)


class GetCurrentUser(AccountEndpoint):
    """``GET …/users``: returns the one user."""

    path = "/crm/{version}/users"
    what: ClassVar[Mapping[str, Any]] = {
        "users": [USER],
        "info": {"per_page": 200, "count": 1, "page": 1, "more_records": False},
    }


class GetOrganization(AccountEndpoint):
    """``GET …/org``: returns the organization."""

    path = "/crm/{version}/org"
    what: ClassVar[Mapping[str, Any]] = {"org": [ORGANIZATION]}


class GetQuota(AccountEndpoint):
    """``GET …/__features/data_enrichment``: returns the enrichments left and used."""

    path = "/crm/{version}/__features/data_enrichment"

    def answer(self, parsed: ParsedRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        left, used = self.account.balance, self.account.spent
        counts = {"available_count": left, "limits": left + used, "used_count": used}
        details = {
            name: {"total": int(count), "edition_limit": int(count)}
            for name, count in counts.items()
        }
        return VendorAnswer(
            body={"__features": [{"api_name": "data_enrichment", "details": details}]}
        )


# -- Enrichment endpoints ------------------------------------------------------------------------


class EnrichmentEndpoint(EmulatedEndpoint):
    """Base class of the enrichment endpoints for people and for organizations."""

    tokens: AccessTokens
    jobs: ZohoJobs

    vendor = "zoho"
    scheme = "Zoho-oauthtoken"
    suffix: ClassVar[str] = ""
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = REFUSALS

    def __init__(
        self, world: World, account: VendorAccount, tokens: AccessTokens, jobs: ZohoJobs
    ) -> None:
        super().__init__(world, account)
        self.tokens, self.jobs = tokens, jobs
        self.name: str = f"__zia_{jobs.kind}_enrichment"
        self.path = f"/crm/{{version}}/{self.name}{self.suffix}"  # type: ignore[misc]  # one a kind

    def is_authorized(self, request: Request) -> bool:
        """Return whether the request has a live token."""
        return self.tokens.accepts(request.headers.get("authorization", ""))

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal, by a kind of refusal or by a code of the vendor."""
        code = KINDS.get(kind, kind)
        usual = CODES[code]
        return self._worded(code, usual.message, usual_details(code, self.name), usual.is_item)

    def _worded(self, code: str, message: str, details: Mapping[str, Any], is_item: bool) -> Any:
        words = message.format(self.jobs.kind.title())
        error = {"code": code, "details": details, "message": words, "status": "error"}
        return {self.name: [error]} if is_item else error

    def location_of(self, *keys: str) -> dict[str, Any]:
        """Return how the vendor names a key of the body."""
        return location_of_key(self.name, *keys)

    def wrong(
        self,
        code: str,
        details: Mapping[str, Any],
        message: str | None = None,
        *,
        is_item: bool | None = None,
    ) -> RefusedRequest:
        """Return the refusal of a request. Words and place default to those of the code."""
        usual = CODES[code]
        words = usual.message if message is None else message
        place = usual.is_item if is_item is None else is_item
        return RefusedRequest(
            json_response(self._worded(code, words, details, place), usual.status)
        )

    def _apply_fault(self, parsed: ParsedRequest, fault: Fault, logged: LoggedRequest) -> Response:
        if code := fault.options.get("code"):
            raise self.refuse(code)
        return super()._apply_fault(parsed, fault, logged)
