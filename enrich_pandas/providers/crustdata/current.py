"""Crustdata's current API of 2025-11-01: ``POST /person/enrich`` and ``POST /company/enrich``.

Sources: docs.crustdata.com/person-docs/enrichment and ``/company-docs/enrichment``, and the
vendor's notes for agents in github.com/crustdata/skills: ``matched_on`` is the input as it was
sent, the ``match_status`` "redacted" means that the person opted out, and the id 0 means none.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec.structs import replace

from enrich_pandas.providers.base import Status
from enrich_pandas.providers.binding import Reading, company_keys, person_keys
from enrich_pandas.providers.crustdata.companies import (
    COMPANIES,
    STATES,
    CompanyElement,
    basic_info_of,
    choose_company,
    company_reading,
    named_company,
    state_of,
)
from enrich_pandas.providers.crustdata.errors import QUEUED_SECONDS
from enrich_pandas.providers.crustdata.people import (
    PEOPLE,
    Candidate,
    Element,
    parts_of,
    profile_url_of,
)
from enrich_pandas.providers.crustdata.prices import CURRENT_COMPANY_PRICES, CURRENT_PRICES
from enrich_pandas.providers.crustdata.requests import (
    BATCH,
    MISSING,
    UNREADABLE,
    ApiVersion,
    Claims,
    CrustdataEndpoint,
    Flags,
    Price,
    RequestOptions,
)
from enrich_pandas.providers.decoding import (
    decode_untyped,
    describe_mistyped,
    read,
    text,
    texts,
)
from enrich_pandas.providers.records import Record, RecordType

_MATCHED = Status.MATCHED  # looking up a member of an enumeration is slow
_MISSES = ("not_found", "no_match")


def body(
    parameter: str, values: Sequence[str], fields: Sequence[str] | None, flags: Flags
) -> Mapping[str, Mapping[str, Any]]:
    """Return the body of a request."""
    return {"json": {parameter: list(values), "fields": list(fields or ()), **flags}}


# -- People --------------------------------------------------------------------------------------


def _person_flags(options: RequestOptions, name: str) -> Flags:
    """Return the other parameters; the least score applies to e-mail addresses only."""
    least = options.min_similarity_score if name == "email" else None
    return {
        **({"preview": True} if options.preview else {}),
        **({} if least is None else {"min_similarity_score": least}),
    }


def _person_reading(raw: bytes, element: Element, claim: frozenset[str], price: Price) -> Reading:
    """Return the reading of an element: at most one of its candidates is the person."""
    candidates = _distinct(element.matches or ())
    if "redacted" in (element.match_status, *(one.match_status for one in candidates)):
        return Reading(status=Status.REMOVED, reason="redacted")
    people = [one for one in candidates if one.person_data]
    if not people:
        return _missed(element)
    chosen, note = _choose(people, claim), ""
    if len(people) > 1:
        note = f"{len(people)} candidates were returned"
    if chosen is None:
        credits_ = max(price(parts_of(one)) for one in people)
        return Reading(status=Status.FAILED, reason="ambiguous", credits=credits_, note=note)
    record = Record(PEOPLE, only_candidate(raw, candidates, chosen))
    credits_ = price(parts_of(chosen))
    return Reading(status=Status.MATCHED, model=record, credits=credits_, note=note)


def _choose(candidates: Sequence[Candidate], claim: Collection[str]) -> Candidate | None:
    """Return the candidate with the requested profile or the one best score, else None."""
    if len(candidates) == 1:
        return candidates[0]
    own = [one for one in candidates if person_keys([profile_url_of(one) or ""]) & set(claim)]
    best = sorted(own or candidates, key=_score, reverse=True)
    return best[0] if len(best) == 1 or _score(best[0]) > _score(best[1]) else None


def _score(candidate: Candidate) -> float:
    return -1.0 if candidate.confidence_score is None else candidate.confidence_score


def only_candidate(raw: bytes, candidates: Sequence[Any], chosen: Any) -> bytes:
    """Return an element without the other candidates."""
    if len(candidates) == 1:
        return raw
    element = decode_untyped(raw)
    kept = next(
        one
        for one in element["matches"]
        if read(msgspec.json.encode(one), type(chosen))[0] == chosen
    )
    return msgspec.json.encode({**element, "matches": [kept]})


# -- Companies -----------------------------------------------------------------------------------


def _company_flags(options: RequestOptions, _name: str) -> Flags:
    return {} if options.exact_match is None else {"exact_match": options.exact_match}


def _company_reading(
    raw: bytes, element: CompanyElement, claim: frozenset[str], price: Price
) -> Reading:
    candidates = _distinct(element.matches or ())
    companies, states = [], []
    for one in candidates:
        basic = basic_info_of(one)
        named = named_company(basic)
        if named.name or named.domain:
            record = Record(COMPANIES, only_candidate(raw, candidates, one))
            names = basic.profile_name
            companies.append(company_reading(record, named, price, other_names=names))
        elif (state := state_of(one) or "") in STATES:
            states.append(STATES[state])
    if companies:
        return choose_company(claim, companies, is_echoed=True)
    return states[0] if states else _missed(element)


# -- Elements ------------------------------------------------------------------------------------


def _read_element(
    raw: bytes,
    price: Price,
    *,
    kind: RecordType,
    keys_in: Callable[[Sequence[str]], frozenset[str]],
    reading_of: Callable[[bytes, Any, frozenset[str], Price], Reading],
) -> Reading:
    """Parse an element.

    Parameters
    ----------
    raw
        The element.
    price
        Returns the credits of an answer from the extras that it holds.
    kind, keys_in, reading_of
        The record type of an element, the keys of its echo, and its reading.
    """
    element, mistyped = kind.read_head(raw)
    if element is None:
        return UNREADABLE
    if len(element.matches or ()) > 1:  # they are compared with each other
        element, _ = read(raw, kind.wire)
    claim = keys_in(texts(element.matched_on))
    reading = reading_of(raw, element, claim, price)
    if reading.model is None:  # else the reader of the columns notes what is odd
        reading = replace(reading, note=_notes(reading.note, describe_mistyped(mistyped)))
    return replace(reading, claims=[claim])


def _notes(*notes: str) -> str:
    return "; ".join(filter(None, notes))


def _missed(element: Element | CompanyElement) -> Reading:
    """Return the reading of an element without a result, by the vendor's status."""
    status = text(element.match_status)
    if status in _MISSES or (status is None and element.matches == []):
        return Reading(status=Status.NOT_FOUND, reason="no_match")
    if status is None or element.matches:
        return UNREADABLE
    return Reading(status=Status.PENDING, reason="unknown_status", retry_in=QUEUED_SECONDS)


def _distinct(candidates: Sequence[Any]) -> list[Any]:
    distinct: list[Any] = []
    for one in candidates:
        if one is not None and one not in distinct:
            distinct.append(one)
    return distinct


def _read_person_head(raw: bytes, element: Element, price: Price, claims: Claims) -> Reading:
    """Parse an element whose head is as documented; one person with the sent echo at once."""
    echo, matches = element.matched_on, element.matches
    claim = claims.get(echo) if isinstance(echo, str) else None
    if claim is not None and matches and len(matches) == 1:
        (one,) = matches
        if (
            one is not None
            and one.person_data is not None
            and "redacted" not in (element.match_status, one.match_status)
        ):
            return Reading(
                status=_MATCHED,
                claims=claim,
                model=Record(PEOPLE, raw),
                credits=price(parts_of(one)),
            )
    return read_person(raw, price)


read_person = partial(_read_element, kind=PEOPLE, keys_in=person_keys, reading_of=_person_reading)
read_company = partial(
    _read_element, kind=COMPANIES, keys_in=company_keys, reading_of=_company_reading
)

CURRENT = ApiVersion(
    method="POST",
    scheme="Bearer",
    headers={"x-api-version": "2025-11-01"},
    credits="/account/credits",
    payload=body,
    omits_default_fields=False,
    endpoints={
        "people": CrustdataEndpoint(
            path="/person/enrich",
            parameters={
                "linkedin_url": "professional_network_profile_urls",
                "email": "business_emails",
            },
            # Everything that the base price covers. The vendor's default lacks the last four.
            fields=(
                *("basic_profile", "social_handles"),
                *("professional_network", "experience", "education", "skills"),
            ),
            required_fields=lambda options: (
                ("contact.business_emails",) if options.business_email else ()
            ),
            prices=CURRENT_PRICES,
            has_preview=True,
            flags=_person_flags,
            size=lambda options, name: (
                (options.emails_per_request if name == "email" else None) or BATCH
            ),
            read_element=read_person,
            record_type=PEOPLE,
            read_head=_read_person_head,
            absent=MISSING,
        ),
        "companies": CrustdataEndpoint(
            path="/company/enrich",
            parameters={
                "domain": "domains",
                "company_linkedin_url": "professional_network_profile_urls",
                "company": "names",
            },
            # The sections with columns. One price covers every section; the vendor's default is the
            # first one only.
            fields=(
                *("basic_info", "status", "headcount", "locations", "taxonomy", "revenue"),
                *("funding", "competitors", "followers", "social_profiles"),
            ),
            required_fields=lambda _: ("basic_info", "status"),  # identify the company
            prices=CURRENT_COMPANY_PRICES,
            flags=_company_flags,
            size=lambda options, _: options.companies_per_request or BATCH,
            read_element=read_company,
            absent=MISSING,
        ),
    },
)
