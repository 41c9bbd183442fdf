"""The cost of resuming a run: never for results it bought, and never above the budget."""

import os
import signal
import time
import warnings

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas import pipeline
from enrich_pandas.journal import Journal
from enrich_pandas.providers.base import RateLimit
from tests.conftest import asked


def people(count):
    urls = [f"https://www.linkedin.com/in/p{n}-example" for n in range(count)]
    return pd.DataFrame({"LinkedIn": urls})


def newest():
    return ep.run(ep.runs()["run"][0])


def die_after_an_intent():
    real = Journal.record_intent

    def intend(self, *args):
        real(self, *args)
        os.kill(os.getpid(), signal.SIGKILL)

    Journal.record_intent = intend


def killed(frame):
    """Enrich in a child that is killed after its first request is stored, and before it is sent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if not child:
        die_after_an_intent()
        provider = ep.Crustdata(connections=1, rate=RateLimit(10_000, 1))
        frame.enrich.people(provider, progress=None)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_resume_uses_results_bought_by_the_run(box):
    people(30).enrich.people(progress=None, max_age="0D")
    again = newest().resume(progress=None)
    assert set(again["person_status"]) == {"matched"}
    assert len(box.ledger) == 30


def test_slow_resume_does_not_outdate_results(box, monkeypatch):
    """On a busy machine, time passes between a plan and its first request."""
    people(30).enrich.people(progress=None, max_age="0D")

    def slowly(work):
        def wait(*args, **options):
            time.sleep(0.3)
            return work(*args, **options)

        return wait

    for name in ("find_secrets", "check_cost"):
        monkeypatch.setattr(pipeline, name, slowly(getattr(pipeline, name)))
    for _ in range(3):
        again = newest().resume(progress=None)
        assert set(again["person_status"]) == {"matched"}
    assert len(box.ledger) == 30


@pytest.mark.parametrize("fault", ["drop_after_accept", "differing_duplicate"])
def test_lost_answer_with_older_match_is_not_bought_again(box, fault):
    before = people(1).enrich.people(progress=None)
    box.fault("crustdata", "submit", fault)
    again = people(1).enrich.people(progress=None, max_age="0D")
    pd.testing.assert_frame_equal(again, before)  # a miss does not overwrite a match
    # After two different answers, the reported charge at least is known.
    known = 1 if fault == "differing_duplicate" else 0
    assert (newest().credits, newest().credits_held) == (known, 1 - known)
    resumed = newest().resume(progress=None)
    kept = before.columns[1:]  # a resumed run has the columns of all fields
    pd.testing.assert_frame_equal(resumed[kept], before[kept])
    assert asked(box) == 2
    people(1).enrich.people(progress=None, max_age="0D")  # as requested
    assert asked(box) == 3


@pytest.mark.parametrize(
    ("fault", "misses", "status"),
    [("drop_after_accept", 0, "held"), (None, 1, "not_found")],
)
def test_lost_answer_outlives_the_expired_match(tmp_path, monkeypatch, fault, misses, status):
    day, now = 86_400, time.time
    with ep.sandbox(misses=0, journal=tmp_path / "own" / "journal.sqlite") as box:
        people(1).enrich.people(progress=None)
    with ep.sandbox(misses=misses, journal=tmp_path / "own" / "journal.sqlite") as box:
        monkeypatch.setattr(time, "time", lambda: now() + 60 * day)
        if fault:
            box.fault("crustdata", "submit", fault)
        again = people(1).enrich.people(progress=None, max_age="0D")
        assert again["person_status"].tolist() == ["matched"]
        monkeypatch.setattr(time, "time", lambda: now() + 100 * day)
        found = people(1).enrich.people(progress=None)
        assert found["person_status"].tolist() == [status]
        assert found["person_name"].isna().all()
        assert asked(box) == 1


def test_held_cost_is_at_most_the_reported_charge():
    with ep.sandbox(misses=0.3) as box:
        box.fault("crustdata", "submit", "differing_duplicate")
        found = people(25).enrich.people(progress=None)
        assert set(found["person_status"]) == {"matched", "held", "not_found"}
        assert (newest().credits, newest().credits_held) == (box.ledger["credits"].sum(), 0)


@pytest.mark.parametrize(
    ("days", "age", "requests"), [(200, "90D", 2), (2, "0D", 2), (2, "90D", 1)]
)
def test_outdated_unread_answer_is_not_used(box, monkeypatch, days, age, requests):
    monkeypatch.setattr(ep.options, "retention", "365D")  # what is older than that is held
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "store_results", unwritable)
        with pytest.raises(ep.JournalError):
            people(2).enrich.people(progress=None)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86_400)
    quote = people(2).enrich.plan(max_age=age)
    found = people(2).enrich.people(progress=None, max_age=age)
    assert set(found["person_status"]) == {"matched"}
    assert asked(box) == requests
    assert quote.credits == 2 * (requests - 1)


def unwritable(*_, **__):
    raise ep.JournalError("The disk is full.")


def test_refused_identities_do_not_count_as_requested(box):
    people(1).enrich.people(progress=None)
    box.fault("crustdata", "submit", "malformed")
    people(1).enrich.people(progress=None, max_age="0D")
    newest().resume(progress=None)
    assert asked(box) == 3


def test_budget_applies_to_both_passes(tmp_path):
    with (
        ep.sandbox(misses=0, process=True) as vendor,
        ep.sandbox(url=vendor.url("crustdata"), journal=tmp_path / "j.sqlite") as box,
    ):
        killed(people(75))
        newest().resume(held="resend", budget=30, progress=None)
        assert box.ledger["credits"].sum() <= 30


def test_resume_stays_within_the_runs_budget(box):
    frame = people(60)
    frame.enrich.people(budget=40, progress=None)
    again = newest().resume(progress=None)
    assert again["person_reason"].eq("budget").sum() == 20
    assert box.ledger["credits"].sum() == 40
    raised = newest().resume(budget=15, progress=None)
    assert raised["person_status"].eq("matched").sum() == 55
    assert box.ledger["credits"].sum() == 55


def test_resume_without_wait_returns_at_once(tmp_path):
    """Even if a dead process left a job that the vendor has not finished."""
    with (
        ep.sandbox(misses=0, process=True, latency=0.5) as vendor,
        ep.sandbox(url=vendor.url("crustdata"), journal=tmp_path / "j.sqlite") as box,
    ):
        killed(people(75))
        handle = newest().resume(held="resend", progress=None, wait=False)
        assert "running" in repr(handle)
        assert not asked(box)
        assert set(handle.wait()["person_status"]) == {"matched"}
        assert (box.ledger["credits"].sum(), asked(box)) == (75, 3)


def test_company_is_identified_by_its_linkedin_page(box):
    page = "https://www.linkedin.com/company/acme-example"
    frame = pd.DataFrame({"Page": [page]})
    ep.companies(frame, on={"company_linkedin_url": "Page"}, progress=None)
    assert newest().rows["linkedin_url"].tolist() == [page]
