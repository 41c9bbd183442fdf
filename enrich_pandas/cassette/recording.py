"""The tape: what a cassette holds, by what was asked.

Answers to the same request come in the order in which they were recorded; the last one comes again.
"""

import base64
import bisect
import hashlib
import os
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from enrich_pandas.cassette.file import Interaction, Recording, Refused
from enrich_pandas.journal.suppression import Screen, digest
from enrich_pandas.providers.base import Identity, Kind, Provider
from enrich_pandas.transport import redaction

Key = tuple[str, str, bytes]


class Begun(NamedTuple):
    """A run that was begun while the tape records: whom it asked, about whom."""

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
class Together:
    """Those whom one flow began to ask about."""

    identities: tuple[Identity, ...]
    sent: float
    is_played: bool = False


class Tape:
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
        self.path, self.is_offline, self.begun = path, is_offline, list[Begun]()
        self.refused, self.screens = recording.refused, list[Screen]()
        self.as_of = recording.as_of or (0.0 if is_offline else round(time.time(), 6))
        self._pid, self._locks = os.getpid(), {os.getpid(): threading.RLock()}
        self._latest = self.as_of
        self._answers: dict[Key, _Answers] = defaultdict(_Answers)
        self._together: dict[Identity, list[Together]] = defaultdict(list)
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
            flow = Together(one.batch, one.sent)
            for identity in one.batch:
                bisect.insort(self._together[identity], flow, key=lambda other: other.sent)

    @property
    def everybody(self) -> Collection[Identity]:
        """All of whom it knows that somebody asked about them."""
        return self._together.keys()

    @property
    def interactions(self) -> list[Interaction]:
        """All that it holds; answers to the same request in their order."""
        return [one for answers in self._answers.values() for one in answers.recorded]

    def recording(self) -> Recording:
        """Return what it holds by now, and whom of those asked about nobody may ask about."""
        refused = Refused(self.refused.key or os.urandom(32), dict(self.refused.stones))
        for screen in self.screens:
            for (kind, mark), stone in screen.met.items():
                key = base64.b64encode(digest(refused.key, kind, mark)).decode()
                refused.stones[key] = stone
        return Recording(interactions=self.interactions, as_of=self.as_of, refused=refused)

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

    def flows_of(self, identity: Identity) -> Iterator[Together]:
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
            if one.status not in PASSING or answers.given >= len(answers.recorded):
                self._latest = max(self._latest, one.received)
                return one


PASSING = (401, 429, 503)


def key_of(method: str, uri: str, body: bytes) -> Key:
    """Return what makes two requests the same: never a header, nor the order of parameters.

    Examples
    --------
    >>> key_of("POST", "https://A.example/x?b=1&a=2", b'{"c": 1, "d": 2}') == key_of(
    ...     "POST", "https://a.example:443/x?a=2&b=1", b'{"d":2,"c":1}'
    ... )
    True
    """
    parts = urlsplit(redaction.address(uri))
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    place = f"{parts.scheme}://{parts.hostname}{port}{unquote(parts.path or '/')}?{query}"
    return method.upper(), place, hashlib.sha256(_canonical(redaction.body(body))).digest()


def _canonical(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):  # a form, or nothing
        return body


def described(method: str, path: str, identities: Sequence[Identity]) -> str:
    """Say which request it is, with nobody's identifier in it.

    Examples
    --------
    >>> described("GET", "/people/ada@example.com", [Identity.of(email="ada@example.com")])
    'GET /people/…'
    """
    values = {value.lower() for one in identities for _, value in one.keys}
    parts = [
        "…" if "@" in (said := unquote(part).lower()) or said in values else part
        for part in path.split("/")
    ]
    return f"{method} {'/'.join(parts)}"
