"""The outset of a cascade: what each provider can be asked by the frame's own cells, by example."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.frame.distinct import first_places
from enrich_pandas.frame.validation import identify
from enrich_pandas.providers.base import Status
from enrich_pandas.report.examples import Asking, examples_of_several
from enrich_pandas.report.remarks import Remarks
from enrich_pandas.waterfall.cascade import Terms
from enrich_pandas.waterfall.groups import Groups
from enrich_pandas.waterfall.merge import Asked, merge
from enrich_pandas.waterfall.stage import Stage

Refusal = tuple[Status, str]


def outset(frame: pd.DataFrame, groups: Groups, terms: Terms, where: Any) -> dict[str, Any]:
    """Tell which rows no provider can be asked about as they are, and show a few of all kinds.

    These are the plan's ``refused``, ``examples`` and ``remarks``. A row that one provider refuses
    and another takes is none of the refused; of several refusals the one that the result would show
    is told.
    """
    askings = list(_askings(frame, groups, terms, where))
    stages = _stages(groups, terms, askings)
    refusals = _refusals(groups, askings, stages)
    rows = Counter[Refusal]()
    for refusal, count in zip(refusals, groups.rows.tolist(), strict=True):
        if refusal is not None:
            rows[refusal] += count
    numbers = {refusal: number for number, refusal in enumerate(rows)}
    codes = np.array([-1 if one is None else numbers[one] for one in refusals], dtype=np.intp)
    places = {name: label for one in askings for name, label in one.columns.items()}
    found = examples_of_several(frame, places, askings, codes[groups.codes], list(numbers))
    each = [Remarks.on(terms.kind, of.identified.identities, of.rows_by_code) for of in stages]
    return {"refused": dict(rows), "examples": found, "remarks": Remarks.of_several(each)}


def _askings(frame: pd.DataFrame, groups: Groups, terms: Terms, where: Any) -> Sequence[Asking]:
    """Identify the rows for each provider that takes a column of the frame."""
    refuse = groups.screen.of_rows(terms.kind)
    found = []
    for name, provider in zip(terms.names, terms.providers, strict=True):
        columns = groups.own(provider, terms.kind)
        if columns.chosen:
            identified = identify(frame, columns, provider, terms.kind, where=where, refuse=refuse)
            found.append(Asking(name, provider, columns.chosen, identified))
    return found


def _stages(groups: Groups, terms: Terms, askings: Sequence[Asking]) -> list[Stage]:
    """Make a stage of what each provider can be asked, in which a group is a row."""
    first, stages = first_places(groups.codes), []
    for one in askings:
        of_groups = replace(one.identified, codes=one.identified.codes[first])
        own = groups.own(one.provider, terms.kind)
        stages.append(Stage.of(one.provider, terms.kind, own, of_groups, weights=groups.rows))
    return stages


def _refusals(
    groups: Groups, askings: Sequence[Asking], stages: Sequence[Stage]
) -> list[Refusal | None]:
    """Return for each group why nobody can be asked about it, None where somebody can."""
    every = range(len(groups))
    asked = [Asked(a.name, stage, every, {}) for a, stage in zip(askings, stages, strict=True)]
    known = merge(groups, (), asked)
    # Who can be asked about is in flight as long as there are no answers.
    return [
        None if one.status is Status.PENDING else (one.status, one.reason or "") for one in known
    ]
