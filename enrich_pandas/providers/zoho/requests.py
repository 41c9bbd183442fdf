"""The requests to Zoho: schedule a job, list the jobs, fetch one; and what is left of the quota.

Sources: the pages "People Enrichment", "People Enrichment Details", "Organization Enrichment"; of
the quota the official OpenAPI files, v8.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import Identity, Kind, Match, Request, Response, Status
from enrich_pandas.providers.decoding import Id, decoder_of, identifier, odd_note, read, text
from enrich_pandas.providers.zoho.basis import asked, contradicts, echoed, written
from enrich_pandas.providers.zoho.companies import OrgJob, company_of
from enrich_pandas.providers.zoho.errors import ARRAYS, envelope, items_of
from enrich_pandas.providers.zoho.people import PersonJob, person_of

# -- Reading a job of Zoho's: whether it has ended, whom it is about, and what it found ----------

CREDITS = 1.0  # an enrichment of the organization's quota, used up when the job is scheduled
DONE = frozenset({"COMPLETED", "UPDATED"})
ENDED = DONE | {"FAILED", "DATA_NOT_FOUND"}


@dataclass(frozen=True, slots=True)
class JobParser:
    """The wire type of a job, and what makes a model of what it found."""

    job: type[Any]
    made: Callable[[Any], Model]
    empty: Model


WIRES: Mapping[Kind, JobParser] = {
    "people": JobParser(PersonJob, person_of, Person()),
    "companies": JobParser(OrgJob, company_of, Company()),
}


@dataclass(frozen=True, slots=True)
class ZohoJob:
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


def job_in(kind: Kind, response: Response) -> ZohoJob | None:
    """Read the only job of an answer, or None where there is none."""
    for raw in items_of(response):
        element, odd = read(raw, WIRES[kind].job)
        if element is not None:
            return ZohoJob(kind, element, odd)
    return None


# -- The requests to Zoho: schedule a job, list the jobs, fetch one; and what is left of the quota

PAGE = 100  # jobs; "the default and the maximum possible value"
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Info(msgspec.Struct):
    """Wire type: ``info`` of a list."""

    more_records: bool | None = None


class Listed(msgspec.Struct):
    """Wire type: a job in a list."""

    id: Id = None
    status: str | None = None
    created_time: str | None = None

    @property
    def created(self) -> float | None:
        """When it was made, in seconds since the epoch; None where that cannot be read."""
        try:
            moment = datetime.fromisoformat((self.created_time or "").strip())
        except ValueError:
            return None
        return moment.timestamp() if moment.tzinfo else None


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of the list of jobs."""

    jobs: Sequence[tuple[str, Listed]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class ZohoEndpoint:
    """Where the jobs of a kind are."""

    kind: Kind
    version: str
    module: str
    record_id: str | None

    @property
    def _path(self) -> str:
        return f"/crm/{self.version}/{ARRAYS[self.kind]}"

    def schedule(self, identity: Identity) -> Request:
        """Ask for a job: the only request that is charged."""
        record = {} if self.record_id is None else {"record_id": self.record_id}
        return Request(
            method="POST",
            path=self._path,
            params={"module": self.module, **record},
            json={ARRAYS[self.kind]: [{"enrich_based_on": written(self.kind, identity)}]},
            billed=True,
            credits=CREDITS,
            identities=(identity,),
        )

    def fetch(self, job: str) -> Request:
        """Ask for a job's details."""
        return Request(method="GET", path=f"{self._path}/{job}")

    def list(self, page: int) -> Request:
        """Ask for a page of all jobs, the newest first."""
        return Request(
            method="GET",
            path=self._path,
            params={
                "page": str(page),
                "per_page": str(PAGE),
                "sort_by": "created_time",
                "sort_order": "desc",
            },
        )


class _Count(msgspec.Struct):
    total: float | str


class _Details(msgspec.Struct):
    available_count: _Count


class _Feature(msgspec.Struct):
    details: _Details


class _Features(msgspec.Struct, rename={"features": "__features"}):
    features: tuple[_Feature]


def quota(version: str) -> Request:
    """Ask for the quota of enrichments."""
    return Request(method="GET", path=f"/crm/{version}/__features/data_enrichment")


def quota_of(response: Response) -> float:
    """Read how many are left; the number may be a text."""
    (feature,) = decoder_of(_Features).decode(response.body).features
    return float(feature.details.available_count.total)


def known_id(value: object) -> str | None:
    """Return a job's id, or None where it is none that a path can hold."""
    found = identifier(value)
    return found if found and _ID.fullmatch(found) else None


def page_of(response: Response) -> JobPage | None:
    """Read a page of a list, or None where it is none; 204 is an empty one."""
    if response.status == 204:  # noqa: PLR2004 - no content
        return JobPage([], has_more=False)
    fields = envelope(response)
    if response.status != 200 or not fields.keys() & set(ARRAYS.values()):  # noqa: PLR2004 - HTTP's OK
        return None
    raws = items_of(response)
    elements = [element for raw in raws if (element := read(raw, Listed)[0])]
    jobs = [(job, one) for one in elements if (job := known_id(one.id))]
    info, _ = read(fields.get("info", b"null"), Info)
    more = info.more_records if info else None
    return JobPage(jobs, has_more=bool(raws) and (len(raws) >= PAGE if more is None else more))


def status_of(listed: Listed) -> str:
    """Return Zoho's word for how far a job is."""
    return (text(listed.status) or "").upper()
