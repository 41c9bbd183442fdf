"""The driver: carries the providers' flows on, on threads of its own.

A flow is a function of its answers alone, so a batch whose process died is read by running its flow
again on the answers that were recorded for it. Nothing is bought on behalf of the dead: whom it had
still to ask about becomes a batch of this run, with this run's budget.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from enrich_pandas.engine.balance import BalanceCheck
from enrich_pandas.engine.budget import BudgetQueue
from enrich_pandas.engine.plan import Work, read_stored
from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.results import Results, match_each
from enrich_pandas.engine.scheduler import Scheduler
from enrich_pandas.engine.sender import Sender
from enrich_pandas.engine.task import Task
from enrich_pandas.errors import EnrichError, JournalError, RequestError, as_enrich_error
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer, Batch, cost, new_answer
from enrich_pandas.progress import Progress, State
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Listing,
    Match,
    Provider,
    RateLimit,
    Request,
    Response,
    Status,
    Unfinished,
    Wait,
    WaitForJob,
)
from enrich_pandas.transport import Transport

# -- The outlook of a run: what it waits for, for how long, and how much time is left ------------


class TimeLeft(NamedTuple):
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


def time_left(
    scheduler: Scheduler[Task], limiter: RateLimiter, provider: str, *, queued: int = 0
) -> TimeLeft:
    """Look ahead; ``provider`` is the vendor's name, ``queued`` are at work with nothing sent."""
    counts = scheduler.total, scheduler.finished, max(0, scheduler.in_flight - queued)
    eta, waits = _eta(scheduler, limiter), _waits(scheduler, limiter, provider)
    return TimeLeft(*counts, *limiter.pace(), eta, *waits)


def _eta(scheduler: Scheduler[Task], limiter: RateLimiter) -> float | None:
    """Go by the batches so far, and by no more than the vendor allows for the others."""
    done, rest = scheduler.finished, scheduler.total - scheduler.finished
    if not done:
        return None
    left = scheduler.worked() / done * rest
    starts, limit = limiter.pace()
    if limit is None:
        return left
    beyond = rest - scheduler.in_flight - max(0, limit.requests - starts)
    return max(left, beyond * limit.seconds / limit.requests)


def _waits(scheduler: Scheduler[Task], limiter: RateLimiter, provider: str) -> tuple[str, float]:
    next_up = scheduler.next_up()
    if next_up is None:
        return "", 0.0
    seconds, task = next_up
    if task.request and (opens := limiter.opens_in()):
        return f"{provider}'s rate limit", max(seconds, opens)
    return task.awaits(provider), seconds


# -- Watching: what becomes of identities that another process is asking about -------------------


class ClaimUpdate(NamedTuple):
    """What a look has shown.

    ``answers`` have arrived; ``open`` are still asked about; ``dead`` are left by a process that
    died when they may have been charged, by batch; ``free`` are anybody's to ask about.
    """

    answers: Mapping[Identity, Answer]
    open: Sequence[Identity]
    dead: Mapping[int, Sequence[Identity]]
    free: Sequence[Identity]


def check_claims(journal: Journal, work: Work, identities: Iterable[Identity]) -> ClaimUpdate:
    """See what became of identities that another process was asking about."""
    left = {work.fingerprint(identity): identity for identity in identities}
    stored = journal.stored(left)
    news = {key: one for key, one in stored.items() if one.as_of != work.known.get(key)}
    answers = {left.pop(key): answer for key, answer in news.items()}
    still_open: list[Identity] = []
    dead: dict[int, list[Identity]] = {}
    for key, holder in journal.claims(list(left)).items():
        if holder.is_alive:
            still_open.append(left.pop(key))
        elif not holder.is_idle:
            dead.setdefault(holder.batch, []).append(left.pop(key))
    return ClaimUpdate(answers, still_open, dead, list(left.values()))


# -- Polling: one look at the vendor's list of jobs serves all jobs that are open ----------------

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
        """Watch a job; tell whether somebody has to begin to `poll`."""
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

    def poll(self) -> float | None:
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


# -- The driver: carries the providers' flows on, on threads of its own --------------------------

logger = logging.getLogger("enrich_pandas")

READERS = 4  # workers that read answers while the others keep the vendor's connections busy
WATCH = 0.3  # seconds between looks at what another process is asking


class Runner:
    """Drives one run.

    Parameters
    ----------
    orders, provider, kind
        What to do, for whom.
    journal, transport, throttle
        Where it is written, how it is sent, at what pace. The first two are closed at the end.
    run
        Id of the run, already in the journal.
    tally
        Collects the answers, and counts rows.
    credits_max, budget, purse
        The plan's maximum, the wall, and what is left on the account.

    Attributes
    ----------
    results
        The answers so far, by identity.
    error, done
        What stopped the run, if anything did; set when nothing is in flight any more.
    """

    def __init__(
        self,
        work: Work,
        provider: Provider,
        kind: Kind,
        *,
        journal: Journal,
        transport: Transport | None,
        limiter: RateLimiter,
        run: str,
        tally: Results,
        credits_max: float,
        budget: float | None = None,
        balance_check: BalanceCheck | None = None,
    ) -> None:
        self.run, self.done = run, threading.Event()
        self.error: EnrichError | None = None
        self._orders, self._provider, self._kind = work, provider, kind
        self._journal, self._transport, self._limiter = journal, transport, limiter
        self._credits_max, self._budget, self._balance_check = credits_max, budget, balance_check
        self._tally, self.results = tally, tally.answers
        self._queue = BudgetQueue(again=lambda some: self._scheduler.add([Task(some)]))
        self._lock = threading.Lock()
        self._started = time.monotonic()
        # Nothing is claimed long before it can be asked: others may want it, or the budget.
        self._scheduler = Scheduler[Task](
            advance=self._advance,
            fail=self._fail,
            drop=self._drop,
            finish=self._finish,
            may_begin=lambda: not self._sender.is_crowded,
        )
        self.pause, self.resume = self._scheduler.pause, self._scheduler.resume
        self.halt, self.awaited = self._scheduler.halt, self._scheduler.awaited
        self._sender = Sender(
            provider,
            journal,
            transport,
            limiter,
            may_start=lambda: self._scheduler.is_running,
            stop=self._stop,
            moved=self._scheduler.recheck,
            balance_check=balance_check,
        )
        self._polling = Task([], poll=True)
        self._poller = Poller(
            provider, kind, ask=partial(self._sender.look, self._polling), wake=self._scheduler.wake
        )

    def start(self) -> None:
        """Start the run."""
        work = self._orders
        for some in read_stored(work, self._journal):
            self._tally.record(some)
        self._scheduler.add(
            [
                *(Task(identities, adopt=batch) for batch, identities in work.abandoned.items()),
                *(Task(asked, watch=True) for asked in [work.elsewhere] if asked),
                *(Task(batch) for batch in self._provider.batches(self._kind, work.asked)),
            ]
        )
        workers = self._provider.connections + READERS
        self._scheduler.start(workers, f"enrich-{self.run}")

    def cancel(self) -> None:
        """Stop spending: no billed request starts after this; what is in flight still lands."""
        self._scheduler.stop("stopping")
        self._sender.wake()

    def snapshot(self) -> Progress:
        """Tell how far the run is."""
        scheduler, (counts, credits_now) = self._scheduler, self._tally.read()
        return Progress(
            run=self.run,
            provider=self._provider.name,
            rows=self._tally.rows,
            rows_done=sum(counts.values()),
            counts=counts,
            credits=credits_now,
            credits_max=self._credits_max,
            budget=self._budget,
            elapsed=time.monotonic() - self._started,
            warning=self._balance_check.warning if self._balance_check else "",
            state=scheduler.state,
            **time_left(
                scheduler, self._limiter, self._provider.name, queued=self._sender.queued
            )._asdict(),
        )

    # -- a task ------------------------------------------------------------------------------

    def _advance(self, task: Task) -> float | None:
        """Carry a task on until it has to wait (seconds) or is done (None)."""
        if task.watch:
            return self._look(task)
        if task.poll:
            return self._poller.poll()
        self._poller.close(task.job)
        if not (task.flow or self._begin(task)):
            return None
        try:
            step = task.carry_on(partial(self._sender.ask, task))
        except Unfinished as job:  # the batch stays open: the next call takes it up
            self._tally.settle(task.identities, Status.PENDING, job.reason)
            self._close(task)
            return None
        if isinstance(step, list):
            self._land(task, step)
            return None
        if isinstance(step, WaitForJob):
            task.job = step.job
            if self._poller.open(step.job):
                self._scheduler.add_urgent(self._polling)
        return step.seconds

    def _begin(self, task: Task) -> Flow | None:
        """Claim the batch and make its flow; None where nothing is left of it."""
        batch = self._claim(task) if task.adopt is None else self._adopt(task, task.adopt)
        if batch is not None:
            task.batch, task.identities = batch, batch.identities
            task.flow = self._provider.flow(self._kind, batch.identities)
        return task.flow

    def _claim(self, task: Task) -> Batch | None:
        if not (identities := self._tally.allowed(self._kind, task.identities)):
            return None
        closed = self._queue.open()  # first: whoever finds the budget used up is to see it
        claim = self._journal.claim(
            self.run,
            self._orders.scope,
            identities,
            [self._orders.fingerprint(identity) for identity in identities],
            price=lambda batch: self._provider.price(self._kind, batch),
            budget=self._budget,
            known=self._orders.known,
        )
        if claim.batch is not None:
            self._queue.park(claim.unaffordable)
        elif not self._queue.withdraw(claim.unaffordable, closed):
            self._tally.settle(claim.unaffordable, Status.SKIPPED, "budget")
        if claim.elsewhere:
            self._scheduler.add([Task(claim.elsewhere, watch=True)])
        return claim.batch

    def _close(self, task: Task) -> None:
        if task.adopt is None:
            self._queue.close()

    def _adopt(self, task: Task, batch: int) -> Batch | None:
        adopted = self._journal.adopt(batch, self._orders.scope)
        if adopted is None:  # another process was faster
            self._scheduler.add([Task(task.identities, watch=True)])
        return adopted

    def _look(self, task: Task) -> float | None:
        """See what became of identities that another process is asking about."""
        news = check_claims(self._journal, self._orders, task.identities)
        self._tally.record(news.answers)
        self._scheduler.add(Task(left, adopt=batch) for batch, left in news.dead.items())
        self._ask_about(news.free)
        task.identities = news.open
        return WATCH if task.identities else None

    def _ask_about(self, identities: Sequence[Identity]) -> None:
        batches = self._provider.batches(self._kind, identities)
        self._scheduler.add(Task(batch) for batch in batches)

    def _land(self, task: Task, matches: Sequence[Match]) -> None:
        assert task.batch is not None  # noqa: S101 - for the type checker: _begin has set it
        asked = [identity for identity in task.batch.identities if identity not in task.unasked]
        complete = match_each(asked, matches)
        spent, held = cost(complete, partial(self._provider.price, self._kind))
        keyed = [(self._orders.fingerprint(match.identity), match) for match in complete]
        name, at = self._provider.name, task.received or self._orders.as_of
        is_own = task.adopt is None  # what was adopted is past, and was the dead run's to pay
        if is_own:
            self._sender.take_stock(task.reply or Response(), complete)
        try:
            answers = self._journal.store_results(
                task.batch.id, name, self._kind, keyed, held, fetched=at
            )
        except JournalError:  # the frame gets it all the same, and the next run from the raw answer
            self._tally.record({match.identity: new_answer(match, at, name) for match in complete})
            raise
        self._tally.record(dict(zip(asked, answers, strict=True)), spent if is_own else 0.0)
        self._close(task)
        again = set() if is_own else self._orders.sent_again(answers)
        left = again | task.unasked
        self._ask_about([i for i in task.batch.identities if i in left and self._tally.wants(i)])

    # -- the ends ----------------------------------------------------------------------------

    def _stop(self, error: EnrichError) -> None:
        with self._lock:
            self.error = self.error or error
        self._scheduler.stop("failed")
        self._sender.wake()

    def _fail(self, task: Task, error: BaseException) -> None:
        """Stop the run; but what a dead one left and nobody can read is held, and no obstacle."""
        is_readers = not isinstance(error, EnrichError) or isinstance(error, RequestError)
        if task.adopt is not None and is_readers:
            logger.warning("Batch %s cannot be read: %s.", task.adopt, type(error).__name__)
            self._tally.settle(task.identities, Status.HELD, "unread")
            return
        self._stop(as_enrich_error(error))
        self._drop(task)

    def _drop(self, task: Task) -> None:
        """Leave a task where it is: what was recorded for it is read by the next run."""
        if task.poll:
            return
        if task.watch or task.adopt is not None or task.charges:
            self._tally.settle(task.identities, Status.PENDING, "interrupted")
        else:
            reason = "run_failed" if self.error else "run_stopped"
            self._tally.settle(task.identities, Status.SKIPPED, reason)

    def _finish(self, state: State) -> None:
        while parked := self._queue.leave():  # of a run that was stopped
            self._drop(Task(parked))
        end_run = partial(self._journal.end_run, self.run, state)
        close = self._transport.close if self._transport else lambda: None
        for end in (end_run, close, self._journal.close):
            try:
                end()
            except Exception as error:  # noqa: BLE001 - kept; whoever waits must be told of the end
                self.error = self.error or as_enrich_error(error)
        self.done.set()
