"""The plan: from distinct identities to requests and the most they can cost. No network."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from enrich_pandas.providers.base import Identity, Kind, Provider, RateLimit, Status
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.records import Answer, Holder, pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a run has to do about its distinct identities.

    ``stored`` needs no request. ``abandoned`` are batches whose process died when they may have
    been charged, with their identities: what was recorded for them is read first. ``elsewhere`` are
    identities that another process is asking about at this moment. ``batches`` are asked.
    ``credits`` is the most that all of it can cost: what was abandoned or is asked elsewhere may
    come back unasked. ``fingerprint`` names an identity in the journal, ``scope`` what is bought
    and from whom; ``known`` tells when the stored answers were fetched; ``screen`` whose
    may not be shown. ``realm`` and ``max_age`` are as they were given.
    """

    scope: bytes
    fingerprint: Callable[[Identity], bytes]
    known: Mapping[bytes, float]
    stored: Mapping[Identity, Answer]
    abandoned: Mapping[int, Sequence[Identity]]
    elsewhere: Sequence[Identity]
    batches: Sequence[Sequence[Identity]]
    credits: float
    realm: str
    max_age: float


def make_orders(
    provider: Provider,
    kind: Kind,
    identities: Sequence[Identity],
    journal: Journal,
    *,
    realm: str,
    max_age: float,
    resend: bool = False,
) -> Orders:
    """Sort identities into stored, abandoned, asked elsewhere and to be asked.

    ``resend`` counts those who are held as not stored: they may be paid for twice.
    """
    scope = scope_of(provider, kind, realm)
    now = time.time()
    keys = {identity: fingerprint(scope, identity) for identity in identities}
    known = journal.stored(list(keys.values()))
    usable = {
        key: answer for key, answer in known.items() if _usable(answer, now, max_age, resend=resend)
    }
    refused = journal.tombstones.screen().of_identities(kind, provider.name, identities)
    usable |= {keys[identity]: answer for identity, answer in refused.items()}
    claims = journal.claims([key for key in keys.values() if _may_be_claimed(usable.get(key))])
    for key in (key for key, holder in claims.items() if not holder.is_idle):
        usable.pop(key, None)
    unstored = {i: key for i, key in keys.items() if key not in usable}
    holders = {i: claims[key] for i, key in unstored.items() if key in claims}
    busy = {i: holder for i, holder in holders.items() if not holder.is_idle}
    elsewhere = [i for i, holder in busy.items() if holder.is_alive]
    abandoned = _by_batch({i: holder for i, holder in busy.items() if not holder.is_alive})
    batches = list(provider.batches(kind, [i for i in unstored if i not in busy]))
    return Orders(
        scope=scope,
        fingerprint=lambda identity: fingerprint(scope, identity),
        known={key: answer.fetched for key, answer in known.items()},
        stored={i: usable[key] for i, key in keys.items() if key in usable},
        abandoned={holder.batch: left for holder, left in abandoned.items()},
        elsewhere=elsewhere,
        batches=batches,
        credits=most_credits(provider, kind, [*batches, *provider.batches(kind, elsewhere)])
        + sum(min(h.left, provider.price(kind, left)) for h, left in abandoned.items()),
        realm=realm,
        max_age=max_age,
    )


def scope_of(provider: Provider, kind: Kind, realm: str) -> bytes:
    """Digest all that decides what is bought, but for whom: never the key, which is renewed."""
    options = sorted(provider.billed_options(kind).items())
    text = pack([realm, provider.name, provider.account, provider.version, kind, options])
    return hashlib.sha256(text).digest()


def most_credits(provider: Provider, kind: Kind, batches: Sequence[Sequence[Identity]]) -> float:
    """Return the most that asking about these batches can cost."""
    return float(sum(provider.price(kind, batch) for batch in batches))


def least_seconds(requests: int, limit: RateLimit | None) -> float:
    """Return the least time in which a rate limit lets so many requests start.

    Examples
    --------
    >>> least_seconds(31, RateLimit(15, 60))
    120.0
    """
    if limit is None or requests <= limit.requests:
        return 0.0
    return float((requests - 1) // limit.requests * limit.seconds)


def count_statuses(answers: Mapping[Identity, Answer]) -> dict[Status, int]:
    """Count stored answers by status, in the order of the statuses."""
    order = list(Status)
    statuses = sorted((a.match.status for a in answers.values()), key=order.index)
    return {status: len(list(group)) for status, group in groupby(statuses)}


def fingerprint(scope: bytes, identity: Identity) -> bytes:
    """Return an identity's name in the journal."""
    return hashlib.sha256(scope + pack(identity.keys)).digest()


def _by_batch(holders: Mapping[Identity, Holder]) -> dict[Holder, list[Identity]]:
    """Group identities by the batch that has claimed them."""
    batches: dict[Holder, list[Identity]] = {}
    for identity, holder in holders.items():
        batches.setdefault(holder, []).append(identity)
    return batches


def _usable(answer: Answer, now: float, max_age: float, *, resend: bool) -> bool:
    """Tell whether a stored answer still stands in for a request."""
    if answer.match.status is Status.HELD:
        return not resend  # asking again may pay twice: that is the user's decision
    if answer.match.status is Status.PENDING:
        return answer.not_before is not None and now < answer.not_before
    return now - answer.fetched < max_age


def _may_be_claimed(answer: Answer | None) -> bool:
    """Tell whether somebody may be asking: about a held one too, if the user decided so."""
    return answer is None or answer.match.status is Status.HELD
