"""The plan of a large list, against the time of ``factorize`` of the same column.

A tenth of the rows are distinct people, in several spellings.
"""

import time
from collections.abc import Iterator

import pandas as pd

import enrich_pandas as ep

FORMS = ("https://www.linkedin.com/in/p{}-example", "linkedin.com/in/P{}-Example/?trk=x")


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    people = rows // 10
    frame = pd.DataFrame(
        {"LinkedIn": [FORMS[n % 2].format((n // 2) % people) for n in range(rows)]}
    )
    started = time.perf_counter()
    pd.factorize(frame["LinkedIn"])
    floor = time.perf_counter() - started
    with ep.sandbox():
        started = time.perf_counter()
        plan = ep.plan(frame)
        seconds = time.perf_counter() - started
    assert plan.distinct == people
    yield {
        "rows": rows,
        "distinct": people,
        "factorize, s": floor,
        "plan, s": seconds,
        "times factorize": seconds / floor,
        "µs a row": seconds / rows * 1e6,
    }
