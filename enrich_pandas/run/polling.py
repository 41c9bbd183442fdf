"""Polling: one look at the vendor's list of jobs serves all jobs that are open."""

import threading
from collections.abc import Callable

from enrich_pandas.providers.base import Kind, Listing, Provider, Request, Response, Wait
from enrich_pandas.run.task import Task

SOON = 1.0  # seconds between looks, for each request of a look
SELDOM = 30.0  # seconds; the longest between looks
SLOWER = 1.5  # by which looks grow rarer while nothing ends


class Poller:
    """Watches the open jobs of a run.

    Parameters
    ----------
    ask
        Sends an unbilled request: returns the answer, or the seconds until another try.
    wake
        Lets the tasks go on of whom what it is given holds.
    """

    def __init__(
        self,
        provider: Provider,
        kind: Kind,
        *,
        ask: Callable[[Request], Response | float],
        wake: Callable[[Callable[[Task], bool]], None],
    ) -> None:
        self._provider, self._kind, self._ask, self._wake = provider, kind, ask, wake
        self._lock = threading.Lock()
        self._jobs: set[str] = set()
        self._is_looking = False
        self._look: Listing | None = None
        self._step: Request | None = None
        self._reply: Response | None = None
        self._requests = 0
        self._interval = SOON

    def open(self, job: str) -> bool:
        """Watch a job; tell whether somebody has to begin to `look`."""
        with self._lock:
            self._jobs.add(job)
            begins, self._is_looking = not self._is_looking, True
            return begins

    def close(self, job: str) -> None:
        """Watch a job no longer."""
        with self._lock:
            self._jobs.discard(job)

    def look(self) -> float | None:
        """Go on looking; return the seconds until the next time, None where no job is open."""
        if self._look is None and (jobs := self._open_jobs()):
            self._look = self._provider.listing(self._kind, jobs)
            self._requests = 0
        if self._look is None:
            return None
        try:
            while True:
                step = self._step or self._look.send(self._reply)  # type: ignore[arg-type]  # None starts it
                if isinstance(step, Wait):
                    self._reply = Response()
                    return step.seconds
                self._step = step
                answer = self._ask(step)
                if isinstance(answer, float):
                    return answer
                self._step, self._reply = None, answer
                self._requests += 1
        except StopIteration as end:
            self._look = self._reply = None
            return self._next(frozenset(end.value))

    def _open_jobs(self) -> frozenset[str]:
        with self._lock:
            self._is_looking = bool(self._jobs)
            return frozenset(self._jobs)

    def _next(self, ended: frozenset[str]) -> float:
        """Let those go on that have ended; look again sooner where something happens."""
        pace = SOON * max(1, self._requests)
        self._interval = pace if ended else min(SELDOM, max(pace, self._interval * SLOWER))
        self._wake(lambda task: task.job in ended)
        return self._interval
