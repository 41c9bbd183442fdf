"""Polling: one look at the vendor's list of jobs serves all jobs that are open."""

import threading
import time
from collections.abc import Callable

from enrich_pandas.engine.task import Task
from enrich_pandas.providers.base import Kind, Listing, Provider, Request, Response, Wait

SOON = 1.0  # seconds between looks at least, for each request of a look
WORTH = 10  # jobs that are to have ended for each request of a look
PATIENT = 3.0  # seconds, for each request; so long is waited for that many, and no longer
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
        self._due = 0.0

    def open(self, job: str) -> bool:
        """Watch a job; tell whether somebody has to begin to `look`."""
        with self._lock:
            self._jobs.add(job)
            begins, self._is_looking = not self._is_looking, True
            if begins and self._look is None:  # no job has ended by now
                self._due = max(self._due, time.monotonic() + SOON)
            return begins

    def close(self, job: str) -> None:
        """Watch a job no longer; whoever looks needs not wait to find that none is left."""
        with self._lock:
            was_last = self._jobs == {job}
            self._jobs.discard(job)
        if was_last:
            self._wake(lambda task: task.poll)

    def look(self) -> float | None:
        """Go on looking; return the seconds until the next time, None where no job is open."""
        if self._look is None:
            jobs = self._open_jobs()
            if not jobs:
                return None
            if (early := self._due - time.monotonic()) > 0:
                return early
            self._look, self._requests = self._provider.listing(self._kind, jobs), 0
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
        """Let those go on that have ended; look again sooner the more of them there are."""
        requests = max(1, self._requests)
        if ended:
            until_worth = self._interval * WORTH * requests / len(ended)
            self._interval = min(max(SOON * requests, until_worth), PATIENT * requests)
        else:
            self._interval = min(SELDOM, max(SOON * requests, self._interval * SLOWER))
        self._due = time.monotonic() + self._interval
        self._wake(lambda task: task.job in ended)
        return self._interval
