"""What the `Sandbox` and its server exchange.

This module imports no server package, so that it loads without the extra.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

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
