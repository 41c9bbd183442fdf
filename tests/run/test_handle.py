import threading
from contextlib import nullcontext, suppress
from typing import Any

from enrich_pandas.errors import UnavailableError
from enrich_pandas.progress import FINAL, Progress, State
from enrich_pandas.run.handle import Handle


class Ending:
    """Stands for a driver whose run has come to an end, and which is done some looks later."""

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

    def pause(self) -> None: ...

    resume = cancel = pause


def states(driver: Any) -> list[str]:
    seen: list[Progress] = []
    handle = Handle(driver, seen.append, lambda: None)
    with suppress(UnavailableError):
        handle.wait()
    return [progress.state for progress in seen]


def test_one_snapshot_is_final_and_it_is_the_last() -> None:
    ended = states(Ending("done", looks=3))
    assert [state for state in ended if state in FINAL] == ["done"]
    assert ended[-1] == "done"


def test_a_run_that_failed_is_stopping_until_all_has_landed() -> None:
    assert states(Ending("failed", 3, UnavailableError("No answer."))) == [
        *["stopping"] * 3,
        "failed",
    ]
