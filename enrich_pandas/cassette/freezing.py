"""Freezing: from the journal's raw answers to the interactions of a cassette, at no cost.

The journal keeps what was answered, and of what was asked the method and the path: the rest is
what the flow asks when it is run again on those answers.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from enrich_pandas.cassette.file import Interaction
from enrich_pandas.cassette.recording import Begun
from enrich_pandas.engine.credentials import told
from enrich_pandas.engine.plan import scope_of
from enrich_pandas.engine.task import Task
from enrich_pandas.errors import EnrichError
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Landed, fingerprint
from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Outcome,
    Provider,
    Request,
    Response,
    Unfinished,
)
from enrich_pandas.transport import Exchange, redaction, written
from enrich_pandas.transport.connection import Phase
from enrich_pandas.transport.outcome import legible, read

Redact = Callable[[Any], Any]
ENDS = ("", "incomplete", "too_large", "lost")  # the words for how a call ended, the mildest first
PASSING = (401, 402, 403, 429, 503)  # a refusal that settles nothing: it is asked again


def freeze(
    journal: Journal, begun: Begun, realm: str, redact: Redact | None = None
) -> tuple[list[Interaction], set[Identity]]:
    """Return the interactions behind a run's answers, and who has none.

    Parameters
    ----------
    redact
        Is given each answer's JSON, and returns what is kept of it.
    """
    run, provider, kind, asked = begun
    scope, secrets = scope_of(provider, kind, realm), told(provider)
    keys = [fingerprint(scope, one) for one in asked]
    screen = journal.tombstones.screen()
    refused = screen.of_identities(kind, provider.name, asked)
    for answer in journal.stored(keys).values():
        screen.shown(answer)  # which notes whom it met
    found, left = list[Interaction](), set(asked).difference(refused)
    for batch in journal.past.answered(run, keys):
        if batch.scope != scope or not (steps := _asked_again(provider, kind, batch)):
            continue
        found += _interactions(provider, batch.batch.identities, steps, secrets, redact)
        left.difference_update(batch.batch.identities)
    return found, left if provider.origin else set()


class _Differs(Exception):  # noqa: N818 - no error: another reading is tried
    """A flow asks for something else than it did then."""


Steps = list[tuple[Request, Response]]


def _asked_again(provider: Provider, kind: Kind, landed: Landed) -> Steps | None:
    """Return what a batch's flow asked and was answered; None where that cannot be told.

    The times of its answers are first those of one process, shifted to this moment, then as they
    were: a flow that was taken up by another process did not count what it waited before.
    """
    recorded = _settled(landed)
    for shifts in (True, False):
        try:
            return _steps(provider, kind, landed, recorded, shifts=shifts)
        except (_Differs, EnrichError):
            continue
    return None


def _settled(landed: Landed) -> dict[int, Response]:
    """Return the answers that stand; of an open batch, not those that are asked for again."""
    recorded = landed.batch.recorded
    if not landed.is_open:
        return recorded
    return {
        step: answer
        for step, answer in recorded.items()
        if answer.received and not (answer.outcome is Outcome.REFUSED and answer.status in PASSING)
    }


def _steps(
    provider: Provider,
    kind: Kind,
    landed: Landed,
    recorded: Mapping[int, Response],
    *,
    shifts: bool,
) -> Steps:
    steps: Steps = []
    identities = landed.batch.identities
    shift = time.time() - recorded[0].sent if shifts and 0 in recorded else 0.0

    def answer(request: Request) -> Response:
        number = len(steps)
        if number not in recorded or landed.asked[number] != (request.method, request.path):
            raise _Differs
        steps.append((request, recorded[number]))
        return legible(replace(recorded[number], sent=recorded[number].sent + shift))

    task = Task(identities, flow=provider.flow(kind, identities))
    try:
        while not isinstance(task.carry_on(answer), list):
            pass
    except Unfinished:
        pass
    except _Differs:
        if not landed.is_open:
            raise
    if len(steps) < len(recorded):
        raise _Differs
    return steps


def _interactions(
    provider: Provider,
    identities: Sequence[Identity],
    steps: Steps,
    secrets: Collection[str],
    redact: Redact | None,
) -> Iterator[Interaction]:
    for number, (request, response) in enumerate(steps):
        uri, body, headers = written(provider.origin, request)
        answer = redaction.body(redaction.without(response.body, secrets))
        yield Interaction(
            method=request.method,
            uri=redaction.address(uri),
            body=redaction.body(body),
            asked_with=redaction.kept(headers),
            batch=() if number else tuple(identities),
            status=response.status,
            headers=redaction.kept(response.headers),
            answer=answer if redact is None else _redacted(answer, redact),
            sent=round(response.sent, 6),  # as the file tells it
            received=round(response.received, 6),
            cut=_cut(provider, request, response),
        )


def _cut(provider: Provider, request: Request, response: Response) -> str:
    """Return the word after which an answer is read as it was then."""
    for word in ENDS:
        phase = (Phase.HEADERS if response.status else Phase.SENT) if word else Phase.BODY
        exchange = Exchange(
            phase=phase,
            status=response.status,
            headers=response.headers,
            body=response.body,
            error=word,
        )
        if read(exchange, request, provider).outcome is response.outcome:
            return word
    return ENDS[-1]


def _redacted(answer: bytes, redact: Redact) -> bytes:
    """Redact an answer; what is no JSON cannot be, and is left out."""
    try:
        said = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""
    return msgspec.json.encode(redact(said))
