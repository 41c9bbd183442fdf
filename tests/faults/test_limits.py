"""Known limits, and F33 to F40, compared with the ledger."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.journal import database
from tests.faults.judging import (
    BILLED,
    PROVIDERS,
    SLUGS,
    counted,
    enriched,
    people,
    proven,
    sandbox_name,
)

# Charged refusals

WORDS = '{"error": "try later", "message": "try later"}'
REFUSALS = [
    {"http": 429},
    {"http": 503, "body": WORDS},
    {"http": 503, "headers": [("retry-after", "1")]},
]


@pytest.mark.parametrize(
    ("vendor", "where"),
    [pytest.param(*one, marks=[] if one == BILLED[0] else pytest.mark.slow) for one in BILLED],
)
@pytest.mark.parametrize("how", REFUSALS)
def test_charged_refusal_is_paid_again(vendor: str, where: str, how: dict[str, Any]) -> None:
    """A known limit: after a 429 and a vendor's own 503 the request is sent again.

    No document says whether such an answer can come after acceptance; only a live account can show
    it, as README and SECURITY.md say. It costs nothing if the vendor charges a person once a day,
    as Amplemarket does.
    """
    charged = {"crustdata": 6, "screener": 6, "amplemarket": 3, "single": 3, "zoho": 4}[vendor]
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox_name(vendor), where, "answer_instead_after_accept", **how)
        frame, error = enriched(people(), PROVIDERS[vendor]())
        assert (counted(frame), error) == ({"matched": 3}, None)
        assert len(box.ledger) == charged


# Clocks


@pytest.mark.parametrize("days", [-1, 1])
@pytest.mark.parametrize(
    "vendor", ["zoho", *(pytest.param(one, marks=pytest.mark.slow) for one in list(PROVIDERS)[:4])]
)
def test_clock_jump_by_a_day_buys_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, vendor: str, days: int
) -> None:
    """P27: during a run and between runs; a lost answer is found again or held."""
    real, calls = time.time, [0]

    def jumping() -> float:
        calls[0] += 1
        return real() + (days * 86_400 if calls[0] > 25 else 0)

    with ep.sandbox(misses=0, process=True) as box:
        for place, fault in (("submit", "drop_after_accept"), ("poll", "server_error")):
            if (vendor, place) in {("zoho", "submit"), ("zoho", "poll"), ("amplemarket", "poll")}:
                box.fault(vendor, place, fault)
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", jumping)
            frame, error = enriched(people(), PROVIDERS[vendor]())
        assert error is None
        assert set(counted(frame)) <= {"matched", "held"}
        sent = is_submitted(box)
        again, _ = enriched(people(), PROVIDERS[vendor]())
        assert counted(again) == counted(frame)
        assert (is_submitted(box), len(box.ledger)) == (sent, 3)
        proven(box, again)


def is_submitted(box: Any) -> int:
    return int((box.requests["identities"] > 0).sum())


# The journal


@pytest.mark.parametrize("vendor", list(PROVIDERS))
def test_locked_journal_stops_the_run_before_spending(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vendor: str
) -> None:
    """F35: the wait is limited and comes before the request."""
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 0.2)
    home = tmp_path / "journal.sqlite"
    with ep.sandbox(misses=0, journal=home) as box:
        enriched(people(["first-example"]), PROVIDERS[vendor]())
        paid, sent = len(box.ledger), len(box.requests)
        other = sqlite3.connect(home)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(ep.JournalError):
                people().enrich.people(PROVIDERS[vendor](), progress=None)
        finally:
            other.close()
        assert (len(box.ledger), len(box.requests)) == (paid, sent)
        frame, _ = enriched(people(), PROVIDERS[vendor]())
        assert counted(frame) == {"matched": 3}


# Processes

SCRIPT = """
import sys, pandas as pd, enrich_pandas as ep
urls = [f"https://www.linkedin.com/in/{{slug}}" for slug in {slugs!r}]
with ep.sandbox(url={url!r}, journal={journal!r}):
    print("ready", flush=True)
    found = pd.DataFrame({{"LinkedIn": urls}}).enrich.people({vendor!r}, progress=None)
    assert found["person_status"].eq("matched").all(), found["person_status"].tolist()
"""


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["crustdata", "amplemarket", "zoho"])
def test_suspended_process_keeps_its_claims(tmp_path: Path, vendor: str) -> None:
    """F33: suspended like a sleeping laptop; no process takes its rows, and it continues."""
    home = str(tmp_path / "journal.sqlite")
    with ep.sandbox(misses=0, latency=0.5, process=True, journal=home) as box:
        url = box.url("crustdata")
        script = SCRIPT.format(slugs=SLUGS, url=url, journal=home, vendor=vendor)
        sleeper = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        sleeper.stdout.readline()
        while not is_submitted(box):
            time.sleep(0.02)
        sleeper.send_signal(signal.SIGSTOP)
        waking = threading.Timer(3, sleeper.send_signal, [signal.SIGCONT])
        waking.start()
        frame, _ = enriched(people(), vendor)
        assert sleeper.wait(60) == 0
        sleeper.stdout.close()
        assert set(counted(frame)) == {"matched"}
        assert len(box.ledger) == 3
        proven(box, frame)


@pytest.mark.parametrize("vendor", ["crustdata", "zoho"])
def test_call_inside_running_event_loop_works(vendor: str) -> None:
    """F40: as in a cell of a notebook, with a loop on the same thread."""

    async def cell() -> Any:
        return enriched(people(), vendor)

    with ep.sandbox(misses=0) as box:
        frame, error = asyncio.run(cell())
        assert (counted(frame), error, len(box.ledger)) == ({"matched": 3}, None, 3)
