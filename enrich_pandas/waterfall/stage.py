"""A stage: what one provider is asked for in a call, from its identities to its driver."""

import time
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from enrich_pandas.frame.columns import Columns
from enrich_pandas.frame.distinct import Codes
from enrich_pandas.frame.validation import Identified
from enrich_pandas.providers.base import Kind, Provider, Secret
from enrich_pandas.report.quote import Plan
from enrich_pandas.run.driver import Driver
from enrich_pandas.run.http import Transport
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.past import listed
from enrich_pandas.run.plan import Orders, count_statuses, least_seconds, make_orders
from enrich_pandas.run.recall import recorded
from enrich_pandas.run.surroundings import Surroundings, journal_path
from enrich_pandas.run.throttle import for_account
from enrich_pandas.run.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Stage:
    """Whom to ask one provider about.

    ``rows_by_code`` counts the frame's rows of each distinct identity, then of each refusal.
    """

    provider: Provider
    kind: Kind
    columns: Columns
    identified: Identified
    rows_by_code: list[int]

    @classmethod
    def of(
        cls,
        provider: Provider,
        kind: Kind,
        columns: Columns,
        identified: Identified,
        weights: Codes | None = None,
    ) -> "Stage":
        """Make a stage; ``weights`` counts the rows behind each of those identified."""
        size = len(identified.identities) + len(identified.refusals)
        rows = np.bincount(identified.codes, weights=weights, minlength=size)
        return cls(provider, kind, columns, identified, rows.astype(np.intp).tolist())

    @property
    def asked(self) -> int:
        """Rows that have an identity."""
        return sum(self.rows_by_code[: len(self.identified.identities)])

    def orders(
        self, journal: Journal, here: Surroundings, max_age: float, *, resend: bool = False
    ) -> Orders:
        """Look up what is stored, what others ask, and what is left to ask."""
        return make_orders(
            self.provider,
            self.kind,
            self.identified.identities,
            journal,
            realm=here.realm,
            max_age=max_age,
            resend=resend,
        )

    def plan(self, orders: Orders) -> Plan:
        """Tell what the stage will do and the most it can cost."""
        provider, distinct = self.provider, len(self.identified.identities)
        refusals = self.rows_by_code[distinct:]
        refused = Counter(dict(zip(self.identified.refusals, refusals, strict=True)))
        return Plan(
            provider=provider.name,
            kind=self.kind,
            rows=sum(self.rows_by_code),
            valid=self.asked,
            distinct=distinct,
            refused={refusal: count for refusal, count in refused.most_common() if count},
            stored=count_statuses(orders.stored),
            abandoned=len(orders.abandoned),
            elsewhere=len(orders.elsewhere),
            requests=len(orders.batches),
            credits=orders.credits,
            seconds=least_seconds(len(orders.batches), provider.rate_limit),
            columns={name: repr(label) for name, label in self.columns.chosen.items()},
            rejected={repr(label): why for label, why in self.columns.rejected.items()},
        )

    def driver(
        self, orders: Orders, journal: Journal, transport: Transport | None, budget: float | None
    ) -> Driver:
        """Begin a run in the journal, and make what drives it."""
        provider, plan = self.provider, self.plan(orders)
        refused = Counter[str]()
        for (status, _), rows in plan.refused.items():
            refused[status] += rows
        return Driver(
            orders,
            provider,
            self.kind,
            journal=journal,
            transport=transport,
            throttle=for_account(
                provider.name,
                provider.account,
                transport.origin if transport else "",
                provider.rate_limit,
            ),
            run=_begin(self, orders, plan, journal, budget),
            weights=dict(zip(self.identified.identities, self.rows_by_code, strict=False)),
            refused=refused,
            credits_max=plan.credits,
            budget=budget,
        )


def transport_to(
    provider: Provider, secrets: Mapping[str, Secret], here: Surroundings
) -> Transport | None:
    """Connect to the provider's origin; one that needs no network has none."""
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


def _begin(stage: Stage, orders: Orders, plan: Plan, journal: Journal, budget: float | None) -> str:
    """Begin a run, with all that another process needs to go on with it."""
    run = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:6]
    call = recorded(
        stage.provider, stage.kind, realm=orders.realm, max_age=orders.max_age, scope=orders.scope
    )
    journal.begin_run(
        id=run,
        provider=plan.provider,
        kind=plan.kind,
        library=version("enrich-pandas"),
        started=time.time(),
        rows=plan.rows,
        identities=plan.distinct,
        credits_planned=plan.credits,
        budget=budget,
        call=call,
        asked=listed(stage.identified.identities),
    )
    return run
