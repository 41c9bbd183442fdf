"""What is shown of a plan, a report or a comparison, before it is text or HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

from enrich_pandas.progress.phrases import printable

LONGEST = 60  # characters of a cell that are shown
LABELS = 5  # rows that are named for each reason
MINUTE = "%Y-%m-%d %H:%M UTC"


class Line(NamedTuple):
    """A label, a number and a text; one without a label goes on with the line above."""

    label: str
    number: str
    text: str = ""
    note: str = ""


class Share(NamedTuple):
    """A share of a whole, 0 to 1, with what it is of."""

    label: str
    share: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines under a heading."""

    lines: Sequence[Line]
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """Rows by status, as one bar."""

    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares, each as a bar of its own; ``rest`` says what is left out."""

    heading: str
    shares: Sequence[Share]
    rest: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; ``rest`` says what is left out.

    ``numbers`` names the columns that hold numbers, ``notes`` those that text has no room for.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str] = ()
    rest: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next: sentences, each with what to type."""

    steps: Sequence[tuple[str, str]]
    heading: str = "next"


Block: TypeAlias = Lines | Stack | Shares | Grid | Advice


@dataclass(frozen=True, slots=True)
class Page:
    """Blocks under a title, in the order to be read."""

    title: str
    blocks: Sequence[Block]
    lead: str = ""


def labelled(label: str, found: Sequence[tuple[str, str]]) -> list[Line]:
    """Put a label before the first of some lines."""
    return [Line(label if n == 0 else "", *texts) for n, texts in enumerate(found)]


def told(columns: Mapping[str, str], rejected: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say which column serves as what, and which do not."""
    return [
        *(("", f"{name} from {label}") for name, label in columns.items()),
        *(("", f"not {label}: {why}") for label, why in rejected.items()),
    ]


def format_value(value: object) -> str:
    r"""Return a value of the user's or a vendor's as text of one line, cut where it is long.

    Examples
    --------
    >>> shown("a\x1b[31mb"), len(shown("x" * 100)), shown(None)
    ('a[31mb', 60, 'None')
    """
    text = printable(value if isinstance(value, str) else repr(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def listed(labels: Sequence[object], count: int) -> str:
    """Name the first of some rows by their labels, and say that there are more.

    Examples
    --------
    >>> listed([3, 8], 2), listed(["a", "b"], 9)
    ('3, 8', 'a, b, …')
    """
    return ", ".join([*map(_label, labels), *(["…"] if count > len(labels) else [])])


def _label(label: object) -> str:
    plain = label.item() if hasattr(label, "item") else label
    return format_value(plain)


def percent(share: float) -> str:
    """Say a share; only all is 100 %, and only none is 0 %.

    Examples
    --------
    >>> percent(0.874), percent(0.9999), percent(0.0001), percent(1)
    ('87 %', '>99 %', '<1 %', '100 %')
    """
    if 0 < share < 0.01:  # noqa: PLR2004 - a percent
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"  # noqa: PLR2004 - as above


def date(seconds: float) -> str:
    """Say a moment, given in seconds since the epoch, to the minute.

    Examples
    --------
    >>> date(1.8e9)
    '2027-01-15 08:00 UTC'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime(MINUTE)


def duration(seconds: float) -> str:
    """Say a length of time, as in ``1 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
