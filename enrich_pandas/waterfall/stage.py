"""A stage: the part of one provider in a call, from its identities to its runner."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import numpy as np

from enrich_pandas.cassette.recording import UnrecordedTransport, unrecorded_error
from enrich_pandas.engine.budget import BalanceCheck, Budget
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
    """The identities to request from one provider.

    ``rows_by_code`` are the number of rows of each distinct identity, then of each refusal.
    ``rows`` is the position of each row of the frame among the identified rows, -1 for none; None
    if they are the same rows in the same order.
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
        """Return a stage; ``weights`` are the rows that each identified row represents."""
        size = len(identified.identities) + len(identified.exclusions)
        counts = np.bincount(identified.codes, weights=weights, minlength=size)
        return cls(provider, kind, columns, identified, counts.astype(np.intp).tolist(), rows)

    @property
    def valid_rows(self) -> int:
        """Rows that have an identity."""
        return sum(self.rows_by_code[: len(self.identified.identities)])

    def work(
        self, journal: Journal, environment: Environment, oldest: float, *, resend: bool = False
    ) -> Work:
        """Return what is stored, what other processes request, and what to request."""
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
            rows=self.valid_rows,
            rows_best=self.valid_rows,
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
        """Return whether the cassette alone answers; offline providers answer themselves."""
        return work.cassette is not None and work.cassette.is_offline and bool(self.provider.origin)

    def _price(self, identities: Sequence[Identity]) -> float:
        return self.provider.price(self.kind, identities) if identities else 0.0

    def _repeated(self) -> RepeatedIdentities:
        """Return the identity of every row that repeats another row."""
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
        """Start a run in the journal and return its runner; ``keep`` is passed to `Results`."""
        provider, plan, cassette = self.provider, self.plan(work), work.cassette
        identities = list(self.identified.identities)  # made once: each iteration makes new objects
        refused = Counter[str]()
        for (status, _), rows in self.refused.items():
            refused[status] += rows
        run = _start_run(self, identities, work, plan, journal, budget=budget)
        maximum = self._maximum_at_risk(plan, budget)
        limiter = limiter_for(
            provider.name,
            provider.account,
            transport.origin if transport else "",
            provider.rate_limit,
        )
        if cassette is not None and self.is_replay(work):
            _store_replay(journal, run, self, work)
            transport, limiter = (
                UnrecordedTransport(self._unrecorded(cassette, work)),
                RateLimiter(None),
            )
            maximum = 0.0
        elif cassette is not None:
            cassette.note_run(run, provider, self.kind, identities)
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
                dict(zip(identities, self.rows_by_code, strict=False)),
                refused,
                journal.suppression.current_filter,
                keep,
            ),
            credits_max=plan.credits,
            budget=None if budget is None else budget.credits,
            balance_check=BalanceCheck(
                provider, maximum, note=partial(journal.queries.note_balance, run)
            ),
        )

    def _maximum_at_risk(self, plan: StagePlan, budget: Budget | None) -> float:
        """Return the maximum cost of the run; 0 if the balance need not be checked.

        For a single request, the vendor's own refusal comes as early as the balance.
        """
        if not options.check_balance or plan.requests <= 1:
            return 0.0
        return plan.credits if budget is None else min(plan.credits, budget.credits)

    def _unrecorded(self, cassette: Cassette, work: Work) -> ReplayError:
        """Return the error that names the rows that the cassette does not contain."""
        missing, rows = work.replayed.missing, self.identified.codes
        if self.rows is not None:
            rows = np.where(self.rows < 0, -1, np.take(rows, self.rows))
        codes = [n for n, one in enumerate(self.identified.identities) if one in missing]
        return unrecorded_error(
            cassette.path, missing, np.flatnonzero(np.isin(rows, codes)).tolist()
        )


def _store_replay(journal: Journal, run: str, stage: Stage, work: Work) -> None:
    """Store the replayed answers in the replay's own journal, as a live run would."""
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
    """Return a transport to the provider's origin; None without an origin, and in a replay."""
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
    """Return the identities whose stored answer saves a billed request."""
    return [
        one
        for one, answer in work.stored.items()
        if answer.match.status in (Status.MATCHED, Status.NOT_FOUND)
        and one not in work.replayed.answers
    ]


def _start_run(
    stage: Stage,
    identities: Sequence[Identity],
    work: Work,
    plan: StagePlan,
    journal: Journal,
    *,
    budget: Budget | None,
) -> str:
    """Start a run in the journal, with all that another process needs to resume it.

    A replayed run is stored with the planned cost of the recorded answers.
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
        input=pack_identities(identities),
    )
    return run
