"""Profiles on other networks than LinkedIn: every spelling to one canonical form."""

import re

from enrich_pandas.frame.reasons import Refused

_ADDRESS = re.compile(
    r"(?:https?:)?/*(?:(?:www|m|mobile|web|[a-z]{2}-[a-z]{2})\.)?(?P<host>[\w.-]+)"
    r"/(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.ASCII,
)
_HANDLE = re.compile(r"@(?P<name>\w{1,15})", re.ASCII)
_NUMBER = re.compile(r"(?:.*&)?id=(\d{5,20})(?:&.*)?", re.ASCII)
_FACEBOOK = re.compile(r"[A-Za-z\d.]{3,60}", re.ASCII)
_TWITTER = re.compile(r"\w{1,15}", re.ASCII)

# First parts of paths that are the network's own pages.
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
    Refused
        With the reason why it is not the address of a profile.

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
    return f"https://www.facebook.com/{_name(path, is_profile)}"


def twitter(text: str) -> str:
    """Return ``https://www.twitter.com/<name>`` for any spelling of a profile, or its handle.

    Raises
    ------
    Refused
        With the reason why it is not the address of a profile.

    Examples
    --------
    >>> twitter("@Ada_Sample"), twitter("https://x.com/ada_sample?s=20")
    ('https://www.twitter.com/ada_sample', 'https://www.twitter.com/ada_sample')
    """
    handle = _HANDLE.fullmatch(text)
    path = handle["name"].lower() if handle else _parts(text, {"twitter.com", "x.com"})[0]
    is_profile = _TWITTER.fullmatch(path) and path not in _TWITTER_SECTIONS
    return f"https://www.twitter.com/{_name(path, is_profile)}"


def _parts(text: str, hosts: set[str]) -> tuple[str, str]:
    """Return the path, in lower case, and the query of an address on one of the hosts."""
    match = _ADDRESS.fullmatch(text)
    if match is None or match["host"].lower() not in hosts:
        raise Refused("not_on_network")
    return match["path"].strip("/").lower(), match["query"] or ""


def _name(path: str, is_profile: object) -> str:
    if not is_profile:
        raise Refused("not_on_network")
    return path
