"""Bring LinkedIn URLs to one canonical form. No URL is opened and no link is followed."""

import re
import unicodedata
from urllib.parse import unquote

from enrich_pandas.frame.cells import INVISIBLE, PLACEHOLDERS, InvalidValueError

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
