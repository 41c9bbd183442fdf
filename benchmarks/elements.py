"""Store and read the answers about people: bytes and CPU time in multiples of ``orjson.loads``.

Crustdata's emulator makes the people, in answers of 25. Each run stores the answers and the results
in a new journal, and is measured between two runs of the yardstick; the figures are medians.
``write`` and ``read`` include SQLite, whose floor is the same run with people that were not found.
``compression`` is the share of the elements alone.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import orjson

from enrich_pandas.emulators.crustdata.people import document, projected
from enrich_pandas.emulators.people import People
from enrich_pandas.journal import Journal
from enrich_pandas.journal.elements import compress_element, decompress
from enrich_pandas.journal.records import fingerprint
from enrich_pandas.providers.base import Identity, Match, Outcome, Request, Response, Status
from enrich_pandas.providers.crustdata.current import CURRENT
from enrich_pandas.providers.crustdata.people import PEOPLE
from enrich_pandas.providers.records import Record

BATCH, REPEATS = 25, 5
REQUEST = Request(method="POST", path="/person/enrich", billed=True, credits=25)
FIELDS = (*CURRENT.endpoints["people"].fields, "contact.business_emails")
BYTES = """
    SELECT (SELECT SUM(length(raw)) FROM elements), (SELECT SUM(length(body)) FROM requests),
      (SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count)
"""
Batch = list[tuple[Identity, bytes]]


def measure(rows: int = 2_000) -> Iterator[dict[str, object]]:
    people = list(made(rows))
    batches = [people[start : start + BATCH] for start in range(0, rows, BATCH)]
    raws = [raw for _, raw in people]
    packed = [compress_element(raw) for raw in raws]
    found = medians([run(batches) for _ in range(REPEATS)])
    floor = medians([run(batches, Status.NOT_FOUND) for _ in range(REPEATS)])
    yield {
        "people": rows,
        "raw, bytes": sum(map(len, raws)) / rows,
        "element, bytes": found["elements"] / rows,
        "rest of the answer, bytes": found["bodies"] / rows,
        "file, bytes": found["file"] / rows,
        "compression": against(batches, lambda: [len(compress_element(raw)) for raw in raws]),
        "decompression": against(batches, lambda: [len(decompress(one)) for one in packed]),
        "write": found["write"],
        "write, floor": floor["write"],
        "read": found["read"],
        "read, floor": floor["read"],
    }


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in runs) for name in runs[0]}


def made(count: int) -> Iterator[tuple[Identity, bytes]]:
    """Yield people and their elements."""
    people = People(misses=0, seed=0)
    for number in range(count):
        slug = f"stored-{number}-example"
        url = f"https://www.linkedin.com/in/{slug}"
        person = projected(document(people.profile(slug)), FIELDS)
        element = {
            "matched_on": url,
            "match_type": "professional_network_profile_url",
            "matches": [{"confidence_score": 1.0, "person_data": person}],
        }
        yield Identity.of(linkedin_url=url), msgspec.json.encode(element)


def against(batches: list[Batch], work: Callable[[], object]) -> float:
    """Return the median CPU time of some work, in multiples of the yardstick."""
    return statistics.median(once(batches, work) for _ in range(REPEATS))


def once(batches: list[Batch], work: Callable[[], object]) -> float:
    before, took, after = cpu(lambda: loads(batches)), cpu(work), cpu(lambda: loads(batches))
    return 2 * took / (before + after)


def cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def body_of(batch: Batch) -> bytes:
    return b"[" + b",".join(raw for _, raw in batch) + b"]"


def loads(batches: list[Batch]) -> None:
    for batch in batches:
        orjson.loads(body_of(batch))


def run(batches: list[Batch], status: Status = Status.MATCHED) -> dict[str, float]:
    """Store and read all answers; return the bytes, and the CPU times against the yardstick."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        journal = Journal(path)
        facts = {"rows": 1, "identities": 1, "credits_planned": 1.0, "started": time.time()}
        journal.begin_run(id="run", provider="crustdata", kind="people", library="0", **facts)
        answers = [claimed(journal, batch, status) for batch in batches]
        wanted = {key: match.identity for one in answers for key, match in one.pairs}
        written = once(batches, lambda: [write(journal, answer) for answer in answers])
        read = once(batches, lambda: journal.stored(wanted))
        journal.close()
        with closing(sqlite3.connect(path)) as connection:
            elements, rest, pages = connection.execute(BYTES).fetchone()
    size = {"elements": elements or 0, "bodies": rest, "file": 4096 * pages}
    return {**size, "write": written, "read": read}


class Answer(NamedTuple):
    """What is stored of a batch."""

    batch: int
    request: int
    response: Response
    pairs: list[tuple[bytes, Match]]


def claimed(journal: Journal, batch: Batch, status: Status) -> Answer:
    """Claim a batch and record its request."""
    identities = [identity for identity, _ in batch]
    keys = [fingerprint(b"scope", identity) for identity in identities]
    terms = {"price": len, "budget": None, "known": {}}
    claim = journal.claim("run", b"scope", identities, keys, **terms).batch
    assert claim is not None
    is_match = status is Status.MATCHED
    body = body_of(batch) if is_match else b"[]"
    matches = [
        Match(identity=one, status=status, model=Record(PEOPLE, raw) if is_match else None)
        for one, raw in batch
    ]
    request = journal.record_intent(claim.id, 0, REQUEST)
    response = Response(status=200, body=body, outcome=Outcome.ACCEPTED)
    return Answer(claim.id, request, response, list(zip(keys, matches, strict=True)))


def write(journal: Journal, answer: Answer) -> None:
    journal.record_answer(answer.request, answer.response)
    journal.store_results(answer.batch, "crustdata", "people", answer.pairs, 0.0)
