"""Convert the vendor's bytes to a frame: CPU time in multiples of ``orjson.loads``.

The people have the shape of Zoho's ``enriched_data``, in answers of 100. Each way is measured
between two runs of the yardstick, since the load of other processes changes both; the figure is the
median of the ratios. ``MB at the peak`` is the rise of a forked process's resident memory above the
memory with the bytes alone. The other tools read the same lists as the wide frame.
"""

import gc
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Literal

import msgspec
import numpy as np
import orjson
import pandas as pd

from benchmarks.made_up import answers, identity, job_id
from enrich_pandas.frame.output import Output
from enrich_pandas.frame.schema import fields_of, limit_items
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal.records import Answer
from enrich_pandas.models import Person
from enrich_pandas.pipeline import ResultCollector
from enrich_pandas.providers.base import Identity, Match, Response
from enrich_pandas.providers.decoding import decoder_of
from enrich_pandas.providers.zoho.errors import items_of
from enrich_pandas.providers.zoho.people import PEOPLE, PersonJob
from enrich_pandas.providers.zoho.requests import ZohoJob

PROFILE = """
Half of about 0.1 ms a person is reading (a quarter from wire type to model, a tenth decoding), a
third converts models to arrays, and a tenth makes columns. The cost is Python's steps for each
person, evenly spread. Only a mapping that is data, executed a column at a time, would come much
closer to the decoder. Before the last change a wide frame took 16 times the yardstick on a machine
that was as busy.
"""
Layout = Literal["wide", "nested", "tables"]
MOST, REPEATS = 5, 7
FIELDS = fields_of(Person)


class Envelope(msgspec.Struct, rename={"jobs": "__zia_people_enrichment"}):
    """The floor of typed decoding: the wire types without a conversion to models."""

    jobs: list[PersonJob]


def measure(rows: int = 10_000) -> Iterator[dict[str, object]]:
    bodies = list(answers(rows))
    matches = list(read(bodies))
    gc.freeze()  # the garbage collector ignores the objects of the benchmark itself
    ways: dict[str, Callable[[], object]] = {
        "floor: msgspec skips the bytes": lambda: each(bodies, msgspec.Raw),
        "floor: msgspec decodes wire types": lambda: each(bodies, Envelope),
        "read: bytes to models": lambda: sum(1 for _ in read(bodies)),
        **{
            f"bytes to {name}": partial(frame, bodies, name)
            for name in ("wide", "nested", "tables")
        },
        "models to wide": lambda: assembled(matches, "wide"),
        "json_normalize": lambda: normalized(bodies),
        "json_normalize, explode, unstack": lambda: rival(bodies),
    }
    size = sum(map(len, bodies)) / 1e6
    for name, work in ways.items():
        ratio, noise = against(lambda: each_loaded(bodies), work)
        yield {
            "what": name,
            "people": rows,
            "MB of bytes": size,
            "times orjson.loads": ratio,
            "spread": f"±{noise:.0%}",
            "MB at the peak": risen(work),
        }


def read(bodies: Iterable[bytes]) -> Iterator[Match]:
    """Read answers as the provider's flow reads each of them."""
    raw = (raw for body in bodies for raw in items_of(Response(status=200, body=body)))
    for number, job in enumerate(raw):
        head, _ = PEOPLE.read_head(job)
        match = ZohoJob("people", job, head).match(identity(number), job_id(number))
        assert match is not None
        yield match


def frame(bodies: Iterable[bytes], layout: Layout) -> object:
    return assembled(read(bodies), layout)


def assembled(matches: Iterable[Match], layout: Layout) -> object:
    """Collect answers and build the frame, as a call does."""
    fields = limit_items(FIELDS, MOST if layout == "wide" else None)
    collector = ResultCollector(Output("people", fields, layout, "person_", ()))
    results: dict[Identity, Answer] = {
        match.identity: collector.keep(Answer(match, 1.7e9, "zoho")) for match in matches
    }
    people = Identified(np.arange(len(results)), list(results), [])
    return collector.assemble(pd.DataFrame(index=range(len(results))), people, results)


def each_loaded(bodies: Iterable[bytes]) -> None:
    for body in bodies:
        orjson.loads(body)


def each(bodies: Iterable[bytes], kind: Any) -> None:
    decoder = decoder_of(kind)
    for body in bodies:
        decoder.decode(body)


def found(bodies: Iterable[bytes]) -> list[dict[str, Any]]:
    whole = (json.loads(body)["__zia_people_enrichment"] for body in bodies)
    return [job["enriched_data"] for jobs in whole for job in jobs]


def normalized(bodies: Iterable[bytes]) -> pd.DataFrame:
    return pd.json_normalize(found(bodies))


def rival(bodies: Iterable[bytes]) -> pd.DataFrame:
    """Flatten as users would write it; lists within the items are left unchanged."""
    frame = normalized(bodies)
    lists = ["email_infos", "company_info.experiences", "educations", "social_media"]
    parts = [frame.drop(columns=lists)]
    for name in lists:
        long = frame[name].explode().dropna()
        items = pd.json_normalize(long.tolist()).set_axis(long.index)
        items["n"] = items.groupby(level=0).cumcount()
        first = items[items["n"] < MOST].set_index("n", append=True).unstack("n")  # noqa: PD010 - as users write it
        first.columns = [f"{name}_{n}_{field}" for field, n in first.columns]
        parts.append(first)
    return pd.concat(parts, axis=1)


def against(
    yardstick: Callable[[], object], work: Callable[[], object], repeats: int = REPEATS
) -> tuple[float, float]:
    """Return the median ratio of CPU times, and half the range as a share of it."""
    ratios = []
    for _ in range(repeats):
        before, own, after = seconds(yardstick), seconds(work), seconds(yardstick)
        ratios.append(own / ((before + after) / 2))
    middle = statistics.median(ratios)
    return middle, (max(ratios) - min(ratios)) / 2 / middle


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def risen(work: Callable[[], object], facts: dict[str, Any] | None = None) -> float:
    """Return the rise of a forked process's peak memory in MB.

    If ``facts`` is given, the result of ``work`` is added to it.
    """
    reader, writer = os.pipe()
    if not os.fork():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = work()  # its result is part of the peak
        rise = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        os.write(writer, json.dumps([rise, None if facts is None else kept]).encode())
        os._exit(0)
    os.wait()
    rise, found = json.loads(os.read(reader, 4096))
    if facts is not None:
        facts |= found
    return float(rise)
