"""Run Zoho's jobs, one submission and one look-up each, against the bound of ten connections.

The bound is two requests a row at the sandbox's latency, divided by the connections. The jobs take
1 to 30 seconds in the meantime, so the last of them bounds a short list. ``ms a commit`` is the
time of the disk; a job takes several commits in sequence. The journal is in ``TMPDIR``.
"""

import time
from collections.abc import Iterator

import pandas as pd

import enrich_pandas as ep
from benchmarks.__main__ import commit_ms

PROFILE = """
A job takes four commits. Commits that are written at the same time are shared; when each job had
its own, the list took 282 s, and 1,070 s on a disk with 32 ms for a commit. The rest of the time
was not profiled.
"""
LATENCY, CONNECTIONS, JOBS = 0.1, 10, (1, 30)


def measure(rows: int = 10_000) -> Iterator[dict[str, object]]:
    people = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/job-{n}-example" for n in range(rows)]})
    with ep.sandbox(latency=LATENCY, job_seconds=JOBS, process=True) as box:
        start, busy = time.perf_counter(), time.process_time()
        people.enrich.people(ep.Zoho(connections=CONNECTIONS), progress=None)
        took, busy = time.perf_counter() - start, time.process_time() - busy
        requests = box.requests
    is_list = requests["path"].str.endswith("__zia_people_enrichment")
    looks = int((is_list & requests["method"].eq("GET")).sum())
    bound = 2 * rows * LATENCY / CONNECTIONS
    yield {
        "rows": rows,
        "seconds": took,
        "bound": bound,
        "times the bound": took / bound,
        "looks a job": looks / rows,
        "CPU ms a row": 1000 * busy / rows,
        "ms a commit": commit_ms(),
    }
