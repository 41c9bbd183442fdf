"""The plan: from distinct identities to requests and their maximum cost. Sends nothing.

The plan of a call is plain data (`PlanData`), so the engine knows neither pandas nor pages; the
public `enrich_pandas.Plan` in ``report.plan`` adds the table's examples and the rendering to it.
"""

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from enrich_pandas.engine.context import Cassette, Replayed
from enrich_pandas.journal import Journal
from enrich_pandas.journal.database import KEYS_PER_QUERY
from enrich_pandas.journal.records import STORED_MODEL, Answer, ClaimHolder, fingerprint, pack
from enrich_pandas.providers.base import Identity, Kind, Provider, RateLimit, Status, batched


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """What one provider will be requested for, and the maximum cost.

    An attribute ``…_best`` is the value if the earlier providers deliver every wanted field.
    It equals the attribute without ``_best`` for a single provider and for the first of several.

    Attributes
    ----------
    provider : str
        Its name; a number follows if the same provider is listed more than once.
    rows, rows_best : int
        Rows to enrich.
    distinct, distinct_best : int
        Distinct identities of these rows. Each is requested at most once.
    stored : mapping of status to int
        Identities whose result is in the journal. They cost nothing.
    recorded : mapping of status to int
        Identities whose result is in the cassette that is replayed or added to.
    unrecorded : int
        In a replay, identities that the cassette does not contain. The call raises ReplayError.
    as_of : float or None
        Time of the recording, in seconds since the epoch; None without one.
    abandoned : int
        Batches of a process that died. Their recorded answers are read first.
    elsewhere : int
        Identities that another process is requesting now.
    requests, requests_best : int
        First requests for these identities. A vendor that rejects one value of a batch causes a few
        more, at no extra credits. The balance check is one more, and free.
    credits, credits_best : float
        Maximum cost, in the vendor's credits.
    expected : float or None
        Expected cost, from what the same purchase cost before; None if there is no evidence.
    known : int
        Identities of earlier runs on which ``expected`` is based.
    seconds : float
        Minimum time that the vendor's rate limit allows.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        Maximum additional cost if every row were requested separately, if nothing were stored, and
        if nothing were recorded.
    """

    provider: str
    rows: int = 0
    rows_best: int = 0
    distinct: int = 0
    distinct_best: int = 0
    stored: Mapping[Status, int] = field(default_factory=dict)
    recorded: Mapping[Status, int] = field(default_factory=dict)
    unrecorded: int = 0
    as_of: float | None = None
    abandoned: int = 0
    elsewhere: int = 0
    requests: int = 0
    requests_best: int = 0
    credits: float = 0.0
    credits_best: float = 0.0
    expected: float | None = None
    known: int = 0
    seconds: float = 0.0
    saved_by_duplicates: float = 0.0
    saved_by_stored: float = 0.0
    saved_by_recording: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanData:
    """What a call will do and its maximum cost, as plain data; see `enrich_pandas.Plan`."""

    kind: Kind
    rows: int
    distinct: int
    refused: Mapping[tuple[Status, str], int]
    stages: tuple[StagePlan, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        """Names of the providers, joined by ``+``."""
        return "+".join(stage.provider for stage in self.stages)

    @property
    def valid(self) -> int:
        """Rows that at least one provider can enrich by their own cells."""
        return self.rows - sum(self.refused.values())

    @property
    def invalid(self) -> int:
        """Rows whose identifiers are missing or not valid."""
        return sum(rows for (status, _), rows in self.refused.items() if status is Status.INVALID)

    @property
    def skipped(self) -> int:
        """Rows that the call leaves out, such as those where ``where`` is False."""
        return sum(rows for (status, _), rows in self.refused.items() if status is Status.SKIPPED)

    @property
    def duplicates(self) -> int:
        """Valid rows that repeat the identifiers of another row."""
        return self.valid - self.distinct

    @property
    def is_askable(self) -> bool:
        """Whether any row can be enriched."""
        return self.valid > 0

    @property
    def stored(self) -> Mapping[Status, int]:
        """Identities whose result is in the journal, by status."""
        return _sum_counts(stage.stored for stage in self.stages)

    @property
    def recorded(self) -> Mapping[Status, int]:
        """Identities whose result is in the cassette, by status."""
        return _sum_counts(stage.recorded for stage in self.stages)

    @property
    def unrecorded(self) -> int:
        """In a replay, identities that the cassette does not contain."""
        return sum(stage.unrecorded for stage in self.stages)

    @property
    def as_of(self) -> float | None:
        """Time of the recording, in seconds since the epoch; None without one."""
        return next((stage.as_of for stage in self.stages if stage.as_of is not None), None)

    @property
    def abandoned(self) -> int:
        """Batches of a process that died."""
        return sum(stage.abandoned for stage in self.stages)

    @property
    def elsewhere(self) -> int:
        """Identities that another process is requesting now."""
        return sum(stage.elsewhere for stage in self.stages)

    @property
    def requests(self) -> int:
        """Maximum number of first requests."""
        return sum(stage.requests for stage in self.stages)

    @property
    def requests_best(self) -> int:
        """First requests if each provider delivers every wanted field."""
        return sum(stage.requests_best for stage in self.stages)

    @property
    def credits(self) -> float:
        """Maximum cost. The credits of different vendors are not worth the same."""
        return sum(stage.credits for stage in self.stages)

    @property
    def credits_best(self) -> float:
        """Cost if each provider delivers every wanted field."""
        return sum(stage.credits_best for stage in self.stages)

    @property
    def expected(self) -> float | None:
        """Expected cost; None if there is no evidence for one of the providers."""
        costs = [stage.expected for stage in self.stages]
        return None if None in costs else sum(filter(None, costs))

    @property
    def known(self) -> int:
        """Identities of earlier runs on which the expected cost is based."""
        return sum(stage.known for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Minimum time that the rate limits allow; the providers run one after the other."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def saved_by_duplicates(self) -> float:
        """Maximum additional cost if every row were requested separately."""
        return sum(stage.saved_by_duplicates for stage in self.stages)

    @property
    def saved_by_stored(self) -> float:
        """Maximum additional cost if nothing were stored."""
        return sum(stage.saved_by_stored for stage in self.stages)

    @property
    def saved_by_recording(self) -> float:
        """Maximum additional cost if nothing were recorded."""
        return sum(stage.saved_by_recording for stage in self.stages)


def _sum_counts(each: Iterable[Mapping[Status, int]]) -> dict[Status, int]:
    """Add counts up, in the order of the statuses."""
    total = sum(map(Counter, each), Counter[Status]())
    return {status: total[status] for status in Status if total[status]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a run has to do for its distinct identities.

    Attributes
    ----------
    scope, fingerprint
        The key in the journal of what is bought from which provider, and of an identity.
    known
        For each fingerprint in the journal, the time as of which its answer holds.
    stored
        Answers that need no request. Their models stay in the journal; see `read_stored`.
    abandoned
        Batches, which may have been charged, of a process that died. Their recorded answers are
        read before anything is requested.
    elsewhere
        Identities that another process is requesting now.
    to_request, requests
        Identities to request, and in how many requests.
    credits
        Maximum cost, including identities of ``abandoned`` and ``elsewhere`` that may still have
        to be requested.
    realm, oldest, resend, cassette
        As given to `plan_work`.
    replayed
        The answers of the cassette; part of ``stored``.
    as_of
        Fetch time of answers that needed no request.
    """

    scope: bytes
    fingerprint: Callable[[Identity], bytes]
    known: dict[bytes, float]
    stored: Mapping[Identity, Answer]
    abandoned: Mapping[int, Sequence[Identity]]
    elsewhere: Sequence[Identity]
    to_request: Sequence[Identity]
    requests: int
    credits: float
    realm: str
    oldest: float
    resend: bool
    cassette: Cassette | None
    replayed: Replayed
    as_of: float

    def select_resent(self, answers: Iterable[Answer]) -> set[Identity]:
        """Return the identities of an abandoned batch that must be requested again.

        These are the held ones, if the user chose ``resend``, and those with an outdated answer.
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
    """Return which identities are stored, abandoned, requested elsewhere, or to request.

    An answer from before ``oldest`` is not used. With ``resend``, held identities are requested
    again, although they may then be charged twice. Answers of the ``cassette`` count as stored.
    """
    scope = scope_of(provider, kind, realm)
    now = cassette.now() if cassette is not None else round(time.time(), 6)
    keys = _find_fingerprints(journal, scope, identities)
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
    to_request = [i for i in identities if i not in settled] if settled else identities
    replayed = Replayed() if cassette is None else cassette.replay(provider, kind, to_request)
    if replayed.answers:
        stored |= replayed.answers
        to_request = [i for i in to_request if i not in replayed.answers]
    requests, price = _count_requests(provider, kind, to_request)
    price_of = partial(provider.price, kind)
    return Work(
        scope=scope,
        fingerprint=partial(fingerprint, scope),
        known={key: answer.as_of for key, answer in known.items()},
        stored=stored,
        abandoned={holder.batch: left for holder, left in abandoned.items()},
        elsewhere=elsewhere,
        to_request=to_request,
        requests=requests,
        credits=price
        + _count_requests(provider, kind, elsewhere)[1]
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
    """Yield the stored answers with their models, which are large, some hundred at a time."""
    for some in batched(work.stored, KEYS_PER_QUERY):
        answers = {identity: work.stored[identity] for identity in some}
        left = {
            work.fingerprint(i): i for i, one in answers.items() if one.model_ref is STORED_MODEL
        }
        whole = journal.stored(left)
        # An identity that is erased at this moment stays without a model.
        yield answers | {i: whole.get(key, answers[i]) for key, i in left.items()}


def _find_fingerprints(
    journal: Journal, scope: bytes, identities: Sequence[Identity]
) -> dict[Identity, bytes]:
    """Return the fingerprints of the identities that may be in the journal.

    A journal with fewer entries than there are identities is read whole, which is faster than one
    look-up each. For an empty journal no fingerprint is computed.
    """
    held = journal.fingerprints(at_most=len(identities))
    if held is None:
        return {identity: fingerprint(scope, identity) for identity in identities}
    keys = ((i, fingerprint(scope, i)) for i in identities) if held else ()
    return {identity: key for identity, key in keys if key in held}


def _count_requests(
    provider: Provider, kind: Kind, identities: Sequence[Identity]
) -> tuple[int, float]:
    """Return the number of requests for some identities, and their maximum cost."""
    requests, price = 0, 0.0
    for batch in provider.batches(kind, identities):
        requests += 1
        price += provider.price(kind, batch)
    return requests, price


def scope_of(provider: Provider, kind: Kind, realm: str) -> bytes:
    """Return a digest of what is bought: all but the identities, and the key, which may change."""
    options = sorted(provider.billed_options(kind).items())
    text = pack([realm, provider.name, provider.account, provider.version, kind, options])
    return hashlib.sha256(text).digest()


def minimum_seconds(requests: int, limit: RateLimit | None) -> float:
    """Return the minimum time in which a rate limit lets the requests start.

    Examples
    --------
    >>> minimum_seconds(31, RateLimit(15, 60))
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
    """Return whether the answers of a dead process may be outdated."""
    return holder.sent is not None and holder.sent <= oldest


def _usable(answer: Answer, now: float, oldest: float, *, resend: bool) -> bool:
    """Return whether a stored answer still replaces a request."""
    if answer.match.status is Status.HELD:
        return not resend  # a second request may be charged twice: the user decides
    if answer.match.status is Status.PENDING:
        return answer.not_before is not None and now < answer.not_before
    return answer.as_of > oldest


def _may_be_claimed(answer: Answer | None) -> bool:
    """Return whether another process may be requesting the identity."""
    return answer is None or answer.match.status is Status.HELD
