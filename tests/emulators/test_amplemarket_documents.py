"""Amplemarket's emulator against each sentence of the document that states a behavior."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from enrich_pandas.emulators.account import SandboxOptions
from enrich_pandas.emulators.amplemarket.lookup import LeadLookup
from enrich_pandas.emulators.vendor import World
from tests.emulators.amplemarket_client import BULK, Caller, lead

PERSON = {
    **dict.fromkeys(("id", "object", "linkedin_url", "name", "first_name", "last_name"), str),
    **dict.fromkeys(
        ("email", "gender", "title", "headline", "about", "location", "image_url"), str
    ),
    **dict.fromkeys(("current_position_start_date", "current_position_description"), str),
    **dict.fromkeys(("experiences", "educations", "languages", "phone_numbers"), list),
    **dict.fromkeys(("location_details", "company"), dict),
}
COMPANY = {
    **dict.fromkeys(("id", "object", "name", "linkedin_url", "website", "overview"), str),
    **dict.fromkeys(("logo_url", "type", "latest_funding_stage", "latest_funding_date"), str),
    **dict.fromkeys(("size", "industry", "location", "estimated_revenue"), str),
    **dict.fromkeys(("founded_year", "traffic_rank", "total_funding", "followers"), int),
    **dict.fromkeys(("estimated_number_of_employees", "revenue"), int),
    **dict.fromkeys(("sic_codes", "naics_codes", "keywords", "locations", "technologies"), list),
    **dict.fromkeys(("location_details", "department_headcount", "job_function_headcount"), dict),
    **dict.fromkeys(("is_b2b", "is_b2c"), bool),
}
Open = Callable[..., Caller]


def sentence(*texts: str) -> Any:
    """Quote the sentences of the document that a test checks."""
    quoted = " … ".join(texts)
    return pytest.mark.parametrize("quoted", [quoted], ids=[quoted[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


@pytest.fixture
def caller(open_box: Callable[..., Any]) -> Iterator[Open]:
    callers: list[Caller] = []

    def start(**options: Any) -> Caller:
        callers.append(Caller(open_box(**{"misses": 0, **options})[0]))
        return callers[-1]

    yield start
    for one in callers:
        one.session.close()


def found(number: int) -> dict[str, Any]:
    lookup = LeadLookup(World(SandboxOptions(misses=0)))
    return lookup.person(lead(number), email=True, phones=True).found or {}


@sentence("Here is a description of the Person object", "Here is the description of the Company")
@pytest.mark.parametrize(("table", "part"), [(PERSON, None), (COMPANY, "company")])
def test_every_documented_field_has_its_type(table: dict[str, type], part: str | None) -> None:
    people = [found(number) for number in range(60)]
    objects = [one for person in people if (one := person[part] if part else person)]
    assert len(objects) > 40
    for one in objects:
        assert one.keys() == table.keys()
        assert all(value is None or type(value) is table[key] for key, value in one.items())
    for key in table:  # without a value in one object, the type is not checked
        assert any(one[key] not in (None, [], {}) for one in objects), key
    assert {one["object"] for one in objects} == {part or "person"}


@sentence("POST /people/enrichment-requests with a list of leads", "202 Accepted")
def test_start_returns_202_and_the_location(caller: Open) -> None:
    started = caller().start(lead(1))
    assert started.status_code == 202
    assert started.headers["location"] == f"{BULK}/1"
    assert started.json() == {
        "id": 1,
        "object": "person_enrichment",
        "status": "queued",
        "results": [],
        "_links": {"self": {"href": f"{BULK}/1"}},
    }


@sentence("In the response, follow the URL provided in response._links.self.href")
def test_job_without_duration_is_complete_at_first_poll(caller: Open) -> None:
    call = caller()
    answered = call("GET", call.href(lead(1), lead(2)))
    assert answered.status_code == 200
    assert "retry-after" not in answered.headers
    assert answered.json()["status"] == "completed"
    assert len(answered.json()["results"]) == 2
    assert answered.json()["_links"] == {"self": {"href": f"{BULK}/1"}}


@sentence("Retry-After - indicates how long to wait", "200 OK while the operation hasn't yet")
def test_unfinished_job_sends_retry_after(caller: Open) -> None:
    call = caller(job_seconds=(60, 60))
    polled = call("GET", call.href(lead(1)))
    assert (polled.status_code, polled.headers["retry-after"]) == (200, "5")
    assert polled.json()["status"] == "queued"
    assert polled.json()["results"] == []


@sentence("Continue polling the endpoint while respecting the Retry-After HTTP Header")
def test_early_poll_is_answered_and_marked(caller: Open) -> None:
    call = caller(job_seconds=(60, 60))
    first, other = call.href(lead(1)), call.href(lead(2))
    for href in (first, other, first):
        assert call("GET", href).status_code == 200
    call("PATCH", first, json={"status": "canceled"})  # a cancellation is not a poll
    call("GET", first)  # the job has ended, so its results may be read at once
    assert call.faults == ["", "", "", "", "early", "", ""]


@sentence("Continue polling the endpoint while respecting the Retry-After HTTP Header")
@pytest.mark.parametrize("name", ["drop_after_accept", "server_error_after_accept", "truncated"])
def test_poll_after_a_lost_answer_is_not_early(caller: Open, name: str) -> None:
    call = caller(job_seconds=(60, 60))
    href = call.href(lead(1))
    call.box.fault("amplemarket", "poll", name)
    try:
        call("GET", href)
    except OSError:
        assert name != "server_error_after_accept"
    assert call("GET", href).status_code == 200
    assert call.faults[-2:] == [name, ""]


@sentence(
    "enriched: Successfully found and enriched the person",
    "not_found: Unable to find a matching person in the database",
    "gdpr_removed: The person data has been removed due to GDPR compliance",
)
def test_results_have_three_statuses_and_misses_are_free(caller: Open) -> None:
    call = caller(misses=0.6)
    results = call.results(*map(lead, range(100)))
    statuses = [result["status"] for result in results]
    assert set(statuses) == {"enriched", "not_found", "gdpr_removed"}
    assert all((one["result"] is not None) == (one["status"] == "enriched") for one in results)
    assert call.spent == 0.5 * statuses.count("enriched")


@sentence("The email address used to search for this person (if provided in the request)")
@pytest.mark.parametrize(
    "asked",
    [
        {"email": "Ada.Example@example.com"},
        {"linkedin_url": "https://www.linkedin.com/in/Ada-Example-1/"},
        {"linkedin_id": "Ada-Example-1"},
        {"name": "Ada Example", "company_name": "Acme"},
        {"title": "CTO", "company_domain": "acme.example"},
        {"name": "Ada", "title": "", "company_domain": "acme.example", "email": "ada@example.com"},
    ],
)
def test_submitted_lead_is_echoed_unchanged(caller: Open, asked: dict[str, str]) -> None:
    (result,) = caller().results(asked)
    assert result == {"id": 1, "status": "enriched", "result": result["result"], **asked}


@sentence("Company domain (used with name and/or title)", "Full name of the person")
def test_name_and_company_find_a_person(caller: Open) -> None:
    call = caller()
    asked = [
        {"name": "João Silva", "title": "CTO", "company_domain": "acme.example"},
        {"name": "阿部 花子", "company_name": "Globex"},
        {"title": "Head of Sales", "company_name": "Globex"},
    ]
    by_lead = {str(one.get("name")): one["result"] for one in call.results(*asked)}
    assert by_lead["João Silva"]["name"] == "João Silva"
    assert by_lead["João Silva"]["title"] == "CTO"
    assert by_lead["João Silva"]["company"]["website"] == "https://www.acme.example"
    names = [by_lead["阿部 花子"][key] for key in ("name", "first_name", "last_name")]
    assert names == ["阿部 花子", "阿部", "花子"]
    assert by_lead["阿部 花子"]["company"]["name"] == "Globex"
    assert by_lead["None"]["title"] == "Head of Sales"
    assert call.results(asked[0])[0]["result"] == by_lead["João Silva"]


@sentence("A batch of leads can be sent to the enrichment request service, up to 10,000 leads")
def test_more_than_ten_thousand_leads_are_refused(caller: Open) -> None:
    call = caller(misses=1)
    assert call.start(*[{"email": f"a{n}@example.com"} for n in range(10_000)]).status_code == 202
    refused = call.start(*[{"email": f"a{n}@example.com"} for n in range(10_001)])
    assert refused.status_code == 400
    assert refused.json() == {
        "_errors": [
            {
                "status": "400",
                "code": "unsupported_value",
                "title": "Unsupported Value",
                "detail": "The value is not supported: Number of leads exceeds 10000 limit",
                "source": {"pointer": "/leads"},
            }
        ]
    }


@sentence("default number of results range from 1 up to 100", "follow ... _links.next.href")
def test_result_pages_link_in_both_directions(caller: Open) -> None:
    call = caller()
    href: str | None = call.href(*map(lead, range(250)))
    pages: list[Any] = []
    while href:
        page = call("GET", href).json()
        pages.append(page)
        href = page["_links"].get("next", {}).get("href")
    assert [len(one["results"]) for one in pages] == [100, 100, 50]
    assert pages[0]["_links"]["next"]["href"] == f"{BULK}/1?page[size]=100&page[after]=100"
    assert "prev" not in pages[0]["_links"]
    for page, before in zip(pages[1:], pages, strict=False):
        back = call("GET", page["_links"]["prev"]["href"]).json()
        assert back["results"] == before["results"]
    results = [result for one in pages for result in one["results"]]
    assert [one["id"] for one in results] == list(range(1, 251))
    echoes = [one["linkedin_url"] for one in results]
    asked = [lead(number)["linkedin_url"] for number in range(250)]
    assert sorted(echoes) == sorted(asked)
    assert echoes != asked  # the order is not specified


@sentence("GET /people/enrichment-requests/1?page[size]=100&page[after]=2")
def test_page_after_and_before_select_results(caller: Open) -> None:
    call = caller()
    href = call.href(*map(lead, range(6)))
    for query, ids in [
        ("page[size]=100&page[after]=2", [3, 4, 5, 6]),
        ("page[size]=2&page[after]=2", [3, 4]),
        ("page[size]=2&page[before]=5", [3, 4]),
        ("page[size]=2&page[before]=2", [1]),
        ("page%5Bsize%5D=1", [1]),
        ("page[after]=6", []),
        ("page[before]=1", []),
    ]:
        page = call("GET", f"{href}?{query}").json()
        assert [one["id"] for one in page["results"]] == ids, query
    for query in ("page[size]=0", "page[size]=101", "page[size]=x", "page[after]=-1"):
        refused = call("GET", f"{href}?{query}")
        assert refused.status_code == 400
        assert refused.json()["_errors"][0]["source"] == {"parameter": query.partition("=")[0]}


@sentence("You can cancel an enrichment request that's still running", "any other field")
def test_canceled_job_keeps_and_charges_its_results(caller: Open) -> None:
    call = caller(job_seconds=(60, 60))
    href = call.href(*map(lead, range(10)))
    canceled = call("PATCH", href, json={"status": "canceled", "results": 1, "id": 9})
    assert canceled.status_code == 200
    assert canceled.json() == {
        "id": 1,
        "object": "person_enrichment",
        "status": "canceled",
        "results": [],
        "_links": {"self": {"href": href}},
    }
    assert call("GET", href).json() == canceled.json()
    assert call.box.ledger.empty


@sentence('Only "status" is supported in this request')
@pytest.mark.parametrize("body", [b"", b"[]", b'{"status":"completed"}', b'{"title":"canceled"}'])
def test_patch_without_canceled_status_is_refused(caller: Open, body: bytes) -> None:
    call = caller(job_seconds=(60, 60))
    href = call.href(lead(1))
    refused = call("PATCH", href, data=body)
    assert refused.status_code == 400
    assert refused.json()["_errors"][0]["code"] == "unsupported_value"
    assert call("GET", href).json()["status"] == "queued"


@sentence("completed: The enrichment request terminated successfully")
def test_completed_job_is_not_canceled(caller: Open) -> None:
    call = caller()
    href = call.href(lead(1))
    answered = call("PATCH", href, json={"status": "canceled"})
    assert (answered.status_code, answered.json()["status"]) == (200, "completed")
    assert call.spent == 0.5


@sentence("error: The enrichment request terminated with an error; see _errors for more details")
def test_job_with_an_error_keeps_earlier_results(caller: Open) -> None:
    call = caller()
    breaking = {"linkedin_id": "breaks-the-job-1"}
    ended = call("GET", call.href(lead(1), lead(2), breaking, lead(3))).json()
    assert ended["status"] == "error"
    assert ended["_errors"][0]["code"] == "internal_server_error"
    assert len(ended["results"]) == 2
    assert call.spent == 1.0


@sentence("Whether to reveal email addresses ... phone numbers (consumes additional credits)")
def test_revealed_data_is_charged_once(caller: Open) -> None:
    call, leads = caller(), list(map(lead, range(40)))
    plain = call.results(*leads)
    assert not any(one["result"]["email"] or one["result"]["phone_numbers"] for one in plain)
    assert call.spent == 20
    more = call.results(*leads, reveal_email=True, reveal_phone_numbers=True)
    emails = sum(bool(one["result"]["email"]) for one in more)
    phones = sum(bool(one["result"]["phone_numbers"]) for one in more)
    assert 0 < phones < 40
    assert 0 < emails <= 40
    assert call.spent == 20 + emails + phones
    call.results(*leads, reveal_email=True, reveal_phone_numbers=True)
    assert call.spent == 20 + emails + phones


@sentence("The following endpoint can be used to find a Person on Amplemarket")
def test_single_person_is_a_flat_object(caller: Open) -> None:
    call = caller()
    single = call("GET", "/people/find", params=lead(1))
    assert single.status_code == 200
    assert single.json().keys() == PERSON.keys()
    assert call.spent == 0.5
    assert single.json() == call.results(lead(1))[0]["result"]
    assert call.spent == 0.5  # the same person within 24 hours


@sentence("Revealing an email address: Retry-After header", "Revealing phone numbers")
def test_reveal_returns_202_until_ready(caller: Open) -> None:
    call = caller()
    number = next(n for n in range(99) if found(n)["email"] and found(n)["phone_numbers"])
    params = {**lead(number), "reveal_email": "true", "reveal_phone_numbers": "true"}
    first = call("GET", "/people/find", params=params)
    assert (first.status_code, first.headers["retry-after"], first.json()) == (202, "1", {})
    assert call.box.ledger.empty
    revealed = call("GET", "/people/find", params=params)
    assert revealed.json() == found(number)
    assert call.spent == 2.5
    assert call.faults == ["", "early"]
    call("GET", "/people/find", params=params)
    assert call.spent == 2.5


@sentence("Revealing an email address: Retry-After header")
def test_reveal_takes_as_long_as_a_job(caller: Open) -> None:
    call = caller(job_seconds=(3, 3))
    params = {**lead(1), "reveal_email": "true"}
    asked = [call("GET", "/people/find", params=params) for _ in range(2)]
    assert [(one.status_code, one.headers["retry-after"]) for one in asked] == [(202, "3")] * 2
