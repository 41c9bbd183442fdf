"""The driver: carries the providers' flows on, on threads of its own.

A flow is a function of its answers alone, so a batch whose process died is read by running its flow
again on the answers that were recorded for it. Nothing is bought on behalf of the dead: whom it had
still to ask about becomes a batch of this run, with this run's budget.
"""

import logging
import threading
import time
from collections.abc import Sequence
from functools import partial

from enrich_pandas.engine.balance import Purse
from enrich_pandas.engine.outlook import outlook
from enrich_pandas.engine.parking import Parking
from enrich_pandas.engine.plan import Orders, recalled
from enrich_pandas.engine.polling import Poller
from enrich_pandas.engine.rate_limit import Throttle
from enrich_pandas.engine.results import Tally, one_each
from enrich_pandas.engine.scheduler import Scheduler
from enrich_pandas.engine.sender import Sender
from enrich_pandas.engine.task import Task
from enrich_pandas.engine.watch import look
from enrich_pandas.errors import EnrichError, JournalError, RequestError, wrapped
from enrich_pandas.journal import Journal
from enrich_pandas.journal.costs import cost
from enrich_pandas.journal.records import Batch, fresh
from enrich_pandas.progress import Progress, State
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Match,
    Provider,
    Response,
    Status,
    Unfinished,
    Until,
)
from enrich_pandas.transport import Transport

logger = logging.getLogger("enrich_pandas")

READERS = 4  # workers that read answers while the others keep the vendor's connections busy
WATCH = 0.3  # seconds between looks at what another process is asking


class Driver:
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
        orders: Orders,
        provider: Provider,
        kind: Kind,
        *,
        journal: Journal,
        transport: Transport | None,
        throttle: Throttle,
        run: str,
        tally: Tally,
        credits_max: float,
        budget: float | None = None,
        purse: Purse | None = None,
    ) -> None:
        self.run, self.done = run, threading.Event()
        self.error: EnrichError | None = None
        self._orders, self._provider, self._kind = orders, provider, kind
        self._journal, self._transport, self._throttle = journal, transport, throttle
        self._credits_max, self._budget, self._purse = credits_max, budget, purse
        self._tally, self.results = tally, tally.answers
        self._parking = Parking(again=lambda some: self._scheduler.add([Task(some)]))
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
            throttle,
            may_start=lambda: self._scheduler.is_running,
            stop=self._stop,
            moved=self._scheduler.look_again,
            purse=purse,
        )
        self._polling = Task([], poll=True)
        self._poller = Poller(
            provider, kind, ask=partial(self._sender.look, self._polling), wake=self._scheduler.wake
        )

    def start(self) -> None:
        """Start the run."""
        orders = self._orders
        for some in recalled(orders, self._journal):
            self._tally.record(some)
        self._scheduler.add(
            [
                *(Task(identities, adopt=batch) for batch, identities in orders.abandoned.items()),
                *(Task(asked, watch=True) for asked in [orders.elsewhere] if asked),
                *(Task(batch) for batch in self._provider.batches(self._kind, orders.asked)),
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
            warning=self._purse.warning if self._purse else "",
            state=scheduler.state,
            **outlook(
                scheduler, self._throttle, self._provider.name, queued=self._sender.queued
            )._asdict(),
        )

    # -- a task ------------------------------------------------------------------------------

    def _advance(self, task: Task) -> float | None:
        """Carry a task on until it has to wait (seconds) or is done (None)."""
        if task.watch:
            return self._look(task)
        if task.poll:
            return self._poller.look()
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
        if isinstance(step, Until):
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
        closed = self._parking.open()  # first: whoever finds the budget used up is to see it
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
            self._parking.park(claim.unaffordable)
        elif not self._parking.withdraw(claim.unaffordable, closed):
            self._tally.settle(claim.unaffordable, Status.SKIPPED, "budget")
        if claim.elsewhere:
            self._scheduler.add([Task(claim.elsewhere, watch=True)])
        return claim.batch

    def _close(self, task: Task) -> None:
        if task.adopt is None:
            self._parking.close()

    def _adopt(self, task: Task, batch: int) -> Batch | None:
        adopted = self._journal.adopt(batch, self._orders.scope)
        if adopted is None:  # another process was faster
            self._scheduler.add([Task(task.identities, watch=True)])
        return adopted

    def _look(self, task: Task) -> float | None:
        """See what became of identities that another process is asking about."""
        news = look(self._journal, self._orders, task.identities)
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
        complete = one_each(asked, matches)
        spent, held = cost(complete, partial(self._provider.price, self._kind))
        keyed = [(self._orders.fingerprint(match.identity), match) for match in complete]
        name, at = self._provider.name, task.received or self._orders.as_of
        is_own = task.adopt is None  # what was adopted is past, and was the dead run's to pay
        if is_own:
            self._sender.take_stock(task.reply or Response(), complete)
        try:
            answers = self._journal.land(task.batch.id, name, self._kind, keyed, held, fetched=at)
        except JournalError:  # the frame gets it all the same, and the next run from the raw answer
            self._tally.record({match.identity: fresh(match, at, name) for match in complete})
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
        self._stop(wrapped(error))
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
        while parked := self._parking.leave():  # of a run that was stopped
            self._drop(Task(parked))
        end_run = partial(self._journal.end_run, self.run, state)
        close = self._transport.close if self._transport else lambda: None
        for end in (end_run, close, self._journal.close):
            try:
                end()
            except Exception as error:  # noqa: BLE001 - kept; whoever waits must be told of the end
                self.error = self.error or wrapped(error)
        self.done.set()
