"""The runner: advances the providers' flows on threads of its own.

A flow depends on its answers alone. A batch whose process died is therefore read by running its
flow again on the recorded answers. No request is sent for such a batch: identities that it had not
requested yet become a batch of this run, within this run's budget.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from enrich_pandas.engine.budget import BalanceCheck, BudgetQueue
from enrich_pandas.engine.plan import Work, read_stored
from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.results import Results, match_each
from enrich_pandas.engine.scheduler import Scheduler, Task
from enrich_pandas.engine.sender import Sender
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

# -- The state of a run ----------------------------------------------------------------------


class RunState(NamedTuple):
    """The progress of a run.

    ``eta`` are the seconds left, None while unknown. ``waiting`` is what every task waits for.
    """

    batches: int
    batches_done: int
    in_flight: int
    requests: int
    limit: RateLimit | None
    eta: float | None
    waiting: str
    wait_seconds: float


def read_state(
    scheduler: Scheduler[Task], limiter: RateLimiter, provider: str, *, queued: int = 0
) -> RunState:
    """Return the state of a run; ``queued`` workers wait for a connection and have sent nothing."""
    counts = scheduler.total, scheduler.finished, max(0, scheduler.in_flight - queued)
    eta, waits = _eta(scheduler, limiter), _waits(scheduler, limiter, provider)
    return RunState(*counts, *limiter.usage(), eta, *waits)


def _eta(scheduler: Scheduler[Task], limiter: RateLimiter) -> float | None:
    """Return the seconds left, by the batches so far and by the rate limit for the others."""
    done, rest = scheduler.finished, scheduler.total - scheduler.finished
    if not done:
        return None
    left = scheduler.active_seconds() / done * rest
    starts, limit = limiter.usage()
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


# -- Claims of other processes ---------------------------------------------------------------


class ClaimUpdate(NamedTuple):
    """What became of identities that another process claimed.

    ``answers`` have arrived. ``open`` are still being requested. ``dead`` were claimed by a process
    that died after they may have been charged, by batch. ``free`` can be requested.
    """

    answers: Mapping[Identity, Answer]
    open: Sequence[Identity]
    dead: Mapping[int, Sequence[Identity]]
    free: Sequence[Identity]


def check_claims(journal: Journal, work: Work, identities: Iterable[Identity]) -> ClaimUpdate:
    """Return what became of identities that another process claimed."""
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


# -- Polling of jobs at the vendor -----------------------------------------------------------
# One poll of the vendor's list of jobs serves all open jobs of a run.

MIN_INTERVAL = 1.0  # seconds between polls, for each request of a poll
ENDED_PER_REQUEST = 10  # jobs; the interval aims at so many ended jobs for each request
MAX_PATIENCE = 3.0  # seconds for each request; the longest wait for that many jobs to end
MAX_INTERVAL = 30.0  # seconds between polls
GROWTH = 1.5  # of the interval while no job ends


class Poller:
    """Polls the open jobs of a run.

    Parameters
    ----------
    send
        Sends an unbilled request; returns the answer, or the seconds until a retry.
    wake
        Wakes every waiting task for which the predicate is true.
    """

    def __init__(
        self,
        provider: Provider,
        kind: Kind,
        *,
        send: Callable[[Request], Response | float],
        wake: Callable[[Callable[[Task], bool]], None],
    ) -> None:
        self._provider, self._kind, self._send, self._wake = provider, kind, send, wake
        self._lock = threading.Lock()
        self._jobs: set[str] = set()
        self._is_polling = False
        self._listing: Listing | None = None
        self._step: Request | None = None
        self._reply: Response | None = None
        self._requests = 0
        self._interval = MIN_INTERVAL
        self._due = 0.0

    def add(self, job: str) -> bool:
        """Add an open job; return whether the caller must start to `poll`."""
        with self._lock:
            self._jobs.add(job)
            begins, self._is_polling = not self._is_polling, True
            if begins and self._listing is None:  # no job has ended by now
                self._due = max(self._due, time.monotonic() + MIN_INTERVAL)
            return begins

    def discard(self, job: str) -> None:
        """Remove a job; if it was the last one, wake the polling task so that it can end."""
        with self._lock:
            was_last = self._jobs == {job}
            self._jobs.discard(job)
        if was_last:
            self._wake(lambda task: task.poll)

    def poll(self) -> float | None:
        """Advance the poll; return the seconds until the next step, None if no job is open."""
        if self._listing is None:
            jobs = self._open_jobs()
            if not jobs:
                return None
            if (early := self._due - time.monotonic()) > 0:
                return early
            self._listing, self._requests = self._provider.listing(self._kind, jobs), 0
        try:
            while True:
                step = self._step or self._listing.send(self._reply)  # type: ignore[arg-type]  # None starts a generator
                if isinstance(step, Wait):
                    self._reply = Response()
                    return step.seconds
                self._step = step
                answer = self._send(step)
                if isinstance(answer, float):
                    return answer
                self._step, self._reply = None, answer
                self._requests += 1
        except StopIteration as end:
            self._listing = self._reply = None
            return self._next(frozenset(end.value))

    def _open_jobs(self) -> frozenset[str]:
        with self._lock:
            self._is_polling = bool(self._jobs)
            return frozenset(self._jobs)

    def _next(self, ended: frozenset[str]) -> float:
        """Wake the tasks of ended jobs; the more have ended, the sooner the next poll."""
        requests = max(1, self._requests)
        if ended:
            until_worth = self._interval * ENDED_PER_REQUEST * requests / len(ended)
            self._interval = min(max(MIN_INTERVAL * requests, until_worth), MAX_PATIENCE * requests)
        else:
            self._interval = min(
                MAX_INTERVAL, max(MIN_INTERVAL * requests, self._interval * GROWTH)
            )
        self._due = time.monotonic() + self._interval
        self._wake(lambda task: task.job in ended)
        return self._interval


# -- The runner ------------------------------------------------------------------------------

logger: logging.Logger = logging.getLogger("enrich_pandas")

READERS = 4  # workers that read answers while the others keep the vendor's connections busy
CLAIM_INTERVAL = 0.3  # seconds between checks of what another process is requesting


class Runner:
    """Runs the work of one provider.

    Parameters
    ----------
    work, provider, kind
        What to request, and from which provider.
    journal, transport, limiter
        Where answers are stored, how requests are sent, and how fast. The runner closes the
        journal and the transport at the end.
    run
        Id of the run, already in the journal.
    results
        Collects the answers and counts rows.
    credits_max, budget, balance_check
        The plan's maximum cost, the spending limit, and the balance of the account.

    Attributes
    ----------
    answers
        The answers so far, by identity.
    error, done
        What stopped the run, or None; set when no request is in flight any more.
    """

    run: str
    done: threading.Event
    results: dict[Identity, Answer]
    pause: Callable[[], None]
    resume: Callable[[], None]
    halt: Callable[[], None]

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
        results: Results,
        credits_max: float,
        budget: float | None = None,
        balance_check: BalanceCheck | None = None,
    ) -> None:
        self.run, self.done = run, threading.Event()
        self.error: EnrichError | None = None
        self._work, self._provider, self._kind = work, provider, kind
        self._journal, self._transport, self._limiter = journal, transport, limiter
        self._credits_max, self._budget, self._balance_check = credits_max, budget, balance_check
        self._results, self.answers = results, results.answers
        self._queue = BudgetQueue(lambda some: self._scheduler.add([Task(some)]))
        self._lock = threading.Lock()
        self._started = time.monotonic()
        # A batch is claimed just before it can be sent: other runs may want it, or the budget.
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
            provider,
            kind,
            send=partial(self._sender.send_unbilled, self._polling),
            wake=self._scheduler.wake,
        )

    def start(self) -> None:
        """Start the run."""
        work = self._work
        self._sender.fetch_balance(f"enrich-{self.run}-balance")
        for some in read_stored(work, self._journal):
            self._results.record(some)
        self._scheduler.add(
            [
                *(Task(identities, adopt=batch) for batch, identities in work.abandoned.items()),
                *(Task(claimed, watch=True) for claimed in [work.elsewhere] if claimed),
                *(Task(batch) for batch in self._provider.batches(self._kind, work.to_request)),
            ]
        )
        workers = self._provider.connections + READERS
        self._scheduler.start(workers, f"enrich-{self.run}")

    def cancel(self) -> None:
        """Stop spending: no further request starts; requests in flight are completed."""
        self._scheduler.stop("stopping")
        self._sender.wake()

    def snapshot(self) -> Progress:
        """Return the progress of the run."""
        scheduler, (counts, credits_now) = self._scheduler, self._results.read()
        return Progress(
            run=self.run,
            provider=self._provider.name,
            rows=self._results.rows,
            rows_done=sum(counts.values()),
            counts=counts,
            credits=credits_now,
            credits_max=self._credits_max,
            budget=self._budget,
            elapsed=time.monotonic() - self._started,
            warning=self._balance_check.warning if self._balance_check else "",
            state=scheduler.state,
            **read_state(
                scheduler, self._limiter, self._provider.name, queued=self._sender.queued
            )._asdict(),
        )

    def _advance(self, task: Task) -> float | None:
        """Advance a task until it must wait (return seconds) or is done (return None)."""
        if task.watch:
            return self._watch(task)
        if task.poll:
            return self._poller.poll()
        self._poller.discard(task.job)
        if not (task.flow or self._begin(task)):
            return None
        try:
            step = task.carry_on(partial(self._sender.send, task))
        except Unfinished as job:  # the batch stays open: the next call takes it up
            self._results.settle(task.identities, Status.PENDING, job.reason)
            self._close(task)
            return None
        if isinstance(step, list):
            self._land(task, step)
            return None
        if isinstance(step, WaitForJob):
            task.job = step.job
            if self._poller.add(step.job):
                self._scheduler.add_urgent(self._polling)
        return step.seconds

    def _begin(self, task: Task) -> Flow | None:
        """Claim the batch and start its flow; return None if nothing is left to request."""
        batch = self._claim(task) if task.adopt is None else self._adopt(task, task.adopt)
        if batch is not None:
            task.batch, task.identities = batch, batch.identities
            task.flow = self._provider.flow(self._kind, batch.identities)
        return task.flow

    def _claim(self, task: Task) -> Batch | None:
        if not (identities := self._results.allowed(self._kind, task.identities)):
            return None
        closed = self._queue.open()  # before the claim, which may find the budget used up
        claim = self._journal.claim(
            self.run,
            self._work.scope,
            identities,
            [self._work.fingerprint(identity) for identity in identities],
            price=lambda batch: self._provider.price(self._kind, batch),
            budget=self._budget,
            known=self._work.known,
        )
        if claim.batch is not None:
            self._queue.put(claim.unaffordable)
        elif not self._queue.defer(claim.unaffordable, closed):
            self._results.settle(claim.unaffordable, Status.SKIPPED, "budget")
        if claim.elsewhere:
            self._scheduler.add([Task(claim.elsewhere, watch=True)])
        return claim.batch

    def _close(self, task: Task) -> None:
        if task.adopt is None:
            self._queue.close()

    def _adopt(self, task: Task, batch: int) -> Batch | None:
        adopted = self._journal.adopt(batch, self._work.scope)
        if adopted is None:  # another process was faster
            self._scheduler.add([Task(task.identities, watch=True)])
        return adopted

    def _watch(self, task: Task) -> float | None:
        """Check identities that another process is requesting."""
        update = check_claims(self._journal, self._work, task.identities)
        self._results.record(update.answers)
        self._scheduler.add(Task(left, adopt=batch) for batch, left in update.dead.items())
        self._add_batches(update.free)
        task.identities = update.open
        return CLAIM_INTERVAL if task.identities else None

    def _add_batches(self, identities: Sequence[Identity]) -> None:
        batches = self._provider.batches(self._kind, identities)
        self._scheduler.add(Task(batch) for batch in batches)

    def _land(self, task: Task, matches: Sequence[Match]) -> None:
        assert task.batch is not None  # noqa: S101 - for the type checker: _begin has set it
        requested = [identity for identity in task.batch.identities if identity not in task.unsent]
        complete = match_each(requested, matches)
        spent, held = cost(complete, partial(self._provider.price, self._kind))
        keyed = [(self._work.fingerprint(match.identity), match) for match in complete]
        name, at = self._provider.name, task.received or self._work.as_of
        is_own = task.adopt is None  # an adopted batch was charged to the run that died
        if is_own:
            self._sender.count_useless(task.reply or Response(), complete)
        try:
            answers = self._journal.store_results(
                task.batch.id, name, self._kind, keyed, held, fetched=at
            )
        except JournalError:  # the frame still shows it; the next run reads the raw answer
            self._results.record(
                {match.identity: new_answer(match, at, name) for match in complete}
            )
            raise
        self._results.record(dict(zip(requested, answers, strict=True)), spent if is_own else 0.0)
        self._close(task)
        again = set() if is_own else self._work.select_resent(answers)
        if left := again | task.unsent:
            self._add_batches(
                [i for i in task.batch.identities if i in left and self._results.wants(i)]
            )

    def _stop(self, error: EnrichError) -> None:
        with self._lock:
            self.error = self.error or error
        self._scheduler.stop("failed")
        self._sender.wake()

    def _fail(self, task: Task, error: BaseException) -> None:
        """Stop the run; an abandoned batch that cannot be read is held, and the run goes on."""
        is_unreadable = not isinstance(error, EnrichError) or isinstance(error, RequestError)
        if task.adopt is not None and is_unreadable:
            logger.warning("Batch %s cannot be read: %s.", task.adopt, type(error).__name__)
            self._results.settle(task.identities, Status.HELD, "unread")
            return
        self._stop(as_enrich_error(error))
        self._drop(task)

    def _drop(self, task: Task) -> None:
        """Drop a task: the next run reads what was recorded for it."""
        if task.poll:
            return
        if task.watch or task.adopt is not None or task.charges:
            self._results.settle(task.identities, Status.PENDING, "interrupted")
        else:
            reason = "run_failed" if self.error else "run_stopped"
            self._results.settle(task.identities, Status.SKIPPED, reason)

    def _finish(self, state: State) -> None:
        while waiting := self._queue.pop():  # of a run that was stopped
            self._drop(Task(waiting))
        end_run = partial(self._journal.end_run, self.run, state)
        close = self._transport.close if self._transport else lambda: None
        for end in (self._sender.join, end_run, close, self._journal.close):
            try:
                end()
            except Exception as error:  # noqa: BLE001 - kept: the waiting thread must see the end
                self.error = self.error or as_enrich_error(error)
        self.done.set()
