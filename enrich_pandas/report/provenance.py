"""The reports of this process's calls: of the last one, and of each result that is still in use."""

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
from enrich_pandas.report.report import Report, WaterfallTables
from enrich_pandas.report.summary import (
    RunFacts,
    behind,
    find_prefixes,
    infer_kind,
    read_run_facts,
    result_columns,
    runs_table,
    summarize,
)

_lock = threading.RLock()  # a frame may be freed, and its report dropped, in the midst of this
_last: list[Report] = []
_of: dict[tuple[int, str], tuple[weakref.ref[Any], Report]] = {}


def store_report(
    result: pd.DataFrame | Tables,
    kind: Kind,
    prefix: str,
    *,
    runs: Sequence[str],
    journal: Path,
    waterfall: WaterfallTables | None = None,
) -> None:
    """Report on a result as it is handed over."""
    summary = summarize(result, kind, prefix)
    report = Report(summary, _accounts(runs, journal), waterfall or WaterfallTables())
    keep(result[kind] if isinstance(result, Tables) else result, prefix, report)


def _accounts(runs: Sequence[str], path: Path) -> tuple[RunFacts, ...]:
    try:
        with closing(Journal(path)) as journal:
            return tuple(read_run_facts(journal, runs))
    except JournalError:  # the rows were paid for, and are worth more than a report on them
        return ()


def keep(result: Any, prefix: str, report: Report) -> None:
    """Make this the last report, and the report of a result for as long as that is in use."""
    key = (id(result), prefix)
    with _lock:
        _last[:] = [report]
        _of[key] = (weakref.ref(result, _dropping(key)), report)


def _dropping(key: tuple[int, str]) -> Callable[[Any], None]:
    def drop(gone: Any) -> None:
        with _lock:
            if key in _of and _of[key][0] is gone:
                del _of[key]

    return drop


def kept(result: Any, prefix: str) -> Report | None:
    """Return the report of a result of a call of this process; None of any other frame."""
    with _lock:
        found = _of.get((id(result), prefix))
        return found[1] if found and found[0]() is result else None


def discard_reports() -> None:
    """Drop all reports: they may show where two providers disagreed about a person."""
    with _lock:
        _last.clear()
        _of.clear()


def last_report() -> Report:
    """Return the report of the last call of this process whose result was taken.

    It is there also where the call was interrupted or failed: then of what had arrived. It costs
    nothing.

    Returns
    -------
    Report
        As of `DataFrame.enrich.report`.

    Raises
    ------
    InputError
        There was no such call.

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
            return _last[0]
    raise InputError(
        "No call has ended in this process.",
        todo='Make one, such as ep.people(df, "crustdata"), or see ep.runs() for past ones.',
    )


# -- Reports on results, and where the answers in them come from ---------------------------------

KEY = ["provider", "fetched_at"]


def report_on(frame: pd.DataFrame, *, prefix: str | None = None) -> Report:
    """Report on a result: counts, match rate, filled fields, money, reasons, provenance.

    Of a frame that a call of this process has returned, it is the report of that call. Any other
    one, filtered, merged or read from a file, is summarised as it is; the runs that gave its
    answers are found in the journal by its ``…_provider`` and ``…_fetched_at`` columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the row columns of a result: ``person_status``, ``person_reason``, ….
    prefix : str, optional
        Of these, where a frame has several results, such as ``"company_"``.

    Returns
    -------
    Report
        To be looked at, or taken apart.

    Raises
    ------
    InputError
        The frame holds no result, or several.
    JournalError
        The journal cannot be read.

    Notes
    -----
    It costs nothing and asks no network.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "n/a"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     ep.report_on(people[people["person_status"] == "matched"])
    <report: 1 of 1 rows matched; 1 credit spent; .to_frame(), .to_html(path), .plot()>
    """
    chosen = _chosen(frame, prefix)
    if found := kept(frame, chosen):
        return found
    kind = infer_kind(frame, chosen)
    with open_journal(current_environment()) as journal:
        runs = _answers(journal, frame, chosen, kind)["run"].dropna().unique()
        known = read_run_facts(journal, sorted(runs))
    return Report(summarize(frame, kind, chosen), tuple(known))


def provenance(frame: pd.DataFrame, *, prefix: str | None = None) -> pd.DataFrame:
    """Tell where the answers in a result come from: a table to keep beside it.

    Its key are two columns that every row of a result has, and that filters, merges and CSV files
    keep. Whoever has the frame and this table needs no journal:
    ``people.merge(table, left_on=["person_provider", "person_fetched_at"], right_on=["provider",
    "fetched_at"])``.

    Parameters
    ----------
    frame, prefix
        As in `report_on`.

    Returns
    -------
    pandas.DataFrame
        One row for each ``provider`` and ``fetched_at`` in the frame: how many ``rows`` have it,
        and the ``run`` that bought it, with its ``api_version``, ``started``, ``library`` and
        ``realm`` (``live`` or a sandbox's). These are null where the journal does not know it:
        bought elsewhere, deleted since, or refused and not charged. Of a row that several
        providers gave, the oldest answer is told, as in ``…_fetched_at``.

    Raises
    ------
    InputError, JournalError
        As in `report_on`.

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
    chosen = _chosen(frame, prefix)
    kind = infer_kind(frame, chosen)
    with open_journal(current_environment()) as journal:
        answers = _answers(journal, frame, chosen, kind)
        known = runs_table(read_run_facts(journal, answers["run"].dropna().unique()))
    facts = known[["run", "api_version", "started", "library", "realm"]]
    return answers.merge(facts, on="run", how="left")


def _answers(journal: Journal, frame: pd.DataFrame, prefix: str, kind: Kind) -> pd.DataFrame:
    """Return the distinct provider and time in a frame, how many rows have it, and its run."""
    columns = result_columns(frame, prefix)
    times = pd.to_datetime(columns["fetched_at"], utc=True, errors="coerce", format="ISO8601")
    pairs = pd.DataFrame({"provider": columns["provider"].array, "fetched_at": times.array})
    pairs = pairs.dropna()
    table = pairs.astype({"provider": TEXT, "fetched_at": TIME})
    counted = table.groupby(KEY, sort=True, as_index=False).size().rename(columns={"size": "rows"})
    each = counted.assign(one=counted["provider"].str.split("+", regex=False)).explode("one")
    each["one"] = each["one"].str.replace(r" \(\d+\)$", "", regex=True)
    found = behind(journal, kind, each[["one", "fetched_at"]].rename(columns={"one": "provider"}))
    each["run"] = found["run"].to_numpy()
    named = each.sort_values("run", na_position="last", kind="stable").drop_duplicates(KEY)
    ordered = named.sort_values(KEY, ignore_index=True)[[*KEY, "rows", "run"]]
    return ordered.astype({"provider": TEXT, "rows": "Int64", "run": TEXT})


def _chosen(frame: pd.DataFrame, prefix: str | None) -> str:
    """Return the prefix of the result that is meant."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"A result is needed, not {type(frame).__name__}.",
            todo='Of layout="tables", give the frame of the rows, such as tables["people"].',
        )
    found = find_prefixes(frame)
    if prefix in found or (prefix is None and len(found) == 1):
        return prefix if prefix is not None else found[0]
    if not found:
        raise InputError(
            "The frame holds no result: it lacks …_status, …_reason, …_provider or …_fetched_at.",
            todo='Enrich it first: df.enrich.people("crustdata").',
        )
    which = "it is not said which" if prefix is None else f"none under {prefix!r}"
    raise InputError(
        f"The frame holds results under {', '.join(map(repr, found))}; {which}.",
        todo=f"Type prefix={found[0]!r}.",
    )
