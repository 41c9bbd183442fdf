"""The handle of a run: the caller only waits, so that every interrupt stops the spending."""

import signal
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from math import inf
from threading import Event, Lock, Thread
from types import FrameType
from typing import Generic, NoReturn, Protocol, TypeVar

from enrich_pandas.errors import EnrichError, RunInterrupted
from enrich_pandas.progress import FINAL, Hook, InteractiveHook, Progress, State

# -- Signals: Ctrl-C and SIGTERM, while a run is waited for in the main thread and at no other tim
# Python's own handler raises between any two steps of the waiting thread, though it may just have
# taken a lock that the workers need. So ours stops the spending, notes the signal and returns: who
# waits looks for it. A handler that somebody else has set is left where it is.

# What is ours to replace: a signal, and the handler that nobody has changed.
DEFAULTS = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
UNHEARD = 2  # signals that may wait for the waiting thread; it hangs where there are more


class SignalCatcher:
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
def catch_signals(halt: Callable[[], None]) -> Iterator[SignalCatcher]:
    """Listen to the signals that the process leaves to their default, in the main thread."""
    heard, before = SignalCatcher(halt), {}
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


# -- The handle of a run: the caller only waits, so that every interrupt stops the spending ------

R = TypeVar("R")
S = TypeVar("S")
TICK = 0.1  # seconds between two snapshots
PIECE = 0.02  # seconds after which a wait looks up: an exception aimed at its thread gets there
LINGER = 1.5  # seconds that an interrupt waits for what is in flight


class Runnable(Protocol):
    """What drives a run, of one provider or of several in turn."""

    run: str
    done: Event
    error: EnrichError | None

    def start(self) -> None: ...  # noqa: D102 - the driver documents each
    def cancel(self) -> None: ...  # noqa: D102 - the driver documents it
    def halt(self) -> None: ...  # noqa: D102 - the driver documents it
    def pause(self) -> None: ...  # noqa: D102 - the driver documents it
    def resume(self) -> None: ...  # noqa: D102 - the driver documents it
    def snapshot(self) -> Progress: ...  # noqa: D102 - the driver documents it
    def awaited(self) -> AbstractContextManager[None]: ...  # noqa: D102 - the driver documents it


class Handle(Generic[R]):
    """A run that goes on in the background.

    ``wait()`` blocks until it ends and returns the frame; ``result()`` returns the frame so far.
    In a notebook, ``await handle`` waits too and leaves the kernel free.
    """

    def __init__(self, runner: Runnable, hook: Hook, assemble: Callable[[], R]) -> None:
        self._runner, self._hook, self._assemble = runner, hook, assemble
        self.run, self.pause, self.resume = runner.run, runner.pause, runner.resume
        self._until = inf  # when waiting ends, whatever is still in flight
        self._turn = Lock()  # one thread at a time calls the hook
        self._is_started = self._is_awaited = self._is_shown = False
        self._said: set[str] = set()
        self._failure: BaseException | None = None
        self._neglect: weakref.finalize[..., Handle[R]] | None = None

    def __repr__(self) -> str:
        now = self._runner.snapshot()
        return (
            f"<run {self.run}: {now.state}, {now.rows_done:,} of {now.rows:,} rows, "
            f"{now.credits:g} credits>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"Run {self.run} goes on in this process: its handle is neither copied nor pickled. "
            f"Type ep.run({self.run!r}) in the other place."
        )

    def __await__(self) -> Generator[object, None, R]:
        import asyncio

        with self._awaiting():
            while not self._is_over():
                self._show()
                yield from asyncio.sleep(TICK).__await__()
        return self.wait()

    def start(self, *, follow: bool = False) -> None:
        """Start the run, once; with ``follow`` the hook is told of it while nobody waits, too."""
        if self._is_started:
            return
        self._is_started = True
        if isinstance(self._hook, InteractiveHook):
            self._hook.take_controls(self)
        with self._guarded():
            self._runner.start()
            if follow:
                self._neglect = weakref.finalize(self, _tell_of_neglect, self._runner)
                self._show()  # by whom the run was begun: the panel belongs to the caller's cell
                Thread(target=self._follow, name=f"enrich-{self.run}-view", daemon=True).start()

    def cancel(self) -> None:
        """Stop spending: no request starts after this; what is in flight still lands.

        Whoever waits is interrupted, as by Ctrl-C.
        """
        self._runner.halt()  # at once: the rest may have to wait for a lock
        self._attend()
        self._until = min(self._until, time.monotonic() + LINGER)
        try:
            self._runner.cancel()
        finally:  # an impatient second Ctrl-C may have cut the first one short
            self._runner.cancel()

    def then(self, change: Callable[[R], S]) -> "Handle[S]":
        """Return a handle of the same run, whose frame is changed; before it is started."""
        return Handle(self._runner, self._hook, lambda: change(self._assemble()))

    def result(self) -> R:
        """Return the frame with what has arrived so far."""
        self._attend()
        return self._assemble()

    def wait(self) -> R:
        """Wait until the run ends and return the frame; start it, where nobody has.

        In the main thread SIGTERM, too, first stops the spending and lets land what is in flight,
        for 1.5 seconds at the most; then the process dies of it. A handler of your own, of Ctrl-C
        or SIGTERM, is left in its place and is to call `cancel`.

        Raises
        ------
        RunInterrupted
            On Ctrl-C, "Interrupt kernel" or `cancel`; its ``result`` is the frame so far.
        ProviderError, JournalError
            What stopped the run; its ``result`` is the frame so far.
        """
        with catch_signals(self._runner.halt) as heard, self._awaiting():
            self.start()
            self._watch(heard)
            state: State = "interrupted" if heard else self._runner.snapshot().state
            self._warn(self._show_last(state))
        if heard:
            heard.die_of_it()
            raise self._interrupted()
        return self._conclude()

    @contextmanager
    def _awaiting(self) -> Iterator[None]:
        self._attend()
        with self._runner.awaited(), self._guarded():
            self._is_awaited = True
            yield

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Stop the spending on whatever goes wrong here; give an interrupt the frame so far."""
        try:
            yield
        except KeyboardInterrupt:
            self.cancel()
            with suppress(KeyboardInterrupt):  # a second one does not linger
                self._watch()
                self._show_last("interrupted")
            raise self._interrupted() from None
        except BaseException:
            self.cancel()
            raise

    def _watch(self, heard: SignalCatcher | None = None) -> None:
        while not self._is_over(TICK):
            if heard:
                self.cancel()
                if heard.is_impatient:
                    return
            self._warn(self._show())

    def _is_over(self, seconds: float = 0.0) -> bool:
        """Wait so long; tell whether the run has ended, or nobody waits for what has not."""
        end = time.monotonic() + seconds
        while not self._runner.done.wait(min(PIECE, seconds)):
            if time.monotonic() >= end:
                return time.monotonic() > self._until
        return True

    def _follow(self) -> None:
        """Show the run until somebody waits for it, who then does so."""
        try:
            while not self._is_awaited:
                if self._runner.done.wait(TICK):
                    self._show_last(self._runner.snapshot().state)
                    return
                self._show()
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            self._failure = error
            self.cancel()

    def _attend(self) -> None:
        """Note that somebody minds the run."""
        if self._neglect is not None:
            self._neglect.detach()

    def _show(self) -> Progress:
        now = self._runner.snapshot()
        if now.state in FINAL:  # which is the last one's alone: answers are still to land
            now = replace(now, state="running" if now.state == "done" else "stopping")
        with self._turn:
            if not self._is_shown:
                self._hook(now)
        return now

    def _warn(self, now: Progress | None) -> None:
        """Warn once, on the thread of who waits; where warnings are errors the run stops."""
        if now and now.warning and now.warning not in self._said:
            self._said.add(now.warning)
            warnings.warn(now.warning, UserWarning, stacklevel=2)

    def _show_last(self, state: State) -> Progress | None:
        """Show the end once, however often the run is waited for."""
        if state not in FINAL:  # cancelled, and something still is in flight
            state = "interrupted"
        with self._turn:
            if self._is_shown:
                return None
            self._is_shown = True
            last = replace(self._runner.snapshot(), state=state)
            self._hook(last)
        return last

    def _conclude(self) -> R:
        error, is_whole = self._runner.error, self._runner.done.is_set()
        if self._failure is not None:
            raise self._failure
        if error is None and (self._runner.snapshot().state == "interrupted" or not is_whole):
            raise self._interrupted()
        if error is None:
            return self.result()
        error.result = self.result()
        raise error

    def _interrupted(self) -> RunInterrupted:
        now = replace(self._runner.snapshot(), state="interrupted")
        flight = f"; what is in flight ({now.in_flight}) still lands" if now.in_flight else ""
        error = RunInterrupted(
            f"Stopped: {now.settled:,} of {now.rows:,} rows are settled.",
            cost=f"{now.credits:g} credits were spent{flight}.",
            todo="Repeat the same call to go on: what was bought is not bought again.",
        )
        error.result = self.result()
        return error


def _tell_of_neglect(runner: Runnable) -> None:
    """Warn of a run that nobody waited for; the end of the process has stopped it, if anything."""
    now = runner.snapshot()
    warnings.warn(
        f"Nobody waited for run {now.run}: {now.rows_done:,} of {now.rows:,} rows are settled, "
        f"{now.credits:g} credits were spent. What has arrived is stored: repeat the same call to "
        "go on. A run that was begun with wait=False is waited for by its handle's .wait().",
        RuntimeWarning,
        stacklevel=1,
    )
