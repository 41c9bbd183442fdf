"""Record 400 answers of 60 KB by 16 connections, against the same run without a recording.

10,000 people in batches of 25. A recorded run ends when the file is written.
"""

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pandas as pd

import enrich_pandas as ep
from enrich_pandas.providers.base import RateLimit

LATENCY, CONNECTIONS = 0.1, 16
PROVIDER = ep.Crustdata(connections=CONNECTIONS, rate=RateLimit(100_000, 1))


def measure(rows: int = 10_000, repeats: int = 3) -> Iterator[dict[str, object]]:
    people = pd.DataFrame(
        {"LinkedIn": [f"linkedin.com/in/recorded-{n}-example" for n in range(rows)]}
    )
    with tempfile.TemporaryDirectory() as folder, ep.sandbox(latency=LATENCY, process=True) as box:
        url = box.url("crustdata")
        _run(people, url, None)  # warm-up: the sandbox creates its people once
        for name in ("report.yaml", "report.json"):
            path, took = Path(folder) / name, dict[str, list[float]]()
            for _ in range(repeats):
                for what in ("plain", "recorded", "replayed"):
                    path.unlink(missing_ok=True) if what == "recorded" else None
                    frame, seconds = _run(people, url, None if what == "plain" else path)
                    took.setdefault(what, []).append(seconds)
                    if what == "recorded":
                        expected = frame
                assert frame.equals(expected)
            plain, recorded, replayed = (min(took[what]) for what in took)
            yield {
                "file": path.suffix,
                "answers": rows // 25,
                "MB": path.stat().st_size / 1e6,
                "unrecorded, s": plain,
                "recorded, s": recorded,
                "times unrecorded": recorded / plain,
                "replayed, s": replayed,
            }


def _run(people: pd.DataFrame, url: str, path: Path | None) -> tuple[pd.DataFrame, float]:
    """Run with a new journal; an existing recording is replayed."""
    gc.collect()
    with ep.sandbox(url=url):
        start = time.perf_counter()
        with nullcontext() if path is None else ep.replay(path, mode="once"):
            frame = people.enrich.people(PROVIDER, fields=["name", "title"], progress=None)
        return frame, time.perf_counter() - start
