"""Zoho's emulator against each sentence of its three documents that states a behavior.

Sentences that `test_zoho` checks are not repeated. Sentences about the account (data centers,
extension, configuration, editions) are checked if Zoho refuses requests because of them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from enrich_pandas.emulators import Sandbox
from enrich_pandas.emulators.zoho.service import CODES

KEY = "sandbox-key"
ADA = {"email": "ada@example.com"}
KINDS = ("people", "org")
JOB = "1941874000003019000"
FORM = {
    "grant_type": "refresh_token",
    **dict.fromkeys(("refresh_token", "client_id", "client_secret"), KEY),
}


def sentence(*texts: str) -> Any:
    """Quote the sentences of the documents that a test checks."""
    quoted = " … ".join(texts)
    return pytest.mark.parametrize("quoted", [quoted], ids=[quoted[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


both_kinds = pytest.mark.parametrize("kind", KINDS)


class Caller:
    """An HTTP client that does not use this library."""

    def __init__(self, box: Sandbox) -> None:
        self.box, self.base = box, box.url("zoho")
        self.session = requests.Session()
        self.session.trust_env = False
        given = self.session.post(f"{self.base}/oauth/v2/token", data=FORM, timeout=60)
        self.headers = {"Authorization": f"Zoho-oauthtoken {given.json()['access_token']}"}

    def __call__(
        self, method: str, kind: str = "people", path: str = "", version: str = "v8", **more: Any
    ) -> Any:
        url = f"{self.base}/crm/{version}/__zia_{kind}_enrichment{path}"
        headers = {**self.headers, **more.pop("headers", {})}
        return self.session.request(method, url, headers=headers, timeout=60, **more)

    def post(self, based_on: Any, kind: str = "people", version: str = "v8", **params: Any) -> Any:
        body = {f"__zia_{kind}_enrichment": [{"enrich_based_on": based_on}]}
        given = {"module": "Leads", **params}
        return self("POST", kind, version=version, params=given, json=body)

    def scheduled(self, based_on: Any = ADA, kind: str = "people", **more: Any) -> str:
        (item,) = items(self.post(based_on, kind, **more), kind)
        return str(item["details"]["id"])

    def job(self, number: str, kind: str = "people", version: str = "v8") -> Any:
        (item,) = items(self("GET", kind, f"/{number}", version), kind)
        return item

    def listed(self, kind: str = "people", **params: Any) -> list[Any]:
        answer = self("GET", kind, params=params)
        return [] if answer.status_code == 204 else items(answer, kind)


def items(answer: Any, kind: str) -> list[Any]:
    return list(answer.json()[f"__zia_{kind}_enrichment"])


def error_in(answer: Any, kind: str) -> dict[str, Any]:
    """Return the error of an answer, inside the array or at the top."""
    body = answer.json()
    error: dict[str, Any] = body.get(f"__zia_{kind}_enrichment", [body])[0]
    assert set(error) == {"code", "details", "message", "status"}
    assert error["status"] == "error"
    return error


def refusal(answer: Any, kind: str) -> tuple[int, str]:
    return answer.status_code, error_in(answer, kind)["code"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """One sandbox for the tests that do not read the whole list of jobs."""
    with Sandbox(misses=0) as box:
        call = Caller(box)
        yield call
        call.session.close()


Open = Callable[..., Caller]


@pytest.fixture
def opened(open_box: Callable[..., tuple[Sandbox, Any]]) -> Open:
    return lambda **options: Caller(open_box(**{"misses": 0, **options})[0])


# -- creating a job ------------------------------------------------------------------------------


@sentence("{api-domain}/crm/{version}/__zia_people_enrichment", "-X POST", "-X GET")
@both_kinds
def test_both_versions_accept_documented_methods_only(shared: Caller, kind: str) -> None:
    for version in ("v7", "v8"):
        number = shared.scheduled(kind=kind, version=version)
        assert shared.job(number, kind, version)["id"] == number
        assert shared("PUT", kind, version=version).status_code == 405
        assert shared("POST", kind, f"/{number}", version).status_code == 405


@sentence('curl … -d "@input.json" -X POST')
def test_body_is_read_with_any_content_type(shared: Caller) -> None:
    body = '{"__zia_people_enrichment": [{"enrich_based_on": {"email": "ada@example.com"}}]}'
    curl = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = shared("POST", params={"module": "Leads"}, data=body, headers=curl)
    assert posted.status_code == 202


@sentence("module mandatory", 'You have not specified the "module" parameter in the request.')
@both_kinds
def test_missing_module_is_refused(shared: Caller, kind: str) -> None:
    body = {f"__zia_{kind}_enrichment": [{"enrich_based_on": ADA}]}
    refused = shared("POST", kind, json=body)
    assert refusal(refused, kind) == (400, "REQUIRED_PARAM_MISSING")
    assert error_in(refused, kind)["details"] == {"param_name": "module"}


@sentence("The API name of the module is incorrect. … INVALID_DATA HTTP 400")
@both_kinds
@pytest.mark.parametrize("module", ["leads", "Nothing", ""])
def test_unknown_module_is_refused(shared: Caller, kind: str, module: str) -> None:
    refused = shared.post(ADA, kind, module=module)
    assert refusal(refused, kind) == (400, "INVALID_DATA")
    error = error_in(refused, kind)
    assert error["details"] == {"param_name": "module"}
    assert error["message"] == f"The given module is not supported for {kind.title()} Enrichment"


@sentence("record_id optional", "The record ID is invalid. … INVALID_DATA HTTP 400")
@both_kinds
def test_record_id_that_is_not_numeric_is_refused(shared: Caller, kind: str) -> None:
    assert shared.post(ADA, kind, record_id="111111000000075013").status_code == 202
    for wrong in ("x", "", "12a", "-1"):
        refused = shared.post(ADA, kind, record_id=wrong)
        assert refusal(refused, kind) == (400, "INVALID_DATA")
        assert error_in(refused, kind)["details"] == {"param_name": "record_id"}


@sentence("you must provide at least one of the following values in the input")
@pytest.mark.parametrize(
    ("kind", "based_on"),
    [
        ("people", {"email": "ada@example.com"}),
        ("people", {"social": {"twitter": "twitter.com/ada-example"}}),
        ("people", {"social": {"linkedin": "linkedin.com/in/ada-example"}}),
        ("people", {"name": "Ada Example", "company": {"name": "Acme"}}),
        ("people", {"name": "Ada Example", "company": {"website": "www.acme.example"}}),
        ("org", {"name": "Acme"}),
        ("org", {"email": "info@acme.example"}),
        ("org", {"website": "www.acme.example"}),
    ],
)
def test_one_value_is_enough(shared: Caller, kind: str, based_on: Any) -> None:
    job = shared.job(shared.scheduled(based_on, kind), kind)
    assert job["enrich_based_on"] == based_on
    assert job["status"] == "COMPLETED"


@sentence('You have not specified any key in the "enrich_based_on" JSON object.')
@pytest.mark.parametrize(
    ("kind", "names"),
    [("people", ["name", "email", "company", "social"]), ("org", ["name", "email", "website"])],
)
def test_refusal_without_values_names_the_keys(shared: Caller, kind: str, names: list[str]) -> None:
    refused = shared.post({}, kind)
    assert refusal(refused, kind) == (400, "EXPECTED_FIELD_MISSING")
    fields = error_in(refused, kind)["details"]["expected_fields"]
    assert [field["api_name"] for field in fields] == names


@sentence('You have not specified the key "enrich_based_on" in the input.')
@both_kinds
@pytest.mark.parametrize("item", [{}, {"based_on": ADA}, {"enrich_based_on": None}])
def test_missing_enrich_based_on_is_refused(shared: Caller, kind: str, item: Any) -> None:
    array = f"__zia_{kind}_enrichment"
    refused = shared("POST", kind, params={"module": "Leads"}, json={array: [item]})
    assert refusal(refused, kind) == (400, "MANDATORY_NOT_FOUND")
    details = error_in(refused, kind)["details"]
    assert details == {"api_name": "enrich_based_on", "json_path": f"$.{array}[0].enrich_based_on"}


@sentence("the values of these keys must be at least three characters long and only in English")
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("people", ("email",)),
        ("people", ("name",)),
        ("people", ("company", "name")),
        ("people", ("company", "website")),
        ("people", ("social", "facebook")),
        ("org", ("email",)),
        ("org", ("name",)),
        ("org", ("website",)),
    ],
)
def test_short_or_non_ascii_value_is_refused(
    shared: Caller, kind: str, path: tuple[str, ...]
) -> None:
    def posted(value: Any) -> Any:
        inner = {path[-1]: value}
        based_on: Any = {path[0]: inner} if len(path) > 1 else inner
        if "name" in based_on and kind == "people":
            based_on["company"] = {"name": "Acme"}
        if "company" in based_on:
            based_on.setdefault("name", "Ada Example")
        return shared.post(based_on, kind)

    assert posted("abc").status_code == 202
    for wrong in ("ab", "", "äbc", "日本語", 123, None, ["abc"], True):
        refused = posted(wrong)
        assert refusal(refused, kind) == (400, "INVALID_DATA")
        details = error_in(refused, kind)["details"]
        assert details["api_name"] == path[-1]
        assert details["json_path"].endswith(".".join(("enrich_based_on", *path)))


@sentence(
    'The API name of the "name", "email" or "website" keys is incorrect.',
    'Refer to the "details" key for the incorrect keys',
)
@pytest.mark.parametrize(
    ("kind", "based_on", "named"),
    [
        ("people", {"website": "www.acme.example"}, "website"),
        ("people", {"Email": "ada@example.com"}, "Email"),
        ("people", {"social": {"mastodon": "ada@example.com"}}, "mastodon"),
        ("org", {"company": "Acme"}, "company"),
        ("org", {**ADA, "social": {"twitter": "acme"}}, "social"),
    ],
)
def test_incorrect_key_is_named(shared: Caller, kind: str, based_on: Any, named: str) -> None:
    refused = shared.post(based_on, kind)
    assert refusal(refused, kind) == (400, "INVALID_DATA")
    assert error_in(refused, kind)["details"]["api_name"] == named


@sentence(
    '"company" and "name" are dependent fields. You have specified only one of these keys',
    'If you include this key, you must also include either "company" or "website" key.',
)
@pytest.mark.parametrize(
    ("based_on", "dependee", "missing"),
    [
        ({"name": "Ada Example"}, "name", "company"),
        ({"name": "Ada Example", **ADA}, "name", "company"),
        ({"name": "Ada Example", "company": {}}, "name", "company"),
        ({"company": {"name": "Acme"}}, "company", "name"),
        ({"company": {"website": "www.acme.example"}, **ADA}, "company", "name"),
    ],
)
def test_name_and_company_need_each_other(
    shared: Caller, based_on: Any, dependee: str, missing: str
) -> None:
    refused = shared.post(based_on)
    assert refusal(refused, "people") == (400, "DEPENDENT_FIELD_MISSING")
    details = error_in(refused, "people")["details"]
    assert (details["dependee"]["api_name"], details["api_name"]) == (dependee, missing)


@sentence("Sample Input", "Sample Response")
def test_documented_sample_is_accepted(shared: Caller) -> None:
    based_on = {
        "name": "Test",
        "email": "sales@acme.example",
        "company": {"name": "acme", "website": "www.acme.example"},
        "social": {
            "facebook": "facebook.com/acme",
            "linkedin": "linkedin.com/acme",
            "twitter": "twitter.com/acme",
        },
    }
    posted = shared.post(based_on, version="v7")
    (item,) = items(posted, "people")
    assert set(item) == {"code", "details", "message", "status"}
    assert set(item["details"]) == {"id"}
    assert shared.job(item["details"]["id"], version="v7")["enrich_based_on"] == based_on


@sentence("You have created more than the allowed enrichments for your org.")
def test_refused_organization_does_not_use_the_quota(opened: Open) -> None:
    call = opened(credits=1)
    assert call.post({"name": "ab"}, "org").status_code == 400
    assert call.post({"name": "Acme"}, "org").status_code == 202
    refused = call.post({"name": "Acme"}, "org")
    assert refusal(refused, "org") == (400, "LIMIT_EXCEEDED")
    assert set(error_in(refused, "org")["details"]) == {"limit", "limit_due_to"}
    assert len(call.listed("org")) == 1


# -- account refusals ----------------------------------------------------------------------------

ACCOUNT = {  # the document's code: the status that it states
    "FEATURE_NOT_ENABLED": 400,
    "FEATURE_NOT_SUPPORTED": 400,
    "OAUTH_SCOPE_MISMATCH": 401,
    "NO_PERMISSION": 403,
    "INTERNAL_SERVER_ERROR": 500,
}
BODY = {
    "INVALID_DATA": 400,
    "MANDATORY_NOT_FOUND": 400,
    "EXPECTED_FIELD_MISSING": 400,
    "DEPENDENT_FIELD_MISSING": 400,
    "LIMIT_EXCEEDED": 400,
}
CALL = {"REQUIRED_PARAM_MISSING": 400, "NOT_ALLOWED": 400}


@sentence(
    "Data enrichment feature is not enabled for your account.",
    "Data enrichment is not available for your edition of CRM.",
    "You do not have the right scope to access this API.",
    "You do not have the Manage or View Data Enrichment permission to access this feature.",
    "Unhandled and unexpected exception in server.",
)
@both_kinds
@pytest.mark.parametrize(("code", "status"), ACCOUNT.items())
def test_account_refusal_applies_to_every_endpoint(
    shared: Caller, kind: str, code: str, status: int
) -> None:
    number, spent = shared.scheduled(kind=kind), len(shared.box.ledger)
    asks: dict[str, Callable[[], Any]] = {
        "submit": lambda: shared.post(ADA, kind),
        "list": lambda: shared("GET", kind),
        "poll": lambda: shared("GET", kind, f"/{number}"),
    }
    for where, ask in asks.items():
        shared.box.fault("zoho", where, "server_error", code=code)
        refused = ask()
        assert refusal(refused, kind) == (status, code)
        assert "code" in refused.json()  # at the top
        assert error_in(refused, kind)["message"] == CODES[code].message
        assert ask().status_code < 300
    assert len(shared.box.ledger) == spent + 1  # of the request without a fault


@sentence('"email" is not mapped in configuration.', "Possible Errors")
@both_kinds
@pytest.mark.parametrize(("code", "status"), [*BODY.items(), *CALL.items()])
def test_every_other_code_can_be_returned(
    shared: Caller, kind: str, code: str, status: int
) -> None:
    shared.box.fault("zoho", "submit", "malformed_unnamed", code=code)
    refused = shared.post(ADA, kind)
    assert refusal(refused, kind) == (status, code)
    assert (f"__zia_{kind}_enrichment" in refused.json()) is (code in BODY)
    assert error_in(refused, kind)["details"]


# -- reading jobs --------------------------------------------------------------------------------


@sentence('you will get the "id" of the job, "status", "created_time", and "created_by"')
@both_kinds
def test_job_list_has_four_fields(shared: Caller, kind: str) -> None:
    number = shared.scheduled(kind=kind)
    newest = shared.listed(kind)[0]
    assert set(newest) == {"id", "status", "created_time", "created_by"}
    assert newest["id"] == number
    assert set(newest["created_by"]) == {"id", "name"}
    assert newest["created_time"][10::9] == "TZ"  # "2024-07-27T07:12:13Z"


@sentence("you will get the details of the fields that were enriched")
@both_kinds
def test_job_has_the_enriched_data(shared: Caller, kind: str) -> None:
    job = shared.job(shared.scheduled(kind=kind), kind)
    assert set(job) == {"id", "status", "enrich_based_on", "enriched_data"}
    assert job["enriched_data"]["primary_email"]


@sentence("Sample response for a specific people enrichment")
def test_person_has_all_fields_of_the_sample(shared: Caller) -> None:
    found = shared.job(shared.scheduled(version="v7"))["enriched_data"]
    sample = {
        *("website", "email_infos", "gender", "company_info", "last_name", "educations", "skills"),
        *("primary_address_info", "name", "primary_email", "id", "designation", "first_name"),
        *("primary_contact", "social_media"),
    }
    assert sample <= set(found)
    assert {one["type"] for one in found["email_infos"]} <= {"PROFESSIONAL", "PERSONAL"}
    assert set(found["company_info"]) == {"industries", "name", "experiences"}
    parts = {
        "experience": (
            found["company_info"]["experiences"][0],
            {"end_period", "company_name", "title", "primary", "start_period"},
        ),
        "education": (found["educations"][0], {"majors", "school_name", "degrees"}),
        "address": (
            found["primary_address_info"],
            {"continent", "country", "name", "region", "primary"},
        ),
        "media": (found["social_media"][0], {"media_type", "media_url"}),
    }
    assert {name: set(part) for name, (part, _) in parts.items()} == {
        name: keys for name, (_, keys) in parts.items()
    }
    assert found["social_media"][0]["media_type"] == "linkedin.com"


@sentence("page: The default value is 1.", "per_page: The default and the maximum … is 100.")
def test_page_has_100_jobs_by_default(opened: Open) -> None:
    call = opened()
    made = [call.scheduled({"email": f"p{number}@example.com"}) for number in range(103)]
    first = call("GET").json()
    assert first["info"] == {"per_page": 100, "count": 100, "page": 1, "more_records": True}
    rest = call("GET", params={"page": 2}).json()
    assert rest["info"] == {"per_page": 100, "count": 3, "page": 2, "more_records": False}
    ids = [job["id"] for page in (first, rest) for job in page["__zia_people_enrichment"]]
    assert ids == made[::-1]
    beyond = call("GET", params={"page": 3})
    assert (beyond.status_code, beyond.content) == (204, b"")


@sentence("Accepts positive integer values only.")
@both_kinds
@pytest.mark.parametrize("name", ["page", "per_page"])
def test_page_that_is_not_positive_is_refused(shared: Caller, kind: str, name: str) -> None:
    shared.scheduled(kind=kind)
    assert shared("GET", kind, params={name: 1}).status_code == 200
    for wrong in ("0", "-1", "1.5", "x", ""):
        refused = shared("GET", kind, params={name: wrong})
        assert refusal(refused, kind) == (400, "INVALID_DATA")
        assert error_in(refused, kind)["details"] == {"param_name": name}


@sentence(
    "You can only sort by the created time.",
    "The possible values for this parameter are asc and desc.",
    'The value for the "status" parameter is incorrect.',
)
@both_kinds
@pytest.mark.parametrize(
    ("name", "wrong", "values"),
    [
        ("sort_by", "id", {"created_time"}),
        ("sort_order", "up", {"asc", "desc"}),
        ("status", "DONE", {"COMPLETED", "SCHEDULED", "FAILED", "DATA_NOT_FOUND"}),
    ],
)
def test_wrong_parameter_names_the_supported_values(
    shared: Caller, kind: str, name: str, wrong: str, values: set[str]
) -> None:
    refused = shared("GET", kind, params={name: wrong})
    assert refusal(refused, kind) == (400, "INVALID_DATA")
    details = error_in(refused, kind)["details"]
    assert details["param"] == name
    assert values <= set(details["supported_values"])


@sentence("The possible values are COMPLETED, SCHEDULED, FAILED, and DATA_NOT_FOUND.")
@both_kinds
def test_job_list_is_filtered_by_status(opened: Open, kind: str) -> None:
    call = opened()
    made = {"COMPLETED": call.scheduled(kind=kind)}
    for status in ("SCHEDULED", "RUNNING", "FAILED", "DATA_NOT_FOUND", "UPDATED"):
        call.box.fault("zoho", "submit", "server_error_after_accept", status=status)
        made[status] = call.scheduled(kind=kind)
    for status, number in made.items():
        assert [job["id"] for job in call.listed(kind, status=status)] == [number]
        job = call.job(number, kind)
        assert job["status"] == status
        assert (job["enriched_data"] is not None) is (status in ("COMPLETED", "UPDATED"))
    assert len(call.box.ledger) == len(made)  # each was accepted


@sentence("There is no data enrichment created for your org. … NO_CONTENT HTTP 204")
@both_kinds
def test_missing_job_is_a_204(opened: Open, kind: str) -> None:
    call = opened()
    call.scheduled(kind="org" if kind == "people" else "people")
    for path in ("", f"/{JOB[:-1]}9", "/not-a-number"):
        gone = call("GET", kind, path)
        assert (gone.status_code, gone.content) == (204, b"")
