"""The whole main job against its bound: the least time at that latency and so many connections.

The sandbox runs in a process of its own, so that making people up costs this one nothing but its
share of the cores. ``journal`` tells the share of the time that the same run takes without one
disk flush (a journal whose file is on the memory disk), where the machine has such a disk.
"""

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

import enrich_pandas as ep

BATCH = 25


def measure(rows: int = 10_000) -> Iterator[dict[str, object]]:
    frame = pd.DataFrame(
        {"LinkedIn": [f"https://www.linkedin.com/in/p{n}-example" for n in range(rows)]}
    )
    requests = math.ceil(rows / BATCH)
    for latency, connections in ((1.0, 16), (0.2, 16), (0.0, 8)):
        bound = math.ceil(requests / connections) * latency
        seconds = run(frame, latency, connections)
        memory = run(frame, latency, connections, folder="/dev/shm")  # noqa: S108 - a memory disk
        yield {
            "rows": rows,
            "requests": requests,
            "latency, s": latency,
            "connections": connections,
            "bound, s": bound,
            "measured, s": seconds,
            "efficiency": bound / seconds,
            "speed without disk flushes": seconds / memory,
            "rows a second": rows / seconds,
        }


def run(frame: pd.DataFrame, latency: float, connections: int, folder: str | None = None) -> float:
    place = folder if folder and Path(folder).is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as home:
        journal = Path(home) / "journal.sqlite"
        with ep.sandbox(latency=latency, misses=0.1, process=True, journal=journal) as box:
            provider = ep.Crustdata(connections=connections)
            started = time.perf_counter()
            people = ep.people(frame, provider, progress=None)
            seconds = time.perf_counter() - started
            assert len(box.requests) == math.ceil(len(frame) / BATCH)
            assert people["person_status"].isin(["matched", "not_found", "removed"]).all()
    return seconds
