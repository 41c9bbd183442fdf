"""Progress: what a run tells of itself, and the views that show it.

A hook is anything that can be called with a `Progress`. The views are loaded only when chosen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["running", "paused", "stopping", "done", "failed", "interrupted"]
FINAL: frozenset[State] = frozenset({"done", "failed", "interrupted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A snapshot of a run; ten a second at the most, always from the thread that waits.

    Rows count the frame's rows; ``counts`` maps each status to its rows so far. ``credits`` is
    what the answers so far cost, ``credits_max`` the plan's maximum. ``eta`` is in seconds, None
    while unknown. ``waiting`` says what the run waits for, if anything, and ``wait_seconds`` how
    long still. The last snapshot of a run, and no other, is in one of the `FINAL` states.
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
    waiting: str = ""
    wait_seconds: float = 0.0
    state: State = "running"


Hook = Callable[[Progress], None]
