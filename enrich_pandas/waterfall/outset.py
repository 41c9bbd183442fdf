"""The outset of a cascade: what each provider can be asked by the frame's own cells, by example."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.frame.distinct import first_places
from enrich_pandas.frame.validation import identify
from enrich_pandas.providers.base import Status
from enrich_pandas.report.examples import Asking, Examples, examples_of_several
from enrich_pandas.waterfall.cascade import Terms
from enrich_pandas.waterfall.groups import Groups
from enrich_pandas.waterfall.merge import Asked, merge
from enrich_pandas.waterfall.stage import Stage

Refusal = tuple[Status, str]


def outset(
    frame: pd.DataFrame, groups: Groups, terms: Terms, where: Any
) -> tuple[Mapping[Refusal, int], Examples]:
    """Tell which rows no provider can be asked about as they are, and show a few of all kinds.

    A row that one provider refuses and another takes is none of them; of several refusals the one
    that the result would show is told.
    """
    askings = list(_askings(frame, groups, terms, where))
    refusals = _refusals(groups, terms, askings)
    rows = Counter[Refusal]()
    for refusal, count in zip(refusals, groups.rows.tolist(), strict=True):
        if refusal is not None:
            rows[refusal] += count
    numbers = {refusal: number for number, refusal in enumerate(rows)}
    codes = np.array([-1 if one is None else numbers[one] for one in refusals], dtype=np.intp)
    places = {name: label for one in askings for name, label in one.columns.items()}
    return dict(rows), examples_of_several(
        frame, places, askings, codes[groups.codes], list(numbers)
    )


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


def _refusals(groups: Groups, terms: Terms, askings: Sequence[Asking]) -> list[Refusal | None]:
    """Return for each group why nobody can be asked about it, None where somebody can."""
    first = first_places(groups.codes)
    asked = []
    for one in askings:
        of_groups = replace(one.identified, codes=one.identified.codes[first])
        columns = groups.own(one.provider, terms.kind)
        stage = Stage.of(one.provider, terms.kind, columns, of_groups)
        asked.append(Asked(one.name, stage, range(len(groups)), {}))
    known = merge(groups, (), asked)
    # Who can be asked about is in flight as long as there are no answers.
    return [
        None if one.status is Status.PENDING else (one.status, one.reason or "") for one in known
    ]
