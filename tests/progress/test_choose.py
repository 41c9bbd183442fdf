"""The choice of a view, and the views without widgets."""

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.progress import Progress, State
from enrich_pandas.progress.choose import LogLine, MarimoView, TerminalBar, choose_view
from enrich_pandas.progress.widget import Panel

Snapshot = Callable[..., Progress]


class ZMQInteractiveShell:
    """Stands for the shell of ipykernel, which is recognized by its name."""


class ColabShell(ZMQInteractiveShell):
    """Stands for a subclass of that shell."""


class TerminalInteractiveShell:
    """Stands for IPython in a terminal."""


def use_shell(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


# The choice


def test_hook_is_used_as_it_is() -> None:
    seen: list[object] = []
    hook = seen.append
    assert choose_view(hook) is hook


@pytest.mark.parametrize("silent", [None, False])
def test_none_and_false_show_nothing(
    snapshot: Snapshot, capfd: pytest.CaptureFixture[str], silent: None
) -> None:
    choose_view(silent)(snapshot(state="done"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "view"), [("bar", TerminalBar), ("widget", Panel)])
def test_view_is_chosen_by_name(name: str, view: type) -> None:
    assert isinstance(choose_view(name), view)


@pytest.mark.parametrize("wrong", ["tqdm", "", "Widget"])
def test_unknown_name_raises_with_the_known_names(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="'auto', 'widget', 'bar', False"):
        choose_view(wrong)


@pytest.mark.parametrize("shell", [ZMQInteractiveShell(), ColabShell()])
def test_auto_in_a_jupyter_kernel_is_the_widget(
    monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    use_shell(monkeypatch, shell)
    assert isinstance(choose_view("auto"), Panel)


@pytest.mark.parametrize("shell", [None, TerminalInteractiveShell()])
def test_auto_in_a_terminal_is_the_bar(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    use_shell(monkeypatch, shell)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(choose_view("auto"), TerminalBar)


@pytest.mark.parametrize(("runs", "view"), [(True, MarimoView), (False, LogLine)])
def test_auto_in_marimo_is_the_output_of_the_cell(
    monkeypatch: pytest.MonkeyPatch, runs: bool, view: type
) -> None:
    use_shell(monkeypatch, None)
    marimo = SimpleNamespace(running_in_notebook=lambda: runs)
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(choose_view("auto"), view)


def test_auto_in_a_script_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert isinstance(choose_view("auto"), LogLine)


def test_auto_works_without_standard_error(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    monkeypatch.setattr(sys, "stderr", None)
    choose_view("auto")(snapshot(state="done"))


def test_choice_imports_no_library_of_a_view() -> None:
    code = (
        "import sys; from enrich_pandas.progress.choose import choose_view;"
        "choose_view(None); choose_view('auto');"
        "print([name for name in ('tqdm', 'ipywidgets', 'IPython') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


# The bar of a terminal


@pytest.fixture
def unset_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the width of the terminal from the environment, at which tqdm would cut the line."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def drawn_lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return each drawing of the bar's line."""
    return [line.strip() for line in capsys.readouterr().err.split("\r") if line.strip()]


@pytest.mark.usefixtures("unset_width")
def test_bar_shows_rows_credits_counts_batches_and_time(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = TerminalBar()
    bar(snapshot())
    bar(snapshot(state="done"))
    shown = drawn_lines(capsys)[1]
    for part in (
        "crustdata  62%|",
        "310/500 rows",
        "0:12 left",
        "280/900 credits",
        "250 matched, 40 not found, 17 invalid, 1 held, 2 failed",
        "9/15 batches, 2 in flight",
    ):
        assert part in shown


@pytest.mark.usefixtures("unset_width")
def test_bar_counts_a_wait_down(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalBar()
    for seconds in (3.0, 2.0, 1.0):
        bar(snapshot(waiting="rate limit", wait_seconds=seconds))
    bar(snapshot(state="done"))
    shown = " ".join(drawn_lines(capsys))
    assert all(f"waiting 0:0{second}: rate limit" in shown for second in (3, 2, 1))


@pytest.mark.parametrize("state", ["done", "failed", "interrupted"])
@pytest.mark.usefixtures("unset_width")
def test_bar_of_an_ended_run_remains_with_its_state(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str], state: State
) -> None:
    bar = TerminalBar()
    bar(snapshot())
    bar(snapshot(state=state))
    err = capsys.readouterr().err
    assert err.endswith("\n")
    assert f"rows, {state} · " in err.split("\r")[-1]


def test_bar_is_one_line(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalBar()
    for rows in range(50):
        bar(snapshot(rows_done=rows))
    bar(snapshot(state="done"))
    assert capsys.readouterr().err.count("\n") == 1


def test_second_run_gets_a_new_bar(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalBar()
    bar(snapshot(state="done"))
    bar(snapshot(provider="other", state="done"))
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.usefixtures("unset_width")
def test_frame_without_rows_gets_a_bar(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalBar()(snapshot(rows=0, rows_done=0, counts={}, state="done"))
    assert "0/0 rows, done" in capsys.readouterr().err


@pytest.mark.usefixtures("unset_width")
def test_bar_removes_control_characters(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalBar()(snapshot(provider="\x1b[2Jevil", waiting="\x07{bar}", state="failed"))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\x07" not in err
    assert "{bar}" in err


# One line for scripts, and the output of a marimo cell


def test_line_is_written_once_at_the_end(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    line = LogLine()
    for rows in range(300):
        line(snapshot(rows_done=rows))
    line(snapshot(state="done"))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("enrich_pandas: crustdata done: 310 of 500 rows")


def test_line_shows_a_failure(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    LogLine()(snapshot(state="failed"))
    assert "crustdata failed" in capsys.readouterr().err


def test_marimo_output_is_replaced_only_if_it_changes(
    monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    shown: list[str] = []
    output = SimpleNamespace(replace=shown.append)
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(output=output, Html=str))
    view = MarimoView()
    for progress in (snapshot(), snapshot(), snapshot(state="paused"), snapshot(state="done")):
        view(progress)
    assert len(shown) == 3
    assert "paused, 2 in flight" in shown[1]
    assert "crustdata done: 310 of 500 rows" in shown[2]
