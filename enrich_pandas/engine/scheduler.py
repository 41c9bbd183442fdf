"""The scheduler: workers, timers, pause and stop for tasks that run or wait.

A waiting task is a timer in a heap, not a sleeping thread. Thousands of open jobs therefore need no
more threads than the vendor allows connections, and a few to parse answers.
"""

import heapq
import itertools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Generic, TypeVar

from enrich_pandas.journal.records import Batch
from enrich_pandas.progress import State
from enrich_pandas.providers.base import Flow, Identity, Match, Request, Response, Wait, WaitForJob

T = TypeVar("T")
CHECK_INTERVAL = 1.0  # seconds between checks whether the interpreter is exiting
ENDINGS: dict[State, State] = {"stopping": "interrupted", "failed": "failed"}


class Scheduler(Generic[T]):
    """Advances tasks until none is left, or until it is stopped.

    Parameters
    ----------
    advance
        Advances a task; returns the seconds until it can go on, or None when it is done.
    fail
        Receives a task whose ``advance`` raised, and the exception.
    drop
        Receives every task that a stop leaves undone.
    finish
        Called once with the final state, when nothing is left.
    may_begin
        Returns whether a new task may begin, besides those that wait.

    Notes
    -----
    It stops by itself if the interpreter is exiting and no thread waits for the end (see
    `awaited`), or if Ctrl-C ended the interpreter: only the main thread receives Ctrl-C.
    """

    def __init__(
        self,
        *,
        advance: Callable[[T], float | None],
        fail: Callable[[T, BaseException], None],
        drop: Callable[[T], None],
        finish: Callable[[State], None],
        may_begin: Callable[[], bool] = lambda: True,
    ) -> None:
        self._advance, self._fail, self._drop, self._finish = advance, fail, drop, finish
        self._may_begin = may_begin
        self._changed = threading.Condition()
        self._new: deque[T] = deque()
        self._ready: deque[T] = deque()  # tasks that can go on, before new ones begin
        self._timers: list[tuple[float, int, T]] = []
        self._serial = itertools.count()
        self._timer_watch = inf  # when the worker that watches the timers wakes
        self._threads: list[threading.Thread] = []
        self._is_over = self._is_halted = False
        self._waiting = 0
        self._began = self._paused_at = time.monotonic()
        self._paused = 0.0
        self.state: State = "running"
        self.total: int = 0
        self.finished: int = 0
        self.in_flight: int = 0

    def start(self, workers: int, name: str) -> None:
        """Start the workers, but not more than there are tasks."""
        for number in range(max(1, min(workers, len(self._new)))):
            # Not daemons: requests in flight when the interpreter exits have been paid for.
            self._threads.append(threading.Thread(target=self._work, name=f"{name}-{number}"))
            self._threads[-1].start()

    def add(self, tasks: Iterable[T]) -> None:
        """Add tasks, in order."""
        with self._changed:
            before = len(self._new)
            self._new.extend(tasks)
            if added := len(self._new) - before:
                self.total += added
                self._changed.notify_all()

    def add_urgent(self, task: T) -> None:
        """Add a task that runs before new tasks begin."""
        with self._changed:
            self._ready.append(task)
            self.total += 1
            self._changed.notify()

    def recheck(self) -> None:
        """Wake a worker to check whether a new task may begin."""
        with self._changed:
            self._changed.notify()

    def wake(self, is_due: Callable[[T], bool]) -> None:
        """Wake every waiting task for which the predicate is true, before all others."""
        with self._changed:
            waiting = self._timers
            self._timers = [timer for timer in waiting if not is_due(timer[2])]
            heapq.heapify(self._timers)
            self._ready.extendleft(task for _, _, task in waiting if is_due(task))
            self._changed.notify_all()

    def stop(self, state: State) -> None:
        """Start nothing more: drop waiting tasks, and let running tasks end their step."""
        with self._changed:
            if self.is_stopped:
                return
            self.state = state
            self._drop_waiting()
            self._changed.notify_all()
        if not any(thread.is_alive() for thread in self._threads):  # stopped before the start
            self._end()

    def halt(self) -> None:
        """Start nothing more, without a lock, for a signal handler; `stop` must follow."""
        self._is_halted = True

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Register that the caller waits for the end, within a ``with`` block."""
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
                self.state, self._paused_at = "paused", time.monotonic()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._changed:
            if self.state == "paused":
                self.state = "running"
                self._paused += time.monotonic() - self._paused_at
                self._changed.notify_all()

    @property
    def is_running(self) -> bool:
        """Whether anything may start now."""
        return self.state == "running" and not (self._is_halted or self._is_abandoned())

    @property
    def is_stopped(self) -> bool:
        """Whether nothing will start any more."""
        return self.state not in ("running", "paused")

    def active_seconds(self) -> float:
        """Return the seconds so far, without pauses."""
        with self._changed:
            now = self._paused_at if self.state == "paused" else time.monotonic()
            return now - self._began - self._paused

    def next_up(self) -> tuple[float, T] | None:
        """Return the next task and the seconds until it goes on; None unless every task waits."""
        with self._changed:
            if self.in_flight or self._has_work() or not self._timers:
                return None
            due, _, task = self._timers[0]
            return max(0.0, due - time.monotonic()), task

    def _work(self) -> None:
        while (task := self._next()) is not None:
            delay = None
            try:
                delay = self._advance(task)
            except BaseException as error:  # noqa: BLE001 - passed to `fail`; the worker goes on
                self._fail(task, error)
            finally:
                self._put_back(task, delay)
        self._end()

    def _next(self) -> T | None:
        """Wait for a task that can go on; return None when nothing is left."""
        with self._changed:
            while True:
                if self._is_abandoned():
                    self.stop("stopping")
                if self.is_stopped:
                    self._drop_waiting()
                self._wake_timers()
                if self.is_running and self._has_work():
                    self.in_flight += 1
                    task = (self._ready or self._new).popleft()
                    if self._has_work() or self._timers:
                        self._changed.notify()  # another worker, for the remaining tasks
                    return task
                if not self._has_any():
                    self._changed.notify_all()
                    return None
                self._wait()

    def _wait(self) -> None:
        """Wait for a change; one worker alone waits for the next timer."""
        now = time.monotonic()
        until = now + CHECK_INTERVAL
        if self._timers and self.is_running:
            until = min(until, self._timers[0][0])
        if self._timer_watch <= until:
            self._changed.wait(CHECK_INTERVAL)
            return
        self._timer_watch = until
        self._changed.wait(until - now)
        self._timer_watch = inf

    def _has_work(self) -> bool:
        """Return whether a task can go on or begin."""
        return bool(self._ready or (self._new and self._may_begin()))

    def _has_any(self) -> bool:
        """Return whether any task is left."""
        return bool(self._ready or self._new or self._timers or self.in_flight)

    def _is_abandoned(self) -> bool:
        """Return whether the interpreter exits, and no thread waits or Ctrl-C ended it."""
        if threading.main_thread().is_alive():
            return False
        cause = getattr(sys, "last_type", None)
        return not self._waiting or (cause is not None and issubclass(cause, KeyboardInterrupt))

    def _wake_timers(self) -> None:
        """Move the tasks whose timer is due to the front."""
        due = list[T]()
        while self._timers and self._timers[0][0] <= time.monotonic():
            due.append(heapq.heappop(self._timers)[2])
        self._ready.extendleft(reversed(due))

    def _put_back(self, task: T, delay: float | None) -> None:
        with self._changed:
            if delay is None:
                self.finished += 1
            else:
                due = time.monotonic() + delay
                heapq.heappush(self._timers, (due, next(self._serial), task))
            self.in_flight -= 1  # this worker looks for the next task itself

    def _drop_waiting(self) -> None:
        left = [*self._ready, *self._new, *(task for _, _, task in self._timers)]
        self._ready.clear()
        self._new.clear()
        self._timers.clear()
        for task in left:
            self._drop(task)

    def _end(self) -> None:
        """Finish once, on the first worker that finds nothing left."""
        with self._changed:
            if self._is_over or self._has_any():
                return
            self._is_over = True
            self.state = ENDINGS.get(self.state, "done")
        self._finish(self.state)


# -- A task: a batch and its flow, which is advanced step by step --------------------------------


@dataclass(slots=True, eq=False)
class Task:
    """A batch in progress, or identities that another process is requesting (``watch``).

    Attributes
    ----------
    adopt
        Number of an abandoned batch, whose recorded answers are read; None for an own batch.
    poll
        Whether this is the task that polls the vendor's list of jobs.
    job
        The job whose end it waits for.
    charges
        Number of its requests that may have been charged.
    received
        Time of the last answer, in seconds since the epoch.
    unsent
        Identities of an abandoned batch that were not requested yet; they become new batches.
    """

    identities: Sequence[Identity]
    adopt: int | None = None
    watch: bool = False
    poll: bool = False
    job: str = ""
    batch: Batch | None = None
    flow: Flow | None = None
    request: Request | None = None
    reply: Response | None = None
    step: int = 0
    attempt: int = 0
    charges: int = 0
    received: float = 0.0
    unsent: set[Identity] = field(default_factory=set)

    def awaits(self, provider: str) -> str:
        """Return what the task waits for, if it is not the rate limit."""
        if self.watch:
            return "another process, which requests the same"
        return f"a retry at {provider}" if self.request else f"{provider}'s jobs"

    def carry_on(
        self, send: Callable[[Request], Response | float]
    ) -> Wait | WaitForJob | list[Match]:
        """Advance the flow until it must wait, or to its end.

        A wait is skipped if answers were recorded after it: the waiting is over.

        Raises
        ------
        Unfinished
            The flow's job continues at the vendor, and this run no longer waits for it.
        """
        assert self.flow is not None  # noqa: S101 - for the type checker: the runner has set it
        try:
            while True:
                step = self.request or self.flow.send(self.reply)  # type: ignore[arg-type]  # None starts a generator
                if not isinstance(step, Request):
                    self.reply = Response()
                    if self.batch and self.batch.recorded:
                        continue
                    return step
                self.request = step
                answer = send(step)
                if isinstance(answer, float):
                    return Wait(answer)
                self.request, self.reply, self.attempt = None, answer, 0
                self.received = answer.received
                self.step += 1
        except StopIteration as end:
            return list(end.value)
