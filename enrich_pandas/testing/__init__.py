"""For authors of providers: the contract that every provider keeps, and what it is tested with.

>>> from enrich_pandas.testing import ProviderContract, Scene, drive, reply

Subclass `ProviderContract` in your own tests, and pytest does the rest. It needs pytest, and no
network: a `Scene` answers requests as the vendor would.
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
