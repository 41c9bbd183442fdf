"""Parse identifiers to the vendor's identity: one text per person or company.

LinkedIn identifies a member by a public slug (``/in/jane-doe``) and by an opaque member id
(``/in/ACoAA…``). The emulated member id contains the slug, so both forms lead to one person.

The slug of a company's page (``/company/acme``) identifies the company. Its domain is
``acme.example``, or the slug itself if that is a domain. So page, domain and name lead to one
company. No document specifies this; it was chosen.
"""

import base64
import binascii
import re
import unicodedata
from urllib.parse import unquote, urlsplit
from zlib import crc32

_PROFILE_PATH = re.compile(r"/in/([^/]+)/?")
_PAGE_PATH = re.compile(r"/(?:company|school|showcase)/([^/]+)/?")
_HOST = re.compile(r"(?:[a-z]{2,3}\.)?linkedin\.com")
_EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,.]+")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_SUFFIX = ".example"
_MEMBER_ID = "ACoAA"


def slug_in(url: str) -> str | None:
    """Return the canonical slug of a well-formed profile URL, or None.

    A URL with a query string or a fragment, a bare member id and any other page are not
    well-formed.

    Examples
    --------
    >>> slug_in("https://www.linkedin.com/in/Jane-Doe/"), slug_in("linkedin.com/company/acme")
    ('jane-doe', None)
    """
    return _slug_in(url, _PROFILE_PATH)


def page_in(url: str) -> str | None:
    """Return the slug of a well-formed URL of a company's page, or None.

    Examples
    --------
    >>> page_in("https://www.linkedin.com/company/Acme/"), page_in("linkedin.com/in/acme")
    ('acme', None)
    """
    return _slug_in(url, _PAGE_PATH)


def _slug_in(url: str, page: re.Pattern[str]) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:  # an unbalanced bracket in the host
        return None
    path = page.fullmatch(parts.path)
    well_formed = parts.scheme in {"http", "https"} and _HOST.fullmatch(parts.netloc.lower())
    if not well_formed or path is None or parts.query or parts.fragment or re.search(r"\s", url):
        return None
    return canonical_slug(path[1])


def canonical_slug(text: str) -> str:
    """Return the canonical slug of a slug or a member id.

    Examples
    --------
    >>> canonical_slug("Jos%C3%A9"), canonical_slug(member_id("jane-doe"))
    ('josé', 'jane-doe')
    """
    decoded = unquote(text)
    if decoded.startswith(_MEMBER_ID):
        return _slug_in_member_id(decoded)
    return unicodedata.normalize("NFC", decoded).lower()


def member_id(slug: str) -> str:
    """Return the opaque member id of a slug."""
    return _MEMBER_ID + base64.urlsafe_b64encode(slug.encode()).decode().rstrip("=")


def _slug_in_member_id(text: str) -> str:
    encoded = text.removeprefix(_MEMBER_ID)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text  # not made by `member_id`: it identifies a person of its own


def email_in(text: str) -> str | None:
    """Return the canonical form of a well-formed e-mail address, or None.

    Examples
    --------
    >>> email_in("Ada@Example.com"), email_in("ada at example.com")
    ('ada@example.com', None)
    """
    return text.lower() if _EMAIL.fullmatch(text) else None


def company_in(domain: str) -> str | None:
    """Return the slug of the company with a bare domain, or None if it is not a domain.

    Examples
    --------
    >>> company_in("Acme.example"), company_in("example.com"), company_in("https://acme.example")
    ('acme', 'example.com', None)
    """
    host = domain.lower()
    return host.removesuffix(_SUFFIX) if _DOMAIN.fullmatch(host) else None


def domain_of_slug(slug: str) -> str:
    """Return the domain of a company's slug. Made-up ones are reserved domains (RFC 2606).

    Examples
    --------
    >>> domain_of_slug("acme"), domain_of_slug("example.com")
    ('acme.example', 'example.com')
    """
    return slug if _DOMAIN.fullmatch(slug) else slug + _SUFFIX


def company_slug(name: str) -> str:
    """Return the slug of a company's name.

    Examples
    --------
    >>> company_slug("Acme & Co. 12"), company_slug("阿部").startswith("x")
    ('acme-co-12', True)
    """
    slug = re.sub(r"[^a-z0-9]+", "-", folded(name)).strip("-")
    return slug or f"x{crc32(name.encode()):x}"


def folded(text: str) -> str:
    """Return a text in lower case and without accents, as in a slug or an address.

    Examples
    --------
    >>> folded("Łukasz Müller-Özdemir")
    'lukasz muller-ozdemir'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_UNDECOMPOSED)).lower()
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


_UNDECOMPOSED = str.maketrans(
    {"Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "ß": "ss", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
