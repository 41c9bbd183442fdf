"""P20, F13 and F15: an answer that is truncated at any byte.

Every complete element is stored; the others are held. The results of a job are found again: by the
Location header, by the list of jobs, or by another request.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from json import JSONDecoder
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.providers.base import Outcome, Provider, Response, Status
from enrich_pandas.testing.driving import Conversation, drive
from enrich_pandas.transport.outcome import repair_response
from tests.faults.judging import PROVIDERS, sandbox_name
from tests.faults.talking import identities, line_of

PROFILES = 25
SLUGS = [f"p{number}-example" for number in range(PROFILES)]
LISTED = 150  # bytes of a list with one job
SAMPLE = 149  # bytes between two cuts; a prime, to avoid the patterns of the body


@cache
def answer(vendor: str) -> Response:
    """Return the answer of the emulator for 25 people."""
    provider = PROVIDERS[vendor]()
    with ep.sandbox(misses=0), line_of(provider) as line:
        request = next(provider.flow("people", identities(SLUGS)))
        return line.once(request)


def ends(body: bytes) -> list[int]:
    """Return the end of each element of an array, by the decoder of the standard library."""
    text, found, position = body.decode("latin-1"), list[int](), 1
    for _ in range(PROFILES):
        _, end = JSONDecoder().raw_decode(text, position)
        found.append(end)
        position = end + 1
    return found


def landed(provider: Provider, whole: Response, cut: int) -> dict[Any, Status]:
    part = replace(whole, body=whole.body[:cut], outcome=Outcome.DAMAGED)
    talk = drive(provider, "people", identities(SLUGS), lambda _: repair_response(part))
    assert len(talk.requests) == 1
    return talk.statuses


def judge_cuts(vendor: str, cuts: Sequence[int]) -> None:
    provider, whole, people = PROVIDERS[vendor](), answer(vendor), identities(SLUGS)
    complete = ends(whole.body)
    for cut in cuts:
        count = sum(end <= cut for end in complete)
        expected = [Status.MATCHED] * count + [Status.HELD] * (PROFILES - count)
        statuses = landed(provider, whole, cut)
        assert [statuses[one] for one in people] == expected, cut


@pytest.mark.parametrize("vendor", ["crustdata", "screener"])
def test_complete_profiles_of_truncated_answer_are_stored(vendor: str) -> None:
    length = len(answer(vendor).body)
    near = [end + step for end in ends(answer(vendor).body) for step in (-1, 0, 1, 2)]
    judge_cuts(vendor, sorted({*range(0, length, SAMPLE * 5), *near[::5], length - 1}))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("vendor", ["crustdata", "screener"])
def test_complete_profiles_are_stored_at_every_byte(vendor: str, part: int) -> None:
    judge_cuts(vendor, range(part, len(answer(vendor).body), 8))


# Over HTTP

HOW = [{}, {"by_reset": True}, {"is_announced": True}]
# The truncated answer, the expected status, and the bytes between two cuts.
JOBS = [
    ("amplemarket", "submit", Status.MATCHED, 12),
    ("amplemarket", "poll", Status.MATCHED, 120),
    ("zoho", "submit", Status.MATCHED, 12),
    ("zoho", "list", Status.MATCHED, 12),
    ("zoho", "poll", Status.MATCHED, 60),
    ("single", "find", Status.HELD, 60),
]


@contextmanager
def cutting(vendor: str, where: str) -> Iterator[Callable[[int], Conversation]]:
    """Yield a function that truncates the answer for another person; all are charged."""
    with ep.sandbox(misses=0) as box, line_of(PROVIDERS[vendor]()) as line:

        def cut(at: int) -> Conversation:
            box.fault(sandbox_name(vendor), where, "truncated", at=at, **HOW[at % 3])
            return line.talk([f"p{at:04}-example"])

        yield cut
        paid = box.ledger["identity"].str.rpartition("/")[2]
        assert paid.is_unique
        assert len(paid) == box.requests["fault"].eq("truncated").sum()


def length_at(vendor: str, where: str) -> int:
    """Return the length of that answer for a similar person."""
    with ep.sandbox(misses=0), line_of(PROVIDERS[vendor]()) as line:
        line.talk(["first-example"])
        talk = line.talk(["p0000-example"])
    answers = {"submit": talk.responses[0], "find": talk.responses[0], "poll": talk.responses[-1]}
    return len(answers[where].body) if where in answers else LISTED


def judge_jobs(vendor: str, where: str, status: Status, step: int) -> None:
    with cutting(vendor, where) as cut:
        for at in range(0, length_at(vendor, where), step):
            talk = cut(at)
            is_cut = any(one.outcome is Outcome.DAMAGED for one in talk.responses)
            assert set(talk.statuses.values()) == {status if is_cut else Status.MATCHED}, at
            assert len(talk.billed) == 1, at


@pytest.mark.parametrize(("vendor", "where", "status", "step"), JOBS)
def test_truncated_answer_of_a_job_loses_nothing(
    vendor: str, where: str, status: Status, step: int
) -> None:
    judge_jobs(vendor, where, status, step)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("vendor", "where", "status", "step"), JOBS)
def test_answer_of_a_job_can_be_truncated_anywhere(
    vendor: str, where: str, status: Status, step: int
) -> None:
    judge_jobs(vendor, where, status, 1)


def test_truncated_start_without_location_header_is_held() -> None:
    """The job cannot be found: neither its id nor the header has arrived."""
    with ep.sandbox(misses=0), line_of(ep.Amplemarket()) as line:
        (first, *_) = line.talk(["p0-example"]).responses
    bare = {name: text for name, text in first.headers.items() if name != "location"}
    for at in range(len(first.body)):
        cut = replace(first, body=first.body[:at], headers=bare, outcome=Outcome.DAMAGED)
        talk = drive(ep.Amplemarket(), "people", identities(["p0-example"]), lambda _, c=cut: c)
        assert [(one.status, one.reason) for one in talk.matches] == [(Status.HELD, "answer_cut")]
        assert len(talk.requests) == 1
