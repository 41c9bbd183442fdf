"""The reports of this process's calls: of the last one, and of each result that is still in use."""

import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.errors import InputError, JournalError
from enrich_pandas.frame.output import Tables
from enrich_pandas.journal import Journal
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.accounts import accounts
from enrich_pandas.report.report import Report, Waterfall
from enrich_pandas.report.summary import Account, summarise

_lock = threading.RLock()  # a frame may be freed, and its report dropped, in the midst of this
_last: list[Report] = []
_of: dict[tuple[int, str], tuple[weakref.ref[Any], Report]] = {}


def conclude(
    result: pd.DataFrame | Tables,
    kind: Kind,
    prefix: str,
    *,
    runs: Sequence[str],
    journal: Path,
    waterfall: Waterfall | None = None,
) -> None:
    """Report on a result as it is handed over."""
    summary = summarise(result, kind, prefix)
    report = Report(summary, _accounts(runs, journal), waterfall or Waterfall())
    keep(result[kind] if isinstance(result, Tables) else result, prefix, report)


def _accounts(runs: Sequence[str], path: Path) -> tuple[Account, ...]:
    try:
        with closing(Journal(path)) as journal:
            return tuple(accounts(journal, runs))
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


def discard() -> None:
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
