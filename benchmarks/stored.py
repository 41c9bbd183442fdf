"""Make a call whose answers are all stored, against the flattening of the same people.

A tenth of the rows are distinct people in Zoho's shape, written to the journal without a request.
The floor converts their decoded models to a wide frame with the same number of rows.
"""

import itertools
import time
from collections.abc import Iterator

import numpy as np
import pandas as pd

import enrich_pandas as ep
from benchmarks.flatten import FIELDS, against, read
from benchmarks.made_up import answers, url
from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.engine.plan import fingerprint, scope_of
from enrich_pandas.frame.output import Output
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer
from enrich_pandas.pipeline import ResultCollector
from enrich_pandas.providers.base import Match

PROFILE = """
Profile with Crustdata's people: 28 % decodes models, 25 % is the fan-out, 20 % converts models to
arrays, 19 % finds and validates rows. With 20,000 people, Python's garbage collector takes 20 to
30 % of the time, and more the more other objects are alive.
Next: replace the compressed JSON of each model by a format that is decoded in bulk.
"""
BATCH = 1_000  # people in a transaction


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    people, provider = rows // 10, ep.Zoho()
    codes = np.arange(rows) % people
    frame = pd.DataFrame({"LinkedIn": pd.array(list(map(url, range(people))), dtype="str")[codes]})
    with ep.sandbox():
        fill(provider, people)
        matches = list(read(answers(people)))
        ratio, noise = against(
            lambda: flattened(matches, codes),
            lambda: ep.people(frame, provider, progress=None),
            repeats=3,
        )
    yield {
        "rows": rows,
        "people": people,
        "times flatten": ratio,
        "spread": f"±{noise:.0%}",
    }


def fill(provider: ep.Zoho, people: int) -> None:
    """Write answers to the journal."""
    environment = current_environment()
    scope = scope_of(provider, "people", environment.realm)
    journal = Journal(journal_path(environment))
    journal.begin_run(
        id="filled", provider=provider.name, kind="people", library="0", started=time.time(),
        rows=people, identities=people, credits_planned=0.0,
    )  # fmt: skip
    matches = read(answers(people))
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


def flattened(matches: list[Match], codes: "np.ndarray[tuple[int], np.dtype[np.intp]]") -> object:
    collector = ResultCollector(Output("people", FIELDS, "wide", 3, "person_", ()))
    results = {match.identity: collector.keep(Answer(match, 1.7e9, "zoho")) for match in matches}
    people = Identified(codes, list(results), [])
    return collector.assemble(pd.DataFrame(index=range(len(codes))), people, results)
