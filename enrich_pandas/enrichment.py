"""The whole path of one frame, top to bottom.

    find columns → normalise and validate → plan → drive → flatten → attach

Nothing is spent before the plan; everything after it is in the journal.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd

from enrich_pandas.errors import BudgetError, ConfigurationError
from enrich_pandas.frame.columns import Columns, find_columns
from enrich_pandas.frame.flatten import Distinct, Taken
from enrich_pandas.frame.output import Layout, Output, Tables, decide_output
from enrich_pandas.frame.validation import Identified, identify
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.options import options
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Secret, Status
from enrich_pandas.report.quote import Plan
from enrich_pandas.run.credentials import find_secrets
from enrich_pandas.run.driver import Driver
from enrich_pandas.run.handle import Handle
from enrich_pandas.run.http import Transport
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.plan import (
    Orders,
    count_statuses,
    least_seconds,
    make_orders,
)
from enrich_pandas.run.records import Answer
from enrich_pandas.run.surroundings import Surroundings, current, journal_path
from enrich_pandas.run.throttle import for_account

On = Mapping[str, Hashable] | Hashable | None
MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
PREFIXES: Mapping[Kind, str] = {"people": "person_", "companies": "company_"}
COPIES_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3  # noqa: PLR2004 - pandas 3


@dataclass(frozen=True, slots=True)
class Input:
    """A frame, by whom to ask about each of its rows, and of which provider."""

    frame: pd.DataFrame
    provider: Provider
    kind: Kind
    columns: Columns
    identified: Identified

    @property
    def rows_by_code(self) -> list[int]:
        """Rows of each distinct identity, then of each refusal."""
        distinct = len(self.identified.identities) + len(self.identified.refusals)
        return list(np.bincount(self.identified.codes, minlength=distinct).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a user asked for; the fields are the parameters of `enrich_pandas.people`."""

    provider: str | Provider
    kind: Kind
    on: On = None
    fields: Sequence[str] | None = None
    layout: Layout = "wide"
    max_items: int = 3
    prefix: str | None = None
    where: Any = None
    budget: float | None = None
    max_age: str | timedelta = "90D"
    errors: Literal["coerce", "raise"] = "coerce"


def enrich(
    frame: pd.DataFrame, call: Call, *, progress: str | Hook | None, wait: bool
) -> pd.DataFrame | Tables | Handle[pd.DataFrame | Tables]:
    """Enrich a frame."""
    hook, here = choose(progress), current()
    budget, max_age = _credits(call.budget), _seconds(call.max_age)
    output = _output(frame, call)
    found = _input(frame, call, output)
    secrets = find_secrets(found.provider, here)
    journal = Journal(journal_path(here))
    try:
        orders = _orders(found, journal, here, max_age)
        plan = _plan(found, orders)
        _check_quote(plan, budget, here)
        transport = _transport(found.provider, secrets, here)
        driver = _driver(found, orders, plan, journal=journal, transport=transport, budget=budget)
        handle = Handle(driver, hook, lambda ended: _assemble(found, output, ended.results))
    except BaseException:
        journal.close()
        raise
    handle.start()
    return handle.wait() if wait else handle


def quote(frame: pd.DataFrame, call: Call) -> Plan:
    """Plan a call, and go no further."""
    here, max_age = current(), _seconds(call.max_age)
    found = _input(frame, call, _output(frame, call))
    journal = Journal(journal_path(here))
    try:
        return _plan(found, _orders(found, journal, here, max_age))
    finally:
        journal.close()


# -- before anything is spent ------------------------------------------------------------------


def _output(frame: pd.DataFrame, call: Call) -> Output:
    return decide_output(
        frame,
        MODELS[call.kind],
        call.kind,
        fields=call.fields,
        layout=call.layout,
        max_items=call.max_items,
        prefix=PREFIXES[call.kind] if call.prefix is None else call.prefix,
    )


def _input(frame: pd.DataFrame, call: Call, output: Output) -> Input:
    provider, kind = find_provider(call.provider), call.kind
    if kind not in provider.kinds:
        raise ConfigurationError(
            f"{provider.name} does not enrich {kind}.",
            cost="Nothing was spent.",
            todo=f"It enriches {', '.join(provider.kinds)}.",
        )
    # Whatever another cell does to the frame meanwhile; pandas 3 copies when it is written to.
    snapshot = frame.copy(deep=not COPIES_ON_WRITE)
    names = provider.identifiers[kind]
    columns = find_columns(snapshot, names, call.on, ignore=output.replaced)
    identified = identify(snapshot, columns, provider, kind, where=call.where, errors=call.errors)
    return Input(snapshot, provider, kind, columns, identified)


def _orders(found: Input, journal: Journal, here: Surroundings, max_age: float) -> Orders:
    return make_orders(
        found.provider,
        found.kind,
        found.identified.identities,
        journal,
        realm=here.realm,
        max_age=max_age,
    )


def _seconds(max_age: str | timedelta) -> float:
    """Return a length of time in seconds; pandas would take a bare number for nanoseconds."""
    is_bare = isinstance(max_age, str) and re.fullmatch(r"[\s\d.+-]*", max_age)
    if isinstance(max_age, str | timedelta) and not is_bare:
        with suppress(ValueError):
            if (seconds := pd.Timedelta(max_age).total_seconds()) >= 0:
                return seconds
    raise ConfigurationError(
        f"max_age={max_age!r} is no length of time.",
        cost="Nothing was spent.",
        todo="Write '90D', '12h' or '0D'.",
    )


def _credits(budget: float | None) -> float | None:
    """Return a budget as the one type that the journal takes."""
    if budget is None:
        return None
    with suppress(TypeError, ValueError):
        if (credits_ := float(budget)) >= 0:
            return credits_
    raise ConfigurationError(
        f"budget={budget!r} is no number of credits.",
        cost="Nothing was spent.",
        todo="Write a number, 0 or more, or None for no limit.",
    )


def _plan(found: Input, orders: Orders) -> Plan:
    provider, counts = found.provider, found.rows_by_code
    distinct = len(found.identified.identities)
    refused = Counter(dict(zip(found.identified.refusals, counts[distinct:], strict=True)))
    return Plan(
        provider=provider.name,
        kind=found.kind,
        rows=len(found.frame),
        valid=sum(counts[:distinct]),
        distinct=distinct,
        refused={refusal: count for refusal, count in refused.most_common() if count},
        stored=count_statuses(orders.stored),
        abandoned=len(orders.abandoned),
        elsewhere=len(orders.elsewhere),
        requests=len(orders.batches),
        credits=orders.credits,
        seconds=least_seconds(len(orders.batches), provider.rate_limit),
        columns={name: repr(label) for name, label in found.columns.chosen.items()},
        rejected={repr(label): why for label, why in found.columns.rejected.items()},
    )


def _check_quote(plan: Plan, budget: float | None, here: Surroundings) -> None:
    if not here.paid or budget is not None or plan.credits <= options.confirm_above:
        return
    raise BudgetError(
        f"This call may cost up to {plan.credits:,g} credits, and no budget was named.",
        todo=f"Look at `.plan`, then pass budget={plan.credits:g}, or less for some of the rows.",
        plan=plan,
    )


def _transport(provider: Provider, secrets: Mapping[str, Secret], here: Surroundings) -> Transport:
    origin = here.origins.get(provider.name, provider.origin)
    return Transport(origin, sign=lambda: provider.auth(secrets))


def _driver(
    found: Input,
    orders: Orders,
    plan: Plan,
    *,
    journal: Journal,
    transport: Transport,
    budget: float | None,
) -> Driver:
    provider = found.provider
    refused = Counter[str]()
    for (status, _), rows in plan.refused.items():
        refused[status] += rows
    run = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + uuid.uuid4().hex[:6]
    journal.begin_run(
        id=run,
        provider=provider.name,
        kind=found.kind,
        library=version("enrich-pandas"),
        started=time.time(),
        rows=plan.rows,
        identities=plan.distinct,
        credits_planned=plan.credits,
        budget=budget,
    )
    return Driver(
        orders,
        provider,
        found.kind,
        journal=journal,
        transport=transport,
        throttle=for_account(
            provider.name, provider.account, transport.origin, provider.rate_limit
        ),
        run=run,
        weights=dict(zip(found.identified.identities, found.rows_by_code, strict=False)),
        refused=refused,
        credits_max=plan.credits,
        budget=budget,
    )


# -- afterwards --------------------------------------------------------------------------------


def _assemble(
    found: Input, output: Output, results: Mapping[Identity, Answer]
) -> pd.DataFrame | Tables:
    """Make the frame of what has arrived; an identity in flight is pending."""
    answers = [results.get(i) or _in_flight(i) for i in found.identified.identities]
    refusals = found.identified.refusals
    none = [None] * len(refusals)
    distinct = Distinct(
        status=[*(str(a.match.status) for a in answers), *(str(status) for status, _ in refusals)],
        reason=[*(a.match.reason or a.match.note for a in answers), *(why for _, why in refusals)],
        provider=[*(a.provider or None for a in answers), *none],
        fetched=[*(a.fetched or None for a in answers), *none],
        models=[*(a.match.model for a in answers), *none],
    )
    return output.assemble(found.frame, Taken(distinct, found.identified.codes))


def _in_flight(identity: Identity) -> Answer:
    return Answer(Match(identity=identity, status=Status.PENDING, reason="in_flight"), 0.0, "")
