"""Bring every spelling of an identifier to one canonical form.

The canonical form is sent to the vendor and identifies the person or company, so that each one is
requested once whatever the spelling.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import unquote

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame import internet
from enrich_pandas.frame.cells import (
    INVISIBLE,
    PLACEHOLDERS,
    REASONS,
    InvalidValueError,
    visible_text,
)

__all__ = ["IDENTIFIERS", "REASONS", "canonical"]

# -- Bring LinkedIn URLs to one canonical form. No URL is opened and no link is followed ---------

_URL = re.compile(
    r"(?:https?:)?/*(?P<host>[\w.-]+)(?::\d+)?(?P<path>/[^?#]*)?(?:[?#].*)?", re.IGNORECASE
)
# www, mobile, and LinkedIn's country and language hosts (fr., de., pt-br., …).
_HOST = re.compile(r"(?:(?:www|m|mobile|touch|[a-z]{2}(?:-[a-z]{2})?)\.)*linkedin\.com\.?")
# A comma would split a vendor's list of URLs and buy another person.
_SEVERAL = re.compile(r"[,;]|\s\S*/")
_CUT_OFF = re.compile(r"(?:\.\.|…)[^\w/]*$")
# A member URN is case-sensitive, unlike a public profile name.
_URN = re.compile(r"AC[ow]AA[\w-]{5,}", re.ASCII)
_SLUG = re.compile(r"(?:[\w.~'-]|[^\x00-\x7f])+", re.ASCII)
_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
_OPENING = "<([{*\"'\u201c\u2018\u00ab"
_CLOSING = ">)]}*\"'\u201d\u2019\u00bb,;:.!?"

_SHORTENERS = frozenset(
    {
        *("lnkd.in", "bit.ly", "bitly.com", "t.co", "tinyurl.com", "goo.gl", "linkedin.app.goo.gl"),
        *("ow.ly", "buff.ly", "is.gd", "rebrand.ly", "rb.gy", "t.ly", "cutt.ly", "tiny.cc"),
    }
)
_WRAPPERS = frozenset({"mwlite", "comm"})  # the old mobile site, and links in e-mails of LinkedIn
_COMPANY = frozenset({"company", "school", "showcase"})
_SALES = frozenset({"sales", "recruiter", "talent", "cap", "hire"})
_LEGACY = frozenset({"pub", "profile"})
_OLD_COMPANY = frozenset({"companies", "company-beta", "edu", "organization", "biz"})
# LinkedIn's other first path segments: a bare `linkedin.com/x` with one of these is not a profile.
_SECTIONS = frozenset(
    {
        *("about", "ads", "advice", "analytics", "article", "articles", "authwall", "badges"),
        *("business", "campaignmanager", "checkpoint", "cws", "dashboard", "developers"),
        *("directory", "embed", "events", "feed", "games", "groups", "hashtag", "help", "home"),
        *("in", "interests", "job", "jobs", "learning", "legal", "live", "login", "logout", "m"),
        *("marketing-solutions", "me", "messaging", "mynetwork", "news", "newsletters"),
        *("notifications", "oauth", "people", "posts", "premium", "products", "psettings"),
        *("public-profile", "pulse", "redir", "redirect", "reg", "safety", "salary", "search"),
        *("services", "settings", "share", "sharearticle", "sharing", "signup", "start"),
        *("storyline", "title", "today", "top-content", "uas", "video", "wvmp"),
    }
)


def person(text: str) -> str:
    """Return ``https://www.linkedin.com/in/<slug>`` for any spelling of a person's profile.

    The slug is percent-decoded, brought to NFC and lower-cased, except for a URN (``ACoAA…``),
    which is case-sensitive. A bare ``linkedin.com/<name>``, as in Zoho's documentation, is read as
    ``/in/<name>`` unless the name is one of LinkedIn's own sections.

    Raises
    ------
    InvalidValueError
        The text is not the URL of a person's profile; ``code`` says why.
    """
    segments = _segments(text)
    section = segments[0].lower() if segments else ""
    if section == "in" and len(segments) > 1:
        return f"https://www.linkedin.com/in/{_parse_slug(segments[1])}"
    _refuse_section(section)
    if section in _COMPANY:
        raise InvalidValueError("company_url")
    if len(segments) != 1:
        raise InvalidValueError("not_a_profile")
    return f"https://www.linkedin.com/in/{_parse_slug(segments[0])}"


def company(text: str) -> str:
    """Return ``https://www.linkedin.com/company/<slug>`` for a company, school or showcase page.

    Raises
    ------
    InvalidValueError
        The text is not the URL of a company's page; ``code`` says why.
    """
    segments = _segments(text)
    section = segments[0].lower() if segments else ""
    if section in _COMPANY and len(segments) > 1:
        return f"https://www.linkedin.com/{section}/{_parse_slug(segments[1])}"
    if section == "in":
        raise InvalidValueError("person_url")
    _refuse_section(section)
    raise InvalidValueError("not_a_profile")


def _segments(text: str) -> list[str]:
    """Return the path segments of a LinkedIn URL; raise for any other text."""
    if _CUT_OFF.search(text):
        raise InvalidValueError("truncated")
    text = text.lstrip(_OPENING).rstrip(_CLOSING)
    several = _SEVERAL.search(text) is not None
    url = _URL.fullmatch(text)
    if url is None or "." not in url["host"]:
        raise InvalidValueError("separator" if several else "syntax")
    _refuse_host(url["host"].lower().removeprefix("www."))
    segments = [part for part in (url["path"] or "").split("/") if part]
    if segments and segments[0].lower() in _WRAPPERS:
        del segments[0]
    if segments and segments[0].lower() in _SALES:  # these URLs contain commas
        raise InvalidValueError("sales_url")
    if several:
        raise InvalidValueError("separator")
    return segments


def _refuse_host(host: str) -> None:
    if host in _SHORTENERS:
        raise InvalidValueError("shortener")
    if not _HOST.fullmatch(host):
        raise InvalidValueError("not_linkedin")


def _refuse_section(section: str) -> None:
    if section in _LEGACY:
        raise InvalidValueError("legacy_url")
    if section in _OLD_COMPANY:
        raise InvalidValueError("company_url")
    if section in _SECTIONS:
        raise InvalidValueError("not_a_profile")


def _parse_slug(segment: str) -> str:
    """Decode and lower-case the path segment that identifies the profile."""
    slug = _decode(segment).strip(INVISIBLE + " \u00a0")  # encoded remains of pasted text
    if _SEVERAL.search(slug):
        raise InvalidValueError("separator")
    if _CUT_OFF.search(slug):
        raise InvalidValueError("truncated")
    if not slug.isprintable():
        raise InvalidValueError("control_character")
    if not _URN.fullmatch(slug):
        slug = unicodedata.normalize("NFC", unicodedata.normalize("NFC", slug).lower())
    slug = slug.rstrip(_CLOSING)
    if (
        slug in PLACEHOLDERS
    ):  # `/in/undefined` comes from a broken export, and such a profile exists
        raise InvalidValueError("placeholder")
    if not _SLUG.fullmatch(slug):
        raise InvalidValueError("not_a_profile")
    return slug


def _decode(segment: str) -> str:
    """Percent-decode a slug, twice if it was encoded twice.

    A slug never contains a percent sign. If one is left after the first pass, a second program has
    encoded the slug again.
    """
    try:
        slug = unquote(segment, errors="strict")
        return unquote(slug, errors="strict") if _ENCODED.search(slug) else slug
    except UnicodeDecodeError:
        raise InvalidValueError("syntax") from None


# -- Bring every spelling of an identifier to one canonical form ---------------------------------

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
        "linkedin_url": person,
        "email": internet.email,
        "domain": internet.website,
        "email_domain": internet.email_domain,
        "company_linkedin_url": company,
        "name": _name,
        "title": _name,
        "company": _company,
        "facebook_url": facebook,
        "twitter_url": twitter,
    }
)

IDENTIFIERS = tuple(_PARSERS)
