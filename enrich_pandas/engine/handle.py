"""The handle of a run. The caller only waits, so every interrupt stops the spending."""

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

# -- Signals ---------------------------------------------------------------------------------

# Python's own handler raises between any two steps of the waiting thread, which may hold a lock
# that the workers need. This one stops the spending, notes the signal and returns; the waiting
# thread checks for it. Only default handlers are replaced, in the main thread, while it waits.
DEFAULTS = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
MAX_PENDING = 2  # signals; with more, the waiting thread hangs and KeyboardInterrupt is raised


class SignalCatcher:
    """A signal handler that notes the signals.

    Parameters
    ----------
    halt
        Stops the spending without taking a lock.
    """

    def __init__(self, halt: Callable[[], None]) -> None:
        self._halt, self._numbers = halt, list[int]()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Note a signal."""
        self._halt()
        self._numbers.append(number)
        if len(self._numbers) > MAX_PENDING:
            raise KeyboardInterrupt

    def __bool__(self) -> bool:
        return bool(self._numbers)

    @property
    def is_impatient(self) -> bool:
        """Whether a second signal has followed the first."""
        return len(self._numbers) > 1

    def reraise(self) -> None:
        """Raise a noted SIGTERM again, now that the run has stopped."""
        if signal.SIGTERM in self._numbers:
            signal.raise_signal(signal.SIGTERM)


@contextmanager
def catch_signals(halt: Callable[[], None]) -> Iterator[SignalCatcher]:
    """Catch the signals whose handler is the default, if in the main thread."""
    caught, before = SignalCatcher(halt), {}
    if threading.current_thread() is threading.main_thread():
        before = {one: own for one, own in DEFAULTS.items() if signal.getsignal(one) == own}
    try:
        for number in before:
            signal.signal(number, caught)
        yield caught
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is caught:
                signal.signal(number, handler)


# -- The handle ------------------------------------------------------------------------------

R = TypeVar("R")
S = TypeVar("S")
TICK = 0.1  # seconds between two snapshots
WAIT_STEP = 0.02  # seconds; an exception set on the waiting thread is raised between steps
LINGER = 1.5  # seconds that an interrupt waits for requests in flight


class Runnable(Protocol):
    """A run of one provider, or of several in turn."""

    run: str
    done: Event
    error: EnrichError | None

    def start(self) -> None: ...  # noqa: D102 - `Runner` documents it
    def cancel(self) -> None: ...  # noqa: D102 - `Runner` documents it
    def halt(self) -> None: ...  # noqa: D102 - `Runner` documents it
    def pause(self) -> None: ...  # noqa: D102 - `Runner` documents it
    def resume(self) -> None: ...  # noqa: D102 - `Runner` documents it
    def snapshot(self) -> Progress: ...  # noqa: D102 - `Runner` documents it
    def awaited(self) -> AbstractContextManager[None]: ...  # noqa: D102 - `Runner` documents it


class Handle(Generic[R]):
    """A run in the background.

    ``wait()`` blocks until the run ends and returns the frame; ``result()`` returns the frame so
    far. In a notebook, ``await handle`` waits too, without blocking the kernel.
    """

    run: str
    pause: Callable[[], None]
    resume: Callable[[], None]

    def __init__(self, runner: Runnable, hook: Hook, assemble: Callable[[], R]) -> None:
        self._runner, self._hook, self._assemble = runner, hook, assemble
        self.run, self.pause, self.resume = runner.run, runner.pause, runner.resume
        self._until = inf  # when waiting ends, even with requests in flight
        self._hook_lock = Lock()
        self._is_started = self._is_awaited = self._is_shown = False
        self._warned: set[str] = set()
        self._failure: BaseException | None = None
        self._unawaited: weakref.finalize[..., Handle[R]] | None = None

    def __repr__(self) -> str:
        now = self._runner.snapshot()
        return (
            f"<run {self.run}: {now.state}, {now.rows_done:,} of {now.rows:,} rows, "
            f"{now.credits:g} credits>"
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"The handle of run {self.run} cannot be copied or pickled: the run belongs to this "
            f"process. Type ep.run({self.run!r}) in the other process."
        )

    def __await__(self) -> Generator[object, None, R]:
        import asyncio

        with self._awaiting():
            while not self._is_over():
                self._show()
                yield from asyncio.sleep(TICK).__await__()
        return self.wait()

    def start(self, *, follow: bool = False) -> None:
        """Start the run, once; with ``follow``, call the hook even while no thread waits."""
        if self._is_started:
            return
        self._is_started = True
        if isinstance(self._hook, InteractiveHook):
            self._hook.take_controls(self)
        with self._guarded():
            self._runner.start()
            if follow:
                self._unawaited = weakref.finalize(self, _warn_unawaited, self._runner)
                self._show()  # on this thread, so that the panel belongs to the caller's cell
                Thread(target=self._follow, name=f"enrich-{self.run}-view", daemon=True).start()

    def cancel(self) -> None:
        """Stop spending: no further request starts; requests in flight are completed.

        A waiting thread is interrupted, as by Ctrl-C.
        """
        self._runner.halt()  # at once: the rest may have to wait for a lock
        self._note_use()
        self._until = min(self._until, time.monotonic() + LINGER)
        try:
            self._runner.cancel()
        finally:  # a second Ctrl-C may have interrupted the first call
            self._runner.cancel()

    def then(self, change: Callable[[R], S]) -> "Handle[S]":
        """Return a handle of the same run that applies a function to the frame."""
        return Handle(self._runner, self._hook, lambda: change(self._assemble()))

    def result(self) -> R:
        """Return the frame with the results so far."""
        self._note_use()
        return self._assemble()

    def wait(self) -> R:
        """Wait until the run ends and return the frame; start the run if necessary.

        In the main thread, SIGTERM first stops the spending and waits up to 1.5 seconds for
        requests in flight; then it ends the process. Your own handlers of SIGINT and SIGTERM stay
        in place; they should call `cancel`.

        Raises
        ------
        RunInterrupted
            After Ctrl-C, "Interrupt kernel" or `cancel`; its ``result`` is the frame so far.
        ProviderError, JournalError
            What stopped the run; its ``result`` is the frame so far.
        """
        with catch_signals(self._runner.halt) as caught, self._awaiting():
            self.start()
            self._watch(caught)
            state: State = "interrupted" if caught else self._runner.snapshot().state
            self._warn(self._show_last(state))
        if caught:
            caught.reraise()
            raise self._interrupted()
        return self._conclude()

    @contextmanager
    def _awaiting(self) -> Iterator[None]:
        self._note_use()
        with self._runner.awaited(), self._guarded():
            self._is_awaited = True
            yield

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Stop the spending on any exception; attach the frame so far to an interrupt."""
        try:
            yield
        except KeyboardInterrupt:
            self.cancel()
            with suppress(KeyboardInterrupt):  # a second Ctrl-C ends the waiting
                self._watch()
                self._show_last("interrupted")
            raise self._interrupted() from None
        except BaseException:
            self.cancel()
            raise

    def _watch(self, caught: SignalCatcher | None = None) -> None:
        while not self._is_over(TICK):
            if caught:
                self.cancel()
                if caught.is_impatient:
                    return
            self._warn(self._show())

    def _is_over(self, seconds: float = 0.0) -> bool:
        """Wait for some seconds; return whether the run has ended or waiting is over."""
        end = time.monotonic() + seconds
        while not self._runner.done.wait(min(WAIT_STEP, seconds)):
            if time.monotonic() >= end:
                return time.monotonic() > self._until
        return True

    def _follow(self) -> None:
        """Show the run until a thread waits for it, which then shows it itself."""
        try:
            while not self._is_awaited:
                if self._runner.done.wait(TICK):
                    self._show_last(self._runner.snapshot().state)
                    return
                self._show()
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
            self._failure = error
            self.cancel()

    def _note_use(self) -> None:
        """Note that the caller uses the handle."""
        if self._unawaited is not None:
            self._unawaited.detach()

    def _show(self) -> Progress:
        now = self._runner.snapshot()
        if now.state in FINAL:  # only the last snapshot is final: answers may still arrive
            now = replace(now, state="running" if now.state == "done" else "stopping")
        with self._hook_lock:
            if not self._is_shown:
                self._hook(now)
        return now

    def _warn(self, now: Progress | None) -> None:
        """Warn once, on the waiting thread; if warnings are errors, the run stops."""
        if now and now.warning and now.warning not in self._warned:
            self._warned.add(now.warning)
            warnings.warn(now.warning, UserWarning, stacklevel=2)

    def _show_last(self, state: State) -> Progress | None:
        """Show the end once, even if the run is waited for again."""
        if state not in FINAL:  # cancelled, with requests in flight
            state = "interrupted"
        with self._hook_lock:
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
        flight = f"; {now.in_flight} requests in flight are completed" if now.in_flight else ""
        error = RunInterrupted(
            f"Stopped: {now.settled:,} of {now.rows:,} rows are settled.",
            cost=f"{now.credits:g} credits were spent{flight}.",
            todo="Repeat the same call to continue: nothing is charged twice.",
        )
        error.result = self.result()
        return error


def _warn_unawaited(runner: Runnable) -> None:
    """Warn of a run whose handle was dropped without waiting for its end."""
    now = runner.snapshot()
    warnings.warn(
        f"Run {now.run} was not waited for: {now.rows_done:,} of {now.rows:,} rows are settled, "
        f"{now.credits:g} credits were spent. The results so far are stored: repeat the same call "
        "to continue. After wait=False, call .wait() on the handle.",
        RuntimeWarning,
        stacklevel=1,
    )
