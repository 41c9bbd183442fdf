"""The plan of a call as text and as a page.

`Plan` adds the table's examples and the rendering to `engine.plan.PlanData`, so that planning
knows no presentation and nothing needs to be converted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from enrich_pandas.engine.plan import PlanData, StagePlan
from enrich_pandas.progress.phrases import amount, credits_literal, named
from enrich_pandas.providers.base import Status
from enrich_pandas.report.examples import Examples, Remarks, askings, cases_of, refusals, repeats
from enrich_pandas.report.page import (
    Advice,
    Block,
    Grid,
    Line,
    Lines,
    Page,
    date,
    duration,
    labelled,
    told,
)
from enrich_pandas.report.render import Viewed

MANY = 100  # credits from which on a trial with a few rows is advised


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan(Viewed, PlanData):
    """What a call will do and its maximum cost, for one provider or several.

    Making a plan costs nothing. An attribute ``…_best`` is the value if each provider delivers
    every wanted field; for a single provider it equals the attribute without ``_best``.

    Attributes
    ----------
    stages : tuple of StagePlan
        What each provider will be requested for, in order.
    rows, valid, duplicates, distinct : int
        Rows of the frame; rows with a usable identifier; of these, rows that repeat another row;
        distinct identities. With several providers, a row is valid if one of them can enrich it,
        and repeats another row if it has the same identifiers.
    invalid, skipped : int
        Rows without a valid identifier; rows that the call leaves out.
    refused : mapping of (status, reason) to int
        Rows that will not be requested, and why.
    failure_cases : pandas.DataFrame
        The values that are not valid: ``row`` (the label), ``column``, ``value``, ``reason``, and
        ``rows``, the number of rows like it.
    stored, recorded : mapping of status to int
        Identities whose result is in the journal, or in the cassette. They cost nothing.
    unrecorded : int
        In a replay, identities that the cassette does not contain. The call raises ReplayError.
    as_of : float or None
        Time of the recording, in seconds since the epoch.
    abandoned, elsewhere : int
        Batches of a process that died; identities that another process is requesting now.
    requests, requests_best : int
        First requests for the identities. A vendor that rejects one value of a batch causes a few
        more, at no extra credits. The balance check is one more, and free.
    credits, credits_best : float
        Maximum cost. The credits of different vendors are not worth the same.
    expected : float or None
        Expected cost, from what the same purchase cost for ``known`` identities before.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        Maximum additional cost if every row were requested separately, if nothing were stored, and
        if nothing were recorded.
    seconds : float
        Minimum time that the vendors' rate limits allow.
    warnings : tuple of str
        What is worth a look before the call.
    remarks : Remarks
        ``remarks.impersonal`` counts rows with an impersonal address, ``remarks.asked_by`` the
        identities by their identifiers.
    columns, rejected : mapping
        The column chosen for each identifier; columns that looked like one, and why they are not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, "crustdata"))  # doctest: +ELLIPSIS
    Plan for people with crustdata; nothing was sent
    ────────────────────────────────────────────────
    rows      3
    columns      email from 'Email'
    usable    2  of which 1 repeats another
    distinct  1  each asked for once at most
    invalid   1  not sent
    requests  1
    credits   1  at most
    saved     1  by asking once about who repeats
    time         0 s at least, by the vendor's rate limit
    ...
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, ["crustdata", ep.Crustdata(api="screener")]))  # doctest: +ELLIPSIS
    Plan for people with crustdata, then crustdata (2); nothing was sent
    ────────────────────────────────────────────────────────────────────
    rows     3
    columns     email from 'Email'
    usable   2  one provider at least can be asked about them
    invalid  1  not sent
    credits  4  at most; 1 if every provider gives all that is wanted
    saved    4  by asking once about who repeats
    time        0 s at least, by the vendors' rate limits
    <BLANKLINE>
    in this order
    provider       rows to ask about  distinct  stored  requests  credits
    crustdata                      2         1       0         1        1
    crustdata (2)             0 to 2    0 to 1       0    0 to 1   0 to 3
    <BLANKLINE>
    not sent
    ...
    """

    examples: Examples | None = field(default=None, compare=False)
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The values that are not valid, by the label of the row."""
        return cases_of(self.examples)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is worth a look before the call."""
        lines = [*(self.remarks.twice() if self.credits else ()), *self.remarks.nobody()]
        return tuple(" ".join(filter(None, (line.number, line.text))) for line in lines)

    def page(self) -> Page:
        """Return the plan, in the order to be read."""
        found, is_single = self.examples, len(self.stages) == 1
        lines = self._lines() if is_single else self._lines_of_several()
        blocks: list[Block] = [Lines(list(lines))]
        if not is_single:
            blocks.append(self._stages())
        if is_single or found is not None:
            blocks.append(refusals(self.refused, found))
        if found is not None:
            blocks += [askings(found), repeats(found)]
        return Page(self.title, [*blocks, Advice(list(self._steps()))])

    @property
    def title(self) -> str:
        """The plan in a line."""
        names = ", then ".join(stage.provider for stage in self.stages)
        return f"Plan for {self.kind} with {names}; nothing was sent"

    def _lines(self) -> Iterator[Line]:
        yield Line("rows", f"{self.rows:,}")
        yield from labelled("columns", told(self.columns, self.rejected))
        yield Line("usable", f"{self.valid:,}", _repeats(self.duplicates))
        yield Line("distinct", f"{self.distinct:,}", "each asked for once at most")
        yield from self.remarks.twice() if self.credits else ()
        yield from by_status(self.refused)
        yield from self.remarks.nobody()
        yield from labelled("stored", _counted(self.stored, "not asked again"))
        yield from labelled("recorded", _counted(self.recorded, f"in the recording{self._date()}"))
        if self.unrecorded:
            text = "not in the recording; the call raises, and says which rows"
            yield Line("missing", f"{self.unrecorded:,}", text)
        yield from self._others()
        yield Line("requests", f"{self.requests:,}")
        yield from self._money()
        if self.requests or not self.recorded:
            text = f"{duration(self.seconds)} at least, by the vendor's rate limit"
            yield Line("time", "", text)

    def _lines_of_several(self) -> Iterator[Line]:
        best = f"at most; {amount(self.credits_best)} if every provider gives all that is wanted"
        time = f"{duration(self.seconds)} at least, by the vendors' rate limits"
        yield Line("rows", f"{self.rows:,}")
        yield from labelled("columns", told(self.columns, self.rejected))
        if self.examples is not None:
            yield Line("usable", f"{self.valid:,}", "one provider at least can be asked about them")
        yield from self.remarks.twice() if self.credits else ()
        yield from by_status(self.refused)
        yield from self.remarks.nobody()
        yield Line("credits", amount(self.credits), best)
        yield from savings(self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording)
        yield Line("time", "", time)

    def _stages(self) -> Grid:
        columns = ["provider", "rows to ask about", "distinct", "stored", "requests", "credits"]
        return Grid("in this order", columns, list(map(_stage, self.stages)), columns[1:])

    def _date(self) -> str:
        return "" if self.as_of is None else f" as of {date(self.as_of)}"

    def _others(self) -> Iterator[Line]:
        """Tell of what other runs have begun."""
        if self.abandoned:
            yield Line("begun", f"{self.abandoned:,}", "batches of a run that died; read first")
        if self.elsewhere:
            yield Line("elsewhere", f"{self.elsewhere:,}", "being asked for by another process")

    def _money(self) -> Iterator[Line]:
        yield Line("credits", amount(self.credits), "at most")
        if self.expected is not None and self.requests:
            text = f"expected, by what {self.known:,} cost that were asked about before"
            yield Line("", amount(self.expected), text)
        yield from savings(self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording)

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Say what to do next."""
        if not self.is_askable:
            yield "No row can be asked about. Name the column:", 'on={"email": "your column"}'
            return
        several = "[…]" if len(self.stages) > 1 else "…"
        wall = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}({several})"
        yield from self.remarks.steps(self.columns)
        yield "Go on with the same arguments:", f"df.enrich.{self.kind}({several}{wall})"
        if len(self.failure_cases):
            yield "See every value that is wrong:", "plan.failure_cases"


def savings(by_duplicates: float, by_stored: float, by_recording: float) -> list[Line]:
    """Say what is saved, and by what."""
    saved = [
        (by_duplicates, "by asking once about who repeats"),
        (by_stored, "by stored answers"),
        (by_recording, "by the recording"),
    ]
    return labelled("saved", [(amount(credit), text) for credit, text in saved if credit])


def by_status(refused: Mapping[tuple[Status, str], int]) -> Iterator[Line]:
    """Count the rows that are not sent."""
    for status in Status:
        if rows := sum(n for (of, _), n in refused.items() if of is status):
            yield Line(status, f"{rows:,}", "not sent")


def _counted(answers: Mapping[Status, int], text: str) -> list[tuple[str, str]]:
    return [(f"{n:,}", f"{named(status)}; {text}") for status, n in answers.items()]


def _repeats(rows: int) -> str:
    return f"of which {rows:,} {'repeats' if rows == 1 else 'repeat'} another" if rows else ""


def _stage(stage: StagePlan) -> list[str]:
    """Tell of a provider in a row; where best and worst differ, both."""
    return [
        stage.provider,
        _range(stage.rows_best, stage.rows),
        _range(stage.distinct_best, stage.distinct),
        f"{sum(stage.stored.values()) + sum(stage.recorded.values()):,}",
        _range(stage.requests_best, stage.requests),
        _range(stage.credits_best, stage.credits),
    ]


def _range(best: float, most: float) -> str:
    return amount(most) if best == most else f"{amount(best)} to {amount(most)}"
