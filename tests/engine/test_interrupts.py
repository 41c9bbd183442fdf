"""Every interrupt stops the spending; requests in flight are completed."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine import handle as handle_module
from enrich_pandas.engine.runner import Runner
from enrich_pandas.providers.base import RateLimit
from enrich_pandas.transport import Transport


def people(count, start=0):
    return pd.DataFrame(
        {"LinkedIn": [f"linkedin.com/in/p{n}-example" for n in range(start, count)]}
    )


def enrich(frame, connections=2, **options):
    provider = ep.Crustdata(connections=connections, rate=RateLimit(10_000, 1))
    return frame.enrich.people(provider, **{"progress": None, **options})


def counts(frame):
    return frame["person_status"].value_counts().to_dict()


def settle():
    """Wait until no run has a worker left."""
    until = time.monotonic() + 60
    while any(thread.name.startswith("enrich-") for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def slow(monkeypatch):
    monkeypatch.setattr(ep.options, "check_balance", False)  # the tests count requests
    with ep.sandbox(misses=0, latency=0.3) as box:
        yield box


def raises_at(call, *errors):
    """Return a hook that raises from its n-th call on."""
    pending, calls = list(errors), []

    def hook(_):
        calls.append(1)
        if len(calls) >= call and pending:
            raise pending.pop(0)

    return hook


@pytest.fixture
def gate(monkeypatch):
    """Hold every answer back until the gate is set, on a machine of any speed."""
    gate, send = threading.Event(), Transport.send

    def held(*given, **options):
        exchange = send(*given, **options)
        assert gate.wait(60)
        return exchange

    monkeypatch.setattr(Transport, "send", held)
    monkeypatch.setattr(handle_module, "LINGER", 60.0)
    yield gate
    gate.set()


def in_flight(box, gate, *errors):
    """Return a hook that raises when two requests are in flight, and at its next calls.

    The answers arrive when the errors are used up and the hook is called once more.
    """
    pending = list(errors)

    def hook(_):
        if len(box.requests) == 2:
            if pending:
                raise pending.pop(0)
            gate.set()

    return hook


def assert_stopped(box, frame):
    """Assert that nothing more is sent, and that the same call completes without paying twice."""
    settle()
    sent = len(box.requests)
    assert sent <= 2  # as many as the connections: the answers were held back
    time.sleep(0.4)
    assert len(box.requests) == sent
    assert counts(enrich(frame, connections=8)) == {"matched": len(frame)}
    assert box.ledger["identity"].is_unique


def test_interrupt_returns_the_results_so_far(slow, gate):
    frame = people(300)
    with pytest.raises(ep.RunInterrupted) as caught:
        enrich(frame, progress=in_flight(slow, gate, KeyboardInterrupt()))
    assert counts(caught.value.result) == {"matched": 50, "skipped": 250}
    assert "50 of 300 rows are settled" in str(caught.value)
    assert_stopped(slow, frame)


def test_second_interrupt_does_not_wait(slow, gate):
    frame, twice = people(300), (KeyboardInterrupt(), KeyboardInterrupt())
    with pytest.raises(ep.RunInterrupted) as caught:
        enrich(frame, progress=in_flight(slow, gate, *twice))
    assert not gate.is_set()  # the call returned before any answer
    gate.set()
    assert counts(caught.value.result) == {"pending": 50, "skipped": 250}
    assert_stopped(slow, frame)


def test_failing_hook_stops_the_run(slow, gate):
    frame = people(300)
    with pytest.raises(ZeroDivisionError):
        enrich(frame, progress=raises_at(2, ZeroDivisionError()))
    gate.set()
    assert_stopped(slow, frame)


@pytest.mark.parametrize("where", ["start", "snapshot"])
def test_interrupt_outside_the_wait_stops_the_run(slow, gate, monkeypatch, where):
    real, cancel = getattr(Runner, where), Runner.cancel
    hits = []

    def interrupted(self):
        result = real(self)
        if not hits:
            hits.append(1)
            raise KeyboardInterrupt
        return result

    def cancelled(self):
        cancel(self)
        gate.set()

    frame = people(300)
    with monkeypatch.context() as patch:
        patch.setattr(Runner, where, interrupted)
        patch.setattr(Runner, "cancel", cancelled)
        with pytest.raises(ep.RunInterrupted):
            enrich(frame)
    assert_stopped(slow, frame)


@pytest.fixture
def ctrl_c(monkeypatch):
    """Send SIGINT after some seconds; 0 means never."""

    def ring(*_):
        raise KeyboardInterrupt

    def lost(unraisable):
        # Python drops an interrupt that falls into a finalizer or a callback of the garbage
        # collector; the call then continues.
        if unraisable.exc_type is not KeyboardInterrupt:
            report(unraisable)

    report = sys.unraisablehook
    monkeypatch.setattr(sys, "unraisablehook", lost)
    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_interrupt_at_any_instant_loses_nothing(ctrl_c, tmp_path):
    """Interrupt the caller's thread, by a timer."""
    dice, late = random.Random(1), 0  # noqa: S311 - not for security
    home = tmp_path / "journal.sqlite"
    begun = "SELECT COUNT(*) FROM requests WHERE billed AND outcome IS NOT 'not_sent' AND sent > ?"
    with ep.sandbox(misses=0, latency=0.02, journal=home) as box:
        for trial in range(10):
            frame = people(1000 * trial + 100, 1000 * trial)
            try:
                ctrl_c(dice.uniform(0.001, 0.12))
                enrich(frame)
                ctrl_c(0)
            except KeyboardInterrupt:
                stopped = time.time()
                settle()
                if home.exists():
                    with closing(sqlite3.connect(home)) as journal:
                        late += journal.execute(begun, (stopped,)).fetchone()[0]
            assert counts(enrich(frame)) == {"matched": 100}
        assert late == 0
        assert box.ledger["identity"].is_unique
        assert ep.runs()["credits"].sum() == box.ledger["credits"].sum()


def test_await_does_not_block_the_event_loop(slow, gate):
    async def main():
        ticks = []

        async def tick():
            while True:
                ticks.append(1)
                if len(ticks) == 4:  # no answer arrives before
                    gate.set()
                await asyncio.sleep(0.05)

        ticking = asyncio.create_task(tick())
        frame = await enrich(people(50), wait=False)
        ticking.cancel()
        return frame, len(ticks)

    frame, ticks = asyncio.run(main())
    assert counts(frame) == {"matched": 50}
    assert ticks >= 4


def test_cancelled_await_stops_the_run(slow, gate):
    frame = people(300)

    async def main():
        await asyncio.wait_for(enrich(frame, wait=False), 0.1)

    with pytest.raises(TimeoutError):
        asyncio.run(main())
    gate.set()
    assert_stopped(slow, frame)


def test_pause_completes_requests_in_flight(slow, gate):
    handle = enrich(people(300), wait=False)
    while not len(slow.requests):
        time.sleep(0.01)
    handle.pause()
    gate.set()
    time.sleep(0.8)
    sent = len(slow.requests)
    assert sent <= 2
    assert "paused" in repr(handle)
    handle.resume()
    assert counts(handle.wait()) == {"matched": 300}


def test_paused_run_can_be_cancelled(slow, gate):
    frame = people(300)
    handle = enrich(frame, wait=False)
    handle.pause()
    handle.cancel()
    gate.set()
    with pytest.raises(ep.RunInterrupted):
        handle.wait()
    assert_stopped(slow, frame)


def test_changing_the_frame_during_a_run_has_no_effect(slow):
    frame = people(50).assign(note="before")
    before = frame.copy()
    handle = enrich(frame, wait=False)
    frame.loc[:, "note"] = "after"
    frame["more"] = 1
    del frame["LinkedIn"]
    after = handle.wait()
    pd.testing.assert_frame_equal(after[before.columns], before)
    assert counts(after) == {"matched": 50}


SCRIPT = """
import signal, sys, time
import pandas as pd, enrich_pandas as ep
from enrich_pandas.providers.base import RateLimit
frame = pd.DataFrame({{"LinkedIn": [f"linkedin.com/in/p{{n}}-example" for n in range(300)]}})
joined = ep.sandbox(url={url!r}, journal={journal!r})
joined.__enter__()
provider = ep.Crustdata(connections=2, rate=RateLimit(10_000, 1))
handle = frame.enrich.people(provider, progress=None, wait=False)
while not handle._runner.snapshot().in_flight:
    time.sleep(0.01)
{then}
"""


@pytest.mark.parametrize(
    ("then", "code", "status"),
    [
        ("handle.pause()", 0, "interrupted"),
        ("1 / 0", 1, "interrupted"),
        pytest.param(
            "signal.raise_signal(signal.SIGTERM)", -signal.SIGTERM, "died", marks=pytest.mark.slow
        ),
    ],
)
def test_ending_script_stops_spending(slow, tmp_path, then, code, status):
    journal = str(tmp_path / "journal.sqlite")
    script = SCRIPT.format(url=slow.url("crustdata"), journal=journal, then=then)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert ended.returncode == code
    assert (b"was not waited for" in ended.stderr) == (status == "interrupted")
    with ep.sandbox(url=slow.url("crustdata"), journal=journal):
        assert ep.runs()["status"].tolist() == [status]
        again = counts(enrich(people(300)))
        assert set(again) == ({"matched"} if status == "interrupted" else {"matched", "held"})
    assert slow.ledger["identity"].is_unique


FILES = Path("/proc/self/fd")


@pytest.mark.skipif(not FILES.exists(), reason="this system does not list the open files")
def test_many_runs_leak_no_files_or_threads(box):
    enrich(people(1))
    settle()
    before = len(list(FILES.iterdir())), threading.active_count()
    for number in range(1, 21):
        enrich(people(number + 1, number))
    settle()
    assert (len(list(FILES.iterdir())), threading.active_count()) == before
