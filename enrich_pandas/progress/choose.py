"""The views, and the choice among them: by name, or by where the code runs."""

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Never

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress import FINAL, Hook, Progress, phrases
from enrich_pandas.progress.html import snapshot_page

if TYPE_CHECKING:
    from tqdm import tqdm


def choose_view(progress: str | Hook | Literal[False] | None) -> Hook:
    """Return the view that ``progress=`` names.

    Parameters
    ----------
    progress : {"auto", "widget", "bar"}, callable, False or None
        ``"auto"`` is the widget in a notebook, the output of the cell in marimo, the bar in a
        terminal, and one line at the end elsewhere. False and None show nothing. A callable is
        called with each `Progress`.

    Returns
    -------
    Hook
        A view, for one run at a time.

    Raises
    ------
    ConfigurationError
        If ``progress`` is another value.

    Examples
    --------
    >>> snapshots = []
    >>> choose_view(snapshots.append) == snapshots.append
    True
    """
    if progress is None or progress is False:
        return _show_nothing
    if callable(progress):
        return progress
    if progress not in _VIEWS:
        raise ConfigurationError(
            f"progress={progress!r} is not a progress view.",
            todo="Use progress='auto', 'widget', 'bar', False or a function of one argument.",
        )
    return _VIEWS[progress]()


def _show_nothing(_: Progress) -> None:
    """Show nothing."""


def _auto() -> Hook:
    if _is_notebook():
        return _widget()
    if _is_marimo():
        return MarimoView()
    return TerminalBar() if sys.stderr is not None and sys.stderr.isatty() else LogLine()


def _is_notebook() -> bool:
    """Return whether a Jupyter kernel runs this process, without importing IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    # By the name of an ancestor: Colab's shell is a subclass, and ipykernel is optional.
    return any(ancestor.__name__ == "ZMQInteractiveShell" for ancestor in type(shell).__mro__)


def _is_marimo() -> bool:
    """Return whether a marimo notebook runs this process, without importing marimo."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _widget() -> Hook:
    # late, because only this view needs ipywidgets
    from enrich_pandas.progress.widget import Panel

    return Panel()


class TerminalBar:
    """Show a run as one line of tqdm, which remains on the screen after the run."""

    # Without tqdm's own estimate: it does not know about rate limits, so the run computes the time.
    FORMAT = "{desc} {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt} rows{postfix}"

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        self._bar = self._bar or self._open(progress)
        self._bar.n = progress.settled
        self._bar.set_postfix_str(_bar_text(progress), refresh=False)
        self._bar.refresh()
        if progress.state in FINAL:
            self._bar.close()
            self._bar = None

    def _open(self, progress: Progress) -> "tqdm[Never]":
        from tqdm import tqdm  # late, because only this view needs it

        return tqdm(
            desc=phrases.printable(progress.provider),
            total=progress.rows,
            bar_format=self.FORMAT,
            dynamic_ncols=True,
            leave=True,
        )


def _bar_text(progress: Progress) -> str:
    """Return the figures beside the bar; a narrow terminal cuts off the last ones."""
    ended = progress.state if progress.state in FINAL else ""
    parts = (
        ended,
        phrases.paused(progress),
        "" if ended else phrases.time(progress),
        f"{phrases.amount(progress.credits)}/{phrases.amount(progress.credits_max)} credits",
        phrases.counted(progress),
        f"{progress.batches_done:,}/{progress.batches:,} batches, {progress.in_flight:,} in flight",
        "" if ended else phrases.rate(progress),
    )
    return " · ".join(filter(None, parts))


class LogLine:
    """Write the last snapshot of a run to standard error, for scripts and logs."""

    def __call__(self, progress: Progress) -> None:
        """Write the snapshot if it is the last one."""
        if progress.state in FINAL and sys.stderr is not None:
            sys.stderr.write(f"enrich_pandas: {phrases.ended(progress)}\n")


class MarimoView:
    """Show a run as the output of the marimo cell that waits for it.

    marimo shows no ipywidgets. Its Stop button interrupts the run.
    """

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, progress: Progress) -> None:
        """Replace the output of the cell if the snapshot looks different."""
        page = snapshot_page(progress)
        if page != self._shown:
            self._shown = page
            marimo: Any = sys.modules["marimo"]  # it runs this process, and is not a dependency
            marimo.output.replace(marimo.Html(page))


_VIEWS: Mapping[str, Callable[[], Hook]] = {"auto": _auto, "widget": _widget, "bar": TerminalBar}
