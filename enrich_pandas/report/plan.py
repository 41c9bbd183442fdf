"""The quote: what a call will do and the most it can cost, as text and as a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from enrich_pandas.progress.phrases import amount, credits_literal, named
from enrich_pandas.providers.base import Kind, Status
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
class Plan(Viewed):
    """What a call will do and the most it can cost; making one costs nothing.

    Attributes
    ----------
    rows, valid, duplicates, distinct : int
        Rows of the frame; rows that hold a usable identifier; of these, rows that repeat another
        one's identity; identities.
    refused : mapping of (status, reason) to int
        Rows that will not be sent, and why.
    failure_cases : pandas.DataFrame
        The values that are wrong, by the label of the ``row``: ``column``, ``value``, ``reason``,
        and how many ``rows`` are like it. A value is listed also where another of its row serves.
    stored : mapping of status to int
        Identities whose answer is already here, and costs nothing.
    recorded : mapping of status to int
        Identities whose answer is in the recording that is replayed or added to.
    unrecorded : int
        In a replay, identities that are not in its recording: the call raises, and says which.
    requests : int
        First requests that will be made about somebody. A vendor that refuses one value of a batch
        costs a few more, and no more credits; what is left on the account is one more, and free.
    credits : float
        The most that the call can cost, in the vendor's credits.
    expected : float or None
        What it will probably cost, by what the same purchase cost before; None where nothing is
        known.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most that it would cost besides if every row were asked about, if nothing were stored,
        and if nothing were recorded.
    seconds : float
        The least time that the vendor's rate limit allows.
    remarks : Remarks
        What is asked about and yet worth a look: ``remarks.impersonal`` counts the rows whose
        address is no person's own, ``remarks.asked_by`` the identities by what they are known by.
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
        """Whether anybody can be asked about."""
        return self.valid > 0

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The values that are wrong, by the label of the row."""
        return cases_of(self.examples)

    def page(self) -> Page:
        """Return the plan, in the order to be read."""
        found = self.examples
        blocks: list[Block] = [Lines(list(self._lines())), refusals(self.refused, found)]
        if found is not None:
            blocks += [askings(found), repeats(found)]
        return Page(self.title, [*blocks, Advice(list(self._steps()))])

    @property
    def title(self) -> str:
        """The plan in a line."""
        return f"Plan for {self.kind} with {self.provider}; nothing was sent"

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
        wall = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}(…)"
        yield from self.remarks.steps(self.columns)
        yield "Go on with the same arguments:", f"df.enrich.{self.kind}(…{wall})"
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


# -- The quote for several providers: what each will be asked for, at best and at worst ----------


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """What one provider of several will be asked for.

    Attributes
    ----------
    provider : str
        Its name.
    rows_best, rows : int
        Rows it is asked about if those before it give all that is wanted, and at the most.
    distinct_best, distinct : int
        Identities of these, each asked for once at most; likewise.
    stored : int
        Identities whose answer is already here, and costs nothing.
    requests_best, requests, credits_best, credits : int, float
        Likewise.
    seconds : float
        The least time that its rate limit allows for the most requests.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most that it would cost besides if every row were asked about by itself, if nothing were
        stored, and if nothing were recorded.
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
class WaterfallPlan(Viewed):
    """What a call with several providers will do, at best and at worst; making one costs nothing.

    Attributes
    ----------
    rows, skipped : int
        Rows of the frame, and those that ``where`` leaves out.
    stages : tuple of StagePlan
        What each provider is asked for, in order.
    requests_best, requests : int
        First requests if each provider gives all that is wanted, and at the most.
    credits_best, credits : float
        Credits likewise. The credits of different vendors are not worth the same.
    seconds : float
        The least time that the vendors' rate limits allow for the most requests.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        As of its stages.
    refused : mapping of (status, reason) to int
        Rows that no provider can be asked about as they are, and why.
    failure_cases : pandas.DataFrame
        As of the plan of a single provider: the values that are wrong for any of them.
    remarks : Remarks
        As of the plan of a single provider, by the frame's own columns.
    columns, rejected : mapping
        The column chosen for each identifier; columns that looked like one, and why they are not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
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
        """Whether anybody can be asked about."""
        return self.examples is None or bool(self.examples.sent)

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The values that are wrong, by the label of the row."""
        return cases_of(self.examples)

    @property
    def requests_best(self) -> int:
        """First requests, if each provider gives all that is wanted."""
        return sum(stage.requests_best for stage in self.stages)

    @property
    def requests(self) -> int:
        """First requests at the most."""
        return sum(stage.requests for stage in self.stages)

    @property
    def credits_best(self) -> float:
        """Credits, if each provider gives all that is wanted."""
        return sum(stage.credits_best for stage in self.stages)

    @property
    def credits(self) -> float:
        """Credits at the most."""
        return sum(stage.credits for stage in self.stages)

    @property
    def saved_by_duplicates(self) -> float:
        """Credits at most that are saved by asking once about who repeats."""
        return sum(stage.saved_by_duplicates for stage in self.stages)

    @property
    def saved_by_stored(self) -> float:
        """Credits at most that are saved by stored answers."""
        return sum(stage.saved_by_stored for stage in self.stages)

    @property
    def saved_by_recording(self) -> float:
        """Credits at most that are saved by a recording."""
        return sum(stage.saved_by_recording for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Seconds that the rate limits ask for at the most requests."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def title(self) -> str:
        """The plan in a line."""
        names = ", then ".join(stage.provider for stage in self.stages)
        return f"Plan for {self.kind} with {names}; nothing was sent"

    def page(self) -> Page:
        """Return the plan, in the order to be read."""
        found = self.examples
        blocks: list[Block] = [Lines(list(self._lines())), self._stages()]
        if found is not None:
            blocks += [refusals(self.refused, found), askings(found), repeats(found)]
        return Page(self.title, [*blocks, Advice(list(self._steps()))])

    def _lines(self) -> Iterator[Line]:
        best = f"at most; {amount(self.credits_best)} if every provider gives all that is wanted"
        time = f"{duration(self.seconds)} at least, by the vendors' rate limits"
        yield Line("rows", f"{self.rows:,}")
        yield from labelled("columns", told(self.columns, self.rejected))
        if self.examples is not None:
            usable = self.rows - sum(self.refused.values())
            yield Line("usable", f"{usable:,}", "one provider at least can be asked about them")
        yield from self.remarks.twice() if self.credits else ()
        yield from by_status(self.refused)
        yield from self.remarks.nobody()
        yield Line("credits", amount(self.credits), best)
        yield from savings(self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording)
        yield Line("time", "", time)

    def _stages(self) -> Grid:
        columns = ["provider", "rows to ask about", "distinct", "stored", "requests", "credits"]
        return Grid("in this order", columns, list(map(_stage, self.stages)), columns[1:])

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Say what to do next."""
        if not self.is_askable:
            yield "No row can be asked about. Name the column:", 'on={"email": "your column"}'
            return
        wall = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}([…])"
        yield from self.remarks.steps(self.columns)
        yield "Go on with the same arguments:", f"df.enrich.{self.kind}([…]{wall})"
        if len(self.failure_cases):
            yield "See every value that is wrong:", "plan.failure_cases"


def _stage(stage: StagePlan) -> list[str]:
    """Tell of a provider in a row; where best and worst differ, both."""
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
