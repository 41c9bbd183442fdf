"""The scheduler: workers, timers, pause and stop, for tasks that go on or wait.

A task that waits is a timer in a heap, not a thread asleep: thousands of open jobs need no more
threads than the vendor's connections.
"""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from enrich_pandas.progress import State

T = TypeVar("T")
LOOK = 1.0  # seconds between looks at whether the interpreter ends
ENDINGS: dict[State, State] = {"stopping": "interrupted", "failed": "failed"}


class Scheduler(Generic[T]):
    """Carries tasks on until none is left, or until it is stopped.

    Parameters
    ----------
    advance
        Carries a task on; returns the seconds until it can go on again, or None when it is done.
    fail
        Is given a task whose ``advance`` raised, and the exception.
    drop
        Is given every task that a stop leaves undone.
    finish
        Is called once, when nothing is left, with the final state.

    Notes
    -----
    It stops by itself where the interpreter is about to end and nobody waits (see `awaited`).
    """

    def __init__(
        self,
        *,
        advance: Callable[[T], float | None],
        fail: Callable[[T, BaseException], None],
        drop: Callable[[T], None],
        finish: Callable[[State], None],
    ) -> None:
        self._advance, self._fail, self._drop, self._finish = advance, fail, drop, finish
        self._changed = threading.Condition()
        self._ready: deque[T] = deque()
        self._timers: list[tuple[float, int, T]] = []
        self._serial = itertools.count()
        self._threads: list[threading.Thread] = []
        self._is_over = False
        self._waiting = 0
        self.state: State = "running"
        self.total = 0
        self.finished = 0
        self.in_flight = 0

    def start(self, workers: int, name: str) -> None:
        """Start the workers, as many as there are tasks at the most."""
        for number in range(max(1, min(workers, len(self._ready)))):
            # Not daemons: what is in flight when the interpreter ends has been paid for.
            self._threads.append(threading.Thread(target=self._work, name=f"{name}-{number}"))
            self._threads[-1].start()

    def add(self, tasks: Iterable[T]) -> None:
        """Add tasks, in order."""
        with self._changed:
            before = len(self._ready)
            self._ready.extend(tasks)
            self.total += len(self._ready) - before
            self._changed.notify_all()

    def wake(self, is_due: Callable[[T], bool]) -> None:
        """Let those go on at once, before all others, that wait and of whom this holds."""
        with self._changed:
            waiting = self._timers
            self._timers = [timer for timer in waiting if not is_due(timer[2])]
            heapq.heapify(self._timers)
            self._ready.extendleft(task for _, _, task in waiting if is_due(task))
            self._changed.notify_all()

    def stop(self, state: State) -> None:
        """Start nothing more; what waits is dropped, what is in flight ends its step."""
        with self._changed:
            if self.is_stopped:
                return
            self.state = state
            self._drop_waiting()
            self._changed.notify_all()
        if not any(thread.is_alive() for thread in self._threads):  # stopped before the start
            self._end()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Say that somebody waits for the end."""
        with self._changed:
            self._waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1

    def pause(self) -> None:
        """Start nothing until `resume`."""
        with self._changed:
            if self.state == "running":
                self.state = "paused"

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            if self.state == "paused":
                self.state = "running"
                self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        """Whether anything may start now."""
        return self.state == "running"

    @property
    def is_stopped(self) -> bool:
        """Whether nothing will start any more."""
        return self.state not in ("running", "paused")

    def idle_seconds(self) -> float:
        """Return how long nothing will happen, where every task waits; else 0."""
        with self._changed:
            if self.in_flight or self._ready or not self._timers:
                return 0.0
            return max(0.0, self._timers[0][0] - time.monotonic())

    def _work(self) -> None:
        while (task := self._next()) is not None:
            delay = None
            try:
                delay = self._advance(task)
            except BaseException as error:  # noqa: BLE001 - handed on; a worker outlives its tasks
                self._fail(task, error)
            finally:
                self._put_back(task, delay)
        self._end()

    def _next(self) -> T | None:
        """Wait for a task that can go on; None when nothing is left."""
        with self._changed:
            while True:
                if not (self._waiting or threading.main_thread().is_alive()):
                    self.stop("stopping")
                if self.is_stopped:
                    self._drop_waiting()
                self._wake_timers()
                if self._ready and self.is_running:
                    self.in_flight += 1
                    return self._ready.popleft()
                if not (self._ready or self._timers or self.in_flight):
                    self._changed.notify_all()
                    return None
                self._changed.wait(self._longest_wait())

    def _longest_wait(self) -> float:
        due = self._timers[0][0] - time.monotonic() if self._timers and self.is_running else LOOK
        return min(LOOK, due)

    def _wake_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            self._ready.appendleft(heapq.heappop(self._timers)[2])

    def _put_back(self, task: T, delay: float | None) -> None:
        with self._changed:
            if delay is None:
                self.finished += 1
            else:
                due = time.monotonic() + delay
                heapq.heappush(self._timers, (due, next(self._serial), task))
            self.in_flight -= 1
            self._changed.notify_all()

    def _drop_waiting(self) -> None:
        left = [*self._ready, *(task for _, _, task in self._timers)]
        self._ready.clear()
        self._timers.clear()
        for task in left:
            self._drop(task)

    def _end(self) -> None:
        """End once, by whoever first finds that nothing is left."""
        with self._changed:
            if self._is_over or self._ready or self._timers or self.in_flight:
                return
            self._is_over = True
            self.state = ENDINGS.get(self.state, "done")
        self._finish(self.state)
