"""The sender: one request, journaled before it is sent, its answer before anybody reads it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from enrich_pandas.engine.balance import DEADLINE, BalanceCheck
from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.scheduler import LOOK
from enrich_pandas.engine.task import Task
from enrich_pandas.errors import (
    ConfigurationError,
    EnrichError,
    JournalError,
    ProviderError,
    UnavailableError,
)
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Batch
from enrich_pandas.providers.base import Match, Outcome, Provider, Request, Response, Status
from enrich_pandas.transport import Exchange, Transport
from enrich_pandas.transport.outcome import (
    FATAL,
    backoff,
    is_retryable,
    is_unrelated_refusal,
    may_be_resent,
    read_exchange,
    repair_response,
)

# -- Slots: as many requests at once as the vendor has connections for a run ---------------------


class Slots:
    """Lends slots to workers; whoever waits for one gives up where nothing may start.

    Parameters
    ----------
    count
        How many there are.
    may_start
        Tells whether anything may start; `wake` is called when it does not any more.

    Attributes
    ----------
    queued
        How many wait for one.

    Examples
    --------
    >>> slots = Slots(1, lambda: True)
    >>> with slots.one() as is_mine:
    ...     is_mine
    True
    """

    def __init__(self, count: int, may_start: Callable[[], bool]) -> None:
        self._free, self._may_start = count, may_start
        self.queued = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Lend a slot, as soon as one is free; lend none, and say so, where nothing may start."""
        is_mine = self._take()
        try:
            yield is_mine
        finally:
            if is_mine:
                with self._changed:
                    self._free += 1
                    self._changed.notify()

    def wake(self) -> None:
        """Let those who wait see that nothing may start any more."""
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> bool:
        with self._changed:
            while not self._free and self._may_start():
                self._wait()
            is_mine = self._free > 0 and self._may_start()
            self._free -= is_mine
            return is_mine

    def _wait(self) -> None:
        self.queued += 1
        self._changed.wait(LOOK)
        self.queued -= 1


# -- The sender: one request, journaled before it is sent, its answer before anybody reads it ----

ATTEMPTS = 3
RETRIES = 30.0  # of a run; and for each request, this share of one more, so that none is a storm
MORE_RETRIES = 0.1
IN_VAIN = 5  # batches in a row of which nobody got an answer, and the run stops
ASK_AGAIN = 1.0  # seconds; a first answer may tell of a wider limit than the documents do
LONGEST_WAIT = 300.0  # seconds; a vendor that asks for more stops the run
UNCHARGED = (Outcome.REFUSED, Outcome.NOT_SENT)


class Sender:
    """Sends the requests of one run.

    Parameters
    ----------
    may_start
        Asked at the last moment before each request.
    stop
        Is given what makes every other request pointless, too.
    moved
        Is called when one who waited for the vendor's limit does so no more.
    purse
        Is looked into before the first request that is billed.
    """

    def __init__(
        self,
        provider: Provider,
        journal: Journal,
        transport: Transport | None,
        limiter: RateLimiter,
        *,
        may_start: Callable[[], bool],
        stop: Callable[[EnrichError], None],
        moved: Callable[[], None],
        balance_check: BalanceCheck | None = None,
    ) -> None:
        self._provider, self._journal = provider, journal
        self._balance_check, self._looking = balance_check, Task([])
        self._transport, self._limiter = transport, limiter
        self._may_start, self._stop, self._moved = may_start, stop, moved
        self._slots = Slots(provider.connections, may_start)
        self.wake = self._slots.wake
        self._in_line = set[Task]()  # who waits for the vendor's limit
        self._lock = threading.Lock()
        self._in_vain = 0
        self._retries = RETRIES

    def ask(self, task: Task, request: Request) -> Response | float:
        """Return the answer to a task's request, or the seconds until another try.

        Raises
        ------
        ProviderError
            The vendor refused the key (401), the endpoint (403) or for want of credits (402), or
            could not be reached: the run is over.
        """
        assert task.batch is not None  # noqa: S101 - for the type checker: the driver has set it
        recorded = task.batch.recorded.pop(task.step, None)
        if recorded is not None and not may_be_resent(recorded):
            return repair_response(recorded)
        if task.adopt is not None and request.billed:
            task.unasked.update(request.identities)
            return Response(outcome=Outcome.UNKNOWN)
        if request.billed and self._balance_check:
            delay = self._balance_check.open(self._glance, self._stop)
            if delay is not None:
                return delay
        came = None
        try:
            with self._turn(task) as delay:
                if delay is not None:
                    return delay
                entry = self._intend(task, task.batch, request)
                response, error = came = self._send(task, request)
                if response.outcome is not Outcome.ACCEPTED:  # it may be about all requests
                    self._record(task, request, entry, response)
                    came = None
                if error is not None:
                    raise error
                return self._judge(task, request, response)
        finally:  # by now the connection is another's
            if came is not None:
                self._record(task, request, entry, came[0])

    @property
    def is_crowded(self) -> bool:
        """Whether as many wait for the vendor's limit as can be sent at once."""
        return len(self._in_line) >= self._provider.connections

    @property
    def queued(self) -> int:
        """How many workers wait for a connection: nothing of theirs is in flight."""
        return self._slots.queued

    @contextmanager
    def _turn(self, task: Task) -> Iterator[float | None]:
        """Lend a connection and a start; give the seconds until another try where none is free."""
        with self._slots.one() as is_mine:
            delay = self._limiter.reserve(task) if is_mine else 0.0
            self._keep_line(task, is_waiting=delay > 0)
            try:
                yield min(delay, ASK_AGAIN) if delay or not is_mine else None
            except EnrichError as error:
                if task.adopt is None:
                    self._stop(error)  # before the connection is anybody else's
                raise

    def _keep_line(self, task: Task, *, is_waiting: bool) -> None:
        if is_waiting:
            self._in_line.add(task)
        elif task in self._in_line:
            self._in_line.discard(task)
            self._moved()

    def _glance(self, request: Request) -> Response | float:
        """Send a free request that the run can do without: once, and not for long."""
        with self._turn(self._looking) as delay:
            if delay is not None:
                return delay
            with suppress(Exception):  # of a token, or a replay: the next request meets it, too
                response, _ = self._exchange(self._looking, replace(request, deadline=DEADLINE))
                self._limiter.learn(self._provider.allowance(response))
                return 0.0 if self._has_renewed(response) else repair_response(response)
        return Response()

    def look(self, task: Task, request: Request) -> Response | float:
        """Send a request that is of no batch, and costs nothing: nobody needs its answer later."""
        with self._turn(task) as delay:
            if delay is not None:
                return delay
            response, error = self._exchange(task, request)
            if error is not None:
                raise error
            self._limiter.learn(self._provider.allowance(response))
            answer = self._judge(task, request, response)
            task.attempt *= isinstance(answer, float)
            return answer

    def _intend(self, task: Task, batch: Batch, request: Request) -> int:
        """Write down what is about to be sent; return its number in the journal."""
        entry = self._journal.record_intent(batch.id, task.step, request)
        task.charges += request.billed
        return entry

    def _send(self, task: Task, request: Request) -> tuple[Response, EnrichError | None]:
        """Send, and learn from the answer."""
        sent = time.time()
        response, error = self._exchange(task, request)
        # In whole microseconds: what a frame shows and what any file keeps is the same instant.
        response = replace(response, sent=sent, received=round(time.time(), 6))
        if error is None:
            self._limiter.learn(self._provider.allowance(response))
        return response, error

    def _record(self, task: Task, request: Request, entry: int, response: Response) -> None:
        """Write down what came of it, before anybody reads it."""
        try:
            self._journal.record_answer(entry, response)
        except JournalError as broken:  # what was paid for is still read, into the frame
            self._stop(broken)
        else:
            task.charges -= request.billed and response.outcome in UNCHARGED

    def _exchange(self, task: Task, request: Request) -> tuple[Response, EnrichError | None]:
        """Return the answer, and what is wrong with every other request, too."""
        if not self._may_start():  # the journal took its time
            return Response(outcome=Outcome.NOT_SENT), None
        if self._transport is None:
            return Response(outcome=Outcome.NOT_SENT), ConfigurationError(
                f"{self._provider.name} has no origin, and nothing can be sent to it.",
                todo="Give the provider's class the origin of its API.",
            )
        try:
            exchange = self._transport.send(request, may_send=lambda: self._may_leave(task))
        except UnavailableError as error:  # no token came, and no byte has left: it may yet come
            is_last = task.attempt + 1 >= ATTEMPTS
            return Response(outcome=Outcome.NOT_SENT), error if is_last else None
        except EnrichError as error:  # refused here, or by whoever gives tokens
            return Response(outcome=Outcome.NOT_SENT), error
        return read_exchange(exchange, request, self._provider), self._distrust(exchange)

    def _may_leave(self, task: Task) -> bool:
        """Look once more, now that the connection stands, and count the start from here."""
        if self._may_start():
            self._limiter.sent(task)
            return True
        return False

    def _distrust(self, exchange: Exchange) -> EnrichError | None:
        if exchange.error != "certificate":
            return None
        return UnavailableError(
            f"The certificate of {self._provider.origin} is not trusted.",
            cost="Nothing was sent and nothing was charged for this request.",
            todo="Check the clock and whoever stands between this machine and the vendor.",
        )

    def _judge(self, task: Task, request: Request, response: Response) -> Response | float:
        """Decide whether the flow gets this answer, or the request is tried again."""
        if response.outcome is Outcome.NOT_SENT and not self._may_start():
            return 0.0
        if self._has_renewed(response):
            return 0.0
        task.attempt += 1
        is_last = task.attempt >= ATTEMPTS or not self._has_retry(task)
        if response.outcome is Outcome.REFUSED and response.status in FATAL:
            raise self._explain(response)
        if response.outcome is Outcome.NOT_SENT and is_last:
            raise UnavailableError(
                f"{self._provider.name} could not be reached in {task.attempt} attempts.",
                cost="Nothing was charged for what could not be sent.",
                todo="Check the network, then repeat the call: it continues from here.",
            )
        if is_retryable(request, response):
            asked = self._provider.retry_after(response)
            if asked is not None and asked > LONGEST_WAIT:
                self._stop(self._explain(response))
            elif not is_last:
                self._take_retry()
                return self._delay(task, response, asked)
        if response.lost and response.status in FATAL:  # a page in place of the vendor's word
            self._stop(self._explain(response))
        return repair_response(response)

    def _has_renewed(self, response: Response) -> bool:
        """Renew a token that ended in mid-run; tell whether there is another one to try."""
        if self._transport is None or response.outcome is not Outcome.REFUSED:
            return False
        return self._provider.is_stale(response) and self._transport.renew()

    def _has_retry(self, task: Task) -> bool:
        """Tell whether the run has a retry left; a request's first attempt adds to them."""
        with self._lock:
            self._retries += MORE_RETRIES * (task.attempt == 1)
            return self._retries >= 1

    def _take_retry(self) -> None:
        with self._lock:
            self._retries -= 1

    def _delay(self, task: Task, response: Response, asked: float | None) -> float:
        delay = backoff(task.attempt, asked)
        if response.outcome is Outcome.REFUSED:
            self._limiter.pause(delay)
        return delay

    def take_stock(self, response: Response, matches: Sequence[Match]) -> None:
        """Stop the run where, several times in a row, nobody of a batch got an answer."""
        is_vain = is_unrelated_refusal(response) or all(
            one.status is Status.HELD for one in matches
        )
        with self._lock:
            self._in_vain = self._in_vain + 1 if is_vain else 0
            is_enough = self._in_vain >= IN_VAIN
        if is_enough:
            self._stop(self._explain(response))

    def _explain(self, response: Response) -> ProviderError:
        error = self._provider.error_for(response) or UnavailableError(
            f"{self._provider.name} gave {IN_VAIN} answers in a row that are of no use.",
            cost="What may have been charged is held, what had arrived is kept.",
            todo="Look at what stands between this machine and the vendor, then repeat the call.",
        )
        error.cost = error.cost or "The run was stopped; what had arrived is kept."
        return error
