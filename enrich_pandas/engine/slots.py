"""Slots: as many requests at once as the vendor has connections for a run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from enrich_pandas.engine.scheduler import LOOK


class Slots:
    """Lends slots to workers; whoever waits for one gives up where nothing may start.

    Parameters
    ----------
    count
        How many there are.
    may_start
        Tells whether anything may start; `wake` is called when it does not any more.

    Attributes
    ----------
    queued
        How many wait for one.

    Examples
    --------
    >>> slots = Slots(1, lambda: True)
    >>> with slots.one() as is_mine:
    ...     is_mine
    True
    """

    def __init__(self, count: int, may_start: Callable[[], bool]) -> None:
        self._free, self._may_start = count, may_start
        self.queued = 0
        self._changed = threading.Condition()

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Lend a slot, as soon as one is free; lend none, and say so, where nothing may start."""
        is_mine = self._take()
        try:
            yield is_mine
        finally:
            if is_mine:
                with self._changed:
                    self._free += 1
                    self._changed.notify()

    def wake(self) -> None:
        """Let those who wait see that nothing may start any more."""
        with self._changed:
            self._changed.notify_all()

    def _take(self) -> bool:
        with self._changed:
            while not self._free and self._may_start():
                self._wait()
            is_mine = self._free > 0 and self._may_start()
            self._free -= is_mine
            return is_mine

    def _wait(self) -> None:
        self.queued += 1
        self._changed.wait(LOOK)
        self.queued -= 1
