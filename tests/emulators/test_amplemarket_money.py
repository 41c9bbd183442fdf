"""The charges of Amplemarket's emulator: identities, amounts and times."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from enrich_pandas.emulators.account import SandboxOptions, VendorAccount
from enrich_pandas.emulators.amplemarket.lookup import LeadLookup
from enrich_pandas.emulators.amplemarket.service import DAY, AmplemarketJob, AmplemarketJobs
from enrich_pandas.emulators.vendor import World
from tests.emulators.amplemarket_client import BULK, Caller, lead

Open = Callable[..., Caller]


@pytest.fixture
def caller(open_box: Callable[..., Any]) -> Iterator[Open]:
    callers: list[Caller] = []

    def start(**options: Any) -> Caller:
        callers.append(Caller(open_box(**{"misses": 0, **options})[0]))
        return callers[-1]

    yield start
    for one in callers:
        one.session.close()


def test_job_above_the_balance_is_not_started(caller: Open) -> None:
    call = caller(credits=1)
    refused = call.start(lead(1), lead(2), lead(3))
    assert refused.status_code == 402
    assert refused.json()["_errors"][0]["code"] == "insufficient_credits"
    assert call("GET", f"{BULK}/1").status_code == 404
    assert call.start(lead(1), lead(2), lead(1)).status_code == 202  # one lead is listed twice
    assert call("GET", "/people/find", params=lead(3)).status_code == 402
    assert call("GET", "/people/find", params=lead(2)).status_code == 200
    assert call.spent == 1


def test_ledger_names_the_requested_identities(caller: Open) -> None:
    call = caller()
    call.start({"linkedin_url": "https://linkedin.com/in/Ada-Example-1/"}, lead(7), lead(7))
    call.start({"email": "Ada@example.com"}, {"linkedin_id": "ada-example-1"}, reveal_email=True)
    ledger = call.box.ledger
    assert set(ledger["identity"]) == {"ada-example-1", "person-7-example", "ada@example.com"}
    assert set(ledger["endpoint"]) == {BULK}
    assert (ledger["identity"] == "person-7-example").sum() == 1


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def timed(
    play: Callable[[Clock, AmplemarketJobs, LeadLookup], Awaitable[None]], **options: Any
) -> None:
    """Run a coroutine with a clock that the test sets."""

    async def inside() -> None:
        clock, world = Clock(), World(SandboxOptions(misses=0, job_seconds=(100, 100)))
        await play(
            clock, AmplemarketJobs(world, VendorAccount(clock=clock, **options)), LeadLookup(world)
        )

    asyncio.run(inside())


def started(jobs: AmplemarketJobs, lookup: LeadLookup, numbers: range) -> AmplemarketJob:
    job = jobs.start("people", BULK, [lookup.person(lead(number)) for number in numbers])
    assert job is not None
    return job


def test_job_charges_each_lead_when_it_is_processed() -> None:
    async def play(clock: Clock, jobs: AmplemarketJobs, lookup: LeadLookup) -> None:
        job, seen = started(jobs, lookup, range(8)), []
        for clock.now in (0.0, 19.0, 20.0, 50.0, 99.0, 100.0):
            jobs.advance(job)
            seen.append((job.status(clock.now), len(jobs.world.ledger.charges)))
        assert [status for status, _ in seen] == [
            *("queued", "queued", "processing", "processing", "processing", "completed"),
        ]
        assert [count for _, count in seen] == [0, 0, 0, 3, 7, 8]
        slugs = [f"person-{number}-example" for number in range(8)]
        assert [one.identity for one in jobs.world.ledger.charges] == slugs

    timed(play)


def test_canceled_job_refunds_unprocessed_leads() -> None:
    async def play(clock: Clock, jobs: AmplemarketJobs, lookup: LeadLookup) -> None:
        job = started(jobs, lookup, range(8))
        assert jobs.account.balance == 0
        clock.now = 50.0
        jobs.cancel(job)
        assert job.status(clock.now) == "canceled"
        assert len(job.shown()) == len(jobs.world.ledger.charges) == 3
        assert jobs.account.balance == 2.5
        clock.now = 200.0
        jobs.advance(job)
        assert len(job.shown()) == 3
        again = started(jobs, lookup, range(8))  # the first three are charged already
        clock.now = 300.0
        jobs.advance(again)
        assert [one.credits for one in jobs.world.ledger.charges] == [0.5] * 8
        assert jobs.account.balance == 0

    timed(play, credits=4.0)


def test_person_is_charged_daily_and_email_once() -> None:
    async def play(clock: Clock, jobs: AmplemarketJobs, lookup: LeadLookup) -> None:
        number = next(n for n in range(9) if "email" in dict(_revealed(lookup, n).dues))
        for clock.now in (0.0, DAY - 1, DAY, 3 * DAY):
            assert jobs.charge("/people/find", _revealed(lookup, number))
        assert [one.credits for one in jobs.world.ledger.charges] == [1.5, 0.5, 0.5]

    timed(play)


def _revealed(lookup: LeadLookup, number: int) -> Any:
    return lookup.person(lead(number), email=True)


def test_concurrent_jobs_charge_a_person_once() -> None:
    async def play(clock: Clock, jobs: AmplemarketJobs, lookup: LeadLookup) -> None:
        both = [started(jobs, lookup, range(4)) for _ in range(2)]
        clock.now = 100.0
        for job in both:
            jobs.advance(job)
        assert len(jobs.world.ledger.charges) == 4
        assert jobs.account.spent == 2.0

    timed(play)


def test_job_is_charged_without_polling(caller: Open) -> None:
    for seconds in (0.5, 5.0, 20.0):  # on a slow machine a short job ends before the first read
        call = caller(job_seconds=(seconds, seconds))
        call.start(lead(1))
        if is_open := call.box.ledger.empty:
            break
    assert is_open
    deadline = time.monotonic() + 60
    while call.box.ledger.empty and time.monotonic() < deadline:
        time.sleep(0.05)
    assert call.box.ledger["credits"].tolist() == [0.5]


def test_job_duration_and_order_depend_on_the_seed() -> None:
    def drawn(seed: int) -> list[Any]:
        async def inside() -> list[Any]:
            world = World(SandboxOptions(misses=0, seed=seed, job_seconds=(1, 9)))
            jobs = AmplemarketJobs(world, world.account())
            started_ = [started(jobs, LeadLookup(world), range(4)) for _ in range(3)]
            return [(job.seconds, tuple(job.order)) for job in started_]

        return asyncio.run(inside())

    assert drawn(1) == drawn(1) != drawn(2)
    assert len({seconds for seconds, _ in drawn(1)}) == 3
    assert all(order != (0, 1, 2, 3) for _, order in drawn(1))
