import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress import Progress
from enrich_pandas.progress.choose import LogLine, MarimoView, TerminalBar, choose_view
from enrich_pandas.progress.widget import Panel

Snapshot = Callable[..., Progress]


class ZMQInteractiveShell:
    """Stands for ipykernel's shell, which is known by its name."""


class ColabShell(ZMQInteractiveShell):
    """Stands for a shell derived from it."""


class TerminalInteractiveShell:
    """Stands for IPython in a terminal."""


def shell_is(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_hook_is_taken_as_it_is() -> None:
    seen: list[object] = []
    hook = seen.append
    assert choose_view(hook) is hook


def test_none_shows_nothing(snapshot: Snapshot, capfd: pytest.CaptureFixture[str]) -> None:
    choose_view(None)(snapshot(state="done"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "view"), [("bar", TerminalBar), ("widget", Panel)])
def test_a_view_is_had_by_its_name(name: str, view: type) -> None:
    assert isinstance(choose_view(name), view)


@pytest.mark.parametrize("wrong", ["tqdm", "", "Widget"])
def test_any_other_name_is_refused_with_the_names_there_are(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="'auto', 'widget', 'bar', None"):
        choose_view(wrong)


@pytest.mark.parametrize("shell", [ZMQInteractiveShell(), ColabShell()])
def test_auto_is_the_widget_under_a_jupyter_kernel(
    monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    shell_is(monkeypatch, shell)
    assert isinstance(choose_view("auto"), Panel)


@pytest.mark.parametrize("shell", [None, TerminalInteractiveShell()])
def test_auto_is_the_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    shell_is(monkeypatch, shell)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(choose_view("auto"), TerminalBar)


@pytest.mark.parametrize(("runs", "view"), [(True, MarimoView), (False, LogLine)])
def test_auto_is_the_cells_output_in_marimo(
    monkeypatch: pytest.MonkeyPatch, runs: bool, view: type
) -> None:
    shell_is(monkeypatch, None)
    marimo = SimpleNamespace(running_in_notebook=lambda: runs)
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(choose_view("auto"), view)


def test_auto_is_one_line_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(choose_view("auto"), LogLine)


def test_auto_works_without_a_standard_error(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys, "stderr", None)
    choose_view("auto")(snapshot(state="done"))


def test_choosing_by_itself_loads_no_view() -> None:
    code = (
        "import sys; from enrich_pandas.progress.choose import choose;"
        "choose(None); choose('auto');"
        "print([name for name in ('tqdm', 'ipywidgets', 'IPython') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
