"""Access tokens: ``POST /oauth/v2/token``.

Sources: Zoho's OAuth pages and its own SDK, read 2026-11: the parameters in the query or in a form;
errors as HTTP 200; 10 tokens in 10 minutes for a refresh token, then "Access Denied" with HTTP 400;
15 live tokens, of which the oldest gives way.
"""

import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.requests import Request

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.protocol import KEY
from enrich_pandas.emulators.vendor import Answer, Endpoint, Order, World

MOST, WINDOW, LIVE = 10, 600.0, 15
DENIED = {
    "error_description": "You have made too many requests continuously. "
    "Please try again after some time.",
    "error": "Access Denied",
    "status": "failure",
}


@dataclass
class Tokens:
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


class _Form(Order, kw_only=True):
    given: Mapping[str, str]
    base: str


class RefreshToken(Endpoint):
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

    def __init__(self, world: World, account: Account, tokens: Tokens) -> None:
        super().__init__(world, account)
        self.tokens = tokens

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        return DENIED if kind == "rate_limited" else {"error": message}

    def is_authorized(self, request: Request) -> bool:
        """Let everybody ask; the form says who."""
        return True

    async def read(self, request: Request) -> _Form:
        """Return the parameters, of the form or of the query."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        return _Form(given={**request.query_params, **form}, base=f"http://{request.url.netloc}")

    def answer(self, order: _Form) -> Answer:
        """Give out a token; what is wrong with the question is said with a 200."""
        given = order.given
        if given.get("client_id") != KEY:
            return Answer(body={"error": "invalid_client"})
        if given.get("client_secret") != KEY:
            return Answer(body={"error": "invalid_client_secret"})
        if given.get("refresh_token") != KEY or given.get("grant_type") != "refresh_token":
            return Answer(body={"error": "invalid_code"})
        token = self.tokens.issue()
        if token is None:
            return Answer(body=DENIED, status=400)
        return Answer(
            body={
                "access_token": token,
                "expires_in": int(self.tokens.seconds),
                "api_domain": order.base,
                "token_type": "Bearer",
            }
        )
