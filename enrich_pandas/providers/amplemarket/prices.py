"""Amplemarket's prices; credits for e-mail and for phone count as one unit."""

from enrich_pandas.providers.amplemarket.people import WirePerson
from enrich_pandas.providers.decoding import text

FOUND = 0.5
EMAIL = 1.0
PHONE = 1.0
COMPANY = 0.5  # not published; the price of a person is assumed


def maximum_cost(*, email: bool, phones: bool) -> float:
    """Return the maximum cost of a person, in credits.

    Source: docs.amplemarket.com, "Start batch of person enrichments": 0.5 for a match, 1 if an
    e-mail address is revealed, 1 if a phone number is. No match costs nothing.

    Examples
    --------
    >>> maximum_cost(email=True, phones=False)
    1.5
    """
    return FOUND + EMAIL * email + PHONE * phones


def cost(found: WirePerson, *, email: bool, phones: bool) -> float:
    """Return the cost of a person by what was revealed.

    The vendor can charge less: a person or an address that is found twice in 24 hours is charged
    once.
    """
    has_email = email and text(found.email) is not None
    has_phone = phones and any(one is not None for one in found.phone_numbers or ())
    return maximum_cost(email=has_email, phones=has_phone)
