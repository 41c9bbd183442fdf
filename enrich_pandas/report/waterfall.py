"""The report of a waterfall: what each provider gave and cost, and where they disagree."""

import threading
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from enrich_pandas.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class WaterfallReport:
    """What came of a call with several providers.

    Attributes
    ----------
    providers : pandas.DataFrame
        One row a provider, in order: ``asked`` and ``matched`` rows, ``coverage`` (their share);
        ``rows_added``, the rows that no other provider matched; ``values`` of it in the result,
        and ``values_added``, those that no other provider gave; ``credits`` spent by this call,
        ``credits_held`` (may have been spent; nobody can say), and the ``run`` in `runs`.
    fields : pandas.DataFrame
        One row a provider and field: rows for which it ``gave`` a value, whose value was ``kept``,
        and ``added``, where it alone gave one.
    disagreements : pandas.DataFrame
        One row a row and field for which two providers gave different values, by the frame's
        index: the ``row``'s position, the ``field``, the ``provider`` and ``value`` that were
        kept, and the ``other_provider`` and ``other_value``. Capitals, blanks around a text and
        spellings of the same address do not count.

    Notes
    -----
    It holds personal data, as the frame does. A later provider is asked about what is missing
    only, so what it would have given besides is not known.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@company1.example", "bo@company2.example"]})
    >>> both = ["crustdata", ep.Crustdata(api="screener")]
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, both, fields=["name"], progress=None)
    >>> report = last_report()
    >>> report.providers[["provider", "asked", "matched", "credits"]]
            provider  asked  matched  credits
    0      crustdata      2        2      2.0
    1  crustdata (2)      0        0      0.0
    >>> len(report.disagreements)
    0
    """

    providers: pd.DataFrame
    fields: pd.DataFrame = field(repr=False)
    disagreements: pd.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        return f"{self.providers.to_string(index=False)}\n{self._disagreements()}"

    def _repr_html_(self) -> str:
        table = self.providers.to_html(index=False, border=0)
        return f"{table}<p>{escape(self._disagreements())}</p>"

    def _disagreements(self) -> str:
        count = len(self.disagreements)
        rows = self.disagreements["row"].nunique()
        return f"{count:,} values of {rows:,} rows are disputed; see .disagreements."


_lock = threading.Lock()
_last: list[WaterfallReport] = []


def keep(report: WaterfallReport) -> None:
    """Make this the last report."""
    with _lock:
        _last[:] = [report]


def discard() -> None:
    """Drop the last report: it shows where the providers disagreed about a person."""
    with _lock:
        _last.clear()


def last_report() -> WaterfallReport:
    """Return the report of the last call with several providers that ended in this process.

    It is there also where the call was interrupted or failed: then of what had arrived. It costs
    nothing.

    Raises
    ------
    InputError
        There was no such call.

    Examples
    --------
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
        "No call with several providers has ended in this process.",
        todo='Make one, such as ep.people(df, [ep.Directory(crm), "crustdata"], fields=["name"]).',
    )
