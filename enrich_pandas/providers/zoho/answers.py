"""Reading a job of Zoho's: whether it has ended, whom it is about, and what it found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import Identity, Kind, Match, Response, Status
from enrich_pandas.providers.decoding import identifier, odd_note, read, text
from enrich_pandas.providers.zoho.basis import asked, contradicts, echoed
from enrich_pandas.providers.zoho.companies import company_of
from enrich_pandas.providers.zoho.company_types import OrgJob
from enrich_pandas.providers.zoho.errors import items_of
from enrich_pandas.providers.zoho.people import person_of
from enrich_pandas.providers.zoho.people_types import PersonJob

CREDITS = 1.0  # an enrichment of the organization's quota, used up when the job is scheduled
DONE = frozenset({"COMPLETED", "UPDATED"})
ENDED = DONE | {"FAILED", "DATA_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class Wire:
    """The wire type of a job, and what makes a model of what it found."""

    job: type[Any]
    made: Callable[[Any], Model]
    empty: Model


WIRES: Mapping[Kind, Wire] = {
    "people": Wire(PersonJob, person_of, Person()),
    "companies": Wire(OrgJob, company_of, Company()),
}


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was found; ``odd`` are the fields that were not as documented."""

    kind: Kind
    element: Any
    odd: list[str]

    @property
    def status(self) -> str:
        """Zoho's word for how far it is; empty where there is none."""
        return (text(self.element.status) or "").upper()

    @property
    def echo(self) -> dict[str, str]:
        """What it says that it was asked for by."""
        return echoed(self.kind, self.element.enrich_based_on)

    def match(self, identity: Identity, job: str) -> Match | None:
        """Return the answer for whom it was scheduled, or None while it is at work.

        It is bound by its id; an echo may only contradict that.
        """
        own = identifier(self.element.id)
        if own not in (None, job) or contradicts(asked(identity), self.echo):
            return self._said(identity, Status.HELD, "conflicting_answers")
        if self.status == "DATA_NOT_FOUND":
            return self._said(identity, Status.NOT_FOUND, "no_match")
        if self.status == "FAILED":
            return self._said(identity, Status.FAILED, "job_failed")
        return self._found(identity) if self.status in DONE else None

    def _found(self, identity: Identity) -> Match:
        wire, data = WIRES[self.kind], self.element.enriched_data
        model = wire.empty if data is None else wire.made(data)
        if model != wire.empty:
            return self._said(identity, Status.MATCHED, model=model)
        if any(path.startswith("enriched_data") for path in self.odd):
            return self._said(identity, Status.HELD, "unreadable")  # no proof that it is empty
        return self._said(identity, Status.NOT_FOUND, "no_data")

    def _said(
        self, identity: Identity, status: Status, reason: str = "", model: Model | None = None
    ) -> Match:
        charged = 0.0 if status is Status.HELD else CREDITS  # what is held is counted as such
        return Match(
            identity=identity,
            status=status,
            model=model,
            reason=reason,
            credits=charged,
            note=odd_note(self.odd),
        )


def job_in(kind: Kind, response: Response) -> Job | None:
    """Read the only job of an answer, or None where there is none."""
    for raw in items_of(response):
        element, odd = read(raw, WIRES[kind].job)
        if element is not None:
            return Job(kind, element, odd)
    return None
