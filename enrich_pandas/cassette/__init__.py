"""Record calls in a cassette, replay them offline, and export past runs.

The journal has the raw answers of a run, but only the method and path of its requests. An export
runs each flow again on its raw answers, which yields the requests.
"""

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
from enrich_pandas.engine.scheduler import Task
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
from enrich_pandas.transport.outcome import BUSY, FATAL, read_exchange, repair_response

# Export

Redact = Callable[[Any], Any]
# How a call can have ended, the most harmless first.
ERROR_WORDS = ("", "incomplete", "too_large", "lost")
RETRYABLE = (*FATAL, *BUSY)  # refusals after which the request is sent again


def export_run(
    journal: Journal, started: StartedRun, realm: str, redact: Redact | None = None
) -> tuple[list[Interaction], set[Identity]]:
    """Return the interactions behind the answers of a run, and the identities without any.

    Parameters
    ----------
    redact
        Maps the JSON of each answer to the JSON to export.
    """
    run, provider, kind, identities = started
    scope, secrets = scope_of(provider, kind, realm), known_secrets(provider)
    keys = [fingerprint(scope, one) for one in identities]
    suppression = journal.suppression.current_filter()
    suppressed = suppression.for_identities(kind, provider.name, identities)
    suppression.apply(journal.stored(keys))  # which notes the entries that it met
    found, missing = list[Interaction](), set(identities).difference(suppressed)
    for batch in journal.queries.batches_behind(run, keys):
        if batch.scope != scope or not (steps := _recorded_steps(provider, kind, batch)):
            continue
        found += _interactions(provider, batch.batch.identities, steps, secrets, redact)
        missing.difference_update(batch.batch.identities)
    return found, missing if provider.origin else set()


class _FlowDiffers(Exception):  # noqa: N818 - a signal, not an error
    """A flow sends another request than the recorded one."""


Steps = list[tuple[Request, Response]]


def _recorded_steps(provider: Provider, kind: Kind, batch: AnsweredBatch) -> Steps | None:
    """Return the requests and answers of a batch; None if they cannot be reconstructed.

    The times of the answers are first shifted to now, as for a flow in one process, then left as
    they were: another process that adopted the flow did not count the time before.
    """
    recorded = _final_answers(batch)
    for shifts in (True, False):
        try:
            return _steps(provider, kind, batch, recorded, shifts=shifts)
        except (_FlowDiffers, EnrichError):
            continue
    return None


def _final_answers(batch: AnsweredBatch) -> dict[int, Response]:
    """Return the answers, without those of an open batch that will be requested again."""
    recorded = batch.batch.recorded
    if not batch.is_open:
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
    batch: AnsweredBatch,
    recorded: Mapping[int, Response],
    *,
    shifts: bool,
) -> Steps:
    steps: Steps = []
    identities = batch.batch.identities
    shift = time.time() - recorded[0].sent if shifts and 0 in recorded else 0.0

    def answer(request: Request) -> Response:
        number = len(steps)
        if number not in recorded or batch.requests[number] != (request.method, request.path):
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
        if not batch.is_open:
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
            sent=round(response.sent, 6),  # the precision of the file
            received=round(response.received, 6),
            cut=_cut(provider, request, response),
        )


def _cut(provider: Provider, request: Request, response: Response) -> str:
    """Return the word with which the answer is classified as it was then."""
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
    """Redact an answer; return an empty one if it is not JSON."""
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""
    return msgspec.json.encode(redact(value))


# Record and replay

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
    """Replay the calls in the block from a cassette, offline, or record them.

    A cassette is a file in vcrpy's format: JSON if the name ends in ``.json``, else YAML. In a
    replay the same call on the same frame returns the same result bit for bit, in any later
    process, including ``person_fetched_at``. Nothing is sent or paid, there are no waits, and no
    key is needed.

    Parameters
    ----------
    path : str or path
        The cassette.
    mode : {"none", "once", "new_episodes", "all"}, default "none"
        ``"none"`` replays, and raises for a row that is not recorded. ``"once"`` records if the
        file does not exist, else replays. ``"new_episodes"`` replays recorded rows, and requests
        and records the others. ``"all"`` records all rows and replaces the file.
    journal : str or path, optional
        In a replay, the journal for the answers; by default a temporary one. In a recording, the
        journal to use instead of the user's own.
    redact : callable, optional
        Called with the JSON of each answer when it is recorded; its return value is recorded
        instead. It must leave the identifiers that assign an answer to a row: without them the row
        is ``held``.

    Yields
    ------
    Cassette
        The cassette; its repr shows the number of answers.

    Raises
    ------
    ReplayError
        The cassette does not exist or cannot be read. In a call inside the block: a row is not
        recorded; the message has its position, and ``result`` the other rows.
    ConfigurationError
        ``mode`` has another value.

    Notes
    -----
    Recording costs what the calls in the block cost: they are ordinary live calls with their plan,
    budget and journal. Stored answers are recorded and not bought again. The cassette is written
    atomically when the block ends without an error. After an error the paid answers are in the
    journal: repeat the block. Inside ``with ep.sandbox():`` it records the sandbox.

    **A cassette contains personal data**: the requested identities and every answer. Only its owner
    can read the file. Keep it out of public repositories, or record it with ``redact=``.
    Credentials are removed, by name and by value. `enrich_pandas.forget` and
    `enrich_pandas.suppress` do not change it.

    A replay spends nothing. The credits in its `runs` and its report are those of the recording,
    and the report states so, with its date. The block applies to calls of this thread, of threads
    without a block of their own, and of processes forked inside it, but not to new processes.

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
            f"mode={mode!r} is not valid.",
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
            # Each cassette is a realm of its own: a given journal can hold several.
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
    """Write the cassette, from the raw answers of the started runs in the journal."""
    missing = 0
    with closing(Journal(journal_path(environment))) as journal:
        for started in cassette.started_runs:
            found, unanswered = export_run(journal, started, environment.realm, redact)
            cassette.add(found)
            cassette.filters.append(journal.suppression.current_filter())
            missing += len(unanswered.difference(cassette.identities))
    save(cassette.path, cassette.recording())
    if missing:
        warnings.warn(missing_message(missing, cassette.path), stacklevel=4)


def missing_message(missing: int, path: Path) -> str:
    """Return the warning for identities that are not in a cassette."""
    return (
        f"{missing:,} identities are not in {path}: they were not requested, their job or run is "
        "still open, or their raw answers have expired and were deleted."
    )
