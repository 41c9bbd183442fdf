"""What Amplemarket charges; e-mail credits and phone credits are counted as one unit."""

from enrich_pandas.models import Person

FOUND = 0.5
EMAIL = 1.0
PHONE = 1.0
COMPANY = 0.5  # not published: taken to be that of a person


def maximum_cost(*, email: bool, phones: bool) -> float:
    """Return the most credits that a person can cost.

    Source: docs.amplemarket.com, "Start batch of person enrichments": 0.5 where one is found, 1
    where an e-mail is revealed, 1 where a phone number is. Nothing for who is not found.

    Examples
    --------
    >>> dearest(email=True, phones=False)
    1.5
    """
    return FOUND + EMAIL * email + PHONE * phones


def cost(person: Person, *, email: bool, phones: bool) -> float:
    """Return the credits of a person by what was revealed.

    Less may be charged: who is found twice in 24 hours is charged once, and so is an address.
    """
    has_email, has_phone = email and bool(person.emails), phones and bool(person.phones)
    return maximum_cost(email=has_email, phones=has_phone)
