"""Make a call whose answers are all stored, against ``take`` of the same columns alone.

A tenth of the rows are distinct people in Zoho's shape, written to the journal without a request.
``times take`` compares the call with Arrow's ``take`` of its columns by the same codes, without
keeping them. ``times flatten`` compares it with converting the same people, already read, to a wide
frame with the same number of rows.
"""

import itertools
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

import enrich_pandas as ep
from benchmarks.conversations import begin, read, zoho
from benchmarks.flatten import Fields, against, assembled
from benchmarks.made_up import url
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.engine.plan import fingerprint, scope_of
from enrich_pandas.journal import Journal

BATCH = 1_000  # people in a transaction


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    people, provider = rows // 10, ep.Zoho()
    codes = np.arange(rows) % people
    frame = pd.DataFrame({"LinkedIn": pd.array(list(map(url, range(people))), dtype="str")[codes]})
    with ep.sandbox():
        fill(provider, people)
        matches = list(read(map(begin, zoho(people))))
        for fields in ("standard", "all"):
            arrays = columns(assembled(matches, fields, most=None))

            def called(_: object, fields: Fields = fields) -> pd.DataFrame:
                return ep.people(frame, provider, fields=fields, progress=None)

            def taken(arrays: list[pa.Array] = arrays) -> None:
                places = pa.array(codes)
                for array in arrays:
                    array.take(places)

            def flattened(fields: Fields = fields) -> object:
                return assembled(matches, fields, most=None, codes=codes)

            take, noise = against(taken, called, repeats=5)
            flatten, _ = against(flattened, called, repeats=3)
            yield {
                "rows": rows,
                "people": people,
                "fields": fields,
                "columns": len(arrays),
                "times take": take,
                "spread": f"±{noise:.0%}",
                "times flatten": flatten,
            }


def columns(frame: pd.DataFrame) -> list[pa.Array]:
    """Return the columns of a frame as Arrow arrays in one piece."""
    table = pa.Table.from_pandas(frame, preserve_index=False).combine_chunks()
    return [chunked.chunk(0) for chunked in table.columns]


def fill(provider: ep.Zoho, people: int) -> None:
    """Write answers to the journal."""
    environment = current_environment()
    scope = scope_of(provider, "people", environment.realm)
    journal = Journal(journal_path(environment))
    journal.begin_run(
        id="filled", provider=provider.name, kind="people", library="0", started=time.time(),
        rows=people, identities=people, credits_planned=0.0,
    )  # fmt: skip
    matches = read(map(begin, zoho(people)))
    while some := list(itertools.islice(matches, BATCH)):
        identities = [match.identity for match in some]
        keys = [fingerprint(scope, one) for one in identities]
        claim = journal.claim(
            "filled", scope, identities, keys, price=lambda _: 0.0, budget=None, known={}
        )
        assert claim.batch is not None
        keyed = list(zip(keys, some, strict=True))
        journal.store_results(claim.batch.id, provider.name, "people", keyed, held=0.0)
    journal.end_run("filled", "done")
    journal.close()
