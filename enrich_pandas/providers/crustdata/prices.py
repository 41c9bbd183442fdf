"""Crustdata's prices."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from numbers import Real
from typing import Any

from msgspec.structs import replace

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Match, Status


def _is_price(value: Any) -> bool:
    """Return whether it is a number of credits that a budget can be compared with; not NaN."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and bool(0 <= value <= sys.float_info.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of Crustdata in credits, for the contract that you have.

    Pass the prices of people as ``ep.Crustdata(prices=…)`` and those of companies as
    ``company_prices=…``. A part that is left out costs nothing.

    Parameters
    ----------
    base : float
        Credits for a profile from the vendor's database.
    realtime : float
        Credits for a profile that is fetched live, instead of ``base``.
    business_email, personal_email, phone, developer_platform : float
        Additional credits for each part that is requested and delivered. People only.

    Raises
    ------
    ConfigurationError
        A price is not a number of credits, 0 or more.

    Notes
    -----
    Sources: docs.crustdata.com/person-docs/enrichment/introduction (current API: 1, and 1, 2, 2
    and 1 more, at most 7) and ``/company-docs/enrichment/introduction`` (2 a record); the pages
    "People Enrichment API" (screener: 3, or 5 live, and 2 more) and "Company Enrichment API"
    (1, or 5 live). A preview and no match cost nothing. The vendor does not document that several
    companies returned for one identifier are charged as one.

    Examples
    --------
    A contract with half a credit for a person, and one more for a business e-mail address:

    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> prices = Prices(base=0.5, business_email=1)
    >>> crustdata = ep.Crustdata(business_email=True, prices=prices)
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]})
    >>> leads.enrich.plan(crustdata).credits
    3.0
    """

    base: float
    realtime: float = 0.0
    business_email: float = 0.0
    personal_email: float = 0.0
    phone: float = 0.0
    developer_platform: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not _is_price(price := getattr(self, field.name)):
                raise ConfigurationError(
                    f"{field.name}={price!r} is not a price in credits.",
                    todo=f"Type a number, 0 or more, for example ep.Prices({field.name}=0.5).",
                )

    def total(self, parts: Collection[str]) -> float:
        """Return the sum of the prices of these parts."""
        return float(sum(getattr(self, part) for part in parts))


CURRENT_PRICES = Prices(base=1, business_email=1, personal_email=2, phone=2, developer_platform=1)
SCREENER_PRICES = Prices(base=3, realtime=5, business_email=2)
CURRENT_COMPANY_PRICES = Prices(base=2)
SCREENER_COMPANY_PRICES = Prices(base=1, realtime=5)

_PROFILE = ("base", "realtime")
_EXTRAS = {
    "contact.business_emails": "business_email",
    "contact.personal_emails": "personal_email",
    "contact.phone_numbers": "phone",
    "dev_platform_profiles": "developer_platform",
}
_SCREENER_EMAIL = "business_email"


def parts_in(names: Collection[str], *, realtime: bool) -> set[str]:
    """Return the names of the prices that requesting some fields can cost.

    In the screener, a business e-mail address alone is charged without the profile.

    Examples
    --------
    >>> sorted(parts_in(["basic_profile", "contact"], realtime=False))
    ['base', 'business_email', 'personal_email', 'phone']
    >>> parts_in(["business_email"], realtime=True)
    {'business_email'}
    """
    extras = {part for name in names for part in _extras_in(name)}
    is_email_alone = set(names) == {_SCREENER_EMAIL}
    return extras if is_email_alone else extras | {"realtime" if realtime else "base"}


@cache
def _extras_in(field: str) -> frozenset[str]:
    is_email = field.rpartition(".")[2].startswith(_SCREENER_EMAIL)
    return frozenset(["business_email"] if is_email else []) | {
        part
        for path, part in _EXTRAS.items()
        if f"{path}.".startswith(f"{field}.") or f"{field}.".startswith(f"{path}.")
    }


def charged_parts(parts: Collection[str], delivered: Collection[str]) -> list[str]:
    """Return the parts that are charged: the profile, and the extras that were delivered."""
    return [part for part in parts if part in _PROFILE or part in delivered]


def distribute_credits(matches: Sequence[Match], used: float) -> list[Match]:
    """Return the matches with credits that add up to what the vendor reports as used.

    Each match costs its list price, and the held identities share the rest. If that does not add
    up, the matches share the credits in proportion. Without a match or a held identity, all
    identities share them.
    """
    listed = [one.credits for one in matches]
    if sum(listed) == used and all(one.is_integer() for one in set(map(float, listed))):
        return list(matches)  # nearly always
    found = {
        i: one.credits
        for i, one in enumerate(matches)
        if one.status is Status.MATCHED or one.credits
    }
    lost = [i for i, one in enumerate(matches) if one.status is Status.HELD]
    left = used - sum(found.values())
    if lost and left > 0:
        found |= dict.fromkeys(lost, left / len(lost))
    known = [i for i, one in enumerate(matches) if one.status is not Status.HELD]
    paid = _shares(used, found or dict.fromkeys(known, 1.0))
    return [replace(match, credits=paid.get(i, 0.0)) for i, match in enumerate(matches)]


def _shares(used: float, weights: Mapping[int, float]) -> dict[int, float]:
    """Divide credits by weight; the last share absorbs the rounding."""
    whole = sum(weights.values())
    paid = {
        i: round(used * (weight / whole if whole else 1 / len(weights)), 2)
        for i, weight in weights.items()
    }
    if paid:
        last = max(paid)
        paid[last] = used - sum(paid[i] for i in paid if i != last)
    return paid
