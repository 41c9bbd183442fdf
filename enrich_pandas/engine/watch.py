"""Watching: what becomes of identities that another process is asking about."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from enrich_pandas.engine.plan import Orders
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer
from enrich_pandas.providers.base import Identity


class News(NamedTuple):
    """What a look has shown.

    ``answers`` have arrived; ``open`` are still asked about; ``dead`` are left by a process that
    died when they may have been charged, by batch; ``free`` are anybody's to ask about.
    """

    answers: Mapping[Identity, Answer]
    open: Sequence[Identity]
    dead: Mapping[int, Sequence[Identity]]
    free: Sequence[Identity]


def look(journal: Journal, orders: Orders, identities: Iterable[Identity]) -> News:
    """See what became of identities that another process was asking about."""
    left = {orders.fingerprint(identity): identity for identity in identities}
    stored = journal.stored(left)
    news = {key: one for key, one in stored.items() if one.as_of != orders.known.get(key)}
    answers = {left.pop(key): answer for key, answer in news.items()}
    still_open: list[Identity] = []
    dead: dict[int, list[Identity]] = {}
    for key, holder in journal.claims(list(left)).items():
        if holder.is_alive:
            still_open.append(left.pop(key))
        elif not holder.is_idle:
            dead.setdefault(holder.batch, []).append(left.pop(key))
    return News(answers, still_open, dead, list(left.values()))
