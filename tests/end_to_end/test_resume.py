"""A past run without its frame, in any process: its rows, its costs, and how to resume it."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import zlib
from contextlib import closing

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.journal.database import Database
from enrich_pandas.models import Person
from enrich_pandas.providers.crustdata import current as crustdata
from tests.conftest import asked
from tests.journal.test_schema import downgrade

LEADS = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/past-{n}-example" for n in range(60)]})


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home" / "journal.sqlite"


def enriched(provider="crustdata", leads=LEADS, **options):
    return ep.people(leads, provider, progress=None, **options)


def newest():
    return ep.run(ep.runs()["run"][0])


def charges(box):
    ledger = box.ledger
    return ledger[ledger["credits"] > 0].groupby("identity").size()


def test_past_run_has_its_facts_and_rows(home):
    with ep.sandbox(journal=home, misses=0.2) as box:
        frame = enriched(fields="all", budget=500)
        past = newest()
        assert (past.provider, past.kind, past.status, past.budget) == (
            "crustdata",
            "people",
            "done",
            500,
        )
        assert past.credits == box.ledger["credits"].sum()
        assert past.ended >= past.started
        assert "matched" in repr(past)
        assert "past-" not in repr(past)
        rows = past.rows
        assert rows["linkedin_url"].tolist() == [f"https://www.{one}" for one in LEADS["LinkedIn"]]
        pd.testing.assert_frame_equal(
            rows.drop(columns="linkedin_url"), frame.drop(columns="LinkedIn")
        )
        assert past.held.empty
        assert past.report.requests.loc[0, ["outcome", "requests", "billed"]].tolist() == [
            "accepted",
            3,
            3,
        ]


def test_unknown_run_raises_with_recent_ids(home):
    with ep.sandbox(journal=home):
        with pytest.raises(ep.InputError, match="this journal has no run yet"):
            ep.run("x")
        enriched(leads=LEADS.head(2))
        for unknown in ("x", "x\ud800"):
            with pytest.raises(ep.InputError, match=str(ep.runs()["run"][0])):
                ep.run(unknown)


KILLED = """
    import os, signal, sys, threading, time
    import pandas as pd
    import enrich_pandas as ep
    from enrich_pandas.transport import Transport
    from enrich_pandas.journal import Journal
    send, lock, count, landed = Transport.send, threading.Lock(), [0], [0]
    land = Journal.store_results
    def landing(*given, **options):
        answers = land(*given, **options)
        landed[0] += 1
        return answers
    def dying(transport, request, *form, **options):
        exchange = send(transport, request, *form, **options)
        with lock:
            count[0] += request.billed
            if count[0] == {at}:
                while landed[0] < {at} - 1:
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGKILL)
        return exchange
    Transport.send, Journal.store_results = dying, landing
    leads = pd.DataFrame({{"LinkedIn": [f"linkedin.com/in/past-{{n}}-example" for n in range(75)]}})
    with ep.sandbox(url={url!r}, journal={home!r}):
        leads.enrich.people(ep.Crustdata(connections=1), progress=None)
"""


def killed(box, home, at):
    """Kill a process when its n-th paid answer has arrived and the earlier ones are stored."""
    script = textwrap.dedent(KILLED).format(url=box.url("crustdata"), home=str(home), at=at)
    done = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL


def test_died_run_is_resumed_without_its_frame(home):
    with ep.sandbox(process=True, misses=0) as box:
        killed(box, home, at=2)
        with ep.sandbox(url=box.url("crustdata"), journal=home):
            past = newest()
            assert past.status == "died"
            counts = past.rows["person_status"].value_counts().to_dict()
            assert counts == {"matched": 25, "pending": 25, "skipped": 25}
            frame = past.resume(progress=None)
            counts = frame["person_status"].value_counts().to_dict()
            assert counts == {"matched": 50, "held": 25}
            assert (charges(box) == 1).all()
            held = ep.run(past.id).held
            assert len(held) == 25
            assert (held["credits_at_most"] > 0).all()
            # Held rows stay held until the user decides, and then cost the shown maximum at most.
            again = past.resume(progress=None)
            assert again["person_status"].equals(frame["person_status"])
            assert (charges(box) == 1).all()
            sent = past.resume(held="resend", progress=None)
            assert set(sent["person_status"]) == {"matched"}
            assert charges(box).value_counts().to_dict() == {1: 50, 2: 25}
            assert past.resume(held="resend", progress=None)["person_status"].eq("matched").all()
            assert charges(box).max() == 2


def test_unread_answers_are_parsed_before_new_requests(home):
    with ep.sandbox(process=True, misses=0) as box:
        killed(box, home, at=1)
        with ep.sandbox(url=box.url("crustdata"), journal=home):
            frame = newest().resume(held="resend", progress=None)
            assert set(frame["person_status"]) == {"matched"}
            assert charges(box).value_counts().to_dict() == {1: 50, 2: 25}


def test_resend_respects_the_budget(home):
    with ep.sandbox(journal=home, misses=0) as box:
        box.fault("crustdata", "submit", "drop_after_accept", times=1)
        enriched(ep.Crustdata(connections=1))
        past = newest()
        assert len(past.held) == 25
        frame = past.resume(held="resend", budget=20, progress=None)
        counts = frame["person_status"].value_counts().to_dict()
        assert counts["matched"] < 60
        assert charges(box).sum() <= 60 + 20
        assert len(past.held) == counts.get("held", 0) + counts.get("skipped", 0)


def test_invalid_held_value_raises(home):
    with ep.sandbox(journal=home):
        enriched(leads=LEADS.head(2))
        with pytest.raises(ep.ConfigurationError, match="held='yes'"):
            newest().resume(held="yes")


def test_resume_needs_a_provider_that_cannot_be_recreated(home):
    table = pd.DataFrame({"linkedin_url": LEADS["LinkedIn"], "name": "Ada Example"})
    with ep.sandbox(journal=home):
        directory = ep.Directory(table)
        enriched(directory)
        with pytest.raises(ep.ConfigurationError, match=r"resume\(provider=…\)"):
            newest().resume(progress=None)
        assert newest().rows["person_name"].eq("Ada Example").all()
        assert newest().held.empty
        assert len(newest().resume(provider=directory, progress=None)) == 60


def test_resume_with_other_options_raises(home):
    with ep.sandbox(journal=home) as box:
        enriched(ep.Crustdata(business_email=True), leads=LEADS.head(2))
        with pytest.raises(ep.ConfigurationError, match="would buy something else"):
            newest().resume(provider="crustdata", progress=None)
        requests = len(box.requests)
        assert len(newest().resume(progress=None)) == 2  # its options are in the journal
        assert len(box.requests) == requests


def test_recorded_call_contains_no_key(home):
    with ep.sandbox(journal=home):
        enriched(ep.Crustdata(api_key="sandbox-key"), leads=LEADS.head(2))
        database = Database(home)
        with database.reading() as connection:
            call, asked = connection.execute("SELECT call, input FROM runs").fetchone()
        database.close()
    assert b"sandbox-key" not in call
    assert b"past-1-example" in zlib.decompress(asked)


def test_reread_parses_raw_answers_without_request(home, monkeypatch):
    with ep.sandbox(journal=home, misses=0) as box:
        endpoint = crustdata.CURRENT.endpoints["people"]
        with monkeypatch.context() as patch:
            from dataclasses import replace

            def older(raw, price):
                found = endpoint.read_element(raw, price)
                if found.model is None:
                    return found
                return replace(found, model=Person(name=found.model.read().name))

            patch.setitem(
                crustdata.CURRENT.endpoints,
                "people",
                replace(endpoint, read_element=older, record_type=None),
            )
            before = enriched()
        assert before["person_title"].isna().all()
        requests, spent = len(box.requests), newest().credits
        changed = newest().reread()
        assert len(changed) == 60
        assert set(changed["status"]) == set(changed["status_before"]) == {"matched"}
        after = newest().rows
        assert after["person_title"].notna().sum() > 50
        assert after["person_fetched_at"].equals(before["person_fetched_at"])
        assert newest().credits == spent
        assert len(box.requests) == requests
        assert newest().reread().empty


def test_journal_of_first_version_is_migrated_and_read(home):
    with ep.sandbox(journal=home, misses=0) as box:
        before = enriched(budget=500)
        with closing(sqlite3.connect(home, isolation_level=None)) as connection:
            downgrade(connection, 1)
        after = enriched()
        assert ep.runs()["budget_name"][1] == ep.runs()["run"][1]
        pd.testing.assert_frame_equal(after, before)
        assert asked(box) == 3
        assert set(ep.runs()["status"]) == {"done"}
        with pytest.raises(ep.InputError, match="Repeat the original call"):
            ep.run(ep.runs()["run"][1]).resume(progress=None)


def test_retry_requests_only_failed_rows(home):
    with ep.sandbox(journal=home, misses=0) as box:
        box.fault("crustdata", "submit", "malformed", only="past-3-example")
        box.fault("crustdata", "submit", "drop_after_accept", only="past-59-example")
        frame = enriched(ep.Crustdata(connections=1))
        counts = frame["person_status"].value_counts()
        assert counts["failed"] == 1
        assert counts["held"] > 0
        past, before = newest(), charges(box)
        reasons = past.report.reasons.set_index("status")
        assert reasons.loc["failed", ["reason", "labels"]].tolist() == ["malformed", [3]]
        again = past.retry(progress=None)
        assert again.index.tolist() == [3]
        assert again["person_status"].tolist() == ["matched"]
        assert len(box.ledger) == before.sum() + 1
        assert ep.run(past.id).rows["person_status"].value_counts()["held"] == counts["held"]
        assert past.retry(progress=None).empty
        sent = past.retry(held="resend", progress=None)
        assert len(sent) == counts["held"]
        assert charges(box).max() == 2  # the held rows, which the user sent again
        assert set(ep.run(past.id).rows["person_status"]) == {"matched"}
        assert past.report.counts["held"] == counts["held"]  # at its end
