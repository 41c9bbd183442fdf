"""The whole path of one frame, top to bottom.

    find columns → normalise and validate → plan → drive → flatten → attach

Nothing is spent before the plan; everything after it is in the journal. With several providers
the middle is a cascade of such paths, each about what the ones before it left open.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import pandas as pd

from enrich_pandas.amounts import age_in, credits_in, retention
from enrich_pandas.errors import BudgetError, ConfigurationError
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.frame.flatten import Distinct, Taken
from enrich_pandas.frame.output import Layout, Output, Tables, decide_output
from enrich_pandas.frame.schema import Field
from enrich_pandas.frame.validation import Identified, identify
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.options import options
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Status
from enrich_pandas.report.quote import Plan
from enrich_pandas.report.waterfall import keep
from enrich_pandas.report.waterfall_quote import WaterfallPlan
from enrich_pandas.run.credentials import find_secrets
from enrich_pandas.run.handle import Handle
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.plan import scope_of
from enrich_pandas.run.records import Answer
from enrich_pandas.run.surroundings import Surroundings, current, journal_path
from enrich_pandas.run.tombstones import Screen
from enrich_pandas.waterfall.account import report_on
from enrich_pandas.waterfall.cascade import Cascade, Terms
from enrich_pandas.waterfall.forecast import forecast
from enrich_pandas.waterfall.groups import Groups, check_rows, group
from enrich_pandas.waterfall.merge import distinct, has_value
from enrich_pandas.waterfall.stage import Stage, transport_to

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
    budget: float | None = None
    max_age: str | timedelta = "90D"
    errors: Literal["coerce", "raise"] = "coerce"
    sources: bool = False


def enrich(
    frame: pd.DataFrame, call: Call, *, progress: str | Hook | None, wait: bool
) -> pd.DataFrame | Tables | Handle[pd.DataFrame | Tables]:
    """Enrich a frame."""
    hook, terms = choose(progress), terms_of(frame, call)
    # Whatever another cell does to the frame meanwhile; pandas 3 copies when it is written to.
    snapshot = frame.copy(deep=not COPIES_ON_WRITE)
    run = _run if len(terms.providers) == 1 else _run_all
    handle = run(snapshot, call, terms, hook)
    handle.start()
    return handle.wait() if wait else handle


def quote(frame: pd.DataFrame, call: Call) -> Plan | WaterfallPlan:
    """Plan a call, and go no further."""
    terms = terms_of(frame, call)
    if len(terms.providers) > 1:
        return _forecast(terms, _groups(frame, call, terms))
    stage = _stage(frame, call, terms)
    journal = Journal(journal_path(terms.here))
    try:
        return stage.plan(stage.orders(journal, terms.here, terms.max_age))
    finally:
        journal.close()


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
    output, here = terms.output, terms.here
    secrets = find_secrets(stage.provider, here)
    journal = Journal(journal_path(here))
    try:
        orders = stage.orders(journal, here, terms.max_age, resend=resend)
        check_quote(stage.plan(orders), terms)
        transport = transport_to(stage.provider, secrets, here)
        driver = stage.driver(orders, journal, transport, terms.budget)
    except BaseException:
        journal.close()
        raise
    return Handle(driver, hook, lambda: assemble(frame, stage.identified, output, driver.results))


def _stage(frame: pd.DataFrame, call: Call, terms: Terms) -> Stage:
    (provider,), kind = terms.providers, call.kind
    names = provider.identifiers[kind]
    columns = find_columns(frame, names, call.on, ignore=terms.output.replaced)
    refuse = terms.screen.of_rows(kind)
    identified = identify(
        frame, columns, provider, kind, where=call.where, errors=call.errors, refuse=refuse
    )
    return Stage.of(provider, kind, columns, identified)


def assemble(
    frame: pd.DataFrame, identified: Identified, output: Output, results: Mapping[Identity, Answer]
) -> pd.DataFrame | Tables:
    """Make the frame of what has arrived; an identity in flight is pending."""
    answers = [results.get(i) or _in_flight(i) for i in identified.identities]
    refusals = identified.refusals
    none = [None] * len(refusals)
    found = Distinct(
        status=[*(str(a.match.status) for a in answers), *(str(status) for status, _ in refusals)],
        reason=[*(a.match.reason or a.match.note for a in answers), *(why for _, why in refusals)],
        provider=[*(a.provider or None for a in answers), *none],
        fetched=[*(a.fetched or None for a in answers), *none],
        models=[*(a.match.model for a in answers), *none],
        sources=[*(_sources(a, output.fields) for a in answers), *({} for _ in none)]
        if output.sources
        else None,
    )
    return output.assemble(frame, Taken(found, identified.codes))


def _in_flight(identity: Identity) -> Answer:
    return Answer(Match(identity=identity, status=Status.PENDING, reason="in_flight"), 0.0, "")


def _sources(answer: Answer, fields: Sequence[Field]) -> dict[str, str]:
    model = answer.match.model
    given = [] if model is None else [field.name for field in fields if has_value(field, model)]
    return dict.fromkeys(given, answer.provider)


# -- several providers -------------------------------------------------------------------------


def _groups(frame: pd.DataFrame, call: Call, terms: Terms) -> Groups:
    providers, kind = terms.providers, call.kind
    ignore = terms.output.replaced
    groups = group(
        frame, providers, kind, on=call.on, ignore=ignore, where=call.where, screen=terms.screen
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
    cascade = Cascade(terms, groups, lambda ended: keep(report_on(frame, terms, groups, ended)))

    def assemble() -> pd.DataFrame | Tables:
        found = distinct(cascade.merged(), sources=output.sources)
        return output.assemble(frame, Taken(found, groups.codes))

    return Handle(cascade, hook, assemble)


def _forecast(terms: Terms, groups: Groups) -> WaterfallPlan:
    journal = Journal(journal_path(terms.here))
    try:
        return forecast(terms, groups, journal)
    finally:
        journal.close()


# -- before anything is spent ------------------------------------------------------------------


def terms_of(frame: pd.DataFrame, call: Call) -> Terms:
    """Read all that a call says, before anything is spent."""
    here = current()
    budget, max_age = credits_in(call.budget), age_in(call.max_age)
    output = output_of(frame, call)
    return Terms(
        providers=_providers(call, here),
        kind=call.kind,
        output=output,
        wanted=None if call.fields is None else output.fields,
        budget=budget,
        max_age=max_age,
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
    journal = Journal(journal_path(here))
    try:
        journal.forgetting.sweep(retention())
        return journal.tombstones.screen()
    finally:
        journal.close()


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
        f"This call may cost up to {plan.credits:,g} credits, and no budget was named.",
        todo=f"Look at `.plan`, then pass budget={plan.credits:g}, or less for some of the rows.",
        plan=plan,
    )
