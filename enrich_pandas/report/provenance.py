"""Reports on results, and the runs that their answers come from."""

import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.engine.context import current_environment, open_journal
from enrich_pandas.errors import InputError, JournalError
from enrich_pandas.frame.output import Tables
from enrich_pandas.frame.schema import TEXT, TIME
from enrich_pandas.journal import Journal
from enrich_pandas.providers.base import Kind
from enrich_pandas.report import Report
from enrich_pandas.report.summary import (
    RunFacts,
    WaterfallTables,
    find_prefixes,
    find_runs,
    infer_kind,
    read_run_facts,
    result_columns,
    runs_table,
    snapshot_of,
    summarize,
)

KEY = ["provider", "fetched_at"]


class StoredReport:
    """The report on a result, made when it is first read.

    Most results are never looked at as a report, and counting the values of every column takes
    time. Until then it shares the columns of the result, and shows what the call has returned even
    if the caller changes the result.
    """

    def __init__(
        self,
        result: pd.DataFrame | Tables,
        kind: Kind,
        prefix: str,
        runs: tuple[RunFacts, ...],
        waterfall: WaterfallTables | None,
    ) -> None:
        self._snapshot: pd.DataFrame | Tables | None = snapshot_of(result, prefix)
        self._report: Report | None = None
        self._kind, self._prefix, self._runs, self._waterfall = kind, prefix, runs, waterfall

    def read(self) -> Report:
        """Return the report."""
        with _lock:
            if self._snapshot is not None:
                summary = summarize(self._snapshot, self._kind, self._prefix)
                self._report = Report(summary, self._runs, self._waterfall or WaterfallTables())
                self._snapshot = None
            assert self._report is not None  # noqa: S101 - for the type checker: made above
            return self._report


# The report of the last call, and of each result that is still in use, by its id and prefix.
# Reentrant: the garbage collector can free a result, and call `drop`, while the lock is held.
_lock = threading.RLock()
_last: list[StoredReport] = []
_reports: dict[tuple[int, str], tuple[weakref.ref[Any], StoredReport]] = {}


def store_report(
    result: pd.DataFrame | Tables,
    kind: Kind,
    prefix: str,
    *,
    runs: Sequence[str],
    journal: Path,
    waterfall: WaterfallTables | None = None,
) -> None:
    """Store the report on a result, as the last report and for as long as the result is in use."""
    report = StoredReport(result, kind, prefix, _read(runs, journal), waterfall)
    frame = result[kind] if isinstance(result, Tables) else result
    key = (id(frame), prefix)
    with _lock:
        _last[:] = [report]
        _reports[key] = (weakref.ref(frame, _make_drop(key)), report)


def _read(runs: Sequence[str], path: Path) -> tuple[RunFacts, ...]:
    try:
        with closing(Journal(path)) as journal:
            return tuple(read_run_facts(journal, runs))
    except JournalError:  # the result, which was paid for, is returned without its costs
        return ()


def _make_drop(key: tuple[int, str]) -> Callable[[Any], None]:
    def drop(freed: Any) -> None:
        with _lock:
            if key not in _reports or _reports[key][0] is not freed:
                return
            _, report = _reports.pop(key)
            if report in _last and not sys.is_finalizing():
                report.read()  # it outlives the result, whose columns it must not keep

    return drop


def discard_reports() -> None:
    """Discard all reports; they can hold disagreements, which are personal data."""
    with _lock:
        _last.clear()
        _reports.clear()


def last_report() -> Report:
    """Return the report on the last call of this process that returned a result.

    If the call was interrupted or failed, the report is on the partial result.

    Returns
    -------
    Report
        As from `DataFrame.enrich.report`.

    Raises
    ------
    InputError
        If no call has returned a result in this process.

    Notes
    -----
    It costs nothing and sends no request.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@company1.example"]})
    >>> both = ["crustdata", ep.Crustdata(api="screener")]
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, both, fields=["name"], progress=None)
    >>> last_report().providers["matched"].tolist()
    [1, 0]
    """
    with _lock:
        if _last:
            return _last[0].read()
    raise InputError(
        "No call has returned a result in this process.",
        todo='Type ep.people(df, "crustdata"), or ep.runs() for past runs.',
    )


def report_on(frame: pd.DataFrame, *, prefix: str | None = None) -> Report:
    """Return a report on a result: counts, match rate, fill rates, costs and reasons.

    A frame that a call of this process returned has the report of that call. Any other frame, for
    example one that was filtered, merged or read from a file, is summarized as it is. Its
    ``…_provider`` and ``…_fetched_at`` columns lead to the runs in the journal.

    Parameters
    ----------
    frame : pandas.DataFrame
        A frame with the row columns of a result: ``person_status``, ``person_reason``, ….
    prefix : str, optional
        The prefix of these columns, such as ``"company_"``, if the frame holds several results.

    Returns
    -------
    Report
        The report.

    Raises
    ------
    InputError
        If the frame holds no result, or several and no ``prefix`` is given.
    JournalError
        If the journal cannot be read.

    Notes
    -----
    It costs nothing and sends no request.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "n/a"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     ep.report_on(people[people["person_status"] == "matched"])
    <report: 1 of 1 rows matched; 1 credit spent; .to_frame(), .to_html(path), .plot()>
    """
    prefix = _choose_prefix(frame, prefix)
    with _lock:
        reference, report = _reports.get((id(frame), prefix), (None, None))
    if report and reference and reference() is frame:
        return report.read()
    kind = infer_kind(frame, prefix)
    with open_journal(current_environment()) as journal:
        runs = _find_answers(journal, frame, prefix, kind)["run"].dropna().unique()
        facts = read_run_facts(journal, sorted(runs))
    return Report(summarize(frame, kind, prefix), tuple(facts))


def provenance(frame: pd.DataFrame, *, prefix: str | None = None) -> pd.DataFrame:
    """Return the runs that the answers in a result come from, as a table to keep with the result.

    The key of the table is two columns that every row of a result has, and that filters, merges and
    CSV files keep, so the table can be joined without a journal: ``people.merge(table,
    left_on=["person_provider", "person_fetched_at"], right_on=["provider", "fetched_at"])``.

    Parameters
    ----------
    frame, prefix
        As in `report_on`.

    Returns
    -------
    pandas.DataFrame
        One row for each ``provider`` and ``fetched_at`` in the frame: the number of ``rows`` with
        them, and the ``run`` that returned them, with its ``api_version``, ``started``, ``library``
        and ``realm`` (``live`` or a sandbox). The columns of the run are null if the journal does
        not know it, because it ran elsewhere, was deleted, or was refused and not charged. For a
        row with several providers, the run is that of the oldest answer, as in ``…_fetched_at``.

    Raises
    ------
    InputError, JournalError
        As in `report_on`.

    Notes
    -----
    It costs nothing and sends no request.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     table = ep.provenance(people)
    >>> table[["provider", "rows", "api_version"]]
        provider  rows api_version
    0  crustdata     2  2025-11-01
    """
    prefix = _choose_prefix(frame, prefix)
    kind = infer_kind(frame, prefix)
    with open_journal(current_environment()) as journal:
        answers = _find_answers(journal, frame, prefix, kind)
        runs = runs_table(read_run_facts(journal, answers["run"].dropna().unique()))
    facts = runs[["run", "api_version", "started", "library", "realm"]]
    return answers.merge(facts, on="run", how="left")


def _find_answers(journal: Journal, frame: pd.DataFrame, prefix: str, kind: Kind) -> pd.DataFrame:
    """Return the distinct providers and times in a frame, the rows of each, and its run."""
    columns = result_columns(frame, prefix)
    times = pd.to_datetime(columns["fetched_at"], utc=True, errors="coerce", format="ISO8601")
    pairs = pd.DataFrame({"provider": columns["provider"].array, "fetched_at": times.array})
    table = pairs.dropna().astype({"provider": TEXT, "fetched_at": TIME})
    counted = table.groupby(KEY, sort=True, as_index=False).size().rename(columns={"size": "rows"})
    # A row can have several providers ("a+b"), and a call the same provider twice ("a (2)").
    each = counted.assign(one=counted["provider"].str.split("+", regex=False)).explode("one")
    each["one"] = each["one"].str.replace(r" \(\d+\)$", "", regex=True)
    found = find_runs(
        journal, kind, each[["one", "fetched_at"]].rename(columns={"one": "provider"})
    )
    each["run"] = found["run"].to_numpy()
    known = each.sort_values("run", na_position="last", kind="stable").drop_duplicates(KEY)
    ordered = known.sort_values(KEY, ignore_index=True)[[*KEY, "rows", "run"]]
    return ordered.astype({"provider": TEXT, "rows": "Int64", "run": TEXT})


def _choose_prefix(frame: pd.DataFrame, prefix: str | None) -> str:
    """Return the prefix of the result that is meant, if there is exactly one."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"The result must be a DataFrame, not {type(frame).__name__}.",
            todo='For layout="tables", pass the frame of the rows, such as tables["people"].',
        )
    found = find_prefixes(frame)
    if prefix in found or (prefix is None and len(found) == 1):
        return prefix if prefix is not None else found[0]
    if not found:
        raise InputError(
            "The frame holds no result: it has no …_status, …_reason, …_provider and …_fetched_at "
            "columns.",
            todo='Enrich it first: df.enrich.people("crustdata").',
        )
    problem = (
        "prefix= must choose one" if prefix is None else f"prefix={prefix!r} is not one of them"
    )
    raise InputError(
        f"The frame holds results with the prefixes {', '.join(map(repr, found))}; {problem}.",
        todo=f"Type prefix={found[0]!r}.",
    )
