"""The handle of a run: the caller only waits, so that every interrupt stops the spending."""

import time
import warnings
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from math import inf
from threading import Event, Lock, Thread
from typing import Generic, NoReturn, Protocol, TypeVar

from enrich_pandas.engine.signals import Heard, listening
from enrich_pandas.errors import EnrichError, RunInterrupted
from enrich_pandas.progress import FINAL, Console, Hook, Progress, State

R = TypeVar("R")
S = TypeVar("S")
TICK = 0.1  # seconds between two snapshots
PIECE = 0.02  # seconds after which a wait looks up: an exception aimed at its thread gets there
LINGER = 1.5  # seconds that an interrupt waits for what is in flight


class Driven(Protocol):
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

    def __init__(self, driver: Driven, hook: Hook, assemble: Callable[[], R]) -> None:
        self._driver, self._hook, self._assemble = driver, hook, assemble
        self.run, self.pause, self.resume = driver.run, driver.pause, driver.resume
        self._until = inf  # when waiting ends, whatever is still in flight
        self._turn = Lock()  # one thread at a time calls the hook
        self._is_started = self._is_awaited = self._is_shown = False
        self._said: set[str] = set()
        self._failure: BaseException | None = None
        self._neglect: weakref.finalize[..., Handle[R]] | None = None

    def __repr__(self) -> str:
        now = self._driver.snapshot()
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
        if isinstance(self._hook, Console):
            self._hook.take_controls(self)
        with self._guarded():
            self._driver.start()
            if follow:
                self._neglect = weakref.finalize(self, _tell_of_neglect, self._driver)
                self._show()  # by whom the run was begun: the panel belongs to the caller's cell
                Thread(target=self._follow, name=f"enrich-{self.run}-view", daemon=True).start()

    def cancel(self) -> None:
        """Stop spending: no request starts after this; what is in flight still lands.

        Whoever waits is interrupted, as by Ctrl-C.
        """
        self._driver.halt()  # at once: the rest may have to wait for a lock
        self._attend()
        self._until = min(self._until, time.monotonic() + LINGER)
        try:
            self._driver.cancel()
        finally:  # an impatient second Ctrl-C may have cut the first one short
            self._driver.cancel()

    def then(self, change: Callable[[R], S]) -> "Handle[S]":
        """Return a handle of the same run, whose frame is changed; before it is started."""
        return Handle(self._driver, self._hook, lambda: change(self._assemble()))

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
        with listening(self._driver.halt) as heard, self._awaiting():
            self.start()
            self._watch(heard)
            state: State = "interrupted" if heard else self._driver.snapshot().state
            self._warn(self._show_last(state))
        if heard:
            heard.die_of_it()
            raise self._interrupted()
        return self._conclude()

    @contextmanager
    def _awaiting(self) -> Iterator[None]:
        self._attend()
        with self._driver.awaited(), self._guarded():
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

    def _watch(self, heard: Heard | None = None) -> None:
        while not self._is_over(TICK):
            if heard:
                self.cancel()
                if heard.is_impatient:
                    return
            self._warn(self._show())

    def _is_over(self, seconds: float = 0.0) -> bool:
        """Wait so long; tell whether the run has ended, or nobody waits for what has not."""
        end = time.monotonic() + seconds
        while not self._driver.done.wait(min(PIECE, seconds)):
            if time.monotonic() >= end:
                return time.monotonic() > self._until
        return True

    def _follow(self) -> None:
        """Show the run until somebody waits for it, who then does so."""
        try:
            while not self._is_awaited:
                if self._driver.done.wait(TICK):
                    self._show_last(self._driver.snapshot().state)
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
        now = self._driver.snapshot()
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
            last = replace(self._driver.snapshot(), state=state)
            self._hook(last)
        return last

    def _conclude(self) -> R:
        error, is_whole = self._driver.error, self._driver.done.is_set()
        if self._failure is not None:
            raise self._failure
        if error is None and (self._driver.snapshot().state == "interrupted" or not is_whole):
            raise self._interrupted()
        if error is None:
            return self.result()
        error.result = self.result()
        raise error

    def _interrupted(self) -> RunInterrupted:
        now = replace(self._driver.snapshot(), state="interrupted")
        flight = f"; what is in flight ({now.in_flight}) still lands" if now.in_flight else ""
        error = RunInterrupted(
            f"Stopped: {now.settled:,} of {now.rows:,} rows are settled.",
            cost=f"{now.credits:g} credits were spent{flight}.",
            todo="Repeat the same call to go on: what was bought is not bought again.",
        )
        error.result = self.result()
        return error


def _tell_of_neglect(driver: Driven) -> None:
    """Warn of a run that nobody waited for; the end of the process has stopped it, if anything."""
    now = driver.snapshot()
    warnings.warn(
        f"Nobody waited for run {now.run}: {now.rows_done:,} of {now.rows:,} rows are settled, "
        f"{now.credits:g} credits were spent. What has arrived is stored: repeat the same call to "
        "go on. A run that was begun with wait=False is waited for by its handle's .wait().",
        RuntimeWarning,
        stacklevel=1,
    )
