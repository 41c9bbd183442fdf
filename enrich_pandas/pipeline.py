"""The whole path of one frame, top to bottom.

    find columns → normalise and validate → plan → drive → flatten → attach

Nothing is spent before the plan; everything after it is in the journal. With several providers
the middle is a cascade of such paths, each about what the ones before it left open.
"""

import time
from collections.abc import Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import singledispatch
from typing import Any, Literal, TypeVar

import pandas as pd

from enrich_pandas.arrivals import Arrivals
from enrich_pandas.engine.amounts import age_in, budget_in
from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import Surroundings, current, journal_path
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.engine.handle import Handle
from enrich_pandas.engine.opening import opened
from enrich_pandas.engine.plan import scope_of
from enrich_pandas.errors import BudgetError, ConfigurationError
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.frame.distinct import Codes
from enrich_pandas.frame.flatten import Taken
from enrich_pandas.frame.output import Layout, Output, Tables, decide_output
from enrich_pandas.frame.validation import identify
from enrich_pandas.inference import is_inferred, unsent, unsent_plan
from enrich_pandas.journal import Journal
from enrich_pandas.journal.suppression import Screen
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.options import options
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose
from enrich_pandas.progress.phrases import amount, typed
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Kind, Provider
from enrich_pandas.report.examples import examples
from enrich_pandas.report.plan import Plan
from enrich_pandas.report.provenance import conclude
from enrich_pandas.report.remarks import Remarks
from enrich_pandas.report.waterfall_quote import WaterfallPlan
from enrich_pandas.waterfall.account import tables_of
from enrich_pandas.waterfall.cascade import Cascade, Terms
from enrich_pandas.waterfall.groups import Groups, check_rows, group
from enrich_pandas.waterfall.merge import distinct
from enrich_pandas.waterfall.outset import outset
from enrich_pandas.waterfall.plan import forecast
from enrich_pandas.waterfall.stage import Stage, transport_to

R = TypeVar("R")
On = Mapping[str, Hashable] | Hashable | None
MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
PREFIXES: Mapping[Kind, str] = {"people": "person_", "companies": "company_"}
COPIES_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3  # noqa: PLR2004 - pandas 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a user asked for; the fields are the parameters of `enrich_pandas.people`."""

    provider: str | Provider | Sequence[str | Provider]
    kind: Kind
    on: On = None
    fields: Sequence[str] | None = None
    layout: Layout = "wide"
    max_items: int = 3
    prefix: str | None = None
    where: Any = None
    budget: float | Budget | None = None
    max_age: str | timedelta = "90D"
    errors: Literal["coerce", "raise"] = "coerce"
    sources: bool = False
    weights: Codes | None = None  # how many rows of a larger table each row stands for


@singledispatch
def enrich(frame: Any, call: Call, *, progress: str | Hook | None, wait: bool) -> Any:
    """Enrich a frame; the frame of another library is registered where it is known."""
    if is_inferred():
        return unsent(frame, output_of(frame, call), wait=wait)
    return concluded(begun(frame, call, choose(progress)), wait=wait)


def concluded(handle: Handle[R], *, wait: bool) -> R | Handle[R]:
    """Start a run, and wait for it if that is wanted."""
    if wait:
        return handle.wait()
    handle.start(follow=True)
    return handle


def begun(frame: pd.DataFrame, call: Call, hook: Hook) -> Handle[pd.DataFrame | Tables]:
    """Begin a run, which is still to be started."""
    terms = terms_of(frame, call)
    # Whatever another cell does to the frame meanwhile; pandas 3 copies when it is written to.
    snapshot = frame.copy(deep=not COPIES_ON_WRITE)
    run = _run if len(terms.providers) == 1 else _run_all
    return run(snapshot, call, terms, hook)


@singledispatch
def quote(frame: Any, call: Call) -> Plan | WaterfallPlan:
    """Plan a call, and go no further."""
    if is_inferred():
        return unsent_plan(frame, call.kind, _providers(call, current()))
    terms = terms_of(frame, call)
    if len(terms.providers) > 1:
        groups = _groups(frame, call, terms)
        told = outset(frame, groups, terms, call.where)
        return replace(_forecast(terms, groups), **told)
    stage = _stage(frame, call, terms)
    with closing(Journal(journal_path(terms.here))) as journal:
        orders = stage.orders(journal, terms.here, terms.oldest)
        paid = journal.past.paid(orders.scope)
    found = examples(frame, stage.columns.chosen, stage.identified)
    remarks = Remarks.on(call.kind, stage.identified.identities, stage.rows_by_code)
    expected = stage.expected(orders, paid)
    return replace(stage.plan(orders), examples=found, remarks=remarks, **expected)


# -- one provider ------------------------------------------------------------------------------


def _run(
    frame: pd.DataFrame, call: Call, terms: Terms, hook: Hook
) -> Handle[pd.DataFrame | Tables]:
    return drive(frame, _stage(frame, call, terms), terms, hook)


def drive(
    frame: pd.DataFrame, stage: Stage, terms: Terms, hook: Hook, *, resend: bool = False
) -> Handle[pd.DataFrame | Tables]:
    """Begin a run of one stage; its frame is made of whatever has arrived.

    ``resend`` asks again about those who are held: the user has decided so.
    """
    here, arrivals = terms.here, Arrivals(terms.output)
    secrets = find_secrets(stage.provider, here)
    journal = Journal(journal_path(here))
    try:
        orders = stage.orders(journal, here, terms.oldest, resend=resend)
        check_quote(stage.plan(orders), terms)
        transport = transport_to(stage.provider, secrets, here)
        driver = stage.driver(orders, journal, transport, terms.budget, arrivals.keep)
    except BaseException:
        journal.close()
        raise

    def finish() -> pd.DataFrame | Tables:
        result = arrivals.assemble(frame, stage.identified, driver.results)
        path = journal_path(here)
        conclude(result, stage.kind, terms.output.prefix, runs=[driver.run], journal=path)
        return result

    return Handle(driver, hook, finish)


def _stage(frame: pd.DataFrame, call: Call, terms: Terms) -> Stage:
    (provider,), kind = terms.providers, call.kind
    names = provider.identifiers[kind]
    columns = find_columns(frame, names, call.on, ignore=terms.output.replaced)
    refuse = terms.screen.of_rows(kind)
    identified = identify(
        frame, columns, provider, kind, where=call.where, errors=call.errors, refuse=refuse
    )
    return Stage.of(provider, kind, columns, identified, weights=call.weights)


# -- several providers -------------------------------------------------------------------------


def _groups(frame: pd.DataFrame, call: Call, terms: Terms) -> Groups:
    providers, kind = terms.providers, call.kind
    ignore = terms.output.replaced
    groups = group(
        frame,
        providers,
        kind,
        on=call.on,
        ignore=ignore,
        where=call.where,
        screen=terms.screen,
        weights=call.weights,
    )
    check_rows(frame, groups, providers, kind, call.errors)
    return groups


def _run_all(
    frame: pd.DataFrame, call: Call, terms: Terms, hook: Hook
) -> Handle[pd.DataFrame | Tables]:
    groups, output = _groups(frame, call, terms), terms.output
    for provider in terms.providers:
        find_secrets(provider, terms.here)
    check_quote(_forecast(terms, groups), terms)
    cascade = Cascade(terms, groups)

    def finish() -> pd.DataFrame | Tables:
        merged = cascade.merged()
        result = output.assemble(frame, Taken(distinct(merged, output), groups.codes))
        tables = tables_of(frame, terms, groups, cascade, merged)
        path = journal_path(terms.here)
        conclude(
            result, call.kind, output.prefix, runs=cascade.runs, journal=path, waterfall=tables
        )
        return result

    return Handle(cascade, hook, finish)


def _forecast(terms: Terms, groups: Groups) -> WaterfallPlan:
    with closing(Journal(journal_path(terms.here))) as journal:
        return forecast(terms, groups, journal)


# -- before anything is spent ------------------------------------------------------------------


def terms_of(frame: pd.DataFrame, call: Call) -> Terms:
    """Read all that a call says, before anything is spent."""
    here = current()
    budget, max_age = budget_in(call.budget), age_in(call.max_age)
    now = time.time() if here.tape is None else here.tape.now()
    output = output_of(frame, call)
    return Terms(
        providers=_providers(call, here),
        kind=call.kind,
        output=output,
        wanted=None if call.fields is None else output.fields,
        budget=budget,
        oldest=now - max_age,
        here=here,
        screen=_screen(here),
    )


def output_of(frame: pd.DataFrame, call: Call) -> Output:
    """Decide what a call will add to the frame."""
    return decide_output(
        frame,
        MODELS[call.kind],
        call.kind,
        fields=call.fields,
        layout=call.layout,
        max_items=call.max_items,
        prefix=PREFIXES[call.kind] if call.prefix is None else call.prefix,
        sources=call.sources,
    )


def _screen(here: Surroundings) -> Screen:
    """Read whom nobody may ask about; and delete what has been stored for too long."""
    with opened(here) as journal:
        screen = journal.tombstones.screen()
    if here.tape is not None:
        here.tape.screens.append(screen)
    return screen


def _providers(call: Call, here: Surroundings) -> list[Provider]:
    """Find the providers of a call, in order."""
    given: Any = call.provider
    named = given if isinstance(given, list | tuple) else [given]
    providers = [find_provider(provider) for provider in named]
    for provider in providers:
        if call.kind not in provider.kinds:
            raise ConfigurationError(
                f"{provider.name} does not enrich {call.kind}.",
                cost="Nothing was spent.",
                todo=f"It enriches {', '.join(provider.kinds)}.",
            )
    scopes = [scope_of(provider, call.kind, here.realm) for provider in providers]
    twice = {p.name for p, scope in zip(providers, scopes, strict=True) if scopes.count(scope) > 1}
    if twice or not providers:
        raise ConfigurationError(
            f"{', '.join(twice)} stands twice in provider=, with the same options."
            if twice
            else "provider= is an empty list.",
            cost="Nothing was spent.",
            todo='Name each provider once, in the order to be asked: provider=["a", "b"].',
        )
    return providers


def check_quote(plan: Plan | WaterfallPlan, terms: Terms) -> None:
    """Refuse a live call that may cost much, where no budget was named."""
    if not terms.here.paid or terms.budget is not None or plan.credits <= options.confirm_above:
        return
    raise BudgetError(
        f"This call may cost up to {amount(plan.credits)} credits, and no budget was named.",
        todo=f"Look at `.plan`, then pass budget={typed(plan.credits)}, or less for some rows.",
        plan=plan,
    )
