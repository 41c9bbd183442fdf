"""Convert the vendors' bytes to a frame: CPU time in multiples of ``orjson.loads``.

The answers are those of `conversations`: Zoho's of one person, Crustdata's of 25 and Amplemarket's
of 100. Each way is measured between two runs of the yardstick on the same bytes, since the load of
other processes changes both; the figure is the median of the ratios. ``MB at the peak`` is the rise
of a forked process's resident memory above the memory with the bytes alone. ``columns`` are those
of the frame. The other tools (`tools`) make the same lists wide; pyarrow and polars get lines of
JSON and a schema, which are prepared before.
"""

import gc
import json
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np
import orjson
import pandas as pd

from benchmarks import tools
from benchmarks.conversations import VENDORS, Begun, Conversation, begin, read
from enrich_pandas.frame.output import decide_output
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal.records import Answer
from enrich_pandas.models import Person
from enrich_pandas.pipeline import ResultCollector
from enrich_pandas.providers.base import Identity, Match
from enrich_pandas.providers.decoding import decoder_of
from enrich_pandas.providers.records import Record

Layout = Literal["wide", "nested", "tables"]
Fields = str | Sequence[str]
P = TypeVar("P")
THREE = ("title", "company", "emails")
REPEATS = 5
POLARS = "polars' JSON reader"


def measure(rows: int = 10_000) -> Iterator[dict[str, object]]:
    for vendor, conversations in VENDORS.items():
        yield from measured(vendor, list(conversations(rows)))


def measured(vendor: str, talks: list[Conversation]) -> Iterator[dict[str, object]]:
    bodies = [talk.body for talk in talks]
    matches = list(read(map(begin, talks)))
    records = [match.model for match in matches if isinstance(match.model, Record)]
    lines = tools.lines(vendor, bodies)
    schema = tools.schema_of(lines)

    def begun() -> list[Begun]:
        return [begin(talk) for talk in talks]

    gc.freeze()  # the garbage collector ignores the objects of the benchmark itself
    ways: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
        "floor: msgspec skips the bytes": (lambda: bodies, skipped),
        "floor: msgspec decodes wire types": (lambda: records, decoded),
        "bytes to matches": (begun, lambda flows: sum(1 for _ in read(flows))),
        "wide, all fields": (begun, partial(frame, fields="all")),
        "wide, standard fields": (begun, partial(frame, fields="standard", most=None)),
        "wide, three fields": (begun, partial(frame, fields=THREE)),
        "nested, all fields": (begun, partial(frame, fields="all", layout="nested")),
        "tables, all fields": (begun, partial(frame, fields="all", layout="tables")),
        "json_normalize": (lambda: bodies, partial(tools.normalized, vendor)),
        "json_normalize, explode, unstack": (lambda: bodies, partial(tools.unstacked, vendor)),
        "pyarrow's JSON reader": (lambda: lines, partial(tools.with_pyarrow, schema=schema)),
        POLARS: (lambda: lines, partial(tools.with_polars, schema=schema)),
    }
    for name, (prepare, work) in ways.items():
        # The threads of polars do not survive the fork.
        peak = "" if name == POLARS else risen(partial(work, prepare()))
        ratio, noise = against(lambda: loaded(bodies), work, prepare)
        made = work(prepare())
        yield {
            "vendor": vendor,
            "what": name,
            "people": len(matches),
            "MB of bytes": sum(map(len, bodies)) / 1e6,
            "times orjson.loads": ratio,
            "spread": f"±{noise:.0%}",
            "columns": made.shape[1] if isinstance(made, pd.DataFrame) else "",
            "MB at the peak": peak,
        }


def frame(
    begun: Iterable[Begun], fields: Fields, layout: Layout = "wide", most: int | None = tools.MOST
) -> Any:
    return assembled(read(begun), fields, layout, most)


def assembled(
    matches: Iterable[Match],
    fields: Fields,
    layout: Layout = "wide",
    most: int | None = tools.MOST,
    codes: Any = None,
) -> Any:
    """Collect answers and build the frame, as a call does."""
    output = decide_output(
        pd.DataFrame(), Person, "people",
        fields=fields, layout=layout, max_items=most, prefix="person_",
    )  # fmt: skip
    collector = ResultCollector(output)
    results: dict[Identity, Answer] = {
        match.identity: collector.keep(Answer(match, 1.7e9, "vendor")) for match in matches
    }
    codes = np.arange(len(results)) if codes is None else codes
    people = Identified(codes, list(results), [])
    return collector.assemble(pd.DataFrame(index=range(len(codes))), people, results)


def loaded(bodies: Iterable[bytes]) -> None:
    for body in bodies:
        orjson.loads(body)


def skipped(bodies: Iterable[bytes]) -> None:
    decoder = decoder_of(msgspec.Raw)
    for body in bodies:
        decoder.decode(body)


def decoded(records: Iterable[Record]) -> None:
    """Decode the people alone; elements that do not fit their type are left out."""
    for record in records:
        try:
            decoder_of(record.type.wire).decode(record.raw)
        except msgspec.ValidationError:
            continue


def against(
    yardstick: Callable[[], object],
    work: Callable[[Any], object],
    prepare: Callable[[], Any] = lambda: None,
    repeats: int = REPEATS,
) -> tuple[float, float]:
    """Return the median ratio of CPU times, and half the range as a share of it.

    ``work`` takes what ``prepare`` returns, which is not measured.
    """
    ratios = []
    for _ in range(repeats):
        prepared = prepare()
        before, own, after = (
            seconds(yardstick),
            seconds(partial(work, prepared)),
            seconds(yardstick),
        )
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
