"""Zoho's data centres: where the API and the accounts of each are.

Source: the official SDK 8.0, ``api/dc``; people enrichment is open in five of them (page "People
Enrichment").
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlsplit

from enrich_pandas.errors import ConfigurationError


class Centre(NamedTuple):
    """The origins of a data centre."""

    api: str
    accounts: str
    has_people: bool = False


CENTRES: Mapping[str, Centre] = MappingProxyType(
    {
        "us": Centre("https://www.zohoapis.com", "https://accounts.zoho.com", has_people=True),
        "eu": Centre("https://www.zohoapis.eu", "https://accounts.zoho.eu"),
        "in": Centre("https://www.zohoapis.in", "https://accounts.zoho.in", has_people=True),
        "au": Centre(
            "https://www.zohoapis.com.au", "https://accounts.zoho.com.au", has_people=True
        ),
        "ca": Centre("https://www.zohoapis.ca", "https://accounts.zohocloud.ca", has_people=True),
        "sa": Centre("https://www.zohoapis.sa", "https://accounts.zoho.sa", has_people=True),
        "jp": Centre("https://www.zohoapis.jp", "https://accounts.zoho.jp"),
        "cn": Centre("https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"),
    }
)
_BY_HOST = {str(urlsplit(centre.api).hostname): name for name, centre in CENTRES.items()}


def centre_named(name: str) -> str:
    """Return the name of a data centre in its one form.

    Raises
    ------
    ConfigurationError
        There is none of that name.

    Examples
    --------
    >>> centre_named(" US ")
    'us'
    """
    known = name.strip().lower() if isinstance(name, str) else name
    if known not in CENTRES:
        raise ConfigurationError(
            "Zoho has no data centre of the name that was given as dc.",
            cost="Nothing was spent.",
            todo=f"Type dc= or set ZOHO_DC to one of {', '.join(CENTRES)}.",
        )
    return known


def centre_at(address: object) -> str | None:
    """Return whose API an address is, or None where it is none of the table.

    Examples
    --------
    >>> centre_at("https://www.zohoapis.eu"), centre_at("http://127.0.0.1:8000")
    ('eu', None)
    """
    if not isinstance(address, str):
        return None
    try:
        host = urlsplit(address.strip()).hostname
    except ValueError:
        return None
    return _BY_HOST.get(host or "")


def check_people(name: str) -> None:
    """Refuse people where Zoho does not offer them.

    Raises
    ------
    ConfigurationError
        Before anything is spent.
    """
    if not CENTRES[name].has_people:
        offered = ", ".join(one for one, centre in CENTRES.items() if centre.has_people)
        raise ConfigurationError(
            f"Zoho enriches people in the data centres {offered} alone, not in {name}.",
            cost="Nothing was spent.",
            todo='Enrich companies, or use an account of one of these and type dc="us", say.',
        )
