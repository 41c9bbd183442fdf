"""The panel of a notebook: one output, live while the run lasts, plain HTML when it ends.

Labels take text and no markup; what stays in the saved notebook is escaped HTML without scripts,
readable in light and dark, with and without colour.
"""

from html import escape
from typing import Any

from IPython.display import HTML, display
from ipywidgets import HBox, IntProgress, Label, Layout, VBox

from enrich_pandas.progress import FINAL, Progress, phrases
from enrich_pandas.providers.base import Status

# Mid-tones: each has three to one, or more, on a white and on a near-black page.
_COLOURS = {
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

# A label typesets TeX between dollars, and its text must hold no tag even for a careless reader.
_TEXT = str.maketrans({"<": "\u2039", ">": "\u203a", "$": "\uff04", "\\": "\uff3c"})


class Panel:
    """Show a run as one panel, which gives way to static HTML when the run ends."""

    def __init__(self) -> None:
        self._live: _Live | None = None
        self._output: Any = None

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        self._live = self._live or _Live()
        self._live.draw(progress)  # before it is on display: nobody sees it empty
        self._output = self._output or display(  # type: ignore[no-untyped-call]  # IPython is untyped
            _view(self._live.box), raw=True, display_id=True
        )
        if progress.state in FINAL:
            self._output.update(HTML(still(progress)))  # type: ignore[no-untyped-call]  # as above
            self._live.close()
            self._live = self._output = None


def _view(box: VBox) -> dict[str, Any]:
    """Return what shows a widget; ipywidgets 7 by itself shows it where no update reaches it."""
    return {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": box.model_id,
        },
        "text/plain": "Running; this front end shows no widgets. progress='bar' shows text.",
    }


class _Live:
    """The widgets of one run, drawn as `still` draws its end."""

    def __init__(self) -> None:
        self.title, self.facts, self.note = (_label() for _ in range(3))
        self.title.style.font_weight = "bold"  # ipywidgets 7 takes no notice
        self.shares = {status: _Share(colour) for status, colour in _COLOURS.items()}
        self.rest = _block("transparent")
        shares = self.shares.values()
        bar = HBox([*(share.segment for share in shares), self.rest], layout=Layout(width="100%"))
        legend = HBox([share.entry for share in shares], layout=Layout(flex_flow="row wrap"))
        self.box = VBox([self.title, bar, legend, self.facts, self.note])

    def draw(self, progress: Progress) -> None:
        self.title.value = _text(phrases.settled(progress))
        for status, share in self.shares.items():
            share.draw(status, progress.counts.get(status, 0))
        _weigh(self.rest, progress.rows - progress.rows_done)
        self.facts.value = " · ".join(
            (phrases.spent(progress), phrases.batched(progress), phrases.timed(progress))
        )
        self.note.value = _text(phrases.paused(progress))
        self.note.layout.display = "flex" if self.note.value else "none"

    def close(self) -> None:
        _close(self.box)


class _Share:
    """The rows of one status: a part of the stacked bar, and its entry in the legend."""

    def __init__(self, colour: str) -> None:
        self.segment, self.text = _block(colour), _label()
        swatch = _block(colour)
        swatch.layout.width, swatch.layout.margin = "12px", "0 5px 0 0"
        self.entry = HBox([swatch, self.text], layout=Layout(margin="0 14px 0 0"))

    def draw(self, status: Status, rows: int) -> None:
        _weigh(self.segment, rows)
        self.text.value = f"{rows:,} {phrases.named(status)}"
        self.entry.layout.display = "flex" if rows else "none"


def _label() -> Label:
    """Make a line of text, as close to the next one as in a paragraph."""
    return Label(layout=Layout(margin="-3px 0", width="auto"))


def _block(colour: str) -> IntProgress:
    """Make a block of colour; no other widget has one in every version."""
    block = IntProgress(value=1, max=1, layout=Layout(height="22px", margin="0 1px 0 0"))
    block.style.bar_color = colour
    return block


def _weigh(block: IntProgress, rows: int) -> None:
    """Make a block of the bar as wide as its rows."""
    block.layout.display = "flex" if rows else "none"
    block.layout.flex = f"{rows} 1 0%"
    block.layout.width = "auto"


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _text(text: str) -> str:
    return phrases.printable(text).translate(_TEXT)


def still(progress: Progress) -> str:
    """Return a run's last snapshot as HTML that needs no script, no style sheet and no trust.

    Parameters
    ----------
    progress
        The snapshot.

    Returns
    -------
    str
        One ``div``; every text in it is escaped.
    """
    facts = f"{phrases.spent(progress)} · {phrases.batched(progress)}"
    return (
        '<div style="color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));'
        "font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:13px;"
        'line-height:1.7;margin:2px">'
        f'<div style="font-weight:bold">{escape(phrases.settled(progress))}</div>'
        f"{_stack(progress)}<div>{_legend(progress)}</div><div>{escape(facts)}</div></div>"
    )


def _stack(progress: Progress) -> str:
    parts = "".join(
        f'<span style="flex:{rows} 1 0;background:{_COLOURS[Status(status)]}"></span>'
        for status, rows in phrases.counts(progress)
    )
    rest = f'<span style="flex:{progress.rows - progress.rows_done} 1 0"></span>'
    style = "display:flex;gap:1px;height:14px;margin:4px 0"
    style += ";background:var(--jp-border-color2,#8884)"
    return (
        f'<div role="img" aria-label="{escape(phrases.counted(progress))}" style="{style}">'
        f"{parts}{rest}</div>"
    )


def _legend(progress: Progress) -> str:
    return " ".join(
        '<span style="white-space:nowrap;margin-right:1em">'
        f'<span style="color:{_COLOURS[Status(status)]}">&#9632;</span> '
        f"{rows:,} {escape(phrases.named(status))}</span>"
        for status, rows in phrases.counts(progress)
    )
