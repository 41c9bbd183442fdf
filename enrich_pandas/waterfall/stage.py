"""A stage: what one provider is asked for in a call, from its identities to its driver."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np

from enrich_pandas.cassette.recording import UnrecordedTransport, unrecorded_error
from enrich_pandas.engine.balance import BalanceCheck
from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import (
    Cassette,
    Environment,
    RecordedPlan,
    journal_path,
    record_call,
)
from enrich_pandas.engine.credentials import Tokens
from enrich_pandas.engine.plan import (
    StagePlan,
    Work,
    count_statuses,
    minimum_seconds,
    plan_work,
)
from enrich_pandas.engine.rate_limit import RateLimiter, limiter_for
from enrich_pandas.engine.results import Results
from enrich_pandas.engine.runner import Runner
from enrich_pandas.errors import ReplayError
from enrich_pandas.frame.cells import Codes
from enrich_pandas.frame.columns import IdentifierColumns
from enrich_pandas.frame.identities import RepeatedIdentities
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal import Journal
from enrich_pandas.journal.queries import pack_identities
from enrich_pandas.journal.records import Answer, store_replayed
from enrich_pandas.options import options
from enrich_pandas.providers.base import Identity, Kind, Provider, Secret, Status
from enrich_pandas.transport import Transport


@dataclass(frozen=True, slots=True)
class Stage:
    """Whom to ask one provider about.

    ``rows_by_code`` counts the frame's rows of each distinct identity, then of each refusal.
    ``rows`` tells for each row of the frame which of those identified it is, -1 for none; None
    where that is each in its order.
    """

    provider: Provider
    kind: Kind
    columns: IdentifierColumns
    identified: Identified
    rows_by_code: list[int]
    rows: Codes | None = None

    @classmethod
    def of(
        cls,
        provider: Provider,
        kind: Kind,
        columns: IdentifierColumns,
        identified: Identified,
        *,
        weights: Codes | None = None,
        rows: Codes | None = None,
    ) -> "Stage":
        """Make a stage; ``weights`` counts the rows behind each of those identified."""
        size = len(identified.identities) + len(identified.exclusions)
        counts = np.bincount(identified.codes, weights=weights, minlength=size)
        return cls(provider, kind, columns, identified, counts.astype(np.intp).tolist(), rows)

    @property
    def asked(self) -> int:
        """Rows that have an identity."""
        return sum(self.rows_by_code[: len(self.identified.identities)])

    def work(
        self, journal: Journal, environment: Environment, oldest: float, *, resend: bool = False
    ) -> Work:
        """Look up what is stored, what others ask, and what is left to ask."""
        return plan_work(
            self.provider,
            self.kind,
            self.identified.identities,
            journal,
            realm=environment.realm,
            oldest=oldest,
            resend=resend,
            cassette=environment.cassette,
        )

    @property
    def refused(self) -> dict[tuple[Status, str], int]:
        """Rows that are not requested, by status and reason; the most frequent first."""
        exclusions = self.rows_by_code[len(self.identified.identities) :]
        refused = Counter(dict(zip(self.identified.exclusions, exclusions, strict=True)))
        return {refusal: count for refusal, count in refused.most_common() if count}

    def plan(self, work: Work, paid: tuple[float, int] = (0.0, 0)) -> StagePlan:
        """Return what the stage will request, and the maximum cost.

        ``paid`` are the credits that the same purchase cost before, and for how many identities.
        """
        distinct, played = len(self.identified.identities), work.replayed.answers
        is_replay = self.is_replay(work)
        requests = 0 if is_replay else work.requests
        credits_ = 0.0 if is_replay else work.credits
        spent, known = paid
        return StagePlan(
            provider=self.provider.name,
            rows=self.asked,
            rows_best=self.asked,
            distinct=distinct,
            distinct_best=distinct,
            stored=count_statuses({i: a for i, a in work.stored.items() if i not in played}),
            recorded=count_statuses(played),
            unrecorded=len(work.to_request) if is_replay else 0,
            as_of=work.as_of or None if played or is_replay else None,
            abandoned=len(work.abandoned),
            elsewhere=len(work.elsewhere),
            requests=requests,
            requests_best=requests,
            credits=credits_,
            credits_best=credits_,
            expected=min(work.credits, spent / known * len(work.to_request)) if known else None,
            known=known,
            seconds=minimum_seconds(requests, self.provider.rate_limit),
            saved_by_duplicates=self._price(self._repeated()),
            saved_by_stored=self._price(_answered(work)),
            saved_by_recording=self._price(list(played)),
        )

    def is_replay(self, work: Work) -> bool:
        """Tell whether only a recording answers; who needs no network answers also in a replay."""
        return work.cassette is not None and work.cassette.is_offline and bool(self.provider.origin)

    def _price(self, identities: Sequence[Identity]) -> float:
        return self.provider.price(self.kind, identities) if identities else 0.0

    def _repeated(self) -> RepeatedIdentities:
        """Return the identity of every row that repeats another one's."""
        identities = self.identified.identities
        counts = np.array(self.rows_by_code[: len(identities)], dtype=np.intp) - 1
        return RepeatedIdentities(identities, counts.clip(0))

    def runner(
        self,
        work: Work,
        journal: Journal,
        transport: Transport | None,
        budget: Budget | None,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> Runner:
        """Begin a run in the journal, and make what drives it; ``keep`` is the tally's."""
        provider, plan, cassette = self.provider, self.plan(work), work.cassette
        refused = Counter[str]()
        for (status, _), rows in self.refused.items():
            refused[status] += rows
        run = _begin(self, work, plan, journal, budget)
        stake = self._at_stake(plan, budget)
        limiter = limiter_for(
            provider.name,
            provider.account,
            transport.origin if transport else "",
            provider.rate_limit,
        )
        if cassette is not None and self.is_replay(work):
            _keep(journal, run, self, work)
            transport, limiter = (
                UnrecordedTransport(self._unrecorded(cassette, work)),
                RateLimiter(None),
            )
            stake = 0.0
        elif cassette is not None:
            cassette.note_run(run, provider, self.kind, self.identified.identities)
        return Runner(
            work,
            provider,
            self.kind,
            journal=journal,
            transport=transport,
            limiter=limiter,
            run=run,
            results=Results(
                provider.name,
                dict(zip(self.identified.identities, self.rows_by_code, strict=False)),
                refused,
                journal.suppression.current_filter,
                keep,
            ),
            credits_max=plan.credits,
            budget=None if budget is None else budget.credits,
            balance_check=BalanceCheck(
                provider, stake, note=partial(journal.queries.note_balance, run)
            ),
        )

    def _at_stake(self, plan: StagePlan, budget: Budget | None) -> float:
        """Return the most that the run can spend; 0 where its balance is not to be asked for.

        Of a single request the vendor's own refusal tells as early.
        """
        if not options.check_balance or plan.requests <= 1:
            return 0.0
        return plan.credits if budget is None else min(plan.credits, budget.credits)

    def _unrecorded(self, cassette: Cassette, work: Work) -> ReplayError:
        """Say which rows of the frame are not in the recording."""
        missing, rows = work.replayed.missing, self.identified.codes
        if self.rows is not None:
            rows = np.where(self.rows < 0, -1, np.take(rows, self.rows))
        codes = [n for n, one in enumerate(self.identified.identities) if one in missing]
        return unrecorded_error(
            cassette.path, missing, np.flatnonzero(np.isin(rows, codes)).tolist()
        )


def _keep(journal: Journal, run: str, stage: Stage, work: Work) -> None:
    """Keep what was replayed in the replay's own journal, as a live run would have."""
    journal.store_replay(
        run,
        work.scope,
        partial(
            store_replayed,
            provider=stage.provider,
            kind=stage.kind,
            flows=work.replayed.flows,
            fingerprint=work.fingerprint,
        ),
    )


def open_transport(
    provider: Provider, secrets: Mapping[str, Secret], environment: Environment
) -> Transport | None:
    """Connect to the provider's origin; one that needs no network has none, nor has a replay."""
    if environment.cassette is not None and environment.cassette.is_offline:
        return None
    origin = environment.origins.get(provider.name, provider.origin)
    if not origin:
        return None
    renewal = provider.renewal(secrets)
    if renewal is None:
        return Transport(origin, sign=lambda: provider.auth(secrets))
    tokens = Tokens(
        provider,
        secrets,
        renewal,
        origin=environment.origins.get(provider.name, renewal.origin),
        folder=journal_path(environment).parent / "tokens",
    )
    return Transport(origin, sign=tokens.sign, renew=tokens.renew)


def _answered(work: Work) -> list[Identity]:
    """Return those whose stored answer saves a request that would cost."""
    return [
        one
        for one, answer in work.stored.items()
        if answer.match.status in (Status.MATCHED, Status.NOT_FOUND)
        and one not in work.replayed.answers
    ]


def _begin(
    stage: Stage, work: Work, plan: StagePlan, journal: Journal, budget: Budget | None
) -> str:
    """Begin a run, with all that another process needs to go on with it.

    One that a recording answers is planned and counted as what was recorded.
    """
    is_replay, started = stage.is_replay(work), time.time()
    run = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:6]
    call = record_call(
        stage.provider,
        stage.kind,
        realm=work.realm,
        max_age=started - work.oldest,
        scope=work.scope,
        planned=RecordedPlan(
            refused=[(status, reason, rows) for (status, reason), rows in stage.refused.items()],
            saved_by_duplicates=plan.saved_by_duplicates,
            saved_by_stored=plan.saved_by_stored,
            saved_by_recording=0.0 if is_replay else plan.saved_by_recording,
        ),
        as_of=plan.as_of if is_replay else None,
    )
    journal.begin_run(
        id=run,
        provider=stage.provider.name,
        kind=stage.kind,
        library=version("enrich-pandas"),
        started=started,
        rows=sum(stage.rows_by_code),
        identities=plan.distinct,
        credits_planned=plan.saved_by_recording if is_replay else plan.credits,
        budget=None if budget is None else budget.credits,
        budget_name=None if budget is None else budget.name or run,
        call=call,
        input=pack_identities(stage.identified.identities),
    )
    return run
