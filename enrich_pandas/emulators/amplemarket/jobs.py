"""Enrichment requests, the vendor's jobs: how far each has come, and what it has charged.

A job works through its leads in their order and charges each as it does, whether anybody asks for
it or not: a client that dies has been charged all the same. The first part of its time it is only
queued. What the most of it may cost is kept back when it is started.
"""

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.amplemarket.lookup import VENDOR, Result
from enrich_pandas.emulators.chance import rng_of
from enrich_pandas.emulators.vendor import World

DAY = 24 * 3600.0
_QUEUED = 0.2  # share of a job's time before it starts
_TICK = 0.05  # seconds between a job's looks at the clock, at the least


@dataclass
class Job:
    """One enrichment request."""

    id: int
    kind: str
    path: str
    results: Sequence[Result]
    order: Sequence[int]
    began: float
    seconds: float
    kept_back: float = 0.0
    worked: int = 0
    stopped: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether its results can be read."""
        return self.stopped is not None or self.worked == len(self.results)

    def status(self, now: float) -> str:
        """Return its status, in the vendor's words."""
        if self.is_over:
            return self.stopped or "completed"
        return "processing" if now - self.began >= _QUEUED * self.seconds else "queued"

    def left(self, now: float) -> float:
        """Return the seconds until it ends."""
        return max(0.0, self.began + self.seconds - now)

    def due(self, now: float) -> int:
        """Return how many leads it should have worked through."""
        if not self.left(now):
            return len(self.results)
        worked = max(0.0, (now - self.began) / self.seconds - _QUEUED) / (1 - _QUEUED)
        return int(len(self.results) * worked + 1e-9)  # three tenths are a bit less

    def shown(self) -> list[Result]:
        """Return its results so far, in an order that is not that of the leads."""
        return [self.results[place] for place in self.order if place < self.worked]


@dataclass
class Jobs:
    """The jobs of an account, what was charged for whom, and who was told to wait."""

    world: World
    account: Account
    by_id: dict[int, Job] = field(default_factory=dict)
    told: dict[str, float] = field(default_factory=dict)
    _charged: dict[tuple[str, str], float] = field(default_factory=dict)

    def start(self, kind: str, path: str, results: Sequence[Result]) -> Job | None:
        """Start a job, or return None where the account cannot pay for it."""
        cost = self._cost(results)
        if not self.account.pay(cost):
            return None
        number = len(self.by_id) + 1
        rng = self.rng("job", kind, str(number))
        order = _shuffled(len(results), rng)
        seconds = rng.uniform(*self.world.options.job_seconds)
        job = Job(number, kind, path, results, order, self.account.clock(), seconds, cost)
        self.by_id[number] = job
        self._tick(job)
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job that runs; what it has found is kept, and charged."""
        self.advance(job)
        if not job.is_over:
            self._stop(job, "canceled")

    def advance(self, job: Job) -> None:
        """Let a job do and charge what it should have done by now."""
        due = job.due(self.account.clock())
        while job.worked < due and not job.stopped:
            result = job.results[job.worked]
            if result.breaks:
                self._stop(job, "error")
            else:
                job.kept_back -= self._charge(job.path, result)
                job.worked += 1
        if job.is_over:
            self._give_back(job)

    def charge(self, path: str, result: Result) -> bool:
        """Charge a single look-up, or return False where the account cannot pay for it."""
        if is_paid := self.account.pay(self._cost([result])):
            self._charge(path, result)
        return is_paid

    def rng(self, *parts: str) -> random.Random:
        """Return the generator of something of this vendor's."""
        return rng_of(self.world.options.seed, VENDOR, *parts)

    def _tick(self, job: Job) -> None:
        self.advance(job)
        if not job.is_over:
            pause = max(_TICK, job.seconds / len(job.results))
            pause = min(pause, job.left(self.account.clock()))
            asyncio.get_running_loop().call_later(pause, self._tick, job)

    def _stop(self, job: Job, how: str) -> None:
        job.stopped = how
        self._give_back(job)

    def _give_back(self, job: Job) -> None:
        self.account.spent -= job.kept_back
        job.kept_back = 0.0

    def _cost(self, results: Sequence[Result]) -> float:
        """Return what results cost now, were nobody charged in the meantime."""
        now = self.account.clock()
        due = {(what, result.subject): amount for result in results for what, amount in result.dues}
        return sum(amount for key, amount in due.items() if self._is_due(key, now))

    def _charge(self, path: str, result: Result) -> float:
        """Charge a result: a person at most once in 24 hours, an e-mail or a phone once."""
        now, total = self.account.clock(), 0.0
        for what, amount in result.dues:
            key = what, result.subject
            if self._is_due(key, now):
                self._charged[key] = now + DAY if what == "found" else math.inf
                total += amount
        self.world.ledger.charge(VENDOR, path, result.identity, total)
        return total

    def _is_due(self, key: tuple[str, str], now: float) -> bool:
        return now >= self._charged.get(key, -math.inf)


def _shuffled(count: int, rng: random.Random) -> list[int]:
    order = list(range(count))
    rng.shuffle(order)
    # By chance a few leads may keep their order, which would hide a client that relies on it.
    return order[::-1] if order == sorted(order) else order
