"""HTML for the views: the writer that all of them use, and the snapshot of a run.

The output has no script, no style sheet and no outside file, so it needs no trust and works in
notebooks, exported files and mail programs. Every style is an attribute. Colors follow the themes
of JupyterLab and VS Code, and a status has a pattern and its name beside its color. Lists and
tables remain readable if a site removes the styles.
"""

from collections.abc import Mapping
from html import escape

from enrich_pandas.progress import Progress, phrases
from enrich_pandas.progress.phrases import printable
from enrich_pandas.statuses import Status

BORDER = "var(--jp-border-color2,var(--vscode-panel-border,#8886))"
TRACK = "var(--jp-border-color3,var(--vscode-editorWidget-background,#8883))"
ACCENT = "#3b82c4"
PAGE = (
    "color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));"
    "font-family:var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));"
    "font-size:13px;line-height:1.5"
)
_BAR = f"display:flex;gap:1px;height:16px;margin:4px 0 6px;background:{TRACK}"
_LEGEND = "display:flex;flex-wrap:wrap;margin:0 0 4px;padding:0;list-style:none"
_ENTRY = "white-space:nowrap;margin:0 16px 0 0"
_SWATCH = "display:inline-block;width:11px;height:11px;margin-right:5px"
_FACTS = (  # the columns keep their width while their figures change
    "display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));"
    "gap:4px 12px;margin:0 0 4px;padding:0"
)
# JupyterLab shows a definition beside its term; here it is below it.
_PLAIN = "float:none;width:auto;margin:0;padding:0"
_TERM = f"{_PLAIN};font-size:11px;font-weight:normal;opacity:.75"
_FACT = f"{_PLAIN};white-space:nowrap;font-variant-numeric:tabular-nums"


class Markup(str):
    """HTML; any other text is escaped when it becomes part of an element."""

    __slots__ = ()


def element(name: str, *children: str, style: str = "", **attributes: str) -> Markup:
    """Return an element; its text and attributes are escaped, its `Markup` is not.

    Parameters
    ----------
    name
        The tag.
    *children
        Text and elements.
    style
        CSS declarations.
    **attributes
        Other attributes; an underscore in a name becomes a hyphen.

    Examples
    --------
    >>> element("p", "a < b ", element("b", "c"), aria_label="d")
    '<p aria-label="d">a &lt; b <b>c</b></p>'
    """
    given = {"style": style, **attributes} if style else attributes
    head = "".join(f' {key.replace("_", "-")}="{_escape(text)}"' for key, text in given.items())
    inside = "".join(one if isinstance(one, Markup) else _escape(one) for one in children)
    return Markup(f"<{name}{head}>{inside}</{name}>")


def _escape(text: str) -> str:
    return escape(printable(text))


def status_bar(counts: Mapping[Status, int], label: str, undone: int = 0) -> Markup:
    """Return rows by status as one bar with ``label`` as its text; ``undone`` rows end it."""
    parts = [
        element("span", style=f"flex:{rows} 1 0;min-width:2px;{_fill(status)}")
        for status, rows in counts.items()
    ]
    if undone:
        parts.append(element("span", style=f"flex:{undone} 1 0"))
    return element("div", *parts, style=_BAR, role="img", aria_label=label)


def status_legend(counts: Mapping[Status, int]) -> Markup:
    """Return the legend of a bar: a swatch, the rows and the name of each status."""
    entries = [
        element(
            "li",
            element("span", style=f"{_SWATCH};{_fill(status)}"),
            f"{rows:,} {status.label}",
            style=_ENTRY,
        )
        for status, rows in counts.items()
    ]
    return element("ul", *entries, style=_LEGEND) if entries else Markup()


def _fill(status: Status) -> str:
    # Two declarations: a mail program that drops the image keeps the color.
    return f"background-color:{status.info.color};background-image:{status.info.pattern}"


def snapshot_page(progress: Progress) -> Markup:
    """Return a snapshot as one ``div``, with the provider's name and what the run waits for."""
    title = element("strong", phrases.settled(progress))
    note = phrases.paused(progress)
    parts = [title, snapshot_figures(progress), *([element("div", note)] if note else [])]
    return element("div", *parts, style=f"{PAGE};margin:2px 0")


def snapshot_figures(progress: Progress) -> Markup:
    """Return the bar, the legend and the figures of a snapshot.

    They hold only numbers and our own words, so a live widget can show them.
    """
    counts = dict(phrases.counts(progress))
    label = f"{phrases.rows(progress)}: {phrases.counted(progress) or 'none done'}"
    facts = [
        element("div", element("dt", label, style=_TERM), element("dd", fact, style=_FACT))
        for label, fact in phrases.facts(progress)
    ]
    return element(
        "div",
        status_bar(counts, label, progress.rows - progress.rows_done),
        status_legend(counts),
        element("dl", *facts, style=_FACTS),
        style="line-height:1.5",
    )
