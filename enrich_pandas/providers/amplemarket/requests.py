"""What is sent about an identity, and the keys by which an echo is known to be about it."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote

from enrich_pandas.providers.amplemarket.company_types import CompanyResult
from enrich_pandas.providers.amplemarket.person_types import PersonResult
from enrich_pandas.providers.base import Identity
from enrich_pandas.providers.binding import (
    domain_key,
    email_key,
    name_key,
    page_key,
    profile_key,
)
from enrich_pandas.providers.decoding import identifier

LeadKey = Literal["linkedin_url", "linkedin_id"]


class Lead(NamedTuple):
    """A lead: a profile, an address, or a name (without one, a title) and a company."""

    profile: str | None = None
    email: str | None = None
    name: str | None = None
    title: str | None = None
    domain: str | None = None
    company: str | None = None

    def named(self) -> Iterator[str]:
        """Yield a key for each way in which it names somebody.

        Examples
        --------
        >>> list(Lead(name="Ada  EXAMPLE", domain="www.example.com").named())
        ['name:ada example at domain:example.com']
        """
        if self.profile and (slug := profile_key(self.profile)):
            yield f"profile:{slug}"
        if self.email and (address := email_key(self.email)):
            yield f"email:{address}"
        if called := self._called():
            employers = (domain_key(self.domain or ""), name_key(self.company or ""))
            yield from (f"{called} at {employer}" for employer in employers if employer)

    def _called(self) -> str | None:
        """Return the key of the name; of the title only where no name tells who is meant."""
        if self.name:
            return name_key(self.name)
        held = name_key(self.title or "")
        return f"title:{held}" if held else None


def identity_of(values: Mapping[str, str]) -> Identity | None:
    """Choose the identity: a profile, else an address, else a name or a title, and a company.

    Examples
    --------
    >>> row = {"name": "Ada Example", "company": "Example", "domain": "example.com"}
    >>> identity_of(row) == Identity.of(name="Ada Example", domain="example.com")
    True
    """
    for name in ("linkedin_url", "email"):
        if name in values:
            return Identity.of(**{name: values[name]})
    called = next((name for name in ("name", "title") if name in values), None)
    employer = next((name for name in ("domain", "company") if name in values), None)
    if called is None or employer is None:
        return None
    return Identity.of(**{called: values[called], employer: values[employer]})


def asked_person(identity: Identity) -> str | None:
    """Return the key of a person who is asked about."""
    get = identity.get
    lead = Lead(
        *(get("linkedin_url"), get("email"), get("name"), get("title")),
        *(get("domain"), get("company")),
    )
    return next(lead.named(), None)


def echoed_person(result: PersonResult) -> frozenset[str]:
    """Return the keys of whom a result is about, by what it echoes."""
    profiles = (result.linkedin_url, identifier(result.linkedin_id))
    words = (result.name, result.title, result.company_domain, result.company_name)
    leads = [Lead(profile, result.email, *words) for profile in profiles]
    return frozenset(key for lead in leads for key in lead.named())


def asked_company(identity: Identity) -> str | None:
    """Return the key of a company that is asked about."""
    page, domain = identity.get("company_linkedin_url"), identity.get("domain")
    return page_key(page) if page else domain_key(domain or "")


def echoed_company(result: CompanyResult) -> frozenset[str]:
    """Return the keys of the company that a result is about, by what it echoes."""
    pages = (result.linkedin_url, identifier(result.linkedin_id))
    return _company_keys(pages, (result.domain, result.company_domain))


def own_company(result: CompanyResult) -> frozenset[str]:
    """Return the keys of the company that was found: its page, and the domain of its website."""
    found = result.result
    return _company_keys((found.linkedin_url,), (found.website,)) if found else frozenset()


def _company_keys(pages: tuple[str | None, ...], domains: tuple[str | None, ...]) -> frozenset[str]:
    found = [*(page_key(one) for one in pages if one), *(domain_key(one) for one in domains if one)]
    return frozenset(key for key in found if key)


def written_person(identity: Identity, lead_key: LeadKey = "linkedin_url") -> dict[str, str]:
    """Return what is sent of a person, under the vendor's names.

    Examples
    --------
    >>> ada = Identity.of(linkedin_url="https://www.linkedin.com/in/ada-löw")
    >>> written_person(ada, "linkedin_id")
    {'linkedin_id': 'ada-l%C3%B6w'}
    """
    get = identity.get
    url = _encoded(get("linkedin_url"))
    is_id = lead_key == "linkedin_id" and url
    sent = {
        lead_key: url.rpartition("/")[2] if is_id and url else url,
        "email": get("email"),
        "name": get("name"),
        "title": get("title"),
        "company_domain": get("domain"),
        "company_name": get("company"),
    }
    return {name: value for name, value in sent.items() if value}


def written_company(identity: Identity) -> dict[str, str]:
    """Return what is sent of a company, under the vendor's names."""
    sent = {
        "domain": identity.get("domain"),
        "linkedin_url": _encoded(identity.get("company_linkedin_url")),
    }
    return {name: value for name, value in sent.items() if value}


def _encoded(url: str | None) -> str | None:
    """Return an address encoded as LinkedIn itself writes it."""
    return quote(url, safe=":/'%") if url else None
