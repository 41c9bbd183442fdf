"""Eight processes, one budget by name, mixed prices, kills among them: never above it.

``RUNS=1000 pytest -m slow tests/kills/test_budgets.py`` tells how much of it was used, too.
"""

import logging
import os
import random

import pandas as pd
import pytest

from tests.kills.conftest import SIGKILLED

logger = logging.getLogger("budgets")
RUNS = int(os.environ.get("RUNS", "1000"))
BUDGET = 1000
ROWS = 50  # of each process: 1,650 credits without a budget
VENDORS = ["fast", "email", "screener", "screener", "realtime", "realtime", "dearest", "dearest"]
KILLS = 3


def shared(trials, seed: str) -> tuple[list[dict], list[dict]]:
    """Spend one budget from eight processes, then resume those that were killed."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    whole = trials.new("fast", ROWS * len(VENDORS))
    calls = []
    for number, vendor in enumerate(VENDORS):
        slugs = whole["slugs"][ROWS * number : ROWS * (number + 1)]
        out = whole["journal"].replace(".sqlite", f"-{number}.sqlite")
        terms = {"vendor": vendor, "shared": [BUDGET, "spring"]}
        calls.append(whole | terms | {"slugs": slugs, "out": out})
    killed = set(dice.sample(range(len(calls)), KILLS))
    delays = [dice.uniform(0.02, 0.6) if number in killed else None for number in range(len(calls))]
    struck = [call | {"kill_after": delay} for call, delay in zip(calls, delays, strict=True)]
    codes = [one["code"] for one in trials.together(struck)]
    assert set(codes) <= {0, SIGKILLED}
    again = [call for call, code in zip(calls, codes, strict=True) if code]
    assert not any(one["code"] for one in trials.together(again))
    return whole["slugs"], codes


def spend(trials, count: int, name: str) -> pd.DataFrame:
    runs = trials.map(lambda seed: shared(trials, seed), [f"{name} {n}" for n in range(count)])
    ledger = trials.ledger()
    trial_of = {slug: number for number, (slugs, _) in enumerate(runs) for slug in slugs}
    mine = ledger[ledger["slug"].isin(trial_of)]
    assert mine["slug"].is_unique
    spent = mine.groupby(mine["slug"].map(trial_of))["credits"].sum()
    kills = [codes.count(SIGKILLED) for _, codes in runs]
    return pd.DataFrame({"spent": spent.reindex(range(count), fill_value=0), "kills": kills})


def test_eight_processes_never_spend_more_than_their_budget(trials):
    outcomes = spend(trials, 2, "few")
    assert outcomes["spent"].max() <= BUDGET
    assert (
        outcomes["spent"].min() > BUDGET / 4
    )  # only matches are charged, and killed processes hold a part


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_budget_holds_in_a_thousand_runs(trials):
    done = []
    while (count := sum(map(len, done))) < RUNS:
        done.append(spend(trials, min(20, RUNS - count), str(count)))
        outcomes = pd.concat(done)
        logger.warning(
            "%d runs, %d kills; %g to %g credits of %d, %g on average",
            len(outcomes),
            outcomes["kills"].sum(),
            outcomes["spent"].min(),
            outcomes["spent"].max(),
            BUDGET,
            outcomes["spent"].mean(),
        )
        assert outcomes["spent"].max() <= BUDGET
