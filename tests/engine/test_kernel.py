""" "Interrupt kernel" in a real Jupyter kernel: no request starts after it, the prompt returns.

The default tests judge the order of events; how soon it is, only a machine can tell that has
nothing else to do.

``INSTANTS=30 pytest -m slow tests/engine/test_kernel.py`` tells the worst that was seen, too.
"""

import logging
import os
import random
import sqlite3
import time
from contextlib import closing

import pytest
from jupyter_client.manager import KernelManager

import enrich_pandas as ep

logger = logging.getLogger("kernel")
INSTANTS = int(os.environ.get("INSTANTS", "30"))
LATENCY, GRACE, PROMPT = 0.1, 0.2, 2.0

SETUP = """
import pandas as pd, enrich_pandas as ep, threading, time
from enrich_pandas.providers.base import RateLimit
from enrich_pandas.engine.scheduler import Scheduler
heard = []
def noting(stop):
    def noted(*given):
        stop(*given)
        heard.append(time.time())
    return noted
Scheduler.halt, Scheduler.stop = noting(Scheduler.halt), noting(Scheduler.stop)
box = ep.sandbox(url={url!r}, journal={journal!r})
box.__enter__()
provider = ep.Crustdata(connections=2, rate=RateLimit(10_000, 1))
def enrich(trial):
    urls = [f"linkedin.com/in/k{{trial}}-{{n}}-example" for n in range(200)]
    heard.clear()
    return pd.DataFrame({{"LinkedIn": urls}}).enrich.people(provider, fields=["name"])
enrich("warm")
"""
AFTERWARDS = """
import sys
result = getattr(sys.last_value, "result", None)
assert result is None or len(result) == 200
while any(thread.name.startswith("enrich-") for thread in threading.enumerate()):
    time.sleep(0.01)
time.sleep(0.2)
seen, heard_at = time.time(), min(heard, default=0.0)
assert set(enrich({trial})["person_status"]) == {{"matched"}}
"""


@pytest.fixture
def kernel():
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code, **expressions):
    reply = client.execute_interactive(
        code, user_expressions=expressions, output_hook=lambda _: None, timeout=120
    )["content"]
    assert reply["status"] == "ok", reply
    return {name: one["data"]["text/plain"] for name, one in reply["user_expressions"].items()}


def last_request(journal, seen):
    """Return when the last billed request before a time started."""
    query = "SELECT MAX(sent) FROM requests WHERE billed AND outcome IS NOT 'not_sent' AND sent < ?"
    with closing(sqlite3.connect(journal)) as connection:
        return connection.execute(query, (seen,)).fetchone()[0]


def interrupt(kernel, box, journal, trial, delay):
    """Interrupt a cell; return the seconds until the prompt, and the delay of the last charge."""
    manager, client = kernel
    message = client.execute(f"enrich({trial})")
    time.sleep(delay)
    sent = time.time()
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=60)
    prompt = time.time() - sent
    while reply["parent_header"].get("msg_id") != message:
        reply = client.get_shell_msg(timeout=60)
        prompt = time.time() - sent
    assert reply["content"].get("ename", "RunInterrupted") in (
        "RunInterrupted",
        "KeyboardInterrupt",
    )
    after = run(client, AFTERWARDS.format(trial=trial), seen="seen", heard_at="heard_at")
    seen, heard_at = float(after["seen"]), float(after["heard_at"])
    assert not heard_at or last_request(journal, seen) <= heard_at, (
        "a request started after the interrupt"
    )
    ledger = box.ledger[box.ledger["identity"].str.contains(f"k{trial}-")]
    assert ledger["identity"].is_unique
    assert len(ledger) == 200
    at = ledger["at"].map(lambda moment: moment.timestamp())
    late = at[(at > sent + LATENCY) & (at < seen)] - sent - LATENCY
    return reply["content"].get("ename", "done"), prompt, late.max() if len(late) else 0.0


def sweep(kernel, tmp_path, count):
    dice = random.Random(count)  # noqa: S311 - not for security
    journal = str(tmp_path / "kernel.sqlite")
    with ep.sandbox(misses=0, latency=LATENCY, process=True) as box:
        run(kernel[1], SETUP.format(url=box.url("crustdata"), journal=journal))
        delays = [dice.uniform(0.05, 0.6) for _ in range(count)]
        struck = [interrupt(kernel, box, journal, n, delay) for n, delay in enumerate(delays)]
    names, prompts, late = zip(*struck, strict=True)
    logger.warning(
        "%d interrupts, %d in a run; prompt %.3f s at most; latest charge %.3f s after",
        count,
        names.count("RunInterrupted"),
        max(prompts),
        max(late),
    )
    return max(prompts), max(late)


@pytest.mark.timeout(300)
def test_cell_can_be_interrupted(kernel, tmp_path):
    sweep(kernel, tmp_path, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_cell_can_be_interrupted_at_any_instant(kernel, tmp_path):
    prompt, late = sweep(kernel, tmp_path, INSTANTS)
    assert late <= GRACE
    assert prompt <= PROMPT
