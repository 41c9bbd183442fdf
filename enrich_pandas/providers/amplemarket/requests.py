"""What is sent for an identity, and the keys that its echo is compared with."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from msgspec.structs import replace

from enrich_pandas.providers.amplemarket import prices
from enrich_pandas.providers.amplemarket.companies import (
    COMPANIES,
    SINGLE_COMPANIES,
    CompanyResult,
)
from enrich_pandas.providers.amplemarket.people import PEOPLE, SINGLE_PEOPLE, PersonResult
from enrich_pandas.providers.base import Identity, Kind, Status
from enrich_pandas.providers.binding import (
    Reading,
    domain_key,
    email_key,
    name_key,
    page_key,
    profile_key,
)
from enrich_pandas.providers.decoding import identifier, read, read_each
from enrich_pandas.providers.records import Record, RecordType

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
    if len(identity.keys) == 1:  # nearly all of them
        ((name, own),) = identity.keys
        if name == "linkedin_url":
            slug = profile_key(own)
            return f"profile:{slug}" if slug else None
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


Claims = Mapping[str, Sequence[frozenset[str]]]


def claims_of_sent(batch: Iterable[Identity], keys: Iterable[str | None]) -> Claims:
    """Return the claims of echoed profiles that equal what was requested, by echo.

    Most echoes equal it and need no normalization.
    """
    return {
        identity.keys[0][1]: (frozenset((key,)),)
        for identity, key in zip(batch, keys, strict=True)
        if key and len(identity.keys) == 1 and identity.keys[0][0] == "linkedin_url"
    }


def _is_profile_alone(result: PersonResult) -> bool:
    """Return whether a result echoes at most a profile's URL."""
    words = result.name or result.title or result.company_domain or result.company_name
    return not (words or result.email or result.linkedin_id)


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


# -- Amplemarket's results as readings, and its endpoints for people and companies ---------------

_MATCHED = Status.MATCHED  # looking up a member of an enumeration is slow
UNREADABLE = Reading(status=Status.HELD, reason="answer_unreadable")
CONFLICT = Reading(status=Status.HELD, reason="conflicting_answers")
REMOVED = Reading(status=Status.REMOVED, reason="gdpr_removed")
NOT_FOUND = Reading(status=Status.NOT_FOUND)

_WORD = re.compile(r"[a-z_]{1,40}")


def read_person_result(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Parse a result of an enrichment request for people."""
    result, _ = PEOPLE.read_head(raw)
    if result is None:
        return UNREADABLE
    found, reading = result.result, None
    if not _is_empty(found, raw, PEOPLE):
        reading = _matched(PEOPLE, raw, prices.cost(found, email=email, phones=phones))
    return _check_status(result.status, reading, [person_echo(result)])


def read_person_head(
    raw: bytes, result: PersonResult, claims: Claims, *, email: bool, phones: bool
) -> Reading:
    """Parse a result whose head is as documented; a person with the sent echo at once."""
    found, claim = result.result, claims.get(result.linkedin_url or "")
    if (
        claim is not None
        and result.status == "enriched"
        and found is not None
        and found.id
        and _is_profile_alone(result)
    ):
        return Reading(
            status=_MATCHED,
            claims=claim,
            model=Record(PEOPLE, raw),
            credits=prices.cost(found, email=email, phones=phones),
        )
    return read_person_result(raw, email=email, phones=phones)


def read_company_result(raw: bytes) -> Reading:
    """Parse a result of an enrichment request for companies.

    The company's own page and domain identify it only if nothing is echoed.
    """
    result, _ = COMPANIES.read_head(raw)
    if result is None:
        return UNREADABLE
    reading = None
    if not _is_empty(result.result, raw, COMPANIES):
        reading = _matched(COMPANIES, raw, prices.COMPANY)
    claim = company_echo(result) or found_company_keys(result)
    return _check_status(result.status, reading, [claim])


def read_person(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Parse a Person object that was requested alone."""
    found, _ = SINGLE_PEOPLE.read_head(raw)
    if _is_empty(found, raw, SINGLE_PEOPLE):
        return UNREADABLE
    return _matched(SINGLE_PEOPLE, raw, prices.cost(found, email=email, phones=phones))


def read_company(raw: bytes) -> Reading:
    """Parse a Company object that was requested alone."""
    found, _ = SINGLE_COMPANIES.read_head(raw)
    if _is_empty(found, raw, SINGLE_COMPANIES):
        return UNREADABLE
    return _matched(SINGLE_COMPANIES, raw, prices.COMPANY)


def _matched(kind: RecordType, raw: bytes, credits_: float) -> Reading:
    return Reading(status=Status.MATCHED, model=Record(kind, raw), credits=credits_)


def _is_empty(head: Any, raw: bytes, kind: RecordType) -> bool:
    """Return whether an object has no values; only one without a head is decoded completely."""
    if head is None or head != type(head)():
        return head is None
    whole: Any = read(raw, kind.wire)[0]
    found = getattr(whole, "result", whole)
    return bool(found == type(found)())


def _check_status(
    status: str | None, found: Reading | None, claims: Sequence[frozenset[str]]
) -> Reading:
    """Return the reading of a result by its status; one that contradicts itself is held."""
    word = (status or "").strip().lower()
    reading = {
        "enriched": found or UNREADABLE,
        "not_found": NOT_FOUND if found is None else CONFLICT,
        "gdpr_removed": REMOVED,
    }.get(word)
    if reading is None:
        shown = word if _WORD.fullmatch(word) else "an unknown one"
        note = f"the vendor's status: {shown}"
        reading = Reading(status=Status.HELD, reason="unknown_status", note=note)
    return replace(reading, claims=claims)


# -- Endpoints -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AmplemarketEndpoint:
    """The endpoints of one kind, with options.

    Attributes
    ----------
    start, find
        Paths of an enrichment request and of a request for one identity.
    list_name
        Name of the list in the body of an enrichment request.
    flags
        The other parameters.
    price
        Maximum cost of one identity.
    key_of
        Returns the key of an identity.
    lead_of, parameters_of
        Return what is sent for an identity in an enrichment request, and alone.
    read_result, read_found
        Parse a result of an enrichment request, and the answer for one identity.
    record_type, read_head
        The record type of a result, and a function that parses one whose head is as documented.
        It also takes the claims of echoes that equal what was sent. None if every result is parsed
        by ``read_result``.
    """

    start: str
    find: str
    list_name: str
    flags: Mapping[str, bool]
    price: float
    key_of: Callable[[Identity], str | None]
    lead_of: Callable[[Identity], dict[str, str]]
    parameters_of: Callable[[Identity], dict[str, str]]
    read_result: Callable[[bytes], Reading]
    read_found: Callable[[bytes], Reading]
    record_type: RecordType | None = None
    read_head: Callable[[bytes, Any, Claims], Reading] | None = None

    def readings(
        self, batch: Sequence[Identity], keys: Sequence[str | None], raws: Sequence[bytes]
    ) -> Iterable[Reading]:
        """Return the readings of the results of an enrichment request."""
        kind = self.record_type
        heads = None if kind is None else read_each(raws, kind.head_type)
        if heads is None or self.read_head is None:
            return map(self.read_result, raws)
        return map(self.read_head, raws, heads, repeat(claims_of_sent(batch, keys)))

    def body(self, batch: Sequence[Identity]) -> dict[str, Any]:
        """Return the body that starts an enrichment request."""
        return {self.list_name: [self.lead_of(one) for one in batch], **self.flags}

    def params(self, identity: Identity) -> dict[str, str]:
        """Return the parameters of a request for one identity."""
        flags = {name: "true" for name, is_set in self.flags.items() if is_set}
        return {**self.parameters_of(identity), **flags}


def endpoint_of(kind: Kind, lead_key: LeadKey, *, email: bool, phones: bool) -> AmplemarketEndpoint:
    """Return the endpoints of a kind. Only people have something to reveal."""
    return _companies() if kind == "companies" else _people(lead_key, email=email, phones=phones)


def _people(lead_key: LeadKey, *, email: bool, phones: bool) -> AmplemarketEndpoint:
    return AmplemarketEndpoint(
        start="/people/enrichment-requests",
        find="/people/find",
        list_name="leads",
        flags={"reveal_email": email, "reveal_phone_numbers": phones},
        price=prices.maximum_cost(email=email, phones=phones),
        key_of=person_key,
        lead_of=partial(person_parameters, lead_key=lead_key),
        parameters_of=person_parameters,
        read_result=partial(read_person_result, email=email, phones=phones),
        read_found=partial(read_person, email=email, phones=phones),
        record_type=PEOPLE,
        read_head=partial(read_person_head, email=email, phones=phones),
    )


def _companies() -> AmplemarketEndpoint:
    return AmplemarketEndpoint(
        start="/companies/enrichment-requests",
        find="/companies/find",
        list_name="companies",
        flags={},
        price=prices.COMPANY,
        key_of=company_key,
        lead_of=company_parameters,
        parameters_of=company_parameters,
        read_result=read_company_result,
        read_found=read_company,
    )
