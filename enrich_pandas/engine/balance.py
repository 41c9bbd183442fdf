"""The purse: what is left on the account, asked before the first request that is charged.

A plan's maximum is no price, so a balance below it is told and stops nothing; an empty one stops
the run before anything is spent. Whatever goes wrong with the question stops nothing either.
"""

import math
import threading
from collections.abc import Callable

from enrich_pandas.errors import EnrichError, QuotaError
from enrich_pandas.providers.base import Provider, Request, Response

DEADLINE = 10.0  # seconds; nobody waits for long for what the run can do without


class BalanceCheck:
    """What is left on the account of one run's provider.

    Parameters
    ----------
    provider
        Whose account.
    most
        The most credits that the run can cost; with 0, nothing is asked.
    note
        Writes the balance down, beside the run.

    Attributes
    ----------
    warning
        What the user should know of it; empty where the balance is enough, or not known.
    """

    def __init__(self, provider: Provider, most: float, note: Callable[[float], None]) -> None:
        self.warning = ""
        self._provider, self._most, self._note = provider, most, note
        self._request = provider.balance_request() if most else None
        self._lock = threading.Lock()

    def open(
        self, ask: Callable[[Request], Response | float], stop: Callable[[EnrichError], None]
    ) -> float | None:
        """Look into it, the first time; return the seconds until another try, None for go on.

        ``stop`` is given the error of an empty purse before anybody else may go on.
        """
        with self._lock:
            if self._request is None:
                return None
            answer = ask(self._request)
            if isinstance(answer, float):
                return answer
            self._request = None
            left = read_balance(self._provider, answer)
            if left is not None:
                self._note(left)
                self._judge(left, stop)
        return None

    def _judge(self, left: float, stop: Callable[[EnrichError], None]) -> None:
        name = self._provider.name
        if left <= 0:
            stop(_empty(self._provider))
        elif left < self._most:
            self.warning = (
                f"{left:,g} credits are left on the {name} account; this call may cost up to "
                f"{self._most:,g}. Where they run out it stops, and keeps what was bought."
            )


def read_balance(provider: Provider, response: Response) -> float | None:
    """Return the credits that are left by a vendor's answer, None where it does not tell."""
    if response.status != 200:  # noqa: PLR2004 - HTTP's OK
        return None
    try:
        left = provider.balance(response)
    except Exception:  # noqa: BLE001 - a plugin's, too: no answer's form may stop a run for this
        return None
    if not isinstance(left, int | float) or isinstance(left, bool) or not math.isfinite(left):
        return None
    return float(left)


def _empty(provider: Provider) -> QuotaError:
    return QuotaError(
        f"{provider.name} says that no credits are left on the account.",
        cost="Nothing was sent that costs anything; what had arrived is kept.",
        todo=f"Buy credits at {provider.keys_url or provider.docs_url}, then repeat the call; or "
        "type ep.options.check_balance = False to ask the vendor all the same.",
    )
