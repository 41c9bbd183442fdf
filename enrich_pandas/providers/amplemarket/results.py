"""Amplemarket's results as readings, and its endpoints for people and companies."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from enrich_pandas.models import Model
from enrich_pandas.providers.amplemarket import companies, people, prices
from enrich_pandas.providers.amplemarket.companies import company_of
from enrich_pandas.providers.amplemarket.people import person_of
from enrich_pandas.providers.amplemarket.requests import (
    LeadKey,
    company_echo,
    company_key,
    company_parameters,
    found_company_keys,
    person_echo,
    person_key,
    person_parameters,
)
from enrich_pandas.providers.base import Identity, Kind, Status
from enrich_pandas.providers.binding import Reading
from enrich_pandas.providers.decoding import describe_mistyped, read

UNREADABLE = Reading(status=Status.HELD, reason="answer_unreadable")
CONFLICT = Reading(status=Status.HELD, reason="conflicting_answers")
REMOVED = Reading(status=Status.REMOVED, reason="gdpr_removed")
NOT_FOUND = Reading(status=Status.NOT_FOUND)

_WORD = re.compile(r"[a-z_]{1,40}")


def read_person_result(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Parse a result of an enrichment request for people."""
    result, mistyped = read(raw, people.PersonResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = person_reading(found, mistyped, email=email, phones=phones) if found else None
    return _check_status(result.status, reading, [person_echo(result)])


def read_company_result(raw: bytes) -> Reading:
    """Parse a result of an enrichment request for companies.

    The company's own page and domain identify it only if nothing is echoed.
    """
    result, mistyped = read(raw, companies.CompanyResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = company_reading(found, mistyped) if found else None
    return _check_status(
        result.status, reading, [company_echo(result) or found_company_keys(result)]
    )


def read_person(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Parse a Person object that was requested alone."""
    found, mistyped = read(raw, people.WirePerson)
    if found is None or _is_empty(found):
        return UNREADABLE
    return person_reading(found, mistyped, email=email, phones=phones)


def read_company(raw: bytes) -> Reading:
    """Parse a Company object that was requested alone."""
    found, mistyped = read(raw, companies.WireCompany)
    return UNREADABLE if found is None or _is_empty(found) else company_reading(found, mistyped)


def person_reading(
    found: people.WirePerson, mistyped: list[str], *, email: bool, phones: bool
) -> Reading:
    """Return the reading of a person; mistyped fields are noted."""
    person = person_of(found)
    return _matched(person, prices.cost(person, email=email, phones=phones), mistyped)


def company_reading(found: companies.WireCompany, mistyped: list[str]) -> Reading:
    """Return the reading of a company; mistyped fields are noted."""
    return _matched(company_of(found), prices.COMPANY, mistyped)


def _matched(model: Model, credits_: float, mistyped: list[str]) -> Reading:
    note = describe_mistyped(mistyped)
    return Reading(status=Status.MATCHED, model=model, credits=credits_, note=note)


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


def _is_empty(found: msgspec.Struct | None) -> bool:
    return found is None or found == type(found)()


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
