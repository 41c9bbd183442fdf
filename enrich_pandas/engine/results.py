"""The tally: the answers of a run so far, counted by the frame's rows."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from enrich_pandas.journal.records import Answer
from enrich_pandas.journal.suppression import EVERYBODY, Screen
from enrich_pandas.providers.base import Identity, Kind, Match, Status


class Tally:
    """Collects answers from all workers.

    Parameters
    ----------
    provider
        Name of who is asked.
    weights, refused
        Rows of each identity, and rows of each status that need no request.
    screen
        Returns who may not be shown, though an answer has arrived.
    keep
        Is given each answer; returns what is to be kept of it.

    Attributes
    ----------
    answers
        The answers so far, by identity.
    """

    def __init__(
        self,
        provider: str,
        weights: Mapping[Identity, int],
        refused: Mapping[str, int],
        screen: Callable[[], Screen] = lambda: EVERYBODY,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> None:
        self.answers: dict[Identity, Answer] = {}
        self.rows = sum(weights.values()) + sum(refused.values())
        self._provider, self._weights, self._screen, self._keep = provider, weights, screen, keep
        self._lock = threading.Lock()
        self._counts = Counter[str](refused)
        self._credits = 0.0

    def wants(self, identity: Identity) -> bool:
        """Tell whether an identity is of this frame; a recovered batch may hold others."""
        return identity in self._weights

    def allowed(self, kind: Kind, identities: Sequence[Identity]) -> list[Identity]:
        """Leave out, and settle, whom the user has put on the list since the plan was made."""
        refused = self._screen().of_identities(kind, self._provider, identities)
        self.record(refused)
        return [identity for identity in identities if identity not in refused]

    def record(self, answers: Mapping[Identity, Answer], credits_: float = 0.0) -> None:
        """Take answers in, each in place of an older one, and what they cost."""
        screen = self._screen()
        with self._lock:
            self._credits += credits_
            for identity, answer in answers.items():
                if self.wants(identity):
                    self._replace(identity, self._keep(screen.shown(answer)))

    def settle(self, identities: Iterable[Identity], status: Status, reason: str) -> None:
        """Give those a status that have no answer, and so no time at which it was fetched."""
        with self._lock:
            for identity in identities:
                if self.wants(identity) and identity not in self.answers:
                    match = Match(identity=identity, status=status, reason=reason)
                    self._replace(identity, Answer(match, 0.0, self._provider))

    def read(self) -> tuple[dict[str, int], float]:
        """Return the rows of each status, and the credits."""
        with self._lock:
            return {status: rows for status, rows in self._counts.items() if rows}, self._credits

    def _replace(self, identity: Identity, answer: Answer) -> None:
        if older := self.answers.get(identity):
            self._counts[older.match.status] -= self._weights[identity]
        self.answers[identity] = answer
        self._counts[answer.match.status] += self._weights[identity]


def one_each(identities: Sequence[Identity], matches: Sequence[Match]) -> list[Match]:
    """Make sure that every identity has one match, whatever a provider returned."""
    by_identity = {match.identity: match for match in matches}
    return [
        by_identity.get(identity) or Match(identity=identity, status=Status.HELD, reason="unread")
        for identity in identities
    ]
