"""Replays: the same code from a recording, offline, with the same result."""

import os
import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from enrich_pandas.cassette.file import Interaction, Recording, load, save
from enrich_pandas.cassette.recording import Cassette, StartedRun
from enrich_pandas.engine.context import (
    REPLAY,
    Environment,
    current_environment,
    journal_path,
    use_environment,
)
from enrich_pandas.engine.credentials import known_secrets
from enrich_pandas.engine.plan import scope_of
from enrich_pandas.engine.task import Task
from enrich_pandas.errors import ConfigurationError, EnrichError
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import AnsweredBatch, fingerprint
from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Outcome,
    Provider,
    Request,
    Response,
    Unfinished,
)
from enrich_pandas.transport import Exchange, redaction, serialize_request
from enrich_pandas.transport.connection import Phase
from enrich_pandas.transport.outcome import read_exchange, repair_response

# -- Freezing: from the journal's raw answers to the interactions of a cassette, at no cost ------
# The journal keeps what was answered, and of what was asked the method and the path: the rest is
# what the flow asks when it is run again on those answers.

Redact = Callable[[Any], Any]
ERROR_WORDS = (
    "",
    "incomplete",
    "too_large",
    "lost",
)  # the words for how a call ended, the mildest first
RETRYABLE = (401, 402, 403, 429, 503)  # a refusal that settles nothing: it is asked again


def export_run(
    journal: Journal, begun: StartedRun, realm: str, redact: Redact | None = None
) -> tuple[list[Interaction], set[Identity]]:
    """Return the interactions behind a run's answers, and who has none.

    Parameters
    ----------
    redact
        Is given each answer's JSON, and returns what is kept of it.
    """
    run, provider, kind, asked = begun
    scope, secrets = scope_of(provider, kind, realm), known_secrets(provider)
    keys = [fingerprint(scope, one) for one in asked]
    screen = journal.suppression.current_filter()
    refused = screen.for_identities(kind, provider.name, asked)
    for answer in journal.stored(keys).values():
        screen.apply(answer)  # which notes whom it met
    found, left = list[Interaction](), set(asked).difference(refused)
    for batch in journal.queries.batches_behind(run, keys):
        if batch.scope != scope or not (steps := _recorded_steps(provider, kind, batch)):
            continue
        found += _interactions(provider, batch.batch.identities, steps, secrets, redact)
        left.difference_update(batch.batch.identities)
    return found, left if provider.origin else set()


class _FlowDiffers(Exception):  # noqa: N818 - no error: another reading is tried
    """A flow asks for something else than it did then."""


Steps = list[tuple[Request, Response]]


def _recorded_steps(provider: Provider, kind: Kind, landed: AnsweredBatch) -> Steps | None:
    """Return what a batch's flow asked and was answered; None where that cannot be told.

    The times of its answers are first those of one process, shifted to this moment, then as they
    were: a flow that was taken up by another process did not count what it waited before.
    """
    recorded = _settled(landed)
    for shifts in (True, False):
        try:
            return _steps(provider, kind, landed, recorded, shifts=shifts)
        except (_FlowDiffers, EnrichError):
            continue
    return None


def _settled(landed: AnsweredBatch) -> dict[int, Response]:
    """Return the answers that stand; of an open batch, not those that are asked for again."""
    recorded = landed.batch.recorded
    if not landed.is_open:
        return recorded
    return {
        step: answer
        for step, answer in recorded.items()
        if answer.received
        and not (answer.outcome is Outcome.REFUSED and answer.status in RETRYABLE)
    }


def _steps(
    provider: Provider,
    kind: Kind,
    landed: AnsweredBatch,
    recorded: Mapping[int, Response],
    *,
    shifts: bool,
) -> Steps:
    steps: Steps = []
    identities = landed.batch.identities
    shift = time.time() - recorded[0].sent if shifts and 0 in recorded else 0.0

    def answer(request: Request) -> Response:
        number = len(steps)
        if number not in recorded or landed.requests[number] != (request.method, request.path):
            raise _FlowDiffers
        steps.append((request, recorded[number]))
        return repair_response(replace(recorded[number], sent=recorded[number].sent + shift))

    task = Task(identities, flow=provider.flow(kind, identities))
    try:
        while not isinstance(task.carry_on(answer), list):
            pass
    except Unfinished:
        pass
    except _FlowDiffers:
        if not landed.is_open:
            raise
    if len(steps) < len(recorded):
        raise _FlowDiffers
    return steps


def _interactions(
    provider: Provider,
    identities: Sequence[Identity],
    steps: Steps,
    secrets: Collection[str],
    redact: Redact | None,
) -> Iterator[Interaction]:
    for number, (request, response) in enumerate(steps):
        uri, body, headers = serialize_request(provider.origin, request)
        answer = redaction.redact_body(redaction.redact_values(response.body, secrets))
        yield Interaction(
            method=request.method,
            uri=redaction.redact_url(uri),
            body=redaction.redact_body(body),
            request_headers=redaction.recorded_headers(headers),
            batch=() if number else tuple(identities),
            status=response.status,
            headers=redaction.recorded_headers(response.headers),
            answer=answer if redact is None else _redacted(answer, redact),
            sent=round(response.sent, 6),  # as the file tells it
            received=round(response.received, 6),
            cut=_cut(provider, request, response),
        )


def _cut(provider: Provider, request: Request, response: Response) -> str:
    """Return the word after which an answer is read as it was then."""
    for word in ERROR_WORDS:
        phase = (Phase.HEADERS if response.status else Phase.SENT) if word else Phase.BODY
        exchange = Exchange(
            phase=phase,
            status=response.status,
            headers=response.headers,
            body=response.body,
            error=word,
        )
        if read_exchange(exchange, request, provider).outcome is response.outcome:
            return word
    return ERROR_WORDS[-1]


def _redacted(answer: bytes, redact: Redact) -> bytes:
    """Redact an answer; what is no JSON cannot be, and is left out."""
    try:
        said = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""
    return msgspec.json.encode(redact(said))


# -- Replays: the same code from a recording, offline, with the same result ----------------------

Mode = Literal["none", "once", "new_episodes", "all"]
MODES = ("none", "once", "new_episodes", "all")


@contextmanager
def replay(
    path: str | os.PathLike[str],
    mode: Mode = "none",
    *,
    journal: str | os.PathLike[str] | None = None,
    redact: Callable[[Any], Any] | None = None,
) -> Iterator[Cassette]:
    """Run the code inside from a recording, offline; or record it.

    A recording is an ordinary cassette of vcrpy: YAML, or JSON where the name ends in ``.json``.
    Replayed, the same call on the same frame gives the same result bit for bit, in any later
    process, ``person_fetched_at`` included. Nothing is sent, paid or waited for, and no key is
    needed.

    Parameters
    ----------
    path : str or path
        The cassette.
    mode : {"none", "once", "new_episodes", "all"}
        ``"none"`` replays, and raises on what is not recorded. ``"once"`` records where there is
        no cassette yet, and else replays. ``"new_episodes"`` replays what is recorded, and asks for
        the rest and records it. ``"all"`` records everything, in place of what was there.
    journal : str or path, optional
        In a replay, the file to keep answers in; by default a temporary one. Where it records, the
        journal to use in place of the user's own.
    redact : callable, optional
        Given the JSON of each answer when it is recorded; what it returns is recorded in its place.
        It must leave the identifiers that tell whose answer it is: a row of which they are gone is
        ``held``.

    Yields
    ------
    Cassette
        What is recorded; its repr tells how many answers.

    Raises
    ------
    ReplayError
        There is no such cassette, or it cannot be read. In a call inside: a row is not recorded;
        the message names its position, ``result`` holds the others.
    ConfigurationError
        There is no such mode.

    Notes
    -----
    Recording costs what the calls inside cost: they are ordinary live calls, with their plan,
    budget and journal. What is stored already is recorded and not bought again. The cassette is
    written when the block ends well, whole or not at all. Where it does not end well, what was
    bought is in the journal: repeat the block. Inside ``with ep.sandbox():`` it records the
    sandbox.

    **A cassette holds other people's data**: whom was asked about, and every answer. Only its owner
    may read the file; keep it out of public repositories, or write it with ``redact=``. Credentials
    are blanked, by name and by value. `enrich_pandas.forget` and `enrich_pandas.suppress` do not
    reach into it.

    A replay spends nothing; the credits in its `runs` and its report are those of the recording,
    and the report says so, with its date. It holds for calls of this
    thread, and of threads that have entered none of their own; and for processes forked inside it,
    not for those that are started afresh.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> import pandas as pd
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> path = Path(tempfile.mkdtemp()) / "report.yaml"
    >>> with ep.sandbox(misses=0), ep.replay(path, mode="once"):
    ...     before = leads.enrich.people("crustdata", progress=None)
    >>> with ep.replay(path):  # no sandbox, no network, no key
    ...     after = leads.enrich.people("crustdata", progress=None)
    >>> after.equals(before)
    True
    """
    if mode not in MODES:
        raise ConfigurationError(
            f"mode={mode!r} is not known.",
            cost="Nothing was spent.",
            todo=f"Type one of {', '.join(MODES)}.",
        )
    file = Path(path).expanduser()
    exists = file.is_file() and file.stat().st_size > 0
    if mode == "none" or (mode == "once" and exists):
        with _replaying(file, journal) as cassette:
            yield cassette
        return
    known = load(file) if mode == "new_episodes" and exists else Recording()
    cassette = Cassette(file, known, is_offline=False)
    environment = replace(current_environment(), cassette=cassette)
    with use_environment(
        environment if journal is None else replace(environment, journal=Path(journal))
    ) as environment:
        yield cassette
    if cassette.is_own:
        _record(cassette, environment, redact)


@contextmanager
def _replaying(file: Path, journal: str | os.PathLike[str] | None) -> Iterator[Cassette]:
    recording = load(file)
    cassette = Cassette(file, recording, is_offline=True)
    folder = tempfile.TemporaryDirectory(prefix="replay-")
    with folder:
        environment = Environment(
            # Another recording is another realm: a journal that is named may know several.
            realm=f"{REPLAY}{sha256(file.read_bytes()).hexdigest()[:16]}",
            journal=Path(journal) if journal else Path(folder.name) / "journal.sqlite",
            paid=False,
            cassette=cassette,
        )
        with closing(Journal(journal_path(environment))) as own:
            own.suppression.import_entries(*recording.suppressed.unpacked())
        with use_environment(environment):
            yield cassette


def _record(
    cassette: Cassette, environment: Environment, redact: Callable[[Any], Any] | None
) -> None:
    """Write the cassette, from what the journal holds of the runs that were begun."""
    left = 0
    with closing(Journal(journal_path(environment))) as journal:
        for begun in cassette.started_runs:
            found, without = export_run(journal, begun, environment.realm, redact)
            cassette.add(found)
            cassette.filters.append(journal.suppression.current_filter())
            left += len(without.difference(cassette.identities))
    save(cassette.path, cassette.recording())
    if left:
        warnings.warn(missing_message(left, cassette.path), stacklevel=4)


def missing_message(left: int, path: Path) -> str:
    """Say how many are not in a cassette."""
    return (
        f"{left:,} of those asked about are not in {path}: they were not asked, a job or a run "
        "goes on, or their raw answers are not kept any more."
    )
