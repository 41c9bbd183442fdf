"""The contract with a vendor that has a state: jobs that are started, listed and read."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec
import pytest

from enrich_pandas.models import Person
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Listing,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Secret,
    Status,
    Unfinished,
    WaitForJob,
    held,
)
from enrich_pandas.testing import ProviderContract, Scene, Vendor, reply


class Job(msgspec.Struct):
    id: int | None = None
    email: str | None = None
    state: str | None = None
    name: str | None = None


class Jobs(Provider):
    """Starts one job per address for 1 credit; a finished job echoes the address."""

    name: ClassVar[str] = "jobs"
    kinds: ClassVar[tuple[Kind, ...]] = ("people",)
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"people": ("email",)}
    origin: ClassVar[str] = "https://api.jobs.example"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": "JOBS_API_KEY"}
    docs_url: ClassVar[str] = "https://docs.jobs.example"
    version = "v1"
    rate_limit = None

    def __init__(self, api_key: str | None = None) -> None:
        self.api_key = Secret(api_key) if api_key else None

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        return {}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        return float(len(batch))

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        return {"X-Api-Key": secrets["api_key"]}

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        (identity,) = batch
        made = yield Request(
            method="POST",
            path="/jobs",
            json={"email": identity.get("email")},
            billed=True,
            credits=1,
            identities=tuple(batch),
        )
        if made.lost:
            return held(batch)
        job = read(made)
        if job is None:
            return [Match(identity=identity, status=Status.FAILED, reason="refused")]
        if job.id is None:
            return held(batch, "unreadable")
        yield WaitForJob(str(job.id), 60)
        done = read((yield Request(method="GET", path=f"/jobs/{job.id}")))
        if done is None or done.state == "running":
            raise Unfinished
        return [answered(identity, done)]

    def listing(self, kind: Kind, jobs: frozenset[str]) -> Listing:
        listed = yield Request(method="GET", path="/jobs")
        return {str(number) for number in numbers(listed)} & jobs


def numbers(response: Response) -> list[Any]:
    """Return the jobs of a list, or none if the list is invalid."""
    try:
        listed = response.json()
    except msgspec.DecodeError:
        return []
    return listed if isinstance(listed, list) else []


def read(response: Response) -> Job | None:
    """Return a job without invalid fields, or None if there is none."""
    if response.status != 200:
        return None
    try:
        fields = response.json()
    except msgspec.DecodeError:
        return Job()
    fields = fields if isinstance(fields, dict) else {}
    is_id = isinstance(fields.get("id"), int) and fields["id"] is not True
    texts = {
        name: fields[name]
        for name in ("email", "state", "name")
        if isinstance(fields.get(name), str)
    }
    return Job(id=fields["id"] if is_id else None, **texts)


def answered(identity: Identity, job: Job) -> Match:
    if job.email != identity.get("email") or job.state not in ("found", "missing"):
        return Match(identity=identity, status=Status.HELD, reason="unreadable")
    if job.state == "missing":
        return Match(identity=identity, status=Status.NOT_FOUND)
    return Match(identity=identity, status=Status.MATCHED, model=Person(name=job.name), credits=1)


class JobVendor:
    """The vendor, which stores the jobs of one conversation."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def answer(self, request: Request) -> Response:
        if request.method == "POST":
            self.jobs.append(request.json["email"])
            return reply({"id": len(self.jobs), "state": "running"})
        if request.path == "/jobs":
            return reply(list(range(1, len(self.jobs) + 1)))
        number = int(request.path.rpartition("/")[2])
        if number not in range(1, len(self.jobs) + 1):
            return reply({"error": "no such job"}, 404)
        email = self.jobs[number - 1]
        if "unknown" in email:
            return reply({"id": 1, "email": email, "state": "missing"})
        return reply({"id": 1, "email": email, "state": "found", "name": f"Name of {email}"})


def unused(_request: Request) -> Response:
    pytest.fail("The contract creates a vendor for every conversation.")


ADA, BO, MISS = (Identity.of(email=f"{name}@example.com") for name in ("ada", "bo", "unknown"))


class TestJobs(ProviderContract):
    provider: ClassVar = Jobs()
    scenes: ClassVar = [Scene(kind="people", hits=[ADA, BO], misses=[MISS], answer=unused)]

    def vendor(self, scene: Scene) -> Vendor:
        return JobVendor().answer

    def test_job_with_a_lost_answer_is_pending(self) -> None:
        vendor = JobVendor()

        def lose_job_answer(request: Request) -> Response:
            lost = Response(outcome=Outcome.UNKNOWN)
            return lost if request.path == "/jobs/1" else vendor.answer(request)

        talk = self.drive(self.scenes[0], [ADA], lose_job_answer)
        assert talk.is_unfinished
        assert talk.statuses == {ADA: Status.PENDING}
