"""The parts of a page, before it is HTML or text, and how values are formatted on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from enrich_pandas.frame.cells import REASONS as CELL_REASONS
from enrich_pandas.progress.phrases import amount, printable
from enrich_pandas.statuses import REASONS, Status

MAX_WIDTH = 60  # characters of a value
MAX_LABELS = 5  # rows that are named for each reason
FULL = 100  # percent
MINUTE = "%Y-%m-%d %H:%M UTC"


class Line(NamedTuple):
    """A label, a number and a text; without a label it continues the line above."""

    label: str
    number: str
    text: str = ""


class Share(NamedTuple):
    """A share of a whole, from 0 to 1."""

    label: str
    share: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines below a heading."""

    lines: Sequence[Line]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows by status, as one bar."""

    counts: Mapping[Status, int]


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares, each with its own bar; ``rest`` is a sentence about what is left out."""

    heading: str
    shares: Sequence[Share]
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table.

    Attributes
    ----------
    numbers
        The columns that hold numbers.
    rest
        A sentence about what is left out.
    html_only
        The columns that are left out of text.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str] = ()
    rest: str = ""
    html_only: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next: sentences, each with the code to type."""

    steps: Sequence[tuple[str, str]]
    heading: str = "Next steps"


Block: TypeAlias = Lines | Stack | Shares | Grid | Advice


@dataclass(frozen=True, slots=True)
class Page:
    """Blocks below a title, in reading order."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


def label_lines(label: str, lines: Sequence[tuple[str, str]]) -> list[Line]:
    """Put a label before the first of some lines, each a number and a text."""
    return [Line(label if n == 0 else "", *texts) for n, texts in enumerate(lines)]


def column_lines(columns: Mapping[str, str], rejected: Mapping[str, str]) -> list[Line]:
    """Return the column chosen for each identifier, and the columns that were not chosen."""
    chosen = [("", f"{name} from {label}") for name, label in columns.items()]
    others = [("", f"not {label}: {why}") for label, why in rejected.items()]
    return label_lines("Columns", [*chosen, *others])


def saving_lines(by_duplicates: float, by_stored: float, by_recording: float) -> list[Line]:
    """Return the credits saved at most, by what saved them."""
    saved = [
        (by_duplicates, "at most, because duplicates are requested once"),
        (by_stored, "at most, by stored answers"),
        (by_recording, "at most, by the recording"),
    ]
    return label_lines("Saved", [(amount(credit), text) for credit, text in saved if credit])


def explain(status: Status, reason: str) -> str:
    """Return why a row has its status, in a sentence: by its reason, else by its status.

    Examples
    --------
    >>> explain(Status.SKIPPED, "where")
    'where= leaves the row out.'
    >>> explain(Status.NOT_FOUND, "another_code")
    'The vendor returned no match.'
    """
    code = reason.rpartition(":")[2]
    return CELL_REASONS.get(code) or REASONS.get(reason) or status.info.meaning


def format_value(value: object) -> str:
    r"""Return a value of the user or of a vendor as one line of text, cut if it is long.

    Examples
    --------
    >>> format_value("a\x1b[31mb"), len(format_value("x" * 100)), format_value(None)
    ('a[31mb', 60, 'None')
    """
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= MAX_WIDTH else f"{text[: MAX_WIDTH - 1]}…"


def format_labels(labels: Sequence[object], count: int) -> str:
    """Return the labels of the first of ``count`` rows.

    Examples
    --------
    >>> format_labels([3, 8], 2), format_labels(["a", "b"], 9)
    ('3, 8', 'a, b, …')
    """
    return ", ".join([*map(_format_label, labels), *(["…"] if count > len(labels) else [])])


def _format_label(label: object) -> str:
    plain = label.item() if hasattr(label, "item") else label
    return format_value(plain)


def format_percent(share: float) -> str:
    """Return a share as a percentage; only 1 is 100 %, and only 0 is 0 %.

    Examples
    --------
    >>> format_percent(0.874), format_percent(0.9999), format_percent(0.0001), format_percent(1)
    ('87 %', '>99 %', '<1 %', '100 %')
    """
    percent = FULL * share
    if 0 < percent < 1:
        return "<1 %"
    return ">99 %" if FULL - 1 < percent < FULL else f"{percent:.0f} %"


def format_time(seconds: float) -> str:
    """Return seconds since the epoch as a date and time.

    Examples
    --------
    >>> format_time(1.8e9)
    '2027-01-15 08:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime(MINUTE)


def format_duration(seconds: float) -> str:
    """Return a duration.

    Examples
    --------
    >>> format_duration(7500), format_duration(75), format_duration(0.4)
    ('2 h 05 min', '1 min 15 s', '0 s')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
