"""The quote: what a call will do and the most it can cost, as text and as a page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pandas as pd

from enrich_pandas.progress.phrases import amount, named, typed
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.examples import Examples, askings, cases_of, refusals, repeats
from enrich_pandas.report.page import (
    Advice,
    Block,
    Line,
    Lines,
    Page,
    Viewed,
    date,
    duration,
    labelled,
    told,
)
from enrich_pandas.report.remarks import Remarks

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
        wall = f", budget={typed(self.credits)}" if self.credits else ""
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
