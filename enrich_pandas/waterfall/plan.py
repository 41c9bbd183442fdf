"""Plan a waterfall: the cost if the first provider delivers everything, and the maximum cost."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from enrich_pandas.engine.plan import StagePlan, Work, minimum_seconds, read_stored
from enrich_pandas.frame.cells import Codes, first_places
from enrich_pandas.frame.validation import identify
from enrich_pandas.journal import Journal
from enrich_pandas.providers.base import Identity, Provider, Status
from enrich_pandas.report.examples import ProviderRows
from enrich_pandas.waterfall import Terms
from enrich_pandas.waterfall.groups import Found, Groups
from enrich_pandas.waterfall.merge import Merged, StageAnswers, merge
from enrich_pandas.waterfall.stage import Stage

# Example values for identifiers that an earlier provider may find.
SAMPLE: Found = MappingProxyType(
    {
        "name": "Ann Example",
        "email": "ann@company1.example",
        "linkedin_url": "https://www.linkedin.com/in/ann-example",
        "company": "Company One",
        "domain": "company1.example",
        "company_linkedin_url": "https://www.linkedin.com/company/company1-example",
    }
)


class _Estimate:
    """The estimate of each stage before anything is sent, from stored answers alone."""

    def __init__(self, terms: Terms, groups: Groups, journal: Journal) -> None:
        self._terms, self._groups, self._journal = terms, groups, journal
        self._asked: list[StageAnswers] = []
        # Groups that will be requested from an earlier provider: what it finds is unknown.
        self._open: set[int] = set()

    def stages(self) -> list[StagePlan]:
        return [self._stage(number) for number in range(len(self._terms.providers))]

    def _stage(self, number: int) -> StagePlan:
        terms, provider = self._terms, self._terms.providers[number]
        known = merge(self._groups, terms.output.fields, self._asked)
        places = [n for n, one in enumerate(known) if one.lacks(terms.wanted)]
        certain = [n for n in places if n not in self._open]
        settled, open_ended = self._by_certainty(provider, places, known)
        sure, most = (self._stage_work(provider, chosen, known) for chosen in (certain, settled))
        stored = {i: one for some in read_stored(sure[1], self._journal) for i, one in some.items()}
        self._asked.append(StageAnswers(terms.names[number], sure[0], certain, stored))
        self._open |= {n for n in certain if n not in self._answered(sure, certain)}
        best, worst = (stage.plan(work) for stage, work in (sure, most))
        requests, credits_, saved = worst.requests, worst.credits, worst.saved_by_duplicates
        rows = self._groups.rows
        if not sure[0].is_replay(sure[1]):  # a replay sends nothing
            dearest = self._maximum_price(provider)
            requests += math.ceil(len(open_ended) / provider.batch_size)
            credits_ += len(open_ended) * dearest
            saved += int((rows[open_ended] - 1).sum()) * dearest
        return replace(
            worst,
            provider=terms.names[number],
            rows=worst.rows + int(rows[open_ended].sum()),
            rows_best=best.rows,
            distinct=worst.distinct + len(open_ended),
            distinct_best=best.distinct,
            requests=requests,
            requests_best=best.requests,
            credits=credits_,
            credits_best=best.credits,
            seconds=minimum_seconds(requests, provider.rate_limit),
            saved_by_duplicates=saved,
        )

    def _stage_work(
        self, provider: Provider, places: Sequence[int], known: Sequence[Merged]
    ) -> tuple[Stage, Work]:
        terms = self._terms
        stage = self._groups.stage(provider, terms.kind, places, [one.found for one in known])
        return stage, stage.work(self._journal, terms.environment, terms.oldest)

    def _by_certainty(
        self, provider: Provider, places: Sequence[int], known: Sequence[Merged]
    ) -> tuple[list[int], list[int]]:
        """Return groups whose identity is final, and groups for which more may be found first."""
        now = self._identities(provider, places, [one.found for one in known])
        later = self._identities(provider, places, [{**SAMPLE, **one.found} for one in known])
        variable = [n for n in places if n in self._open and later[n] != now[n]]
        return [n for n in places if n not in set(variable)], variable

    def _identities(
        self, provider: Provider, places: Sequence[int], found: Sequence[Found]
    ) -> Mapping[int, Identity | tuple[Status, str]]:
        identified = self._groups.stage(provider, self._terms.kind, places, found).identified
        outcomes = [*identified.identities, *identified.exclusions]
        return {
            n: outcomes[code] for n, code in zip(places, identified.codes.tolist(), strict=True)
        }

    def _answered(self, look: tuple[Stage, Work], places: Sequence[int]) -> set[int]:
        """Return the groups that need no request: stored or refused."""
        identified = look[0].identified
        outcomes = [*identified.identities, *identified.exclusions]
        return {
            n
            for n, code in zip(places, identified.codes.tolist(), strict=True)
            if code >= len(identified.identities) or outcomes[code] in look[1].stored
        }

    def _maximum_price(self, provider: Provider) -> float:
        """Return the maximum cost of one identity, whatever its identifiers."""
        kind, names = self._terms.kind, provider.identifiers[self._terms.kind]
        values = {name: SAMPLE.get(name, SAMPLE["domain"]) for name in names}
        tried = [values, *({name: value} for name, value in values.items())]
        identities = filter(None, (provider.identify(kind, value) for value in tried))
        return max((provider.price(kind, [identity]) for identity in identities), default=0.0)


def plan_stages(terms: Terms, groups: Groups, journal: Journal) -> tuple[StagePlan, ...]:
    """Return what each provider will be requested for, at best and at most. Sends nothing."""
    return tuple(_Estimate(terms, groups, journal).stages())


Refusal = tuple[Status, str]


class RowOutcomes(NamedTuple):
    """What becomes of the rows before anything is sent, by their own cells.

    Attributes
    ----------
    refused
        Rows that no provider can enrich, by status and reason. A row that one provider refuses and
        another accepts is not counted. Of several refusals it is the one that the result shows.
    codes
        For each row of the frame, the position of its refusal in ``refused``; -1 for none.
    distinct
        Groups of rows that at least one provider can enrich.
    providers
        The rows as each provider identifies them that takes a column of the frame.
    stages
        The same by groups, one for each of ``providers``.
    """

    refused: Mapping[Refusal, int]
    codes: Codes
    distinct: int
    providers: Sequence[ProviderRows]
    stages: Sequence[Stage]


def classify_rows(frame: pd.DataFrame, groups: Groups, terms: Terms, where: Any) -> RowOutcomes:
    """Return which rows each provider can enrich by the cells of the frame."""
    each = list(_identify_rows(frame, groups, terms, where))
    stages = _stages(groups, terms, each)
    exclusions = _refusals(groups, each, stages)
    rows = Counter[Refusal]()
    for refusal, count in zip(exclusions, groups.rows.tolist(), strict=True):
        if refusal is not None:
            rows[refusal] += count
    numbers = {refusal: number for number, refusal in enumerate(rows)}
    codes = np.array([-1 if one is None else numbers[one] for one in exclusions], dtype=np.intp)
    return RowOutcomes(dict(rows), codes[groups.codes], exclusions.count(None), each, stages)


def _identify_rows(
    frame: pd.DataFrame, groups: Groups, terms: Terms, where: Any
) -> Sequence[ProviderRows]:
    """Identify the rows for each provider that takes a column of the frame."""
    exclude = groups.screen.for_rows(terms.kind)
    found = []
    for name, provider in zip(terms.names, terms.providers, strict=True):
        columns = groups.own(provider, terms.kind)
        if columns.chosen:
            identified = identify(
                frame, columns, provider, terms.kind, where=where, exclude=exclude
            )
            found.append(ProviderRows(name, provider, columns.chosen, identified))
    return found


def _stages(groups: Groups, terms: Terms, each: Sequence[ProviderRows]) -> list[Stage]:
    """Return a stage for each provider, in which a group is a row."""
    first, stages = first_places(groups.codes), []
    for one in each:
        of_groups = replace(one.identified, codes=one.identified.codes[first])
        own = groups.own(one.provider, terms.kind)
        stages.append(Stage.of(one.provider, terms.kind, own, of_groups, weights=groups.rows))
    return stages


def _refusals(
    groups: Groups, each: Sequence[ProviderRows], stages: Sequence[Stage]
) -> list[Refusal | None]:
    """Return for each group why no provider can enrich it; None if one can."""
    every = range(len(groups))
    asked = [StageAnswers(a.name, stage, every, {}) for a, stage in zip(each, stages, strict=True)]
    known = merge(groups, (), asked)
    # A group that can be requested is in flight as long as there are no answers.
    return [
        None if one.status is Status.PENDING else (one.status, one.reason or "") for one in known
    ]
