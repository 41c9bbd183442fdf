"""The origin: where the credential goes, pinned once, and the paths that cannot leave it."""

import ipaddress
import re

from enrich_pandas.errors import ConfigurationError

_ORIGIN = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_-]+(\.[a-z0-9_-]+)*)"
    r"(:(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
_PATH = re.compile(r"/(?!/)(?:(?!\.\.|%2e)[!-~](?<![\\?#]))*", re.IGNORECASE | re.ASCII)


def pinned(origin: str) -> str:
    """Return an origin in its one form; refuse what is none, or would go out in the clear.

    Examples
    --------
    >>> pinned("https://API.example.com")
    'https://api.example.com'
    """
    match = _ORIGIN.fullmatch(origin)
    if not match or int(match["port"] or 1) not in range(1, 2**16):
        raise ConfigurationError(
            "A provider's origin is not a scheme, a host and perhaps a port.",
            todo="Write it like https://api.example.com, with no path, user or query.",
        )
    if match["scheme"].lower() == "http" and not _is_loopback(match["host"].lower()):
        raise ConfigurationError(
            "Plain http would show the credential to the network.",
            todo="Write the origin with https; http is for this machine only.",
        )
    return origin.lower()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def checked_path(path: str) -> str:
    """Return a path that stays within its origin; refuse any other.

    Examples
    --------
    >>> checked_path("/people/1")
    '/people/1'
    """
    if not _PATH.fullmatch(path):  # it is not shown: a vendor may have supplied it
        raise ConfigurationError(
            "A request's path is not a plain path of the provider's own origin.",
            todo="Begin it with one /, quote what is not ASCII, and put a query into params.",
        )
    return path
