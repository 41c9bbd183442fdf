"""Zoho's Python SDK against the emulator: the SDK accepts what the emulator answers.

The SDK keeps its state in globals. So this file is also a script that runs the SDK in a separate
process and prints its view as JSON.
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
    """Call one kind of enrichment with the SDK."""

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
    """Return an answer as the SDK parsed it."""
    made = response.get_object()
    return {
        "status": response.get_status_code(),
        "kind": type(made).__name__,
        "body": plain(made),
        "raw": response.get_response_json(),
    }


def plain(value: Any) -> Any:
    """Convert an object of the SDK to JSON types."""
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
    """Start the SDK with a data center on loopback and a refresh token."""
    crm, api = f"{SDK}.crm.api", f"{SDK}.api.authenticator"
    center = import_module(f"{crm}.dc").DataCenter
    token = import_module(f"{api}.oauth_token").OAuthToken(
        client_id=KEY, client_secret=KEY, refresh_token=KEY
    )
    import_module(f"{crm}.initializer").Initializer.initialize(
        center.Environment(url, f"{url}/oauth/v2/token", url),
        token,
        import_module(f"{api}.store").FileStore(str(folder / "tokens.csv")),
        resource_path=str(folder),
    )
    return token


def speak(version: str) -> None:
    """Make the SDK request another version of the API than its own."""
    handler = import_module(f"{SDK}.crm.api.util").CommonAPIHandler
    usual = handler.set_api_path
    handler.set_api_path = lambda self, path: usual(
        self, re.sub(r"^/crm/v\d+", f"/crm/{version}", path)
    )


def talk(kind: str) -> dict[str, Any]:
    """Send each kind of request for one kind of enrichment."""
    client = Client(kind)
    answers = {"posted": client.post(ASKED[kind], module="Leads")}
    for number in range(3):
        client.post({"email": f"p{number}@example.com"}, module="Leads", record_id=1000 + number)
    (job,) = answers["posted"]["raw"][f"__{client.array}"]
    return {
        **answers,
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
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run the SDK against a sandbox. Return its view and that of the sandbox."""
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
        store.unlink()  # the SDK stores the key in it, and the canaries read all remaining files
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


def jobs_in(answers: Any, kind: str) -> list[Any]:
    return list(answers["body"][f"zia_{kind}_enrichment"])


def test_sdk_refreshes_one_token(session: Any) -> None:
    assert session["token"].startswith("1000.")
    assert session["domain"] == session["url"]
    assert session["user"] == "api@example.com:60000000001"
    assert session["token"] in session["store"]
    assert session["requests"]["path"].tolist().count("/oauth/v2/token") == 1


def test_sdk_requests_served_paths_only(session: Any) -> None:
    statuses = session["requests"]["status"]
    assert set(statuses) == {200, 202, 204, 400}  # no 404: every path is served
    paths = session["requests"]["path"][1:]
    assert all(path.startswith(f"/crm/{session['version']}/") for path in paths[2:])


def test_sdk_schedules_a_job(session: Any, kind: str) -> None:
    posted = session[kind]["posted"]
    assert (posted["status"], posted["kind"]) == (202, "ActionWrapper")
    (job,) = jobs_in(posted, kind)
    assert (job["code"], job["status"]) == ("SCHEDULED", "success")
    assert job["message"] == f"{kind.title()} Enrichment scheduled successfully"
    assert isinstance(job["details"]["id"], int)
    assert len(session["charged"]) == 8


def test_sdk_reads_a_job_by_id(session: Any, kind: str) -> None:
    found = session[kind]["one"]
    assert (found["status"], found["kind"]) == (200, "ResponseWrapper")
    (job,) = jobs_in(found, kind)
    assert job["id"] == jobs_in(session[kind]["posted"], kind)[0]["details"]["id"]
    assert job["status"] == "COMPLETED"
    for name in ("name", "email"):
        assert job["enrich_based_on"][name] == ASKED[kind][name]
    names = set(found["raw"][f"__zia_{kind}_enrichment"][0]["enriched_data"])
    assert names == set(job["enriched_data"]) - {"modified", "key_modified"}


def test_sdk_reads_a_person_of_either_version(session: Any) -> None:
    (job,) = jobs_in(session["people"]["one"], "people")
    (raw,) = session["people"]["one"]["raw"]["__zia_people_enrichment"]
    read, given = (one["enriched_data"]["company_info"] for one in (job, raw))
    assert job["enriched_data"]["primary_email"] == "ada@example.com"
    assert job["enrich_based_on"]["company"]["website"] == "www.acme.example"
    assert read["name"] == given["name"]
    starts = [one["start_date"] for one in read["experiences"]]
    if session["version"] == "v8":
        assert starts == [one["start_date"] for one in given["experiences"]]
        assert [one["name"] for one in read["industries"]] == ["Software"]
    else:  # the shape of the documents; the SDK does not know its field names
        assert all(one["start_period"] for one in given["experiences"])
        assert set(starts) == {None}
        assert given["industries"] == ["Software"]


def test_sdk_reads_an_organization(session: Any) -> None:
    (job,) = jobs_in(session["org"]["one"], "org")
    found = job["enriched_data"]
    assert (found["name"], found["website"]) == ("Acme", "acme.example")
    assert found["head_quarters"][0]["fill_address"]


def test_sdk_reads_an_unknown_job_as_none(session: Any, kind: str) -> None:
    none = session[kind]["none"]
    assert (none["status"], none["body"]) == (204, None)


def test_sdk_lists_jobs_in_pages(session: Any, kind: str) -> None:
    first, second = session[kind]["first"], session[kind]["second"]
    ids = [job["id"] for page in (first, second) for job in jobs_in(page, kind)]
    assert len(ids) == 4
    assert ids == sorted(ids)
    infos = [page["body"]["info"] for page in (first, second)]
    assert [(one["page"], one["count"], one["per_page"]) for one in infos] == [(1, 3, 3), (2, 1, 3)]
    assert [one["more_records"] for one in infos] == [True, False]
    job = jobs_in(first, kind)[0]
    assert job["created_time"].endswith("Z")
    assert job["created_by"]["name"] == "Api Example"


def test_sdk_lists_jobs_by_status(session: Any, kind: str) -> None:
    assert {job["status"] for job in jobs_in(session[kind]["completed"], kind)} == {"COMPLETED"}
    assert (session[kind]["failed"]["status"], session[kind]["failed"]["body"]) == (204, None)


def test_sdk_reads_errors_in_both_places(session: Any, kind: str) -> None:
    short, missing, wrong = (session[kind][name] for name in ("short", "no_module", "wrong_sort"))
    assert short["kind"] == "ActionWrapper"
    (error,) = jobs_in(short, kind)
    assert (error["code"], error["details"]["api_name"]) == ("INVALID_DATA", "email")
    assert missing["kind"] == wrong["kind"] == "APIException"
    assert missing["body"]["code"] == "REQUIRED_PARAM_MISSING"
    assert missing["body"]["details"]["param_name"] == "module"
    assert wrong["body"]["details"]["supported_values"] == ["created_time"]


if __name__ == "__main__":
    main(*sys.argv[1:])
