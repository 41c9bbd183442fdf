from collections.abc import Callable

import pytest

from enrich_pandas.progress import Progress, State
from enrich_pandas.progress.choose import TerminalBar

Snapshot = Callable[..., Progress]


@pytest.fixture(autouse=True)
def no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing but a terminal say how wide it is: a host may, and tqdm cuts the line there."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def drawn(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return each state of the bar's line, as it was drawn."""
    return [line.strip() for line in capsys.readouterr().err.split("\r") if line.strip()]


def test_the_bar_shows_rows_credits_counts_batches_and_time(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = TerminalBar()
    bar(snapshot())
    bar(snapshot(state="done"))
    shown = drawn(capsys)[1]
    for part in (
        "crustdata  62%|",
        "310/500 rows",
        "0:12 left",
        "280/900 credits",
        "250 matched, 40 not found, 17 invalid, 1 held, 2 failed",
        "9/15 batches, 2 in flight",
    ):
        assert part in shown


def test_a_wait_is_counted_down(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalBar()
    for seconds in (3.0, 2.0, 1.0):
        bar(snapshot(waiting="rate limit", wait_seconds=seconds))
    bar(snapshot(state="done"))
    shown = " ".join(drawn(capsys))
    assert all(f"waiting 0:0{second}: rate limit" in shown for second in (3, 2, 1))


@pytest.mark.parametrize("state", ["done", "failed", "interrupted"])
def test_a_bar_that_ended_stays_and_says_how(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str], state: State
) -> None:
    bar = TerminalBar()
    bar(snapshot())
    bar(snapshot(state=state))
    err = capsys.readouterr().err
    assert err.endswith("\n")
    assert f"rows, {state} · " in err.split("\r")[-1]


def test_one_bar_is_one_line(snapshot: Snapshot, capsys: pytest.CaptureFixture[str]) -> None:
    bar = TerminalBar()
    for rows in range(50):
        bar(snapshot(rows_done=rows))
    bar(snapshot(state="done"))
    assert capsys.readouterr().err.count("\n") == 1


def test_a_second_run_has_a_bar_of_its_own(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = TerminalBar()
    bar(snapshot(state="done"))
    bar(snapshot(provider="other", state="done"))
    assert capsys.readouterr().err.count("\n") == 2


def test_a_frame_without_rows_has_a_bar_too(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalBar()(snapshot(rows=0, rows_done=0, counts={}, state="done"))
    assert "0/0 rows, done" in capsys.readouterr().err


def test_a_bar_passes_no_control_sequence_on(
    snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    TerminalBar()(snapshot(provider="\x1b[2Jevil", waiting="\x07{bar}", state="failed"))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\x07" not in err
    assert "{bar}" in err
