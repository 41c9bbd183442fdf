"""The answers of one run on their way to the frame.

A model is taken apart as it arrives, and only its place is kept: memory holds columns, and not a
long list's objects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from enrich_pandas.frame.flatten import Distinct, Taken
from enrich_pandas.frame.output import Output, Tables
from enrich_pandas.frame.schema import has_value
from enrich_pandas.frame.validation import Identified
from enrich_pandas.journal.records import Answer
from enrich_pandas.providers.base import Identity, Match, Status

NO_SOURCES: Mapping[str, str] = {}


class Kept(NamedTuple):
    """What is kept of a model: its place, and which fields it has, where that is asked for."""

    place: int
    given: Sequence[str]


class Arrivals:
    """Takes answers in, and makes the frame of whatever has arrived.

    Parameters
    ----------
    output
        What the frame is to show.
    """

    def __init__(self, output: Output) -> None:
        self._output, self._shelf = output, output.shelf()

    def keep(self, answer: Answer) -> Answer:
        """Return an answer with its model put away."""
        match, model = answer.match, answer.match.model
        if model is None:
            return answer._replace(kept=None)
        named = self._output.fields if self._output.sources else ()
        given = [field.name for field in named if has_value(field, model)]
        kept = Kept(self._shelf.put(model), given)
        return answer._replace(match=replace(match, model=None), kept=kept)

    def assemble(
        self, frame: pd.DataFrame, identified: Identified, results: Mapping[Identity, Answer]
    ) -> pd.DataFrame | Tables:
        """Make the frame of answers that were kept; an identity in flight is pending."""
        answers = [results.get(i) or _in_flight(i) for i in identified.identities]
        found = self._distinct(answers, identified.refusals)
        return self._output.assemble(frame, Taken(found, identified.codes))

    def _distinct(
        self, answers: Sequence[Answer], refusals: Sequence[tuple[Status, str]]
    ) -> Distinct:
        none = [None] * len(refusals)
        statuses = [*(a.match.status for a in answers), *(status for status, _ in refusals)]
        places = [*(-1 if a.kept is None else a.kept.place for a in answers), *(-1 for _ in none)]
        return Distinct(
            status=list(map(str, statuses)),
            reason=[
                *(a.match.reason or a.match.note for a in answers),
                *(why for _, why in refusals),
            ],
            provider=[*(a.provider or None for a in answers), *none],
            fetched=[*(a.fetched or None for a in answers), *none],
            places=np.array(places, dtype=np.intp),
            gathered=self._shelf.gathered(),
            sources=[*map(_sources, answers), *(NO_SOURCES for _ in none)]
            if self._output.sources
            else None,
        )


def _in_flight(identity: Identity) -> Answer:
    return Answer(Match(identity=identity, status=Status.PENDING, reason="in_flight"), 0.0, "")


def _sources(answer: Answer) -> Mapping[str, str]:
    return NO_SOURCES if answer.kept is None else dict.fromkeys(answer.kept.given, answer.provider)
