"""Faults in Amplemarket's emulator."""

from collections.abc import Callable, Iterator
from typing import Any

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
    ("name", "status"),
    [
        ("unauthorized", 401),
        ("out_of_credits", 402),
        ("malformed", 400),
        ("rate_limited", 429),
        ("server_error", 500),
        ("redirect", 302),
        ("html", 200),
    ],
)
@pytest.mark.parametrize("where", ["submit", "poll", "cancel", "find"])
def test_faults_before_acceptance_apply_to_every_endpoint(
    caller: Open, where: str, name: str, status: int
) -> None:
    call = caller(job_seconds=(60, 60))
    href = call.href(lead(1))
    call.box.fault("amplemarket", where, name, location="http://127.0.0.1/", retry_after=7)
    asks = {
        "submit": lambda: call.start(lead(2)),
        "poll": lambda: call("GET", href),
        "cancel": lambda: call("PATCH", href, json={"status": "canceled"}),
        "find": lambda: call("GET", "/people/find", params=lead(2)),
    }
    faulty = asks[where]()
    assert faulty.status_code == status
    assert call.faults == ["", name]
    assert faulty.headers.get("retry-after") == ("7" if name == "rate_limited" else None)
    assert call.box.ledger.empty
    assert call("GET", href).json()["status"] == "queued"


@pytest.mark.parametrize("name", ["drop_after_accept", "server_error_after_accept", "truncated"])
def test_job_with_a_lost_start_answer_is_charged(caller: Open, name: str) -> None:
    call = caller()
    call.box.fault("amplemarket", "submit", name)
    try:
        assert call.start(lead(1)).status_code == 500
    except OSError:
        assert name != "server_error_after_accept"
    assert call.spent == 0.5
    assert call("GET", f"{BULK}/1").json()["status"] == "completed"


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("missing_element", 2),
        ("duplicate_element", 4),
        ("differing_duplicate", 4),
        ("alien_element", 4),
        ("reorder", 3),
        ("wrong_type", 3),
        ("unknown_field", 3),
    ],
)
@pytest.mark.parametrize("path", [BULK, COMPANIES])
def test_list_faults_change_the_results(caller: Open, path: str, name: str, count: int) -> None:
    call = caller()
    asked = {
        BULK: {"leads": [lead(number) for number in range(3)]},
        COMPANIES: {"companies": [{"domain": f"acme{number}.example"} for number in range(3)]},
    }
    call("POST", path, json=asked[path])
    call.box.fault("amplemarket", "poll", name)
    faulty = call("GET", f"{path}/1").json()["results"]
    sane = call("GET", f"{path}/1").json()["results"]
    assert len(faulty) == count
    assert faulty != sane
    assert len(sane) == 3
    if name == "alien_element":
        assert faulty[0]["result"]["object"] == sane[0]["result"]["object"]


def test_list_fault_waits_for_the_results(caller: Open) -> None:
    call = caller(job_seconds=(60, 60))
    href = call.href(lead(1))
    call.box.fault("amplemarket", "poll", "wrong_type")
    call("GET", href)
    assert call.faults == ["", ""]


def test_fault_with_only_applies_to_matching_jobs(caller: Open) -> None:
    call = caller()
    first, second = call.href(lead(1)), call.href(lead(2))
    call.box.fault("amplemarket", "poll", "server_error", only="person-2-example")
    assert [call("GET", href).status_code for href in (first, second, second)] == [200, 500, 200]
    assert call.box.requests["identities"].tolist() == [1, 1, 0, 0, 0]
