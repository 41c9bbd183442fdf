"""Signals: Ctrl-C and SIGTERM, while a run is waited for in the main thread and at no other time.

Python's own handler raises between any two steps of the waiting thread, though it may just have
taken a lock that the workers need. So ours stops the spending, notes the signal and returns: who
waits looks for it. A handler that somebody else has set is left where it is.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# What is ours to replace: a signal, and the handler that nobody has changed.
DEFAULTS = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
UNHEARD = 2  # signals that may wait for the waiting thread; it hangs where there are more


class Heard:
    """The signals heard so far; the handler that notes them.

    Parameters
    ----------
    halt
        Stops the spending, and takes no lock for it.
    """

    def __init__(self, halt: Callable[[], None]) -> None:
        self._halt, self._numbers = halt, list[int]()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Note a signal."""
        self._halt()
        self._numbers.append(number)
        if len(self._numbers) > UNHEARD:
            raise KeyboardInterrupt

    def __bool__(self) -> bool:
        return bool(self._numbers)

    @property
    def is_impatient(self) -> bool:
        """Whether a second signal has followed the first."""
        return len(self._numbers) > 1

    def die_of_it(self) -> None:
        """Let SIGTERM do what it was sent for; what it would have cut short is over."""
        if signal.SIGTERM in self._numbers:
            signal.raise_signal(signal.SIGTERM)


@contextmanager
def listening(halt: Callable[[], None]) -> Iterator[Heard]:
    """Listen to the signals that the process leaves to their default, in the main thread."""
    heard, before = Heard(halt), {}
    if threading.current_thread() is threading.main_thread():
        before = {one: own for one, own in DEFAULTS.items() if signal.getsignal(one) == own}
    try:
        for number in before:
            signal.signal(number, heard)
        yield heard
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is heard:
                signal.signal(number, handler)
