"""The panel of a notebook: one output, live during the run, static HTML after it.

Text from elsewhere (a provider's name, what the run waits for) goes into labels, which show no
markup. The buttons only set what the run's own threads read: a click can arrive on any thread of
the kernel, and on some kernels only after the cell has ended.
"""

from typing import Any

from IPython.display import HTML as STATIC, display
from ipywidgets import HTML, Button, HBox, Label, Layout, VBox

from enrich_pandas.progress import FINAL, Controls, Progress, phrases
from enrich_pandas.progress.html import snapshot_figures, snapshot_page

# A label typesets TeX between dollars. Its text holds no tags either, whatever the front end does.
_TEXT = str.maketrans({"<": "\u2039", ">": "\u203a", "$": "\uff04", "\\": "\uff3c"})
_HINT = "If a button does not react here, ■ Stop (Interrupt) does the same as Cancel."
_FALLBACK = (  # for front ends without widgets, and for the file if the kernel dies
    "Run {0} was in progress here. A run with wait=False ends with the kernel, unless its handle's "
    ".wait() is called. ep.run({0!r}) shows how it ended."
)
_PAUSE = "Pause", "pause", "send no new requests; answers in flight still arrive"
_RESUME = "Resume", "play", "continue"
_CANCEL = "Cancel", "stop", "stop spending and keep what has arrived"


class Clicks:
    """Whether a click has arrived in this process; until then, panels show the hint about Stop."""

    arrive = False


class Panel:
    """Show a run as one panel, which static HTML replaces when the run ends."""

    def __init__(self) -> None:
        self._controls: Controls | None = None
        self._live: _Live | None = None
        self._output: Any = None

    def take_controls(self, controls: Controls) -> None:
        """Store what the buttons call."""
        self._controls = controls

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        self._live = self._live or _Live(self._controls)
        self._live.draw(progress)  # before it is displayed, so that it is never seen empty
        self._output = self._output or display(  # type: ignore[no-untyped-call]  # IPython is untyped
            _view(self._live.box, progress.run), raw=True, display_id=True
        )
        if progress.state in FINAL:
            self._output.update(STATIC(snapshot_page(progress)))  # type: ignore[no-untyped-call]  # as above
            self._live.close()
            self._controls = self._live = self._output = None


def _view(box: VBox, run: str) -> dict[str, Any]:
    """Return the output that shows a widget.

    ipywidgets 7 displays a widget without a display id, so that it could not be replaced.
    """
    return {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": box.model_id,
        },
        "text/plain": _FALLBACK.format(run),
    }


class _Live:
    """The widgets of one run, which look like the static page."""

    def __init__(self, controls: Controls | None) -> None:
        self.title, self.note, self.hint = _label(), _label(), _label(_HINT)
        self.title.style.font_weight = "bold"  # no effect in ipywidgets 7
        self.hint.style.font_size = "11px"  # as above
        self.figures = HTML(layout=Layout(margin="0"))
        self.buttons = _Buttons(controls) if controls else None
        row = [*(self.buttons.all if self.buttons else ()), self.note]
        self.note.layout.margin = "0 0 0 8px"
        foot = HBox(row, layout=Layout(align_items="center"))
        self.box = VBox([self.title, self.figures, foot, self.hint])

    def draw(self, progress: Progress) -> None:
        self.title.value = _text(phrases.settled(progress))
        self.figures.value = snapshot_figures(progress)
        self.note.value = _text(phrases.paused(progress))
        self.hint.layout.display = "none" if Clicks.arrive or not self.buttons else "flex"
        if self.buttons:
            self.buttons.draw(progress)

    def close(self) -> None:
        _close(self.box)


class _Buttons:
    """Pause, which becomes Resume while the run is paused, and Cancel."""

    def __init__(self, controls: Controls) -> None:
        self.toggle, self.cancel = _button(*_PAUSE), _button(*_CANCEL)
        self.all = self.toggle, self.cancel
        self._controls, self._is_paused = controls, False
        self.toggle.on_click(self._toggle_clicked)
        self.cancel.on_click(self._cancel_clicked)

    def draw(self, progress: Progress) -> None:
        self._is_paused = progress.state == "paused"
        _describe(self.toggle, *(_RESUME if self._is_paused else _PAUSE))
        for button in self.all:
            button.disabled = progress.state not in ("running", "paused")

    def _toggle_clicked(self, _: Button) -> None:
        Clicks.arrive = True
        (self._controls.resume if self._is_paused else self._controls.pause)()

    def _cancel_clicked(self, _: Button) -> None:
        Clicks.arrive = True
        self._controls.cancel()


def _button(text: str, icon: str, effect: str) -> Button:
    button = Button(layout=Layout(width="auto"))
    _describe(button, text, icon, effect)
    _unpin(button)
    return button


def _describe(button: Button, text: str, icon: str, effect: str) -> None:
    button.description, button.icon, button.tooltip = text, icon, f"{text}: {effect}"


def _unpin(widget: Button) -> None:
    """Let clicks arrive while the cell runs.

    ipykernel 7.4 sends a widget's message to the (sub)shell that last used the widget, which is the
    one that the cell blocks. Up to 7.3 it goes to the subshell that the front end names.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005, SLF001 - ipykernel has no public way


def _label(text: str = "") -> Label:
    # The margin makes lines as close as in a paragraph.
    return Label(text, layout=Layout(margin="-3px 0", width="auto"))


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _text(text: str) -> str:
    return phrases.printable(text).translate(_TEXT)
