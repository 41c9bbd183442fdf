"""Nothing is paid twice, and nothing paid for is lost, by the vendor's ledger.

Processes are forked and killed, not simulated: the kill comes at every boundary that a run
crosses, before and after each commit of the journal and each request.
"""

import itertools
import os
import random
import signal
import sqlite3
import time
import warnings
from collections import Counter
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from enrich_pandas.emulators.faults import (
    AfterFaults,
    BeforeFaults,
    ListFaults,
    fault_names as faults_of,
)
from enrich_pandas.errors import JournalError
from enrich_pandas.journal import Journal
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.base import RateLimit
from enrich_pandas.transport import Transport
from tests.conftest import asked, sample

APIS = ["2025-11-01", "screener"]
WRITES = [
    "begin_run",
    "claim",
    "adopt",
    "record_intent",
    "record_answer",
    "store_results",
    "end_run",
]


def people(count, start=0):
    return pd.DataFrame(
        {
            "LinkedIn": [
                f"https://www.linkedin.com/in/p{n}-example" for n in range(start, start + count)
            ]
        }
    )


def enrich(frame, api="2025-11-01", connections=2, **options):
    """Enrich at full speed; return the result so far of an error."""
    provider = ep.Crustdata(api=api, connections=connections, rate=RateLimit(10_000, 1))
    try:
        return frame.enrich.people(provider, progress=None, **options)
    except ep.EnrichError as error:
        return error.result


def counts(frame):
    return frame["person_status"].value_counts().to_dict()


def assert_nothing_is_lost(box, frame):
    """Assert that each charge is a result or held, and none was made twice."""
    who = set(frame["LinkedIn"])
    ledger = box.ledger[box.ledger["identity"].isin({url.rsplit("/", 1)[1] for url in who} | who)]
    assert len(ledger) == ledger["identity"].nunique()
    settled = frame.loc[frame["person_status"].isin(["matched", "held"]), "LinkedIn"]
    assert set(ledger["identity"].str.rsplit("/").str[-1]) <= set(settled.str.rsplit("/").str[-1])
    runs = ep.runs()
    known, held = runs["credits"].sum(), runs["credits_held"].sum()
    assert known <= ledger["credits"].sum() <= known + held


# -- crashes -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vendor():
    """A sandbox in its own process: it survives the kills, and starts no thread here."""
    with ep.sandbox(misses=0, process=True) as box:
        yield box


@pytest.fixture
def joined(vendor, tmp_path):
    """Join the vendor with a journal of its own."""
    return lambda name: ep.sandbox(url=vendor.url("crustdata"), journal=tmp_path / f"{name}.sqlite")


def die_at(crossing):
    """Kill this process at the n-th boundary."""
    left = itertools.count(1)

    def cross():
        if next(left) == crossing:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(kind, name):
        real = getattr(kind, name)

        def watched(self, *args, **options):
            cross()
            answer = real(self, *args, **options)
            cross()
            return answer

        setattr(kind, name, watched)

    for name in WRITES:
        watch(Journal, name)
    watch(Transport, "send")


def fork(task):
    """Do a task in a child; return its process id."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child:
        return child
    try:
        task()
    finally:
        os._exit(0)


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed(frame, crossing, api, **options):
    """Enrich in a child that is killed at a boundary; return False if it crosses fewer."""

    def task():
        die_at(crossing)
        enrich(frame, api, **options)

    return ended(fork(task)) == -signal.SIGKILL


@pytest.mark.parametrize("api", ["2025-11-01", pytest.param("screener", marks=pytest.mark.slow)])
def test_crash_at_any_boundary_charges_nothing_twice(vendor, joined, api):
    for crossing in itertools.count(1):
        frame = people(50, 1000 * crossing + 500_000 * APIS.index(api))
        with joined(crossing):
            if not killed(frame, crossing, api):
                break
            again = enrich(frame, api)
            assert set(again["person_status"]) <= {"matched", "held"}
            assert_nothing_is_lost(vendor, again)
    assert crossing > 24  # two batches, and every boundary of each


@pytest.mark.parametrize("trials", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_repeated_crashes_charge_nothing_twice(vendor, joined, trials):
    dice = random.Random(trials)  # noqa: S311 - not for security
    for trial in range(trials):
        frame = people(50, 2_000_000 + 1000 * trial + 500 * (trials > 8))
        with joined(f"{trials}-{trial}"):
            for _ in range(dice.randint(2, 4)):
                killed(frame, dice.randint(3, 20), "2025-11-01")
            again = enrich(frame)
            assert set(again["person_status"]) <= {"matched", "held"}
            assert_nothing_is_lost(vendor, again)


def test_parallel_processes_buy_once_despite_a_kill(vendor, joined):
    frame = people(400, 3_000_000)
    with joined("shared") as box:
        box.fault("crustdata", "submit", "slow", times=3, only="p30", delay=0.3)
        children = [fork(lambda: enrich(frame.sample(frac=1), connections=4)) for _ in range(3)]
        time.sleep(0.25)
        os.kill(children[0], signal.SIGKILL)
        assert [ended(child) for child in children] == [-signal.SIGKILL, 0, 0]
        assert_nothing_is_lost(vendor, enrich(frame))


def test_unsent_requests_of_dead_process_are_not_sent(vendor, joined):
    """A repeated call for fewer people pays for fewer, within the budget."""
    frame = people(25, 4_000_000)
    with joined("unsent") as box:
        assert killed(frame, 5, "2025-11-01")  # the claim is written, the intent is not
        before = len(box.requests)
        assert frame.head(2).enrich.plan().credits == 2
        assert counts(enrich(frame.head(2), budget=1)) == {"matched": 1, "skipped": 1}
        assert len(box.requests) == before + 1
        assert ep.runs()["status"].tolist() == ["done", "died"]
        assert ep.runs()["credits_held"].tolist() == [0, 0]


def test_plan_after_a_crash_is_the_maximum_charge(vendor, joined):
    frame = people(25, 5_000_000)
    with joined("plan"):
        assert killed(frame, 7, "2025-11-01")  # the intent is written
        plan = frame.enrich.plan()
        assert (plan.abandoned, plan.credits) == (1, 0)
        assert counts(enrich(frame, budget=0)) == {"held": 25}
        assert ep.runs()["credits_held"].tolist() == [0, 25]


# -- a vendor that misbehaves --------------------------------------------------------------------

FAULTS = [name for kind in (BeforeFaults, ListFaults, AfterFaults) for name in faults_of(kind)]
OPTIONS = {"slow": {"delay": 0.05}, "redirect": {"location": "https://evil.example/"}}
STATUSES = {"matched", "not_found", "removed", "pending", "held", "failed", "skipped"}


@pytest.mark.parametrize("api", sample(APIS))
@pytest.mark.parametrize("fault", [name for name in FAULTS if name != "rate_limited"])
def test_journal_agrees_with_ledger_after_any_fault(fault, api):
    frame = people(75)
    with ep.sandbox(misses=0.2) as box:
        for who in ("p3-", "p30-", "p60-"):
            box.fault("crustdata", "submit", fault, only=who, **OPTIONS.get(fault, {}))
        first = enrich(frame, api)
        assert len(first) == 75
        assert set(first["person_status"]) <= STATUSES
        assert_nothing_is_lost(box, first)
        again = enrich(frame, api)
        assert_nothing_is_lost(box, again)
        kept = first["person_status"].isin(["matched", "not_found", "removed", "held"])
        pd.testing.assert_frame_equal(again[kept], first[kept])


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("fault", ["html", "drop_after_accept", "redirect"])
def test_outage_stops_the_run_before_all_rows_are_held(fault, api):
    with ep.sandbox(misses=0) as box:
        box.fault("crustdata", "submit", fault, times=None, **OPTIONS.get(fault, {}))
        with pytest.raises(ep.ProviderError) as caught:
            people(1000).enrich.people(ep.Crustdata(api=api, connections=2), progress=None)
        assert len(box.requests) <= 1 + 5 + 2
        assert counts(caught.value.result)["skipped"] >= 800
        assert len(str(caught.value).splitlines()) == 3


def test_long_retry_after_stops_the_run():
    with ep.sandbox(misses=0) as box:
        box.fault("crustdata", "submit", "rate_limited", times=None, retry_after=3600)
        with pytest.raises(ep.RateLimitError) as caught:
            people(500).enrich.people(ep.Crustdata(connections=2), progress=None)
        assert len(box.requests) <= 1 + 2
        assert set(caught.value.result["person_status"]) == {"pending", "skipped"}


# -- a journal that misbehaves -------------------------------------------------------------------


@pytest.mark.parametrize("write", ["record_answer", "store_results"])
def test_unstored_answer_is_shown_and_not_bought_again(box, monkeypatch, write):
    """A lock that lasts, or a full disk, between the answer and its commit."""
    frame = people(25)

    def fail(*_, **__):
        raise JournalError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, write, fail)
        with pytest.raises(ep.JournalError) as caught:
            frame.enrich.people(progress=None)
    assert counts(caught.value.result) == {"matched": 25}
    assert ep.runs()["credits_held"].tolist() == [0 if write == "record_answer" else 25]
    again = enrich(frame)
    assert set(again["person_status"]) == {"matched"}
    assert len(box.requests) == 1


def test_removed_journal_stops_the_spending(tmp_path):
    path = tmp_path / "journal.sqlite"
    with ep.sandbox(misses=0, latency=0.1, journal=path) as box:
        provider = ep.Crustdata(connections=1)
        handle = people(300).enrich.people(provider, progress=None, wait=False)
        while not asked(box):
            time.sleep(0.01)
        path.unlink()
        with pytest.raises(ep.JournalError) as caught:
            handle.wait()
        assert asked(box) <= 2
        assert counts(caught.value.result)["matched"] == len(box.ledger)


@pytest.mark.parametrize(
    "trials", [30, pytest.param(1_000, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)])]
)
def test_damaged_journal_is_never_treated_as_empty(tmp_path, trials):
    path, dice = tmp_path / "journal.sqlite", random.Random(3)  # noqa: S311 - as above
    with ep.sandbox(misses=0, journal=path) as box:
        enrich(people(100))
        whole = path.read_bytes()
        for trial in range(trials):
            at = dice.randrange(1, len(whole))
            damaged = (
                whole[:at] if trial % 2 else whole[:at] + os.urandom(4096) + whole[at + 4096 :]
            )
            path.write_bytes(damaged)
            answer = enrich(people(100))
            assert answer is None or answer["person_status"].notna().all()
        assert asked(box) == 4
    with closing(sqlite3.connect(path)) as damaged, pytest.raises(sqlite3.DatabaseError):
        damaged.execute("SELECT * FROM results").fetchall()


# -- budgets and ages ----------------------------------------------------------------------------


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 120), st.integers(1, 8), st.sampled_from(FAULTS[4:]))
def test_budget_is_used_up_and_never_exceeded(budget, connections, fault):
    with ep.sandbox(misses=0.4) as box:
        if fault not in ("rate_limited", "malformed_unnamed"):
            box.fault("crustdata", "submit", fault, **OPTIONS.get(fault, {}))
        frame = enrich(people(100), connections=connections, budget=budget)
        spent, held = box.ledger["credits"].sum(), ep.runs()["credits_held"].sum()
        assert spent <= budget
        if (frame["person_reason"] == "budget").any():
            assert spent + held >= budget


def test_calls_share_a_budget_by_name(box):
    spring = ep.Budget(60, "spring")
    found = [counts(enrich(people(25, 100 * n), budget=spring)) for n in range(3)]
    assert found == [{"matched": 25}, {"matched": 25}, {"matched": 10, "skipped": 15}]
    assert ep.runs()["budget_name"].tolist() == ["spring"] * 3
    assert counts(enrich(people(25, 300), budget=25)) == {"matched": 25}
    assert ep.runs()["budget_name"][0] == ep.runs()["run"][0]
    more = enrich(people(25, 200), budget=ep.Budget(70, "spring"))
    assert counts(more) == {"matched": 20, "skipped": 5}


def test_several_providers_share_a_named_budget(monkeypatch):
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.05)
    with ep.sandbox(misses=0.5) as box:
        for start in (0, 1000):
            spring = ep.Budget(60, "spring")
            people(40, start).enrich.people(
                ["crustdata", "amplemarket"], budget=spring, progress=None
            )
        assert 45 < box.ledger["credits"].sum() <= 60


def test_dead_process_keeps_only_credits_it_may_have_spent(vendor, joined):
    frame, spring = people(25, 6_000_000), ep.Budget(30, "spring")
    with joined("dead"):
        assert killed(frame, 5, "2025-11-01", budget=spring)  # the claim is written, no intent
        assert counts(enrich(people(25, 6_001_000), budget=spring)) == {"matched": 25}
        assert killed(people(5, 6_002_000), 7, "2025-11-01", budget=spring)  # the intent is written
        assert counts(enrich(people(5, 6_003_000), budget=spring)) == {"skipped": 5}


def test_other_option_is_bought_and_both_are_stored(box):
    frame, dear = people(2), ep.Crustdata(business_email=True)
    for requests, provider in [(1, ep.Crustdata()), (2, dear), (2, ep.Crustdata()), (2, dear)]:
        bought = frame.enrich.people(provider, progress=None)
        assert len(box.requests) == requests
    assert "business" in {*bought["person_email_1_type"].str.casefold()}
    assert ep.plan(frame, ep.Crustdata(api="screener")).requests == 1


@pytest.mark.parametrize("budget", [np.int64(3), np.float32(3), 3, True + 2, "3"])
def test_budget_accepts_any_number(box, budget):
    assert counts(enrich(people(5), budget=budget)) == {"matched": 3, "skipped": 2}


@pytest.mark.parametrize(
    "budget",
    [-1, float("nan"), "much", [1], ep.Budget(-1, "x"), ep.Budget(1, 2), ep.Budget(1, "\ud800")],
    ids=ascii,
)
def test_invalid_budget_is_refused(box, budget):
    with pytest.raises(ep.ConfigurationError, match="number of credits"):
        people(5).enrich.people(progress=None, budget=budget)


@pytest.mark.parametrize("age", [None, "nan", "NaT", 90, "90", "-1D", float("nan"), "", "1e9D"])
def test_invalid_max_age_buys_nothing(box, age):
    enrich(people(2))
    with pytest.raises(ep.ConfigurationError, match="not a valid duration"):
        people(2).enrich.people(progress=None, max_age=age)
    assert len(box.requests) == 1


def test_max_age_zero_requests_again(box):
    enrich(people(2))
    enrich(people(2), max_age="0D")
    assert Counter(box.ledger["identity"]).most_common(1)[0][1] == 2


def test_result_does_not_depend_on_concurrency(tmp_path):
    """Results of one journal; new and stored results look the same."""
    path = tmp_path / "journal.sqlite"
    with ep.sandbox(misses=0.2, journal=path):
        bought = enrich(people(200), connections=8)
        for connections in (1, 3, 8):
            stored = enrich(people(200), connections=connections)
            pd.testing.assert_frame_equal(stored, bought)
