"""Eight processes on one journal: one charge for each person, whoever is killed."""

import random

import pytest

from tests.kills.conftest import SIGKILLED, TRIES, Trials

PROCESSES = 8


def overlapping(trials: Trials, vendor: str, dice: random.Random) -> list[dict]:
    """Make calls about the same people, shuffled, all on one journal."""
    whole = trials.new(vendor, rows=40)
    calls = []
    for number in range(PROCESSES):
        slugs = dice.sample(whole["slugs"], 25)
        calls.append({**whole, "slugs": slugs, "out": f"{whole['journal']}.{number}"})
    return calls


@pytest.mark.parametrize("vendor", ["crustdata", "amplemarket"])
def test_overlapping_rows_are_paid_for_once_with_kills_among_them(trials, vendor):
    dice = random.Random(vendor)  # noqa: S311 - no secret
    calls = overlapping(trials, vendor, dice)
    delays = [dice.uniform(0.02, 0.3) if number % 3 == 0 else None for number in range(PROCESSES)]
    codes = trials.map(
        lambda pair: trials.run(pair[0], kill_after=pair[1]), zip(calls, delays, strict=True)
    )
    assert SIGKILLED in codes
    assert set(codes) <= {0, SIGKILLED}
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
