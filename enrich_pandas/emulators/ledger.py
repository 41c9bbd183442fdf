"""The ledger: what was charged for whom, and every request that came in.

It is kept by the server, on the vendor's side of the wire: what a client believes does not enter.
"""

import time

import msgspec


class Charge(msgspec.Struct):
    """One charge for one person. ``at`` is in seconds since the epoch."""

    vendor: str
    endpoint: str
    identity: str
    credits: float
    at: float


class Visit(msgspec.Struct):
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
        self.visits: list[Visit] = []

    def charge(self, vendor: str, endpoint: str, identity: str, credits_: float) -> None:
        """Write a charge down; what is free is no charge."""
        if credits_:
            self.charges.append(Charge(vendor, endpoint, identity, credits_, time.time()))

    def visit(self, vendor: str, method: str, path: str) -> Visit:
        """Write a request down as it arrives; the rest of the entry follows."""
        visit = Visit(vendor, method, path, None, 0, None, time.time())
        self.visits.append(visit)
        return visit
