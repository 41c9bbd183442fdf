"""Progress of a run: the snapshot that a run reports, and the views that show it.

A hook is a callable that takes a `Progress`. A hook with buttons is an `InteractiveHook`, which
also gets the run's `Controls`. A view is imported when it is chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from enrich_pandas.providers.base import RateLimit
from enrich_pandas.statuses import Status

State = Literal["running", "paused", "stopping", "done", "failed", "interrupted"]
FINAL: frozenset[State] = frozenset({"done", "failed", "interrupted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A snapshot of a run.

    A hook gets at most ten snapshots a second, from one thread at a time: the thread that waits for
    the run. If no thread waits (``wait=False``), the first snapshot comes from the calling thread
    and the others from one of the run's own threads. Only the last snapshot has a `FINAL` state.

    Attributes
    ----------
    run, provider : str
        The run's id and the provider's name.
    rows, rows_done : int
        Rows of the frame, and rows that have a status.
    counts : mapping of str to int
        Rows by status.
    batches, batches_done, in_flight : int
        Batches in all, finished, and being requested.
    credits, credits_max : float
        Credits that the answers cost so far, and the plan's maximum.
    budget : float or None
        The spending limit, in credits.
    elapsed, eta : float
        Seconds since the start, and seconds left; ``eta`` is None while it is unknown.
    requests : int
        Requests of this account in the current window of ``limit``.
    limit : RateLimit or None
        The vendor's rate limit, if it is known.
    waiting, wait_seconds : str, float
        What the run waits for, if anything, and for how many seconds.
    warning : str
        What the user should know before the run ends; the waiting thread also issues it as a
        warning.
    state : str
        ``running``, ``paused``, ``stopping``, ``done``, ``failed`` or ``interrupted``.
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
        """The rows done, without the rows that a stopped run left undone."""
        if self.state in ("running", "paused", "done"):
            return self.rows_done
        undone = (status for status in Status if status.info.is_undone)
        return self.rows_done - sum(self.counts.get(status, 0) for status in undone)


Hook = Callable[[Progress], None]


class Controls(Protocol):
    """What a view can do to a run, from any thread; each method returns at once.

    ``cancel`` does what Ctrl-C does: the thread that waits for the run is interrupted.
    """

    def pause(self) -> None: ...  # noqa: D102 - the handle documents it
    def resume(self) -> None: ...  # noqa: D102 - the handle documents it
    def cancel(self) -> None: ...  # noqa: D102 - the handle documents it


@runtime_checkable
class InteractiveHook(Protocol):
    """A hook with buttons."""

    def __call__(self, progress: Progress, /) -> None:
        """Show a snapshot."""

    def take_controls(self, controls: Controls) -> None:
        """Store the controls of a run; called before its first snapshot."""
