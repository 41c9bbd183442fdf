"""The handle of a run: the caller only waits, so that every interrupt stops the spending."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from threading import Event
from typing import Generic, Protocol, TypeVar

from enrich_pandas.errors import EnrichError, RunInterrupted
from enrich_pandas.progress import FINAL, Hook, Progress, State

R = TypeVar("R")
TICK = 0.1  # seconds between two snapshots
LINGER = 1.5  # seconds that an interrupt waits for what is in flight


class Driven(Protocol):
    """What drives a run, of one provider or of several in turn."""

    run: str
    done: Event
    error: EnrichError | None

    def start(self) -> None: ...  # noqa: D102 - the driver documents each
    def cancel(self) -> None: ...  # noqa: D102
    def pause(self) -> None: ...  # noqa: D102
    def resume(self) -> None: ...  # noqa: D102
    def snapshot(self) -> Progress: ...  # noqa: D102
    def awaited(self) -> AbstractContextManager[None]: ...  # noqa: D102


class Handle(Generic[R]):
    """A run that goes on in the background.

    ``wait()`` blocks until it ends and returns the frame; ``result()`` returns the frame so far.
    In a notebook, ``await handle`` waits too and leaves the kernel free.
    """

    def __init__(self, driver: Driven, hook: Hook, assemble: Callable[[], R]) -> None:
        self._driver, self._hook, self._assemble = driver, hook, assemble
        self.run, self._is_shown = driver.run, False
        self.pause, self.resume = driver.pause, driver.resume

    def __repr__(self) -> str:
        now = self._driver.snapshot()
        return (
            f"<run {self.run}: {now.state}, {now.rows_done:,} of {now.rows:,} rows, "
            f"{now.credits:g} credits>"
        )

    def __await__(self) -> Generator[object, None, R]:
        import asyncio

        with self._driver.awaited(), self._guarded():
            while not self._driver.done.is_set():
                self._show()
                yield from asyncio.sleep(TICK).__await__()
        return self.wait()

    def start(self) -> None:
        """Start the run."""
        with self._guarded():
            self._driver.start()

    def cancel(self) -> None:
        """Stop spending: no request starts after this; what is in flight still lands."""
        try:
            self._driver.cancel()
        finally:  # an impatient second Ctrl-C may have cut the first one short
            self._driver.cancel()

    def result(self) -> R:
        """Return the frame with what has arrived so far."""
        return self._assemble()

    def wait(self) -> R:
        """Wait until the run ends and return the frame.

        Raises
        ------
        RunInterrupted
            On Ctrl-C or "Interrupt kernel"; its ``result`` is the frame so far.
        ProviderError, JournalError
            What stopped the run; its ``result`` is the frame so far.
        """
        with self._driver.awaited(), self._guarded():
            self._watch(None)
            self._show_last(self._driver.snapshot().state)
        return self._conclude()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Stop the spending on whatever goes wrong here; give an interrupt the frame so far."""
        try:
            yield
        except KeyboardInterrupt:
            self.cancel()
            with suppress(KeyboardInterrupt):  # a second one does not linger
                self._watch(time.monotonic() + LINGER)
                self._show_last("interrupted")
            raise self._interrupted() from None
        except BaseException:
            self.cancel()
            raise

    def _watch(self, until: float | None) -> None:
        while not self._driver.done.wait(TICK):
            self._show()
            if until is not None and time.monotonic() > until:
                break

    def _show(self) -> None:
        now = self._driver.snapshot()
        if now.state in FINAL:  # which is the last one's alone: answers are still to land
            now = replace(now, state="running" if now.state == "done" else "stopping")
        self._hook(now)

    def _show_last(self, state: State) -> None:
        """Show the end once, however often the run is waited for."""
        if not self._is_shown:
            self._is_shown = True
            self._hook(replace(self._driver.snapshot(), state=state))

    def _conclude(self) -> R:
        error = self._driver.error
        if error is None and self._driver.snapshot().state == "interrupted":
            raise self._interrupted()
        if error is None:
            return self.result()
        error.result = self.result()
        raise error

    def _interrupted(self) -> RunInterrupted:
        now = self._driver.snapshot()
        unasked = sum(now.counts.get(status, 0) for status in ("skipped", "pending"))
        flight = f"; {now.in_flight} requests in flight still land" if now.in_flight else ""
        error = RunInterrupted(
            f"Stopped: {now.rows_done - unasked:,} of {now.rows:,} rows are settled.",
            cost=f"{now.credits:g} credits were spent{flight}. The frame so far is in `.result`.",
            todo="Repeat the same call to go on: what was bought is not bought again.",
        )
        error.result = self.result()
        return error
