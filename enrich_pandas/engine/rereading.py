"""Reading again: what the present code makes of raw answers that were paid for. No request."""

import logging
from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from enrich_pandas.engine.plan import scope_of
from enrich_pandas.engine.results import one_each
from enrich_pandas.engine.task import Task
from enrich_pandas.journal import Journal
from enrich_pandas.journal.costs import is_known
from enrich_pandas.journal.records import Answer, Batch, Change, Landed, fingerprint, fresh, is_kept
from enrich_pandas.journal.suppression import Screen
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Request, Response, Status
from enrich_pandas.transport.outcome import legible

logger = logging.getLogger("enrich_pandas")


class Unrecorded(Exception):  # noqa: N818 - no error: what cannot be answered is left as it is
    """A flow asks for something that was never answered."""


def reread(
    journal: Journal, run: str, provider: Provider, kind: Kind, realm: str
) -> Iterator[Change]:
    """Read the raw answers of a run's landed batches again, store and yield what changed.

    A batch at a time, each in one transaction. Credits and the time of fetching stay; only of what
    was held, and is now read, the credits become known.
    """
    scope, screen = scope_of(provider, kind, realm), journal.tombstones.screen()
    for landed in journal.past.landed(run):
        if landed.scope != scope:
            continue
        matches = replay(provider, kind, landed.batch)
        if matches is None:
            continue
        changes = list(_changes(journal, landed, matches, provider.name, screen))
        price = partial(provider.price, kind)
        yield from journal.past.amend(landed.batch.id, kind, provider.name, changes, price)


def recalled(
    journal: Journal,
    provider: Provider,
    kind: Kind,
    wanted: Collection[Identity],
    *,
    scope: bytes,
    until: float,
) -> dict[Identity, Answer]:
    """Read what the raw answers said of some by then; whose are not kept is left out.

    That is what a later answer has replaced, or was refused, and so was never stored.
    """
    left, found = set(wanted), dict[Identity, Answer]()
    for landed in journal.past.landed_about(scope, left, until) if left else ():
        for match in replay(provider, kind, landed.batch) or ():
            if match.identity in left:
                found[match.identity] = fresh(match, landed.answered, provider.name)
                left.discard(match.identity)
    return found


def replay(provider: Provider, kind: Kind, batch: Batch) -> list[Match] | None:
    """Run a batch's flow on its recorded answers; None where they do not carry it to its end."""
    task = Task(batch.identities, batch=Batch(batch.id, batch.identities, dict(batch.recorded)))

    def answer(_: Request) -> Response:
        assert task.batch is not None  # noqa: S101 - for the type checker: set above
        recorded = task.batch.recorded.pop(task.step, None)
        if recorded is None:
            raise Unrecorded
        return legible(recorded)

    try:
        task.flow = provider.flow(kind, batch.identities)
        end = task.carry_on(answer)
    except Exception as error:  # noqa: BLE001 - a batch that cannot be read stays as it was
        logger.warning("Batch %s cannot be read again: %s.", batch.id, type(error).__name__)
        return None
    return one_each(batch.identities, end) if isinstance(end, list) else None


def _changes(
    journal: Journal, landed: Landed, matches: list[Match], provider: str, screen: Screen
) -> Iterator[Change]:
    keyed = {fingerprint(landed.scope, match.identity): match for match in matches}
    stored = journal.past.stored(landed.batch.id, list(keyed))
    for key, before in stored.items():
        after = _read(keyed[key], before, landed.answered, provider)
        is_shown = after is None or screen.shown(after) is after
        if is_shown and _said(before) != _said(after):
            yield Change(key, keyed[key].identity, before, after)


def _read(match: Match, before: Answer | None, answered: float, provider: str) -> Answer | None:
    """Return the answer to store: with the old one's cost, where that was known, and time."""
    if before is not None and is_known(before.match):
        match = replace(match, credits=before.match.credits)
    is_told = is_kept(match) or match.status is Status.REMOVED
    if not is_told:
        return None
    after = fresh(match, before.fetched if before else answered, provider)
    return after._replace(asked=before.asked, worse=before.worse) if before else after


def _said(answer: Answer | None) -> object:
    """Return what is compared: all but the cost and the time."""
    if answer is None:
        return None
    match = answer.match
    return match.status, match.reason, match.note, match.model
