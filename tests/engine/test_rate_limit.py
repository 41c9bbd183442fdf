import heapq
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.engine.rate_limit import GRACE, LATE, MARGIN, RateLimiter, limiter_for
from enrich_pandas.providers.base import Allowance, RateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(
    limiter: RateLimiter, clock: Clock, tasks: int, late: float = 0.0
) -> tuple[list[float], int]:
    """Start tasks that return at the given times; return the starts and the number of attempts."""
    timers = [(clock.now, n) for n in range(tasks)]
    starts, asked = [], 0
    while timers:
        due, task = heapq.heappop(timers)
        clock.now = max(clock.now, due)
        asked += 1
        if wait := limiter.reserve(task):
            heapq.heappush(timers, (clock.now + wait + late, task))
        else:
            starts.append(clock.now)
    return starts, asked


def busiest(starts: list[float], seconds: float) -> int:
    """Count the starts in the fullest window, including both ends."""
    starts = sorted(starts)
    return max(sum(first <= one <= first + seconds for one in starts) for first in starts)


# -- the limit -----------------------------------------------------------------------------------


def test_fresh_window_allows_all_starts_at_once() -> None:
    clock = Clock()
    starts, _ = run(RateLimiter(RateLimit(15, 60), clock=clock), clock, 15)
    assert starts == [1000.0] * 15


def test_no_limit_means_no_wait() -> None:
    limiter = RateLimiter(None)
    assert not any(limiter.reserve(n) for n in range(1000))


@given(
    requests=st.integers(1, 20),
    seconds=st.floats(0.1, 120),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["ask", "ask", "ask", "pause", "learn", "obey"]),
            st.floats(0, 30),
            st.integers(0, 4),
        ),
        max_size=120,
    ),
)
@settings(max_examples=200, deadline=None)
def test_no_window_exceeds_the_limit(
    requests: int, seconds: float, steps: list[tuple[str, float, int]]
) -> None:
    clock, starts, wait = Clock(), list[float](), 0.0
    limiter = RateLimiter(RateLimit(requests, seconds), clock=clock)
    for what, amount, ticket in steps:
        if what == "pause":
            limiter.pause(amount)
        elif what == "learn":
            limiter.learn(Allowance(limit=requests, remaining=amount, reset=amount))
        else:
            clock.now += wait if what == "obey" else amount / 10
            wait = limiter.reserve(ticket)
            if not wait:
                starts.append(clock.now)
    assert not starts or busiest(starts, seconds) <= requests


@given(requests=st.integers(1, 40), seconds=st.floats(0.5, 60), windows=st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_rate_is_at_least_98_per_cent_of_limit(requests: int, seconds: float, windows: int) -> None:
    clock = Clock()
    starts, _ = run(
        RateLimiter(RateLimit(requests, seconds), clock=clock), clock, requests * windows
    )
    assert starts[-1] - starts[0] <= seconds * (windows - 1) / 0.98


def test_waiting_task_starts_at_the_returned_time() -> None:
    clock = Clock()
    _, asked = run(RateLimiter(RateLimit(15, 60), clock=clock), clock, 30)
    assert asked == 15 + 15 * 2


def test_ten_thousand_waiting_tasks_retry_once_a_window() -> None:
    clock = Clock()
    starts, asked = run(RateLimiter(RateLimit(2000, 60), clock=clock), clock, 10_000)
    assert len(starts) == 10_000
    assert asked <= 10_000 * 6


def test_start_counts_from_when_its_request_is_sent() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(2, 10), clock=clock)
    assert [limiter.reserve(n) for n in range(2)] == [0.0, 0.0]
    clock.now += 8  # the journal took so long
    for n in range(2):
        limiter.mark_sent(n)
    clock.now += 3
    assert limiter.reserve(2) == pytest.approx(7.1)
    clock.now += 7.1
    assert limiter.reserve(2) == 0.0


def test_waiting_task_reserves_no_start() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(1, 60), clock=clock)
    assert limiter.reserve("first") == 0.0
    assert limiter.reserve("cancelled later") > 0
    clock.now += 60 * (1 + MARGIN)
    assert limiter.reserve("another run") == 0.0


def test_threads_share_one_limit() -> None:
    starts, lock, read = list[float](), threading.Lock(), threading.local()

    def clock() -> float:
        read.last = time.monotonic()
        return read.last

    limiter = RateLimiter(RateLimit(10, 0.2), clock=clock)

    def work(name: int) -> None:
        for n in range(5):
            while wait := limiter.reserve((name, n)):
                time.sleep(wait)
            with lock:  # when it was allowed: a busy machine can resume the thread much later
                starts.append(read.last)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(starts) == 40
    assert busiest(starts, 0.2) <= 10


# -- a refusal -----------------------------------------------------------------------------------


def test_pause_allows_no_start() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(100, 1), clock=clock)
    limiter.pause(5)
    starts, _ = run(limiter, clock, 20)
    assert min(starts) >= 1005


def test_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = Clock()
    limiter = RateLimiter(None, clock=clock)
    limiter.pause(10)
    limiter.pause(1)
    assert 10 <= limiter.reserve("a") <= 11


def test_pause_without_limit_spreads_returning_tasks() -> None:
    clock = Clock()
    limiter = RateLimiter(None, clock=clock)
    limiter.pause(10)
    waits = [limiter.reserve(n) for n in range(1000)]
    assert all(10 <= wait <= 11 for wait in waits)
    assert max(sum(start <= w < start + 0.1 for w in waits) for start in waits) <= 200


def test_refusal_paces_later_starts() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(20, 1), clock=clock)
    limiter.pause(2)
    starts, _ = run(limiter, clock, 100)
    interval = (1 + MARGIN) / 20
    assert min(b - a for a, b in pairwise(starts)) >= interval - LATE - 1e-9
    assert starts[-1] - starts[0] <= 99 / 20 / 0.98


def test_late_paced_start_does_not_delay_the_next() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(20, 1), clock=clock)
    limiter.pause(1)
    starts, _ = run(limiter, clock, 200, late=0.004)
    assert busiest(starts, 1) <= 20
    assert starts[-1] - starts[0] <= 199 / 20 / 0.98


def test_very_late_paced_starts_cost_only_their_delay() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(20, 1), clock=clock)
    limiter.pause(1)
    starts, asked = run(limiter, clock, 200, late=0.045)
    assert starts[-1] - starts[0] <= 199 * (1 / 20 + 0.045)
    assert asked <= 200 * 12


def test_cancelled_task_delays_others_at_most_one_window() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(20, 1), clock=clock)
    limiter.pause(1)
    for cancelled in range(1000):
        limiter.reserve(cancelled)
    starts, _ = run(limiter, clock, 100)
    assert starts[-1] <= 1001 + 1 + GRACE + 100 / 20 / 0.98


# -- limits that the vendor states ---------------------------------------------------------------


def test_higher_limit_applies_at_once() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(15, 60), clock=clock)
    limiter.reserve("first")
    limiter.learn(Allowance(limit=60_000, remaining=59_999, reset=60))
    starts, _ = run(limiter, clock, 5000)
    assert starts == [1000.0] * 5000


def test_lower_limit_applies_at_once() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(100, 60), clock=clock)
    before, _ = run(limiter, clock, 10)
    limiter.learn(Allowance(limit=10))
    after, _ = run(limiter, clock, 30)
    assert busiest(before + after, 60) == 10


def test_nothing_remaining_waits_for_reset() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(15, 60), clock=clock)
    limiter.learn(Allowance(limit=15, remaining=0, reset=30))
    assert limiter.reserve("a") >= 30


@pytest.mark.parametrize("limit", [RateLimit(15, 60), None])
def test_reset_beyond_a_window_is_ignored(limit: RateLimit | None) -> None:
    limiter = RateLimiter(limit, clock=Clock())
    limiter.learn(Allowance(remaining=0, reset=1_790_000_000))
    assert limiter.reserve("a") <= 60 * (1 + MARGIN) + 1


def test_starts_of_another_program_count() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(15, 60), clock=clock)
    limiter.reserve("first")
    limiter.learn(Allowance(limit=15, remaining=4))
    starts, _ = run(limiter, clock, 10)
    assert starts.count(1000.0) == 4


def test_own_requests_do_not_count_twice() -> None:
    clock = Clock()
    limiter = RateLimiter(RateLimit(15, 60), clock=clock)
    for n in range(10):
        limiter.reserve(n)
        limiter.learn(Allowance(limit=15, remaining=15 - (n + 1), reset=60))
    assert not any(limiter.reserve(n) for n in range(10, 15))


def test_senseless_allowance_is_ignored() -> None:
    limiter = RateLimiter(RateLimit(2, 60), clock=Clock())
    limiter.learn(Allowance(limit=0))
    limiter.learn(Allowance())
    limiter.learn(Allowance(remaining=50))
    assert [limiter.reserve(n) for n in range(2)] == [0.0, 0.0]


def test_runs_share_the_limiter_of_an_account() -> None:
    limit = RateLimit(15, 60)
    one = limiter_for("acme", "team-a", "https://api.example.com", limit)
    assert limiter_for("acme", "team-a", "https://api.example.com", limit) is one
    assert limiter_for("acme", "team-b", "https://api.example.com", limit) is not one
    assert limiter_for("acme", "team-a", "http://127.0.0.1:8000", limit) is not one
