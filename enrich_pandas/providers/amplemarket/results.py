"""What a result says, about whom, and to which identities of a batch it belongs."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    asked_company,
    asked_person,
    echoed_company,
    echoed_person,
    own_company,
    written_company,
    written_person,
)
from enrich_pandas.providers.base import Identity, Kind, Match, Status
from enrich_pandas.providers.binding import Reading
from enrich_pandas.providers.decoding import odd_note, read

logger = logging.getLogger("enrich_pandas")

UNPROVEN = Reading(status=Status.HELD, reason="unproven")
UNREADABLE = Reading(status=Status.HELD, reason="answer_unreadable")
CONFLICT = Reading(status=Status.HELD, reason="conflicting_answers")
REMOVED = Reading(status=Status.REMOVED, reason="gdpr_removed")
NOT_FOUND = Reading(status=Status.NOT_FOUND)

_WORD = re.compile(r"[a-z_]{1,40}")


def read_person_result(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Read a result of an enrichment request for people."""
    result, odd = read(raw, people.PersonResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = found_person(found, odd, email=email, phones=phones) if found else None
    return _judged(result.status, reading, [echoed_person(result)])


def read_company_result(raw: bytes) -> Reading:
    """Read a result of an enrichment request for companies.

    The company's own page and domain tell whom it is about only where nothing is echoed.
    """
    result, odd = read(raw, companies.CompanyResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = found_company(found, odd) if found else None
    return _judged(result.status, reading, [echoed_company(result) or own_company(result)])


def read_person(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Read a Person object that was asked for alone."""
    found, odd = read(raw, people.WirePerson)
    if found is None or _is_empty(found):
        return UNREADABLE
    return found_person(found, odd, email=email, phones=phones)


def read_company(raw: bytes) -> Reading:
    """Read a Company object that was asked for alone."""
    found, odd = read(raw, companies.WireCompany)
    return UNREADABLE if found is None or _is_empty(found) else found_company(found, odd)


def found_person(found: people.WirePerson, odd: list[str], *, email: bool, phones: bool) -> Reading:
    """Return a person as found; what was odd in the answer is noted."""
    person = person_of(found)
    return _matched(person, prices.cost(person, email=email, phones=phones), odd)


def found_company(found: companies.WireCompany, odd: list[str]) -> Reading:
    """Return a company as found; what was odd in the answer is noted."""
    return _matched(company_of(found), prices.COMPANY, odd)


def _matched(model: Model, credits_: float, odd: list[str]) -> Reading:
    note = odd_note(odd)
    return Reading(status=Status.MATCHED, model=model, credits=credits_, note=note)


def _judged(status: str | None, found: Reading | None, claims: Sequence[frozenset[str]]) -> Reading:
    """Return what a result means by its status; one that contradicts itself means nothing."""
    word = (status or "").strip().lower()
    said = {
        "enriched": found or UNREADABLE,
        "not_found": NOT_FOUND if found is None else CONFLICT,
        "gdpr_removed": REMOVED,
    }.get(word)
    if said is None:
        shown = word if _WORD.fullmatch(word) else "none that is known"
        note = f"the vendor's status: {shown}"
        said = Reading(status=Status.HELD, reason="unknown_status", note=note)
    return replace(said, claims=claims)


def _is_empty(found: msgspec.Struct | None) -> bool:
    return found is None or found == type(found)()


def bind(
    batch: Sequence[Identity],
    readings: Iterable[Reading],
    absent: Reading,
    key_of: Callable[[Identity], str | None],
) -> list[Match]:
    """Give every identity its result, and nobody another's.

    A lead is sent with one key. A result that names several of the batch contradicts itself, one
    that names none is alien: both are left over, and the silence about others then proves nothing.
    """
    found: dict[str, list[Reading]] = {key: [] for key in map(key_of, batch) if key}
    left_over = 0
    for reading in readings:
        named = [key for claim in reading.claims for key in claim & found.keys()]
        if len(named) != 1:
            left_over += 1
        elif not any(_says_the_same(reading, other) for other in found[named[0]]):
            found[named[0]].append(reading)
    if left_over:
        logger.warning("Results that name nobody who was asked for: %d.", left_over)
        absent = UNPROVEN
    return [_answer(found.get(key_of(one) or "", []), absent).match(one) for one in batch]


def _says_the_same(one: Reading, other: Reading) -> bool:
    return replace(one, claims=()) == replace(other, claims=())


def _answer(said: Sequence[Reading], absent: Reading) -> Reading:
    if not said:
        return absent
    note = f"{len(said)} different results name this identity"
    return said[0] if len(said) == 1 else replace(CONFLICT, note=note)


# -- What people and companies are asked with: paths, names and readers --------------------------


@dataclass(frozen=True, slots=True)
class AmplemarketEndpoint:
    """How one kind is asked about, with some options.

    ``start`` and ``find`` are the paths of a job and of a single question, ``listed`` the name of
    the list in a job's body, ``flags`` what stands beside it. ``price`` is the most for one.
    """

    start: str
    find: str
    listed: str
    flags: Mapping[str, bool]
    price: float
    key_of: Callable[[Identity], str | None]
    written: Callable[[Identity], dict[str, str]]
    sought: Callable[[Identity], dict[str, str]]
    read_result: Callable[[bytes], Reading]
    read_found: Callable[[bytes], Reading]

    def body(self, batch: Sequence[Identity]) -> dict[str, Any]:
        """Return the body that starts a job."""
        return {self.listed: [self.written(one) for one in batch], **self.flags}

    def params(self, identity: Identity) -> dict[str, str]:
        """Return the parameters of a single question."""
        flags = {name: "true" for name, is_set in self.flags.items() if is_set}
        return {**self.sought(identity), **flags}


def endpoint_of(kind: Kind, lead_key: LeadKey, *, email: bool, phones: bool) -> AmplemarketEndpoint:
    """Return the endpoints of a kind; what is revealed is of people only."""
    return _companies() if kind == "companies" else _people(lead_key, email=email, phones=phones)


def _people(lead_key: LeadKey, *, email: bool, phones: bool) -> AmplemarketEndpoint:
    return AmplemarketEndpoint(
        start="/people/enrichment-requests",
        find="/people/find",
        listed="leads",
        flags={"reveal_email": email, "reveal_phone_numbers": phones},
        price=prices.maximum_cost(email=email, phones=phones),
        key_of=asked_person,
        written=partial(written_person, lead_key=lead_key),
        sought=written_person,
        read_result=partial(read_person_result, email=email, phones=phones),
        read_found=partial(read_person, email=email, phones=phones),
    )


def _companies() -> AmplemarketEndpoint:
    return AmplemarketEndpoint(
        start="/companies/enrichment-requests",
        find="/companies/find",
        listed="companies",
        flags={},
        price=prices.COMPANY,
        key_of=asked_company,
        written=written_company,
        sought=written_company,
        read_result=read_company_result,
        read_found=read_company,
    )
