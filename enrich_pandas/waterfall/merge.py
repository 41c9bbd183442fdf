"""Merge the answers of several providers, group by group: the first value stays.

Merging depends on the answers alone, so it can be done at any moment of a run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from enrich_pandas.frame.flatten import DistinctAnswers
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.output import Output
from enrich_pandas.frame.schema import Field, has_value
from enrich_pandas.frame.validation import ROW_REASONS
from enrich_pandas.journal.records import Answer
from enrich_pandas.models import Part
from enrich_pandas.providers.base import Identity, Status
from enrich_pandas.providers.decoding import describe_mistyped
from enrich_pandas.providers.records import Record, read_with_odd_fields
from enrich_pandas.waterfall.groups import IDENTIFYING_FIELDS, Groups, extract_identifiers
from enrich_pandas.waterfall.stage import Stage

# Facts about a vendor's own record, in which two vendors always differ.
VENDOR_FIELDS = frozenset({"id", "score", "updated_at", "is_realtime"})
# Fields that are compared in canonical form: two spellings of an address do not differ.
CANONICAL_FIELDS: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("Person", "linkedin_url"): "linkedin_url",
        ("Person", "company_domain"): "domain",
        ("Company", "linkedin_url"): "company_linkedin_url",
        ("Company", "domain"): "domain",
    }
)


@dataclass(frozen=True, slots=True)
class StageAnswers:
    """A stage that has started: its name, its groups, and its answers so far."""

    name: str
    stage: Stage
    places: Sequence[int]
    results: Mapping[Identity, Answer]
    _models: dict[Identity, tuple[Record, Answer]] = field(default_factory=dict, repr=False)

    def answers(
        self, fields: Sequence[Field]
    ) -> Iterator[tuple[int, Answer | None, tuple[Status, str] | None]]:
        """Yield each group with its answer (None while in flight), or with its refusal.

        The answers have models with these fields and the identifying ones, which can be merged
        field by field.
        """
        identified = self.stage.identified
        identities = identified.identities
        results = self._with_models(identities, {field.name for field in fields})
        for place, code in zip(self.places, identified.codes.tolist(), strict=True):
            if code < len(identities):
                yield place, results.get(identities[code]), None
            else:
                yield place, None, identified.exclusions[code - len(identities)]

    def _with_models(
        self, identities: Sequence[Identity], fields: AbstractSet[str]
    ) -> dict[Identity, Answer]:
        """Return the answers, with the model of each record; a record is read once."""
        found = {one: self.results[one] for one in identities if one in self.results}
        new: dict[Identity, Record] = {}
        for identity, answer in found.items():
            record = answer.match.model
            if isinstance(record, Record) and self._models.get(identity, ("",))[0] is not record:
                new[identity] = record
        read = read_with_odd_fields(new.values(), fields | IDENTIFYING_FIELDS)
        for (identity, record), (model, odd) in zip(new.items(), read, strict=True):
            match = found[identity].match
            note = "; ".join(filter(None, (match.note, describe_mistyped(odd))))
            match = replace(match, model=model, note=note)
            self._models[identity] = record, found[identity]._replace(match=match)
        return found | {
            one: self._models[one][1]
            for one, answer in found.items()
            if isinstance(answer.match.model, Record)
        }


class Difference(NamedTuple):
    """Two providers delivered different values of a field."""

    field: str
    provider: str
    value: Any
    other: str
    other_value: Any


@dataclass(slots=True)
class Merged:
    """The merged result of a group.

    Attributes
    ----------
    model
        The merged person or company; None without a match.
    sources
        For each field with a value, the provider that delivered it.
    given
        For each field, the providers that delivered a value, used or not.
    matched
        The providers that matched it, in order, with the fetch time of each.
    found
        The identifiers that the providers found.
    """

    status: Status = Status.SKIPPED
    reason: str | None = "run_stopped"
    provider: str | None = None
    fetched: float | None = None
    model: Part | None = None
    sources: dict[str, str] = field(default_factory=dict)
    given: dict[str, list[str]] = field(default_factory=dict)
    matched: dict[str, float] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    is_closed: bool = False
    has_status: bool = False

    def lacks(self, wanted: Sequence[Field]) -> bool:
        """Return whether a match or a wanted field is missing."""
        if self.is_closed:
            return False
        return self.model is None or any(field.name not in self.sources for field in wanted)

    def take(self, provider: str, answer: Answer | None, fields: Sequence[Field]) -> None:
        """Add a provider's answer; None if it is in flight."""
        if answer is None:
            self._set_status(Status.PENDING, "in_flight", None, None)
            return
        match, model = answer.match, answer.match.model
        self.is_closed |= match.status.info.ends_search
        self._set_status(match.status, match.reason or match.note, provider, answer.fetched or None)
        if match.status is Status.MATCHED and isinstance(model, Part):
            self.matched[provider] = answer.fetched
            self.found = {**extract_identifiers(model), **self.found}
            self._fill(provider, model, fields)

    def refuse(self, status: Status, reason: str) -> None:
        """Add that the group cannot be requested from a provider."""
        self.is_closed |= status.info.ends_search or reason == "where"
        self._set_status(status, reason, None, None)

    def _set_status(
        self, status: Status, reason: str | None, provider: str | None, fetched: float | None
    ) -> None:
        if not self.has_status or _rank(status, reason) < _rank(self.status, self.reason):
            self.has_status = True
            self.status, self.reason = status, reason
            self.provider, self.fetched = provider, fetched

    def _fill(self, provider: str, model: Part, fields: Sequence[Field]) -> None:
        """Keep every existing value, and fill the missing ones."""
        kept = self.model
        new = [of for of in fields if has_value(of, model)]
        for of in new:
            self.given.setdefault(of.name, []).append(provider)
            if kept is not None and of.name in self.sources:
                self.differences += _differences(of, kept, self.sources[of.name], model, provider)
        fills = [of.name for of in new if of.name not in self.sources]
        self.sources |= dict.fromkeys(fills, provider)
        if kept is None:
            self.model = model
        elif fills:
            values = {name: getattr(model, name) for name in fills}
            self.model = msgspec.structs.replace(kept, **values)


def merge(
    groups: Groups,
    fields: Sequence[Field],
    asked: Sequence[StageAnswers],
    unasked: str = "run_stopped",
) -> list[Merged]:
    """Merge the answers of the stages; ``unasked`` is the reason of groups that had no stage."""
    merged = [Merged(reason=unasked) for _ in range(len(groups))]
    for known, is_wanted in zip(merged, groups.wanted.tolist(), strict=True):
        if not is_wanted:
            known.refuse(Status.SKIPPED, "where")
    for one in asked:
        for place, answer, refusal in one.answers(fields):
            if refusal is None:
                merged[place].take(one.name, answer, fields)
            else:
                merged[place].refuse(*refusal)
    return merged


def merged_columns(merged: Sequence[Merged], output: Output) -> DistinctAnswers:
    """Return merged groups column by column, for the frame."""
    builder = output.builder()
    references = [None if known.model is None else builder.add(known.model) for known in merged]
    return DistinctAnswers(
        status=[str(known.status) for known in merged],
        reason=[known.reason or "" for known in merged],
        provider=[_providers(known) for known in merged],
        fetched=[_fetched(known) for known in merged],
        places=builder.places(references),
        arrays=builder.arrays(),
        sources={of.name: [known.sources.get(of.name) for known in merged] for of in output.fields}
        if output.sources
        else None,
    )


def _rank(status: Status, reason: str | None) -> tuple[int, bool]:
    """Return the sort key of a status; a refusal that names a bad value comes first."""
    return status.info.rank, status is Status.INVALID and reason in ROW_REASONS


def _contributors(known: Merged) -> list[str]:
    """Return the providers that delivered a value, in order, or the first that matched."""
    gave = set(known.sources.values())
    return [name for name in known.matched if name in gave] or list(known.matched)[:1]


def _providers(known: Merged) -> str | None:
    return "+".join(_contributors(known)) if known.matched else known.provider


def _fetched(known: Merged) -> float | None:
    """Return the fetch time of the oldest part of a row."""
    if not known.matched:
        return known.fetched
    return min(known.matched[name] for name in _contributors(known)) or None


def _differences(
    field: Field, kept: Part, provider: str, new: Part, other: str
) -> Iterator[Difference]:
    """Yield each scalar of a field in which the two providers differ."""
    if field.shape == "list" or field.name in VENDOR_FIELDS:
        return
    one, two = getattr(kept, field.name), getattr(new, field.name)
    if field.shape == "scalar":
        known_as = CANONICAL_FIELDS.get((type(kept).__name__, field.name))
        if _differ(one, two, known_as):
            yield Difference(field.name, provider, one, other, two)
        return
    for leaf in field.leaves:
        values = getattr(one, leaf.field), getattr(two, leaf.field)
        if (
            not leaf.is_year
            and leaf.field not in VENDOR_FIELDS
            and None not in values
            and _differ(*values)
        ):
            yield Difference(field.name + leaf.suffix, provider, values[0], other, values[1])


def _differ(one: Any, two: Any, identifier: str | None = None) -> bool:
    spell: Callable[[Any], Any] = _folded
    if identifier is not None:
        return bool(
            (canonical(identifier, one)[0] or spell(one))
            != (canonical(identifier, two)[0] or spell(two))
        )
    return bool(spell(one) != spell(two))


def _folded(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value
