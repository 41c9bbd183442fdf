"""The rate limiter: never more starts in a window than the vendor allows, over all runs.

The window slides: the whole allowance can be used at once, and each start becomes available again
one window later. This is safe for vendors that count in a sliding window and for those that count
by the minute. If a vendor refuses a request all the same (it spaces requests out, or another
program uses the account), requests are paced from then on: one start an interval, on a schedule
that a small delay does not shift.
"""

import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

from enrich_pandas.providers.base import Allowance, RateLimit

# Requests that leave one window apart may arrive closer together. Our window is longer by this
# share: 0.6 seconds a minute, which costs one per cent of the rate.
MARGIN = 0.01
INSTANT = 1e-6  # seconds; tolerance for rounding when a task returns on time
MOST = 1e9  # requests; a vendor's larger limit is not believed
LONGEST_RESET = 60.0  # seconds; the longest reset that is believed if no window is known
GRACE = 1.0  # seconds; a task that returns later than this loses its place in the queue
LATE = 0.02  # seconds; a paced start that is late by less does not delay the next one


class RateLimiter:
    """Decides when a request can start. It never sleeps, and threads can share it.

    Parameters
    ----------
    limit
        The vendor's documented limit; None if there is none.
    clock
        A monotonic clock, in seconds.

    Examples
    --------
    >>> limiter = RateLimiter(RateLimit(2, 60.0), clock=lambda: 0.0)
    >>> [limiter.reserve(n) for n in range(3)]
    [0.0, 0.0, 60.6]
    """

    def __init__(
        self, limit: RateLimit | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._clock = limit, clock
        self._lock = threading.Lock()
        self._starts: deque[float] = deque()  # starts within the window, the oldest first
        # Waiting tasks in order of arrival: their number, and when they return.
        self._waiting: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._reserved: dict[int, float] = {}  # start times of tasks whose request is not sent yet
        self._joined = self._left = 0
        self._closed_until = self._due = clock()
        self._is_paced = False

    def reserve(self, ticket: object) -> float:
        """Reserve a start and return 0.0, or return the seconds until the next attempt.

        Only 0.0 reserves a start. A waiting task holds nothing, so a pause, a new limit or a
        cancelled task never leaves a start unused. Waiting tasks get different times, as the starts
        become available one by one.

        Parameters
        ----------
        ticket
            The task; the same object at each attempt.
        """
        with self._lock:
            now = self._clock()
            self._expire(now)
            if self._opening(0, now) <= now + INSTANT:
                self._leave(id(ticket))
                self._start(now)
                self._reserved[id(ticket)] = now
                return 0.0
            return self._queue(id(ticket), now)

    def usage(self) -> tuple[int, RateLimit | None]:
        """Return the number of starts in the window, and the limit."""
        with self._lock:
            self._expire(self._clock())
            return len(self._starts), self._limit

    def opens_in(self) -> float:
        """Return the seconds until the next start is available; 0 if it is now."""
        with self._lock:
            now = self._clock()
            self._expire(now)
            return self._opening(0, now) - now

    def mark_sent(self, ticket: object) -> None:
        """Count a reserved start from now on: its request had to wait for the journal.

        Otherwise requests delayed by a slow disk and those of the next window would be too many.
        """
        with self._lock:
            reserved = self._reserved.pop(id(ticket), None)
            if reserved is None or self._limit is None:
                return
            with suppress(ValueError):  # it is out of the window already
                self._starts.remove(reserved)
            self._starts.append(self._clock())

    def pause(self, seconds: float) -> None:
        """Start nothing for some seconds, then pace: the vendor refused a request."""
        with self._lock:
            now = self._clock()
            self._closed_until = max(self._closed_until, now + seconds)
            self._is_paced, self._due = True, self._closed_until

    def learn(self, allowance: Allowance) -> None:
        """Adapt to the limit that the vendor states.

        A new limit applies at once, for the documented window. If fewer requests remain than our
        own starts explain, another program uses the account: the difference counts as started.
        """
        with self._lock:
            now = self._clock()
            if self._limit and allowance.limit and allowance.limit >= 1:
                self._limit = self._limit._replace(requests=int(min(allowance.limit, MOST)))
            if allowance.remaining is not None:
                self._count_others(min(allowance.remaining, MOST), allowance.reset, now)

    def _count_others(self, remaining: float, reset: float | None, now: float) -> None:
        if remaining < 1 and reset:
            longest = self._window or LONGEST_RESET
            self._closed_until = max(self._closed_until, now + min(reset, longest))
        if self._limit is None:
            return
        self._expire(now)
        others = self._limit.requests - len(self._starts) - int(remaining)
        # A small difference comes from requests in flight, which only one side counts.
        if others > max(1, self._limit.requests // 10):
            self._starts.extend([now] * others)

    def _expire(self, now: float) -> None:
        """Drop starts out of the window, and waiting tasks that did not return."""
        while self._starts and self._starts[0] + self._window <= now:
            self._starts.popleft()
        while self._waiting and next(iter(self._waiting.values()))[1] < now - GRACE:
            self._leave(next(iter(self._waiting)))

    def _queue(self, key: int, now: float) -> float:
        number, _ = self._waiting.get(key, (self._joined, now))
        self._joined += key not in self._waiting
        # A task that left early makes this too small, which costs one more attempt and no start.
        wait = self._opening(max(0, number - self._left), now) - now
        if self._limit is None:  # nothing else spreads the tasks after a pause
            wait += random.random()  # noqa: S311 - not for security
        self._waiting[key] = number, now + wait
        return wait

    def _leave(self, key: int) -> None:
        self._left += self._waiting.pop(key, None) is not None

    def _opening(self, place: int, now: float) -> float:
        """Return when the start becomes available for a place in the queue."""
        first = max(now, self._closed_until)
        if self._limit is None:
            return first
        # No task waits for longer than a window, so a new limit reaches all of them.
        last = first + self._window
        opening = max(first, self._due + place * self._interval) if self._is_paced else first
        if (ahead := place + len(self._starts) - self._limit.requests) >= 0:
            started = self._starts[ahead] if ahead < len(self._starts) else now
            opening = max(opening, started + self._window)
        return min(opening, last)

    def _start(self, now: float) -> None:
        if self._limit is None:
            return
        self._starts.append(now)
        self._due = max(self._due, now - min(LATE, self._interval / 2)) + self._interval

    @property
    def _window(self) -> float:
        return self._limit.seconds * (1 + MARGIN) if self._limit else 0.0

    @property
    def _interval(self) -> float:
        return self._window / self._limit.requests if self._limit else 0.0


_limiters: dict[tuple[str, str, str], RateLimiter] = {}
_lock = threading.Lock()


def limiter_for(provider: str, account: str, origin: str, limit: RateLimit | None) -> RateLimiter:
    """Return the rate limiter that all runs of this process on an account share.

    It keeps what it has learned after a run, so a limit that is given again does not replace it.

    Examples
    --------
    >>> limiter_for("acme", "", "https://api.example.com", None) is limiter_for(
    ...     "acme", "", "https://api.example.com", None
    ... )
    True
    """
    with _lock:
        return _limiters.setdefault((provider, account, origin), RateLimiter(limit))
