"""Check the account's balance before the first billed request.

A plan's maximum is rarely reached, so a balance below it is only a warning. A balance of 0 stops
the run before anything is spent. A balance check that fails stops nothing.
"""

import math
import threading
from collections.abc import Callable
from http import HTTPStatus

from enrich_pandas.errors import EnrichError, QuotaError
from enrich_pandas.providers.base import Provider, Request, Response

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
        self._lock = threading.Lock()

    def check(
        self, send: Callable[[Request], Response | float], stop: Callable[[EnrichError], None]
    ) -> float | None:
        """Request the balance the first time; return the seconds until a retry, None to go on.

        If no credits are left, ``stop`` receives the error before another worker goes on.
        """
        with self._lock:
            if self._request is None:
                return None
            answer = send(self._request)
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
    except Exception:  # noqa: BLE001 - also of a plugin: no form of this answer may stop a run
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
