"""A stage: what one provider is asked for in a call, from its identities to its driver."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from enrich_pandas.cassette.keeping import keep
from enrich_pandas.cassette.recording import Begun, Tape
from enrich_pandas.cassette.unrecorded import Unrecorded, unrecorded
from enrich_pandas.engine.balance import Purse
from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import Surroundings, journal_path
from enrich_pandas.engine.plan import Orders, count_statuses, least_seconds, make_orders
from enrich_pandas.engine.rate_limit import Throttle, for_account
from enrich_pandas.engine.recall import Planned, recorded
from enrich_pandas.engine.results import Tally
from enrich_pandas.engine.runner import Driver
from enrich_pandas.engine.tokens import Tokens
from enrich_pandas.errors import ReplayError
from enrich_pandas.frame.columns import Columns
from enrich_pandas.frame.distinct import Codes
from enrich_pandas.frame.identities import Repeated
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal import Journal
from enrich_pandas.journal.queries import listed
from enrich_pandas.journal.records import Answer
from enrich_pandas.options import options
from enrich_pandas.providers.base import Identity, Kind, Provider, Secret, Status
from enrich_pandas.report.plan import Plan
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
    columns: Columns
    identified: Identified
    rows_by_code: list[int]
    rows: Codes | None = None

    @classmethod
    def of(
        cls,
        provider: Provider,
        kind: Kind,
        columns: Columns,
        identified: Identified,
        *,
        weights: Codes | None = None,
        rows: Codes | None = None,
    ) -> "Stage":
        """Make a stage; ``weights`` counts the rows behind each of those identified."""
        size = len(identified.identities) + len(identified.refusals)
        counts = np.bincount(identified.codes, weights=weights, minlength=size)
        return cls(provider, kind, columns, identified, counts.astype(np.intp).tolist(), rows)

    @property
    def asked(self) -> int:
        """Rows that have an identity."""
        return sum(self.rows_by_code[: len(self.identified.identities)])

    def orders(
        self, journal: Journal, here: Surroundings, oldest: float, *, resend: bool = False
    ) -> Orders:
        """Look up what is stored, what others ask, and what is left to ask."""
        return make_orders(
            self.provider,
            self.kind,
            self.identified.identities,
            journal,
            realm=here.realm,
            oldest=oldest,
            resend=resend,
            tape=here.tape,
        )

    def plan(self, orders: Orders) -> Plan:
        """Tell what the stage will do and the most it can cost."""
        provider, distinct = self.provider, len(self.identified.identities)
        played, is_replay = orders.replayed.answers, self.is_replay(orders)
        requests = 0 if is_replay else orders.requests
        refusals = self.rows_by_code[distinct:]
        refused = Counter(dict(zip(self.identified.refusals, refusals, strict=True)))
        return Plan(
            provider=provider.name,
            kind=self.kind,
            rows=sum(self.rows_by_code),
            valid=self.asked,
            distinct=distinct,
            refused={refusal: count for refusal, count in refused.most_common() if count},
            stored=count_statuses({i: a for i, a in orders.stored.items() if i not in played}),
            recorded=count_statuses(played),
            unrecorded=len(orders.asked) if is_replay else 0,
            as_of=orders.as_of or None if played or is_replay else None,
            abandoned=len(orders.abandoned),
            elsewhere=len(orders.elsewhere),
            requests=requests,
            credits=0.0 if is_replay else orders.credits,
            seconds=least_seconds(requests, provider.rate_limit),
            saved_by_duplicates=self._price(self._repeated()),
            saved_by_stored=self._price(_answered(orders)),
            saved_by_recording=self._price(list(played)),
            columns={name: repr(label) for name, label in self.columns.chosen.items()},
            rejected={repr(label): why for label, why in self.columns.rejected.items()},
        )

    def expected(self, orders: Orders, paid: tuple[float, int]) -> dict[str, Any]:
        """Estimate what will be spent by what the same purchase cost: credits, and of how many."""
        credits_, known = paid
        asked = len(orders.asked)
        expected = min(orders.credits, credits_ / known * asked) if known else None
        return {"expected": expected, "known": known}

    def is_replay(self, orders: Orders) -> bool:
        """Tell whether only a recording answers; who needs no network answers also in a replay."""
        return orders.tape is not None and orders.tape.is_offline and bool(self.provider.origin)

    def _price(self, identities: Sequence[Identity]) -> float:
        return self.provider.price(self.kind, identities) if identities else 0.0

    def _repeated(self) -> Repeated:
        """Return the identity of every row that repeats another one's."""
        identities = self.identified.identities
        counts = np.array(self.rows_by_code[: len(identities)], dtype=np.intp) - 1
        return Repeated(identities, counts.clip(0))

    def driver(
        self,
        orders: Orders,
        journal: Journal,
        transport: Transport | None,
        budget: Budget | None,
        keep: Callable[[Answer], Answer] = lambda answer: answer,
    ) -> Driver:
        """Begin a run in the journal, and make what drives it; ``keep`` is the tally's."""
        provider, plan, tape = self.provider, self.plan(orders), orders.tape
        refused = Counter[str]()
        for (status, _), rows in plan.refused.items():
            refused[status] += rows
        run = _begin(self, orders, plan, journal, budget)
        stake = self._at_stake(plan, budget)
        throttle = for_account(
            provider.name,
            provider.account,
            transport.origin if transport else "",
            provider.rate_limit,
        )
        if tape is not None and self.is_replay(orders):
            _keep(journal, run, self, orders)
            transport, throttle = Unrecorded(self._unrecorded(tape, orders)), Throttle(None)
            stake = 0.0
        elif tape is not None:
            tape.begun.append(Begun(run, provider, self.kind, self.identified.identities))
        return Driver(
            orders,
            provider,
            self.kind,
            journal=journal,
            transport=transport,
            throttle=throttle,
            run=run,
            tally=Tally(
                provider.name,
                dict(zip(self.identified.identities, self.rows_by_code, strict=False)),
                refused,
                journal.tombstones.screen,
                keep,
            ),
            credits_max=plan.credits,
            budget=None if budget is None else budget.credits,
            purse=Purse(provider, stake, note=partial(journal.past.note_balance, run)),
        )

    def _at_stake(self, plan: Plan, budget: Budget | None) -> float:
        """Return the most that the run can spend; 0 where its balance is not to be asked for.

        Of a single request the vendor's own refusal tells as early.
        """
        if not options.check_balance or plan.requests <= 1:
            return 0.0
        return plan.credits if budget is None else min(plan.credits, budget.credits)

    def _unrecorded(self, tape: Tape, orders: Orders) -> ReplayError:
        """Say which rows of the frame are not on a tape."""
        missing, rows = orders.replayed.missing, self.identified.codes
        if self.rows is not None:
            rows = np.where(self.rows < 0, -1, np.take(rows, self.rows))
        codes = [n for n, one in enumerate(self.identified.identities) if one in missing]
        return unrecorded(tape.path, missing, np.flatnonzero(np.isin(rows, codes)).tolist())


def _keep(journal: Journal, run: str, stage: Stage, orders: Orders) -> None:
    """Keep what was replayed in the replay's own journal, as a live run would have."""
    journal.replayed(
        run,
        orders.scope,
        partial(
            keep,
            provider=stage.provider,
            kind=stage.kind,
            flows=orders.replayed.flows,
            fingerprint=orders.fingerprint,
        ),
    )


def transport_to(
    provider: Provider, secrets: Mapping[str, Secret], here: Surroundings
) -> Transport | None:
    """Connect to the provider's origin; one that needs no network has none, nor has a replay."""
    if here.tape is not None and here.tape.is_offline:
        return None
    origin = here.origins.get(provider.name, provider.origin)
    if not origin:
        return None
    renewal = provider.renewal(secrets)
    if renewal is None:
        return Transport(origin, sign=lambda: provider.auth(secrets))
    tokens = Tokens(
        provider,
        secrets,
        renewal,
        origin=here.origins.get(provider.name, renewal.origin),
        folder=journal_path(here).parent / "tokens",
    )
    return Transport(origin, sign=tokens.sign, renew=tokens.renew)


def _answered(orders: Orders) -> list[Identity]:
    """Return those whose stored answer saves a request that would cost."""
    return [
        one
        for one, answer in orders.stored.items()
        if answer.match.status in (Status.MATCHED, Status.NOT_FOUND)
        and one not in orders.replayed.answers
    ]


def _begin(
    stage: Stage, orders: Orders, plan: Plan, journal: Journal, budget: Budget | None
) -> str:
    """Begin a run, with all that another process needs to go on with it.

    One that a recording answers is planned and counted as what was recorded.
    """
    is_replay, started = stage.is_replay(orders), time.time()
    run = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:6]
    call = recorded(
        stage.provider,
        stage.kind,
        realm=orders.realm,
        max_age=started - orders.oldest,
        scope=orders.scope,
        planned=Planned(
            refused=[(status, reason, rows) for (status, reason), rows in plan.refused.items()],
            saved_by_duplicates=plan.saved_by_duplicates,
            saved_by_stored=plan.saved_by_stored,
            saved_by_recording=0.0 if is_replay else plan.saved_by_recording,
        ),
        as_of=plan.as_of if is_replay else None,
    )
    journal.begin_run(
        id=run,
        provider=plan.provider,
        kind=plan.kind,
        library=version("enrich-pandas"),
        started=started,
        rows=plan.rows,
        identities=plan.distinct,
        credits_planned=plan.saved_by_recording if is_replay else plan.credits,
        budget=None if budget is None else budget.credits,
        budget_name=None if budget is None else budget.name or run,
        call=call,
        asked=listed(stage.identified.identities),
    )
    return run
