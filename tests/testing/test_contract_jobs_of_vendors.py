"""The contract with the vendors that have jobs: Amplemarket and Zoho."""

from typing import Any, ClassVar

import enrich_pandas as ep
from enrich_pandas.providers.base import Identity, Kind, Request, Response
from enrich_pandas.testing import ProviderContract, Scene, Vendor, reply


def people(*names: str) -> list[Identity]:
    return [Identity.of(email=f"{name}@example.com") for name in names]


def profiles(*slugs: str) -> list[Identity]:
    return [Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}") for slug in slugs]


def domains(*names: str) -> list[Identity]:
    return [Identity.of(domain=f"{name}.example") for name in names]


def name_in(asked: str) -> str:
    return asked.rpartition("/")[2].partition("@")[0].removesuffix(".example")


def unused(_request: Request) -> Response:
    raise AssertionError("The contract creates a vendor for every conversation.")


def scene(kind: Kind, name: str, identities: list[Identity], **more: Any) -> Scene:
    *hits, miss = identities
    return Scene(kind=kind, name=name, hits=hits, misses=[miss], answer=unused, **more)


class Amplemarket:
    """Answers batches of leads or companies; each element echoes its lead."""

    def __init__(self) -> None:
        self.jobs: list[list[dict[str, str]]] = []

    def answer(self, request: Request) -> Response:
        if request.method == "POST":
            self.jobs.append(next(v for v in request.json.values() if isinstance(v, list)))
            href = f"{request.path}/{len(self.jobs)}"
            body = self._job(len(self.jobs), href, "queued", [])
            return reply(body, 202, {"Location": href})
        number = int(request.path.rpartition("/")[2])
        if number not in range(1, len(self.jobs) + 1):
            return reply({"_errors": [{"status": "404", "code": "not_found"}]}, 404)
        results = [self._result(asked) for asked in self.jobs[number - 1]]
        return reply(self._job(number, request.path, "completed", results))

    def _job(self, number: int, href: str, status: str, results: list[Any]) -> dict[str, Any]:
        links = {"self": {"href": href}, "next": None, "prev": None}
        return {"id": number, "status": status, "results": results, "_links": links}

    def _result(self, asked: dict[str, str]) -> dict[str, Any]:
        name = name_in(next(iter(asked.values())))
        if name.startswith("unknown"):
            return {"status": "not_found", "result": None, **asked}
        made = {"id": name, "name": f"Name of {name}", **asked, "interests": ["a"]}
        return {"status": "enriched", "result": made, **asked}


class TestAmplemarket(ProviderContract):
    provider: ClassVar = ep.Amplemarket()
    scenes: ClassVar = [
        scene("people", "email", people("ada", "bo", "unknown"), elements="results"),
        scene("people", "linkedin_url", profiles("ada", "bo", "unknown"), elements="results"),
        scene("companies", "domain", domains("ada", "bo", "unknown"), elements="results"),
    ]

    def vendor(self, scene: Scene) -> Vendor:
        return Amplemarket().answer


class Zoho:
    """Starts one job per person or organization, which echoes its values."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Response:
        key = next(part for part in request.path.split("/") if part.startswith("__zia_"))
        if request.method == "POST":
            self.jobs.append(request.json[key][0]["enrich_based_on"])
            scheduled = {"code": "SCHEDULED", "details": {"id": str(len(self.jobs))}}
            return reply({key: [{**scheduled, "message": "scheduled", "status": "success"}]}, 202)
        last = request.path.rpartition("/")[2]
        if last == key:
            listed = [self._job(number) for number in range(1, len(self.jobs) + 1)]
            info = {"per_page": 100, "count": len(listed), "page": 1, "more_records": False}
            return reply({key: listed, "info": info})
        is_known = last.isdecimal() and int(last) in range(1, len(self.jobs) + 1)
        return reply({key: [self._job(int(last))]}) if is_known else reply(b"", 204)

    def _job(self, number: int) -> dict[str, Any]:
        based_on = self.jobs[number - 1]
        asked = next(value for value in based_on.values() if isinstance(value, str))
        job = {"id": str(number), "enrich_based_on": based_on}
        if name_in(asked).startswith("unknown"):
            return {**job, "status": "DATA_NOT_FOUND", "enriched_data": None}
        data = {"name": f"Name of {name_in(asked)}", "website": "x.example"}
        return {**job, "status": "COMPLETED", "enriched_data": data}


class TestZoho(ProviderContract):
    provider: ClassVar = ep.Zoho()
    scenes: ClassVar = [
        scene("people", "email", people("ada", "bo", "unknown")),
        scene("companies", "domain", domains("ada", "bo", "unknown")),
    ]

    def vendor(self, scene: Scene) -> Vendor:
        return Zoho().answer
