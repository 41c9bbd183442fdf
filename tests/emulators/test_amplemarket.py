"""Amplemarket's emulator beyond the document: refusals, companies and a user's table."""

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from tests.emulators.amplemarket_client import BULK, COMPANIES, Caller, lead

Open = Callable[..., Caller]


@pytest.fixture
def caller(open_box: Callable[..., Any]) -> Iterator[Open]:
    callers: list[Caller] = []

    def start(**options: Any) -> Caller:
        callers.append(Caller(open_box(**{"misses": 0, **options})[0]))
        return callers[-1]

    yield start
    for one in callers:
        one.session.close()


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b"{", 400, "unsupported_value", "/"),
        (b"{}", 422, "missing_field", "/"),
        (b'{"leads": []}', 400, "unsupported_value", "/leads"),
        (b'{"leads": [{"email": "a@example.com"}, {}]}', 422, "missing_field", "/leads/1"),
        (b'{"leads": [{"name": "Ada"}]}', 422, "missing_field", "/leads/0"),
        (b'{"leads": [{"company_name": "Acme"}]}', 422, "missing_field", "/leads/0"),
        (b'{"leads": [{"phone": "1"}]}', 400, "unsupported_value", "/leads/0"),
        (b'{"leads": [{"email": null}]}', 400, "unsupported_value", "/leads/0/email"),
        (b'{"leads": [], "reveal_email": "yes"}', 400, "unsupported_value", "/reveal_email"),
        (b'{"leads": [], "webhook": "x"}', 400, "unsupported_value", "/"),
    ],
)
def test_invalid_body_is_refused_with_a_pointer(
    caller: Open, body: bytes, status: int, code: str, pointer: str
) -> None:
    call = caller()
    refused = call("POST", BULK, data=body)
    (error,) = refused.json()["_errors"]
    assert (refused.status_code, error["status"]) == (status, str(status))
    assert (error["code"], error["source"]) == (code, {"pointer": pointer})
    assert call("GET", f"{BULK}/1").status_code == 404
    assert call.box.ledger.empty


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", path) for path in (BULK, COMPANIES)),
        *((method, f"{path}/1") for path in (BULK, COMPANIES) for method in ("GET", "PATCH")),
        *(("GET", path) for path in ("/people/find", "/companies/find")),
    ],
)
@pytest.mark.parametrize("key", ["wrong", ""])
def test_every_endpoint_requires_the_key(caller: Open, method: str, path: str, key: str) -> None:
    refused = caller()(method, path, key=key)
    (error,) = refused.json()["_errors"]
    assert (refused.status_code, error["status"], error["code"]) == (401, "401", "unauthorized")


def test_unknown_job_is_a_404(caller: Open) -> None:
    call = caller()
    call.start(lead(1))
    for path in (f"{BULK}/2", f"{BULK}/x", f"{COMPANIES}/1"):
        for method in ("GET", "PATCH"):
            assert call(method, path, json={"status": "canceled"}).status_code == 404


def test_rate_limit_is_enforced(caller: Open) -> None:
    call = caller(rate=3)
    assert [call.start(lead(n)).status_code for n in range(4)] == [202, 202, 202, 429]
    assert call("GET", f"{BULK}/1").json()["_errors"][0]["status"] == "429"


def test_single_miss_is_a_404_or_451(caller: Open) -> None:
    call = caller(misses=1)
    answers = [call("GET", "/people/find", params=lead(n)) for n in range(60)]
    codes = {(one.status_code, one.json()["_errors"][0]["code"]) for one in answers}
    assert codes == {(404, "person_not_found"), (451, "unavailable_for_legal_reasons")}
    assert call.box.ledger.empty


@pytest.mark.parametrize("params", [{}, {"name": "Ada"}, {"company_name": "Acme"}])
def test_incomplete_lead_is_refused(caller: Open, params: dict[str, str]) -> None:
    refused = caller()("GET", "/people/find", params=params)
    assert refused.status_code == 422
    assert refused.json()["_errors"][0]["code"] == "missing_field"


@pytest.mark.parametrize(
    "asked",
    [
        {"linkedin_url": "https://example.com/ada"},
        {"linkedin_url": "https://www.linkedin.com/company/acme"},
        {"email": "ada at example.com"},
        {"name": "Ada Example", "company_domain": "no domain"},
    ],
)
def test_invalid_identifier_is_not_found(caller: Open, asked: dict[str, str]) -> None:
    call = caller()
    (result,) = call.results(asked)
    assert (result["status"], result["result"]) == ("not_found", None)
    assert call("GET", "/people/find", params=asked).status_code == 404
    assert call.box.ledger.empty


def test_companies_are_found_singly_and_in_bulk(caller: Open) -> None:
    call = caller()
    asked = [
        {"domain": "acme.example"},
        {"linkedin_url": "https://www.linkedin.com/company/globex"},
        {"name": "Initech"},
    ]
    accepted = call("POST", COMPANIES, json={"companies": asked})
    assert (accepted.status_code, accepted.headers["location"]) == (202, f"{COMPANIES}/1")
    job = call("GET", f"{COMPANIES}/1").json()
    assert job["object"] == "company_enrichment"
    by_slug = {one["result"]["linkedin_url"].rpartition("/")[2]: one for one in job["results"]}
    assert by_slug.keys() == {"acme", "globex", "initech"}
    assert by_slug["acme"].keys() == {"id", "status", "result", "domain"}
    assert set(call.box.ledger["identity"]) == by_slug.keys()
    single = call("GET", "/companies/find", params=asked[0]).json()
    assert single == by_slug["acme"]["result"]
    assert call.spent == 1.5


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"companies": []}, 400), ({"companies": [{}]}, 422), ({"leads": [{}]}, 400)],
)
def test_invalid_companies_are_refused(caller: Open, body: Any, status: int) -> None:
    assert caller()("POST", COMPANIES, json=body).status_code == status


def test_missing_company_is_not_found(caller: Open) -> None:
    call = caller(misses=1)
    asked = [{"domain": f"acme-{number}.example"} for number in range(30)]
    call("POST", COMPANIES, json={"companies": asked})
    results = call("GET", f"{COMPANIES}/1").json()["results"]
    assert {one["status"] for one in results} == {"enriched", "not_found"}
    lost = next(one["domain"] for one in results if one["status"] == "not_found")
    assert call("GET", "/companies/find", params={"domain": lost}).status_code == 404
    assert call("GET", "/companies/find").status_code == 422


def test_table_row_is_found_by_each_key(caller: Open) -> None:
    row = {
        "linkedin_url": "https://www.linkedin.com/in/ada-example",
        "email": "ada@pumps.example",
        "name": "Ada Example",
        "title": "CTO",
        "company": "Acme Pumps",
        "company_domain": "pumps.example",
        "phone": "+1 202-555-0100",
    }
    call = caller(people=pd.DataFrame([row]))
    asked: list[dict[str, str]] = [
        {"linkedin_url": row["linkedin_url"]},
        {"email": row["email"]},
        {"name": "ada example", "company_name": "Acme Pumps"},
        {"title": "CTO", "company_domain": "pumps.example"},
    ]
    results = call.results(*asked, reveal_email=True, reveal_phone_numbers=True)
    assert len(results) == 4
    for one in results:
        assert one["result"]["email"] == "ada@pumps.example"
        assert one["result"]["phone_numbers"][0]["number"] == "+1 202-555-0100"
        assert one["result"]["company"]["name"] == "Acme Pumps"
        assert one["result"]["company"]["website"] == "https://www.pumps.example"
    assert call.spent == 2.5
    (miss,) = call.results({"name": "Ada Example", "company_name": "Globex"})
    assert miss["status"] == "not_found"
