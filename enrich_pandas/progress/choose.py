"""Which view shows a run: by name, or by where the code runs."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Never

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress import FINAL, Hook, Progress, phrases
from enrich_pandas.progress.html import still
from enrich_pandas.progress.phrases import ended

if TYPE_CHECKING:
    from tqdm import tqdm


def choose_view(progress: str | Hook | None) -> Hook:
    """Return the view that ``progress=`` names.

    Parameters
    ----------
    progress
        ``"auto"``: the widget in a notebook, the cell's output in marimo, the bar in a terminal,
        elsewhere one line at the end. ``"widget"`` and ``"bar"``: that one. None: nothing is
        shown. A callable: itself.

    Returns
    -------
    Hook
        To be called with each `Progress`; one view follows one run at a time.

    Raises
    ------
    ConfigurationError
        For any other value.

    Examples
    --------
    >>> seen = []
    >>> choose(seen.append) == seen.append
    True
    """
    if progress is None:
        return _silent
    if callable(progress):
        return progress
    if progress not in _VIEWS:
        raise ConfigurationError(
            f"There is no progress view {progress!r}.",
            cost="Nothing was spent.",
            todo="Use progress='auto', 'widget', 'bar', None or a function of one argument.",
        )
    return _VIEWS[progress]()


def _silent(_: Progress) -> None:
    """Show nothing."""


def _auto() -> Hook:
    """Choose by where the code runs."""
    if _in_notebook():
        return _widget()
    if _in_marimo():
        return _page()
    return _bar() if sys.stderr is not None and sys.stderr.isatty() else _line()


def _in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this process, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    # By name over the ancestors: Colab's shell is a subclass, and ipykernel need not be there.
    return any(ancestor.__name__ == "ZMQInteractiveShell" for ancestor in type(shell).__mro__)


def _in_marimo() -> bool:
    """Tell whether marimo shows what this process does, without importing it."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _widget() -> Hook:
    from enrich_pandas.progress.widget import Panel

    return Panel()


def _page() -> Hook:

    return MarimoView()


def _bar() -> Hook:

    return TerminalBar()


def _line() -> Hook:

    return LogLine()


_VIEWS: Mapping[str, Callable[[], Hook]] = {"auto": _auto, "widget": _widget, "bar": _bar}


# -- The bar of a terminal: one line of tqdm over the rows ---------------------------------------

# tqdm's own estimate knows nothing of rate limits, so the time left comes from the run.
_FORMAT = "{desc} {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt} rows{postfix}"


class TerminalBar:
    """Show a run as one line, which stays on the screen when the run ends."""

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        if self._bar is None:
            self._bar = _opened(progress)
        _draw(self._bar, progress)
        if progress.state in FINAL:
            self._bar.close()
            self._bar = None


def _opened(progress: Progress) -> "tqdm[Never]":
    from tqdm import tqdm

    return tqdm(
        desc=phrases.printable(progress.provider),
        total=progress.rows,
        bar_format=_FORMAT,
        dynamic_ncols=True,
        leave=True,
    )


def _draw(bar: "tqdm[Never]", progress: Progress) -> None:
    """Put the newest figures first: what does not fit a narrow terminal is cut at the end."""
    ended = progress.state if progress.state in FINAL else ""
    parts = (
        ended,
        phrases.paused(progress),
        "" if ended else phrases.timed(progress),
        f"{phrases.amount(progress.credits)}/{phrases.amount(progress.credits_max)} credits",
        phrases.counted(progress),
        f"{progress.batches_done:,}/{progress.batches:,} batches, {progress.in_flight:,} in flight",
        phrases.paced(progress) if not ended else "",
    )
    bar.n = progress.settled
    bar.set_postfix_str(" · ".join(filter(None, parts)), refresh=False)
    bar.refresh()


# -- One line at the end: for scripts and logs, where a moving view would only be noise ----------


class LogLine:
    """Write a run's last snapshot to standard error; nothing before it."""

    def __call__(self, progress: Progress) -> None:
        """Write the snapshot if it is the last."""
        if progress.state in FINAL and sys.stderr is not None:
            sys.stderr.write(f"enrich_pandas: {ended(progress)}\n")


# -- The output of a marimo cell: plain HTML, replaced in place; its Stop button ends the run ----


class MarimoView:
    """Show a run as the output of the cell that waits for it; from elsewhere nothing is shown."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot, where it says anything new."""
        page = still(progress)
        if page != self._shown:
            self._shown = page
            marimo: Any = sys.modules["marimo"]  # which runs this process, and is no dependency
            marimo.output.replace(marimo.Html(page))
