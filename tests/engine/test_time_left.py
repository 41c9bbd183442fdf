from typing import Any

import pytest

from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.runner import read_state
from enrich_pandas.engine.scheduler import Task
from enrich_pandas.providers.base import Identity, RateLimit, Request

ASKED = Request(method="POST", path="/people")


class Going:
    """A scheduler with ten batches, of which some were done in ten seconds."""

    total, in_flight = 10, 0

    def __init__(self, finished: int = 5, next_up: tuple[float, Task] | None = None) -> None:
        self.finished, self._next_up = finished, next_up

    def active_seconds(self) -> float:
        return 10.0

    def next_up(self) -> tuple[float, Task] | None:
        return self._next_up


def look(going: Any, limiter: RateLimiter | None = None) -> Any:
    return read_state(going, limiter or RateLimiter(None), "acme")


def waiting(**what: Any) -> Task:
    return Task([Identity.of(email="ada@example.com")], **what)


def test_eta_follows_the_batches_so_far() -> None:
    assert look(Going(5)).eta == 10.0
    assert look(Going(0)).eta is None


def test_eta_is_at_least_what_the_limit_allows() -> None:
    limiter = RateLimiter(RateLimit(2, 60.0), clock=lambda: 0.0)
    assert [limiter.reserve(n) for n in range(2)] == [0.0, 0.0]
    assert limiter.usage() == (2, RateLimit(2, 60.0))
    assert look(Going(5), limiter).eta == 150.0  # five more, two a minute


def test_wait_for_rate_limit_shows_seconds_left() -> None:
    limiter = RateLimiter(RateLimit(1, 60.0), clock=lambda: 0.0)
    limiter.reserve(0)
    found = look(Going(5, (0.4, waiting(request=ASKED))), limiter)
    assert found.waiting == "acme's rate limit"
    assert found.wait_seconds == pytest.approx(60.6)


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (waiting(job="7"), "acme's jobs"),
        (waiting(poll=True), "acme's jobs"),
        (waiting(request=ASKED), "a retry at acme"),
        (waiting(watch=True), "another process, which requests the same"),
    ],
)
def test_other_waits_are_named_with_seconds(task: Task, why: str) -> None:
    found = look(Going(5, (4.0, task)))
    assert (found.waiting, found.wait_seconds) == (why, 4.0)


def test_no_wait_is_shown_while_a_task_runs() -> None:
    assert look(Going(5)).waiting == ""
