"""Eight processes on one journal: one charge for each person, despite kills and stops."""

import os
import random

import pytest

from tests.conftest import sample
from tests.kills.conftest import SIGKILLED, TRIES, Trials
from tests.kills.nursery import FAILED

PROCESSES = 8
STOPPED = float(os.environ.get("STOPPED", "60"))  # seconds
TAKEOVER = 1.0  # seconds, on a machine that has nothing else to do


def overlapping(trials: Trials, vendor: str, dice: random.Random, rows: int = 40) -> list[dict]:
    """Return calls with the same people, shuffled, all on one journal."""
    whole = trials.new(vendor, rows)
    calls = []
    for number in range(PROCESSES):
        slugs = dice.sample(whole["slugs"], rows * 5 // 8)
        out = whole["journal"].replace(".sqlite", f"-{number}.sqlite")
        calls.append({**whole, "slugs": slugs, "out": out})
    return calls


def paid_once(trials: Trials, calls: list[dict]) -> dict[str, str]:
    """Complete every call; assert one charge at most for each person, and return the statuses."""
    statuses = {}
    for call in calls:
        for _ in range(TRIES):
            assert trials.run(call) == 0
            found = trials.answer(call)["statuses"]
            if "pending" not in found.values():
                break
        statuses |= found
    charges = trials.charges()
    paid = {slug: charges.get(slug, 0) for slug in statuses}
    assert max(paid.values()) == 1
    assert all(statuses[slug] in ("matched", "held") for slug, times in paid.items() if times)
    return statuses


@pytest.mark.parametrize("vendor", sample(["crustdata", "amplemarket"]))
def test_killed_processes_pay_once_for_overlapping_rows(trials, vendor):
    dice = random.Random(vendor)  # noqa: S311 - no secret
    calls = overlapping(trials, vendor, dice)
    delays = [dice.uniform(0.02, 0.3) if number % 3 == 0 else None for number in range(PROCESSES)]
    struck = [{**one, "kill_after": delay} for one, delay in zip(calls, delays, strict=True)]
    codes = [one["code"] for one in trials.together(struck)]
    assert SIGKILLED in codes
    # A process stopped while it writes locks the journal: others give up and lose nothing.
    assert set(codes) <= {0, SIGKILLED, FAILED}
    gave_up = [one for one, code in zip(calls, codes, strict=True) if code == FAILED]
    assert all("is locked" in trials.file(one, ".error").read_text() for one in gave_up)
    paid_once(trials, calls)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousand_rows_survive_kills_and_stops(trials):
    dice = random.Random("stops")  # noqa: S311 - no secret
    calls = overlapping(trials, "fast", dice, rows=1000)
    signals = [
        [[dice.uniform(0.1, 1), "SIGKILL"]],
        [[at := dice.uniform(0.1, 1), "SIGSTOP"], [at + STOPPED, "SIGCONT"]],
        [],
        [[dice.uniform(0.1, 1), "SIGKILL"]],
        [[at := dice.uniform(0.1, 1), "SIGSTOP"], [at + STOPPED, "SIGCONT"]],
        *[[]] * 3,
    ]
    struck = [{**one, "signals": some} for one, some in zip(calls, signals, strict=True)]
    codes = [one["code"] for one in trials.together(struck)]
    assert set(codes) <= {0, SIGKILLED}
    paid_once(trials, calls)


def beside(trials: Trials, *signals: list) -> tuple[dict, dict, dict]:
    """Send signals to a process that has claimed what another process waits for.

    Returns what the other one tells, and how each of the two ended.
    """
    first = trials.new("fast", 25)
    second = {**first, "out": first["journal"].replace(".sqlite", "-second.sqlite")}
    trials.slow_down(first, 1.0, batches=1)
    owner, other = trials.together(
        [{**first, "ready_at": 1, "signals": list(signals)}, {**second, "after": first["journal"]}]
    )
    assert other["code"] == 0
    return trials.answer(second), owner, other


@pytest.mark.slow
def test_claims_of_stopped_process_are_kept(trials):
    waiting, owner, _ = beside(trials, [0.3, "SIGSTOP"], [0.3 + STOPPED, "SIGCONT"])
    assert owner["code"] == 0
    assert waiting["ended"] > owner["sent"][1]  # it waited until the owner continued
    assert not {"held", "pending", "skipped"} & set(waiting["statuses"].values())
    charges = trials.charges()
    assert max(charges.get(slug, 0) for slug in waiting["statuses"]) == 1


def taken_over(trials: Trials) -> float:
    """Kill the process that has claimed what another waits for; return the other's seconds."""
    waiting, owner, _ = beside(trials, [0.3, "SIGKILL"])
    assert owner["code"] == SIGKILLED
    assert set(waiting["statuses"].values()) == {"held"}  # its request was in flight
    return waiting["ended"] - owner["sent"][0]


def test_claims_of_killed_process_are_adopted(trials):
    taken_over(trials)


@pytest.mark.slow  # a busy machine can take longer
def test_claims_of_killed_process_are_adopted_at_once(trials):
    assert taken_over(trials) < TAKEOVER
