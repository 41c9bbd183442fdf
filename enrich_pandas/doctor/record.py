"""What the journal holds of a check's run: its cost, its job, and the job fetched once more."""

import time
from typing import NamedTuple

from enrich_pandas.doctor.checks import Line
from enrich_pandas.engine.context import Environment, journal_path
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.queries import Queries
from enrich_pandas.providers.base import Kind, Outcome, Provider, Request, Response, Wait

LOOKS, PAUSE = 12, 5.0  # at the list of jobs, and seconds between them


class Record(NamedTuple):
    """A run of one row: what the library counts that it cost, and its job, if it made one."""

    credits: float
    job_path: str | None
    accepted: float


def record_of(run: str, environment: Environment) -> Record:
    """Read the record of a run."""
    database = Database(journal_path(environment))
    try:
        queries = Queries(database, lambda _: True)
        (found,) = queries.runs(run)
        steps = queries.steps(run)
    finally:
        database.close()
    billed = [step for step in steps if step["billed"]]
    below = tuple(f"{step['path']}/" for step in billed)
    fetched = [
        step["path"]
        for step in steps
        if step["method"] == "GET" and not step["billed"] and step["path"].startswith(below)
    ]
    return Record(
        credits=found["credits"] + found["credits_held"],
        job_path=fetched[-1] if fetched else None,
        accepted=max((step["answered"] or 0.0 for step in billed), default=0.0),
    )


def fetched_again(line: Line, path: str) -> Response:
    """Fetch a job once more."""
    return line.ask(Request(method="GET", path=path))


def lists(provider: Provider) -> bool:
    """Tell whether a provider's vendor lists its jobs."""
    return type(provider).listing is not Provider.listing


def seen_after(
    line: Line, provider: Provider, kind: Kind, record: Record, *, looks: int = LOOKS
) -> float | None:
    """Return the seconds after which the list shows a job, at the latest, or None."""
    assert record.job_path is not None  # noqa: S101 - for the type checker: its caller has looked
    job = record.job_path.rpartition("/")[2]
    for look in range(looks):
        if look:
            time.sleep(PAUSE)
        if job in _ended(line, provider, kind, job):
            return max(0.0, time.time() - record.accepted)
    return None


def _ended(line: Line, provider: Provider, kind: Kind, job: str) -> set[str]:
    """Run one look of the provider at the vendor's list."""
    looking = provider.listing(kind, frozenset({job}))
    try:
        step = next(looking)
        while True:
            if isinstance(step, Wait):
                time.sleep(step.seconds)
                step = looking.send(Response(outcome=Outcome.ACCEPTED))
            else:
                step = looking.send(line.ask(step))
    except StopIteration as end:
        found: set[str] = end.value
        return found
