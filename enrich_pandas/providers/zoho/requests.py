"""Zoho's requests, and the jobs in its answers: schedule, list, fetch; and the quota.

Sources: the pages "People Enrichment", "People Enrichment Details" and "Organization Enrichment";
for the quota the official OpenAPI files, v8.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from enrich_pandas.providers.base import Identity, Kind, Match, Request, Response, Status
from enrich_pandas.providers.decoding import (
    Id,
    decoder_of,
    describe_mistyped,
    identifier,
    read,
    text,
)
from enrich_pandas.providers.records import Record, RecordType
from enrich_pandas.providers.zoho.basis import basis_of, echo_keys, is_about_another
from enrich_pandas.providers.zoho.companies import COMPANIES
from enrich_pandas.providers.zoho.errors import ARRAYS, envelope, items_of, only_item
from enrich_pandas.providers.zoho.people import PEOPLE

# -- A job ---------------------------------------------------------------------------------------

CREDITS = 1.0  # an enrichment of the organization's quota, used when the job is scheduled
DONE = frozenset({"COMPLETED", "UPDATED"})
ENDED = DONE | {"FAILED", "DATA_NOT_FOUND"}


RECORDS: Mapping[Kind, RecordType] = {"people": PEOPLE, "companies": COMPANIES}


class ZohoJob(NamedTuple):
    """A job, and what binding reads of it."""

    kind: Kind
    raw: bytes
    head: Any

    @property
    def status(self) -> str:
        """Zoho's status, in upper case; empty if there is none."""
        return (text(self.head.status) or "").upper()

    @property
    def echo(self) -> dict[str, str]:
        """Keys of the identity that it echoes, by identifier."""
        return echo_keys(self.kind, self.head.enrich_based_on)

    def match(self, identity: Identity, job: str) -> Match | None:
        """Return the match of the identity that it was scheduled for, or None while it runs.

        It is bound by its id; the echo can only contradict that.
        """
        own, status = identifier(self.head.id), self.status
        is_other = own not in (None, job)
        if is_other or is_about_another(self.kind, identity, self.head.enrich_based_on):
            return self._missed(identity, Status.HELD, "conflicting_answers")
        if status == "DATA_NOT_FOUND":
            return self._missed(identity, Status.NOT_FOUND, "no_match")
        if status == "FAILED":
            return self._missed(identity, Status.FAILED, "job_failed")
        return self._found(identity) if status in DONE else None

    def _found(self, identity: Identity) -> Match:
        record = Record(RECORDS[self.kind], self.raw)
        if self._is_named or record.read() != record.type.model():
            return Match(identity=identity, status=Status.MATCHED, model=record, credits=CREDITS)
        if any(path.startswith("enriched_data") for path in self._mistyped):
            # This does not prove that it is empty.
            return self._missed(identity, Status.HELD, "unreadable")
        return self._missed(identity, Status.NOT_FOUND, "no_data")

    @property
    def _is_named(self) -> bool:
        """Whether the data has a name or an id, so that it is not empty."""
        data = self.head.enriched_data
        return data is not None and bool(text(data.name) or identifier(data.id))

    @property
    def _mistyped(self) -> list[str]:
        """The fields that are not as documented, among all of them."""
        return read(self.raw, RECORDS[self.kind].wire)[1]

    def _missed(self, identity: Identity, status: Status, reason: str) -> Match:
        return Match(
            identity=identity,
            status=status,
            reason=reason,
            credits=0.0 if status is Status.HELD else CREDITS,  # a held cost is counted separately
            note=describe_mistyped(self._mistyped),
        )


def parse_ended_job(kind: Kind, response: Response) -> ZohoJob | None:
    """Parse the only job of an answer that holds an ended job and cannot hold an error, or None."""
    raw = only_item(response) if response.status == HTTPStatus.OK else None
    head = None if raw is None else RECORDS[kind].read_head(raw)[0]
    job = None if raw is None or head is None else ZohoJob(kind, raw, head)
    return job if job is not None and job.status in ENDED else None


def parse_job(kind: Kind, response: Response) -> ZohoJob | None:
    """Parse the only job of an answer, or return None if there is none."""
    for raw in items_of(response):
        head, _ = RECORDS[kind].read_head(raw)
        if head is not None:
            return ZohoJob(kind, raw, head)
    return None


# -- Requests, lists and the quota ---------------------------------------------------------------

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
        """Time of creation in seconds since the epoch, or None if it cannot be parsed."""
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
    """The endpoint of one kind's jobs."""

    kind: Kind
    version: str
    module: str
    record_id: str | None

    @property
    def _path(self) -> str:
        return f"/crm/{self.version}/{ARRAYS[self.kind]}"

    def schedule(self, identity: Identity) -> Request:
        """Return the request that schedules a job: the only one that is charged."""
        record = {} if self.record_id is None else {"record_id": self.record_id}
        return Request(
            method="POST",
            path=self._path,
            params={"module": self.module, **record},
            json={ARRAYS[self.kind]: [{"enrich_based_on": basis_of(self.kind, identity)}]},
            billed=True,
            credits=CREDITS,
            identities=(identity,),
        )

    def fetch(self, job: str) -> Request:
        """Return the request for a job's details."""
        return Request(method="GET", path=f"{self._path}/{job}")

    def list(self, page: int) -> Request:
        """Return the request for a page of all jobs, the newest first."""
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


def quota_request(version: str) -> Request:
    """Return the request for the quota of enrichments."""
    return Request(method="GET", path=f"/crm/{version}/__features/data_enrichment")


def parse_quota(response: Response) -> float:
    """Parse the number of enrichments left, which can be a text."""
    (feature,) = decoder_of(_Features).decode(response.body).features
    return float(feature.details.available_count.total)


def valid_id(value: object) -> str | None:
    """Return a job's id, or None if it cannot be a part of a path."""
    found = identifier(value)
    return found if found and _ID.fullmatch(found) else None


def parse_page(response: Response) -> JobPage | None:
    """Parse a page of a list, or return None if it is not one; 204 is an empty page."""
    if response.status == HTTPStatus.NO_CONTENT:
        return JobPage([], has_more=False)
    fields = envelope(response)
    if response.status != HTTPStatus.OK or not fields.keys() & set(ARRAYS.values()):
        return None
    raws = items_of(response)
    elements = [element for raw in raws if (element := read(raw, Listed)[0])]
    jobs = [(job, one) for one in elements if (job := valid_id(one.id))]
    info, _ = read(fields.get("info", b"null"), Info)
    more = info.more_records if info else None
    return JobPage(jobs, has_more=bool(raws) and (len(raws) >= PAGE if more is None else more))


def status_of(listed: Listed) -> str:
    """Return Zoho's status of a job, in upper case."""
    return (text(listed.status) or "").upper()
