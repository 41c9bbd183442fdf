"""Every sentence of Amplemarket's document that states a behaviour, held to its word."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from enrich_pandas.sandbox import Sandbox

BULK = "/people/enrichment-requests"
PERSON = (
    *("id", "object", "linkedin_url", "name", "email", "first_name", "last_name", "gender"),
    *("title", "headline", "about", "current_position_start_date"),
    *("current_position_description", "location", "image_url", "location_details"),
    *("experiences", "educations", "languages", "phone_numbers", "company"),
)
COMPANY = (
    *("id", "object", "name", "linkedin_url", "website", "overview", "logo_url", "founded_year"),
    *("traffic_rank", "sic_codes", "naics_codes", "type", "total_funding"),
    *("latest_funding_stage", "latest_funding_date", "keywords", "estimated_number_of_employees"),
    *("followers", "size", "industry", "location", "location_details", "locations", "is_b2b"),
    *("is_b2c", "technologies", "department_headcount", "job_function_headcount"),
    *("estimated_revenue", "revenue"),
)


def sentence(*texts: str) -> Any:
    """Name the sentences of the document that a test holds the sandbox to."""
    quoted = " … ".join(texts)
    return pytest.mark.parametrize("quoted", [quoted], ids=[quoted[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


class Caller:
    """A client that knows HTTP and nothing of this library."""

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, method: str, path: str, key: str = "sandbox-key", **more: Any) -> Any:
        url = self.box.url("amplemarket") + path
        headers = {"Authorization": f"Bearer {key}"}
        return self.session.request(method, url, headers=headers, timeout=10, **more)

    def start(self, *leads: Any, **more: Any) -> Any:
        return self("POST", BULK, json={"leads": leads, **more})

    def results(self, *leads: Any, **more: Any) -> list[Any]:
        href = self.start(*leads, **more).json()["_links"]["self"]["href"]
        found: list[Any] = self("GET", href).json()["results"]
        return found


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


def lead(number: int) -> dict[str, str]:
    return {"linkedin_url": f"https://www.linkedin.com/in/person-{number}-example"}


@sentence("202 Accepted indicating that the enrichment request will soon be started")
def test_a_start_is_accepted_and_points_to_the_object(opened: Open) -> None:
    started = opened().start(lead(1))
    assert started.status_code == 202
    body = started.json()
    assert started.headers["location"] == body["_links"]["self"]["href"] == f"{BULK}/1"
    assert isinstance(body["id"], int)
    assert (body["object"], body["status"], body["results"]) == ("person_enrichment", "queued", [])


@sentence("Continue polling the endpoint while respecting the Retry-After HTTP Header")
def test_a_job_at_work_says_when_to_ask_again_and_refuses_who_comes_earlier(opened: Open) -> None:
    call = opened(job_seconds=(1.5, 1.5))
    href = call.start(lead(1), lead(2)).json()["_links"]["self"]["href"]
    first = call("GET", href)
    assert first.status_code == 200
    assert first.json()["status"] in ("queued", "processing")
    assert first.headers["retry-after"] == "2"
    assert call("GET", href).status_code == 429
    time.sleep(2)
    last = call("GET", href)
    assert last.json()["status"] == "completed"
    assert "retry-after" not in last.headers


@sentence("enriched: Successfully found and enriched the person")
def test_a_person_is_the_whole_object_and_the_lead_is_echoed(opened: Open) -> None:
    (result,) = opened().results(lead(1))
    assert result["status"] == "enriched"
    assert result["linkedin_url"] == lead(1)["linkedin_url"]
    assert tuple(result["result"]) == PERSON
    assert result["result"]["object"] == "person"
    employers = [opened().results(lead(n))[0]["result"]["company"] for n in range(5)]
    assert tuple(next(filter(None, employers))) == COMPANY


@sentence("The LinkedIn ID used to search for this person (if provided in the request)")
@pytest.mark.parametrize(
    "asked",
    [
        {"email": "Ada.Example@example.com"},
        {"linkedin_id": "ada-example"},
        {"name": "Ada Example", "company_name": "Acme"},
        {"name": "Ada Example", "title": "CTO", "company_domain": "acme.example"},
    ],
)
def test_what_was_provided_comes_back_as_it_was(opened: Open, asked: dict[str, str]) -> None:
    (result,) = opened().results(asked)
    assert {name: result[name] for name in asked} == asked
    assert set(result) == {"id", "status", "result", *asked}


@sentence(
    "not_found: Unable to find a matching person in the database",
    "gdpr_removed: The person data has been removed due to GDPR compliance",
)
def test_misses_are_of_two_kinds_and_cost_nothing(opened: Open) -> None:
    call = opened(misses=1)
    results = call.results(*map(lead, range(60)))
    assert {result["status"] for result in results} == {"not_found", "gdpr_removed"}
    assert all(result["result"] is None for result in results)
    assert call.box.ledger.empty


@sentence(
    "default number of results range from 1 up to 100",
    "If the results are larger than the default limit, then follow _links.next.href",
)
def test_results_come_in_pages(opened: Open) -> None:
    call = opened()
    href = call.start(*map(lead, range(250))).json()["_links"]["self"]["href"]
    pages, echoes = [], []
    while href:
        page = call("GET", href).json()
        pages.append(len(page["results"]))
        echoes += [result["linkedin_url"] for result in page["results"]]
        href = page["_links"].get("next", {}).get("href")
    assert pages == [100, 100, 50]
    assert sorted(echoes) == sorted(lead(n)["linkedin_url"] for n in range(250))
    assert echoes != [lead(n)["linkedin_url"] for n in range(250)]  # in no promised order
    assert page["_links"]["prev"]["href"].startswith(f"{BULK}/1?")
    assert call("GET", page["_links"]["prev"]["href"]).status_code == 200
    assert call("GET", f"{BULK}/1?page[size]=101").status_code == 400


@sentence(
    "You can cancel an enrichment request that's still running by sending a PATCH request",
    "The response will display any available results up until the point ... canceled",
)
def test_a_canceled_job_keeps_and_charges_what_it_had(opened: Open) -> None:
    call = opened(job_seconds=(2, 2), credits=100)
    href = call.start(*map(lead, range(100))).json()["_links"]["self"]["href"]
    time.sleep(1)
    canceled = call("PATCH", href, json={"status": "canceled", "other": 1})
    assert canceled.status_code == 200
    assert canceled.json()["status"] == "canceled"
    had = len(canceled.json()["results"])
    assert 0 < had < 100
    assert len(call.box.ledger) == had
    assert len(call("GET", href).json()["results"]) == had
    assert call.start(*map(lead, range(100, 199))).status_code == 202  # the rest was given back


@sentence('"status" is supported in this request, any other field will be ignored')
def test_a_patch_of_anything_else_is_refused(opened: Open) -> None:
    call = opened(job_seconds=(5, 5))
    href = call.start(lead(1)).json()["_links"]["self"]["href"]
    for body in ({"status": "completed"}, {"title": "x"}, None):
        refused = call("PATCH", href, json=body)
        assert refused.status_code == 400
        assert refused.json()["_errors"][0]["code"] == "unsupported_value"


@sentence("Whether to reveal email addresses ... (consumes additional credits)")
def test_what_is_revealed_costs_more_and_only_once(opened: Open) -> None:
    call = opened()
    assert all(one["result"]["email"] is None for one in call.results(*map(lead, range(40))))
    assert call.box.ledger["credits"].sum() == 20
    more = call.results(*map(lead, range(40)), reveal_email=True, reveal_phone_numbers=True)
    emails = sum(bool(one["result"]["email"]) for one in more)
    phones = sum(bool(one["result"]["phone_numbers"]) for one in more)
    assert 0 < phones < 40
    assert 0 < emails <= 40
    assert call.box.ledger["credits"].sum() == 20 + emails + phones
    call.results(*map(lead, range(40)), reveal_email=True)
    assert call.box.ledger["credits"].sum() == 20 + emails + phones


@sentence("A batch of leads can be sent to the enrichment request service, up to 10,000 leads")
def test_what_cannot_be_asked_is_refused_in_the_vendors_envelope(opened: Open) -> None:
    call = opened()
    for leads, code in [
        ([], "unsupported_value"),
        ([{"name": "Ada"}], "missing_field"),
        ([{"phone": "1"}], "unsupported_value"),
        ([lead(n) for n in range(10_001)], "unsupported_value"),
    ]:
        refused = call.start(*leads)
        (error,) = refused.json()["_errors"]
        assert (refused.status_code, error["status"], error["code"]) == (400, "400", code)
    assert call("POST", BULK, json={}).json()["_errors"][0]["code"] == "missing_field"
    assert call("POST", BULK, data=b"{").status_code == 400
    assert call("GET", f"{BULK}/7").status_code == 404
    assert call("GET", f"{BULK}/1", key="wrong").status_code == 401
    assert call.box.ledger.empty


def test_an_account_that_cannot_pay_starts_nothing(opened: Open) -> None:
    call = opened(credits=1)
    refused = call.start(lead(1), lead(2), lead(3))
    assert refused.status_code == 402
    assert refused.json()["_errors"][0]["code"] == "insufficient_credits"
    assert call.box.ledger.empty


def test_a_job_is_charged_when_nobody_asks_for_it_again(opened: Open) -> None:
    call = opened(job_seconds=(0.2, 0.2))
    call.start(lead(1))
    assert call.box.ledger.empty
    time.sleep(0.5)
    assert call.box.ledger["credits"].tolist() == [0.5]


@sentence("The following endpoint can be used to find a Person on Amplemarket")
def test_a_single_person_is_the_flat_object(opened: Open) -> None:
    call = opened()
    found = call("GET", "/people/find", params=lead(1))
    assert found.status_code == 200
    assert tuple(found.json()) == PERSON
    assert found.json() == call.results(lead(1))[0]["result"]
    assert call("GET", "/people/find").status_code == 400


@sentence("Revealing an email address ... Retry-After header")
def test_a_reveal_takes_its_time(opened: Open) -> None:
    call = opened()
    params = {**lead(1), "reveal_email": "true"}
    first = call("GET", "/people/find", params=params)
    assert (first.status_code, first.headers["retry-after"]) == (202, "1")
    assert call.box.ledger.empty
    assert "email" in call("GET", "/people/find", params=params).json()


def test_a_single_miss_is_a_404_or_a_451(opened: Open) -> None:
    call = opened(misses=1)
    answers = [call("GET", "/people/find", params=lead(n)) for n in range(60)]
    codes = {(one.status_code, one.json()["_errors"][0]["code"]) for one in answers}
    assert codes == {(404, "person_not_found"), (451, "unavailable_for_legal_reasons")}


def test_companies_singly_and_in_bulk(opened: Open) -> None:
    call = opened()
    asked = [{"domain": "acme.example"}, {"linkedin_url": "https://linkedin.com/company/globex"}]
    started = call("POST", "/companies/enrichment-requests", json={"companies": asked})
    assert started.status_code == 202
    job = call("GET", started.json()["_links"]["self"]["href"]).json()
    assert job["object"] == "company_enrichment"
    assert {one["result"]["linkedin_url"].rpartition("/")[2] for one in job["results"]} == {
        "acme",
        "globex",
    }
    single = call("GET", "/companies/find", params=asked[0]).json()
    assert tuple(single) == COMPANY
    assert single in [one["result"] for one in job["results"]]
    assert call("GET", "/companies/enrichment-requests/1").status_code == 200
    assert call("GET", f"{BULK}/1").status_code == 404


def test_the_rate_is_enforced(opened: Open) -> None:
    call = opened(rate=3)
    assert [call.start(lead(n)).status_code for n in range(4)] == [202, 202, 202, 429]


@pytest.mark.parametrize(
    ("fault", "count"), [("missing_element", 2), ("duplicate_element", 4), ("alien_element", 4)]
)
def test_faults_reach_the_results(opened: Open, fault: str, count: int) -> None:
    call = opened()
    call.box.fault("amplemarket", "poll", fault)
    assert len(call.results(*map(lead, range(3)))) == count
