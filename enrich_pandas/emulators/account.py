"""The account at a vendor, and the ledger of charges and requests.

The server keeps the ledger, so nothing that a client assumes can enter it.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

_WINDOW = 60.0  # seconds
_UNLIMITED_CREDITS = 1_000_000.0  # the balance that is announced if none is set
_UNLIMITED_RATE = 60_000  # the requests per window that are announced if no rate is enforced


@dataclass
class VendorAccount:
    """The account at one vendor.

    Parameters
    ----------
    credits : float, optional
        The balance. None for an unlimited one.
    rate : int, optional
        Requests per minute, enforced over a sliding window. None for no limit.
    clock : callable
        Returns the present time in seconds.
    spent : float
        Credits spent so far.
    """

    credits: float | None = None
    rate: int | None = None
    clock: Callable[[], float] = time.monotonic
    spent: float = 0.0
    _admitted: deque[float] = field(default_factory=deque)

    @property
    def balance(self) -> float:
        """The credits left."""
        return (_UNLIMITED_CREDITS if self.credits is None else self.credits) - self.spent

    @property
    def limit(self) -> int:
        """The requests allowed in one window."""
        return self.rate or _UNLIMITED_RATE

    @property
    def remaining(self) -> int:
        """The requests allowed at present."""
        self._drop_old()
        return max(0, self.limit - len(self._admitted))

    @property
    def reset(self) -> int:
        """The whole seconds until the oldest request leaves the window."""
        self._drop_old()
        oldest = self._admitted[0] if self._admitted else self.clock()
        return math.ceil(min(_WINDOW, oldest + _WINDOW - self.clock()))

    def admit(self) -> bool:
        """Count a request and return True, or return False if the rate limit is reached."""
        if self.rate is not None and not self.remaining:
            return False
        self._admitted.append(self.clock())
        return True

    def pay(self, amount: float) -> bool:
        """Take credits off the balance and return True, or return False if it is too low."""
        if self.credits is not None and amount > self.balance:
            return False
        self.spent += amount
        return True

    def _drop_old(self) -> None:
        horizon = self.clock() - _WINDOW
        while self._admitted and self._admitted[0] <= horizon:
            self._admitted.popleft()


class Charge(msgspec.Struct):
    """One charge for one person or company. ``at`` is in seconds since the epoch."""

    vendor: str
    endpoint: str
    identity: str
    credits: float
    at: float


class LoggedRequest(msgspec.Struct):
    """One request received. ``status`` is None if it has no answer (yet)."""

    vendor: str
    method: str
    path: str
    status: int | None
    identities: int
    fault: str | None
    at: float


class Ledger:
    """All charges and all requests, in the order in which they arrived."""

    def __init__(self) -> None:
        self.charges: list[Charge] = []
        self.requests: list[LoggedRequest] = []

    def charge(self, vendor: str, endpoint: str, identity: str, credits_: float) -> None:
        """Add a charge. A charge of 0 credits is not added."""
        if credits_:
            self.charges.append(Charge(vendor, endpoint, identity, credits_, time.time()))

    def log_request(self, vendor: str, method: str, path: str) -> LoggedRequest:
        """Add a request when it arrives. The caller sets its other fields later."""
        logged = LoggedRequest(vendor, method, path, None, 0, None, time.time())
        self.requests.append(logged)
        return logged


# -- What the `Sandbox` and its server exchange --------------------------------------------------
# This module imports no server package, so that it loads without the extra.

HOST = "127.0.0.1"
CONTROL = "/__sandbox__"
KEY = "sandbox-key"
# The names of a vendor's credentials, if it needs more than an API key.
CREDENTIALS = {"zoho": ("client_id", "client_secret", "refresh_token")}


class SandboxOptions(msgspec.Struct, kw_only=True, frozen=True):
    """The options of a sandbox; `enrich_pandas.emulators.Sandbox` documents each."""

    latency: float = 0.0
    connections: int | None = None
    rate: int | None = None
    misses: float = 0.1
    seed: int = 0
    credits: float | None = None
    people: list[dict[str, Any]] | None = None
    job_seconds: tuple[float, float] = (0.0, 0.0)
    token_seconds: float = 3600.0


class RequestedIdentity(NamedTuple):
    """A person or company in a request: the vendor's identity, and the text as submitted."""

    identity: str
    submitted: str


_NO_IDENTITY = RequestedIdentity("", "")


class Fault(msgspec.Struct, kw_only=True):
    """A fault to apply to the next requests.

    It applies ``times`` times (None: always) to requests that contain the identifier ``only``. The
    first ``skip`` of these requests are served normally. ``applied`` counts the others.
    """

    vendor: str
    where: str
    name: str
    times: int | None = 1
    only: str | None = None
    skip: int = 0
    applied: int = 0
    options: dict[str, Any] = {}

    def applies_to(self, vendor: str, where: str, requested: Sequence[RequestedIdentity]) -> bool:
        """Return whether the fault applies to this request."""
        is_due = (self.vendor, self.where) == (vendor, where) and self.times != 0
        return is_due and (self.only is None or any(self.only in one for one in requested))

    def target(self, requested: Sequence[RequestedIdentity]) -> RequestedIdentity:
        """Return the person or company of the request that the fault is about."""
        return next(
            (one for one in requested if self.only in one), next(iter(requested), _NO_IDENTITY)
        )
