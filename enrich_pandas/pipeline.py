"""The whole path of one frame, top to bottom.

    find columns → normalise and validate → plan → drive → flatten → attach

Nothing is spent before the plan; everything after it is in the journal. With several providers
the middle is a cascade of such paths, each about what the ones before it left open.
"""

import sys
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import singledispatch
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from enrich_pandas.engine.budget import Budget, read_budget
from enrich_pandas.engine.context import (
    Environment,
    current_environment,
    journal_path,
    open_journal,
)
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.engine.handle import Handle
from enrich_pandas.engine.plan import StagePlan, scope_of
from enrich_pandas.errors import BudgetError, ConfigurationError
from enrich_pandas.frame.cells import Codes
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.frame.flatten import DistinctAnswers, RowAnswers
from enrich_pandas.frame.output import Layout, Output, Tables, decide_output
from enrich_pandas.frame.schema import has_value
from enrich_pandas.frame.validation import Identified, identify
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer
from enrich_pandas.journal.suppression import SuppressionFilter
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.options import options, read_max_age
from enrich_pandas.progress import Hook
from enrich_pandas.progress.choose import choose_view
from enrich_pandas.progress.phrases import amount, credits_literal
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, Kind, Match, Provider, Status
from enrich_pandas.report.examples import Remarks, find_examples, find_waterfall_examples
from enrich_pandas.report.plan import Plan
from enrich_pandas.report.provenance import store_report
from enrich_pandas.waterfall import Cascade, Terms, build_tables
from enrich_pandas.waterfall.groups import Groups, check_rows, group_rows
from enrich_pandas.waterfall.merge import merged_columns
from enrich_pandas.waterfall.plan import classify_rows, plan_stages
from enrich_pandas.waterfall.stage import Stage, open_transport

# -- The answers of one run on their way to the frame --------------------------------------------
# A model is taken apart as it arrives, and only its place is kept: memory holds columns, and not a
# long list's objects.

NO_SOURCES: Mapping[str, str] = {}


class Kept(NamedTuple):
    """What is kept of a model: its place, and which fields it has, where that is asked for."""

    place: int
    given: Sequence[str]


class ResultCollector:
    """Takes answers in, and makes the frame of whatever has arrived.

    Parameters
    ----------
    output
        What the frame is to show.
    """

    def __init__(self, output: Output) -> None:
        self._output, self._builder = output, output.builder()

    def keep(self, answer: Answer) -> Answer:
        """Return an answer with its model put away."""
        match, model = answer.match, answer.match.model
        if model is None:
            return answer._replace(model_ref=None)
        named = self._output.fields if self._output.sources else ()
        given = [field.name for field in named if has_value(field, model)]
        kept = Kept(self._builder.add(model), given)
        return answer._replace(match=replace(match, model=None), model_ref=kept)

    def assemble(
        self, frame: pd.DataFrame, identified: Identified, results: Mapping[Identity, Answer]
    ) -> pd.DataFrame | Tables:
        """Make the frame of answers that were kept; an identity in flight is pending."""
        answers = [results.get(i) or _in_flight(i) for i in identified.identities]
        found = self._distinct(answers, identified.exclusions)
        return self._output.assemble(frame, RowAnswers(found, identified.codes))

    def _distinct(
        self, answers: Sequence[Answer], exclusions: Sequence[tuple[Status, str]]
    ) -> DistinctAnswers:
        none = [None] * len(exclusions)
        statuses = [*(a.match.status for a in answers), *(status for status, _ in exclusions)]
        places = [
            *(-1 if a.model_ref is None else a.model_ref.place for a in answers),
            *(-1 for _ in none),
        ]
        return DistinctAnswers(
            status=list(map(str, statuses)),
            reason=[
                *(a.match.reason or a.match.note for a in answers),
                *(why for _, why in exclusions),
            ],
            provider=[*(a.provider or None for a in answers), *none],
            fetched=[*(a.fetched or None for a in answers), *none],
            places=np.array(places, dtype=np.intp),
            arrays=self._builder.arrays(),
            sources=[*map(_sources, answers), *(NO_SOURCES for _ in none)]
            if self._output.sources
            else None,
        )


def _in_flight(identity: Identity) -> Answer:
    return Answer(Match(identity=identity, status=Status.PENDING, reason="in_flight"), 0.0, "")


def _sources(answer: Answer) -> Mapping[str, str]:
    return (
        NO_SOURCES
        if answer.model_ref is None
        else dict.fromkeys(answer.model_ref.given, answer.provider)
    )


# -- Rows that Dask makes up to learn which columns a function adds: they are never sent ---------
# Dask calls a function that it is given, as by ``map_partitions``, once while it builds its graph.
# The rows look like data: a vendor may know, and charge for, somebody who is called ``foo``.

REASON = "meta"
TASKS = "dask._task_spec"  # carries a task out, on whatever scheduler: what it is given is real


def is_inferred() -> bool:
    """Tell whether Dask calls us for the columns alone.

    What the rows hold tells nothing, for anybody's frame may hold the like, and Dask changes it.
    Dask has no flag for it; so it is told by who called: the inner of its functions decides.
    """
    frame = sys._getframe(1) if "dask.dataframe" in sys.modules else None  # noqa: SLF001 - public by its documents
    while frame is not None:
        module, name = frame.f_globals.get("__name__") or "", frame.f_code.co_name
        if module == TASKS:
            return False
        if module.startswith("dask.dataframe.") and ("meta" in name or "emulate" in name):
            return True
        frame = frame.f_back
    return False


def unsent(frame: pd.DataFrame, output: Output, *, wait: bool) -> pd.DataFrame | Tables:
    """Return the frame with the columns that a call adds, and nothing in them."""
    if not wait:
        raise ConfigurationError(
            "wait=False gives a handle, from which Dask cannot learn the columns.",
            cost="Nothing was spent.",
            todo="Leave it out in a function that Dask calls, or pass meta= to Dask.",
        )
    nothing = DistinctAnswers(
        status=[Status.SKIPPED],
        reason=[REASON],
        provider=[None],
        fetched=[None],
        places=np.array([-1]),
        arrays=output.builder().arrays(),
        sources=[{}] if output.sources else None,
    )
    return output.assemble(frame, RowAnswers(nothing, np.zeros(len(frame), dtype=np.intp)))


def unsent_plan(frame: pd.DataFrame, kind: Kind, providers: Sequence[Provider]) -> Plan:
    """Plan to send nothing."""
    return Plan(
        kind=kind,
        rows=len(frame),
        distinct=0,
        refused={(Status.SKIPPED, REASON): len(frame)},
        stages=tuple(StagePlan(provider=one.name) for one in providers),
    )


# -- The whole path of one frame, top to bottom --------------------------------------------------

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
        return unsent(frame, plan_output(frame, call), wait=wait)
    return start_run(prepare_run(frame, call, choose_view(progress)), wait=wait)


def start_run(handle: Handle[R], *, wait: bool) -> R | Handle[R]:
    """Start a run, and wait for it if that is wanted."""
    if wait:
        return handle.wait()
    handle.start(follow=True)
    return handle


def prepare_run(frame: pd.DataFrame, call: Call, hook: Hook) -> Handle[pd.DataFrame | Tables]:
    """Begin a run, which is still to be started."""
    terms = read_terms(frame, call)
    # Whatever another cell does to the frame meanwhile; pandas 3 copies when it is written to.
    snapshot = frame.copy(deep=not COPIES_ON_WRITE)
    run = _run if len(terms.providers) == 1 else _run_all
    return run(snapshot, call, terms, hook)


@singledispatch
def plan_call(frame: Any, call: Call) -> Plan:
    """Plan a call, and go no further."""
    if is_inferred():
        return unsent_plan(frame, call.kind, _providers(call, current_environment()))
    terms = read_terms(frame, call)
    if len(terms.providers) > 1:
        groups = _groups(frame, call, terms)
        return _waterfall_plan(frame, call, terms, groups, _plan_stages(terms, groups))
    stage = _stage(frame, call, terms)
    with closing(Journal(journal_path(terms.environment))) as journal:
        work = stage.work(journal, terms.environment, terms.oldest)
        planned = stage.plan(work, journal.queries.recent_cost(work.scope))
    remarks = Remarks.on(call.kind, stage.identified.identities, stage.rows_by_code)
    found = find_examples(frame, stage.columns.chosen, stage.identified)
    return replace(_stage_plan(stage, planned), examples=found, remarks=remarks)


# -- one provider ------------------------------------------------------------------------------


def _run(
    frame: pd.DataFrame, call: Call, terms: Terms, hook: Hook
) -> Handle[pd.DataFrame | Tables]:
    return prepare_stage(frame, _stage(frame, call, terms), terms, hook)


def prepare_stage(
    frame: pd.DataFrame, stage: Stage, terms: Terms, hook: Hook, *, resend: bool = False
) -> Handle[pd.DataFrame | Tables]:
    """Begin a run of one stage; its frame is made of whatever has arrived.

    ``resend`` asks again about those who are held: the user has decided so.
    """
    environment, arrivals = terms.environment, ResultCollector(terms.output)
    secrets = find_secrets(stage.provider, environment)
    journal = Journal(journal_path(environment))
    try:
        work = stage.work(journal, environment, terms.oldest, resend=resend)
        planned = stage.plan(work)
        check_quote(planned.credits, terms, lambda: _stage_plan(stage, planned))
        transport = open_transport(stage.provider, secrets, environment)
        runner = stage.runner(work, journal, transport, terms.budget, arrivals.keep)
    except BaseException:
        journal.close()
        raise

    def finish() -> pd.DataFrame | Tables:
        result = arrivals.assemble(frame, stage.identified, runner.answers)
        path = journal_path(environment)
        store_report(result, stage.kind, terms.output.prefix, runs=[runner.run], journal=path)
        return result

    return Handle(runner, hook, finish)


def _stage_plan(stage: Stage, planned: StagePlan) -> Plan:
    """Return the plan of a call with one provider, without examples."""
    return Plan(
        kind=stage.kind,
        rows=sum(stage.rows_by_code),
        distinct=planned.distinct,
        refused=stage.refused,
        stages=(planned,),
        columns={name: repr(label) for name, label in stage.columns.chosen.items()},
        rejected={repr(label): why for label, why in stage.columns.rejected.items()},
    )


def _stage(frame: pd.DataFrame, call: Call, terms: Terms) -> Stage:
    (provider,), kind = terms.providers, call.kind
    names = provider.identifiers[kind]
    columns = find_columns(frame, names, call.on, ignore=terms.output.replaced)
    exclude = terms.screen.for_rows(kind)
    identified = identify(
        frame, columns, provider, kind, where=call.where, errors=call.errors, exclude=exclude
    )
    return Stage.of(provider, kind, columns, identified, weights=call.weights)


# -- several providers -------------------------------------------------------------------------


def _groups(frame: pd.DataFrame, call: Call, terms: Terms) -> Groups:
    providers, kind = terms.providers, call.kind
    ignore = terms.output.replaced
    groups = group_rows(
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
        find_secrets(provider, terms.environment)
    planned = _plan_stages(terms, groups)
    check_quote(
        sum(stage.credits for stage in planned),
        terms,
        lambda: _waterfall_plan(frame, call, terms, groups, planned),
    )
    cascade = Cascade(terms, groups)

    def finish() -> pd.DataFrame | Tables:
        merged = cascade.merged()
        result = output.assemble(frame, RowAnswers(merged_columns(merged, output), groups.codes))
        tables = build_tables(frame, terms, groups, cascade, merged)
        path = journal_path(terms.environment)
        store_report(
            result, call.kind, output.prefix, runs=cascade.runs, journal=path, waterfall=tables
        )
        return result

    return Handle(cascade, hook, finish)


def _plan_stages(terms: Terms, groups: Groups) -> tuple[StagePlan, ...]:
    with closing(Journal(journal_path(terms.environment))) as journal:
        return plan_stages(terms, groups, journal)


def _waterfall_plan(
    frame: pd.DataFrame, call: Call, terms: Terms, groups: Groups, planned: tuple[StagePlan, ...]
) -> Plan:
    """Return the plan of a call with several providers."""
    outcomes = classify_rows(frame, groups, terms, call.where)
    remarks = [
        Remarks.on(call.kind, stage.identified.identities, stage.rows_by_code)
        for stage in outcomes.stages
    ]
    return Plan(
        kind=call.kind,
        rows=int(groups.rows.sum()),
        distinct=outcomes.distinct,
        refused=outcomes.refused,
        stages=planned,
        examples=find_waterfall_examples(
            frame, outcomes.providers, outcomes.codes, list(outcomes.refused)
        ),
        remarks=Remarks.of_several(remarks),
        columns={name: repr(label) for name, label in groups.columns.chosen.items()},
        rejected={repr(label): why for label, why in groups.columns.rejected.items()},
    )


# -- before anything is spent ------------------------------------------------------------------


def read_terms(frame: pd.DataFrame, call: Call) -> Terms:
    """Read all that a call says, before anything is spent."""
    environment = current_environment()
    budget, max_age = read_budget(call.budget), read_max_age(call.max_age)
    now = time.time() if environment.cassette is None else environment.cassette.now()
    output = plan_output(frame, call)
    return Terms(
        providers=_providers(call, environment),
        kind=call.kind,
        output=output,
        wanted=None if call.fields is None else output.fields,
        budget=budget,
        oldest=now - max_age,
        environment=environment,
        screen=_screen(environment),
    )


def plan_output(frame: pd.DataFrame, call: Call) -> Output:
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


def _screen(environment: Environment) -> SuppressionFilter:
    """Read whom nobody may ask about; and delete what has been stored for too long."""
    with open_journal(environment) as journal:
        screen = journal.suppression.current_filter()
    if environment.cassette is not None:
        environment.cassette.filters.append(screen)
    return screen


def _providers(call: Call, environment: Environment) -> list[Provider]:
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
    scopes = [scope_of(provider, call.kind, environment.realm) for provider in providers]
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


def check_quote(maximum: float, terms: Terms, plan: Callable[[], Plan]) -> None:
    """Raise BudgetError if a live call without a budget may cost more than allowed.

    ``plan`` returns what the error shows.
    """
    if not terms.environment.paid or terms.budget is not None or maximum <= options.confirm_above:
        return
    raise BudgetError(
        f"This call may cost up to {amount(maximum)} credits, and no budget was named.",
        todo=f"Look at `.plan`, then pass budget={credits_literal(maximum)}, "
        "or less for some rows.",
        plan=plan(),
    )
