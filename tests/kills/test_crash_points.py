"""Kills at every boundary of a run: nothing is paid twice, and nothing paid for is lost.

All points of each vendor by default; pairs of points, in a run and in the run after it, with
``-m slow``.
"""

import random

import pytest

from tests.conftest import sample
from tests.kills.conftest import SIGKILLED, judged

VENDORS = ["crustdata", "amplemarket", "zoho"]
# One job is as good as several here; two requests of Crustdata are on their way at a time.
FEW = {"crustdata": 30, "amplemarket": 3, "zoho": 1}
PAIRS = 300  # of each vendor


def boundaries(trials, vendor):
    trial = trials.new(vendor, FEW[vendor])
    trials.settle(trial)
    return trials.answer(trial)["boundaries"]


def killed_at(trials, vendor, *points):
    """Kill one call after the other at these points, then complete it."""
    trial = trials.new(vendor, FEW[vendor])
    codes = [trials.run(trial, kill_at=point) for point in points]
    trial["kills"] = list(zip(points, codes, strict=True))
    return trial, trials.settle(trial)


@pytest.mark.parametrize("vendor", sample(VENDORS))
def test_crash_at_every_point_loses_nothing(trials, vendor):
    points = range(len(boundaries(trials, vendor)))
    ended = trials.map(lambda point: killed_at(trials, vendor, point), points)
    assert judged(trials, ended) == len(points)
    landed = sum(code == SIGKILLED for trial, _ in ended for _, code in trial["kills"])
    assert landed >= len(points) - 8  # as the workers' turns fall, a run has some points less
    assert any("held" in statuses.values() for _, statuses in ended)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("vendor", VENDORS)
def test_crashes_at_some_pairs_of_points(trials, vendor):
    points = range(len(boundaries(trials, vendor)))
    dice = random.Random(f"{vendor} pairs")  # noqa: S311 - no secret
    pairs = [(dice.choice(points), dice.choice(points)) for _ in range(PAIRS)]
    assert judged(trials, trials.map(lambda pair: killed_at(trials, vendor, *pair), pairs)) == PAIRS


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("vendor", VENDORS)
def test_crashes_at_every_pair_of_points(trials, vendor):
    points = range(len(boundaries(trials, vendor)))
    pairs = [(first, second) for first in points for second in points]
    ended = trials.map(lambda pair: killed_at(trials, vendor, *pair), pairs)
    assert judged(trials, ended) == len(pairs)
