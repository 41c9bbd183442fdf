"""The panel of a notebook: one output, live while the run lasts, plain HTML when it ends.

What others have a hand in (a provider's name, what it waits for) is shown by labels, which take
text and no markup. The buttons only set what the run's own threads read: a click may arrive on any
thread of the kernel, and on some kernels not before the cell has ended.
"""

from typing import Any

from IPython.display import HTML as PAGE, display
from ipywidgets import HTML, Button, HBox, Label, Layout, VBox

from enrich_pandas.progress import FINAL, Controls, Progress, phrases
from enrich_pandas.progress.html import figures, still

# A label typesets TeX between dollars, and its text must hold no tag even for a careless reader.
_TEXT = str.maketrans({"<": "\u2039", ">": "\u203a", "$": "\uff04", "\\": "\uff3c"})
_HINT = "If a button does not react here, ■ Stop (Interrupt) does the same as Cancel."
_FALLBACK = (  # what a file keeps of a run that was cut off, and a front end without widgets shows
    "Run {0} was going on here. A run with wait=False ends with the kernel, unless its handle's "
    ".wait() is called. ep.run({0!r}) tells how it ended."
)
_PAUSE = "Pause", "pause", "start nothing new; what is in flight still lands"
_RESUME = "Resume", "play", "go on"
_CANCEL = "Cancel", "stop", "stop spending, and keep what has arrived"


class Clicks:
    """Whether a click has ever arrived in this process; until then panels say what else to do."""

    arrive = False


class Panel:
    """Show a run as one panel, which gives way to static HTML when the run ends."""

    def __init__(self) -> None:
        self._controls: Controls | None = None
        self._live: _Live | None = None
        self._output: Any = None

    def take_controls(self, controls: Controls) -> None:
        """Take what the buttons do."""
        self._controls = controls

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        self._live = self._live or _Live(self._controls)
        self._live.draw(progress)  # before it is on display: nobody sees it empty
        self._output = self._output or display(  # type: ignore[no-untyped-call]  # IPython is untyped
            _view(self._live.box, progress.run), raw=True, display_id=True
        )
        if progress.state in FINAL:
            self._output.update(PAGE(still(progress)))  # type: ignore[no-untyped-call]  # as above
            self._live.close()
            self._controls = self._live = self._output = None


def _view(box: VBox, run: str) -> dict[str, Any]:
    """Return what shows a widget; ipywidgets 7 by itself shows it where no update reaches it."""
    return {
        "application/vnd.jupyter.widget-view+json": {
            "version_major": 2,
            "version_minor": 0,
            "model_id": box.model_id,
        },
        "text/plain": _FALLBACK.format(run),
    }


class _Live:
    """The widgets of one run, drawn as `still` draws its end."""

    def __init__(self, controls: Controls | None) -> None:
        self.title, self.note, self.hint = _label(), _label(), _label(_HINT)
        self.title.style.font_weight = "bold"  # ipywidgets 7 takes no notice
        self.hint.style.font_size = "11px"  # as above
        self.figures = HTML(layout=Layout(margin="0"))
        self.buttons = _Buttons(controls) if controls else None
        row = [*(self.buttons.all if self.buttons else ()), self.note]
        self.note.layout.margin = "0 0 0 8px"
        foot = HBox(row, layout=Layout(align_items="center"))
        self.box = VBox([self.title, self.figures, foot, self.hint])

    def draw(self, progress: Progress) -> None:
        self.title.value = _text(phrases.settled(progress))
        self.figures.value = figures(progress)
        self.note.value = _text(phrases.paused(progress))
        self.hint.layout.display = "none" if Clicks.arrive or not self.buttons else "flex"
        if self.buttons:
            self.buttons.draw(progress)

    def close(self) -> None:
        _close(self.box)


class _Buttons:
    """Pause, which is Resume while the run is paused, and Cancel."""

    def __init__(self, controls: Controls) -> None:
        self.toggle, self.cancel = _button(*_PAUSE), _button(*_CANCEL)
        self.all = self.toggle, self.cancel
        self._controls, self._is_paused = controls, False
        self.toggle.on_click(self._toggled)
        self.cancel.on_click(self._cancelled)

    def draw(self, progress: Progress) -> None:
        self._is_paused = progress.state == "paused"
        _name(self.toggle, *(_RESUME if self._is_paused else _PAUSE))
        for button in self.all:
            button.disabled = progress.state not in ("running", "paused")

    def _toggled(self, _: Button) -> None:
        Clicks.arrive = True
        (self._controls.resume if self._is_paused else self._controls.pause)()

    def _cancelled(self, _: Button) -> None:
        Clicks.arrive = True
        self._controls.cancel()


def _button(text: str, icon: str, meaning: str) -> Button:
    button = Button(layout=Layout(width="auto"))
    _name(button, text, icon, meaning)
    _unpin(button)
    return button


def _name(button: Button, text: str, icon: str, meaning: str) -> None:
    button.description, button.icon, button.tooltip = text, icon, f"{text}: {meaning}"


def _unpin(widget: Button) -> None:
    """Let a click arrive while the cell runs.

    ipykernel 7.4 hands a message of a widget to the (sub)shell that last used the widget, which is
    the one that the cell blocks; up to 7.3 the subshell that the front end names was enough.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005, SLF001 - ipykernel's own; no other way


def _label(text: str = "") -> Label:
    """Make a line of text, as close to the next one as in a paragraph."""
    return Label(text, layout=Layout(margin="-3px 0", width="auto"))


def _close(widget: Any) -> None:
    for child in getattr(widget, "children", ()):
        _close(child)
    widget.close()


def _text(text: str) -> str:
    return phrases.printable(text).translate(_TEXT)
