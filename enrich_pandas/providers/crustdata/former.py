"""Functions of models that the other record types still use; deleted with them."""

from collections.abc import Iterable

import msgspec

from enrich_pandas.models import Email, Experience, Person, SocialProfile


def merge_emails(emails: Iterable[Email]) -> list[Email]:
    """Return each e-mail address once, ignoring case; a later mention fills empty fields.

    Examples
    --------
    >>> emails = merge_emails(
    ...     [Email(address="a@example.com"), Email(address="A@example.com", type="business")]
    ... )
    >>> [(email.address, email.type) for email in emails]
    [('a@example.com', 'business')]
    """
    by_address: dict[str, Email] = {}
    for email in emails:
        if email.address:
            first = by_address.setdefault(email.address.casefold(), email)
            _fill(first, email)
    return list(by_address.values())


def _fill(email: Email, other: Email) -> None:
    for name in email.__struct_fields__:
        if getattr(email, name) is None:
            setattr(email, name, getattr(other, name))


def distinct_profiles(found: Iterable[SocialProfile]) -> list[SocialProfile]:
    """Return each social profile once, without those that have neither a URL nor a handle."""
    distinct = {msgspec.structs.astuple(one): one for one in found if one.url or one.handle}
    return list(distinct.values())


def fill_from_position(person: Person) -> Person:
    """Fill title, company and domain from the main current position.

    It is the one that the vendor marks as default, else the first. A title of the person stays.
    """
    current = [one for one in person.experiences if one.is_current]
    main = next((one for one in current if one.is_primary), current[0] if current else Experience())
    person.title = person.title or main.title
    person.company, person.company_domain = main.company, main.company_domain
    return person
