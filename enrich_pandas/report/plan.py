"""The plan of a call as text and as a page.

`Plan` adds examples from the frame and the rendering to `engine.plan.PlanData`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from enrich_pandas.engine.plan import PlanData, StagePlan
from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns
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
    format_value,
    label_lines,
    saving_lines,
)
from enrich_pandas.report.render import Viewable
from enrich_pandas.report.summary import find_prefixes, result_columns
from enrich_pandas.statuses import Status

MANY = 100  # credits; a plan that can cost more advises a trial with a few rows


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan(Viewable, PlanData):
    """What a call will do and its maximum cost, for one provider or several.

    A plan sends no request and costs nothing. An attribute ``…_best`` is the value if each provider
    returns all wanted fields. With one provider it equals the attribute without ``_best``.

    Attributes
    ----------
    stages : tuple of StagePlan
        The plan of each provider, in order.
    rows, valid, duplicates, distinct : int
        Rows of the frame; rows with a valid identifier; of these, rows that repeat another row;
        distinct identities. With several providers, a row is valid if one of them accepts it, and
        repeats another row if it has the same identifiers.
    invalid, skipped : int
        Rows without a valid identifier; rows that the call leaves out.
    refused : mapping of (status, reason) to int
        Rows that will not be sent, by status and reason.
    failure_cases : pandas.DataFrame
        The bad values: the label of the ``row``, ``column``, ``value``, ``reason``, and the number
        of ``rows`` with the same value. A row with another valid identifier is listed, too.
    stored, recorded : mapping of status to int
        Identities with an answer in the journal or in the cassette, which costs nothing.
    unrecorded : int
        In a replay, identities that are not in the cassette. The call raises ReplayError.
    as_of : float or None
        The time of the recording, in seconds since the epoch.
    abandoned, elsewhere : int
        Batches of a process that died; identities that another process is requesting.
    requests, requests_best : int
        Requests for the identities. If the vendor rejects one value of a batch, a few more are
        needed, which cost no credits. The balance check is one more request, and free.
    credits, credits_best : float
        The maximum cost. Credits of different vendors have different values.
    expected : float or None
        The probable cost, from the cost of ``known`` earlier identities.
    saved_by_duplicates, saved_by_stored, saved_by_recording : float
        The most credits that the call would cost in addition if every row were requested, without
        stored answers, and without the recording.
    seconds : float
        The shortest time that the rate limits allow.
    warnings : tuple of str
        What to check before the call.
    remarks : Remarks
        The counts behind the warnings: ``remarks.impersonal`` has the rows with an address of no
        single person, ``remarks.by_identifier`` the identities by their identifiers.
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
    Time         at least 0 s, by the rate limit
    ...
    >>> with ep.sandbox():
    ...     plan = ep.plan(leads, ["crustdata", ep.Crustdata(api="screener")])
    >>> plan.credits_best, plan.credits, [stage.provider for stage in plan.stages]
    (1.0, 4.0, ['crustdata', 'crustdata (2)'])
    """

    examples: Examples | None = field(default=None, compare=False)
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def failure_cases(self) -> pd.DataFrame:
        """The bad values, by the label of the row."""
        return cases_of(self.examples)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to check before the call."""
        lines = [*self._identifier_lines(), *self.remarks.impersonal_lines()]
        return tuple(" ".join(filter(None, (line.number, line.text))) for line in lines)

    @property
    def title(self) -> str:
        """The plan in one line."""
        names = ", then ".join(stage.provider for stage in self.stages)
        return f"Plan for {self.kind} with {names}; nothing was sent"

    def page(self) -> Page:
        """Return the plan as a page."""
        found = self.examples
        blocks: list[Block] = [
            Lines(list(self._lines())),
            *([_stages_table(self.stages)] if self._has_several else []),
            refused_table(self.refused, found),
            *([sent_table(found), duplicates_table(found)] if found is not None else []),
            Advice(list(self._steps())),
        ]
        return Page(self.title, blocks)

    @property
    def _has_several(self) -> bool:
        return len(self.stages) > 1

    def _lines(self) -> Iterator[Line]:
        yield Line("Rows", f"{self.rows:,}")
        yield from column_lines(self.columns, self.rejected)
        valid = ["for at least one provider"] if self._has_several else []
        valid += [_repeats(self.duplicates)] if self.duplicates else []
        yield Line("Valid", f"{self.valid:,}", "; ".join(valid))
        each = " from each provider" if self._has_several else ""
        yield Line("Distinct", f"{self.distinct:,}", f"each requested at most once{each}")
        yield from self._identifier_lines()
        yield from _refused_lines(self.refused)
        yield from self.remarks.impersonal_lines()
        yield from self._known_lines()
        yield Line("Requests", f"{self.requests:,}", self._range(self.requests_best, self.requests))
        yield from self._credit_lines()
        if self.requests or not self.recorded:
            limit = "the rate limits" if self._has_several else "the rate limit"
            yield Line("Time", "", f"at least {format_duration(self.seconds)}, by {limit}")

    def _identifier_lines(self) -> Iterator[Line]:
        yield from self.remarks.identifier_lines() if self.credits else ()

    def _known_lines(self) -> Iterator[Line]:
        """Yield the identities that are stored, recorded, or part of another run."""
        as_of = "" if self.as_of is None else f" of {format_time(self.as_of)}"
        yield from label_lines("Stored", _by_status(self.stored, "not requested again"))
        yield from label_lines("Recorded", _by_status(self.recorded, f"in the recording{as_of}"))
        if self.unrecorded:
            text = "not in the recording; the call raises an error that names the rows"
            yield Line("Missing", f"{self.unrecorded:,}", text)
        if self.abandoned:
            yield Line("Unfinished", f"{self.abandoned:,}", "batches of an earlier run; read first")
        if self.elsewhere:
            yield Line("In progress", f"{self.elsewhere:,}", "requested by another process")

    def _credit_lines(self) -> Iterator[Line]:
        best = self._range(self.credits_best, self.credits) or "at most"
        yield Line("Credits", amount(self.credits), best)
        if self.expected is not None and self.requests:
            text = f"expected, from the cost of {self.known:,} earlier identities"
            yield Line("", amount(self.expected), text)
        yield from saving_lines(
            self.saved_by_duplicates, self.saved_by_stored, self.saved_by_recording
        )

    @staticmethod
    def _range(best: float, most: float) -> str:
        """Return the best case if it differs from the maximum."""
        if best == most:
            return ""
        return f"at most; {amount(best)} if each provider returns all wanted fields"

    def _steps(self) -> Iterator[tuple[str, str]]:
        """Yield what to do next."""
        if not self.is_askable:
            yield "No row can be sent. Name the column:", 'on={"email": "your column"}'
            return
        providers = "[…]" if self._has_several else "…"
        budget = f", budget={credits_literal(self.credits)}" if self.credits else ""
        if self.credits >= MANY:
            yield "Try a few rows first:", f"df.head(5).enrich.{self.kind}({providers})"
        yield from self.remarks.steps(self.columns)
        call = f"df.enrich.{self.kind}({providers}{budget})"
        yield "Run it with the same arguments:", call
        if len(self.failure_cases):
            yield "See all bad values:", "plan.failure_cases"


def _refused_lines(refused: Mapping[tuple[Status, str], int]) -> Iterator[Line]:
    for status in Status:
        if rows := sum(n for (of, _), n in refused.items() if of is status):
            yield Line(status.label.capitalize(), f"{rows:,}", "not sent")


def _by_status(answers: Mapping[Status, int], text: str) -> list[tuple[str, str]]:
    return [(f"{n:,}", f"{status.label}; {text}") for status, n in answers.items()]


def _repeats(rows: int) -> str:
    return f"{rows:,} {'repeats' if rows == 1 else 'repeat'} another row"


def _stages_table(stages: tuple[StagePlan, ...]) -> Grid:
    columns = ["Provider", "Rows", "Distinct", "Stored", "Requests", "Credits"]
    rows = [
        [
            stage.provider,
            _range(stage.rows_best, stage.rows),
            _range(stage.distinct_best, stage.distinct),
            f"{sum(stage.stored.values()) + sum(stage.recorded.values()):,}",
            _range(stage.requests_best, stage.requests),
            _range(stage.credits_best, stage.credits),
        ]
        for stage in stages
    ]
    return Grid("Providers in order", columns, rows, columns[1:])


def _range(best: float, most: float) -> str:
    return amount(most) if best == most else f"{amount(best)} to {amount(most)}"


# -- The page that ``df.enrich`` shows: the columns and results of the frame, and what to call ---

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}


def guide(frame: pd.DataFrame, calls: Sequence[tuple[str, str]]) -> Page:
    """Return the page for a frame; ``calls`` are what can be typed, each with its meaning."""
    size = f"{len(frame):,} rows, {frame.shape[1]:,} columns"
    results = find_prefixes(frame)
    lines = [*_column_lines(frame, results), *(_result_line(frame, name) for name in results)]
    steps = [Line(call, "", meaning) for call, meaning in calls]
    return Page(f"df.enrich: {size}", [Lines(lines), Lines(steps, "Methods and functions")])


def _column_lines(frame: pd.DataFrame, results: list[str]) -> Iterator[Line]:
    """Yield the columns that identify people and companies, other than those of a result."""
    labels = list(frame.columns)
    own = [label for label in labels if str(label).startswith(tuple(results))] if results else []
    for kind, names in NAMES.items():
        try:
            columns = find_columns(frame, names, ignore=own)
        except InputError as error:
            yield Line(kind.capitalize(), "", str(error.what))
        else:
            chosen = columns.chosen.items()
            found = [f"{name} from {format_value(repr(label))}" for name, label in chosen]
            yield Line(kind.capitalize(), "", f"by {', '.join(found)}")


def _result_line(frame: pd.DataFrame, prefix: str) -> Line:
    status = result_columns(frame, prefix)["status"]
    matched = int((status == Status.MATCHED).sum())
    return Line("Result", "", f"{prefix}…: {matched:,} of {len(frame):,} rows matched")
