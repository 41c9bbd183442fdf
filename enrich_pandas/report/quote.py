"""The quote: what a call will do and the most it can cost, as text and as a notebook's table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from enrich_pandas.frame.reasons import REASONS
from enrich_pandas.progress.phrases import amount
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.lines import Line, Lines, duration, labelled, told


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan(Lines):
    """What a call will do and the most it can cost; making one costs nothing.

    Attributes
    ----------
    rows, valid, duplicates, distinct : int
        Rows of the frame; rows that hold a usable identifier; of these, rows that repeat another
        one's identity; identities.
    refused : mapping of (status, reason) to int
        Rows that will not be sent, and why.
    stored : mapping of status to int
        Identities whose answer is already here, and costs nothing.
    requests : int
        First requests that will be made. A vendor that refuses one value of a batch costs a few
        more, and no more credits.
    credits : float
        The most that the call can cost, in the vendor's credits.
    seconds : float
        The least time that the vendor's rate limit allows.
    columns, rejected : mapping
        The column chosen for each identifier; columns that looked like one, and why they are not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, "crustdata"))
    Plan for people with crustdata; nothing was sent
    ────────────────────────────────────────────────
    rows      3
    columns      email from 'Email'
    invalid   1  email:placeholder
    usable    2  of which 1 repeats another
    distinct  1  each asked for once at most
    requests  1
    credits   1  at most
    time         0 s at least, by the vendor's rate limit
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
    columns: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)

    @property
    def duplicates(self) -> int:
        """Valid rows that repeat the identity of another row."""
        return self.valid - self.distinct

    def lines(self) -> list[Line]:
        """Return the plan as lines, in the order to be read."""
        return [
            Line("rows", f"{self.rows:,}"),
            *labelled("columns", told(self.columns, self.rejected)),
            *self._refusals(),
            Line("usable", f"{self.valid:,}", _repeats(self.duplicates)),
            Line("distinct", f"{self.distinct:,}", "each asked for once at most"),
            *labelled("stored", self._stored()),
            *self._others(),
            Line("requests", f"{self.requests:,}"),
            Line("credits", amount(self.credits), "at most"),
            Line("time", "", f"{duration(self.seconds)} at least, by the vendor's rate limit"),
        ]

    def _refusals(self) -> Iterator[Line]:
        """Group the rows that are not sent by status, each reason with its sentence."""
        for status in Status:
            rows = {why: n for (of, why), n in self.refused.items() if of is status}
            if len(rows) > 1:
                yield Line(status, f"{sum(rows.values()):,}", "not sent:")
            for why, n in rows.items():
                sentence = REASONS.get(why.rpartition(":")[2], "")
                yield Line(status if len(rows) == 1 else "", f"{n:,}", why, sentence)

    def _stored(self) -> list[tuple[str, str]]:
        return [(f"{n:,}", f"{status}; not asked again") for status, n in self.stored.items()]

    def _others(self) -> Iterator[Line]:
        """Tell of what other runs have begun."""
        if self.abandoned:
            yield Line("begun", f"{self.abandoned:,}", "batches of a run that died; read first")
        if self.elsewhere:
            yield Line("elsewhere", f"{self.elsewhere:,}", "being asked for by another process")

    @property
    def title(self) -> str:
        """The plan in a line."""
        return f"Plan for {self.kind} with {self.provider}; nothing was sent"


def _repeats(rows: int) -> str:
    return f"of which {rows:,} {'repeats' if rows == 1 else 'repeat'} another" if rows else ""
