"""What people and companies of Zoho's have in common: numbers, networks, industries."""

import re
from collections.abc import Iterable
from functools import lru_cache

from enrich_pandas.models import Email, Phone, SocialProfile
from enrich_pandas.providers.decoding import text, texts
from enrich_pandas.providers.zoho.people_types import Industry, Media

_NETWORK = re.compile(r"(?:https?://)?(?:www\.)?([^/?#\s]+)", re.IGNORECASE)


def spelled(value: object) -> str | None:
    """Return a text, where a vendor also sends a number.

    Examples
    --------
    >>> spelled(" 10+ "), spelled(2500000.0), spelled(12), spelled("")
    ('10+', '2500000', '12', None)
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else text(value)


def emails(found: Iterable[tuple[str | None, str | None]]) -> list[Email]:
    """Return every address once, whatever its case, with its type; a later mention tells it."""
    by_address: dict[str, Email] = {}
    for address, kind in found:
        if not address:
            continue
        key = address.casefold()
        if key not in by_address:
            by_address[key] = Email(address=address, type=kind)
        elif kind and by_address[key].type is None:
            by_address[key].type = kind
    return list(by_address.values())


def phones(primary: object, secondary: object, others: object) -> list[Phone]:
    """Return every number once, the first mention's type with it."""
    more = others if isinstance(others, list) else [others]
    typed = [("primary", primary), ("secondary", secondary), *(("other", one) for one in more)]
    by_number: dict[str, Phone] = {}
    for kind, value in typed:
        if number := spelled(value):
            by_number.setdefault(number, Phone(number=number, type=kind))
    return list(by_number.values())


def profiles(found: Iterable[Media | None] | None) -> list[SocialProfile]:
    """Return every profile on a network once."""
    named: dict[str, str | None] = {}
    for media in filter(None, found or ()):
        name = text(media.media_type)
        for url in texts(media.media_url):
            named[url] = network(name or url)
    return [SocialProfile(url=url, network=name) for url, name in named.items()]


@lru_cache(maxsize=1 << 10)
def network(named: str) -> str | None:
    """Return the name of a network, of its host or Zoho's word for it.

    Examples
    --------
    >>> network("linkedin.com"), network("TWITTER"), network("https://about.me/ada")
    ('linkedin', 'twitter', 'about.me')
    """
    host = _NETWORK.match(named)
    return host[1].lower().removesuffix(".com") if host else None


def linkedin(found: Iterable[SocialProfile]) -> str | None:
    """Return the address on LinkedIn."""
    url = next((one.url for one in found if one.network == "linkedin"), None)
    return url if url is None or "://" in url else f"https://{url}"


def industries(found: Iterable[Industry | str | None] | None) -> dict[str, str | None]:
    """Return the names of industries, each with what is said of it.

    Examples
    --------
    >>> industries(["Energy", Industry(name="Tools", description="Hammers")])
    {'Energy': None, 'Tools': 'Hammers'}
    """
    whole = [one if isinstance(one, Industry) else Industry(name=one) for one in found or ()]
    return {name: text(one.description) for one in whole if (name := text(one.name))}
