"""The cassette: what a cassette holds, by what was asked.

Answers to the same request come in the order in which they were recorded; the last one comes again.
"""

import base64
import bisect
import hashlib
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from enrich_pandas.cassette.file import Interaction, Recording, SuppressedEntries
from enrich_pandas.engine.context import Replayed
from enrich_pandas.engine.results import match_each
from enrich_pandas.engine.task import Task
from enrich_pandas.errors import ReplayError
from enrich_pandas.journal.records import ReplayedFlow, new_answer
from enrich_pandas.journal.suppression import SuppressionFilter, digest
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
from enrich_pandas.transport import Exchange, Transport, redaction, serialize_request
from enrich_pandas.transport.connection import Phase
from enrich_pandas.transport.outcome import FATAL, read_exchange, repair_response

Key = tuple[str, str, bytes]


class StartedRun(NamedTuple):
    """A run that was begun while the cassette records: whom it asked, about whom."""

    run: str
    provider: Provider
    kind: Kind
    asked: Sequence[Identity]


@dataclass(slots=True)
class _Answers:
    """The answers to one request, and how many of them were given."""

    recorded: list[Interaction] = field(default_factory=list)
    given: int = 0


@dataclass(slots=True, eq=False)
class RecordedFlow:
    """Those whom one flow began to ask about."""

    identities: tuple[Identity, ...]
    sent: float
    is_played: bool = False


class Cassette:
    """What was asked and answered.

    Parameters
    ----------
    path
        The cassette, named in errors.
    recording
        What it holds. What needed no answer counts as fetched when it began.
    is_offline
        Whether it is all there is: then nothing is sent, and no credential is needed.

    Attributes
    ----------
    begun, screens
        Where it records: the runs that were begun, and who told whom nobody may ask about.
    """

    def __init__(
        self,
        path: Path,
        recording: Recording,
        *,
        is_offline: bool,
    ) -> None:
        self.path, self.is_offline, self.started_runs = path, is_offline, list[StartedRun]()
        self.suppressed, self.filters = recording.suppressed, list[SuppressionFilter]()
        self.as_of = recording.as_of or (0.0 if is_offline else round(time.time(), 6))
        self._pid, self._locks = os.getpid(), {os.getpid(): threading.RLock()}
        self._latest = self.as_of
        self._answers: dict[Key, _Answers] = defaultdict(_Answers)
        self._together: dict[Identity, list[RecordedFlow]] = defaultdict(list)
        self.add(recording.interactions)

    def __repr__(self) -> str:
        return f"<recording {self.path.name}: {len(self.interactions)} answers>"

    def add(self, interactions: Iterable[Interaction]) -> None:
        """Add what was asked and answered; the same once more takes the place of the first."""
        for one in interactions:
            same = self._answers[key_of(one.method, one.uri, one.body)].recorded
            known = [n for n, other in enumerate(same) if one.sent and other.sent == one.sent]
            if known:
                same[known[0]] = one
                continue
            bisect.insort(same, one, key=lambda other: other.sent)
            flow = RecordedFlow(one.batch, one.sent)
            for identity in one.batch:
                bisect.insort(self._together[identity], flow, key=lambda other: other.sent)

    @property
    def identities(self) -> Collection[Identity]:
        """All of whom it knows that somebody asked about them."""
        return self._together.keys()

    @property
    def interactions(self) -> list[Interaction]:
        """All that it holds; answers to the same request in their order."""
        return [one for answers in self._answers.values() for one in answers.recorded]

    def recording(self) -> Recording:
        """Return what it holds by now, and whom of those asked about nobody may ask about."""
        refused = SuppressedEntries(
            self.suppressed.key or os.urandom(32), dict(self.suppressed.stones)
        )
        for screen in self.filters:
            for (kind, mark), stone in screen.matched.items():
                key = base64.b64encode(digest(refused.key, kind, mark)).decode()
                refused.stones[key] = stone
        return Recording(interactions=self.interactions, as_of=self.as_of, suppressed=refused)

    @property
    def is_own(self) -> bool:
        """Whether this process has opened it, and not one that it was forked from."""
        return self._pid == os.getpid()

    @property
    def lock(self) -> threading.RLock:
        """Held for a whole flow, so that two that ask for the same do not share its answers.

        A forked child has another: whoever held this one is not there.
        """
        return self._locks.setdefault(os.getpid(), threading.RLock())

    def now(self) -> float:
        """Return the time by which answers are old: in a replay, that of the last one given."""
        return self._latest if self.is_offline else time.time()

    def flows_of(self, identity: Identity) -> Iterator[RecordedFlow]:
        """Yield the flows that asked about somebody: those not played yet, then the last one."""
        flows = self._together.get(identity, [])
        yield from [flow for flow in flows if not flow.is_played]
        yield from reversed([flow for flow in flows if flow.is_played])

    def take(self, key: Key) -> Interaction | None:
        """Return the next answer to a request, or None where it was never asked.

        A refusal for now that was followed by another answer is passed over: it was asked again.
        """
        answers = self._answers.get(key)
        if answers is None:
            return None
        while True:
            one = answers.recorded[min(answers.given, len(answers.recorded) - 1)]
            answers.given += 1
            if one.status not in RETRYABLE or answers.given >= len(answers.recorded):
                self._latest = max(self._latest, one.received)
                return one

    def replay(self, provider: Provider, kind: Kind, wanted: Sequence[Identity]) -> Replayed:
        """Answer from the recording, as far as it goes.

        Raises
        ------
        ProviderError
            The vendor refused all of it, then as now.
        """
        player = _Player(self, provider, kind, dict.fromkeys(wanted))
        if provider.origin:
            with self.lock:
                player.play(wanted)
        return player.found

    def note_run(self, run: str, provider: Provider, kind: Kind, asked: Sequence[Identity]) -> None:
        """Note a run that begins while answers are recorded."""
        self.started_runs.append(StartedRun(run, provider, kind, asked))


RETRYABLE = (401, 429, 503)


def key_of(method: str, uri: str, body: bytes) -> Key:
    """Return what makes two requests the same: never a header, nor the order of parameters.

    Examples
    --------
    >>> key_of("POST", "https://A.example/x?b=1&a=2", b'{"c": 1, "d": 2}') == key_of(
    ...     "POST", "https://a.example:443/x?a=2&b=1", b'{"d":2,"c":1}'
    ... )
    True
    """
    parts = urlsplit(redaction.redact_url(uri))
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    place = f"{parts.scheme}://{parts.hostname}{port}{unquote(parts.path or '/')}?{query}"
    return method.upper(), place, hashlib.sha256(_canonical(redaction.redact_body(body))).digest()


def _canonical(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # a form, or nothing
        return body


def describe_request(method: str, path: str, identities: Sequence[Identity]) -> str:
    """Say which request it is, with nobody's identifier in it.

    Examples
    --------
    >>> describe_request("GET", "/people/ada@example.com", [Identity.of(email="ada@example.com")])
    'GET /people/…'
    """
    values = {value.lower() for one in identities for _, value in one.keys}
    parts = [
        "…" if "@" in (said := unquote(part).lower()) or said in values else part
        for part in path.split("/")
    ]
    return f"{method} {'/'.join(parts)}"


# -- Playing: a flow is run again on the answers that were recorded -------------------------------
# A flow is a function of its answers alone, so it is run again on those that were recorded. It asks
# about those together whom it asked about then, whoever else is wanted now: so a row more or less
# changes nothing for the others.

MAX_STEPS = 100_000  # steps of a flow; the last answer comes again for ever


class _NotRecorded(Exception):  # noqa: N818 - no error: somebody is not recorded
    """A flow asks for something that is not on the cassette."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


@dataclass(slots=True)
class _Player:
    """Plays flows until nobody is wanted any more, or nothing is left."""

    cassette: Cassette
    provider: Provider
    kind: Kind
    open: dict[Identity, None]
    found: Replayed = field(default_factory=Replayed)

    def play(self, wanted: Sequence[Identity]) -> None:
        for identity in wanted:
            for flow in self.cassette.flows_of(identity) if identity in self.open else ():
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
        except _NotRecorded as missing:
            self.found.missing.update(dict.fromkeys(mine, missing.request))
            return False
        for match in one.matches:
            del self.open[match.identity]
            self.found.answers[match.identity] = new_answer(match, one.fetched, self.provider.name)
        self.found.flows.append(one)
        return True

    def _run(self, together: Sequence[Identity], mine: list[Identity]) -> ReplayedFlow:
        steps: list[tuple[Request, Response]] = []
        task = Task(together, flow=self.provider.flow(self.kind, together))
        answer = _answering(self.cassette, self.provider, steps)
        try:
            while not isinstance(end := task.carry_on(answer), list):
                pass  # a wait; it was waited when it was recorded
        except Unfinished as job:
            late = [Match(identity=one, status=Status.PENDING, reason=job.reason) for one in mine]
            return ReplayedFlow(mine, steps, late, 0.0, is_open=True)
        matches = {match.identity: match for match in match_each(together, end)}
        fetched = task.received or self.cassette.as_of
        return ReplayedFlow(mine, steps, [matches[one] for one in mine], fetched)


def _answering(
    cassette: Cassette, provider: Provider, steps: list[tuple[Request, Response]]
) -> Callable[[Request], Response]:
    """Return what answers the requests of one flow.

    When its answers were sent is shifted to this moment, by the same for all: so the flow takes
    none for one of an earlier process, and finds the same time between them.
    """
    shift: list[float] = []

    def answer(request: Request) -> Response:
        uri, body, _ = serialize_request(provider.origin, request)
        one = cassette.take(key_of(request.method, uri, body)) if len(steps) < MAX_STEPS else None
        if one is None:
            raise _NotRecorded(request)
        shift[:] = shift or [time.time() - one.sent]
        response = _response(one, request, provider, shift[0])
        steps.append((request, response))
        is_fatal = response.outcome is Outcome.REFUSED and response.status in FATAL
        if is_fatal and (error := provider.error_for(response)):
            raise error
        return repair_response(response)

    return answer


def _response(one: Interaction, request: Request, provider: Provider, shift: float) -> Response:
    phase = (Phase.HEADERS if one.status else Phase.SENT) if one.cut else Phase.BODY
    exchange = Exchange(
        phase=phase, status=one.status, headers=one.headers, body=one.answer, error=one.cut
    )
    found = read_exchange(exchange, request, provider)
    return Response(
        status=found.status,
        headers=found.headers,
        body=found.body,
        outcome=found.outcome,
        sent=one.sent + shift,
        received=one.received,
    )


# -- What a replay says of whom its recording does not know; it sends nothing --------------------

SHOWN = 10  # rows that a message names
NOWHERE = "https://replay.invalid"


class UnrecordedTransport(Transport):
    """Stands where requests would be sent, and raises."""

    def __init__(self, error: ReplayError) -> None:
        super().__init__(NOWHERE, sign=dict)
        self._error = error

    def send(self, request: Request, *_: object, **__: object) -> Exchange:
        """Raise: only a request that is not recorded comes here."""
        raise self._error


def unrecorded_error(
    path: Path, missing: Mapping[Identity, Request], rows: Sequence[int]
) -> ReplayError:
    """Say which rows are not recorded, by position, and what was asked; nobody's identifier."""
    kinds = sorted({name for one in missing for name, _ in one.keys})
    asked = dict.fromkeys(
        describe_request(request.method, request.path, [one]) for one, request in missing.items()
    )
    places = ", ".join(f"{row:,}" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    some = f"{len(rows):,} rows are" if len(rows) != 1 else "1 row is"
    return ReplayError(
        f"{some} not in the recording {path}: position {places}{more}, "
        f"asked by {', '.join(kinds)} with {', '.join(list(asked)[:3])}.",
        cost="Nothing was sent and nothing was spent.",
        todo=f"Undo the change of those rows or options, or record what is missing: "
        f'ep.replay("{path}", mode="new_episodes").',
        rows=rows,
    )
