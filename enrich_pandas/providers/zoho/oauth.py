"""Zoho's data centers and short-lived tokens.

Sources: the page "Refresh access tokens" and the official SDK 8.0, ``api/dc`` and ``oauth_token``.
A refusal often has the status 200, so only the presence of a token is a success.
"""

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from enrich_pandas.errors import (
    AuthenticationError,
    ConfigurationError,
    EnrichError,
    RateLimitError,
    UnavailableError,
)
from enrich_pandas.providers.base import RateLimit, Renewal, Response, Secret, Token
from enrich_pandas.providers.zoho.errors import code_of

# -- Data centers --------------------------------------------------------------------------------
# People enrichment is open in five of them (page "People Enrichment").


class DataCenter(NamedTuple):
    """The origins of a data center."""

    api: str
    accounts: str
    has_people: bool = False


DATA_CENTERS: Mapping[str, DataCenter] = MappingProxyType(
    {
        "us": DataCenter("https://www.zohoapis.com", "https://accounts.zoho.com", has_people=True),
        "eu": DataCenter("https://www.zohoapis.eu", "https://accounts.zoho.eu"),
        "in": DataCenter("https://www.zohoapis.in", "https://accounts.zoho.in", has_people=True),
        "au": DataCenter(
            "https://www.zohoapis.com.au", "https://accounts.zoho.com.au", has_people=True
        ),
        "ca": DataCenter(
            "https://www.zohoapis.ca", "https://accounts.zohocloud.ca", has_people=True
        ),
        "sa": DataCenter("https://www.zohoapis.sa", "https://accounts.zoho.sa", has_people=True),
        "jp": DataCenter("https://www.zohoapis.jp", "https://accounts.zoho.jp"),
        "cn": DataCenter("https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"),
    }
)
_BY_HOST = {str(urlsplit(center.api).hostname): name for name, center in DATA_CENTERS.items()}


def parse_data_center(name: Any) -> str:
    """Return the name of a data center in lower case.

    Raises
    ------
    ConfigurationError
        No data center has that name.

    Examples
    --------
    >>> parse_data_center(" US ")
    'us'
    """
    known = name.strip().lower() if isinstance(name, str) else name
    if known not in DATA_CENTERS:
        raise ConfigurationError(
            f"dc={name!r} is not a data center of Zoho.",
            todo=f"Type dc= or set ZOHO_DC to one of {', '.join(DATA_CENTERS)}.",
        )
    return known


def data_center_at(address: object) -> str | None:
    """Return the data center of an API's URL, or None if it is not in the table.

    Examples
    --------
    >>> data_center_at("https://www.zohoapis.eu"), data_center_at("http://127.0.0.1:8000")
    ('eu', None)
    """
    if not isinstance(address, str):
        return None
    try:
        host = urlsplit(address.strip()).hostname
    except ValueError:
        return None
    return _BY_HOST.get(host or "")


def check_people(name: str) -> None:
    """Raise if Zoho does not enrich people in a data center.

    Raises
    ------
    ConfigurationError
        Before anything is spent.
    """
    if not DATA_CENTERS[name].has_people:
        offered = ", ".join(one for one, center in DATA_CENTERS.items() if center.has_people)
        raise ConfigurationError(
            f"dc={name!r}: Zoho enriches people only in the data centers {offered}, not in {name}.",
            todo='Enrich companies, or use an account in one of them and type for example dc="us".',
        )


# -- Tokens --------------------------------------------------------------------------------------

CONSOLE = "https://api-console.zoho.com"
LIMIT = RateLimit(10, 600)  # new tokens for one refresh token
MAX_SECONDS = 3600.0  # lifetime of a token
STALE = frozenset({"INVALID_TOKEN", "AUTHENTICATION_FAILURE"})
UNPAID = "Nothing was sent and nothing was spent."
REFUSED: Mapping[str, tuple[str, str]] = {
    "invalid_client": (
        "does not know the client id in the data center {dc}",
        f"Check ZOHO_CLIENT_ID at {CONSOLE}, and ZOHO_DC: a client belongs to one data center.",
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
    """Return the request for a token: a form, as the official SDK sends it."""
    names = ("refresh_token", "client_id", "client_secret")
    form = {"grant_type": Secret("refresh_token"), **{name: secrets[name] for name in names}}
    return Renewal(origin=DATA_CENTERS[dc].accounts, path="/oauth/v2/token", form=form, limit=LIMIT)


def token_of(response: Response, dc: str) -> Token:
    """Parse a token.

    Parameters
    ----------
    response
        The answer to a `renewal`.
    dc
        The data center of the next requests.

    Raises
    ------
    AuthenticationError
        A credential was refused.
    RateLimitError
        Too many tokens were requested.
    UnavailableError
        The answer has neither a token nor an error.
    ConfigurationError
        The account belongs to another data center.
    """
    fields = _fields(response)
    token = fields.get("access_token")
    if not isinstance(token, str) or not token.strip():
        raise _error(fields, response.status, dc)
    home = data_center_at(fields.get("api_domain"))
    if home is not None and home != dc:
        raise ConfigurationError(
            f"The account belongs to Zoho's data center {home}, not to {dc}.",
            cost=UNPAID,
            todo=f'Type dc="{home}" or set ZOHO_DC={home}, then repeat the call.',
        )
    return Token(Secret(token.strip()), _seconds(fields))


def is_stale(response: Response) -> bool:
    """Return whether the token is refused; its scope does not change with a new one."""
    return response.status == HTTPStatus.UNAUTHORIZED and code_of(response) in STALE


def _fields(response: Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(fields: Mapping[str, Any]) -> float:
    """Return the lifetime of a token. Older answers have ``expires_in`` in milliseconds."""
    for name in ("expires_in_sec", "expires_in"):
        try:
            seconds = float(fields[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if math.isfinite(seconds) and seconds > 0:
            return min(seconds, MAX_SECONDS)
    return MAX_SECONDS


def _error(fields: Mapping[str, Any], status: int, dc: str) -> EnrichError:
    code = str(fields.get("error") or "")
    description = str(fields.get("error_description") or "")
    is_limited = code == "Access Denied" or "too many requests" in description.lower()
    if status == HTTPStatus.TOO_MANY_REQUESTS or is_limited:
        return RateLimitError(
            "Zoho issues no more tokens for now, because too many were requested.",
            cost="Nothing was charged for what was not sent. The results so far are kept.",
            todo="Repeat the call in ten minutes: it continues from here.",
        )
    if code in REFUSED:
        what, todo = REFUSED[code]
        return AuthenticationError(f"Zoho {what.format(dc=dc)}.", cost=UNPAID, todo=todo)
    if not code:
        return UnavailableError(
            f"Zoho issued no token ({status}).",
            cost=UNPAID,
            todo="Repeat the call later: it continues from here.",
        )
    shown = code if _CODE.fullmatch(code) else "an unknown error"
    return AuthenticationError(
        f"Zoho refused a new token ({shown}).",
        cost=UNPAID,
        todo=f"Check the three credentials and the data center ({dc}) at {CONSOLE}.",
    )
