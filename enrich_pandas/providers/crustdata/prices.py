"""What Crustdata charges."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from numbers import Real
from typing import Any

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Match, Status


def _is_price(given: Any) -> bool:
    """Tell whether a sum of it can be held against a budget: nothing is above or below a NaN."""
    is_number = isinstance(given, Real) and not isinstance(given, bool)
    return is_number and bool(0 <= given <= sys.float_info.max)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Credits a person or company; give your own contract's to `Crustdata`.

    Those of people go in as ``prices=``, those of companies as ``company_prices=``.

    Parameters
    ----------
    base
        A profile from the vendor's database.
    realtime
        A profile that is fetched live, in place of ``base``.
    business_email, personal_email, phone, developer_platform
        What each adds where it is asked for and given; of people only.

    Raises
    ------
    ConfigurationError
        One is no number of credits, 0 or more.

    Notes
    -----
    Sources: docs.crustdata.com/person-docs/enrichment/introduction (current API: 1, and 1, 2, 2
    and 1 more, at most 7) and ``/company-docs/enrichment/introduction`` (2 a record); the pages
    "People Enrichment API" (screener: 3, or 5 live, and 2 more) and "Company Enrichment API"
    (1, or 5 live). Nothing is charged for a preview, or for who is not found. That several
    companies given for one identifier are charged as one is not documented.
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
                    f"{field.name}={price!r} is no price in credits.",
                    cost="Nothing was spent.",
                    todo=f"Write a number, 0 or more, such as Prices({field.name}=0.5).",
                )

    def of(self, parts: Collection[str]) -> float:
        """Return the price of some parts, by name."""
        return float(sum(getattr(self, part) for part in parts))


CURRENT_PRICES = Prices(base=1, business_email=1, personal_email=2, phone=2, developer_platform=1)
SCREENER_PRICES = Prices(base=3, realtime=5, business_email=2)
CURRENT_COMPANY_PRICES = Prices(base=2)
SCREENER_COMPANY_PRICES = Prices(base=1, realtime=5)

_PROFILE = ("base", "realtime")
_DEAR = {
    "contact.business_emails": "business_email",
    "contact.personal_emails": "personal_email",
    "contact.phone_numbers": "phone",
    "dev_platform_profiles": "developer_platform",
}
_SCREENER_EMAIL = "business_email"


def parts_in(names: Collection[str], *, realtime: bool) -> set[str]:
    """Return the names of the prices that asking for some fields can cost.

    The screener charges an e-mail alone without the profile.

    Examples
    --------
    >>> sorted(parts_in(["basic_profile", "contact"], realtime=False))
    ['base', 'business_email', 'personal_email', 'phone']
    >>> parts_in(["business_email"], realtime=True)
    {'business_email'}
    """
    dear = {part for name in names for part in _dear_parts(name)}
    is_email_alone = set(names) == {_SCREENER_EMAIL}
    return dear if is_email_alone else dear | {"realtime" if realtime else "base"}


@cache
def _dear_parts(field: str) -> frozenset[str]:
    is_email = field.rpartition(".")[2].startswith(_SCREENER_EMAIL)
    return frozenset(["business_email"] if is_email else []) | {
        part
        for path, part in _DEAR.items()
        if f"{path}.".startswith(f"{field}.") or f"{field}.".startswith(f"{path}.")
    }


def charged(parts: Collection[str], given: Collection[str]) -> list[str]:
    """Return the parts that are charged: the profile, and of what is dear what is given."""
    return [part for part in parts if part in _PROFILE or part in given]


def spread(matches: Sequence[Match], used: float) -> list[Match]:
    """Make the credits of matches add up to what the vendor says a request has used.

    Who was found pays the list price, and those whose answer was lost share what is then left of
    it. Where that does not come out, who was found pays in proportion. Where nobody was found
    and nobody lost, everybody pays.
    """
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
    """Divide credits by weight; the last gets what is left by rounding."""
    whole = sum(weights.values())
    paid = {
        i: round(used * (weight / whole if whole else 1 / len(weights)), 2)
        for i, weight in weights.items()
    }
    if paid:
        last = max(paid)
        paid[last] = used - sum(paid[i] for i in paid if i != last)
    return paid
