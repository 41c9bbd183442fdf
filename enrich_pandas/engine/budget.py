"""A budget: credits that a call may spend, or several calls together."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Identity


@dataclass(frozen=True, slots=True)
class Budget:
    """Credits that all calls share which name it: in any process, today and later.

    Parameters
    ----------
    credits : float
        A hard wall. Before a request is sent, the most that it can cost is reserved; what may have
        been spent counts as spent.
    name : str
        What the calls have in common that share it, such as ``"spring campaign"``. Without one it
        is that of a single call, as is ``budget=500``.

    Notes
    -----
    It is kept by the journal: calls share it that share a journal. Each call holds to the credits
    that it names itself, so the same name with more credits is how a budget is raised. What another
    call has reserved and gives back is free again for whoever asks after that: a row ``skipped``
    for the budget is asked about when its call is repeated.

    `Run.resume` goes on within the run's own budget, named or not.

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


# -- Parking: whom the budget does not allow to ask about yet ------------------------------------
# A batch reserves the most that it can cost and gives back what it did not. So as long as one is
# open, those who are too dear wait, and a budget is used up before anybody is skipped for it.


class BudgetQueue:
    """Counts the open batches of a run, and keeps those who wait for one to close.

    Parameters
    ----------
    again
        Is given the first of those who waited, when they may try again.

    Examples
    --------
    >>> queue = BudgetQueue(print)
    >>> closed = queue.open()  # one that reserves all of the budget
    >>> queue.withdraw([Identity.of(email="ada@example.com")], queue.open())
    True
    >>> queue.close()
    [Identity(email)]
    """

    def __init__(self, again: Callable[[Sequence[Identity]], None]) -> None:
        self._again = again
        self._lock = threading.Lock()
        self._open = self._closed = 0
        self._parked = deque[Sequence[Identity]]()

    def open(self) -> int:
        """Count a batch that is about to reserve its part; return how many have closed so far."""
        with self._lock:
            self._open += 1
            return self._closed

    def close(self) -> None:
        """Count no longer a batch that gave back what it did not need."""
        with self._lock:
            self._open -= 1
            self._closed += 1
        self._let_go()

    def park(self, identities: Sequence[Identity]) -> None:
        """Keep those for whom the rest did not suffice, when a batch reserved it."""
        with self._lock:
            if identities:
                self._parked.append(identities)

    def withdraw(self, identities: Sequence[Identity], closed: int) -> bool:
        """Count no longer a batch that could reserve nothing, and keep whom it was about.

        Parameters
        ----------
        identities
            For whom nothing was left.
        closed
            How many batches had closed when it was opened.

        Returns
        -------
        bool
            False where nothing has come back since and nothing can any more: they are not kept.
        """
        with self._lock:
            self._open -= 1
            is_last = not self._open
            may_come_back = not is_last or self._closed > closed
            if identities and may_come_back:
                self._parked.append(identities)
        if is_last:
            self._let_go()
        return may_come_back

    def leave(self) -> Sequence[Identity] | None:
        """Return the first of those who wait, who do so no longer."""
        with self._lock:
            return self._parked.popleft() if self._parked else None

    def _let_go(self) -> None:
        if some := self.leave():
            self._again(some)


def read_budget(given: float | Budget | None) -> Budget | None:
    """Return a budget as the one type that the journal takes."""
    if given is None:
        return None
    budget = given if isinstance(given, Budget) else Budget(given)
    with suppress(TypeError, ValueError):
        if (credits_ := float(budget.credits)) >= 0 and isinstance(budget.name, str):
            budget.name.encode()  # as the journal will: a lone surrogate is a ValueError
            return Budget(credits_, budget.name)
    raise ConfigurationError(
        f"budget={given!r} is no number of credits.",
        cost="Nothing was spent.",
        todo="Write a number, 0 or more, ep.Budget(number, 'name'), or None for no limit.",
    )
