"""Crustdata's current API of 2025-11-01: ``POST /person/enrich`` and ``POST /company/enrich``.

Sources: docs.crustdata.com/person-docs/enrichment and ``/company-docs/enrichment``, and the
vendor's own notes for agents in github.com/crustdata/skills: ``matched_on`` is the input as it was
sent, a ``match_status`` of "redacted" is a person who opted out, an id of 0 is none.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from enrich_pandas.providers.base import Status
from enrich_pandas.providers.binding import Reading, company_keys, keys
from enrich_pandas.providers.crustdata.companies import (
    STATES,
    CompanyElement,
    candidate,
    choose,
    company_of,
    other_names_of,
    state_of,
)
from enrich_pandas.providers.crustdata.errors import QUEUED_SECONDS
from enrich_pandas.providers.crustdata.people import (
    Candidate,
    Element,
    parts_of,
    person_of,
    profile_url_of,
)
from enrich_pandas.providers.crustdata.prices import CURRENT_COMPANY_PRICES, CURRENT_PRICES
from enrich_pandas.providers.crustdata.requests import (
    BATCH,
    MISSING,
    UNREADABLE,
    ApiVersion,
    CrustdataEndpoint,
    Price,
    RequestOptions,
    Switches,
)
from enrich_pandas.providers.decoding import odd_note, read, text, texts

_MISSES = ("not_found", "no_match")


def body(
    parameter: str, values: Sequence[str], fields: Sequence[str] | None, switches: Switches
) -> Mapping[str, Mapping[str, Any]]:
    """Make the body of a request."""
    return {"json": {parameter: list(values), "fields": list(fields or ()), **switches}}


# -- people --------------------------------------------------------------------------------------


def _person_switches(options: RequestOptions, name: str) -> Switches:
    """Return what else is sent; the least score is for e-mails alone."""
    least = options.min_similarity_score if name == "email" else None
    return {
        **({"preview": True} if options.preview else {}),
        **({} if least is None else {"min_similarity_score": least}),
    }


def _person_said(element: Element, claim: Collection[str], price: Price) -> Reading:
    candidates = _distinct(element.matches or ())
    if "redacted" in (element.match_status, *(one.match_status for one in candidates)):
        return Reading(status=Status.REMOVED, reason="redacted")
    people = [one for one in candidates if one.person_data]
    if not people:
        return _missed(element)
    chosen, note = _choose(people, claim), ""
    if len(people) > 1:
        note = f"{len(people)} candidates were given"
    if chosen is None:
        credits_ = max(price(parts_of(one)) for one in people)
        return Reading(status=Status.FAILED, reason="ambiguous", credits=credits_, note=note)
    credits_ = price(parts_of(chosen))
    return Reading(status=Status.MATCHED, model=person_of(chosen), credits=credits_, note=note)


def _choose(candidates: Sequence[Candidate], claim: Collection[str]) -> Candidate | None:
    """Choose the candidate with the address asked for, else with the highest score; no guess."""
    if len(candidates) == 1:
        return candidates[0]
    own = [one for one in candidates if keys([profile_url_of(one) or ""]) & set(claim)]
    best = sorted(own or candidates, key=_score, reverse=True)
    return best[0] if len(best) == 1 or _score(best[0]) > _score(best[1]) else None


def _score(candidate: Candidate) -> float:
    return -1.0 if candidate.confidence_score is None else candidate.confidence_score


# -- companies -----------------------------------------------------------------------------------


def _company_switches(options: RequestOptions, _name: str) -> Switches:
    return {} if options.exact_match is None else {"exact_match": options.exact_match}


def _company_said(element: CompanyElement, claim: frozenset[str], price: Price) -> Reading:
    given = [one for one in _distinct(element.matches or ()) if one.company_data]
    companies = [
        candidate(company, price, also=other_names_of(one))
        for one in given
        if (company := company_of(one)).name or company.domain
    ]
    if companies:
        return choose(claim, companies, is_echoed=True)
    said = [STATES[state] for one in given if (state := state_of(one) or "") in STATES]
    return said[0] if said else _missed(element)


# -- what both are wrapped in --------------------------------------------------------------------


def _read_element(
    raw: bytes,
    price: Price,
    *,
    wire: type[Any],
    keyed: Callable[[Sequence[str]], frozenset[str]],
    said: Callable[[Any, frozenset[str], Price], Reading],
) -> Reading:
    """Read an element: whom it is about, and who or what it is, if it is one and only one.

    Parameters
    ----------
    raw
        The element.
    price
        Returns the credits of an answer, given which dear parts there are.
    wire, keyed, said
        The type of an element, the keys that its echo names, and what it says of them.
    """
    element, odd = read(raw, wire)
    if element is None:
        return UNREADABLE
    claim = keyed(texts(element.matched_on))
    reading = said(element, claim, price)
    note = "; ".join(filter(None, (reading.note, odd_note(odd))))
    return replace(reading, claims=[claim], note=note)


def _missed(element: Element | CompanyElement) -> Reading:
    """Read an element that holds nobody; only the vendor's own word makes it a miss."""
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


read_element = partial(_read_element, wire=Element, keyed=keys, said=_person_said)
read_company = partial(_read_element, wire=CompanyElement, keyed=company_keys, said=_company_said)

CURRENT = ApiVersion(
    method="POST",
    scheme="Bearer",
    headers={"x-api-version": "2025-11-01"},
    credits="/account/credits",
    enclosed=body,
    is_default_unspoken=False,
    endpoints={
        "people": CrustdataEndpoint(
            path="/person/enrich",
            parameters={
                "linkedin_url": "professional_network_profile_urls",
                "email": "business_emails",
            },
            # Everything that the base price covers. The vendor's default leaves out the last four.
            fields=(
                *("basic_profile", "social_handles"),
                *("professional_network", "experience", "education", "skills"),
            ),
            always=lambda options: ("contact.business_emails",) if options.business_email else (),
            prices=CURRENT_PRICES,
            billed=("realtime", "force_fetch", "preview", "min_similarity_score"),
            switches=_person_switches,
            size=lambda options, name: (
                (options.emails_per_request if name == "email" else None) or BATCH
            ),
            read_element=read_element,
            absent=MISSING,
        ),
        "companies": CrustdataEndpoint(
            path="/company/enrich",
            parameters={
                "domain": "domains",
                "company_linkedin_url": "professional_network_profile_urls",
                "company": "names",
            },
            # What there are columns for. One price covers every section; the vendor's default is
            # the first alone.
            fields=(
                *("basic_info", "status", "headcount", "locations", "taxonomy", "revenue"),
                *("funding", "competitors", "followers", "social_profiles"),
            ),
            always=lambda _: ("basic_info", "status"),  # tell which company it is
            prices=CURRENT_COMPANY_PRICES,
            billed=("exact_match",),
            switches=_company_switches,
            size=lambda options, _: options.companies_per_request or BATCH,
            read_element=read_company,
            absent=MISSING,
        ),
    },
)
