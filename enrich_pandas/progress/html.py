"""A snapshot of a run as HTML: no script, no style sheet, nothing from elsewhere.

It is readable in light and dark, without colour (each status has a pattern, and its words beside
it), and by a screen reader. Where a site drops the styles, what is left are lists. `figures` holds
numbers and words of ours alone, so that a live widget may show it; every text in `still` is
escaped.
"""

from html import escape

from enrich_pandas.progress import Progress, phrases
from enrich_pandas.progress.colours import FILLS
from enrich_pandas.providers.base import Status

_PAGE = (
    "color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "font-size:13px;line-height:1.5;margin:2px 0"
)
_TEXT = "line-height:1.5"
_TRACK = (
    "display:flex;gap:1px;height:16px;margin:4px 0 6px;border-radius:3px;overflow:hidden;"
    "background:var(--jp-border-color2,#8884)"
)
_ROW = "display:flex;flex-wrap:wrap;margin:0 0 4px;padding:0;list-style:none"
_GRID = (  # of columns that stand still while their figures change
    "display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));"
    "gap:4px 12px;margin:0 0 4px;padding:0"
)
_SWATCH = "display:inline-block;width:11px;height:11px;margin-right:5px;border-radius:2px"
# JupyterLab lays definitions out side by side; here one stands under its term.
_PLAIN = "float:none;width:auto;margin:0;padding:0"
_TERM = _PLAIN + ";font-size:11px;font-weight:normal;opacity:.75"
_FACT = _PLAIN + ";white-space:nowrap;font-variant-numeric:tabular-nums"


def still(progress: Progress) -> str:
    """Return a snapshot as HTML that needs no trust.

    Parameters
    ----------
    progress
        The snapshot.

    Returns
    -------
    str
        One ``div``; every text in it is escaped.
    """
    title = f"<strong>{escape(phrases.settled(progress))}</strong>"
    note = f"<div>{escape(why)}</div>" if (why := phrases.paused(progress)) else ""
    return f'<div style="{_PAGE}">{title}{figures(progress)}{note}</div>'


def figures(progress: Progress) -> str:
    """Return the bar, its legend and the figures of a snapshot, as HTML without a foreign word."""
    return f'<div style="{_TEXT}">{_bar(progress)}{_legend(progress)}{_facts(progress)}</div>'


def _bar(progress: Progress) -> str:
    parts = "".join(
        f'<span style="flex:{rows} 1 0;background:{FILLS[Status(status)]}"></span>'
        for status, rows in phrases.counts(progress)
    )
    rest = f'<span style="flex:{progress.rows - progress.rows_done} 1 0"></span>'
    told = f"{phrases.rows(progress)}: {phrases.counted(progress) or 'none settled'}"
    return f'<div role="img" aria-label="{escape(told)}" style="{_TRACK}">{parts}{rest}</div>'


def _legend(progress: Progress) -> str:
    entries = "".join(
        '<li style="white-space:nowrap;margin:0 16px 0 0">'
        f'<span style="{_SWATCH};background:{FILLS[Status(status)]}"></span>'
        f"{rows:,} {phrases.named(status)}</li>"
        for status, rows in phrases.counts(progress)
    )
    return f'<ul style="{_ROW}">{entries}</ul>' if entries else ""


def _facts(progress: Progress) -> str:
    facts = "".join(
        f'<div><dt style="{_TERM}">{label}</dt><dd style="{_FACT}">{fact}</dd></div>'
        for label, fact in phrases.facts(progress)
    )
    return f'<dl style="{_GRID}">{facts}</dl>'
