"""Progress: what a run tells of itself, and the views that show it.

A hook is anything that can be called with a `Progress`. One that has buttons is a
`InteractiveHook`, too, and is given the run's `Controls`. The views are loaded only when chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from enrich_pandas.providers.base import RateLimit, Status

State = Literal["running", "paused", "stopping", "done", "failed", "interrupted"]
FINAL: frozenset[State] = frozenset({"done", "failed", "interrupted"})

_UNDONE = Status.SKIPPED, Status.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A snapshot of a run; ten a second at the most, from one thread at a time.

    That thread is the one that waits for the run; while nobody does (``wait=False``), it is one of
    the run's own, after a first snapshot from the thread that began it.

    Rows count the frame's rows; ``counts`` maps each status to its rows so far. ``credits`` is
    what the answers so far cost, ``credits_max`` the plan's maximum. ``requests`` are those of this
    account in the window of the vendor's ``limit``, which is None where no limit is known. ``eta``
    is in seconds, None while unknown. ``waiting`` says what the run waits for, if anything, and
    ``wait_seconds`` how long still. ``warning`` is what its user should know while it goes on;
    whoever waits for the run is warned of it. The last snapshot of a run, and no other, is in one
    of the `FINAL` states.
    """

    run: str
    provider: str
    rows: int
    rows_done: int
    counts: Mapping[str, int]
    batches: int
    batches_done: int
    in_flight: int
    credits: float
    credits_max: float
    budget: float | None
    elapsed: float
    eta: float | None
    requests: int = 0
    limit: RateLimit | None = None
    waiting: str = ""
    wait_seconds: float = 0.0
    warning: str = ""
    state: State = "running"

    @property
    def settled(self) -> int:
        """The rows done; those that a stop leaves undone are none, though they have a status."""
        if self.state in ("running", "paused", "done"):
            return self.rows_done
        return self.rows_done - sum(self.counts.get(status, 0) for status in _UNDONE)


Hook = Callable[[Progress], None]


class Controls(Protocol):
    """What a view may do to a run, from any thread; each returns at once.

    ``cancel`` does what Ctrl-C does: whoever waits for the run is interrupted.
    """

    def pause(self) -> None: ...  # noqa: D102 - the handle documents each
    def resume(self) -> None: ...  # noqa: D102 - the handle documents it
    def cancel(self) -> None: ...  # noqa: D102 - the handle documents it


@runtime_checkable
class InteractiveHook(Protocol):
    """A hook with buttons."""

    def __call__(self, progress: Progress, /) -> None:
        """Show a snapshot."""

    def take_controls(self, controls: Controls) -> None:
        """Take the controls of a run, before its first snapshot."""
