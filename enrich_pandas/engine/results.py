"""The answers of a run so far, counted by rows; and the parsing of stored raw answers."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from enrich_pandas.engine.plan import scope_of
from enrich_pandas.engine.scheduler import Task
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import (
    Answer,
    AnsweredBatch,
    Batch,
    Change,
    fingerprint,
    has_known_cost,
    is_stored,
    new_answer,
)
from enrich_pandas.journal.suppression import EMPTY_FILTER, SuppressionFilter
from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Request, Response, Status
from enrich_pandas.providers.records import Record, read_models
from enrich_pandas.transport.outcome import repair_response


class Results:
    """Collects answers from all workers.

    Parameters
    ----------
    provider
        Name of the provider.
    weights, refused
        Rows of each identity; rows that need no request, by status.
    screen
        Returns the current suppression filter: a suppressed answer is not shown.
    keep
        Receives each answer and returns what is kept of it.

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
        screen: Callable[[], SuppressionFilter] = lambda: EMPTY_FILTER,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> None:
        self.answers: dict[Identity, Answer] = {}
        self.rows: int = sum(weights.values()) + sum(refused.values())
        self._provider, self._weights, self._screen, self._keep = provider, weights, screen, keep
        self._lock = threading.Lock()
        self._counts = Counter[str](refused)
        self._credits = 0.0

    def wants(self, identity: Identity) -> bool:
        """Return whether the frame has the identity; an abandoned batch may contain others."""
        return identity in self._weights

    def allowed(self, kind: Kind, identities: Sequence[Identity]) -> list[Identity]:
        """Return the identities that were not suppressed since the plan; settle the others."""
        refused = self._screen().for_identities(kind, self._provider, identities)
        self.record(refused)
        return [identity for identity in identities if identity not in refused]

    def record(self, answers: Mapping[Identity, Answer], credits_: float = 0.0) -> None:
        """Add answers and their cost; each replaces an older answer."""
        if not answers and not credits_:
            return
        shown = self._screen().apply(answers)
        with self._lock:
            self._credits += credits_
            for identity, answer in shown.items():
                if self.wants(identity):
                    self._replace(identity, self._keep(answer))

    def settle(self, identities: Iterable[Identity], status: Status, reason: str) -> None:
        """Set the status of identities that have no answer, and so no fetch time."""
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


def match_each(identities: Sequence[Identity], matches: Sequence[Match]) -> list[Match]:
    """Return one match for each identity, whatever the provider returned."""
    by_identity = {match.identity: match for match in matches}
    return [
        by_identity.get(identity) or Match(identity=identity, status=Status.HELD, reason="unread")
        for identity in identities
    ]


# -- Parsing stored raw answers again, without a request -------------------------------------

logger: logging.Logger = logging.getLogger("enrich_pandas")


class MissingAnswer(Exception):  # noqa: N818 - not an error: the batch is left as it is
    """A flow sends a request for which no answer was recorded."""


def parse_again(
    journal: Journal, run: str, provider: Provider, kind: Kind, realm: str
) -> Iterator[Change]:
    """Parse the raw answers of a run again; store and yield the results that changed.

    Each batch is one transaction. Credits and fetch times stay, except that the credits of a held
    result become known when it can now be parsed.
    """
    scope, screen = scope_of(provider, kind, realm), journal.suppression.current_filter()
    for landed in journal.queries.batches(run):
        if landed.scope != scope:
            continue
        matches = replay_batch(provider, kind, landed.batch)
        if matches is None:
            continue
        changes = list(_changes(journal, landed, matches, provider.name, screen))
        price = partial(provider.price, kind)
        yield from journal.queries.amend(landed.batch.id, kind, provider.name, changes, price)


def parse_past_answers(
    journal: Journal,
    provider: Provider,
    kind: Kind,
    wanted: Collection[Identity],
    *,
    scope: bytes,
    until: float,
) -> dict[Identity, Answer]:
    """Parse what the raw answers contained at an earlier time, for some identities.

    These are answers that a later one replaced, or that were never stored. Identities whose raw
    answer is not kept are left out.
    """
    left, found = set(wanted), dict[Identity, Answer]()
    for landed in journal.queries.batches_of_purchase(scope, left, until) if left else ():
        for match in replay_batch(provider, kind, landed.batch) or ():
            if match.identity in left:
                found[match.identity] = new_answer(match, landed.answered, provider.name)
                left.discard(match.identity)
    return found


def replay_batch(provider: Provider, kind: Kind, batch: Batch) -> list[Match] | None:
    """Run a batch's flow on its recorded answers; return None if they do not suffice."""
    task = Task(batch.identities, batch=Batch(batch.id, batch.identities, dict(batch.recorded)))

    def answer(_: Request) -> Response:
        assert task.batch is not None  # noqa: S101 - for the type checker: set above
        recorded = task.batch.recorded.pop(task.step, None)
        if recorded is None:
            raise MissingAnswer
        return repair_response(recorded)

    try:
        task.flow = provider.flow(kind, batch.identities)
        end = task.carry_on(answer)
    except Exception as error:  # noqa: BLE001 - a batch that cannot be parsed stays as it was
        logger.warning("Batch %s cannot be parsed again: %s.", batch.id, type(error).__name__)
        return None
    return match_each(batch.identities, end) if isinstance(end, list) else None


def _changes(
    journal: Journal,
    landed: AnsweredBatch,
    matches: list[Match],
    provider: str,
    screen: SuppressionFilter,
) -> Iterator[Change]:
    keyed = {fingerprint(landed.scope, match.identity): match for match in matches}
    stored = journal.queries.stored(landed.batch.id, list(keyed))
    updated = {
        key: _update(keyed[key], before, landed.answered, provider)
        for key, before in stored.items()
    }
    answers = {key: after for key, after in updated.items() if after is not None}
    shown, models = screen.apply(answers), _read_as_before(stored, answers)
    for key, before in stored.items():
        after = updated[key]
        is_shown = after is None or shown[key] is after
        if is_shown and _comparable(before) != _comparable(after, models.get(key)):
            yield Change(key, keyed[key].identity, before, after)


def _read_as_before(
    stored: Mapping[bytes, Answer | None], answers: Mapping[bytes, Answer]
) -> dict[bytes, Model]:
    """Return the models of records whose older answer has a model: it is of an older version."""
    records = {
        key: answer.match.model
        for key, answer in answers.items()
        if isinstance(answer.match.model, Record)
        and (before := stored[key])
        and isinstance(before.match.model, Model)
    }
    return dict(zip(records, read_models(records.values()), strict=True))


def _update(match: Match, before: Answer | None, answered: float, provider: str) -> Answer | None:
    """Return the answer to store, with the known cost and the fetch time of the old one."""
    if before is not None and has_known_cost(before.match):
        match = replace(match, credits=before.match.credits)
    if not (is_stored(match) or match.status is Status.REMOVED):
        return None
    after = new_answer(match, before.fetched if before else answered, provider)
    return (
        after._replace(requested_again=before.requested_again, later_status=before.later_status)
        if before
        else after
    )


def _comparable(answer: Answer | None, model: Model | None = None) -> object:
    """Return what is compared: everything but the cost and the time."""
    if answer is None:
        return None
    match = answer.match
    return match.status, match.reason, match.note, model or match.model
