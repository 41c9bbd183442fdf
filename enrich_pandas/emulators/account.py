"""An account with a vendor: its key, its credits and its rate limit."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

_WINDOW = 60.0  # seconds
_ENDLESS = 1_000_000.0  # credits announced where no balance is set
_GENEROUS = 60_000  # requests a window announced where no rate is enforced


@dataclass
class VendorAccount:
    """An account with one vendor.

    Parameters
    ----------
    credits
        Balance; None for an endless one.
    rate
        Requests a minute, enforced over a sliding window; None for no limit.
    """

    credits: float | None = None
    rate: int | None = None
    clock: Callable[[], float] = time.monotonic
    spent: float = 0.0
    _admitted: deque[float] = field(default_factory=deque)

    @property
    def balance(self) -> float:
        """Credits left."""
        return (_ENDLESS if self.credits is None else self.credits) - self.spent

    @property
    def limit(self) -> int:
        """Requests allowed in the window."""
        return self.rate or _GENEROUS

    @property
    def remaining(self) -> int:
        """Requests allowed right now."""
        self._age()
        return max(0, self.limit - len(self._admitted))

    @property
    def reset(self) -> int:
        """Whole seconds until the oldest request ages out of the window."""
        self._age()
        oldest = self._admitted[0] if self._admitted else self.clock()
        return math.ceil(min(_WINDOW, oldest + _WINDOW - self.clock()))

    def admit(self) -> bool:
        """Count a request against the limit, or refuse it."""
        if self.rate is not None and not self.remaining:
            return False
        self._admitted.append(self.clock())
        return True

    def pay(self, amount: float) -> bool:
        """Take credits off the balance, or refuse where it does not reach."""
        if self.credits is not None and amount > self.balance:
            return False
        self.spent += amount
        return True

    def _age(self) -> None:
        horizon = self.clock() - _WINDOW
        while self._admitted and self._admitted[0] <= horizon:
            self._admitted.popleft()


# -- The ledger: what was charged for whom, and every request that came in -----------------------
# It is kept by the server, on the vendor's side of the wire: what a client believes does not enter.


class Charge(msgspec.Struct):
    """One charge for one person. ``at`` is in seconds since the epoch."""

    vendor: str
    endpoint: str
    identity: str
    credits: float
    at: float


class LoggedRequest(msgspec.Struct):
    """One request received. ``status`` is None while, or where, it got no answer."""

    vendor: str
    method: str
    path: str
    status: int | None
    identities: int
    fault: str | None
    at: float


class Ledger:
    """All charges and all requests, in the order they came."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self.visits: list[LoggedRequest] = []

    def charge(self, vendor: str, endpoint: str, identity: str, credits_: float) -> None:
        """Write a charge down; what is free is no charge."""
        if credits_:
            self.charges.append(Charge(vendor, endpoint, identity, credits_, time.time()))

    def visit(self, vendor: str, method: str, path: str) -> LoggedRequest:
        """Write a request down as it arrives; the rest of the entry follows."""
        visit = LoggedRequest(vendor, method, path, None, 0, None, time.time())
        self.visits.append(visit)
        return visit
