"""A snapshot of a run as HTML: no script, no style sheet, nothing from elsewhere.

It is readable in light and dark, without colour (each status has a pattern, and its words beside
it), and by a screen reader. Where a site drops the styles, what is left are lists. `figures` holds
numbers and words of ours alone, so that a live widget may show it; every text in `still` is
escaped.
"""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType

from enrich_pandas.progress import Progress, phrases
from enrich_pandas.providers.base import Status

# -- The colour and the pattern of each status, the same in every view ---------------------------

# Mid-tones: each has three to one, or more, on a white and on a near-black page.
COLOURS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MATCHED: "#2e8b57",
        Status.NOT_FOUND: "#808080",
        Status.INVALID: "#b8651b",
        Status.SUPPRESSED: "#8a6fb3",
        Status.REMOVED: "#a0568f",
        Status.PENDING: "#3b82c4",
        Status.HELD: "#a67c00",
        Status.FAILED: "#d0423f",
        Status.SKIPPED: "#6f7f8f",
    }
)

_STRIPES = "repeating-linear-gradient({}deg,transparent 0 3px,rgba(255,255,255,.45) 3px 5px)"
_RISING, _FALLING, _UPRIGHT, _LEVEL = map(_STRIPES.format, (135, 45, 90, 0))

# CSS backgrounds: the patterns tell apart, without colour, those that stand side by side.
FILLS: Mapping[Status, str] = MappingProxyType(
    {
        Status.MATCHED: COLOURS[Status.MATCHED],
        Status.NOT_FOUND: f"{_UPRIGHT},{COLOURS[Status.NOT_FOUND]}",
        Status.INVALID: f"{_RISING},{COLOURS[Status.INVALID]}",
        Status.SUPPRESSED: f"{_LEVEL},{COLOURS[Status.SUPPRESSED]}",
        Status.REMOVED: f"{_FALLING},{COLOURS[Status.REMOVED]}",
        Status.PENDING: f"{_LEVEL},{COLOURS[Status.PENDING]}",
        Status.HELD: f"{_UPRIGHT},{COLOURS[Status.HELD]}",
        Status.FAILED: f"{_FALLING},{COLOURS[Status.FAILED]}",
        Status.SKIPPED: f"{_RISING},{COLOURS[Status.SKIPPED]}",
    }
)


# -- A snapshot of a run as HTML: no script, no style sheet, nothing from elsewhere --------------

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
