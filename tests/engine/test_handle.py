import gc
import threading
import time
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from enrich_pandas.engine.handle import Handle
from enrich_pandas.errors import RunInterrupted, UnavailableError
from enrich_pandas.progress import FINAL, Controls, Progress, State


class Ending:
    """A runner whose run has ended, and whose last snapshots follow."""

    run = "r_1"

    def __init__(self, state: State, looks: int, error: UnavailableError | None = None) -> None:
        self.done, self.error = threading.Event(), error
        self._state, self._looks = state, looks

    def snapshot(self) -> Progress:
        self._looks -= 1
        if self._looks <= 0:
            self.done.set()
        return Progress(
            run=self.run,
            provider="crustdata",
            rows=1,
            rows_done=1,
            counts={},
            batches=1,
            batches_done=1,
            in_flight=0,
            credits=0.0,
            credits_max=1.0,
            budget=None,
            elapsed=0.0,
            eta=None,
            state=self._state,
        )

    def awaited(self) -> Any:
        return nullcontext()

    def start(self) -> None: ...

    pause = resume = cancel = halt = start


def await_view() -> None:
    """Wait until no thread shows a run."""
    while any("view" in thread.name for thread in threading.enumerate()):
        time.sleep(0.01)


def states(runner: Any) -> list[str]:
    seen: list[Progress] = []
    handle = Handle(runner, seen.append, lambda: None)
    with suppress(UnavailableError):
        handle.wait()
    return [progress.state for progress in seen]


def test_only_the_last_snapshot_is_final() -> None:
    ended = states(Ending("done", looks=3))
    assert [state for state in ended if state in FINAL] == ["done"]
    assert ended[-1] == "done"


def test_failed_run_is_stopping_until_requests_end() -> None:
    assert states(Ending("failed", 3, UnavailableError("No answer."))) == [
        *["stopping"] * 3,
        "failed",
    ]


class View:
    """A hook with buttons that records its arguments."""

    def __init__(self) -> None:
        self.given: list[Any] = []
        self.threads: set[str] = set()
        self.ended = threading.Event()

    def take_controls(self, controls: Controls) -> None:
        self.given.append(controls)

    def __call__(self, progress: Progress) -> None:
        self.given.append(progress.state)
        self.threads.add(threading.current_thread().name)
        if progress.state in FINAL:
            self.ended.set()


def begun(runner: Any, hook: Any) -> Handle[str]:
    handle = Handle(runner, hook, lambda: "the frame")
    handle.start(follow=True)
    return handle


def test_hook_gets_controls_before_first_snapshot() -> None:
    view = View()
    handle = Handle(Ending("done", looks=2), view, lambda: None)
    handle.start()
    handle.wait()
    assert view.given[0] is handle
    assert view.given[-1] == "done"


def test_unawaited_run_is_first_shown_on_callers_thread() -> None:
    view = View()
    handle = begun(Ending("done", looks=4), view)
    assert view.threads == {threading.current_thread().name}
    assert view.ended.wait(60)
    assert len(view.threads) == 2
    assert handle.wait() == "the frame"
    assert view.given.count("done") == 1


def test_waiting_thread_takes_over_the_hook() -> None:
    view = View()
    begun(Ending("done", looks=8), view).wait()
    assert view.given[1:].count("done") == 1
    assert view.given[-1] == "done"


def test_hook_error_in_background_is_raised_by_wait() -> None:
    def view(progress: Progress) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ZeroDivisionError

    handle = begun(Ending("interrupted", looks=99), view)
    await_view()
    with pytest.raises(ZeroDivisionError):
        handle.wait()


def test_cancel_interrupts_wait_with_requests_in_flight() -> None:
    view, runner = View(), Ending("stopping", looks=10_000)
    handle = Handle(runner, view, lambda: "so far")
    threading.Timer(0.2, handle.cancel).start()
    with pytest.raises(RunInterrupted) as caught:
        handle.wait()
    assert not runner.done.is_set()
    assert caught.value.result == "so far"
    assert view.given[-1] == "interrupted"


def let_go(handles: list[Handle[str]]) -> None:
    """Drop handles after the threads that show their runs have ended."""
    await_view()
    handles.clear()
    gc.collect()


def test_dropped_handle_warns_of_unawaited_run() -> None:
    handles = [begun(Ending("done", looks=1), lambda _: None)]
    with pytest.warns(RuntimeWarning, match="Run r_1 was not waited for: 1 of 1 rows are settled"):
        let_go(handles)


@pytest.mark.parametrize("minded", [Handle.wait, Handle.result, Handle.cancel])
def test_used_handle_does_not_warn(minded: Any) -> None:
    handles = [begun(Ending("done", looks=1), lambda _: None)]
    minded(handles[0])
    let_go(handles)
