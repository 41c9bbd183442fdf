"""What both generations of Crustdata's answers have in common once they are people."""

from collections.abc import Iterable

import msgspec

from enrich_pandas.models import Email, Experience, Person, SocialProfile


def merged(emails: Iterable[Email]) -> list[Email]:
    """Return every address once, whatever its case; a later mention fills what is still empty.

    Examples
    --------
    >>> emails = merged(
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


def profiles(found: Iterable[SocialProfile]) -> list[SocialProfile]:
    """Return every profile on a network once; those with neither address nor handle are none."""
    distinct = {msgspec.structs.astuple(one): one for one in found if one.url or one.handle}
    return list(distinct.values())


def completed(person: Person) -> Person:
    """Fill title, company and domain from the main position of those that are current.

    That is the one the vendor marks as default, else the first. A title that the vendor gives
    for the person stays.
    """
    current = [one for one in person.experiences if one.is_current]
    main = next((one for one in current if one.is_primary), current[0] if current else Experience())
    person.title = person.title or main.title
    person.company, person.company_domain = main.company, main.company_domain
    return person
