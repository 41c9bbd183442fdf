"""Run the main job, against its bound: the least time at a latency and number of connections.

The journal, rate limiter, parser and progress are on. A lean server runs in its own process (see
``lean.py``) and costs a fraction of an emulator. The bound under a rate limit is the least time in
which windows of that length allow that many requests to start. ``most in a window`` is counted by
the server, in multiples of the limit. CPU is that of this process, from plan to frame. The check of
the balance, one request before the first one of a live call, is off; it adds one latency.
"""

import bisect
import math
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import enrich_pandas as ep
from benchmarks.__main__ import commit_ms, spread
from benchmarks.lean import Server, running
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.providers.base import Provider, RateLimit, Secret

BATCH = 25
WIDE = RateLimit(1_000_000, 1.0)
PROFILE = """
1.1 s are lost at 1 s of latency and 1.3 s at 0.2 s. A third of that is before the first request
(0.1 s) and after the last answer (0.2 to 0.3 s). The rest is 0.03 s for each round, in which
sixteen answers arrive at the same time and Python reads them one after the other, at 9 to 11 ms of
CPU each. A connection is released before its answer is stored; without that, and on a busier
machine with 20 ms of CPU a request, 0.92, 0.49 and 0.92 were reached. The margin of a window is a
hundredth of its length, here 10 ms.
"""


def measure(rows: int = 10_000, repeats: int = 3) -> Iterator[dict[str, object]]:
    ep.options.check_balance = False
    run(people(BATCH), 0.0, 1, WIDE)  # loads modules on first use
    for latency, connections, limit in (
        (1.0, 16, WIDE),
        (0.2, 16, WIDE),
        (0.0, 8, WIDE),
        (0.2, 16, RateLimit(20, 1.0)),
    ):
        frame = people(rows)
        requests = math.ceil(rows / BATCH)
        bound = math.ceil(requests / connections) * latency
        if limit is not WIDE:
            bound = (requests - 1) // limit.requests * limit.seconds + latency
        runs = [run(frame, latency, connections, limit) for _ in range(repeats)]
        seconds, noise = spread([each[0] for each in runs])
        yield {
            "rows": rows,
            "requests": requests,
            "latency, s": latency,
            "connections": connections,
            "limit": "" if limit is WIDE else f"{limit.requests} in {limit.seconds:g} s",
            "bound, s": bound,
            "measured, s": seconds,
            "spread": f"±{noise:.0%}",
            "efficiency": bound / seconds,
            "most in a window": max(most_in_a_window(each[2], limit) for each in runs),
            "CPU a request, ms": 1000 * statistics.median(each[1] for each in runs) / requests,
            "ms a commit": commit_ms(),
        }


def people(rows: int) -> pd.DataFrame:
    urls = [f"https://www.linkedin.com/in/p{n}-example" for n in range(rows)]
    return pd.DataFrame({"LinkedIn": urls})


def run(
    frame: pd.DataFrame, latency: float, connections: int, limit: RateLimit
) -> tuple[float, float, Sequence[float]]:
    """Return seconds, CPU seconds and the arrival time of each request."""
    provider = ep.Crustdata(connections=connections, rate=limit)
    server: Server
    with running(latency) as server, pointed_at(server.url, provider):
        started, busy = time.perf_counter(), time.process_time()
        enriched = ep.people(frame, provider, progress=lambda _: None)
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        assert enriched["person_status"].eq("matched").all()
        arrival_times = server.arrival_times(math.ceil(len(frame) / BATCH))
    return seconds, busy, arrival_times


@contextmanager
def pointed_at(url: str, provider: Provider) -> Iterator[None]:
    """Send a provider's requests to a server, with a journal of their own."""
    with TemporaryDirectory() as folder:
        environment = Environment(
            realm="benchmark",
            origins={provider.name: url},
            secrets={provider.name: {name: Secret("made-up") for name in provider.credentials}},
            journal=Path(folder) / "journal.sqlite",
            paid=False,
        )
        with use_environment(environment):
            yield


def most_in_a_window(arrival_times: Sequence[float], limit: RateLimit) -> float:
    """Return the maximum of requests in any window, in multiples of the limit."""
    ordered = sorted(arrival_times)
    ends = (bisect.bisect_left(ordered, at + limit.seconds) for at in ordered)
    return max(end - n for n, end in enumerate(ends)) / limit.requests
