"""The requests to Zoho: schedule a job, list the jobs, fetch one; and what is left of the quota.

Sources: the pages "People Enrichment", "People Enrichment Details", "Organization Enrichment"; of
the quota the official OpenAPI files, v8.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from enrich_pandas.providers.base import Identity, Kind, Request, Response
from enrich_pandas.providers.decoding import Id, decoder_of, identifier, read, text
from enrich_pandas.providers.zoho.answers import CREDITS
from enrich_pandas.providers.zoho.basis import written
from enrich_pandas.providers.zoho.errors import ARRAYS, envelope, items_of

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
class Page:
    """A page of the list of jobs."""

    jobs: Sequence[tuple[str, Listed]]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
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


def page_of(response: Response) -> Page | None:
    """Read a page of a list, or None where it is none; 204 is an empty one."""
    if response.status == 204:  # noqa: PLR2004 - no content
        return Page([], has_more=False)
    fields = envelope(response)
    if response.status != 200 or not fields.keys() & set(ARRAYS.values()):  # noqa: PLR2004 - HTTP's OK
        return None
    raws = items_of(response)
    elements = [element for raw in raws if (element := read(raw, Listed)[0])]
    jobs = [(job, one) for one in elements if (job := known_id(one.id))]
    info, _ = read(fields.get("info", b"null"), Info)
    more = info.more_records if info else None
    return Page(jobs, has_more=bool(raws) and (len(raws) >= PAGE if more is None else more))


def status_of(listed: Listed) -> str:
    """Return Zoho's word for how far a job is."""
    return (text(listed.status) or "").upper()
