"""A cassette in memory, and the player that runs flows on its recorded answers.

Answers to equal requests are returned in the order in which they were recorded; the last one is
repeated. A flow depends on its answers alone, so a replay runs it again on the recorded ones. It
runs for the identities that were requested together then, even if fewer are wanted now: additional
or missing rows do not change the results of the others.
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
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from enrich_pandas.cassette.file import Interaction, Recording, SuppressedEntries
from enrich_pandas.engine.context import Replayed
from enrich_pandas.engine.results import match_each
from enrich_pandas.engine.scheduler import Task
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
    """A run that started while the cassette records, with its provider and identities."""

    run: str
    provider: Provider
    kind: Kind
    identities: Sequence[Identity]


@dataclass(slots=True)
class _Answers:
    """The answers to one request, and how many were returned."""

    recorded: list[Interaction] = field(default_factory=list)
    given: int = 0


@dataclass(slots=True, eq=False)
class RecordedFlow:
    """The identities of one recorded flow."""

    identities: tuple[Identity, ...]
    sent: float
    is_played: bool = False


class Cassette:
    """Recorded requests and answers.

    Parameters
    ----------
    path
        The file, for messages.
    recording
        The contents. Results without an answer count as fetched at the start of the recording.
    is_offline
        Whether to replay only: nothing is sent and no credential is needed.

    Attributes
    ----------
    started_runs, filters
        While recording: the runs that started, and the suppression filters that they used.
    """

    path: Path
    is_offline: bool
    started_runs: list[StartedRun]
    suppressed: SuppressedEntries
    filters: list[SuppressionFilter]

    def __init__(
        self,
        path: Path,
        recording: Recording,
        *,
        is_offline: bool,
    ) -> None:
        self.path, self.is_offline, self.started_runs = path, is_offline, list[StartedRun]()
        self.suppressed, self.filters = recording.suppressed, list[SuppressionFilter]()
        self.as_of: float = recording.as_of or (0.0 if is_offline else round(time.time(), 6))
        self._pid, self._locks = os.getpid(), {os.getpid(): threading.RLock()}
        self._latest = self.as_of
        self._answers: dict[Key, _Answers] = defaultdict(_Answers)
        self._together: dict[Identity, list[RecordedFlow]] = defaultdict(list)
        self.add(recording.interactions)

    def __repr__(self) -> str:
        return f"<cassette {self.path.name}: {len(self.interactions)} answers>"

    def add(self, interactions: Iterable[Interaction]) -> None:
        """Add requests and answers; one with an equal request and time is replaced."""
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
        """All identities that were requested."""
        return self._together.keys()

    @property
    def interactions(self) -> list[Interaction]:
        """All requests and answers; answers to equal requests are in their order."""
        return [one for answers in self._answers.values() for one in answers.recorded]

    def recording(self) -> Recording:
        """Return the contents, with the entries of the suppression list that the runs met."""
        suppressed = SuppressedEntries(
            self.suppressed.key or os.urandom(32), dict(self.suppressed.entries)
        )
        for one in self.filters:
            for (kind, name), entry in one.matched.items():
                hashed = base64.b64encode(digest(suppressed.key, kind, name)).decode()
                suppressed.entries[hashed] = entry
        return Recording(interactions=self.interactions, as_of=self.as_of, suppressed=suppressed)

    @property
    def is_own(self) -> bool:
        """Whether this process opened the cassette, not one that it was forked from."""
        return self._pid == os.getpid()

    @property
    def lock(self) -> threading.RLock:
        """Held for a whole flow, so that two equal flows do not mix their answers.

        A forked child has a lock of its own: the thread that held this one does not exist there.
        """
        return self._locks.setdefault(os.getpid(), threading.RLock())

    def now(self) -> float:
        """Return the present time; in a replay the time of the last answer returned."""
        return self._latest if self.is_offline else time.time()

    def flows_of(self, identity: Identity) -> Iterator[RecordedFlow]:
        """Yield the flows with an identity: those not played yet, then the played ones."""
        flows = self._together.get(identity, [])
        yield from [flow for flow in flows if not flow.is_played]
        yield from reversed([flow for flow in flows if flow.is_played])

    def take(self, key: Key) -> Interaction | None:
        """Return the next answer to a request, or None if it was not recorded.

        A temporary refusal that was followed by another answer is skipped: it was retried.
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
        """Return the answers for the wanted identities, as far as they are recorded.

        Raises
        ------
        ProviderError
            The vendor refused the whole run when it was recorded.
        """
        player = _Player(self, provider, kind, dict.fromkeys(wanted))
        if provider.origin:
            with self.lock:
                player.play(wanted)
        return player.found

    def note_run(
        self, run: str, provider: Provider, kind: Kind, identities: Sequence[Identity]
    ) -> None:
        """Note a run that starts while the cassette records."""
        self.started_runs.append(StartedRun(run, provider, kind, identities))


RETRYABLE = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def key_of(method: str, uri: str, body: bytes) -> Key:
    """Return a key that is equal for equal requests: headers and parameter order do not count.

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
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # a form or an empty body
        return body


def describe_request(method: str, path: str, identities: Sequence[Identity]) -> str:
    """Describe a request without any identifier.

    Examples
    --------
    >>> describe_request("GET", "/people/ada@example.com", [Identity.of(email="ada@example.com")])
    'GET /people/…'
    """
    values = {value.lower() for one in identities for _, value in one.keys}
    parts = [
        "…" if "@" in (text := unquote(part).lower()) or text in values else part
        for part in path.split("/")
    ]
    return f"{method} {'/'.join(parts)}"


# Replay

MAX_STEPS = 100_000  # of a flow: the last answer is repeated without end


class _NotRecorded(Exception):  # noqa: N818 - a signal, not an error
    """The cassette has no answer to a request of the flow."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


@dataclass(slots=True)
class _Player:
    """Runs flows on recorded answers until all wanted identities have a result."""

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
        self.found.missing.clear()  # from flows that now send other requests
        for batch in self.provider.batches(self.kind, list(self.open)):
            self._has_played(batch)

    def _has_played(self, together: Sequence[Identity]) -> bool:
        """Play a flow for its wanted identities; return False if it is not recorded."""
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
                pass  # a wait, which took place when it was recorded
        except Unfinished as job:
            open_ = [Match(identity=one, status=Status.PENDING, reason=job.reason) for one in mine]
            return ReplayedFlow(mine, steps, open_, 0.0, is_open=True)
        matches = {match.identity: match for match in match_each(together, end)}
        fetched = task.received or self.cassette.as_of
        return ReplayedFlow(mine, steps, [matches[one] for one in mine], fetched)


def _answering(
    cassette: Cassette, provider: Provider, steps: list[tuple[Request, Response]]
) -> Callable[[Request], Response]:
    """Return a function that answers the requests of one flow.

    The times of all answers are shifted by the same amount, so that the first was sent now. The
    flow therefore does not take them for answers to an earlier process.
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


# Requests that are not recorded

SHOWN = 10  # rows that a message lists
NOWHERE = "https://replay.invalid"


class UnrecordedTransport(Transport):
    """A transport that raises instead of sending a request."""

    def __init__(self, error: ReplayError) -> None:
        super().__init__(NOWHERE, sign=dict)
        self._error = error

    def send(self, request: Request, *_: object, **__: object) -> Exchange:
        """Raise the error: only a request that is not recorded is sent."""
        raise self._error


def unrecorded_error(
    path: Path, missing: Mapping[Identity, Request], rows: Sequence[int]
) -> ReplayError:
    """Build the error with the positions and requests of missing rows, without identifiers."""
    kinds = sorted({name for one in missing for name, _ in one.keys})
    requests = dict.fromkeys(
        describe_request(request.method, request.path, [one]) for one, request in missing.items()
    )
    places = ", ".join(f"{row:,}" for row in rows[:SHOWN])
    more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
    some = f"{len(rows):,} rows are" if len(rows) != 1 else "1 row is"
    return ReplayError(
        f"{some} not in the cassette {path}: position {places}{more}, "
        f"requested by {', '.join(kinds)} with {', '.join(list(requests)[:3])}.",
        cost="Nothing was sent and nothing was spent.",
        todo=f"Undo the change of those rows or options, or record the missing rows: "
        f'ep.replay("{path}", mode="new_episodes").',
        rows=rows,
    )
