"""Zoho's own Python SDK, pointed at the sandbox: it is the judge of what is sent and answered.

The SDK keeps its state in globals, so this file is also the script that runs it, in a process of
its own; what it saw comes back as JSON.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from enrich_pandas.emulators import Sandbox

pytest.importorskip("zohocrmsdk", reason="needs Zoho's SDK, of the test group")

KEY = "sandbox-key"
SDK = "zohocrmsdk.src.com.zoho"
VERSIONS = ("v7", "v8")
FIRM = {"name": "Acme", "website": "www.acme.example"}
ASKED: Mapping[str, Mapping[str, Any]] = {
    "people": {
        "name": "Ada Example",
        "email": "ada@example.com",
        "company": FIRM,
        "social": {"linkedin": "linkedin.com/in/ada-example"},
    },
    "org": {**FIRM, "email": "info@acme.example"},
}


class Client:
    """One kind of enrichment, by the SDK."""

    def __init__(self, kind: str) -> None:
        self.array = f"zia_{kind}_enrichment"
        self.name = f"Zia{kind.title()}Enrichment"
        self.module = import_module(f"{SDK}.crm.api.{self.array}")
        self.operations = getattr(self.module, f"{self.name}Operations")()

    def made(self, kind: str, fields: Mapping[str, Any]) -> Any:
        """Make an object of the SDK and set its fields."""
        made = getattr(self.module, kind)()
        for name, value in fields.items():
            is_part = isinstance(value, dict)
            part = self.made(name.title(), value) if is_part else value
            getattr(made, f"set_{name}")(part)
        return made

    def post(self, asked: Mapping[str, Any], **parameters: Any) -> Any:
        job = self.made(self.name, {})
        job.set_enrich_based_on(self.made("EnrichBasedOn", asked))
        body = self.made("BodyWrapper", {})
        getattr(body, f"set_{self.array}")([job])
        given = self._given("Create", "", parameters)
        return seen(getattr(self.operations, f"create_{self.array}")(body, given))

    def get(self, job: int) -> Any:
        return seen(getattr(self.operations, f"get_{self.array}")(job))

    def list(self, **parameters: Any) -> Any:
        given = self._given("Get", "s", parameters)
        return seen(getattr(self.operations, f"get_{self.array}s")(given))

    def _given(self, verb: str, plural: str, parameters: Mapping[str, Any]) -> Any:
        known = import_module(f"{self.module.__name__}.{self.array}_operations")
        kinds = getattr(known, f"{verb}{self.name}{plural}Param")
        given = import_module(f"{SDK}.crm.api").ParameterMap()
        for name, value in parameters.items():
            given.add(getattr(kinds, name), value)
        return given


def seen(response: Any) -> Any:
    """Return what the SDK made of an answer."""
    made = response.get_object()
    return {
        "status": response.get_status_code(),
        "kind": type(made).__name__,
        "body": plain(made),
        "raw": response.get_response_json(),
    }


def plain(value: Any) -> Any:
    """Return an object of the SDK as JSON has it."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if type(value).__name__ == "Choice":
        return value.get_value()
    if hasattr(value, "__dict__"):
        fields = {name.rpartition("__")[2]: one for name, one in vars(value).items()}
        return {name: plain(one) for name, one in fields.items() if name != "modified"}
    return value


def initialize(url: str, folder: Path) -> Any:
    """Start the SDK with a data centre on loopback, and a token that it gets by refresh."""
    crm, api = f"{SDK}.crm.api", f"{SDK}.api.authenticator"
    centre = import_module(f"{crm}.dc").DataCenter
    token = import_module(f"{api}.oauth_token").OAuthToken(
        client_id=KEY, client_secret=KEY, refresh_token=KEY
    )
    import_module(f"{crm}.initializer").Initializer.initialize(
        centre.Environment(url, f"{url}/oauth/v2/token", url),
        token,
        import_module(f"{api}.store").FileStore(str(folder / "tokens.csv")),
        resource_path=str(folder),
    )
    return token


def speak(version: str) -> None:
    """Let the SDK ask for another version of the API than the one that it was made for."""
    handler = import_module(f"{SDK}.crm.api.util").CommonAPIHandler
    usual = handler.set_api_path
    handler.set_api_path = lambda self, path: usual(
        self, re.sub(r"^/crm/v\d+", f"/crm/{version}", path)
    )


def talk(kind: str) -> dict[str, Any]:
    """Ask everything there is to ask about one kind."""
    client = Client(kind)
    said = {"posted": client.post(ASKED[kind], module="Leads")}
    for number in range(3):
        client.post({"email": f"p{number}@example.com"}, module="Leads", record_id=1000 + number)
    (job,) = said["posted"]["raw"][f"__{client.array}"]
    return {
        **said,
        "one": client.get(int(job["details"]["id"])),
        "none": client.get(7),
        "first": client.list(page=1, per_page=3, sort_by="created_time", sort_order="asc"),
        "second": client.list(page=2, per_page=3, sort_by="created_time", sort_order="asc"),
        "completed": client.list(status=choice("COMPLETED")),
        "failed": client.list(status=choice("FAILED")),
        "short": client.post({"email": "ab"}, module="Leads"),
        "no_module": client.post(ASKED[kind]),
        "wrong_sort": client.list(sort_by="id"),
    }


def choice(value: str) -> Any:
    return import_module(f"{SDK}.crm.api.util").Choice(value)


def main(url: str, folder: str, version: str) -> None:
    speak(version)
    token = initialize(url, Path(folder))
    given = {"token": token.get_access_token(), "domain": token.get_api_domain()}
    signature = token.get_user_signature()
    given["user"] = signature and signature.get_name()
    sys.stdout.write(json.dumps({**given, **{kind: talk(kind) for kind in ASKED}}))


@pytest.fixture(scope="module", params=VERSIONS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Let the SDK talk to a sandbox, and return what it saw and what the sandbox saw."""
    folder = tmp_path_factory.mktemp("sdk")
    with Sandbox(misses=0) as box:
        done = subprocess.run(
            [sys.executable, __file__, box.url("zoho"), str(folder), request.param],
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        store = folder / "tokens.csv"
        kept = store.read_text()
        store.unlink()  # the SDK keeps the key in it, and the canaries look at what is left
        return {
            **json.loads(done.stdout),
            "version": request.param,
            "url": box.url("zoho"),
            "store": kept,
            "requests": box.requests,
            "charged": box.ledger["endpoint"].tolist(),
        }


@pytest.fixture(params=tuple(ASKED))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def jobs_in(said: Any, kind: str) -> list[Any]:
    return list(said["body"][f"zia_{kind}_enrichment"])


def test_it_gets_one_token_by_refresh_and_names_its_owner(told: Any) -> None:
    assert told["token"].startswith("1000.")
    assert told["domain"] == told["url"]
    assert told["user"] == "api@example.com:60000000001"
    assert told["token"] in told["store"]
    assert told["requests"]["path"].tolist().count("/oauth/v2/token") == 1


def test_it_only_asks_for_what_is_served(told: Any) -> None:
    statuses = told["requests"]["status"]
    assert set(statuses) == {200, 202, 204, 400}  # no 404: it needs nothing else
    paths = told["requests"]["path"][1:]
    assert all(path.startswith(f"/crm/{told['version']}/") for path in paths[2:])


def test_it_schedules_a_job(told: Any, kind: str) -> None:
    posted = told[kind]["posted"]
    assert (posted["status"], posted["kind"]) == (202, "ActionWrapper")
    (job,) = jobs_in(posted, kind)
    assert (job["code"], job["status"]) == ("SCHEDULED", "success")
    assert job["message"] == f"{kind.title()} Enrichment scheduled successfully"
    assert isinstance(job["details"]["id"], int)
    assert len(told["charged"]) == 8


def test_it_reads_a_job_by_its_id(told: Any, kind: str) -> None:
    found = told[kind]["one"]
    assert (found["status"], found["kind"]) == (200, "ResponseWrapper")
    (job,) = jobs_in(found, kind)
    assert job["id"] == jobs_in(told[kind]["posted"], kind)[0]["details"]["id"]
    assert job["status"] == "COMPLETED"
    for name in ("name", "email"):
        assert job["enrich_based_on"][name] == ASKED[kind][name]
    names = set(found["raw"][f"__zia_{kind}_enrichment"][0]["enriched_data"])
    assert names == set(job["enriched_data"]) - {"modified", "key_modified"}


def test_it_reads_a_person_of_either_shape(told: Any) -> None:
    (job,) = jobs_in(told["people"]["one"], "people")
    (raw,) = told["people"]["one"]["raw"]["__zia_people_enrichment"]
    read, given = (one["enriched_data"]["company_info"] for one in (job, raw))
    assert job["enriched_data"]["primary_email"] == "ada@example.com"
    assert job["enrich_based_on"]["company"]["website"] == "www.acme.example"
    assert read["name"] == given["name"]
    starts = [one["start_date"] for one in read["experiences"]]
    if told["version"] == "v8":
        assert starts == [one["start_date"] for one in given["experiences"]]
        assert [one["name"] for one in read["industries"]] == ["Software"]
    else:  # the documents' shape, of which the SDK knows the other words alone
        assert all(one["start_period"] for one in given["experiences"])
        assert set(starts) == {None}
        assert given["industries"] == ["Software"]


def test_it_reads_an_organization(told: Any) -> None:
    (job,) = jobs_in(told["org"]["one"], "org")
    found = job["enriched_data"]
    assert (found["name"], found["website"]) == ("Acme", "acme.example")
    assert found["head_quarters"][0]["fill_address"]


def test_a_job_that_is_not_there_is_nothing(told: Any, kind: str) -> None:
    none = told[kind]["none"]
    assert (none["status"], none["body"]) == (204, None)


def test_it_lists_the_jobs_page_by_page(told: Any, kind: str) -> None:
    first, second = told[kind]["first"], told[kind]["second"]
    ids = [job["id"] for page in (first, second) for job in jobs_in(page, kind)]
    assert len(ids) == 4
    assert ids == sorted(ids)
    infos = [page["body"]["info"] for page in (first, second)]
    assert [(one["page"], one["count"], one["per_page"]) for one in infos] == [(1, 3, 3), (2, 1, 3)]
    assert [one["more_records"] for one in infos] == [True, False]
    job = jobs_in(first, kind)[0]
    assert job["created_time"].endswith("Z")
    assert job["created_by"]["name"] == "Api Example"


def test_it_lists_the_jobs_of_a_status(told: Any, kind: str) -> None:
    assert {job["status"] for job in jobs_in(told[kind]["completed"], kind)} == {"COMPLETED"}
    assert (told[kind]["failed"]["status"], told[kind]["failed"]["body"]) == (204, None)


def test_it_reads_errors_in_both_places(told: Any, kind: str) -> None:
    short, missing, wrong = (told[kind][name] for name in ("short", "no_module", "wrong_sort"))
    assert short["kind"] == "ActionWrapper"
    (error,) = jobs_in(short, kind)
    assert (error["code"], error["details"]["api_name"]) == ("INVALID_DATA", "email")
    assert missing["kind"] == wrong["kind"] == "APIException"
    assert missing["body"]["code"] == "REQUIRED_PARAM_MISSING"
    assert missing["body"]["details"]["param_name"] == "module"
    assert wrong["body"]["details"]["supported_values"] == ["created_time"]


if __name__ == "__main__":
    main(*sys.argv[1:])
