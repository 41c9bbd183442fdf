"""What passes between the door and the server; it needs no server to be imported."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

HOST = "127.0.0.1"
CONTROL = "/__sandbox__"
KEY = "sandbox-key"
# What each vendor signs with, where that is more than a key.
CREDENTIALS = {"zoho": ("client_id", "client_secret", "refresh_token")}


class SandboxOptions(msgspec.Struct, kw_only=True, frozen=True):
    """What a sandbox is started with; `enrich_pandas.emulators.Sandbox` documents each."""

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
    """Somebody a request asks for: as the vendor sees the person, and as it was submitted."""

    identity: str
    submitted: str


_NOBODY = RequestedIdentity("", "")


class Fault(msgspec.Struct, kw_only=True):
    """An order to misbehave, `times` times (None: always), for requests with `only` in them.

    The first ``skip`` of such requests are spared; ``struck`` counts the others.
    """

    vendor: str
    where: str
    name: str
    times: int | None = 1
    only: str | None = None
    skip: int = 0
    struck: int = 0
    options: dict[str, Any] = {}

    def meets(self, vendor: str, where: str, asked: Sequence[RequestedIdentity]) -> bool:
        """Say whether it strikes this request."""
        here = (self.vendor, self.where) == (vendor, where) and self.times != 0
        return here and (self.only is None or any(self.only in one for one in asked))

    def target(self, asked: Sequence[RequestedIdentity]) -> RequestedIdentity:
        """Return whom of the request it is about."""
        return next((one for one in asked if self.only in one), next(iter(asked), _NOBODY))
