"""The plan: from distinct identities to requests and the most they can cost. No network."""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from enrich_pandas.engine.context import Cassette, Replayed
from enrich_pandas.journal import Journal
from enrich_pandas.journal.database import KEYS_PER_QUERY
from enrich_pandas.journal.records import STORED_MODEL, Answer, ClaimHolder, fingerprint, pack
from enrich_pandas.providers.base import Identity, Kind, Provider, RateLimit, Status, batched


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a run has to do about its distinct identities.

    ``stored`` needs no request; the models are left in the journal (`read_stored`). ``abandoned``
    are batches whose process died when they may have been charged, with their identities: what was
    recorded for them is read first. ``elsewhere`` are identities that another process is asking
    about at this moment. ``asked`` are asked, by so many ``requests``. ``credits`` is the most that
    all of it can cost: what was abandoned or is asked elsewhere may come back unasked.
    ``fingerprint`` names an identity in the journal, ``scope`` what is bought and from whom;
    ``known`` tells as of when the stored answers are; ``replayed`` is what the ``cassette`` says,
    and part of ``stored``. What needs no request counts as fetched ``as_of``. ``realm``,
    ``oldest`` and ``resend`` are as they were given.
    """

    scope: bytes
    fingerprint: Callable[[Identity], bytes]
    known: dict[bytes, float]
    stored: Mapping[Identity, Answer]
    abandoned: Mapping[int, Sequence[Identity]]
    elsewhere: Sequence[Identity]
    asked: Sequence[Identity]
    requests: int
    credits: float
    realm: str
    oldest: float
    resend: bool
    cassette: Cassette | None
    replayed: Replayed
    as_of: float

    def sent_again(self, answers: Iterable[Answer]) -> set[Identity]:
        """Return who is asked about again, of what a dead process left: who is held, if at all.

        And of whom it had an answer that is too old by now.
        """
        again = [
            one
            for one in answers
            if (self.resend if one.match.status is Status.HELD else one.as_of <= self.oldest)
        ]
        self.known.update({self.fingerprint(one.match.identity): one.as_of for one in again})
        return {one.match.identity for one in again}


def plan_work(
    provider: Provider,
    kind: Kind,
    identities: Sequence[Identity],
    journal: Journal,
    *,
    realm: str,
    oldest: float,
    resend: bool = False,
    cassette: Cassette | None = None,
) -> Work:
    """Sort identities into stored, abandoned, asked elsewhere and to be asked.

    An answer from before ``oldest`` is not used. ``resend`` counts those who are held as not
    stored: they may be paid for twice. What is in the ``cassette`` is stored.
    """
    scope = scope_of(provider, kind, realm)
    now = cassette.now() if cassette is not None else round(time.time(), 6)
    keys = _in_journal(journal, scope, identities)
    known = journal.queries.outcomes({key: identity for identity, key in keys.items()})
    usable = {
        identity: known[key]
        for identity, key in keys.items()
        if key in known and _usable(known[key], now, oldest, resend=resend)
    }
    usable |= journal.suppression.current_filter().for_identities(kind, provider.name, identities)
    claims = journal.claims([key for i, key in keys.items() if _may_be_claimed(usable.get(i))])
    holders = {i: claims[key] for i, key in keys.items() if key in claims}
    busy = {i: holder for i, holder in holders.items() if not holder.is_idle}
    stored = {i: answer for i, answer in usable.items() if i not in busy}
    elsewhere = [i for i, holder in busy.items() if holder.is_alive]
    abandoned = _by_batch({i: holder for i, holder in busy.items() if not holder.is_alive})
    settled = stored.keys() | busy.keys()
    asked = [i for i in identities if i not in settled] if settled else identities
    replayed = Replayed() if cassette is None else cassette.replay(provider, kind, asked)
    if replayed.answers:
        stored |= replayed.answers
        asked = [i for i in asked if i not in replayed.answers]
    requests, price = _counted(provider, kind, asked)
    price_of = partial(provider.price, kind)
    return Work(
        scope=scope,
        fingerprint=partial(fingerprint, scope),
        known={key: answer.as_of for key, answer in known.items()},
        stored=stored,
        abandoned={holder.batch: left for holder, left in abandoned.items()},
        elsewhere=elsewhere,
        asked=asked,
        requests=requests,
        credits=price
        + _counted(provider, kind, elsewhere)[1]
        + sum(
            min(math.inf if resend or _is_old(holder, oldest) else holder.left, price_of(left))
            for holder, left in abandoned.items()
        ),
        realm=realm,
        oldest=oldest,
        resend=resend,
        cassette=cassette,
        replayed=replayed,
        as_of=cassette.as_of if cassette is not None else now,
    )


def read_stored(work: Work, journal: Journal) -> Iterator[dict[Identity, Answer]]:
    """Yield the stored answers with their models, some hundred at a time: they are large."""
    for some in batched(work.stored, KEYS_PER_QUERY):
        answers = {identity: work.stored[identity] for identity in some}
        left = {
            work.fingerprint(i): i for i, one in answers.items() if one.model_ref is STORED_MODEL
        }
        whole = journal.stored(left)
        # Who was forgotten this very moment is left without a model.
        yield answers | {i: whole.get(key, answers[i]) for key, i in left.items()}


def _in_journal(
    journal: Journal, scope: bytes, identities: Sequence[Identity]
) -> dict[Identity, bytes]:
    """Return the fingerprints of those of whom the journal may know anything.

    Where it knows of fewer than are asked for, all that it knows is read, which is faster than to
    look each of them up; where it knows of nobody, nobody's fingerprint is made.
    """
    held = journal.fingerprints(at_most=len(identities))
    if held is None:
        return {identity: fingerprint(scope, identity) for identity in identities}
    keys = ((i, fingerprint(scope, i)) for i in identities) if held else ()
    return {identity: key for identity, key in keys if key in held}


def _counted(provider: Provider, kind: Kind, identities: Sequence[Identity]) -> tuple[int, float]:
    """Return how many requests ask about these, and the most that they can cost."""
    requests, price = 0, 0.0
    for batch in provider.batches(kind, identities):
        requests += 1
        price += provider.price(kind, batch)
    return requests, price


def scope_of(provider: Provider, kind: Kind, realm: str) -> bytes:
    """Digest all that decides what is bought, but for whom: never the key, which is renewed."""
    options = sorted(provider.billed_options(kind).items())
    text = pack([realm, provider.name, provider.account, provider.version, kind, options])
    return hashlib.sha256(text).digest()


def minimum_seconds(requests: int, limit: RateLimit | None) -> float:
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


def _by_batch(holders: Mapping[Identity, ClaimHolder]) -> dict[ClaimHolder, list[Identity]]:
    """Group identities by the batch that has claimed them."""
    batches: dict[ClaimHolder, list[Identity]] = {}
    for identity, holder in holders.items():
        batches.setdefault(holder, []).append(identity)
    return batches


def _is_old(holder: ClaimHolder, oldest: float) -> bool:
    """Tell whether what a dead process was told may be too old."""
    return holder.sent is not None and holder.sent <= oldest


def _usable(answer: Answer, now: float, oldest: float, *, resend: bool) -> bool:
    """Tell whether a stored answer still stands in for a request."""
    if answer.match.status is Status.HELD:
        return not resend  # asking again may pay twice: that is the user's decision
    if answer.match.status is Status.PENDING:
        return answer.not_before is not None and now < answer.not_before
    return answer.as_of > oldest


def _may_be_claimed(answer: Answer | None) -> bool:
    """Tell whether somebody may be asking: about a held one too, if the user decided so."""
    return answer is None or answer.match.status is Status.HELD
