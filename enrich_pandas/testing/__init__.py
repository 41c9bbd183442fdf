"""Tests for authors of providers: the contract of a provider and tools to test it.

>>> from enrich_pandas.testing import ProviderContract, Scene, drive, reply

Subclass `ProviderContract` in your tests and run pytest. The contract needs no network: a `Scene`
answers requests as the vendor would.
"""

from enrich_pandas.testing.basis import Elements, Scene
from enrich_pandas.testing.contract import ProviderContract, violations
from enrich_pandas.testing.driving import Conversation, Vendor, drive, pointed_at, reply

__all__ = [
    "Conversation",
    "Elements",
    "ProviderContract",
    "Scene",
    "Vendor",
    "drive",
    "pointed_at",
    "reply",
    "violations",
]
