"""The report on a call: its figures, tables and views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.progress.html import ACCENT
from enrich_pandas.report.layout import report_line, report_page
from enrich_pandas.report.page import Page, explain
from enrich_pandas.report.render import Viewable
from enrich_pandas.report.summary import (
    Costs,
    RunFacts,
    Summary,
    WaterfallTables,
    requests_table,
    runs_table,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, repr=False)
class Report(Viewable):
    """The report on a call: counts, match rate, costs, fill rates, reasons and provenance.

    Returned by `DataFrame.enrich.report` for a result, by ``ep.run(id).report`` for a past run, and
    by `last_report` for the last call. A notebook shows it as a page. `to_html` writes the page to
    a file, `to_frame` returns the figures, and `plot` draws them.

    Attributes
    ----------
    counts : pandas.Series
        Rows by status; dtype ``Int64``.
    match_rate : float or None
        The share of the sent rows that are matched; None if no row was sent.
    fill : pandas.DataFrame
        One row for each field: the matched rows in which it is ``filled``, and their ``share``.
    reasons : pandas.DataFrame
        One row for each status and reason: the number of ``rows``, the ``labels`` of the first of
        them, and ``why`` in a sentence.
    credits, credits_held, credits_planned : float
        The credits spent, the credits that may also have been charged because an answer was lost,
        and the planned maximum. A replay spends nothing; its figures are those of the recording.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most credits that the call would have cost in addition if every row had been requested,
        without stored answers, and without the recording that it added to.
    runs : pandas.DataFrame
        One row for each run that returned the answers: provider, API version, times, costs, and
        the version of this library.
    requests : pandas.DataFrame
        The requests of these runs by ``outcome``: how many, how many were billed, and their maximum
        cost. A request is ``unknown`` if its answer was lost or does not show the charge.
    providers : pandas.DataFrame
        For a call with several providers, one row for each, in order: the rows ``asked`` for and
        ``matched``, and ``coverage`` (their share); ``rows_added``, the rows that no other provider
        matched; ``values`` in the result, and ``values_added``, those that no other provider
        returned; ``credits``, ``credits_held``, and the ``run`` in `runs`.
    fields : pandas.DataFrame
        For such a call, one row for each provider and field: the rows for which the provider
        ``gave`` a value, those whose value was ``kept``, and ``added``, those for which no other
        provider gave one.
    disagreements : pandas.DataFrame
        For such a call, one row for each row and field with two different values, by the index of
        the frame: the position of the ``row``, the ``field``, the ``provider`` and ``value`` that
        were kept, the ``other_provider`` and the ``other_value``. Differences in case, in spaces
        around text and in the spelling of an address do not count.

    Notes
    -----
    A report costs nothing. Labels and disagreements are personal data, as the frame is. A later
    provider is requested only for missing fields, so its other values are not known.

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
    run_facts: tuple[RunFacts, ...] = ()
    waterfall: WaterfallTables = field(default_factory=WaterfallTables)

    @property
    def counts(self) -> "pd.Series[Any]":
        """Rows by status."""
        counts = {str(status): rows for status, rows in self.summary.counts.items()}
        return pd.Series(counts, dtype="Int64", name="rows")

    @property
    def match_rate(self) -> float | None:
        """The share of the sent rows that are matched."""
        return self.summary.match_rate

    @property
    def fill(self) -> pd.DataFrame:
        """The fill rate of each field among the matched rows."""
        matched = self.summary.matched
        rows = [
            (name, n, n / matched if matched else None) for name, n in self.summary.filled.items()
        ]
        return _table(rows, {"field": TEXT, "filled": "Int64", "share": "Float64"})

    @property
    def reasons(self) -> pd.DataFrame:
        """Rows by status and reason, with the labels of the first rows."""
        rows = [
            (str(x.status), x.reason, x.rows, list(x.labels), explain(x.status, x.reason))
            for x in self.summary.reasons
        ]
        columns = {"status": TEXT, "reason": TEXT, "rows": "Int64", "labels": "object", "why": TEXT}
        return _table(rows, columns)

    @property
    def runs(self) -> pd.DataFrame:
        """The runs that returned the answers."""
        return runs_table(self.run_facts)

    @property
    def requests(self) -> pd.DataFrame:
        """Requests by run and outcome."""
        return requests_table(self.run_facts)

    @property
    def providers(self) -> pd.DataFrame:
        """Coverage, cost and lift of each of several providers."""
        return self.waterfall.providers

    @property
    def fields(self) -> pd.DataFrame:
        """The values that each of several providers returned, by field."""
        return self.waterfall.fields

    @property
    def disagreements(self) -> pd.DataFrame:
        """The rows and fields for which two providers returned different values."""
        return self.waterfall.disagreements

    @property
    def credits(self) -> float:
        """The credits spent."""
        return self._costs.spent

    @property
    def credits_held(self) -> float:
        """The credits that may also have been charged, because an answer was lost."""
        return self._costs.held

    @property
    def credits_planned(self) -> float:
        """The maximum credits of the plan."""
        return self._costs.planned

    @property
    def saved_by_duplicates(self) -> float:
        """The most credits saved because duplicates are requested once."""
        return self._costs.saved_by_duplicates

    @property
    def saved_by_stored(self) -> float:
        """The most credits saved by stored answers."""
        return self._costs.saved_by_stored

    @property
    def saved_by_recording(self) -> float:
        """The most credits saved by the recording that the call added to."""
        return self._costs.saved_by_recording

    @property
    def _costs(self) -> Costs:
        return Costs.of(self.run_facts)

    def __repr__(self) -> str:
        line = report_line(self.summary, self.run_facts, self.waterfall)
        return f"<report: {line}; .to_frame(), .to_html(path), .plot()>"

    def page(self) -> Page:
        """Return the report as a page."""
        return report_page(self.summary, self.run_facts, self.waterfall)

    def to_frame(self) -> pd.DataFrame:
        """Return the figures as one table.

        Returns
        -------
        pandas.DataFrame
            One row for each figure: its ``section`` (``rows``, ``field``, ``reason`` or
            ``credits``), the ``item``, the ``value``, and the ``share`` if it is part of a whole.
        """
        summary = self.summary
        total, matched = summary.rows, summary.matched
        rows: list[tuple[str, str, float, float | None]] = [
            ("rows", "all", total, None),
            *(("rows", s, n, n / total) for s, n in summary.counts.items()),
            *(("field", f, n, n / matched if matched else None) for f, n in summary.filled.items()),
            *(
                ("reason", f"{x.status}:{x.reason}", x.rows, x.rows / total)
                for x in summary.reasons
            ),
        ]
        if self.run_facts:
            costs = self._costs
            rows += [
                ("credits", "planned", costs.planned, None),
                ("credits", "spent", costs.spent, None),
                ("credits", "held", costs.held, None),
                ("credits", "saved by duplicates", costs.saved_by_duplicates, None),
                ("credits", "saved by stored answers", costs.saved_by_stored, None),
                ("credits", "saved by the recording", costs.saved_by_recording, None),
            ]
        columns = {"section": TEXT, "item": TEXT, "value": "Float64", "share": "Float64"}
        return _table(rows, columns)

    def plot(
        self, what: Literal["fields", "rows"] = "fields", *, ax: "Axes | None" = None
    ) -> "Axes":
        """Draw a figure with matplotlib.

        Parameters
        ----------
        what : {"fields", "rows"}
            The fill rate of each field among the matched rows, or the rows by status.
        ax : matplotlib.axes.Axes, optional
            The axes to draw on. By default, new axes on a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            The axes, to set titles, sizes and colors.

        Raises
        ------
        ConfigurationError
            If matplotlib is not installed, or if ``what`` is another word.
        """
        if what not in _DRAWINGS:
            raise ConfigurationError(
                f"what={what!r} is not a figure.",
                todo=f"Type {' or '.join(map(repr, _DRAWINGS))}.",
            )
        bars = self.summary.filled if what == "fields" else self.summary.counts
        axes = _new_axes(len(bars)) if ax is None else ax
        _DRAWINGS[what](self.summary, axes)
        axes.margins(y=0.01)
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        return axes


def _table(rows: list[Any], columns: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(dict(columns))


def _new_axes(bars: int) -> "Axes":
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ConfigurationError(
            "matplotlib is not installed.", todo='Type pip install "enrich-pandas[plot]".'
        ) from None
    _, axes = plt.subplots(figsize=(6.4, 0.8 + 0.24 * max(bars, 3)), layout="constrained")
    return axes


def _draw_fields(summary: Summary, ax: Any) -> None:
    shares = [100 * n / summary.matched if summary.matched else 0 for n in summary.filled.values()]
    ax.barh(list(summary.filled), shares, color=ACCENT)
    ax.set_xlim(0, 100)
    ax.set_xlabel(f"% of {summary.matched:,} matched {summary.unit}")


def _draw_rows(summary: Summary, ax: Any) -> None:
    names = [status.label for status in summary.counts]
    colors = [status.info.color for status in summary.counts]
    bars = ax.barh(names, list(summary.counts.values()), color=colors)
    ax.bar_label(bars, labels=[f"{rows:,}" for rows in summary.counts.values()], padding=3)
    ax.set_xlabel(summary.unit.capitalize())


_DRAWINGS: Mapping[str, Callable[[Summary, Any], None]] = {
    "fields": _draw_fields,
    "rows": _draw_rows,
}
