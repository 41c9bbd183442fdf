"""Crustdata's current API for people against docs.crustdata.com."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from enrich_pandas.emulators import Sandbox

Client = Any  # the fixture's
PersonUrl = Callable[..., str]
Open = Callable[..., tuple[Sandbox, Client]]


def test_key_needs_the_bearer_scheme(client: Client, person_url: PersonUrl) -> None:
    answer = client.enrich(person_url(), key="wrong")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "unauthorized"
    assert client.get("/account/credits", "Token sandbox-key").status_code == 401


@pytest.mark.parametrize("version", ["", "2024-11-01"])
def test_version_header_is_required(client: Client, person_url: PersonUrl, version: str) -> None:
    assert client.enrich(person_url(), version=version).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"business_emails": ["ada@example.com"], "professional_network_profile_urls": ["x"]},
        {"business_emails": []},
        {"business_emails": "ada@example.com"},
        {"business_emails": ["ada@example.com"], "fields": ["no_such_section"]},
        {"business_emails": ["ada@example.com"], "field": ["basic_profile"]},
        {"business_emails": ["ada at example.com"]},
        {"business_emails": [f"ada{n}@example.com" for n in range(26)]},
    ],
)
def test_undocumented_body_is_refused(client: Client, body: dict[str, Any]) -> None:
    answer = client.enrich(**body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"type", "message", "metadata"}


def test_one_malformed_url_fails_the_batch(client: Client, person_url: PersonUrl) -> None:
    bad = f"{person_url()}?trk=x"
    answer = client.enrich(*[person_url()] * 24, bad)
    assert answer.status_code == 400
    assert bad in answer.json()["error"]["message"]
    assert client.enrich(*[person_url()] * 25).status_code == 200


def test_matched_on_is_the_input_as_sent(client: Client) -> None:
    sent = [
        "https://www.linkedin.com/in/Ada-Example-1/",
        "http://de.linkedin.com/in/%61da-example-1",
    ]
    assert [element["matched_on"] for element in client.enrich(*sent).json()] == sent


def test_default_answer_has_two_sections(client: Client, person_url: PersonUrl) -> None:
    (element,) = client.enrich(person_url()).json()
    (match,) = element["matches"]
    assert element["match_type"] == "professional_network_profile_url"
    assert match["confidence_score"] == 1.0
    assert set(match["person_data"]) == {"crustdata_person_id", "basic_profile", "social_handles"}


def test_fields_are_sections_and_dotted_paths(client: Client, person_url: PersonUrl) -> None:
    fields = ["basic_profile.summary", "contact", "experience.employment_details.current"]
    (element,) = client.enrich(person_url(), fields=fields).json()
    person = element["matches"][0]["person_data"]
    assert set(person["basic_profile"]) == {"summary"}
    assert set(person["experience"]["employment_details"]) == {"current"}
    assert {"business_emails", "personal_emails", "phone_numbers"} <= set(person["contact"])


@pytest.mark.parametrize("coverage", ["missing", "queued", "unreadable"])
def test_matches_is_empty_for_no_match(
    client: Client, person_url: PersonUrl, coverage: str
) -> None:
    (element,) = client.enrich(person_url(coverage)).json()
    assert element["matches"] == []
    assert "match_status" not in element


def test_redacted_person_has_no_matches(client: Client, person_url: PersonUrl) -> None:
    (element,) = client.enrich(person_url("redacted")).json()
    assert (element["match_status"], element["matches"]) == ("redacted", [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (None, 1),
        (["basic_profile"], 1),
        (["contact.personal_emails"], 3),
        (["contact.phone_numbers"], 3),
        (["contact.business_emails"], 2),
        (["dev_platform_profiles"], 2),
        (["contact", "dev_platform_profiles", "basic_profile"], 7),
    ],
)
def test_prices_follow_the_document(
    client: Client, shared: Sandbox, person_url: PersonUrl, fields: list[str] | None, expected: int
) -> None:
    rich = person_url(phones=True, personal_emails=True, business_emails=True, github=True)
    before = len(shared.ledger)
    answer = client.enrich(rich, person_url("missing"), fields=fields)
    assert answer.headers["x-credits-used"] == str(expected)
    assert shared.ledger["credits"].tolist()[before:] == [expected]


def test_all_spellings_are_one_identity(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    address = "https://www.linkedin.com/in/{}".format
    (first,) = client.enrich(address("ada-spelled-1")).json()
    if not first["matches"]:
        pytest.fail("choose a person with a match")
    client.enrich(address("Ada-Spelled-1/"), address("%61da-spelled-1"))
    client.legacy("http://fr.linkedin.com/in/ADA-SPELLED-1")
    (old,) = client.legacy(address("ada-spelled-1"), preview="false").json()
    client.enrich(old["linkedin_profile_url"])  # the member id
    assert set(shared.ledger["identity"][before:]) == {"ada-spelled-1"}
    assert len(shared.ledger) - before == 6


def test_same_person_by_email_is_another_charge(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    (element,) = client.enrich(business_emails=["Jane.Smith@acme.example"]).json()
    assert element["matched_on"] == "Jane.Smith@acme.example"
    assert element["match_type"] == "business_email"
    (match,) = element["matches"]
    assert match["person_data"]["basic_profile"]["name"] == "Jane Smith"
    assert match["confidence_score"] == 0.95
    handles = match["person_data"]["social_handles"]["professional_network_identifier"]
    (same,) = client.enrich(handles["profile_url"]).json()
    assert same["matches"][0]["person_data"] == match["person_data"]
    charged = shared.ledger["identity"].tolist()[before:]
    assert charged == ["jane.smith@acme.example", handles["slug"]]


def test_match_below_the_threshold_is_free(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    (element,) = client.enrich(
        business_emails=["Jane.Smith@acme.example"], min_similarity_score=0.96
    ).json()
    assert element["matches"] == []
    assert len(shared.ledger) == before


def test_preview_is_free_and_refresh_changes_nothing(
    client: Client, shared: Sandbox, person_url: PersonUrl
) -> None:
    before = len(shared.ledger)
    assert client.enrich(person_url(), preview=True).json()[0]["matches"]
    assert len(shared.ledger) == before
    plain, fresh = (
        client.enrich(person_url(), **flags).json()
        for flags in ({}, {"enrich_realtime": True, "force_fetch": True})
    )
    assert fresh == plain


def test_every_response_has_rate_limit_headers(client: Client, person_url: PersonUrl) -> None:
    for answer in (client.enrich(person_url()), client.enrich(person_url(), version="")):
        assert answer.headers["x-ratelimit-limit"] == "60000"
        assert 0 < int(answer.headers["x-ratelimit-reset"]) <= 60
        assert int(answer.headers["x-ratelimit-remaining"]) < 60000


def test_request_above_the_rate_is_a_429(open_box: Open) -> None:
    box, client = open_box(rate=2, misses=0)
    statuses = [
        client.enrich(f"https://www.linkedin.com/in/ada-rate-{n}").status_code for n in range(3)
    ]
    assert statuses == [200, 200, 429]
    refused = client.legacy("https://www.linkedin.com/in/ada-rate-9")  # one account, one window
    assert refused.status_code == 429
    last = client.enrich("https://www.linkedin.com/in/ada-rate-9")
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert 50 <= int(last.headers["x-ratelimit-reset"]) <= 60
    assert len(box.ledger) == 2


def test_request_above_the_balance_is_a_402(open_box: Open) -> None:
    box, client = open_box(credits=2, misses=0)
    three = [f"https://www.linkedin.com/in/ada-poor-{n}" for n in range(3)]
    answer = client.enrich(*three)
    assert answer.status_code == 402
    assert answer.json()["error"]["type"] == "insufficient_credits"
    assert box.ledger.empty
    assert client.enrich(*three[:2]).status_code == 200
    assert client.get("/account/credits", "Bearer sandbox-key").json() == {"credits": 0.0}
    assert client.legacy(three[2]).status_code == 402


def test_field_types_vary_as_documented(client: Client) -> None:
    urls = [f"https://www.linkedin.com/in/ada-drift-{n}" for n in range(25)]
    people = [
        element["matches"][0]["person_data"]
        for _ in range(4)
        for element in client.enrich(*urls, fields=["experience", "basic_profile"]).json()
        if element["matches"]
    ]
    jobs = [
        job
        for person in people
        for job in person["experience"]["employment_details"]["past"]
        + person["experience"]["employment_details"]["current"]
    ]
    assert {type(job["company_website_domain"]) for job in jobs} == {str, list, type(None)}
    assert {len(job["start_date"] or "") for job in jobs} >= {0, 10, 19}
    assert 0 in {job["crustdata_company_id"] for job in jobs}
    titles = [person["basic_profile"]["current_title"] or "" for person in people]
    assert any(", " in title for title in titles)


def test_invalid_json_is_a_400(client: Client) -> None:
    answer = client.session.post(
        f"{client.base}/person/enrich",
        data=b"{not json",
        headers={"Authorization": "Bearer sandbox-key", "x-api-version": "2025-11-01"},
        timeout=60,
    )
    assert answer.status_code == 400
    assert json.loads(answer.text)["error"]["type"] == "invalid_request"
