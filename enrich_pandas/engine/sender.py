"""The sender: stores each request before it is sent, and each answer before it is parsed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from enrich_pandas.engine.budget import DEADLINE, BalanceCheck
from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.scheduler import CHECK_INTERVAL, Task
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

# -- Concurrency slots ------------------------------------------------------------------------


class Slots:
    """The concurrency slots of a run: as many as the vendor allows connections.

    Parameters
    ----------
    count
        Number of slots.
    may_start
        Returns whether a request may start. Call `wake` when it changes to False.

    Attributes
    ----------
    queued
        Number of workers that wait for a slot.

    Examples
    --------
    >>> slots = Slots(1, lambda: True)
    >>> with slots.acquire() as is_acquired:
    ...     is_acquired
    True
    """

    def __init__(self, count: int, may_start: Callable[[], bool]) -> None:
        self._free, self._may_start = count, may_start
        self.queued: int = 0
        self._changed = threading.Condition()

    @contextmanager
    def acquire(self) -> Iterator[bool]:
        """Wait for a slot and yield True; yield False if nothing may start any more."""
        is_acquired = self._take()
        try:
            yield is_acquired
        finally:
            if is_acquired:
                with self._changed:
                    self._free += 1
                    self._changed.notify()

    def wake(self) -> None:
        """Wake the waiting workers when nothing may start any more."""
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> bool:
        with self._changed:
            while not self._free and self._may_start():
                self._wait()
            is_acquired = self._free > 0 and self._may_start()
            self._free -= is_acquired
            return is_acquired

    def _wait(self) -> None:
        self.queued += 1
        self._changed.wait(CHECK_INTERVAL)
        self.queued -= 1


# -- The sender -------------------------------------------------------------------------------

ATTEMPTS = 3
RETRIES = 30.0  # of a run; each request adds a share of one, so retries stay a minority
MORE_RETRIES = 0.1
IN_VAIN = 5  # batches in a row without a usable answer, after which the run stops
MAX_DELAY = 1.0  # seconds; the first answer may state a higher limit than the documentation
LONGEST_WAIT = 300.0  # seconds; a longer Retry-After stops the run
UNCHARGED = (Outcome.REFUSED, Outcome.NOT_SENT)


class Sender:
    """Sends the requests of one run.

    A request is stored before it is sent, and its answer before it is parsed.

    Parameters
    ----------
    may_start
        Returns whether a request may start; called at the last moment before each.
    stop
        Receives an error that applies to every other request, too.
    moved
        Called when a task no longer waits for the rate limit.
    balance_check
        Checked before the first billed request; see `fetch_balance`.
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
        self._balance_check, self._balance_task = balance_check, Task([])
        self._balance_thread: threading.Thread | None = None
        self._transport, self._limiter = transport, limiter
        self._may_start, self._stop, self._moved = may_start, stop, moved
        self._slots = Slots(provider.connections, may_start)
        self.wake: Callable[[], None] = self._slots.wake
        self._waiting = set[Task]()  # tasks that wait for the rate limit
        self._lock = threading.Lock()
        self._useless = 0
        self._retries = RETRIES

    def send(self, task: Task, request: Request) -> Response | float:
        """Return the answer to a task's request, or the seconds until a retry.

        Raises
        ------
        ProviderError
            The vendor refused the key (401), the endpoint (403) or the account (402), or could not
            be reached. The run ends.
        """
        assert task.batch is not None  # noqa: S101 - for the type checker: the runner has set it
        recorded = task.batch.recorded.pop(task.step, None)
        if recorded is not None and not may_be_resent(recorded):
            return repair_response(recorded)
        if task.adopt is not None and request.billed:
            task.unsent.update(request.identities)
            return Response(outcome=Outcome.UNKNOWN)
        if request.billed and self._balance_check:
            delay = self._balance_check.check(self._request_balance, self._stop)
            if delay is not None:
                return delay
        unrecorded = None
        try:
            with self._slot(task) as delay:
                if delay is not None:
                    return delay
                entry = self._record_request(task, task.batch, request)
                response, error = unrecorded = self._send(task, request)
                if response.outcome is not Outcome.ACCEPTED:  # it may apply to all requests
                    self._record_answer(task, request, entry, response)
                    unrecorded = None
                if error is not None:
                    raise error
                return self._decide(task, request, response)
        finally:  # the slot is free by now
            if unrecorded is not None:
                self._record_answer(task, request, entry, unrecorded[0])

    def fetch_balance(self, name: str) -> None:
        """Request the balance on a thread of its own; the first billed request waits for it."""
        if self._balance_check and self._balance_check.is_due:
            fetch = partial(self._balance_check.fetch, self._request_balance)
            self._balance_thread = threading.Thread(target=fetch, name=name)
            self._balance_thread.start()

    def join(self) -> None:
        """Wait for the thread that requests the balance."""
        if self._balance_thread:
            self._balance_thread.join()

    @property
    def is_crowded(self) -> bool:
        """Whether as many tasks wait for the rate limit as can be sent at once."""
        return len(self._waiting) >= self._provider.connections

    @property
    def queued(self) -> int:
        """Number of workers that wait for a slot; they have no request in flight."""
        return self._slots.queued

    @contextmanager
    def _slot(self, task: Task) -> Iterator[float | None]:
        """Acquire a slot and a start; yield the seconds until a retry if there is none."""
        with self._slots.acquire() as is_acquired:
            delay = self._limiter.reserve(task) if is_acquired else 0.0
            self._note_waiting(task, is_waiting=delay > 0)
            try:
                yield min(delay, MAX_DELAY) if delay or not is_acquired else None
            except EnrichError as error:
                if task.adopt is None:
                    self._stop(error)  # before another worker gets the slot
                raise

    def _note_waiting(self, task: Task, *, is_waiting: bool) -> None:
        if is_waiting:
            self._waiting.add(task)
        elif task in self._waiting:
            self._waiting.discard(task)
            self._moved()

    def _request_balance(self, request: Request) -> Response | float:
        """Send the balance request: once, with a short deadline, and any failure ignored."""
        with self._slot(self._balance_task) as delay:
            if delay is not None:
                return delay
            with suppress(Exception):  # of a token or a replay: the next request raises it, too
                response, _ = self._exchange(
                    self._balance_task, replace(request, deadline=DEADLINE)
                )
                self._limiter.learn(self._provider.allowance(response))
                return 0.0 if self._has_renewed(response) else repair_response(response)
        return Response()

    def send_unbilled(self, task: Task, request: Request) -> Response | float:
        """Send a free request that belongs to no batch; its answer is not stored."""
        with self._slot(task) as delay:
            if delay is not None:
                return delay
            response, error = self._exchange(task, request)
            if error is not None:
                raise error
            self._limiter.learn(self._provider.allowance(response))
            answer = self._decide(task, request, response)
            task.attempt *= isinstance(answer, float)
            return answer

    def _record_request(self, task: Task, batch: Batch, request: Request) -> int:
        """Store the request that is about to be sent; return its number in the journal."""
        entry = self._journal.record_intent(batch.id, task.step, request)
        task.charges += request.billed
        return entry

    def _send(self, task: Task, request: Request) -> tuple[Response, EnrichError | None]:
        """Send a request, and update the rate limiter from the answer."""
        sent = time.time()
        response, error = self._exchange(task, request)
        # Whole microseconds, so that a frame and any file hold the same instant.
        response = replace(response, sent=sent, received=round(time.time(), 6))
        if error is None:
            self._limiter.learn(self._provider.allowance(response))
        return response, error

    def _record_answer(self, task: Task, request: Request, entry: int, response: Response) -> None:
        """Store an answer before it is parsed."""
        try:
            self._journal.record_answer(entry, response)
        except JournalError as broken:  # the answer was paid for, so the frame still shows it
            self._stop(broken)
        else:
            task.charges -= request.billed and response.outcome in UNCHARGED

    def _exchange(self, task: Task, request: Request) -> tuple[Response, EnrichError | None]:
        """Return the answer, and an error that applies to every other request, too."""
        if not self._may_start():  # writing to the journal took time
            return Response(outcome=Outcome.NOT_SENT), None
        if self._transport is None:
            return Response(outcome=Outcome.NOT_SENT), ConfigurationError(
                f"{self._provider.name} has no origin, so nothing can be sent to it.",
                todo="Set `origin` in the provider's class.",
            )
        try:
            exchange = self._transport.send(request, may_send=lambda: self._may_leave(task))
        except UnavailableError as error:  # no token yet, and nothing was sent
            is_last = task.attempt + 1 >= ATTEMPTS
            return Response(outcome=Outcome.NOT_SENT), error if is_last else None
        except EnrichError as error:  # refused here, or when a token was requested
            return Response(outcome=Outcome.NOT_SENT), error
        return read_exchange(exchange, request, self._provider), self._certificate_error(exchange)

    def _may_leave(self, task: Task) -> bool:
        """Check once more, now that the connection is open, and count the start from here."""
        if self._may_start():
            self._limiter.mark_sent(task)
            return True
        return False

    def _certificate_error(self, exchange: Exchange) -> EnrichError | None:
        if exchange.error != "certificate":
            return None
        return UnavailableError(
            f"The certificate of {self._provider.origin} is not trusted.",
            cost="Nothing was sent and nothing was charged for this request.",
            todo="Check the clock of this machine, and any proxy between it and the vendor.",
        )

    def _decide(self, task: Task, request: Request, response: Response) -> Response | float:
        """Return the answer for the flow, or the seconds until the request is retried."""
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
                cost="Nothing was charged for requests that could not be sent.",
                todo="Check the network, then repeat the call: it continues from here.",
            )
        if is_retryable(request, response):
            wait = self._provider.retry_after(response)
            if wait is not None and wait > LONGEST_WAIT:
                self._stop(self._explain(response))
            elif not is_last:
                self._take_retry()
                return self._delay(task, response, wait)
        if response.lost and response.status in FATAL:  # a proxy's page
            self._stop(self._explain(response))
        return repair_response(response)

    def _has_renewed(self, response: Response) -> bool:
        """Renew a token that expired in the run; return whether there is a new one to try."""
        if self._transport is None or response.outcome is not Outcome.REFUSED:
            return False
        return self._provider.is_stale(response) and self._transport.renew()

    def _has_retry(self, task: Task) -> bool:
        """Return whether the run has a retry left; the first attempt of a request adds to them."""
        with self._lock:
            self._retries += MORE_RETRIES * (task.attempt == 1)
            return self._retries >= 1

    def _take_retry(self) -> None:
        with self._lock:
            self._retries -= 1

    def _delay(self, task: Task, response: Response, wait: float | None) -> float:
        delay = backoff(task.attempt, wait)
        if response.outcome is Outcome.REFUSED:
            self._limiter.pause(delay)
        return delay

    def count_useless(self, response: Response, matches: Sequence[Match]) -> None:
        """Stop the run after several batches in a row without a usable answer."""
        is_useless = is_unrelated_refusal(response) or all(
            one.status is Status.HELD for one in matches
        )
        with self._lock:
            self._useless = self._useless + 1 if is_useless else 0
            is_enough = self._useless >= IN_VAIN
        if is_enough:
            self._stop(self._explain(response))

    def _explain(self, response: Response) -> ProviderError:
        error = self._provider.error_for(response) or UnavailableError(
            f"{self._provider.name} returned {IN_VAIN} unusable answers in a row.",
            cost="Rows that may have been charged are held; the results so far are kept.",
            todo="Check any proxy between this machine and the vendor, then repeat the call.",
        )
        error.cost = error.cost or "The run was stopped; the results so far are kept."
        return error
