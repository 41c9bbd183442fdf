"""The sender: one request, journaled before it is sent, its answer before anybody reads it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from enrich_pandas.errors import (
    ConfigurationError,
    EnrichError,
    JournalError,
    ProviderError,
    UnavailableError,
)
from enrich_pandas.providers.base import (
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Status,
)
from enrich_pandas.run.http import Exchange, Transport
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.outcome import backoff, legible, read
from enrich_pandas.run.records import Batch
from enrich_pandas.run.task import Task
from enrich_pandas.run.throttle import Throttle

ATTEMPTS = 3
IN_VAIN = 5  # batches in a row of which nobody got an answer, and the run stops
ASK_AGAIN = 1.0  # seconds; a first answer may tell of a wider limit than the documents do
LONGEST_WAIT = 300.0  # seconds; a vendor that asks for more stops the run
FATAL = (401, 402, 403)
BUSY = (429, 503)
UNCHARGED = (Outcome.REFUSED, Outcome.NOT_SENT)


class Sender:
    """Sends the requests of one run.

    Parameters
    ----------
    may_start
        Asked at the last moment before each request.
    stop
        Is given what makes every other request pointless, too.
    """

    def __init__(
        self,
        provider: Provider,
        journal: Journal,
        transport: Transport | None,
        throttle: Throttle,
        *,
        may_start: Callable[[], bool],
        stop: Callable[[EnrichError], None],
    ) -> None:
        self._provider, self._journal = provider, journal
        self._transport, self._throttle = transport, throttle
        self._may_start, self._stop = may_start, stop
        self._lock = threading.Lock()
        self._in_vain = 0

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
        if recorded is not None and not _settles_nothing(recorded):
            return legible(recorded)
        if task.adopt is not None and request.billed:
            task.unasked.update(request.identities)
            return Response(outcome=Outcome.UNKNOWN)
        if not self._may_start():
            return 0.0
        if delay := self._throttle.reserve(task):
            return min(delay, ASK_AGAIN)
        return self._judge(task, request, self._send(task, task.batch, request))

    def look(self, task: Task, request: Request) -> Response | float:
        """Send a request that is of no batch, and costs nothing: nobody needs its answer later."""
        if not self._may_start():
            return 0.0
        if delay := self._throttle.reserve(task):
            return min(delay, ASK_AGAIN)
        response, error = self._exchange(request)
        if error is not None:
            raise error
        self._throttle.learn(self._provider.allowance(response))
        answer = self._judge(task, request, response)
        task.attempt *= isinstance(answer, float)
        return answer

    def _send(self, task: Task, batch: Batch, request: Request) -> Response:
        """Send, between its two entries in the journal."""
        entry, before = self._journal.intend(batch.id, task.step, request), task.may_be_charged
        task.may_be_charged = before or request.billed
        sent = time.time()
        response, error = self._exchange(request)
        try:
            self._journal.answer(entry, response)
        except JournalError as broken:  # what was paid for is still read, into the frame
            self._stop(broken)
        else:
            if response.outcome in UNCHARGED:
                task.may_be_charged = before
        if error is not None:
            raise error
        self._throttle.learn(self._provider.allowance(response))
        return replace(response, sent=sent)

    def _exchange(self, request: Request) -> tuple[Response, EnrichError | None]:
        """Return the answer, and what is wrong with every other request, too."""
        if not self._may_start():  # the journal took its time
            return Response(outcome=Outcome.NOT_SENT), None
        if self._transport is None:
            return Response(outcome=Outcome.NOT_SENT), ConfigurationError(
                f"{self._provider.name} has no origin, and nothing can be sent to it.",
                todo="Give the provider's class the origin of its API.",
            )
        try:
            exchange = self._transport.send(request)
        except EnrichError as error:  # refused here, or no token to sign with: no byte has left
            return Response(outcome=Outcome.NOT_SENT), error
        return read(exchange, request, self._provider), self._distrust(exchange)

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
        if self._has_renewed(task, response):
            return 0.0
        task.attempt += 1
        if response.outcome is Outcome.REFUSED and response.status in FATAL:
            raise self._explain(response)
        if response.outcome is Outcome.NOT_SENT and task.attempt >= ATTEMPTS:
            raise UnavailableError(
                f"{self._provider.name} could not be reached in {ATTEMPTS} attempts.",
                cost="Nothing was charged for what could not be sent.",
                todo="Check the network, then repeat the call: it continues from here.",
            )
        if _may_be_repeated(request, response):
            asked = self._provider.retry_after(response)
            if asked is not None and asked > LONGEST_WAIT:
                self._stop(self._explain(response))
            elif task.attempt < ATTEMPTS:
                return self._delay(task, response, asked)
        if response.lost and response.status in FATAL:  # a page in place of the vendor's word
            self._stop(self._explain(response))
        return legible(response)

    def _has_renewed(self, task: Task, response: Response) -> bool:
        """Renew a token that ended in mid-run, once for each request that it was refused for."""
        if self._transport is None or not self._provider.is_stale(response):
            task.has_renewed = False
            return False
        if task.has_renewed or response.outcome is not Outcome.REFUSED:
            return False
        task.has_renewed = self._transport.renew()
        return task.has_renewed

    def _delay(self, task: Task, response: Response, asked: float | None) -> float:
        delay = backoff(task.attempt, asked)
        if response.outcome is Outcome.REFUSED:
            self._throttle.pause(delay)
        return delay

    def take_stock(self, response: Response, matches: Sequence[Match]) -> None:
        """Stop the run where, several times in a row, nobody of a batch got an answer."""
        is_vain = _is_elsewhere(response) or all(one.status is Status.HELD for one in matches)
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


def _settles_nothing(recorded: Response) -> bool:
    """Tell whether the request behind a recorded answer may be sent again."""
    is_refusal = recorded.outcome is Outcome.REFUSED and recorded.status in (*FATAL, *BUSY)
    return is_refusal or recorded.outcome is Outcome.NOT_SENT


def _may_be_repeated(request: Request, response: Response) -> bool:
    """Tell whether sending again can neither pay twice nor be in vain."""
    if response.outcome is Outcome.REFUSED:
        return response.status in BUSY
    return response.outcome is Outcome.NOT_SENT or (response.lost and not request.billed)


def _is_elsewhere(response: Response) -> bool:
    """Tell a refusal that has nothing to do with who was asked about."""
    is_redirect = response.status // 100 == 3  # noqa: PLR2004 - HTTP's class of answers
    return response.outcome is Outcome.REFUSED and (is_redirect or response.status in BUSY)


def wrapped(error: BaseException) -> EnrichError:
    """Return an error of ours; any other is a defect, and says so."""
    if isinstance(error, EnrichError):
        return error
    defect = EnrichError(
        f"A defect stopped the run: {type(error).__name__} in enrich_pandas or a provider.",
        cost="What was paid for is kept in the journal, unread answers too.",
        todo="Please report it; a repaired version reads them without paying again.",
    )
    defect.__cause__ = error
    return defect
