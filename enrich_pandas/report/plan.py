"""The plan of a call: what it will do and its maximum cost, as text and as a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from enrich_pandas.progress.phrases import amount, credits_literal
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.examples import (
    Examples,
    Remarks,
    cases_of,
    duplicates_table,
    refused_table,
    sent_table,
)
from enrich_pandas.report.page import (
    Advice,
    Block,
    Grid,
    Line,
    Lines,
    Page,
    column_lines,
    format_duration,
    format_time,
    label_lines,
    saving_lines,
)
from enrich_pandas.report.render import Viewable
from enrich_pandas.statuses import Status

MANY = 100  # credits; a plan that costs more advises a trial with a few rows


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan(Viewable):
    """The plan of a call with one provider: what it will do, and its maximum cost.

    A plan sends no request and costs nothing.

    Attributes
    ----------
    rows, valid, duplicates, distinct : int
        Rows of the frame; rows with a valid identifier; of these, rows that repeat the identity of
        another; identities.
    refused : mapping of (status, reason) to int
        Rows that will not be sent, by status and reason.
    failure_cases : pandas.DataFrame
        The bad values: the label of the ``row``, ``column``, ``value``, ``reason``, and the number
        of ``rows`` with the same value. A row with another valid identifier is listed, too.
    stored : mapping of status to int
        Identities with a stored answer, which costs nothing.
    recorded : mapping of status to int
        Identities with an answer in the recording that is replayed or added to.
    unrecorded : int
        In a replay, identities that are not in its recording. The call raises an error that names
        their rows.
    requests : int
        The requests that will be sent. If the vendor refuses one value of a batch, a few more are
        needed, which cost no credits. The balance check is one more request, and free.
    credits : float
        The maximum cost, in the vendor's credits.
    expected : float or None
        The probable cost, from the cost of earlier identities; None without such evidence.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most credits that the call would cost in addition if every row were requested, without
        stored answers, and without the recording.
    seconds : float
        The shortest time that the vendor's rate limit allows.
    remarks : Remarks
        Rows that are sent and worth checking: ``remarks.impersonal`` counts the rows with an
        address of no single person, ``remarks.by_identifier`` the identities by their identifiers.
    columns, rejected : mapping
        The column chosen for each identifier; the columns that were not chosen, and why.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, "crustdata"))  # doctest: +ELLIPSIS
    Plan for people with crustdata; nothing was sent
    ────────────────────────────────────────────────
    Rows      3
    Columns      email from 'Email'
    Valid     2  1 repeats another row
    Distinct  1  each requested at most once
    Invalid   1  not sent
    Requests  1
    Credits   1  at most
    Saved     1  at most, because duplicates are requested once
    Time         at least 0 s, by the vendor's rate limit
    ...
    """

    provider: str
    kind: Kind
    rows: int
    valid: int
    distinct: int
    refused: Mapping[tuple[Status, str], int]
    stored: Mapping[Status, int]
    abandoned: int
    elsewhere: int
    requests: int
    credits: float
    seconds: float
    expected: float | None = None
    known: int = 0
    saved_by_duplicates: float = 0.0
    saved_by_stored: float = 0.0
    saved_by_recording: float = 0.0
    recorded: Mapping[Status, int] = field(default_factory=dict)
    unrecorded: int = 0
    as_of: float | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    examples: Examples | None = field(default=None, repr=False, compare=False)
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def duplicates(self) -> int:
        """Valid rows that repeat the identity of another row."""
        return self.valid - self.distinct

    @property
    def is_askable(self) -> bool:
        """Whether any row can be sent."""
        return self.valid > 0

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The bad values, by the label of the row."""
        return cases_of(self.examples)

    def page(self) -> Page:
        """Return the plan as a page."""
        found = self.examples
        blocks: list[Block] = [Lines(list(self._lines())), refused_table(self.refused, found)]
        if found is not None:
            blocks += [sent_table(found), duplicates_table(found)]
        return Page(self.title, [*blocks, Advice(list(self._steps()))])

    @property
    def title(self) -> str:
        """The plan in one line."""
        return f"Plan for {self.kind} with {self.provider}; nothing was sent"

    def _lines(self) -> Iterator[Line]:
        yield Line("Rows", f"{self.rows:,}")
        yield from column_lines(self.columns, self.rejected)
        yield Line("Valid", f"{self.valid:,}", _repeats(self.duplicates))
        yield Line("Distinct", f"{self.distinct:,}", "each requested at most once")
        yield from self.remarks.identifier_lines() if self.credits else ()
        yield from by_status(self.refused)
        yield from self.remarks.impersonal_lines()
        yield from label_lines("Stored", _counted(self.stored, "not requested again"))
        yield from label_lines(
            "Recorded", _counted(self.recorded, f"in the recording{self._date()}")
        )
        if self.unrecorded:
            text = "not in the recording; the call raises an error that names the rows"
            yield Line("Missing", f"{self.unrecorded:,}", text)
        yield from self._others()
        yield Line("Requests", f"{self.requests:,}")
        yield from self._money()
        if self.requests or not self.recorded:
            text = f"at least {format_duration(self.seconds)}, by the vendor's rate limit"
            yield Line("Time", "", text)

    def _date(self) -> str:
        return "" if self.as_of is None else f" of {format_time(self.as_of)}"

    def _others(self) -> Iterator[Line]:
        """Yield what other runs have begun."""
        if self.abandoned:
            yield Line("Unfinished", f"{self.abandoned:,}", "batches of an earlier run; read first")
        if self.elsewhere:
            yield Line("In progress", f"{self.elsewhere:,}", "requested by another process")

    def _money(self) -> Iterator[Line]:
        yield Line("Credits", amount(self.credits), "at most")
        if self.expected is not None and self.requests:
            text = f"expected, from the cost of {self.known:,} earlier identities"
            yield Line("", amount(self.expected), text)
        yield from saving_lines(
            self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording
        )

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Yield what to do next."""
        if not self.is_askable:
            yield "No row can be sent. Name the column:", 'on={"email": "your column"}'
            return
        budget = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}(…)"
        yield from self.remarks.steps(self.columns)
        yield "Run it with the same arguments:", f"df.enrich.{self.kind}(…{budget})"
        if len(self.failure_cases):
            yield "See all bad values:", "plan.failure_cases"


def by_status(refused: Mapping[tuple[Status, str], int]) -> Iterator[Line]:
    """Yield the rows that are not sent, by status."""
    for status in Status:
        if rows := sum(n for (of, _), n in refused.items() if of is status):
            yield Line(status.label.capitalize(), f"{rows:,}", "not sent")


def _counted(answers: Mapping[Status, int], text: str) -> list[tuple[str, str]]:
    return [(f"{n:,}", f"{status.label}; {text}") for status, n in answers.items()]


def _repeats(rows: int) -> str:
    return f"{rows:,} {'repeats' if rows == 1 else 'repeat'} another row" if rows else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """The part of a plan that is about one of several providers.

    Attributes
    ----------
    provider : str
        Its name.
    rows_best, rows : int
        Rows sent if the providers before it return all wanted fields, and at most.
    distinct_best, distinct : int
        Identities of these rows, each requested at most once.
    stored : int
        Identities with a stored answer, which costs nothing.
    requests_best, requests, credits_best, credits : int, float
        Requests and credits in the best case, and at most.
    seconds : float
        The shortest time that its rate limit allows for the maximum number of requests.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most credits that it would cost in addition if every row were requested, without stored
        answers, and without the recording.
    """

    provider: str
    rows_best: int
    rows: int
    distinct_best: int
    distinct: int
    stored: int
    requests_best: int
    requests: int
    credits_best: float
    credits: float
    seconds: float
    saved_by_duplicates: float = 0.0
    saved_by_stored: float = 0.0
    saved_by_recording: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WaterfallPlan(Viewable):
    """The plan of a call with several providers, in the best and in the worst case.

    A plan sends no request and costs nothing.

    Attributes
    ----------
    rows, skipped : int
        Rows of the frame, and rows that ``where`` leaves out.
    stages : tuple of StagePlan
        The plan of each provider, in order.
    requests_best, requests : int
        Requests if each provider returns all wanted fields, and at most.
    credits_best, credits : float
        Credits in the same cases. Credits of different vendors have different values.
    seconds : float
        The shortest time that the rate limits allow for the maximum number of requests.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The sums over the stages.
    refused : mapping of (status, reason) to int
        Rows that no provider accepts, by status and reason.
    failure_cases : pandas.DataFrame
        As in the plan of one provider: the values that are bad for any provider.
    remarks : Remarks
        As in the plan of one provider, for the frame's own columns.
    columns, rejected : mapping
        The column chosen for each identifier; the columns that were not chosen, and why.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, ["crustdata", ep.Crustdata(api="screener")]))  # doctest: +ELLIPSIS
    Plan for people with crustdata, then crustdata (2); nothing was sent
    ────────────────────────────────────────────────────────────────────
    Rows     3
    Columns     email from 'Email'
    Valid    2  for at least one provider
    Invalid  1  not sent
    Credits  4  at most; 1 if each provider returns all wanted fields
    Saved    4  at most, because duplicates are requested once
    Time        at least 0 s, by the vendors' rate limits
    <BLANKLINE>
    Providers in order
    Provider         Rows  Distinct  Stored  Requests  Credits
    crustdata           2         1       0         1        1
    crustdata (2)  0 to 2    0 to 1       0    0 to 1   0 to 3
    <BLANKLINE>
    Not sent
    ...
    """

    kind: Kind
    rows: int
    skipped: int
    stages: tuple[StagePlan, ...]
    refused: Mapping[tuple[Status, str], int] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    examples: Examples | None = field(default=None, repr=False, compare=False)
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def is_askable(self) -> bool:
        """Whether any row can be sent."""
        return self.examples is None or bool(self.examples.sent)

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The bad values, by the label of the row."""
        return cases_of(self.examples)

    @property
    def requests_best(self) -> int:
        """Requests, if each provider returns all wanted fields."""
        return sum(stage.requests_best for stage in self.stages)

    @property
    def requests(self) -> int:
        """The maximum number of requests."""
        return sum(stage.requests for stage in self.stages)

    @property
    def credits_best(self) -> float:
        """Credits, if each provider returns all wanted fields."""
        return sum(stage.credits_best for stage in self.stages)

    @property
    def credits(self) -> float:
        """The maximum cost in credits."""
        return sum(stage.credits for stage in self.stages)

    @property
    def saved_by_duplicates(self) -> float:
        """The most credits saved because duplicates are requested once."""
        return sum(stage.saved_by_duplicates for stage in self.stages)

    @property
    def saved_by_stored(self) -> float:
        """The most credits saved by stored answers."""
        return sum(stage.saved_by_stored for stage in self.stages)

    @property
    def saved_by_recording(self) -> float:
        """The most credits saved by a recording."""
        return sum(stage.saved_by_recording for stage in self.stages)

    @property
    def seconds(self) -> float:
        """The shortest time for the maximum number of requests."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def title(self) -> str:
        """The plan in one line."""
        names = ", then ".join(stage.provider for stage in self.stages)
        return f"Plan for {self.kind} with {names}; nothing was sent"

    def page(self) -> Page:
        """Return the plan as a page."""
        found = self.examples
        blocks: list[Block] = [Lines(list(self._lines())), self._stages()]
        if found is not None:
            blocks += [
                refused_table(self.refused, found),
                sent_table(found),
                duplicates_table(found),
            ]
        return Page(self.title, [*blocks, Advice(list(self._steps()))])

    def _lines(self) -> Iterator[Line]:
        best = f"at most; {amount(self.credits_best)} if each provider returns all wanted fields"
        time = f"at least {format_duration(self.seconds)}, by the vendors' rate limits"
        yield Line("Rows", f"{self.rows:,}")
        yield from column_lines(self.columns, self.rejected)
        if self.examples is not None:
            usable = self.rows - sum(self.refused.values())
            yield Line("Valid", f"{usable:,}", "for at least one provider")
        yield from self.remarks.identifier_lines() if self.credits else ()
        yield from by_status(self.refused)
        yield from self.remarks.impersonal_lines()
        yield Line("Credits", amount(self.credits), best)
        yield from saving_lines(
            self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording
        )
        yield Line("Time", "", time)

    def _stages(self) -> Grid:
        columns = ["Provider", "Rows", "Distinct", "Stored", "Requests", "Credits"]
        return Grid("Providers in order", columns, list(map(_stage, self.stages)), columns[1:])

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Yield what to do next."""
        if not self.is_askable:
            yield "No row can be sent. Name the column:", 'on={"email": "your column"}'
            return
        budget = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}([…])"
        yield from self.remarks.steps(self.columns)
        yield "Run it with the same arguments:", f"df.enrich.{self.kind}([…]{budget})"
        if len(self.failure_cases):
            yield "See all bad values:", "plan.failure_cases"


def _stage(stage: StagePlan) -> list[str]:
    """Return a row of the table, with the best and the worst case if they differ."""
    return [
        stage.provider,
        _range(stage.rows_best, stage.rows),
        _range(stage.distinct_best, stage.distinct),
        f"{stage.stored:,}",
        _range(stage.requests_best, stage.requests),
        _range(stage.credits_best, stage.credits),
    ]


def _range(best: float, most: float) -> str:
    return amount(most) if best == most else f"{amount(best)} to {amount(most)}"
