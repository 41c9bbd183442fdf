"""SIGINT and SIGTERM at any instant: the spending stops, and requests in flight complete.

``INSTANTS=1000 pytest -m slow tests/kills/test_signals.py`` tells the worst that was seen, too.
"""

import logging
import os
import random
import signal
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
import pytest

from tests.conftest import sample
from tests.kills.conftest import AT_ONCE

logger = logging.getLogger("signals")
INSTANTS = int(os.environ.get("INSTANTS", "1000"))
ROWS, LATENCY = 100, 0.03
BATCH = 25
# Seconds until a signal has reached the process and, in it, a thread: it looks ten times a second.
REACHED = 0.1
PROMPT = 2.0  # seconds, on a machine that has nothing else to do
TASKS = ["interrupted", "in_a_thread", "beside_a_thread", "terminated"]
GAPS = [0.1, 0.4, 0.7]  # seconds between two interrupts
LEGAL = {"matched", "not_found", "removed", "pending", "skipped", "held"}


def seconds(trials) -> float:
    calls = [trials.new("fast", ROWS) for _ in range(AT_ONCE)]
    trials.map(trials.settle, calls)
    return max(trials.answer(call)["seconds"] for call in calls)


def struck(trials, task: str, longest: float, seed: str) -> dict:
    """Send a signal to a call at a random instant; return what was recorded."""
    trial = trials.new("fast", ROWS) | {"task": task}
    delay = random.Random(seed).uniform(0, longest)  # noqa: S311 - no secret
    name = "SIGTERM" if task == "terminated" else "SIGINT"
    trial |= {"raise_after": delay} if task == "in_a_thread" else {"signals": [[delay, name]]}
    (ended,) = trials.together([trial])
    facts = {"trial": trial, "code": ended["code"], "back": ended["ended"], "again": ended["ended"]}
    facts |= {"sent": ended["sent"][0]} if ended["sent"] else {}
    if trials.file(trial, ".heard").exists():
        facts |= {"heard": float(trials.file(trial, ".heard").read_text())}
    if trials.file(trial, ".json").exists():
        facts |= trials.answer(trial)
    if "statuses" not in facts:  # its process has ended
        plain = {name: trial[name] for name in ("vendor", "slugs", "journal")}
        facts["statuses"] = trials.settle(plain)
    return facts


def intents(case: dict) -> np.ndarray:
    """Return when the interrupted call started each of its billed requests.

    The vendor's books would tell too late of it, where others keep the vendor from writing.
    """
    with closing(sqlite3.connect(case["trial"]["journal"])) as journal:
        query = "SELECT sent FROM requests WHERE billed AND outcome IS NOT 'not_sent'"
        sent = journal.execute(query).fetchall()
    return np.array([at for (at,) in sent if at < case["again"]])


def judge(case: dict, charged: pd.DataFrame) -> dict:
    """Assert what holds at every instant; return the figures."""
    slugs, first, last = case["trial"]["slugs"], case.get("first", {}), case["statuses"]
    codes = {"beside_a_thread": {-signal.SIGINT, 1}, "terminated": {-signal.SIGTERM}}
    assert case["code"] in codes.get(case["trial"]["task"], {0}), case
    mine = charged[charged["slug"].isin(slugs)]
    assert mine["slug"].is_unique, "paid twice"
    found = {slug for slug, status in last.items() if status in ("matched", "held")}
    assert set(mine["slug"]) <= found, "paid for and lost"
    assert not {"pending", "skipped"} & set(last.values())
    begun = intents(case)
    assert (mine["at"] < case["again"]).sum() <= BATCH * len(begun), "charged without an intent"
    heard = case.get("heard", case["back"])
    assert max([0.0, *begun]) <= heard, "a request started after the library knew of the signal"
    prompt = case["back"] - case["sent"]
    is_drained = case["trial"]["task"] != "terminated" or prompt < PROMPT / 2
    assert not is_drained or "held" not in last.values(), "in flight, and did not land"
    if first:
        assert list(first) == slugs
        assert set(first.values()) <= LEGAL
        stays = {slug: one for slug, one in first.items() if one in ("matched", "not_found")}
        assert {slug: last[slug] for slug in stays} == stays
    late = max([0.0, *begun - case["sent"]])
    return {"prompt": prompt, "late": late, "kind": case.get("kind", ""), "paid": len(mine)}


def strike(trials, task: str, count: int, longest: float, name: str) -> pd.DataFrame:
    seeds = [f"{task} {name} {number}" for number in range(count)]
    cases = trials.map(lambda seed: struck(trials, task, longest, seed), seeds)
    charged = trials.ledger()
    stillborn = [case for case in cases if case.get("stillborn")]
    if stillborn:
        logger.warning("%s: %d signals went to a thread not yet born", task, len(stillborn))
    return pd.DataFrame([judge(case, charged) for case in cases if case not in stillborn])


@pytest.mark.parametrize("task", sample(TASKS, keep=2))
def test_signal_at_any_instant_loses_nothing(trials, task):
    figures = strike(trials, task, 4, seconds(trials), "few")  # which asserts the order of events
    assert len(figures) or task == "in_a_thread"


@pytest.mark.slow
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("task", TASKS)
def test_signal_at_a_thousand_instants_loses_nothing(trials, task):
    longest, done = seconds(trials), []
    while (count := sum(map(len, done))) < INSTANTS:
        done.append(strike(trials, task, min(100, INSTANTS - count), longest, str(count)))
        outcomes = pd.concat(done)
        logger.warning(
            "%s: %d signals; prompt %.3f s at most, %.3f s in 99 of 100; a request began %.3f s"
            " after it, %d of them; %s",
            task,
            len(outcomes),
            outcomes["prompt"].max(),
            outcomes["prompt"].quantile(0.99),
            outcomes["late"].max(),
            (outcomes["late"] > 0).sum(),
            outcomes["kind"].value_counts().to_dict(),
        )
    # Of a machine that has nothing else to do.
    assert outcomes["prompt"].max() <= PROMPT
    assert outcomes["late"].max() <= REACHED


def is_back_first(trials, gap: float, delay: float) -> bool:
    """Interrupt a call twice; return whether it returns before an answer in flight."""
    trial = trials.new("fast", ROWS)
    trials.slow_down(trial, delay, batches=2)
    trial |= {"task": "interrupted", "ready_at": 2}
    (ended,) = trials.together([trial | {"signals": [[0.3, "SIGINT"], [0.3 + gap, "SIGINT"]]}])
    assert ended["code"] == 0, trials.file(trial, ".error").read_text()
    case = trials.answer(trial)
    assert case["kind"] == "RunInterrupted"
    assert {"pending", "skipped"} & set(case["first"].values())
    assert not {"held", "pending", "skipped"} & set(case["statuses"].values())
    with closing(sqlite3.connect(trial["journal"])) as journal:
        query = "SELECT MAX(answered) FROM requests WHERE billed AND sent < ?"
        ((last,),) = journal.execute(query, (case["back"],))
    return case["back"] < last


def test_second_signal_does_not_wait_for_requests(trials):
    for delay in (5.0, 20.0, 45.0):  # longer delays for slower machines
        if all(trials.map(lambda gap, late=delay: is_back_first(trials, gap, late), GAPS)):
            return
    pytest.fail("the call is back only when the answers are")
