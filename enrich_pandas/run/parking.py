"""Parking: whom the budget does not allow to ask about yet.

A batch reserves the most that it can cost and gives back what it did not. So as long as one is
open, those who are too dear wait, and a budget is used up before anybody is skipped for it.
"""

import threading
from collections import deque
from collections.abc import Sequence

from enrich_pandas.providers.base import Identity


class Parking:
    """Counts the open batches of a run, and keeps those who wait for one to close."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._parked = deque[Sequence[Identity]]()

    def open(self) -> None:
        """Count a batch that has reserved a part of the budget."""
        with self._lock:
            self._open += 1

    def close(self) -> None:
        """Count it no longer."""
        with self._lock:
            self._open -= 1

    def park(self, identities: Sequence[Identity]) -> bool:
        """Keep some until a batch closes; False where none is open, and nothing can come back."""
        with self._lock:
            if self._open:
                self._parked.append(identities)
            return self._open > 0

    def leave(self) -> list[Sequence[Identity]]:
        """Let the first ones try again."""
        with self._lock:
            return [self._parked.popleft()] if self._parked else []
