"""Zoho's short-lived tokens: asking for one, and reading what comes back.

Sources: the page "Refresh access tokens" and the official SDK's ``oauth_token``. A refusal often
comes with status 200, so a token is known by its presence alone.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from enrich_pandas.errors import (
    AuthenticationError,
    ConfigurationError,
    EnrichError,
    RateLimitError,
    UnavailableError,
)
from enrich_pandas.providers.base import RateLimit, Renewal, Response, Secret, Token
from enrich_pandas.providers.zoho.centres import CENTRES, centre_at
from enrich_pandas.providers.zoho.errors import code_of

CONSOLE = "https://api-console.zoho.com"
LIMIT = RateLimit(10, 600)  # new tokens of one refresh token
LONGEST = 3600.0  # seconds that a token lives
STALE = frozenset({"INVALID_TOKEN", "AUTHENTICATION_FAILURE"})
UNPAID = "Nothing was sent and nothing was spent."
REFUSED: Mapping[str, tuple[str, str]] = {
    "invalid_client": (
        "does not know the client id in the data centre {dc}",
        f"Check ZOHO_CLIENT_ID at {CONSOLE}, and ZOHO_DC: a client belongs to one data centre.",
    ),
    "invalid_client_secret": (
        "does not accept the client secret",
        f"Copy the client secret from {CONSOLE} into ZOHO_CLIENT_SECRET.",
    ),
    "invalid_code": (
        "does not accept the refresh token: it is wrong or was revoked",
        f"Make a new one at {CONSOLE}, set ZOHO_REFRESH_TOKEN, then repeat the call.",
    ),
}
_CODE = re.compile(r"[A-Za-z_ ]{1,40}")


def renewal(secrets: Mapping[str, Secret], dc: str) -> Renewal:
    """Return how a token is had: a form, as the official SDK sends it."""
    names = ("refresh_token", "client_id", "client_secret")
    form = {"grant_type": Secret("refresh_token"), **{name: secrets[name] for name in names}}
    return Renewal(origin=CENTRES[dc].accounts, path="/oauth/v2/token", form=form, limit=LIMIT)


def token_of(response: Response, dc: str) -> Token:
    """Read a token.

    Parameters
    ----------
    response
        The answer to a `renewal`.
    dc
        The data centre that is about to be asked.

    Raises
    ------
    AuthenticationError
        A credential was refused.
    RateLimitError
        Too many tokens were asked for.
    UnavailableError
        The answer is of no use.
    ConfigurationError
        The account is of another data centre.
    """
    said = _fields(response)
    token = said.get("access_token")
    if not isinstance(token, str) or not token.strip():
        raise _refusal(said, response.status, dc)
    home = centre_at(said.get("api_domain"))
    if home is not None and home != dc:
        raise ConfigurationError(
            f"The account is of Zoho's data centre {home}, not of {dc}.",
            cost=UNPAID,
            todo=f'Type dc="{home}" or set ZOHO_DC={home}, then repeat the call.',
        )
    return Token(Secret(token.strip()), _seconds(said))


def is_stale(response: Response) -> bool:
    """Tell a refused token; one of too little scope is no better when renewed."""
    is_unauthorised = response.status == 401  # noqa: PLR2004 - HTTP's own number
    return is_unauthorised and code_of(response) in STALE


def _fields(response: Response) -> dict[str, Any]:
    try:
        said = response.json()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(said: Mapping[str, Any]) -> float:
    """Return how long a token lasts: older answers have ``expires_in`` in milliseconds."""
    for name in ("expires_in_sec", "expires_in"):
        try:
            seconds = float(said[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, LONGEST)
    return LONGEST


def _refusal(said: Mapping[str, Any], status: int, dc: str) -> EnrichError:
    code = str(said.get("error") or "")
    about = str(said.get("error_description") or "")
    if status == 429 or code == "Access Denied" or "too many requests" in about.lower():  # noqa: PLR2004 - too many requests
        return RateLimitError(
            "Zoho gives no more new tokens for now: too many were asked for.",
            cost="Nothing was charged for what was not sent; what had arrived is kept.",
            todo="Repeat the call in ten minutes: it continues from here.",
        )
    if code in REFUSED:
        what, todo = REFUSED[code]
        return AuthenticationError(f"Zoho {what.format(dc=dc)}.", cost=UNPAID, todo=todo)
    if not code:
        return UnavailableError(
            f"Zoho gave no token ({status}).",
            cost=UNPAID,
            todo="Repeat the call later: it continues from here.",
        )
    shown = code if _CODE.fullmatch(code) else "an unknown error"
    return AuthenticationError(
        f"Zoho refused a new token ({shown}).",
        cost=UNPAID,
        todo=f"Check the three credentials and the data centre ({dc}) at {CONSOLE}.",
    )
