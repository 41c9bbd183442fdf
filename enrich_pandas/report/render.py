"""A page as HTML: no script, no style sheet, no outside file, no trust needed.

Every style is an attribute, so that mail programs and cleaned notebooks keep what they allow; where
they allow none, the tables and texts say the same. Everything that is shown is escaped.
"""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from html import escape

from enrich_pandas.progress.colours import COLOURS
from enrich_pandas.progress.phrases import named, printable
from enrich_pandas.providers.base import Status
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
    percent,
)

SHORT = 30  # characters of a cell that stay on one line

_LINE = "var(--jp-border-color2,var(--vscode-panel-border,#8886))"
_TRACK = "var(--jp-border-color3,var(--vscode-editorWidget-background,#8883))"
_PAGE = (
    "color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));"
    "font-family:var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));"
    "font-size:13px;line-height:1.5;max-width:62em;margin:4px 2px 10px"
)
_HEADING = f"font-weight:600;margin:14px 0 3px;padding-bottom:2px;border-bottom:1px solid {_LINE}"
_TABLE = "border-collapse:collapse;border:0;margin:2px 0;font-size:13px;color:inherit;width:auto"
_CELL = "padding:2px 14px 2px 0;border:0;vertical-align:top;background:none;line-height:1.5"
_TEXT = f"{_CELL};text-align:left;white-space:normal;overflow-wrap:break-word;max-width:46em"
_SHORT = f"{_CELL};text-align:left;white-space:nowrap"
_LONG = f"{_CELL};text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:14em"
_NUMBER = f"{_CELL};text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums"
_LABEL = f"{_CELL};text-align:left;white-space:nowrap;font-weight:600"
_HEAD = ";font-weight:400;opacity:.75;white-space:nowrap"
_MUTED = "opacity:.75"
_CODE = (
    "font-family:var(--jp-code-font-family,var(--vscode-editor-font-family,monospace));"
    "color:inherit;background:none;padding:0;white-space:pre-wrap"
)
_DOCUMENT = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    '<meta name="color-scheme" content="light dark"><title>{title}</title></head>'
    '<body style="margin:24px auto;max-width:64em;padding:0 16px">\n{body}\n</body></html>\n'
)


def as_html(page: Page) -> str:
    """Return a page as one ``div``."""
    lead = _tag("div", _escaped(page.lead), _MUTED) if page.lead else ""
    title = _tag("div", _escaped(page.title), "font-weight:600;font-size:15px")
    return _tag("div", title + lead + "".join(map(_block, page.blocks)), _PAGE)


def as_document(page: Page) -> str:
    """Return a page as a document of its own."""
    return _DOCUMENT.format(title=_escaped(page.title), body=as_html(page))


def _block(block: Block) -> str:
    body = _body(block)
    heading = getattr(block, "heading", "")
    return (_tag("div", _escaped(heading), _HEADING) if heading and body else "") + body


@singledispatch
def _body(block: Block) -> str:
    raise TypeError(block)


@_body.register
def _(block: Lines) -> str:
    return _table("", map(_line, block.lines)) if block.lines else ""


def _line(line: Line) -> str:
    note = _tag("span", f" {_escaped(line.note)}", _MUTED) if line.note else ""
    return (
        _tag("th", _escaped(line.label), _LABEL, scope="row")
        + _tag("td", _escaped(line.number), _NUMBER)
        + _tag("td", _escaped(line.text) + note, _TEXT)
    )


@_body.register
def _(block: Stack) -> str:
    counts = {status: rows for status, rows in block.counts.items() if rows}
    if not counts:
        return ""
    said = ", ".join(f"{rows:,} {named(status)}" for status, rows in counts.items())
    parts = "".join(
        _tag("span", "", f"flex:{rows} 1 0;min-width:2px;background:{COLOURS[Status(status)]}")
        for status, rows in counts.items()
    )
    style = f"display:flex;gap:1px;height:14px;margin:6px 0 4px;background:{_TRACK}"
    legend = " ".join(_entry(status, rows) for status, rows in counts.items())
    return _tag("div", parts, style, role="img", aria_label=said) + _tag("div", legend, "")


def _entry(status: str, rows: int) -> str:
    swatch = _tag("span", "&#9632;", f"color:{COLOURS[Status(status)]}", aria_hidden="true")
    text = f"{swatch} {rows:,} {_escaped(named(status))}"
    return _tag("span", text, "white-space:nowrap;margin-right:1em")


@_body.register
def _(block: Shares) -> str:
    shares = _table("", map(_share, block.shares)) if block.shares else ""
    return shares + _rest(block.rest)


def _share(share: Share) -> str:
    width = f"{share.share * 100:.1f}%"
    said = f"{share.label}: {percent(share.share)}"
    filled = _tag("div", "", f"width:{width};height:10px;background:#3b82c4")
    track = f"width:160px;height:10px;margin-top:5px;background:{_TRACK}"
    return (
        _tag("th", _escaped(share.label), _LABEL, scope="row")
        + _tag("td", percent(share.share), _NUMBER)
        + _tag("td", _tag("div", filled, track, role="img", aria_label=said), _CELL)
        + _tag("td", _escaped(share.text), f"{_TEXT};{_MUTED}")
    )


@_body.register
def _(block: Grid) -> str:
    if not block.rows:
        return ""
    styles = [_style(block, place) for place in range(len(block.columns))]
    head = "".join(
        _tag("th", _escaped(name), style + _HEAD, scope="col")
        for name, style in zip(block.columns, styles, strict=True)
    )
    rows = (
        "".join(_tag("td", _escaped(cell), style) for cell, style in zip(row, styles, strict=True))
        for row in block.rows
    )
    return _table(head, rows) + _rest(block.rest)


def _style(block: Grid, place: int) -> str:
    """Return how a column is set: one of short cells is never broken, one of long ones anywhere."""
    if block.columns[place] in block.numbers:
        return _NUMBER
    return _SHORT if max(len(row[place]) for row in block.rows) <= SHORT else _LONG


def _rest(text: str) -> str:
    return _tag("div", _escaped(text), _MUTED) if text else ""


@_body.register
def _(block: Advice) -> str:
    return "".join(
        _tag(
            "div", _escaped(sentence) + (f" {_tag('code', _escaped(code), _CODE)}" if code else "")
        )
        for sentence, code in block.steps
    )


def _table(head: str, rows: Iterable[str]) -> str:
    top = _tag("thead", _tag("tr", head, "background:none;border:0")) if head else ""
    body = "".join(_tag("tr", row, "background:none;border:0") for row in rows)
    return _tag("div", _tag("table", f"{top}{_tag('tbody', body)}", _TABLE), "overflow-x:auto")


def _tag(name: str, inside: str, style: str = "", **attributes: str) -> str:
    """Make an element; ``inside`` is HTML, attributes are text."""
    given: Mapping[str, str] = {**({"style": style} if style else {}), **attributes}
    told = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in given.items())
    return f"<{name}{told}>{inside}</{name}>"


def _escaped(text: str) -> str:
    return escape(printable(text))
