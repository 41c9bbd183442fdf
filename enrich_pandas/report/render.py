"""A page as HTML or as text, and the base class of objects that have a page."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

from enrich_pandas.progress.html import (
    ACCENT,
    BORDER,
    PAGE,
    TRACK,
    Markup,
    element,
    status_bar,
    status_legend,
)
from enrich_pandas.report.page import (
    Advice,
    Block,
    Grid,
    Line,
    Lines,
    Page,
    Share,
    Shares,
    Stack,
    format_percent,
)

MAX_NOWRAP = 30  # characters of a cell that stay on one line
BAR_WIDTH = 20  # characters of a full bar in text
CELL_WIDTH = 48  # characters of a cell in text

_DIV = f"{PAGE};max-width:62em;margin:4px 2px 10px"
_HEADING = f"font-weight:600;margin:14px 0 3px;padding-bottom:2px;border-bottom:1px solid {BORDER}"
_TABLE = "border-collapse:collapse;border:0;margin:2px 0;font-size:13px;color:inherit;width:auto"
_ROW = "background:none;border:0"
_CELL = "padding:2px 14px 2px 0;border:0;vertical-align:top;background:none;line-height:1.5"
_TEXT = f"{_CELL};text-align:left;white-space:normal;overflow-wrap:break-word;max-width:46em"
_SHORT = f"{_CELL};text-align:left;white-space:nowrap"
_LONG = f"{_CELL};text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:14em"
_NUMBER = f"{_CELL};text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_LABEL = f"{_CELL};text-align:left;white-space:nowrap;font-weight:600"
_HEAD = "font-weight:400;opacity:.75;white-space:nowrap"
_MUTED = "opacity:.75"
_CODE = (
    "font-family:var(--jp-code-font-family,var(--vscode-editor-font-family,monospace));"
    "color:inherit;background:none;padding:0;white-space:pre-wrap"
)
_DOCUMENT = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark">{title}</head>'
    '<body style="margin:24px auto;max-width:64em;padding:0 16px">\n{body}\n</body></html>\n'
)


class Viewable(ABC):
    """An object with a page: text at the prompt, HTML in a notebook or a file."""

    __slots__ = ()

    @abstractmethod
    def page(self) -> Page:
        """Return the page."""

    def __repr__(self) -> str:
        return as_text(self.page())

    def _repr_html_(self) -> str:
        return as_html(self.page())

    def to_html(self, path: Any = None) -> str | None:
        """Write the page as an HTML file without scripts and outside files.

        Parameters
        ----------
        path : str or path-like, optional
            The file. By default, the document is returned.

        Returns
        -------
        str or None
            The document, if no path is given.

        Raises
        ------
        OSError
            If the file cannot be written.

        Notes
        -----
        It costs nothing. The page can hold personal data, as the frame does.
        """
        text = as_document(self.page())
        if path is None:
            return text
        Path(path).write_text(text, encoding="utf-8")
        return None


# HTML


def as_html(page: Page) -> Markup:
    """Return a page as one ``div``."""
    title = element("div", page.title, style="font-weight:600;font-size:15px")
    lead = [element("div", page.lead, style=_MUTED)] if page.lead else []
    return element("div", title, *lead, *map(_block, page.blocks), style=_DIV)


def as_document(page: Page) -> str:
    """Return a page as an HTML document."""
    return _DOCUMENT.format(title=element("title", page.title), body=as_html(page))


def _block(block: Block) -> Markup:
    body = _body(block)
    heading = getattr(block, "heading", "")
    return Markup(element("div", heading, style=_HEADING) + body) if heading and body else body


@singledispatch
def _body(block: Block) -> Markup:
    raise TypeError(block)


@_body.register
def _(block: Lines) -> Markup:
    return _table([_line(line) for line in block.lines])


def _line(line: Line) -> Markup:
    return _row(
        element("th", line.label, style=_LABEL, scope="row"),
        element("td", line.number, style=_NUMBER),
        element("td", line.text, style=_TEXT),
    )


@_body.register
def _(block: Stack) -> Markup:
    counts = {status: rows for status, rows in block.counts.items() if rows}
    if not counts:
        return Markup()
    label = ", ".join(f"{rows:,} {status.label}" for status, rows in counts.items())
    return Markup(status_bar(counts, label) + status_legend(counts))


@_body.register
def _(block: Shares) -> Markup:
    return Markup(_table([_share(share) for share in block.shares]) + _rest(block.rest))


def _share(share: Share) -> Markup:
    percent = format_percent(share.share)
    filled = f"width:{share.share * 100:.1f}%;height:10px;background:{ACCENT}"
    track = f"width:160px;height:10px;margin-top:5px;background:{TRACK}"
    bar = element(
        "div",
        element("div", style=filled),
        style=track,
        role="img",
        aria_label=f"{share.label}: {percent}",
    )
    return _row(
        element("th", share.label, style=_LABEL, scope="row"),
        element("td", percent, style=_NUMBER),
        element("td", bar, style=_CELL),
        element("td", share.text, style=f"{_TEXT};{_MUTED}"),
    )


@_body.register
def _(block: Grid) -> Markup:
    if not block.rows:
        return Markup()
    styles = [_column_style(block, place) for place in range(len(block.columns))]
    head = [
        element("th", name, style=f"{style};{_HEAD}", scope="col")
        for name, style in zip(block.columns, styles, strict=True)
    ]
    rows = [
        _row(*(element("td", cell, style=style) for cell, style in zip(row, styles, strict=True)))
        for row in block.rows
    ]
    return Markup(_table(rows, element("thead", _row(*head))) + _rest(block.rest))


def _column_style(block: Grid, place: int) -> str:
    """Return the style of a column: short cells stay on one line, long cells wrap anywhere."""
    if block.columns[place] in block.numbers:
        return _NUMBER
    return _SHORT if max(len(row[place]) for row in block.rows) <= MAX_NOWRAP else _LONG


@_body.register
def _(block: Advice) -> Markup:
    return Markup("".join(element("div", *_step(*step)) for step in block.steps))


def _step(sentence: str, code: str) -> list[str]:
    return [sentence, " ", element("code", code, style=_CODE)] if code else [sentence]


def _table(rows: Sequence[Markup], head: Markup | None = None) -> Markup:
    if not rows:
        return Markup()
    body = element("tbody", *rows)
    table = element("table", *([head] if head else []), body, style=_TABLE)
    return element("div", table, style="overflow-x:auto")


def _row(*cells: Markup) -> Markup:
    return element("tr", *cells, style=_ROW)


def _rest(text: str) -> Markup:
    return element("div", text, style=_MUTED) if text else Markup()


# Text


def as_text(page: Page) -> str:
    """Return a page as lines of text."""
    head = [page.title, "─" * len(page.title), *([page.lead] if page.lead else [])]
    return "\n".join(line.rstrip() for line in (*head, *_text(page.blocks)))


def _text(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        lines = _lines(block)
        heading = getattr(block, "heading", "")
        if lines and heading:
            yield ""
            yield heading
        yield from lines


@singledispatch
def _lines(block: Block) -> list[str]:
    raise TypeError(block)


@_lines.register
def _(block: Lines) -> list[str]:
    label, number = (max((len(x[n]) for x in block.lines), default=0) for n in (0, 1))
    return [f"{x.label:<{label}}  {x.number:>{number}}  {x.text}" for x in block.lines]


@_lines.register
def _(block: Stack) -> list[str]:
    counts = [(status.label, f"{rows:,}") for status, rows in block.counts.items() if rows]
    label, number = (max((len(pair[n]) for pair in counts), default=0) for n in (0, 1))
    return [f"{status:<{label}}  {rows:>{number}}" for status, rows in counts]


@_lines.register
def _(block: Shares) -> list[str]:
    width = max((len(share.label) for share in block.shares), default=0)
    lines = [
        f"{one.label:<{width}}  {format_percent(one.share):>5}  {_bar(one.share)}  {one.text}"
        for one in block.shares
    ]
    return [*lines, *([block.rest] if block.rest else [])]


def _bar(share: float) -> str:
    return f"{'█' * round(share * BAR_WIDTH):<{BAR_WIDTH}}"


@_lines.register
def _(block: Grid) -> list[str]:
    if not block.rows:
        return []
    kept = [place for place, name in enumerate(block.columns) if name not in block.html_only]
    table = [[_cut(cells[place]) for place in kept] for cells in (block.columns, *block.rows)]
    widths = [max(map(len, cells)) for cells in zip(*table, strict=True)]
    right = [block.columns[place] in block.numbers for place in kept]
    lines = [
        "  ".join(
            f"{cell:>{width}}" if is_number else f"{cell:<{width}}"
            for cell, width, is_number in zip(cells, widths, right, strict=True)
        )
        for cells in table
    ]
    return [*lines, *([block.rest] if block.rest else [])]


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL_WIDTH else f"{cell[: CELL_WIDTH - 1]}…"


@_lines.register
def _(block: Advice) -> list[str]:
    return [f"{sentence} {code}" if code else sentence for sentence, code in block.steps]
