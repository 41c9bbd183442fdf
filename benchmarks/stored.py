"""A call that finds everything stored, against the flatten of the same people alone."""

import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

import enrich_pandas as ep
from enrich_pandas.frame import flatten
from enrich_pandas.frame.schema import fields_of
from enrich_pandas.models import Person
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.surroundings import current, journal_path


def measure(rows: int = 50_000) -> Iterator[dict[str, object]]:
    people = rows // 10
    urls = [f"https://www.linkedin.com/in/p{n % people}-example" for n in range(rows)]
    frame = pd.DataFrame({"LinkedIn": urls})
    with ep.sandbox(misses=0, process=True):
        ep.people(frame, progress=None)
        started = time.perf_counter()
        ep.people(frame, progress=None)
        seconds = time.perf_counter() - started
        floor = flatten_alone(rows, people)
    yield {
        "rows": rows,
        "people": people,
        "flatten alone, s": floor,
        "stored call, s": seconds,
        "times flatten": seconds / floor,
    }


def flatten_alone(rows: int, people: int) -> float:
    """Flatten the stored people, already decoded, for so many rows."""
    journal = Journal(journal_path(current()))
    with journal._database.reading() as connection:  # noqa: SLF001 - the benchmark's own look inside
        keys = [row[0] for row in connection.execute("SELECT fingerprint FROM results")]
    models = [answer.match.model for answer in journal.stored(keys).values()]
    journal.close()
    count = len(models)
    distinct = flatten.Distinct(
        ["matched"] * count, [""] * count, ["x"] * count, [0.0] * count, models
    )
    started = time.perf_counter()
    columns = flatten.wide(flatten.Taken(distinct, np.arange(rows) % people), fields_of(Person), 3)
    pd.DataFrame(columns)
    return time.perf_counter() - started
