"""The report: what came of a call, for people to read, to pass on and to compute with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from enrich_pandas.frame.schema import TEXT
from enrich_pandas.report.page import Page
from enrich_pandas.report.render import Viewed
from enrich_pandas.report.sentences import explain
from enrich_pandas.report.summary import RunFacts, Summary, requests_table, runs_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PROVIDERS = {
    "provider": TEXT,
    "asked": "Int64",
    "matched": "Int64",
    "coverage": "Float64",
    "rows_added": "Int64",
    "values": "Int64",
    "values_added": "Int64",
    "credits": "Float64",
    "credits_held": "Float64",
    "run": TEXT,
}
FIELDS = {"provider": TEXT, "field": TEXT, "gave": "Int64", "kept": "Int64", "added": "Int64"}
DISAGREEMENTS = {
    "row": "Int64",
    "field": TEXT,
    "provider": TEXT,
    "value": TEXT,
    "other_provider": TEXT,
    "other_value": TEXT,
}


def _empty(columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns)).astype(dict(columns))


@dataclass(frozen=True, slots=True)
class WaterfallTables:
    """The tables of a call with several providers."""

    providers: pd.DataFrame = field(default_factory=lambda: _empty(PROVIDERS))
    fields: pd.DataFrame = field(default_factory=lambda: _empty(FIELDS))
    disagreements: pd.DataFrame = field(default_factory=lambda: _empty(DISAGREEMENTS))


@dataclass(frozen=True, eq=False, repr=False)
class Report(Viewed):
    """What came of a call.

    Made by `DataFrame.enrich.report` for a result, by ``ep.run(id).report`` for a past run, and by
    `last_report` for the last call. A notebook shows it as a page; `to_html` writes that to a file,
    `to_frame` gives its figures, `plot` draws them.

    Attributes
    ----------
    counts : pandas.Series
        Rows by status.
    match_rate : float or None
        Share of the rows about which a vendor was asked that are matched.
    fill : pandas.DataFrame
        One row a field: in how many of the matched rows it is ``filled``, and their ``share``.
    reasons : pandas.DataFrame
        One row a status and reason: how many ``rows``, the ``labels`` of the first of them, and
        ``explain`` in a sentence.
    credits, credits_held, credits_planned : float
        Spent, maybe spent besides (nobody can say), and planned at most, by the runs behind it. Of
        a replay these are the recording's, so that both report the same; it spends nothing itself.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most that it would have cost besides if every row had been asked about, if nothing had
        been stored, and, where a recording was added to, if nothing had been recorded.
    runs : pandas.DataFrame
        One row a run behind it: provider, API version, times, costs, and the library's version.
    requests : pandas.DataFrame
        The requests of these runs by outcome: how many, how many billed, and the most that these
        could cost. An ``unknown`` one has no answer, or none that tells whether it was charged.
    providers : pandas.DataFrame
        Of a call with several providers, one row each, in order: ``asked`` and ``matched`` rows,
        ``coverage`` (their share); ``rows_added``, the rows that no other provider matched;
        ``values`` of it in the result, and ``values_added``, those that no other provider gave;
        ``credits`` spent by this call, ``credits_held``, and the ``run`` in `runs`.
    fields : pandas.DataFrame
        Of the same: one row a provider and field: rows for which it ``gave`` a value, whose value
        was ``kept``, and ``added``, where it alone gave one.
    disagreements : pandas.DataFrame
        Of the same: one row a row and field for which two providers gave different values, by the
        frame's index: the ``row``'s position, the ``field``, the ``provider`` and ``value`` that
        were kept, and the ``other_provider`` and ``other_value``. Capitals, blanks around a text
        and spellings of the same address do not count.

    Notes
    -----
    Labels and disagreements are personal data, as the frame is. A later provider of several is
    asked about what is missing only, so what it would have given besides is not known.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "n/a"]}, index=["a", "b"])
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, "crustdata", fields=["name"], progress=None)
    >>> report = people.enrich.report()
    >>> report
    <report: 1 of 2 rows matched; 1 credit spent; .to_frame(), .to_html(path), .plot()>
    >>> report.reasons[["status", "reason", "rows", "labels"]]
        status             reason  rows labels
    0  invalid  email:placeholder     1    [b]
    """

    summary: Summary
    accounts: tuple[RunFacts, ...] = ()
    waterfall: WaterfallTables = field(default_factory=WaterfallTables)

    # -- figures ---------------------------------------------------------------------------

    @property
    def counts(self) -> "pd.Series[Any]":
        """Rows by status."""
        counts = {str(status): rows for status, rows in self.summary.counts.items()}
        return pd.Series(counts, dtype="Int64", name="rows")

    @property
    def match_rate(self) -> float | None:
        """Share of the rows about which a vendor was asked that are matched."""
        return self.summary.matched / self.summary.sent if self.summary.sent else None

    @property
    def fill(self) -> pd.DataFrame:
        """One row a field: in how many of the matched rows it is filled."""
        matched = self.summary.matched
        rows = [
            (name, n, n / matched if matched else None) for name, n in self.summary.filled.items()
        ]
        columns = {"field": TEXT, "filled": "Int64", "share": "Float64"}
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    @property
    def reasons(self) -> pd.DataFrame:
        """One row a status and reason, with the labels of the first rows."""
        rows = [
            (str(x.status), x.reason, x.rows, list(x.labels), explain(x.status, x.reason))
            for x in self.summary.reasons
        ]
        columns = {"status": TEXT, "reason": TEXT, "rows": "Int64", "labels": "object", "why": TEXT}
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    @property
    def runs(self) -> pd.DataFrame:
        """One row a run behind it."""
        return runs_table(self.accounts)

    @property
    def requests(self) -> pd.DataFrame:
        """Requests by run and outcome."""
        return requests_table(self.accounts)

    @property
    def providers(self) -> pd.DataFrame:
        """Coverage, cost and lift of each of several providers."""
        return self.waterfall.providers

    @property
    def fields(self) -> pd.DataFrame:
        """What each of several providers gave, field by field."""
        return self.waterfall.fields

    @property
    def disagreements(self) -> pd.DataFrame:
        """Where two providers gave different values."""
        return self.waterfall.disagreements

    @property
    def credits(self) -> float:
        """Credits spent."""
        return float(sum(one.spent for one in self.accounts))

    @property
    def credits_held(self) -> float:
        """Credits that may have been spent besides."""
        return float(sum(one.held for one in self.accounts))

    @property
    def credits_planned(self) -> float:
        """Credits at most, by the plan."""
        return float(sum(one.planned for one in self.accounts))

    @property
    def saved_by_duplicates(self) -> float:
        """Credits at most that were saved by asking once about who repeats."""
        return float(sum(one.saved_by_duplicates or 0.0 for one in self.accounts))

    @property
    def saved_by_stored(self) -> float:
        """Credits at most that were saved by stored answers."""
        return float(sum(one.saved_by_stored or 0.0 for one in self.accounts))

    @property
    def saved_by_recording(self) -> float:
        """Credits at most that were saved by a recording that was added to."""
        return float(sum(one.saved_by_recording or 0.0 for one in self.accounts))

    # -- views -----------------------------------------------------------------------------

    def __repr__(self) -> str:
        from enrich_pandas.report.layout import in_a_line

        return f"<report: {in_a_line(self)}; .to_frame(), .to_html(path), .plot()>"

    def page(self) -> Page:
        """Return all of it, in the order to be read."""
        from enrich_pandas.report.layout import page

        return page(self)

    def to_frame(self) -> pd.DataFrame:
        """Return its figures as one table.

        Returns
        -------
        pandas.DataFrame
            One row a figure: the ``section`` (``rows``, ``field``, ``reason``, ``credits``), the
            ``item`` in it, the ``value``, and its ``share`` where it is part of a whole.
        """
        total, matched = self.summary.rows, self.summary.matched
        rows: list[tuple[str, str, float, float | None]] = [
            ("rows", "all", total, None),
            *(("rows", s, n, n / total) for s, n in self.summary.counts.items()),
            *(
                ("field", f, n, n / matched if matched else None)
                for f, n in self.summary.filled.items()
            ),
            *(
                ("reason", f"{x.status}:{x.reason}", x.rows, x.rows / total)
                for x in self.summary.reasons
            ),
        ]
        if self.accounts:
            rows += [(("credits", name, getattr(self, of), None)) for name, of in MONEY.items()]
        columns = {"section": TEXT, "item": TEXT, "value": "Float64", "share": "Float64"}
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    def plot(
        self, what: Literal["fields", "rows"] = "fields", *, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw a figure for a paper, with matplotlib.

        Parameters
        ----------
        what : {"fields", "rows"}
            The share of the matched rows in which each field is filled, or the rows by status.
        ax : matplotlib.axes.Axes, optional
            Where to; else on a figure of its own.

        Returns
        -------
        matplotlib.axes.Axes
            To be given titles, a size, other colours.

        Raises
        ------
        ConfigurationError
            matplotlib is not installed, or ``what`` is another word.
        """
        from enrich_pandas.report.plot import draw

        return draw(self, what, ax)


MONEY = {
    "planned": "credits_planned",
    "spent": "credits",
    "held": "credits_held",
    "saved by duplicates": "saved_by_duplicates",
    "saved by stored answers": "saved_by_stored",
    "saved by the recording": "saved_by_recording",
}
