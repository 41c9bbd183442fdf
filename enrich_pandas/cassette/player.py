"""Playing: what a tape says of some identities. Nothing is sent, and nothing is waited for.

A flow is a function of its answers alone, so it is run again on those that were recorded. It asks
about those together whom it asked about then, whoever else is wanted now: so a row more or less
changes nothing for the others.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from enrich_pandas.cassette.file import Interaction
from enrich_pandas.cassette.recording import Tape, key_of
from enrich_pandas.engine.results import one_each
from enrich_pandas.engine.task import Task
from enrich_pandas.journal.records import Answer, fresh
from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Status,
    Unfinished,
)
from enrich_pandas.transport import Exchange, written
from enrich_pandas.transport.connection import Phase
from enrich_pandas.transport.outcome import FATAL, legible, read

LONGEST = 100_000  # steps of a flow; the last answer comes again for ever


class Played(NamedTuple):
    """A flow that was played: for whom of those wanted, what was asked and answered, what came.

    ``is_open`` tells a job that was at work when the recording ended.
    """

    identities: list[Identity]
    steps: list[tuple[Request, Response]]
    matches: list[Match]
    fetched: float
    is_open: bool = False


@dataclass(slots=True)
class Replayed:
    """What a tape says: the flows played, the answers, and what is missing for whom."""

    flows: list[Played] = field(default_factory=list)
    answers: dict[Identity, Answer] = field(default_factory=dict)
    missing: dict[Identity, Request] = field(default_factory=dict)


class _Missing(Exception):  # noqa: N818 - no error: somebody is not recorded
    """A flow asks for something that is not on the tape."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


def play(tape: Tape, provider: Provider, kind: Kind, wanted: Sequence[Identity]) -> Replayed:
    """Answer from a tape, as far as it goes.

    Raises
    ------
    ProviderError
        The vendor refused all of it, then as now.
    """
    player = _Player(tape, provider, kind, dict.fromkeys(wanted))
    if provider.origin:
        with tape.lock:
            player.play(wanted)
    return player.found


@dataclass(slots=True)
class _Player:
    """Plays flows until nobody is wanted any more, or nothing is left."""

    tape: Tape
    provider: Provider
    kind: Kind
    open: dict[Identity, None]
    found: Replayed = field(default_factory=Replayed)

    def play(self, wanted: Sequence[Identity]) -> None:
        for identity in wanted:
            for flow in self.tape.flows_of(identity) if identity in self.open else ():
                if self._has_played(flow.identities):
                    flow.is_played = True
                    break
        self.found.missing.clear()  # of flows that asked for something else
        for batch in self.provider.batches(self.kind, list(self.open)):
            self._has_played(batch)

    def _has_played(self, together: Sequence[Identity]) -> bool:
        """Play a flow for those of its identities that are wanted; tell whether it is recorded."""
        mine = [identity for identity in together if identity in self.open]
        try:
            one = self._run(together, mine)
        except _Missing as missing:
            self.found.missing.update(dict.fromkeys(mine, missing.request))
            return False
        for match in one.matches:
            del self.open[match.identity]
            self.found.answers[match.identity] = fresh(match, one.fetched, self.provider.name)
        self.found.flows.append(one)
        return True

    def _run(self, together: Sequence[Identity], mine: list[Identity]) -> Played:
        steps: list[tuple[Request, Response]] = []
        task = Task(together, flow=self.provider.flow(self.kind, together))
        answer = _answering(self.tape, self.provider, steps)
        try:
            while not isinstance(end := task.carry_on(answer), list):
                pass  # a wait; it was waited when it was recorded
        except Unfinished as job:
            late = [Match(identity=one, status=Status.PENDING, reason=job.reason) for one in mine]
            return Played(mine, steps, late, 0.0, is_open=True)
        matches = {match.identity: match for match in one_each(together, end)}
        fetched = task.received or self.tape.as_of
        return Played(mine, steps, [matches[one] for one in mine], fetched)


def _answering(
    tape: Tape, provider: Provider, steps: list[tuple[Request, Response]]
) -> Callable[[Request], Response]:
    """Return what answers the requests of one flow.

    When its answers were sent is shifted to this moment, by the same for all: so the flow takes
    none for one of an earlier process, and finds the same time between them.
    """
    shift: list[float] = []

    def answer(request: Request) -> Response:
        uri, body, _ = written(provider.origin, request)
        one = tape.take(key_of(request.method, uri, body)) if len(steps) < LONGEST else None
        if one is None:
            raise _Missing(request)
        shift[:] = shift or [time.time() - one.sent]
        response = _response(one, request, provider, shift[0])
        steps.append((request, response))
        is_fatal = response.outcome is Outcome.REFUSED and response.status in FATAL
        if is_fatal and (error := provider.error_for(response)):
            raise error
        return legible(response)

    return answer


def _response(one: Interaction, request: Request, provider: Provider, shift: float) -> Response:
    phase = (Phase.HEADERS if one.status else Phase.SENT) if one.cut else Phase.BODY
    exchange = Exchange(
        phase=phase, status=one.status, headers=one.headers, body=one.answer, error=one.cut
    )
    found = read(exchange, request, provider)
    return Response(
        status=found.status,
        headers=found.headers,
        body=found.body,
        outcome=found.outcome,
        sent=one.sent + shift,
        received=one.received,
    )
