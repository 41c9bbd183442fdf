"""The provider contract for Zoho, with a vendor that remembers its jobs."""

import json
from datetime import UTC, datetime
from typing import ClassVar

from enrich_pandas.providers.base import Identity, Request, Response
from enrich_pandas.providers.zoho import Zoho
from enrich_pandas.testing import ProviderContract, Scene, Vendor, reply
from enrich_pandas.testing.driving import CLOCK

ADA, BO, MISS = (
    Identity.of(email=f"{name}@example.com", name=f"{name} Example", company="Acme")
    for name in ("ada", "boz", "unknown")
)
ACME, OTHER, NOWHERE = (
    Identity.of(company=name, domain=f"{name.lower()}.example")
    for name in ("Acme", "Other", "Unknown")
)


class Memory:
    """A vendor that remembers the jobs of one conversation."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, str]] = []

    def answer(self, request: Request) -> Response:
        (key,) = [part for part in request.path.split("/") if part.startswith("__zia")]
        if request.method == "POST":
            (element,) = request.json[key]
            self.jobs.append(element["enrich_based_on"])
            item = {"code": "SCHEDULED", "details": {"id": str(len(self.jobs))}}
            return reply({key: [item | {"message": "ok", "status": "success"}]}, 202)
        if request.path.endswith(key):
            return reply({key: self.listed(), "info": {"more_records": False}})
        return self.found(key, request.path.rpartition("/")[2])

    def listed(self) -> list[dict[str, str]]:
        moment = datetime.fromtimestamp(CLOCK, UTC).isoformat()
        numbers = range(len(self.jobs), 0, -1)
        return [{"id": str(n), "status": "COMPLETED", "created_time": moment} for n in numbers]

    def found(self, key: str, job: str) -> Response:
        if job not in map(str, range(1, len(self.jobs) + 1)):
            return reply(b"", 204)
        asked = self.jobs[int(job) - 1]
        is_known = "unknown" not in json.dumps(asked).lower()
        data = {"name": asked["name"], "primary_email": "made-up@example.org"}
        element = {
            "id": job,
            "status": "COMPLETED" if is_known else "DATA_NOT_FOUND",
            "enrich_based_on": asked,
            "enriched_data": data if is_known else None,
        }
        return reply({key: [element]})


def unused(_request: Request) -> Response:
    raise AssertionError("The contract opens a memory for every conversation.")


class TestZoho(ProviderContract):
    provider: ClassVar = Zoho(dc="us")
    scenes: ClassVar = [
        Scene(kind="people", hits=[ADA, BO], misses=[MISS], answer=unused),
        Scene(kind="companies", hits=[ACME, OTHER], misses=[NOWHERE], answer=unused),
    ]

    def vendor(self, scene: Scene) -> Vendor:
        return Memory().answer
