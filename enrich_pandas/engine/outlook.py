"""The outlook of a run: what it waits for, for how long, and how much time is left."""

from typing import NamedTuple

from enrich_pandas.engine.rate_limit import Throttle
from enrich_pandas.engine.scheduler import Scheduler
from enrich_pandas.engine.task import Task
from enrich_pandas.providers.base import RateLimit


class Outlook(NamedTuple):
    """How far a run is, and how it goes on.

    ``eta`` are the seconds left, None while nobody can say; ``waiting`` is what nothing goes on
    without.
    """

    batches: int
    batches_done: int
    in_flight: int
    requests: int
    limit: RateLimit | None
    eta: float | None
    waiting: str
    wait_seconds: float


def outlook(
    scheduler: Scheduler[Task], throttle: Throttle, provider: str, *, queued: int = 0
) -> Outlook:
    """Look ahead; ``provider`` is the vendor's name, ``queued`` are at work with nothing sent."""
    counts = scheduler.total, scheduler.finished, max(0, scheduler.in_flight - queued)
    eta, waits = _eta(scheduler, throttle), _waits(scheduler, throttle, provider)
    return Outlook(*counts, *throttle.pace(), eta, *waits)


def _eta(scheduler: Scheduler[Task], throttle: Throttle) -> float | None:
    """Go by the batches so far, and by no more than the vendor allows for the others."""
    done, rest = scheduler.finished, scheduler.total - scheduler.finished
    if not done:
        return None
    left = scheduler.worked() / done * rest
    starts, limit = throttle.pace()
    if limit is None:
        return left
    beyond = rest - scheduler.in_flight - max(0, limit.requests - starts)
    return max(left, beyond * limit.seconds / limit.requests)


def _waits(scheduler: Scheduler[Task], throttle: Throttle, provider: str) -> tuple[str, float]:
    next_up = scheduler.next_up()
    if next_up is None:
        return "", 0.0
    seconds, task = next_up
    if task.request and (opens := throttle.opens_in()):
        return f"{provider}'s rate limit", max(seconds, opens)
    return task.awaits(provider), seconds
