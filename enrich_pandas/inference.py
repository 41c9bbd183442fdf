"""Rows that Dask makes up to learn which columns a function adds: they are never sent.

Dask calls a function that it is given, as by ``map_partitions``, once while it builds its graph.
The rows look like data: a vendor may know, and charge for, somebody who is called ``foo``.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.flatten import Distinct, Taken
from enrich_pandas.frame.output import Output, Tables
from enrich_pandas.providers.base import Kind, Provider, Status
from enrich_pandas.report.plan import Plan
from enrich_pandas.report.waterfall_quote import StagePlan, WaterfallPlan

REASON = "meta"
TASKS = "dask._task_spec"  # carries a task out, on whatever scheduler: what it is given is real


def is_inferred() -> bool:
    """Tell whether Dask calls us for the columns alone.

    What the rows hold tells nothing, for anybody's frame may hold the like, and Dask changes it.
    Dask has no flag for it; so it is told by who called: the inner of its functions decides.
    """
    frame = sys._getframe(1) if "dask.dataframe" in sys.modules else None  # noqa: SLF001 - public by its documents
    while frame is not None:
        module, name = frame.f_globals.get("__name__") or "", frame.f_code.co_name
        if module == TASKS:
            return False
        if module.startswith("dask.dataframe.") and ("meta" in name or "emulate" in name):
            return True
        frame = frame.f_back
    return False


def unsent(frame: pd.DataFrame, output: Output, *, wait: bool) -> pd.DataFrame | Tables:
    """Return the frame with the columns that a call adds, and nothing in them."""
    if not wait:
        raise ConfigurationError(
            "wait=False gives a handle, from which Dask cannot learn the columns.",
            cost="Nothing was spent.",
            todo="Leave it out in a function that Dask calls, or pass meta= to Dask.",
        )
    nothing = Distinct(
        status=[Status.SKIPPED],
        reason=[REASON],
        provider=[None],
        fetched=[None],
        places=np.array([-1]),
        gathered=output.shelf().gathered(),
        sources=[{}] if output.sources else None,
    )
    return output.assemble(frame, Taken(nothing, np.zeros(len(frame), dtype=np.intp)))


def unsent_plan(
    frame: pd.DataFrame, kind: Kind, providers: Sequence[Provider]
) -> Plan | WaterfallPlan:
    """Plan to send nothing."""
    refused = {(Status.SKIPPED, REASON): len(frame)}
    none: dict[str, Any] = {"distinct": 0, "requests": 0, "credits": 0.0, "seconds": 0.0}
    if len(providers) == 1:
        return Plan(
            provider=providers[0].name,
            kind=kind,
            rows=len(frame),
            valid=0,
            refused=refused,
            stored={},
            abandoned=0,
            elsewhere=0,
            **none,
        )
    none |= {"rows_best": 0, "distinct_best": 0, "requests_best": 0, "credits_best": 0.0}
    stages = (StagePlan(provider=one.name, rows=0, stored=0, **none) for one in providers)
    return WaterfallPlan(
        kind=kind, rows=len(frame), skipped=len(frame), stages=tuple(stages), refused=refused
    )
