"""Several providers in turn: each is requested only for what is still missing."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pandas as pd

from enrich_pandas.engine.budget import Budget
from enrich_pandas.engine.context import Environment, journal_path
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.engine.runner import Runner
from enrich_pandas.errors import EnrichError, as_enrich_error
from enrich_pandas.frame.cells import Codes
from enrich_pandas.frame.output import Output
from enrich_pandas.frame.schema import TEXT, Field
from enrich_pandas.journal import Journal
from enrich_pandas.journal.suppression import SuppressionFilter
from enrich_pandas.progress import Progress, State
from enrich_pandas.providers.base import Kind, Provider
from enrich_pandas.report.summary import WaterfallTables
from enrich_pandas.waterfall.groups import Groups
from enrich_pandas.waterfall.merge import Difference, Merged, StageAnswers, merge
from enrich_pandas.waterfall.stage import open_transport

STOPPED: frozenset[State] = frozenset({"stopping", "interrupted", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What applies to all stages of a call.

    Attributes
    ----------
    output, wanted
        The fields to return; the fields that a later provider is requested to fill. Without any, a
        later provider is requested only for rows without a match.
    oldest
        An answer from before this time is requested again. A time and not an age, so that it does
        not depend on how long the call takes.
    environment
        Where the call was made; its threads run in the same environment.
    screen
        The suppression filter of the call.
    """

    providers: Sequence[Provider]
    kind: Kind
    output: Output
    wanted: Sequence[Field]
    budget: Budget | None
    oldest: float
    environment: Environment
    screen: SuppressionFilter

    @property
    def names(self) -> list[str]:
        """Names of the providers; one that is listed twice, with other options, gets a number."""
        names = [provider.name for provider in self.providers]
        return [
            f"{name} ({names[:n].count(name) + 1})" if name in names[:n] else name
            for n, name in enumerate(names)
        ]


class Cost(NamedTuple):
    """Credits that a stage spent, and credits that it may have spent in addition."""

    spent: float
    held: float


class Cascade:
    """Runs the stages of a call in turn, with the interface of a single runner.

    Parameters
    ----------
    terms, groups
        What applies to all stages; the groups of rows to enrich.

    Attributes
    ----------
    run
        Id of the first stage's run; each stage is a run of its own in the journal.
    started, runs
        The stages that have started, and their run ids.
    error
        What stopped the run, or None.
    done
        Set when no request is in flight any more.
    """

    def __init__(self, terms: Terms, groups: Groups) -> None:
        self.done: threading.Event = threading.Event()
        self.error: EnrichError | None = None
        self.started: list[StageAnswers] = []
        self.runs: list[str] = []
        self._terms, self._groups = terms, groups
        self._lock = threading.RLock()
        self._is_stopped = self._is_paused = False
        self._waiting = 0
        self._ended: list[Progress] = []
        self._limit = None if terms.budget is None else terms.budget.credits
        first, self._runner = self._prepare(0, terms.budget)
        self.started.append(first)
        self.run: str = self._runner.run
        self.runs.append(self.run)

    def start(self) -> None:
        """Start the first stage; the others follow on a thread."""
        self._runner.start()
        threading.Thread(target=self._carry_on, name=f"enrich-{self.run}-stages").start()

    def cancel(self) -> None:
        """Stop spending: no further stage or request starts; requests in flight are completed."""
        self._is_stopped = True
        with self._lock:
            self._runner.cancel()

    def halt(self) -> None:
        """Start nothing more, at once and without a lock, for a signal handler."""
        self._is_stopped = True
        self._runner.halt()

    def pause(self) -> None:
        """Start nothing until `resume`."""
        with self._lock:
            self._is_paused = True
            self._runner.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            self._is_paused = False
            self._runner.resume()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Register that the caller waits for the end, within a ``with`` block."""
        self._waiting += 1
        try:
            with self._runner.awaited():
                yield
        finally:
            self._waiting -= 1

    def snapshot(self) -> Progress:
        """Return the progress of the current stage, and at the end that of the whole call.

        Rows and batches are the stage's, credits are those of the whole call.
        """
        if self.done.is_set():
            return self._overall()
        now, past = self._runner.snapshot(), sum(one.credits for one in self._ended)
        if any(one.run == now.run for one in self._ended):
            past -= now.credits
        return replace(
            now,
            credits=now.credits + past,
            credits_max=now.credits_max + past,
            budget=self._limit,
        )

    def merged(self) -> list[Merged]:
        """Return the merged results so far."""
        return merge(self._groups, self._terms.output.fields, list(self.started))

    def costs(self) -> list[Cost]:
        """Return the cost so far of each stage that has started."""
        with closing(Journal(journal_path(self._terms.environment))) as journal:
            facts = [one for run in self.runs for one in journal.runs(run)]
        return [Cost(float(one["credits"]), float(one["credits_held"])) for one in facts]

    def _carry_on(self) -> None:
        try:
            self._await()
            for number in range(1, len(self._terms.providers)):
                if self._is_stopped or self.error or not self._next(number):
                    break
                self._await()
        except BaseException as error:  # noqa: BLE001 - kept: the waiting thread must see the end
            self.error = self.error or as_enrich_error(error)
        finally:
            self.done.set()

    def _await(self) -> None:
        """Wait for the current stage and take over its end."""
        with self._runner.awaited() if self._waiting else nullcontext():
            self._runner.done.wait()
        last = self._runner.snapshot()
        self._ended.append(last)
        self.error = self._runner.error
        self._is_stopped |= last.state in STOPPED

    def _next(self, number: int) -> bool:
        """Start a stage; return False if the call was stopped meanwhile."""
        stage, runner = self._prepare(number, self._shared())
        with self._lock:
            self._runner = runner  # before the check: `halt` takes no lock
            if self._is_stopped:
                runner.cancel()  # closes its journal and transport
                return False
            self.started.append(stage)
            self.runs.append(runner.run)
            if self._is_paused:
                runner.pause()
            runner.start()
        return True

    def _prepare(self, number: int, budget: Budget | None) -> tuple[StageAnswers, Runner]:
        """Return the stage for groups that lack a wanted field, and its runner."""
        terms, known = self._terms, self.merged()
        places = [n for n, one in enumerate(known) if one.lacks(terms.wanted)]
        provider = terms.providers[number]
        stage = self._groups.stage(provider, terms.kind, places, [one.found for one in known])
        secrets = find_secrets(provider, terms.environment)
        journal = Journal(journal_path(terms.environment))
        try:
            work = stage.work(journal, terms.environment, terms.oldest)
            transport = open_transport(provider, secrets, terms.environment)
            runner = stage.runner(work, journal, transport, budget)
        except BaseException:
            journal.close()
            raise
        return StageAnswers(terms.names[number], stage, places, runner.answers), runner

    def _shared(self) -> Budget | None:
        """Return the budget of all stages: the first one's, if it has no name of its own."""
        budget = self._terms.budget
        return None if budget is None else replace(budget, name=budget.name or self.run)

    def _overall(self) -> Progress:
        """Return the progress of all stages; each row of the frame counts once."""
        counts: dict[str, int] = {}
        for known, rows in zip(self.merged(), self._groups.rows.tolist(), strict=True):
            counts[known.status] = counts.get(known.status, 0) + rows
        ended, last = self._ended, self._runner.snapshot()
        state: State = "failed" if self.error else "interrupted" if self._is_stopped else "done"
        return replace(
            last,
            run=self.run,
            provider="+".join(one.name for one in self.started),
            rows=sum(counts.values()),
            rows_done=sum(counts.values()),
            counts=counts,
            batches=sum(one.batches for one in ended),
            batches_done=sum(one.batches_done for one in ended),
            credits=sum(one.credits for one in ended),
            credits_max=sum(one.credits_max for one in ended),
            budget=self._limit,
            elapsed=sum(one.elapsed for one in ended),
            state=state,
        )


# -- The tables of the report -----------------------------------------------------------------

NOTHING = Cost(0.0, 0.0)


def build_tables(
    frame: pd.DataFrame, terms: Terms, groups: Groups, cascade: Cascade, merged: list[Merged]
) -> WaterfallTables:
    """Return the tables by provider, by field, and of disagreements, from the results so far."""
    fields = _fields(terms, groups, merged)
    return WaterfallTables(
        _providers(terms, groups, cascade, merged, fields),
        fields,
        _disagreements(frame, groups.codes, merged),
    )


def _providers(
    terms: Terms, groups: Groups, cascade: Cascade, merged: list[Merged], fields: pd.DataFrame
) -> pd.DataFrame:
    names, rows = terms.names, groups.rows.tolist()
    asked = {one.name: one.stage.valid_rows for one in cascade.started}
    costs = dict(zip(names, cascade.costs(), strict=False))
    runs = dict(zip(names, cascade.runs, strict=False))
    matched, alone = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for known, count in zip(merged, rows, strict=True):
        for name in known.matched:
            matched[name] += count
            alone[name] += count if len(known.matched) == 1 else 0
    values = fields.groupby("provider")[["kept", "added"]].sum().reindex(names, fill_value=0)
    table = pd.DataFrame(
        {
            "provider": _text(names),
            "asked": [asked.get(name, 0) for name in names],
            "matched": list(matched.values()),
            "coverage": pd.array([None] * len(names), dtype="Float64"),
            "rows_added": list(alone.values()),
            "values": values["kept"].to_numpy(),
            "values_added": values["added"].to_numpy(),
            "credits": [costs.get(name, NOTHING).spent for name in names],
            "credits_held": [costs.get(name, NOTHING).held for name in names],
            "run": _text([runs.get(name) for name in names]),
        }
    )
    is_asked = table["asked"] > 0
    shares = table["matched"][is_asked] / table["asked"][is_asked]
    table.loc[is_asked, "coverage"] = shares
    return table


def _fields(terms: Terms, groups: Groups, merged: list[Merged]) -> pd.DataFrame:
    names = [field.name for field in terms.output.fields]
    zeros = [(provider, name) for provider in terms.names for name in names]
    gave, kept, added = (dict.fromkeys(zeros, 0) for _ in range(3))
    for known, count in zip(merged, groups.rows.tolist(), strict=True):
        for name, givers in known.given.items():
            for provider in givers:
                gave[provider, name] += count
            kept[known.sources[name], name] += count
            added[known.sources[name], name] += count if len(givers) == 1 else 0
    return pd.DataFrame(
        {
            "provider": _text([provider for provider, _ in zeros]),
            "field": _text([name for _, name in zeros]),
            "gave": pd.array(list(gave.values()), dtype="Int64"),
            "kept": pd.array(list(kept.values()), dtype="Int64"),
            "added": pd.array(list(added.values()), dtype="Int64"),
        }
    )


def _disagreements(frame: pd.DataFrame, codes: Codes, merged: list[Merged]) -> pd.DataFrame:
    found: list[tuple[int, Difference]] = [
        (row, difference)
        for row, code in enumerate(codes.tolist())
        for difference in merged[code].differences
    ]
    rows = [row for row, _ in found]
    texts = {
        "field": [d.field for _, d in found],
        "provider": [d.provider for _, d in found],
        "value": [str(d.value) for _, d in found],
        "other_provider": [d.other for _, d in found],
        "other_value": [str(d.other_value) for _, d in found],
    }
    columns = {name: _text(values) for name, values in texts.items()}
    row = pd.array(rows, dtype="Int64")
    return pd.DataFrame({"row": row, **columns}, index=frame.index.take(rows))


def _text(values: Sequence[str | None]) -> Any:
    dtype: Any = TEXT
    return pd.array(values, dtype=dtype)
