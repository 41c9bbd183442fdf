"""What a result says, about whom, and to which identities of a batch it belongs."""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import msgspec

from enrich_pandas.models import Model
from enrich_pandas.providers.amplemarket import company_types, person_types, prices
from enrich_pandas.providers.amplemarket.companies import company_of
from enrich_pandas.providers.amplemarket.people import person_of
from enrich_pandas.providers.amplemarket.requests import echoed_company, echoed_person, own_company
from enrich_pandas.providers.base import Identity, Match, Status
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
    result, odd = read(raw, person_types.PersonResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = found_person(found, odd, email=email, phones=phones) if found else None
    return _judged(result.status, reading, [echoed_person(result)])


def read_company_result(raw: bytes) -> Reading:
    """Read a result of an enrichment request for companies.

    The company's own page and domain tell whom it is about only where nothing is echoed.
    """
    result, odd = read(raw, company_types.CompanyResult)
    if result is None:
        return UNREADABLE
    found = None if _is_empty(result.result) else result.result
    reading = found_company(found, odd) if found else None
    return _judged(result.status, reading, [echoed_company(result) or own_company(result)])


def read_person(raw: bytes, *, email: bool, phones: bool) -> Reading:
    """Read a Person object that was asked for alone."""
    found, odd = read(raw, person_types.Person)
    if found is None or _is_empty(found):
        return UNREADABLE
    return found_person(found, odd, email=email, phones=phones)


def read_company(raw: bytes) -> Reading:
    """Read a Company object that was asked for alone."""
    found, odd = read(raw, company_types.Company)
    return UNREADABLE if found is None or _is_empty(found) else found_company(found, odd)


def found_person(
    found: person_types.Person, odd: list[str], *, email: bool, phones: bool
) -> Reading:
    """Return a person as found; what was odd in the answer is noted."""
    person = person_of(found)
    return _matched(person, prices.cost(person, email=email, phones=phones), odd)


def found_company(found: company_types.Company, odd: list[str]) -> Reading:
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
