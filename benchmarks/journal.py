"""Measure the cost of the journal: the same run with the journal and without writes.

25 people in each answer, from the lean server (see `requests`). Each pair is run in turns, and the
best of each counts, since the load of other processes is not a cost of the journal. The journal is
in ``TMPDIR``.
"""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pandas as pd

from benchmarks.__main__ import commit_ms
from benchmarks.requests import WIDE, people, run
from enrich_pandas.journal.records import Batch, Claim, new_answer
from enrich_pandas.journal.suppression import EMPTY_FILTER

TURNS = 3


class NoJournal:
    """A journal that stores nothing, to measure a run without one."""

    def __init__(self, path: Path) -> None:
        self._numbers = itertools.count()
        self.suppression = SimpleNamespace(current_filter=lambda: EMPTY_FILTER)
        self.retention = SimpleNamespace(delete_expired=lambda _: None)
        self.queries = SimpleNamespace(note_balance=lambda *_: None, outcomes=lambda _: {})

    def stored(self, fingerprints: Any) -> dict[bytes, Any]:
        return {}

    def fingerprints(self, **_: Any) -> set[bytes]:
        return set()

    claims = stored

    def claim(self, run: str, scope: bytes, identities: Any, *_: Any, **__: Any) -> Claim:
        return Claim(Batch(next(self._numbers), list(identities), {}), [], [])

    def store_results(
        self, batch: int, provider: str, kind: Any, matches: Any, *_: Any, **__: Any
    ) -> Any:
        now = time.time()
        return [new_answer(match, now, provider) for _, match in matches]

    def record_intent(self, *_: Any, **__: Any) -> int:
        return 0

    begin_run = end_run = record_answer = close = record_intent


def measure(rows: int = 4_000) -> Iterator[dict[str, object]]:
    frame = people(rows)
    for latency, connections in ((0.0, 8), (0.2, 16), (1.0, 16)):
        pairs = [pair(frame, latency, connections) for _ in range(TURNS)]
        kept, none = map(min, zip(*pairs, strict=True))
        yield {
            "rows": rows,
            "latency, s": latency,
            "connections": connections,
            "rows a second, none": rows / none,
            "rows a second, journal": rows / kept,
            "journal / none": none / kept,
            "ms a row": (kept - none) / rows * 1000,
            "ms a commit": commit_ms(),
        }


def pair(frame: pd.DataFrame, latency: float, connections: int) -> tuple[float, float]:
    """Return the seconds with a journal, and without."""
    kept = run(frame, latency, connections, WIDE)[0]
    with patch("enrich_pandas.pipeline.Journal", NoJournal):
        return kept, run(frame, latency, connections, WIDE)[0]
