"""Compare with other tools that an analyst could use, on the same list and sandbox.

``clean`` is a list of distinct people with well-formed URLs. ``dirty`` has each person more than
once in different spellings, cells without a URL, people without a match, and a vendor that fails,
limits the rate, reorders its answers and drops two that it has charged for. The process is killed
with SIGKILL after half of the people were requested, and started again. ``limited`` is a clean
list of ``LIMITED`` people at the default rate of the vendor, 15 requests a minute.

Each tool runs in its own process (see `rivals`) with at most eight connections. Time and CPU count
from reading the list to writing the frame, for all processes together; memory is that of the
process. ``lost`` rows have a match at the vendor and came back without it, except ``held`` rows,
which say that their answer was lost and might have been charged. ``wrong`` rows have the name of
another person or came back twice. ``least`` is the cost of requesting each person once.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import enrich_pandas as ep
from benchmarks.rivals import AGAIN, OURS, RIVALS, ask, batches, patient, people
from enrich_pandas.emulators import Sandbox

PROFILE = """
At the rate that the vendor allows, every tool that respects it reaches the bound of 8.3 rows a
second. If only latency limits, `threads` is faster. It keeps its answers after a kill but not after
a loss of power, pays a sixth more than the minimum on the dirty list, and takes 0.3 ms of CPU a
row where we take 0.7. Of our 3.3 s for 2,000 people, 0.2 s are before the first request, 0.2 s the
check of the balance, 2.7 s the requests (2.6 of 2.8 s for `threads`), and 0.2 s the frame. If a
process is killed, the requests in flight are held: 25 people each, where accrue has eight people
in flight.
"""
LATENCY, LIVES = 0.2, 3
LIMITED, RATE = 500, 15  # people, and requests a minute
PACKAGES = ("accrue", "dlt")
JUNK = (None, "", "n/a", "see website", "https://www.linkedin.com/company/example")


class Life(NamedTuple):
    """Time, CPU and memory of one process, and whether it finished."""

    seconds: float
    cpu: float
    peak: float
    is_done: bool


def measure(rows: int = 2_000) -> Iterator[dict[str, object]]:
    for label, frame, misses, rate in (
        ("clean", clean(rows), 0.0, None),
        ("dirty", dirty(rows), 0.1, None),
        ("limited", clean(min(rows, LIMITED)), 0.0, RATE),
    ):
        frame["name"] = frame["person"].map(names(rows, misses))
        for name in filter(is_installed, {**OURS, **RIVALS}):
            # A clean list has no held rows, and accrue would take 33 minutes at the limited rate.
            if (misses or name != AGAIN) and (rate is None or name != "accrue"):
                yield {"list": label, "tool": name, **measured(name, frame, misses, rate)}


def is_installed(tool: str) -> bool:
    """Return whether a tool can be run; some are in the dependency group ``peers`` alone."""
    return tool not in PACKAGES or find_spec(tool) is not None


def measured(name: str, frame: pd.DataFrame, misses: float, rate: int | None) -> dict[str, object]:
    with (
        tempfile.TemporaryDirectory() as folder,
        ep.sandbox(latency=LATENCY, process=True, misses=misses, rate=rate) as box,
    ):
        frame[["row", "LinkedIn"]].to_parquet(f"{folder}/list.parquet")
        if misses:
            trouble(box)
        half = frame["person"].nunique() / 2 if misses else None
        lives = list(lived(name, box, Path(folder), half))
        asked = box.requests["path"].str.endswith("/person/enrich").sum()
        credits_ = box.ledger["credits"].sum()
        found = pd.read_pickle(f"{folder}/found.pickle") if lives[-1].is_done else frame[:0]  # noqa: S301 - our own
    got = found.reindex(columns=["row", "name", "status"]).set_index("row")
    first = got[~got.index.duplicated()].reindex(frame["row"]).reset_index()
    known, given, held = frame["name"].notna(), first["name"].notna(), first["status"].eq("held")
    wrong = given & first["name"].ne(frame["name"])
    seconds = sum(life.seconds for life in lives)
    return {
        "rows a second": len(frame) / seconds,
        "CPU a row, ms": 1000 * sum(life.cpu for life in lives) / len(frame),
        "peak, MB": max(life.peak for life in lives),
        "requests": int(asked),
        "credits": int(credits_),
        "least": frame.loc[known, "person"].nunique(),
        "lost": int((known & ~given & ~held).sum()),
        "held": int(held.sum()),
        "wrong": int(wrong.sum() + got.index.duplicated().sum()),
        "ended": "yes" if lives[-1].is_done else "no",
    }


def lived(name: str, box: Sandbox, folder: Path, limit: float | None) -> Iterator[Life]:
    """Run a tool, and start it again after a kill or a crash, as a user would."""
    for _ in range(LIVES):
        yield (life := live(name, box, folder, limit))
        if life.is_done:
            return
        limit = None


def live(name: str, box: Sandbox, folder: Path, limit: float | None) -> Life:
    """Run a tool once, until it ends or this many people were requested."""
    command = [sys.executable, "-m", "benchmarks.rivals", name, box.url("crustdata"), str(folder)]
    compiled = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # as on the computers of users
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=compiled) as child:  # noqa: S603 - this interpreter
        assert child.stdout
        before = float(child.stdout.readline() or 0)
        started = time.perf_counter()
        while limit is not None and not _has_ended(child.pid):
            if box.requests["identities"].sum() >= limit:
                child.send_signal(signal.SIGKILL)
                break
            time.sleep(0.1)
        child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    cpu = used.ru_utime + used.ru_stime - before
    return Life(time.perf_counter() - started, cpu, used.ru_maxrss / 1024, not child.returncode)


def _has_ended(process: int) -> bool:
    """Return whether a process has ended, without reaping it."""
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def trouble(box: Sandbox) -> None:
    """Inject the faults of a vendor's bad day into the next requests."""
    box.fault("crustdata", "submit", "server_error", times=2, skip=3)
    box.fault("crustdata", "submit", "rate_limited", times=3, skip=10, retry_after=1)
    box.fault("crustdata", "submit", "drop_after_accept", times=2, skip=16)
    box.fault("crustdata", "submit", "reorder", times=None)


def names(rows: int, misses: float) -> pd.Series:
    """Return the name of each person, from a sandbox that is not measured."""
    urls = [url(person) for person in range(rows)]
    with ep.sandbox(misses=misses, process=True) as box:
        session, at = patient(), box.url("crustdata")
        elements = [one for batch in batches(urls) for one in ask(session, at, batch)]
    found = {one["matched_on"]: one["basic_profile"]["name"] for one in people(elements)}
    return pd.Series([found.get(each) for each in urls])


def clean(rows: int) -> pd.DataFrame:
    numbers = pd.Series(range(rows))
    return pd.DataFrame({"row": numbers, "person": numbers, "LinkedIn": numbers.map(url)})


def dirty(rows: int) -> pd.DataFrame:
    """Return a list with three rows for two people, one row in twenty without a URL."""
    chance = random.Random(0)
    frame = pd.DataFrame({"row": range(rows), "person": None, "LinkedIn": None})
    for row in range(rows):
        if chance.random() < 0.05:
            frame.loc[row, "LinkedIn"] = chance.choice(JUNK)
        else:
            person = chance.randrange(rows * 2 // 3)
            frame.loc[row, ["person", "LinkedIn"]] = person, spelled(chance, url(person))
    return frame


def url(person: int) -> str:
    return f"https://www.linkedin.com/in/peer-{person}-example"


def spelled(chance: random.Random, url: str) -> str:
    """Spell an address as people do."""
    bare = url.removeprefix("https://www.")
    spellings = (url, url + "/", bare, f"http://{bare}", f"{url}?trk=public", f"https://uk.{bare}",
                 bare.replace("linkedin", "LinkedIn"), f"  {url} ")  # fmt: skip
    return chance.choice(spellings)
