"""Bring every spelling of an identifier to one canonical form.

The canonical form is sent to the vendor and identifies the person or company, so that each one is
requested once whatever the spelling.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame import internet, linkedin
from enrich_pandas.frame.cells import REASONS, InvalidValueError, visible_text

__all__ = ["IDENTIFIERS", "REASONS", "canonical"]

_ADDRESS = re.compile(
    r"(?:https?:)?/*(?:(?:www|m|mobile|web|[a-z]{2}-[a-z]{2})\.)?(?P<host>[\w.-]+)"
    r"/(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
_HANDLE = re.compile(r"@(?P<name>\w{1,15})", re.ASCII)
_NUMBER = re.compile(r"(?:.*&)?id=(\d{5,20})(?:&.*)?", re.ASCII)
_FACEBOOK = re.compile(r"[A-Za-z\d.]{3,60}", re.ASCII)
_TWITTER = re.compile(r"\w{1,15}", re.ASCII)

# First path segments of the networks' own pages.
_FACEBOOK_SECTIONS = frozenset(
    {
        *("events", "groups", "hashtag", "help", "login", "marketplace", "media", "pages"),
        *("people", "permalink.php", "photo", "photo.php", "public", "share", "sharer"),
        *("sharer.php", "story.php", "watch"),
    }
)
_TWITTER_SECTIONS = frozenset({"compose", "explore", "hashtag", "home", "i", "intent", "login"}) | {
    *("messages", "notifications", "search", "settings", "share", "signup", "tos"),
}


def facebook(text: str) -> str:
    """Return ``https://www.facebook.com/<name>`` for any spelling of a profile.

    Raises
    ------
    InvalidValueError
        The text is not the URL of a profile; ``code`` says why.

    Examples
    --------
    >>> facebook("fb.com/Ada.Sample.7/?ref=x")
    'https://www.facebook.com/ada.sample.7'
    >>> facebook("https://m.facebook.com/profile.php?id=100012345")
    'https://www.facebook.com/100012345'
    """
    path, query = _parts(text, {"facebook.com", "fb.com"})
    if path == "profile.php" and (number := _NUMBER.fullmatch(query)):
        return f"https://www.facebook.com/{number[1]}"
    is_profile = _FACEBOOK.fullmatch(path) and path not in _FACEBOOK_SECTIONS | {"profile.php"}
    return f"https://www.facebook.com/{_profile_name(path, is_profile)}"


def twitter(text: str) -> str:
    """Return ``https://www.twitter.com/<name>`` for any spelling of a profile or its handle.

    Raises
    ------
    InvalidValueError
        The text is not the URL of a profile; ``code`` says why.

    Examples
    --------
    >>> twitter("@Ada_Sample"), twitter("https://x.com/ada_sample?s=20")
    ('https://www.twitter.com/ada_sample', 'https://www.twitter.com/ada_sample')
    """
    handle = _HANDLE.fullmatch(text)
    path = handle["name"].lower() if handle else _parts(text, {"twitter.com", "x.com"})[0]
    is_profile = _TWITTER.fullmatch(path) and path not in _TWITTER_SECTIONS
    return f"https://www.twitter.com/{_profile_name(path, is_profile)}"


def _parts(text: str, hosts: set[str]) -> tuple[str, str]:
    """Return the lower-case path and the query of a URL on one of the hosts."""
    match = _ADDRESS.fullmatch(text)
    if match is None or match["host"].lower() not in hosts:
        raise InvalidValueError("not_on_network")
    return match["path"].strip("/").lower(), match["query"] or ""


def _profile_name(path: str, is_profile: object) -> str:
    if not is_profile:
        raise InvalidValueError("not_on_network")
    return path


MAX_NAME = 256


def canonical(identifier: str, value: object) -> tuple[str | None, str | None]:
    """Return the canonical form of a cell, or the reason why it has none.

    It takes 2-10 µs and uses no network.

    Parameters
    ----------
    identifier
        One of `IDENTIFIERS`.
    value
        The cell, of any type.

    Returns
    -------
    tuple
        The canonical form and None, or None and a reason code, which is a key of `REASONS`.

    Raises
    ------
    ConfigurationError
        The identifier is not one of `IDENTIFIERS`.

    Examples
    --------
    >>> canonical("linkedin_url", "HTTP://fr.LinkedIn.com/in/Zo%C3%A9-Example/?trk=x")
    ('https://www.linkedin.com/in/zoé-example', None)
    >>> canonical("linkedin_url", "https://www.linkedin.com/company/example")
    (None, 'company_url')
    >>> canonical("email", "Ada <mailto:Ada@EXAMPLE.com>")
    ('Ada@example.com', None)
    >>> canonical("domain", "https://www.shop.example.co.uk/about")
    ('example.co.uk', None)
    """
    try:
        return _parser(identifier)(visible_text(value)), None
    except InvalidValueError as refusal:
        return None, refusal.code


def _parser(identifier: str) -> Callable[[str], str]:
    try:
        return _PARSERS[identifier]
    except KeyError:
        raise ConfigurationError(
            f"{identifier!r} is not an identifier.",
            todo=f"Use one of {', '.join(IDENTIFIERS)}.",
        ) from None


def _name(text: str) -> str:
    """Collapse the blanks of a person's name or title. Case and accents stay."""
    return _worded(text, str.isalpha)


def _company(text: str) -> str:
    """Collapse the blanks of a company's name, which can be all digits."""
    return _worded(text, str.isalnum)


def _worded(text: str, needed: Callable[[str], bool]) -> str:
    text = " ".join(text.split())
    if len(text) > MAX_NAME:
        raise InvalidValueError("too_long")
    if not any(map(needed, text)):
        raise InvalidValueError("syntax")
    return text


_PARSERS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "linkedin_url": linkedin.person,
        "email": internet.email,
        "domain": internet.website,
        "email_domain": internet.email_domain,
        "company_linkedin_url": linkedin.company,
        "name": _name,
        "title": _name,
        "company": _company,
        "facebook_url": facebook,
        "twitter_url": twitter,
    }
)

IDENTIFIERS = tuple(_PARSERS)
