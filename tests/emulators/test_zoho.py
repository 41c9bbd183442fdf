"""Zoho's emulator against the sentences of the documents that state a behavior."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from enrich_pandas.emulators import Sandbox

KEY = "sandbox-key"
FORM = {
    "grant_type": "refresh_token",
    **dict.fromkeys(("refresh_token", "client_id", "client_secret"), KEY),
}
ADA = {"email": "ada.example@example.com"}


def sentence(*texts: str) -> Any:
    """Quote the sentences of the documents that a test checks."""
    quoted = " … ".join(texts)
    return pytest.mark.parametrize("quoted", [quoted], ids=[quoted[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


class Caller:
    """An HTTP client that does not use this library."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.session = requests.Session()
        self.session.trust_env = False
        self.token = ""

    def refresh(self, **changed: str) -> Any:
        url = self.box.url("zoho") + "/oauth/v2/token"
        return self.session.post(url, data={**FORM, **changed}, timeout=60)

    def __call__(self, method: str, path: str = "", kind: str = "people", **more: Any) -> Any:
        self.token = self.token or self.refresh().json()["access_token"]
        version = more.pop("version", "v8")
        url = f"{self.box.url('zoho')}/crm/{version}/__zia_{kind}_enrichment{path}"
        headers = {"Authorization": more.pop("auth", f"Zoho-oauthtoken {self.token}")}
        return self.session.request(method, url, headers=headers, timeout=60, **more)

    def post(self, *based_on: Any, kind: str = "people", **more: Any) -> Any:
        items = [{"enrich_based_on": one} for one in based_on]
        more = {"params": {"module": "Leads"}, **more}
        return self("POST", kind=kind, json={f"__zia_{kind}_enrichment": items}, **more)

    def job(self, based_on: Any, kind: str = "people", **more: Any) -> Any:
        posted = self.post(based_on, kind=kind, **more).json()[f"__zia_{kind}_enrichment"][0]
        found = self("GET", f"/{posted['details']['id']}", kind=kind, **more)
        return found.json()[f"__zia_{kind}_enrichment"][0]


Open = Callable[..., Caller]


@pytest.fixture
def opened() -> Iterator[Open]:
    boxes: list[Sandbox] = []

    def make(**options: Any) -> Caller:
        boxes.append(Sandbox(**{"misses": 0, **options}).__enter__())
        return Caller(boxes[-1])

    yield make
    for box in boxes:
        box.close()


@sentence('"SCHEDULED" means a job is scheduled', "The unique ID of the scheduled job")
@pytest.mark.parametrize(("kind", "word"), [("people", "People"), ("org", "Org")])
def test_post_schedules_a_job(opened: Open, kind: str, word: str) -> None:
    posted = opened().post({"email": "ada@example.com"}, kind=kind)
    assert posted.status_code == 202
    (job,) = posted.json()[f"__zia_{kind}_enrichment"]
    assert job.pop("details")["id"].isdecimal()
    assert job == {
        "code": "SCHEDULED",
        "message": f"{word} Enrichment scheduled successfully",
        "status": "success",
    }


@sentence("Authorization: Zoho-oauthtoken <access-token>")
def test_other_scheme_or_token_is_refused(opened: Open) -> None:
    call = opened()
    call.refresh()
    for auth in ("Bearer x", "Zoho-oauthtoken x", ""):
        refused = call.post(ADA, auth=auth)
        assert refused.status_code == 401
        assert refused.json() == {
            "code": "INVALID_TOKEN",
            "details": {},
            "message": "invalid oauth token",
            "status": "error",
        }


def code_of(answer: Any, kind: str = "people") -> tuple[int, str, str]:
    body = answer.json()
    array = f"__zia_{kind}_enrichment"
    error, place = (body[array][0], "item") if array in body else (body, "top")
    assert error["status"] == "error"
    return answer.status_code, error["code"], place


@sentence(
    "The length of the values of the keys is less than three characters",
    "You have specified the values in other language",
    "The data type of the keys in the input is not string",
    "The API name of the one or more keys in the input is incorrect",
    'You have not specified any key in the "enrich_based_on" JSON object',
    '"company" and "name" are dependent fields',
)
@pytest.mark.parametrize(
    ("based_on", "code"),
    [
        ({"email": "ab"}, "INVALID_DATA"),
        ({"name": "Zoë Example", "company": {"name": "Acme"}}, "INVALID_DATA"),
        ({"email": 12345}, "INVALID_DATA"),
        ({"phone": "12345"}, "INVALID_DATA"),
        ({"social": {"myspace": "ada"}}, "INVALID_DATA"),
        ({"company": "Acme"}, "INVALID_DATA"),
        ({}, "EXPECTED_FIELD_MISSING"),
        ({"name": "Ada Example"}, "DEPENDENT_FIELD_MISSING"),
    ],
)
def test_body_errors_are_inside_the_array(opened: Open, based_on: Any, code: str) -> None:
    call = opened()
    assert code_of(call.post(based_on)) == (400, code, "item")
    assert call.box.ledger.empty


@sentence(
    'You have not specified the "module" parameter in the request',
    "The API name of the module is incorrect",
)
def test_call_errors_are_at_the_top(opened: Open) -> None:
    call = opened()
    assert code_of(call.post(ADA, params={})) == (400, "REQUIRED_PARAM_MISSING", "top")
    assert code_of(call.post(ADA, params={"module": "X"})) == (400, "INVALID_DATA", "top")
    assert code_of(call.post(ADA, ADA)) == (400, "INVALID_DATA", "top")
    assert code_of(call("POST", params={"module": "Leads"}, data=b"{")) == (
        400,
        "MANDATORY_NOT_FOUND",
        "top",
    )
    assert call.box.ledger.empty


@sentence("You have created more than 1500 people enrichments for your org")
def test_request_above_the_quota_is_refused(opened: Open) -> None:
    call = opened(credits=2)
    answers = [call.post({"email": f"p{n}@example.com"}) for n in range(3)]
    assert [one.status_code for one in answers] == [202, 202, 400]
    assert code_of(answers[2]) == (400, "LIMIT_EXCEEDED", "item")
    assert answers[2].json()["__zia_people_enrichment"][0]["details"]["limit"] == 1500
    assert call.box.ledger["credits"].tolist() == [1, 1]


def test_unfinished_job_echoes_its_values(opened: Open) -> None:
    for seconds in (1, 5, 20):  # on a slow machine a short job ends before the first read
        call = opened(job_seconds=(seconds, seconds))
        early = call.job(ADA)
        if early["status"] != "COMPLETED":
            break
    assert early["enrich_based_on"] == ADA
    assert early["status"] in ("SCHEDULED", "RUNNING")
    assert early["enriched_data"] is None
    time.sleep(seconds + 0.1)
    late = call("GET", f"/{early['id']}").json()["__zia_people_enrichment"][0]
    assert late["status"] == "COMPLETED"
    assert late["enriched_data"]["primary_email"] == ADA["email"]


def test_versions_have_different_shapes(opened: Open) -> None:
    call = opened()
    asked = [{"social": {"linkedin": f"linkedin.com/in/p{n}-example"}} for n in range(8)]
    for version, start, industry in (("v7", "start_period", str), ("v8", "start_date", dict)):
        found = [call.job(one, version=version)["enriched_data"] for one in asked]
        jobs = [job for one in found for job in one["company_info"]["experiences"]]
        assert jobs
        assert all(start in job for job in jobs)
        kinds = {type(name) for one in found for name in one["company_info"]["industries"]}
        assert kinds == {industry}


def test_miss_is_data_not_found(opened: Open) -> None:
    job = opened(misses=1).job(ADA)
    assert (job["status"], job["enriched_data"]) == ("DATA_NOT_FOUND", None)


def test_unknown_job_is_an_empty_204(opened: Open) -> None:
    for path in ("/1", "/x", ""):
        gone = opened()("GET", path)
        assert (gone.status_code, gone.content) == (204, b"")


@sentence("per_page: maximum 100", "sort_by=created_time", "sort_order=asc|desc")
def test_job_list_is_paged_and_sorted(opened: Open) -> None:
    call = opened()
    made = [
        call.post({"email": f"p{n}@example.com"}).json()["__zia_people_enrichment"][0]["details"][
            "id"
        ]
        for n in range(5)
    ]
    asked = {"sort_by": "created_time", "sort_order": "asc", "per_page": 2}
    pages = [call("GET", params={**asked, "page": page}).json() for page in (1, 2, 3)]
    assert [job["id"] for page in pages for job in page["__zia_people_enrichment"]] == made
    assert [page["info"]["more_records"] for page in pages] == [True, True, False]
    assert pages[0]["info"] == {"per_page": 2, "count": 2, "page": 1, "more_records": True}
    newest = call("GET", params={"sort_order": "desc"}).json()["__zia_people_enrichment"]
    assert [job["id"] for job in newest] == made[::-1]
    assert call("GET", params={"status": "FAILED"}).status_code == 204
    for wrong in ({"status": "x"}, {"per_page": 101}, {"page": 0}, {"sort_by": "id"}):
        assert code_of(call("GET", params=wrong))[1:] == ("INVALID_DATA", "top")


@sentence("10 access tokens per refresh token per 10 min", "errors arrive as HTTP 200")
def test_tokens_are_limited_and_errors_are_200(opened: Open) -> None:
    call = opened()
    given = call.refresh().json()
    assert given["expires_in"] == 3600
    assert given["api_domain"] == call.box.url("zoho")
    assert given["token_type"] == "Bearer"
    for name, error in [
        ("client_id", "invalid_client"),
        ("client_secret", "invalid_client_secret"),
        ("refresh_token", "invalid_code"),
    ]:
        wrong = call.refresh(**{name: "x"})
        assert (wrong.status_code, wrong.json()) == (200, {"error": error})
    assert all("access_token" in call.refresh().json() for _ in range(9))
    denied = call.refresh()
    assert (denied.status_code, denied.json()["error"]) == (400, "Access Denied")


def test_expired_token_is_a_401(opened: Open) -> None:
    for seconds in (0.3, 3.0, 30.0):  # on a slow machine a short lifetime ends before the first use
        call = opened(token_seconds=seconds)
        if call.post(ADA).status_code == 202:
            break
    time.sleep(seconds + 0.1)
    assert call.post(ADA).status_code == 401


def test_rate_limit_is_enforced(opened: Open) -> None:
    call = opened(rate=3)
    assert [call.post(ADA).status_code for _ in range(4)][-1] == 429


def test_organization_has_all_fields(opened: Open) -> None:
    found = opened().job({"website": "acme.example"}, kind="org")["enriched_data"]
    assert (found["name"], found["website"]) == ("Acme", "acme.example")
    assert {"head_quarters", "no_of_employees", "techno_graphic_data"} < set(found)
