"""The throttle: never more starts in a window than the vendor allows, for all that run at once.

The window slides: the whole allowance may be spent at once, and each start opens again one window
later. That is all a vendor can allow who counts in any window, and it is safe with one who counts
by the minute. A vendor that refuses all the same (it spaces requests out, or another program uses
the account) is paced from then on: one start an interval, on a schedule that being late by a
little doesn't shift.
"""

import random
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

from enrich_pandas.providers.base import Allowance, RateLimit

# Requests that leave one window apart may arrive closer together. Our window is longer by this
# share: 0.6 seconds a minute, for one per cent of the pace.
MARGIN = 0.01
INSTANT = 1e-6  # seconds; who comes back on time may be early by what arithmetic loses
MOST = 1e9  # requests; what is believed of a limit
LONGEST_RESET = 60.0  # seconds; what is believed of a reset where no window is known
GRACE = 1.0  # seconds; who is told to come back and is later by more has lost the place in line
LATE = 0.02  # seconds; a paced start that is late by less doesn't delay the next


class RateLimiter:
    """Says who may start when. It never sleeps, and is safe to share between threads.

    Parameters
    ----------
    limit
        The vendor's documented limit; None where it documents none.
    clock
        Seconds that never go back.

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
        self._starts: deque[float] = deque()  # those that still count, the oldest first
        # Who waits, in order of arrival: a number in line, and when to come back.
        self._line: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._taken: dict[int, float] = {}  # when, by whom, until the request is sent
        self._joined = self._left = 0
        self._closed_until = self._due = clock()
        self._is_paced = False

    def reserve(self, ticket: object) -> float:
        """Take a start and return 0.0, or return the seconds after which to ask again.

        Only 0.0 takes anything: who has to wait holds nothing, so that a pause, a new limit or a
        cancelled task never leaves a start unused. Many who wait are told different times, as the
        starts open one by one.

        Parameters
        ----------
        ticket
            Who asks; the same object when it asks again.
        """
        with self._lock:
            now = self._clock()
            self._forget(now)
            if self._opening(0, now) <= now + INSTANT:
                self._leave(id(ticket))
                self._start(now)
                self._taken[id(ticket)] = now
                return 0.0
            return self._queue(id(ticket), now)

    def pace(self) -> tuple[int, RateLimit | None]:
        """Return the starts that count in the window now, and the limit that they count against."""
        with self._lock:
            self._forget(self._clock())
            return len(self._starts), self._limit

    def opens_in(self) -> float:
        """Return the seconds until somebody may start, 0 where that is now."""
        with self._lock:
            now = self._clock()
            self._forget(now)
            return self._opening(0, now) - now

    def sent(self, ticket: object) -> None:
        """Count a start that was taken from now on: its request had to wait for the journal.

        Else those that a slow disk held up would meet the next window's, and be too many.
        """
        with self._lock:
            taken = self._taken.pop(id(ticket), None)
            if taken is None or self._limit is None:
                return
            with suppress(ValueError):  # it does not count any more
                self._starts.remove(taken)
            self._starts.append(self._clock())

    def pause(self, seconds: float) -> None:
        """Start nothing for so long, and pace afterwards: the vendor refused a request."""
        with self._lock:
            now = self._clock()
            self._closed_until = max(self._closed_until, now + seconds)
            self._is_paced, self._due = True, self._closed_until

    def learn(self, allowance: Allowance) -> None:
        """Adapt to what the vendor says of its limit.

        Another limit counts at once, for the documented window. Where fewer requests remain than
        our own explain, another program uses the account too: the difference counts as started.
        """
        with self._lock:
            now = self._clock()
            if self._limit and allowance.limit and allowance.limit >= 1:
                self._limit = self._limit._replace(requests=int(min(allowance.limit, MOST)))
            if allowance.remaining is not None:
                self._account(min(allowance.remaining, MOST), allowance.reset, now)

    def _account(self, remaining: float, reset: float | None, now: float) -> None:
        if remaining < 1 and reset:
            longest = self._window or LONGEST_RESET
            self._closed_until = max(self._closed_until, now + min(reset, longest))
        if self._limit is None:
            return
        self._forget(now)
        others = self._limit.requests - len(self._starts) - int(remaining)
        # Those under way, counted there and no longer here, or the other way round, are no others.
        if others > max(1, self._limit.requests // 10):
            self._starts.extend([now] * others)

    def _forget(self, now: float) -> None:
        """Drop the starts that no longer count, and those in line who did not come back."""
        while self._starts and self._starts[0] + self._window <= now:
            self._starts.popleft()
        while self._line and next(iter(self._line.values()))[1] < now - GRACE:
            self._leave(next(iter(self._line)))

    def _queue(self, key: int, now: float) -> float:
        number, _ = self._line.get(key, (self._joined, now))
        self._joined += key not in self._line
        # Who leaves out of turn makes this too small, which costs another question, no start.
        wait = self._opening(max(0, number - self._left), now) - now
        if self._limit is None:  # after a pause nothing else keeps them from coming together
            wait += random.random()  # noqa: S311 - spreads, hides nothing
        self._line[key] = number, now + wait
        return wait

    def _leave(self, key: int) -> None:
        self._left += self._line.pop(key, None) is not None

    def _opening(self, place: int, now: float) -> float:
        """Return when the start opens for who stands at that place in line."""
        first = max(now, self._closed_until)
        if self._limit is None:
            return first
        # Nobody is sent away for longer than a window: a new limit must reach all.
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
    """Return the one throttle that all runs of this process with an account share.

    What it has learnt outlives a run, so a limit that is given again doesn't replace it.

    Examples
    --------
    >>> limiter_for("acme", "", "https://api.example.com", None) is limiter_for(
    ...     "acme", "", "https://api.example.com", None
    ... )
    True
    """
    with _lock:
        return _limiters.setdefault((provider, account, origin), RateLimiter(limit))
