"""Which view shows a run: by name, or by where the code runs."""

import sys
from collections.abc import Callable, Mapping

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress import Hook, Progress


def choose(progress: str | Hook | None) -> Hook:
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
    from enrich_pandas.progress.page import Page

    return Page()


def _bar() -> Hook:
    from enrich_pandas.progress.bar import Bar

    return Bar()


def _line() -> Hook:
    from enrich_pandas.progress.line import Line

    return Line()


_VIEWS: Mapping[str, Callable[[], Hook]] = {"auto": _auto, "widget": _widget, "bar": _bar}
