"""The path of one call, from frame to frame: the page to read first.

    find columns → normalize and validate → plan → run → flatten → attach

Nothing is spent before the plan, and every step after it is in the journal. With several
providers, `waterfall` runs the middle once per provider, for the rows that still lack a field.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import singledispatch
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from enrich_pandas.call import Call
from enrich_pandas.engine.budget import read_budget
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
from enrich_pandas.frame.arrays import AnswerArrays, Places
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.frame.flatten import DistinctAnswers, RowAnswers
from enrich_pandas.frame.output import Output, Tables, decide_output
from enrich_pandas.frame.schema import COPIES_ON_WRITE, Field, named_fields
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
from enrich_pandas.providers.decoding import describe_mistyped
from enrich_pandas.report.examples import Remarks, find_examples, find_waterfall_examples
from enrich_pandas.report.plan import Plan
from enrich_pandas.report.provenance import store_report
from enrich_pandas.waterfall import Cascade, Terms, build_tables
from enrich_pandas.waterfall.groups import Groups, check_rows, group_rows
from enrich_pandas.waterfall.merge import merged_columns
from enrich_pandas.waterfall.plan import classify_rows, plan_stages
from enrich_pandas.waterfall.stage import Stage, open_transport

R = TypeVar("R")
MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
PREFIXES: Mapping[Kind, str] = {"people": "person_", "companies": "company_"}


@singledispatch
def enrich(frame: Any, call: Call) -> Any:
    """Enrich a frame. `dask_frame` registers the path of a Dask frame."""
    if is_meta_inference():
        return empty_result(frame, plan_output(frame, call), wait=call.wait)
    return start_run(prepare_run(frame, call), wait=call.wait)


@singledispatch
def plan_call(frame: Any, call: Call) -> Plan:
    """Return the plan of a call. Nothing is sent."""
    if is_meta_inference():
        return empty_plan(frame, call.kind, _find_providers(call, current_environment()))
    call = call.select_rows(frame)
    terms = read_terms(frame, call)
    if len(terms.providers) > 1:
        groups = _group_rows(frame, call, terms)
        return _waterfall_plan(frame, call, terms, groups, _plan_stages(terms, groups))
    stage = _build_stage(frame, call, terms)
    with closing(Journal(journal_path(terms.environment))) as journal:
        work = stage.work(journal, terms.environment, terms.oldest)
        planned = stage.plan(work, journal.queries.recent_cost(work.scope))
    remarks = Remarks.on(call.kind, stage.identified.identities, stage.rows_by_code)
    found = find_examples(frame, stage.columns.chosen, stage.identified)
    return replace(_stage_plan(stage, planned), examples=found, remarks=remarks)


def prepare_run(frame: pd.DataFrame, call: Call) -> Handle[pd.DataFrame | Tables]:
    """Return the handle of a run that is not started yet."""
    hook = choose_view(call.progress)
    call = call.select_rows(frame)
    terms = read_terms(frame, call)
    # Another cell may change the frame during the run. pandas 3 copies when it is written to.
    snapshot = frame.copy(deep=not COPIES_ON_WRITE)
    if len(terms.providers) > 1:
        return _prepare_waterfall(snapshot, call, terms, hook)
    return prepare_stage(snapshot, _build_stage(snapshot, call, terms), terms, hook)


def start_run(handle: Handle[R], *, wait: bool) -> R | Handle[R]:
    """Start a run; return its result, or its handle if the caller does not wait."""
    if wait:
        return handle.wait()
    handle.start(follow=True)
    return handle


# -- What a call says, read before anything is spent ---------------------------------------------


def read_terms(frame: pd.DataFrame, call: Call) -> Terms:
    """Return everything that a call says, validated."""
    environment = current_environment()
    budget, max_age = read_budget(call.budget), read_max_age(call.max_age)
    now = time.time() if environment.cassette is None else environment.cassette.now()
    output = plan_output(frame, call)
    return Terms(
        providers=_find_providers(call, environment),
        kind=call.kind,
        output=output,
        wanted=named_fields(MODELS[call.kind], call.fields),
        budget=budget,
        oldest=now - max_age,
        environment=environment,
        screen=_read_suppressions(environment),
    )


def plan_output(frame: pd.DataFrame, call: Call) -> Output:
    """Return what a call will add to the frame."""
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


def _read_suppressions(environment: Environment) -> SuppressionFilter:
    """Return the suppression list; opening the journal deletes what is older than retention."""
    with open_journal(environment) as journal:
        screen = journal.suppression.current_filter()
    if environment.cassette is not None:
        environment.cassette.filters.append(screen)
    return screen


def _find_providers(call: Call, environment: Environment) -> list[Provider]:
    """Return the providers of a call, in order."""
    given: Any = call.provider
    named = given if isinstance(given, list | tuple) else [given]
    providers = [find_provider(provider) for provider in named]
    if not providers:
        raise ConfigurationError(
            "provider= is an empty list.", todo='Name a provider: provider="crustdata".'
        )
    for provider in providers:
        if call.kind not in provider.kinds:
            raise ConfigurationError(
                f"{provider.name} does not enrich {call.kind}.",
                todo=f"It enriches {', '.join(provider.kinds)}.",
            )
    scopes = [scope_of(provider, call.kind, environment.realm) for provider in providers]
    twice = {p.name for p, scope in zip(providers, scopes, strict=True) if scopes.count(scope) > 1}
    if twice:
        raise ConfigurationError(
            f"provider= contains {', '.join(sorted(twice))} twice, with the same options.",
            todo='Name each provider once, in the order of requests: provider=["a", "b"].',
        )
    return providers


def check_cost(maximum: float, terms: Terms, plan: Callable[[], Plan]) -> None:
    """Raise if a live call without a budget can cost more than ``ep.options.confirm_above``.

    ``plan`` returns the plan that the error has.
    """
    if not terms.environment.paid or terms.budget is not None or maximum <= options.confirm_above:
        return
    raise BudgetError(
        f"This call can cost up to {amount(maximum)} credits, and it has no budget.",
        todo=f"Look at `.plan`, then pass budget={credits_literal(maximum)}, "
        "or less for some of the rows.",
        plan=plan(),
    )


# -- One provider --------------------------------------------------------------------------------


def prepare_stage(
    frame: pd.DataFrame, stage: Stage, terms: Terms, hook: Hook, *, resend: bool = False
) -> Handle[pd.DataFrame | Tables]:
    """Return the handle of a run of one stage.

    With ``resend`` rows that are ``held`` are requested again, as the user decided.
    """
    environment, collector = terms.environment, ResultCollector(terms.output)
    secrets = find_secrets(stage.provider, environment)
    journal = Journal(journal_path(environment))
    try:
        work = stage.work(journal, environment, terms.oldest, resend=resend)
        planned = stage.plan(work)
        check_cost(planned.credits, terms, lambda: _stage_plan(stage, planned))
        transport = open_transport(stage.provider, secrets, environment)
        runner = stage.runner(work, journal, transport, terms.budget, collector.keep)
    except BaseException:
        journal.close()
        raise

    def finish() -> pd.DataFrame | Tables:
        result = collector.assemble(frame, stage.identified, runner.answers)
        path = journal_path(environment)
        store_report(result, stage.kind, terms.output.prefix, runs=[runner.run], journal=path)
        return result

    return Handle(runner, hook, finish)


def _build_stage(frame: pd.DataFrame, call: Call, terms: Terms) -> Stage:
    (provider,), kind = terms.providers, call.kind
    names = provider.identifiers[kind]
    columns = find_columns(frame, names, call.on, ignore=terms.output.replaced)
    exclude = terms.screen.for_rows(kind)
    identified = identify(
        frame, columns, provider, kind, where=call.where, errors=call.errors, exclude=exclude
    )
    return Stage.of(provider, kind, columns, identified, weights=call.weights)


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


class ResultCollector:
    """Collects the answers of a run and builds the frame of those that have arrived.

    A model becomes arrays as soon as it arrives, so that memory holds columns, not objects.

    Parameters
    ----------
    output
        The columns to add.
    """

    def __init__(self, output: Output) -> None:
        self._output, self._builder = output, output.builder()

    def keep(self, answer: Answer) -> Answer:
        """Collect what an answer found; return the answer with a reference to it."""
        match, model = answer.match, answer.match.model
        return Answer(
            match if model is None else _without_model(match),
            answer.fetched,
            answer.provider,
            answer.not_before,
            None if model is None else self._builder.add(model),
            answer.requested_again,
            answer.later_status,
        )

    def assemble(
        self, frame: pd.DataFrame, identified: Identified, results: Mapping[Identity, Answer]
    ) -> pd.DataFrame | Tables:
        """Return the frame with the answers so far; identities in flight are ``pending``."""
        answers = [results.get(i) or _in_flight(i) for i in identified.identities]
        found = self._distinct(answers, identified.exclusions)
        return self._output.assemble(frame, RowAnswers(found, identified.codes))

    def _distinct(
        self, answers: Sequence[Answer], exclusions: Sequence[tuple[Status, str]]
    ) -> DistinctAnswers:
        """Return the columns of the distinct answers, then of the reasons to exclude rows."""
        none = [None] * len(exclusions)
        arrays = self._builder.arrays()
        places = self._builder.places([*(a.model_ref for a in answers), *none])
        providers = [*(a.provider or None for a in answers), *none]
        return DistinctAnswers(
            status=[*(str(a.match.status) for a in answers), *(str(s) for s, _ in exclusions)],
            reason=[
                *map(_reason, answers, (arrays.odd.get(place) for place in places.tolist())),
                *(reason for _, reason in exclusions),
            ],
            provider=providers,
            fetched=[*(a.fetched or None for a in answers), *none],
            places=places,
            arrays=arrays,
            sources=_sources(self._output.fields, arrays, places, providers)
            if self._output.sources
            else None,
        )


def _without_model(match: Match) -> Match:
    """Return a match without its model; `dataclasses.replace` would take twice as long."""
    return Match(
        identity=match.identity,
        status=match.status,
        reason=match.reason,
        credits=match.credits,
        retry_in=match.retry_in,
        note=match.note,
    )


def _reason(answer: Answer, odd: Sequence[str] | None) -> str:
    """Return the reason of an answer, or what was irregular about it."""
    match = answer.match
    if match.reason or not odd:
        return match.reason or match.note
    return "; ".join(filter(None, (match.note, describe_mistyped(odd))))


def _in_flight(identity: Identity) -> Answer:
    return Answer(Match(identity=identity, status=Status.PENDING, reason="in_flight"), 0.0, "")


def _sources(
    fields: Sequence[Field],
    arrays: AnswerArrays,
    places: Places,
    providers: Sequence[str | None],
) -> Mapping[str, Sequence[str | None]]:
    """Return the provider of each field of each answer, None if the answer does not have it."""
    return {
        field.name: [
            provider if has_value else None
            for provider, has_value in zip(
                providers, np.append(arrays.has_value(field), False)[places], strict=True
            )
        ]
        for field in fields
    }


# -- Several providers ---------------------------------------------------------------------------


def _prepare_waterfall(
    frame: pd.DataFrame, call: Call, terms: Terms, hook: Hook
) -> Handle[pd.DataFrame | Tables]:
    groups, output = _group_rows(frame, call, terms), terms.output
    for provider in terms.providers:
        find_secrets(provider, terms.environment)
    planned = _plan_stages(terms, groups)
    check_cost(
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


def _group_rows(frame: pd.DataFrame, call: Call, terms: Terms) -> Groups:
    providers, kind = terms.providers, call.kind
    groups = group_rows(
        frame,
        providers,
        kind,
        on=call.on,
        ignore=terms.output.replaced,
        where=call.where,
        screen=terms.screen,
        weights=call.weights,
    )
    check_rows(frame, groups, providers, kind, call.errors)
    return groups


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


# -- Rows that Dask makes up to infer the columns of a function ----------------------------------
# Dask calls a function, such as the one of ``map_partitions``, once while it builds its graph. The
# rows look like data: a vendor may know, and charge for, a person called ``foo``. They are never
# sent.

REASON = "meta"
TASKS = "dask._task_spec"  # runs a task on any scheduler: its rows are real


def is_meta_inference() -> bool:
    """Return whether Dask calls to infer columns.

    Dask has no flag for it, and the rows do not show it, because real rows can be the same. So the
    call stack decides: the innermost function of Dask.
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


def empty_result(frame: pd.DataFrame, output: Output, *, wait: bool) -> pd.DataFrame | Tables:
    """Return the frame with the columns that a call adds, without values."""
    if not wait:
        raise ConfigurationError(
            "wait=False returns a handle, from which Dask cannot infer the columns.",
            todo="Leave out wait=False in a function that Dask calls, or pass meta= to Dask.",
        )
    nothing = DistinctAnswers(
        status=[Status.SKIPPED],
        reason=[REASON],
        provider=[None],
        fetched=[None],
        places=np.array([-1]),
        arrays=output.builder().arrays(),
        sources={of.name: [None] for of in output.fields} if output.sources else None,
    )
    return output.assemble(frame, RowAnswers(nothing, np.zeros(len(frame), dtype=np.intp)))


def empty_plan(frame: pd.DataFrame, kind: Kind, providers: Sequence[Provider]) -> Plan:
    """Return a plan that sends nothing."""
    return Plan(
        kind=kind,
        rows=len(frame),
        distinct=0,
        refused={(Status.SKIPPED, REASON): len(frame)},
        stages=tuple(StagePlan(provider=one.name) for one in providers),
    )
