"""Lines to read: a label, a number and a text, as text and as a notebook's table."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape
from typing import NamedTuple


class Line(NamedTuple):
    """A line of a plan; one without a label goes on with the line above."""

    label: str
    number: str
    text: str = ""
    note: str = ""


class Lines(ABC):
    """Something to read line by line, as text and as a notebook's table."""

    __slots__ = ()

    @property
    @abstractmethod
    def title(self) -> str:
        """All of it in a line."""

    @abstractmethod
    def lines(self) -> list[Line]:
        """Return the lines, in the order to be read."""

    def __repr__(self) -> str:
        lines = self.lines()
        label, number = (max(len(line[column]) for line in lines) for column in (0, 1))
        rows = (f"{line.label:<{label}}  {line.number:>{number}}  {line.text}" for line in lines)
        return "\n".join([self.title, "─" * len(self.title), *map(str.rstrip, rows)])

    def _repr_html_(self) -> str:
        rows = "".join(map(_row, self.lines()))
        return (
            f'<table><caption style="{_LEFT};font-weight:bold;color:inherit">'
            f"{escape(self.title)}</caption><tbody>{rows}</tbody></table>"
        )


_LEFT = "text-align:left"
_MUTED = "margin-left:.7em;opacity:.7"


def labelled(label: str, found: list[tuple[str, str]]) -> list[Line]:
    """Put a label before the first of some lines."""
    return [Line(label if n == 0 else "", *texts) for n, texts in enumerate(found)]


def told(columns: Mapping[str, str], rejected: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say which column serves as what, and which do not."""
    return [
        *(("", f"{name} from {label}") for name, label in columns.items()),
        *(("", f"not {label}: {why}") for label, why in rejected.items()),
    ]


def duration(seconds: float) -> str:
    """Say a length of time, as in ``1 h 05 min``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _row(line: Line) -> str:
    """Return a line as a row of a table; everything in it is escaped."""
    note = f'<span style="{_MUTED}"> {escape(line.note)}</span>' if line.note else ""
    return (
        f'<tr><th style="{_LEFT}">{escape(line.label)}</th>'
        f'<td style="text-align:right;font-variant-numeric:tabular-nums">{escape(line.number)}</td>'
        f'<td style="{_LEFT}">{escape(line.text)}{note}</td></tr>'
    )
