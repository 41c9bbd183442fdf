"""The sandbox: the vendors' emulators on loopback, with made-up people, a ledger and faults.

It is written from the vendors' documents and knows nothing of this library's own client, so that
it can judge it. A vendor is one file, or one folder, beside this one: it gives a list of
`vendor.Endpoint`; people, ledger, faults and accounts are shared.

>>> with Sandbox() as box:
...     box.ledger.columns.tolist()
['vendor', 'endpoint', 'identity', 'credits', 'at']
"""

import inspect
import sys
import types
from typing import Any

from enrich_pandas.sandbox.box import Sandbox

__all__ = ["Sandbox"]


class _Callable(types.ModuleType):
    """``ep.sandbox`` is this package, and ``ep.sandbox()`` makes a `Sandbox`."""

    __signature__ = inspect.signature(Sandbox)

    def __call__(self, **options: Any) -> Sandbox:
        return Sandbox(**options)


sys.modules[__name__].__class__ = _Callable
