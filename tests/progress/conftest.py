"""Snapshots of a made-up run, for the tests of the views."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from enrich_pandas.progress import Progress

HALFWAY = Progress(
    run="r_1",
    provider="crustdata",
    rows=500,
    rows_done=310,
    counts={"matched": 250, "not_found": 40, "invalid": 17, "held": 1, "failed": 2},
    batches=15,
    batches_done=9,
    in_flight=2,
    credits=280.0,
    credits_max=900.0,
    budget=None,
    elapsed=20.4,
    eta=12.2,
)


@pytest.fixture(scope="session")
def snapshot() -> Callable[..., Progress]:
    """Return a function that makes a snapshot of the run halfway, with some values changed."""

    def make(**changes: Any) -> Progress:
        return replace(HALFWAY, **changes)

    return make
