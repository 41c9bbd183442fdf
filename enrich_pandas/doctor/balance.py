"""Where a vendor tells what is left on the account, and how that is read.

Sources: Crustdata ``GET /account/credits``, of the API before it ``GET /user/credits``, both
``{"credits": n}``; Zoho ``GET /__features/data_enrichment`` of the official OpenAPI files, v8.
Amplemarket documents none.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from enrich_pandas.providers.base import Provider, Request, Response


class Balance(NamedTuple):
    """How the balance is asked for, and its answer read."""

    request: Request
    read: Callable[[Any], Any]


def balance_of(provider: Provider) -> Balance | None:
    """Return how a provider's balance is had, or None where its vendor documents no way."""
    make = _BALANCES.get(provider.name)
    return make(provider) if make else None


def credits_in(balance: Balance, response: Response) -> float | None:
    """Read the credits that are left, or None where the answer does not tell."""
    if response.status != 200:  # noqa: PLR2004 - HTTP's OK
        return None
    try:
        value = balance.read(response.json())
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _crustdata(provider: Provider) -> Balance:
    if provider.version == "screener":
        return Balance(Request(method="GET", path="/user/credits"), _credits)
    headers = {"x-api-version": provider.version}
    return Balance(Request(method="GET", path="/account/credits", headers=headers), _credits)


def _zoho(provider: Provider) -> Balance:
    path = f"/crm/{provider.version}/__features/data_enrichment"
    return Balance(Request(method="GET", path=path), _available)


def _credits(body: Any) -> Any:
    return body["credits"]


def _available(body: Any) -> Any:
    """Read what is left of the quota, which Zoho tells a feature; a number may be text."""
    (feature,) = body["__features"]
    left = feature["details"]["available_count"]["total"]
    return float(left) if isinstance(left, str) and left.isdigit() else left


_BALANCES: dict[str, Callable[[Provider], Balance]] = {"crustdata": _crustdata, "zoho": _zoho}
