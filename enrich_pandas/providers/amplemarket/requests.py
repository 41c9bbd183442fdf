"""What is sent for an identity, and the keys that its echo is compared with."""

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple
from urllib.parse import quote

from enrich_pandas.providers.amplemarket.companies import CompanyResult
from enrich_pandas.providers.amplemarket.people import PersonResult
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
    """A lead: a profile, an e-mail address, or a name or title with a company."""

    profile: str | None = None
    email: str | None = None
    name: str | None = None
    title: str | None = None
    domain: str | None = None
    company: str | None = None

    def all_keys(self) -> Iterator[str]:
        """Yield the key of each identifier, the preferred one first.

        Examples
        --------
        >>> list(Lead(name="Ada  EXAMPLE", domain="www.example.com").all_keys())
        ['name:ada example at domain:example.com']
        """
        if self.profile and (slug := profile_key(self.profile)):
            yield f"profile:{slug}"
        if self.email and (address := email_key(self.email)):
            yield f"email:{address}"
        if name := self._name_key():
            employers = (domain_key(self.domain or ""), name_key(self.company or ""))
            yield from (f"{name} at {employer}" for employer in employers if employer)

    def _name_key(self) -> str | None:
        """Return the key of the name, or of the title if there is no name."""
        if self.name:
            return name_key(self.name)
        title = name_key(self.title or "")
        return f"title:{title}" if title else None


def identity_of(values: Mapping[str, str]) -> Identity | None:
    """Return the identity: a profile, else an e-mail address, else a name or title with a company.

    Examples
    --------
    >>> row = {"name": "Ada Example", "company": "Example", "domain": "example.com"}
    >>> identity_of(row) == Identity.of(name="Ada Example", domain="example.com")
    True
    """
    for name in ("linkedin_url", "email"):
        if name in values:
            return Identity.of(**{name: values[name]})
    person = next((name for name in ("name", "title") if name in values), None)
    employer = next((name for name in ("domain", "company") if name in values), None)
    if person is None or employer is None:
        return None
    return Identity.of(**{person: values[person], employer: values[employer]})


def person_key(identity: Identity) -> str | None:
    """Return the key of a requested person."""
    get = identity.get
    lead = Lead(
        *(get("linkedin_url"), get("email"), get("name"), get("title")),
        *(get("domain"), get("company")),
    )
    return next(lead.all_keys(), None)


def person_echo(result: PersonResult) -> frozenset[str]:
    """Return the keys of the person that a result echoes."""
    profiles = (result.linkedin_url, identifier(result.linkedin_id))
    words = (result.name, result.title, result.company_domain, result.company_name)
    leads = [Lead(profile, result.email, *words) for profile in profiles]
    return frozenset(key for lead in leads for key in lead.all_keys())


def company_key(identity: Identity) -> str | None:
    """Return the key of a requested company."""
    page, domain = identity.get("company_linkedin_url"), identity.get("domain")
    return page_key(page) if page else domain_key(domain or "")


def company_echo(result: CompanyResult) -> frozenset[str]:
    """Return the keys of the company that a result echoes."""
    pages = (result.linkedin_url, identifier(result.linkedin_id))
    return _company_keys(pages, (result.domain, result.company_domain))


def found_company_keys(result: CompanyResult) -> frozenset[str]:
    """Return the keys of the company that was found: its page and its domain."""
    found = result.result
    return _company_keys((found.linkedin_url,), (found.website,)) if found else frozenset()


def _company_keys(pages: tuple[str | None, ...], domains: tuple[str | None, ...]) -> frozenset[str]:
    found = [*(page_key(one) for one in pages if one), *(domain_key(one) for one in domains if one)]
    return frozenset(key for key in found if key)


def person_parameters(identity: Identity, lead_key: LeadKey = "linkedin_url") -> dict[str, str]:
    """Return what is sent for a person, under the vendor's names.

    Examples
    --------
    >>> ada = Identity.of(linkedin_url="https://www.linkedin.com/in/ada-löw")
    >>> person_parameters(ada, "linkedin_id")
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


def company_parameters(identity: Identity) -> dict[str, str]:
    """Return what is sent for a company, under the vendor's names."""
    sent = {
        "domain": identity.get("domain"),
        "linkedin_url": _encoded(identity.get("company_linkedin_url")),
    }
    return {name: value for name, value in sent.items() if value}


def _encoded(url: str | None) -> str | None:
    """Return a URL encoded as LinkedIn encodes it."""
    return quote(url, safe=":/'%") if url else None
