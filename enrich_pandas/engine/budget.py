"""A budget: credits that one call, or several calls together, may spend."""

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from enrich_pandas.errors import ConfigurationError, EnrichError, QuotaError
from enrich_pandas.providers.base import Identity, Provider, Request, Response


@dataclass(frozen=True, slots=True)
class Budget:
    """Credits that all calls with the same budget name share, in any process and at any time.

    Parameters
    ----------
    credits : float
        A hard limit. The maximum cost of a request is reserved before it is sent. Credits that may
        have been spent count as spent.
    name : str
        Name of the budget, such as ``"spring campaign"``. Without a name, it applies to a single
        call, as ``budget=500`` does.

    Notes
    -----
    Budgets are kept in the journal, so calls share a budget if they share a journal. Each call
    observes the credits that it names itself: to raise a budget, pass the same name with more
    credits. Credits that another call reserved and did not spend become available again. To enrich
    a row that was ``skipped`` for the budget, repeat its call.

    `Run.resume` continues within the run's own budget, named or not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> spring = ep.Budget(3, "spring")
    >>> first = pd.DataFrame({"Email": ["ada@example.com", "bob@example.com"]})
    >>> second = pd.DataFrame({"Email": ["eve@example.com", "joe@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     ep.people(first, budget=spring, progress=None)["person_status"].tolist()
    ...     ep.people(second, budget=spring, progress=None)["person_status"].tolist()
    ['matched', 'matched']
    ['matched', 'skipped']
    """

    credits: float
    name: str = ""


class BudgetQueue:
    """The batches of a run that wait for budget.

    A batch reserves its maximum cost, and releases what it did not spend. While a batch is open,
    identities beyond the budget wait: the budget is used up before a row is skipped for it.

    Parameters
    ----------
    resubmit
        Receives the first waiting identities, when they can try again.

    Examples
    --------
    >>> queue = BudgetQueue(print)
    >>> closed = queue.open()  # a batch that reserves the whole budget
    >>> queue.defer([Identity.of(email="ada@example.com")], queue.open())
    True
    >>> queue.close()
    [Identity(email)]
    """

    def __init__(self, resubmit: Callable[[Sequence[Identity]], None]) -> None:
        self._resubmit = resubmit
        self._lock = threading.Lock()
        self._open = self._closed = 0
        self._waiting = deque[Sequence[Identity]]()

    def open(self) -> int:
        """Count a batch that is about to reserve credits; return how many have closed so far."""
        with self._lock:
            self._open += 1
            return self._closed

    def close(self) -> None:
        """Count a batch as closed: it released the credits that it did not spend."""
        with self._lock:
            self._open -= 1
            self._closed += 1
        self._release()

    def put(self, identities: Sequence[Identity]) -> None:
        """Keep identities for which the rest of the budget did not suffice."""
        with self._lock:
            if identities:
                self._waiting.append(identities)

    def defer(self, identities: Sequence[Identity], closed: int) -> bool:
        """Close a batch that could reserve nothing, and keep its identities.

        Parameters
        ----------
        identities
            The identities of the batch.
        closed
            How many batches had closed when this one was opened.

        Returns
        -------
        bool
            False if no credits were released since, and none can be: the identities are not kept.
        """
        with self._lock:
            self._open -= 1
            is_last = not self._open
            may_come_back = not is_last or self._closed > closed
            if identities and may_come_back:
                self._waiting.append(identities)
        if is_last:
            self._release()
        return may_come_back

    def pop(self) -> Sequence[Identity] | None:
        """Remove and return the first waiting identities; None if there are none."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _release(self) -> None:
        if some := self.pop():
            self._resubmit(some)


def read_budget(given: float | Budget | None) -> Budget | None:
    """Return a budget as the type that the journal takes."""
    if given is None:
        return None
    budget = given if isinstance(given, Budget) else Budget(given)
    with suppress(TypeError, ValueError):
        if (credits_ := float(budget.credits)) >= 0 and isinstance(budget.name, str):
            budget.name.encode()  # as the journal will: a lone surrogate is a ValueError
            return Budget(credits_, budget.name)
    raise ConfigurationError(
        f"budget={given!r} is not a number of credits.",
        cost="Nothing was spent.",
        todo="Pass a number of 0 or more, ep.Budget(number, 'name'), or None for no limit.",
    )


# -- Check the account's balance before the first billed request ---------------------------------
# A plan's maximum is rarely reached, so a balance below it is only a warning. A balance of 0 stops
# the run before anything is spent. A balance check that fails stops nothing.

DEADLINE = 10.0  # seconds; the run can do without the balance


class BalanceCheck:
    """The balance of a provider's account, requested once in a run.

    Parameters
    ----------
    provider
        The provider of the run.
    maximum
        Maximum cost of the run, in credits. With 0, the balance is not requested.
    note
        Stores the balance with the run.

    Attributes
    ----------
    warning
        Text for the user; empty if the balance suffices or is unknown.
    """

    warning: str

    def __init__(self, provider: Provider, maximum: float, note: Callable[[float], None]) -> None:
        self.warning = ""
        self._provider, self._maximum, self._note = provider, maximum, note
        self._request = provider.balance_request() if maximum else None
        self._answer: Response | None = None
        self._lock = threading.Lock()

    @property
    def is_due(self) -> bool:
        """Whether the balance is still to be requested."""
        return self._request is not None

    def fetch(self, send: Callable[[Request], Response | float]) -> None:
        """Request the balance for a later `check`, which requests it itself if this cannot."""
        with self._lock:
            if self._request is not None:
                answer = send(self._request)
                self._answer = None if isinstance(answer, float) else answer

    def check(
        self, send: Callable[[Request], Response | float], stop: Callable[[EnrichError], None]
    ) -> float | None:
        """Request the balance the first time; return the seconds until a retry, None to go on.

        A request that is under way is waited for. If no credits are left, ``stop`` receives the
        error before another worker goes on.
        """
        with self._lock:
            if self._request is None:
                return None
            answer, self._answer = self._answer or send(self._request), None
            if isinstance(answer, float):
                return answer
            self._request = None
            left = read_balance(self._provider, answer)
            if left is not None:
                self._note(left)
                self._compare(left, stop)
        return None

    def _compare(self, left: float, stop: Callable[[EnrichError], None]) -> None:
        name = self._provider.name
        if left <= 0:
            stop(_no_credits(self._provider))
        elif left < self._maximum:
            self.warning = (
                f"{left:,g} credits are left on the {name} account; this call may cost up to "
                f"{self._maximum:,g}. If they run out, it stops and keeps what was bought."
            )


def read_balance(provider: Provider, response: Response) -> float | None:
    """Return the balance that a vendor's answer states, in credits; None if it states none."""
    if response.status != HTTPStatus.OK:
        return None
    try:
        left = provider.balance(response)
    except Exception:  # noqa: BLE001 - a plugin can raise anything, and a balance must not stop a run
        return None
    if not isinstance(left, int | float) or isinstance(left, bool) or not math.isfinite(left):
        return None
    return float(left)


def _no_credits(provider: Provider) -> QuotaError:
    return QuotaError(
        f"{provider.name} says that no credits are left on the account.",
        cost="No billed request was sent. The results so far are kept.",
        todo=f"Buy credits at {provider.keys_url or provider.docs_url}, then repeat the call; or "
        "type ep.options.check_balance = False to send the requests all the same.",
    )
