"""``enrich_based_on``: what identifies a person or company, sent and compared.

Source: the pages "People Enrichment" and "Organization Enrichment", request JSON.
"""

import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from enrich_pandas.providers.base import Identity, Kind
from enrich_pandas.providers.binding import domain_key, email_key, name_key, profile_key
from enrich_pandas.providers.decoding import Wire, text

PROFILE = "https://www."  # the start of a canonical URL, which Zoho's samples leave out
SOCIAL = MappingProxyType(
    {"facebook_url": "facebook", "linkedin_url": "linkedin", "twitter_url": "twitter"}
)


class CompanyBasis(Wire):
    """Wire type: ``company``."""

    name: str | None = None
    website: str | None = None


class SocialBasis(Wire):
    """Wire type: ``social``."""

    facebook: str | None = None
    linkedin: str | None = None
    twitter: str | None = None


class Basis(Wire):
    """Wire type: ``enrich_based_on``, of people and of companies."""

    name: str | None = None
    email: str | None = None
    website: str | None = None
    company: CompanyBasis | str | None = None
    social: SocialBasis | None = None


def choose_identity(kind: Kind, values: Mapping[str, str]) -> Identity | None:
    """Return the identity with all identifiers that Zoho takes together, or None.

    A name and a company are only used together.

    Examples
    --------
    >>> choose_identity("people", {"email": "ada@example.com", "name": "Ada Example"})
    Identity(email)
    >>> choose_identity("people", {"name": "Ada Example", "company": "Example"})
    Identity(company, name)
    """
    if kind == "companies":
        site = values.get("domain") or values.get("email_domain")
        found = {"domain": site, **{name: values.get(name) for name in ("company", "email")}}
    else:
        employer = {name: values.get(name) for name in ("company", "domain")}
        is_paired = "name" in values and any(employer.values())
        found = {name: values.get(name) for name in ("email", *SOCIAL)}
        found |= {"name": values["name"], **employer} if is_paired else {}
    keys = {name: value for name, value in found.items() if value}
    return Identity.of(**keys) if keys else None


def basis_of(kind: Kind, identity: Identity) -> dict[str, Any]:
    """Return the value of ``enrich_based_on`` for an identity.

    Examples
    --------
    >>> basis_of("people", Identity.of(linkedin_url="https://www.linkedin.com/in/ada-example"))
    {'social': {'linkedin': 'linkedin.com/in/ada-example'}}
    >>> basis_of("companies", Identity.of(company="Example", domain="example.com"))
    {'name': 'Example', 'website': 'example.com'}
    """
    get = identity.get
    if kind == "companies":
        parts = {"name": get("company"), "email": get("email"), "website": get("domain")}
        return _without_empty(parts)
    social = {network: (get(name) or "").removeprefix(PROFILE) for name, network in SOCIAL.items()}
    return _without_empty(
        {
            "name": get("name"),
            "email": get("email"),
            "company": _without_empty({"name": get("company"), "website": get("domain")}),
            "social": _without_empty(social),
        }
    )


def _without_empty(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _url_key(url: str) -> str | None:
    """Return a URL without its scheme and ``www.``."""
    return url.casefold().removeprefix("https://").removeprefix("www.").rstrip("/") or None


_KEYS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "email": email_key,
        "linkedin_url": profile_key,
        "facebook_url": _url_key,
        "twitter_url": _url_key,
        "domain": domain_key,
        "name": name_key,
        "company": name_key,
    }
)


def identity_keys(identity: Identity) -> dict[str, str]:
    """Return the keys of an identity, by identifier."""
    return _keys(dict(identity.keys))


def echo_keys(kind: Kind, basis: Basis | None) -> dict[str, str]:
    """Return the keys of an echo, by identifier."""
    return _keys(_echo(kind, basis))


def _echo(kind: Kind, basis: Basis | None) -> Mapping[str, str | None]:
    """Return an echo as it was sent, by identifier."""
    basis = basis or Basis()
    if kind == "companies":
        return {"company": basis.name, "domain": basis.website, "email": basis.email}
    company, social = basis.company or CompanyBasis(), basis.social or SocialBasis()
    employer = CompanyBasis(name=company) if isinstance(company, str) else company
    return {
        "name": basis.name,
        "email": basis.email,
        "company": employer.name,
        "domain": employer.website or basis.website,
        "linkedin_url": social.linkedin,
        "facebook_url": social.facebook,
        "twitter_url": social.twitter,
    }


def is_about_another(kind: Kind, identity: Identity, basis: Basis | None) -> bool:
    """Return whether an echo contradicts an identity. Equal texts are not normalized."""
    echo = _echo(kind, basis)
    if all(_is_as_sent(name, value, echo.get(name)) for name, value in identity.keys):
        return False
    return contradicts(identity_keys(identity), _keys(echo))


def _is_as_sent(name: str, value: str, echoed: str | None) -> bool:
    """Return whether nothing is echoed, or exactly what was sent."""
    is_equal = not echoed or echoed == value
    return is_equal or (name in SOCIAL and echoed == value.removeprefix(PROFILE))


def contradicts(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Return whether an echo is about another identity.

    Examples
    --------
    >>> contradicts({"email": "ada@example.com"}, {"email": "bo@example.com"})
    True
    """
    return any(theirs[name] != ours[name] for name in ours.keys() & theirs.keys())


def _keys(parts: Mapping[str, str | None]) -> dict[str, str]:
    whole = {name: value for name, part in parts.items() if part and (value := text(part))}
    return {
        name: _KEYS.get(name, str.casefold)(part) or part.casefold() for name, part in whole.items()
    }


# -- English letters -----------------------------------------------------------------------------

# Latin letters that are not an English one with a mark. ä, é and ñ are decomposed instead.
_DIGRAPHS = dict(zip("ßẞÆæŒœÞþ", ("ss", "SS", "AE", "ae", "OE", "oe", "Th", "th"), strict=True))
_LETTERS = dict(zip("ØøĐđÐðĦħŁłŦŧ\u0131\u2018\u2019", "OoDdDdHhLlTti''", strict=True))
_TABLE = str.maketrans(_DIGRAPHS | _LETTERS)


def has_english_letters(value: str) -> bool:
    """Return whether Zoho accepts the letters of a value.

    Examples
    --------
    >>> has_english_letters("O'Neil"), has_english_letters("Müller")
    (True, False)
    """
    return value.isascii() and value.isprintable()


def to_english_letters(value: str) -> str:
    """Return a value without diacritics. Letters of other alphabets stay as they are.

    Examples
    --------
    >>> to_english_letters("Žižek"), to_english_letters("Strauß"), to_english_letters("山田")
    ('Zizek', 'Strauss', '山田')
    """
    decomposed = unicodedata.normalize("NFD", value.translate(_TABLE))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return bare if has_english_letters(bare) else value
