"""Short waits: the tests check the consequences of a fault, not its duration."""

import pytest

from enrich_pandas.engine import runner, sender
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.zoho import jobs
from enrich_pandas.transport import Transport


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(jobs, "SEARCH_SECONDS", (0.02, 0.1))
    monkeypatch.setattr(jobs, "MISSING_SECONDS", (0.02, 0.05))
    monkeypatch.setattr(jobs, "STALE_SECONDS", 0.02)
    monkeypatch.setattr(runner, "MIN_INTERVAL", 0.02)
    monkeypatch.setattr(sender, "backoff", lambda _attempt, asked=None: asked or 0.01)


@pytest.fixture
def deadline(monkeypatch):
    """Set a short deadline for every call."""
    monkeypatch.setitem(Transport.__init__.__kwdefaults__, "deadline", 0.4)
