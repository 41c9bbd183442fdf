"""From the vendor's bytes to a wide frame, against what an analyst would write with pandas.

The yardstick is ``json.loads`` of the same bytes, thrown away; the rival is ``json_normalize`` with
``explode`` and ``unstack`` for e-mails, experiences and educations.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import requests

import enrich_pandas as ep
from benchmarks.__main__ import spread
from enrich_pandas.frame import flatten
from enrich_pandas.frame.schema import fields_of
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Identity, Response

FIELDS = fields_of(Person)


def measure(rows: int = 5_000) -> Iterator[dict[str, object]]:
    provider = ep.Crustdata()
    identities = [
        Identity.of(linkedin_url=f"https://www.linkedin.com/in/p{n}-example") for n in range(rows)
    ]
    batches = list(provider.batches("people", identities))
    bodies = list(answers(provider, batches))
    megabytes = sum(map(len, bodies)) / 1e6
    yardstick, _ = timed(lambda: [json.loads(body) for body in bodies])
    for name, work in {
        "json.loads, thrown away": lambda: [json.loads(body) for body in bodies],
        "enrich_pandas, read": lambda: read(provider, batches, bodies),
        "enrich_pandas, read and wide": lambda: wide(read(provider, batches, bodies)),
        "json_normalize, explode, unstack": lambda: rival(bodies),
    }.items():
        seconds, noise = timed(work)
        yield {
            "what": name,
            "people": rows,
            "MB": megabytes,
            "times json.loads": seconds / yardstick,
            "spread": f"±{noise:.0%}",
        }


def answers(provider: ep.Crustdata, batches: list[list[Identity]]) -> Iterator[bytes]:
    """Ask the sandbox directly, once, for the bytes that are read below."""
    with ep.sandbox(misses=0.1) as box:
        for batch in batches:
            request = next(provider.flow("people", batch))
            yield requests.post(
                box.url("crustdata") + request.path,
                json=request.json,
                headers={**request.headers, "Authorization": "Bearer sandbox-key"},
                timeout=60,
            ).content


def read(provider: ep.Crustdata, batches: Any, bodies: Any) -> list[Person | None]:
    people: list[Person | None] = []
    for batch, body in zip(batches, bodies, strict=True):
        flow = provider.flow("people", batch)
        next(flow)
        try:
            flow.send(Response(status=200, body=body))
        except StopIteration as end:
            people += [match.model for match in end.value]
    return people


def wide(people: list[Person | None]) -> pd.DataFrame:
    count = len(people)
    distinct = flatten.Distinct(
        ["matched"] * count, [""] * count, ["x"] * count, [0.0] * count, people
    )
    return pd.DataFrame(flatten.wide(flatten.Taken(distinct, np.arange(count)), FIELDS, 3))


def rival(bodies: list[bytes]) -> pd.DataFrame:
    found = [
        element["matches"][0]["person_data"]
        for body in bodies
        for element in json.loads(body)
        if element["matches"]
    ]
    frame = pd.json_normalize(found)
    lists = {
        "experience.employment_details.current": 3,
        "experience.employment_details.past": 3,
        "education.schools": 3,
    }
    parts = [frame.drop(columns=list(lists))]
    for name, most in lists.items():
        long = frame[name].explode().dropna()
        items = pd.json_normalize(long.tolist()).set_axis(long.index)
        items["n"] = items.groupby(level=0).cumcount()
        first = items[items["n"] < most].set_index("n", append=True).unstack("n")  # noqa: PD010 - as people write it
        first.columns = [f"{name}_{n}_{field}" for field, n in first.columns]
        parts.append(first)
    return pd.concat(parts, axis=1)


def timed(work: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return spread(times)
