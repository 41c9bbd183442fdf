"""What a person or company is asked for by: ``enrich_based_on``, written and compared.

Source: the pages "People Enrichment" and "Organization Enrichment", request JSON.
"""

import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from enrich_pandas.providers.base import Identity, Kind
from enrich_pandas.providers.binding import domain_key, email_key, name_key, profile_key
from enrich_pandas.providers.decoding import Wire, text

PROFILE = "https://www."  # of a canonical address, which Zoho's samples leave out
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


def chosen(kind: Kind, values: Mapping[str, str]) -> Identity | None:
    """Choose all of a row's identifiers that Zoho takes together, or None.

    A name and a company go together, and neither goes without the other.

    Examples
    --------
    >>> chosen("people", {"email": "ada@example.com", "name": "Ada Example"})
    Identity(email)
    >>> chosen("people", {"name": "Ada Example", "company": "Example"})
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


def written(kind: Kind, identity: Identity) -> dict[str, Any]:
    """Return what is sent as ``enrich_based_on``.

    Examples
    --------
    >>> written("people", Identity.of(linkedin_url="https://www.linkedin.com/in/ada-example"))
    {'social': {'linkedin': 'linkedin.com/in/ada-example'}}
    >>> written("companies", Identity.of(company="Example", domain="example.com"))
    {'name': 'Example', 'website': 'example.com'}
    """
    get = identity.get
    if kind == "companies":
        parts = {"name": get("company"), "email": get("email"), "website": get("domain")}
        return _given(parts)
    social = {network: (get(name) or "").removeprefix(PROFILE) for name, network in SOCIAL.items()}
    return _given(
        {
            "name": get("name"),
            "email": get("email"),
            "company": _given({"name": get("company"), "website": get("domain")}),
            "social": _given(social),
        }
    )


def _given(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part}


def _bare(url: str) -> str | None:
    """Return an address without what comes before its host."""
    return url.casefold().removeprefix("https://").removeprefix("www.").rstrip("/") or None


_KEYS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "email": email_key,
        "linkedin_url": profile_key,
        "facebook_url": _bare,
        "twitter_url": _bare,
        "domain": domain_key,
        "name": name_key,
        "company": name_key,
    }
)


def asked(identity: Identity) -> dict[str, str]:
    """Return what an identity is compared by."""
    return _compared(dict(identity.keys))


def echoed(kind: Kind, basis: Basis | None) -> dict[str, str]:
    """Return what an echo is compared by, under the names of an identity's keys."""
    basis = basis or Basis()
    if kind == "companies":
        said = {"company": basis.name, "domain": basis.website, "email": basis.email}
        return _compared(said)
    company, social = basis.company, basis.social or SocialBasis()
    employer = company if isinstance(company, CompanyBasis) else CompanyBasis(name=company)
    return _compared(
        {
            "name": basis.name,
            "email": basis.email,
            "company": employer.name,
            "domain": employer.website or basis.website,
            "linkedin_url": social.linkedin,
            "facebook_url": social.facebook,
            "twitter_url": social.twitter,
        }
    )


def contradicts(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    """Tell whether an echo is about somebody else.

    Examples
    --------
    >>> contradicts({"email": "ada@example.com"}, {"email": "bo@example.com"})
    True
    """
    return any(theirs[name] != ours[name] for name in ours.keys() & theirs.keys())


def _compared(parts: Mapping[str, str | None]) -> dict[str, str]:
    whole = {name: said for name, part in parts.items() if part and (said := text(part))}
    return {
        name: _KEYS.get(name, str.casefold)(part) or part.casefold() for name, part in whole.items()
    }


# -- Names in English letters: what Zoho takes, and what a name becomes if the user wants that ---

# Latin letters that are more than an English one and a mark; ä, é, ñ and the like are taken apart.
_APART = dict(zip("ßẞÆæŒœÞþ", ("ss", "SS", "AE", "ae", "OE", "oe", "Th", "th"), strict=True))
_BARE = dict(zip("ØøĐđÐðĦħŁłŦŧ\u0131\u2018\u2019", "OoDdDdHhLlTti''", strict=True))
_LETTERS = str.maketrans(_APART | _BARE)


def is_english(value: str) -> bool:
    """Tell whether Zoho takes the letters of a value.

    Examples
    --------
    >>> is_english("O'Neil"), is_english("Müller")
    (True, False)
    """
    return value.isascii() and value.isprintable()


def in_english(value: str) -> str:
    """Write Latin letters without their marks; those of other alphabets stay as they are.

    Examples
    --------
    >>> in_english("Žižek"), in_english("Strauß"), in_english("山田")
    ('Zizek', 'Strauss', '山田')
    """
    apart = unicodedata.normalize("NFD", value.translate(_LETTERS))
    bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return bare if is_english(bare) else value
