"""SIGKILL at any instant, up to five times in a row: nothing paid twice, nothing paid for lost.

``KILLS=2000 pytest -m slow tests/kills/test_random_kills.py`` goes on until so many have landed, of
each vendor, and tells how many rows were held.
"""

import logging
import os
import random

import pytest

from tests.conftest import sample
from tests.kills.conftest import AT_ONCE, SIGKILLED, judged

logger = logging.getLogger("kills")
VENDORS = ["crustdata", "amplemarket", "zoho"]
TRIALS = 5
CONNECTIONS, BATCH = 2, 25
KILLS = int(os.environ.get("KILLS", "2000"))


def seconds(trials, vendor):
    """Return how long an undisturbed call takes among others."""
    calls = [trials.new(vendor) for _ in range(AT_ONCE)]
    trials.map(trials.settle, calls)
    return max(trials.answer(call)["seconds"] for call in calls)


def trial(trials, vendor, longest, seed):
    """Kill one call after the other at random instants, then complete one."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    one = trials.new(vendor)
    delays = [dice.uniform(0, longest) for _ in range(dice.randint(1, 5))]
    codes = [trials.run(one, kill_after=delay) for delay in delays]
    one["kills"] = [seed, *zip(delays, codes, strict=True)]
    return one, trials.settle(one)


def landed(ended):
    return sum(code == SIGKILLED for one, _ in ended for _, code in one["kills"][1:])


@pytest.mark.parametrize("vendor", sample(VENDORS))
def test_kill_at_random_instant_loses_nothing(trials, vendor):
    longest = seconds(trials, vendor)
    seeds = [f"{vendor} {number}" for number in range(TRIALS)]
    ended = trials.map(lambda seed: trial(trials, vendor, longest, seed), seeds)
    assert judged(trials, ended) == TRIALS
    assert landed(ended) >= TRIALS / 2


def test_resend_pays_at_most_for_requests_in_flight(trials):
    longest = seconds(trials, "crustdata")
    dice = random.Random("resend")  # noqa: S311 - no secret
    calls = [trials.new("crustdata", rows=60) for _ in range(12)]
    delays = [dice.uniform(longest / 2, longest) for _ in calls]
    trials.map(
        lambda pair: trials.run(pair[0], kill_after=pair[1]), zip(calls, delays, strict=True)
    )
    begun = [call for call in calls if trials.has_begun(call)]
    ended = trials.map(lambda call: trials.settle(call, resume="resend"), begun)
    charges = trials.charges()
    for call, statuses in zip(begun, ended, strict=True):
        assert set(statuses.values()) <= {"matched", "not_found", "failed", "removed"}
        twice = [slug for slug in call["slugs"] if charges.get(slug, 0) > 1]
        assert len(twice) <= CONNECTIONS * BATCH
    assert max(charges.get(slug, 0) for call in begun for slug in call["slugs"]) == 2


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("vendor", VENDORS)
def test_given_number_of_random_kills_loses_nothing(trials, vendor):
    count = start = held = 0
    longest = seconds(trials, vendor)
    while count < KILLS:
        seeds = [f"{vendor} {number}" for number in range(start, start + 200)]
        ended = trials.map(lambda seed: trial(trials, vendor, longest, seed), seeds)
        judged(trials, ended)
        count, start = count + landed(ended), start + 200
        held += sum(list(statuses.values()).count("held") for _, statuses in ended)
        logger.warning("%s: %d trials, %d kills, %d rows held", vendor, start, count, held)
