"""The effect of each fault on the client, and its charges in the ledger."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from enrich_pandas.emulators import Sandbox

Client = Any  # the fixture's
Open = Callable[..., tuple[Sandbox, Client]]
URLS = [f"https://www.linkedin.com/in/ada-fault-{number}" for number in range(3)]


@pytest.fixture
def box(open_box: Open) -> Sandbox:
    return open_box(misses=0)[0]


@pytest.fixture
def ask(box: Sandbox, open_box: Open, request: pytest.FixtureRequest) -> Any:
    joined = open_box(url=box.url("crustdata"))[1]
    return joined.legacy if getattr(request, "param", "") == "legacy" else joined.enrich


both = pytest.mark.parametrize("ask", ["current", "legacy"], indirect=True)


def key_of(element: dict[str, Any]) -> str:
    slugs = element.get("query_linkedin_profile_urn_or_slug")
    slug: str = slugs[0] if slugs else element["matched_on"].rpartition("/")[2]
    return slug


def person_of(element: dict[str, Any]) -> dict[str, Any]:
    person: dict[str, Any] = (
        element["matches"][0]["person_data"] if "matches" in element else element
    )
    return person


@both
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("unauthorized", 401),
        ("out_of_credits", 402),
        ("malformed", 400),
        ("malformed_unnamed", 400),
        ("rate_limited", 429),
        ("server_error", 500),
        ("html", 200),
    ],
)
def test_faults_before_acceptance_charge_nothing(
    box: Sandbox, ask: Any, name: str, status: int
) -> None:
    box.fault("crustdata", "submit", name)
    assert ask(*URLS).status_code == status
    assert box.ledger.empty
    assert box.requests["fault"].tolist() == [name]
    assert ask(*URLS).status_code == 200  # a fault applies once by default


@both
def test_malformed_names_the_url_unless_unnamed(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "malformed", only="ada-fault-1", times=None)
    assert URLS[1] in ask(*URLS).text
    assert ask(URLS[0], URLS[2]).status_code == 200
    assert URLS[1] in ask(URLS[1]).text
    box.fault("crustdata", "submit", "malformed_unnamed")
    assert "ada-fault" not in ask(URLS[0]).text


@both
def test_redirect_has_the_given_location(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "redirect", location="http://127.0.0.1:9/elsewhere")
    if "legacy" in ask.__name__:
        with pytest.raises(requests.ConnectionError):
            ask(*URLS)
    else:
        answer = ask(*URLS)
        assert (answer.status_code, answer.headers["location"]) == (
            302,
            "http://127.0.0.1:9/elsewhere",
        )


@both
@pytest.mark.parametrize("pause", [None, 2, -5, "soon"])
def test_rate_limited_sends_retry_after_if_given(box: Sandbox, ask: Any, pause: Any) -> None:
    options = {} if pause is None else {"retry_after": pause}
    box.fault("crustdata", "submit", "rate_limited", **options)
    headers = ask(*URLS).headers
    expected = None if pause is None else str(pause)
    assert headers.get("retry-after") == expected
    assert headers.get("x-ratelimit-reset") == expected


@both
@pytest.mark.parametrize(("name", "charges"), [("drop_before_accept", 0), ("drop_after_accept", 3)])
def test_dropped_connection_has_no_answer(box: Sandbox, ask: Any, name: str, charges: int) -> None:
    box.fault("crustdata", "submit", name)
    with pytest.raises(requests.ConnectionError, match=r"without response|reset"):
        ask(*URLS)
    assert len(box.ledger) == charges
    assert box.requests["status"].isna().tolist() == [True]


@both
def test_truncated_answer_is_shorter_than_announced(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "truncated", at=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="10 bytes read"):
        ask(*URLS)
    assert len(box.ledger) == 3


@both
def test_server_error_after_acceptance_is_charged(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "server_error_after_accept")
    assert ask(*URLS).status_code == 500
    assert len(box.ledger) == 3


@both
def test_slow_answer_is_delayed(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "slow", delay=0.2)
    start = time.perf_counter()
    assert len(ask(*URLS).json()) == 3
    assert time.perf_counter() - start >= 0.2


@both
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reorder", [2, 1, 0]),
        ("missing_element", [1, 2]),
        ("duplicate_element", [0, 1, 2, 0]),
        ("differing_duplicate", [0, 1, 2, 0]),
    ],
)
def test_list_faults_change_the_list(
    box: Sandbox, ask: Any, name: str, expected: list[int]
) -> None:
    box.fault("crustdata", "submit", name)
    elements = ask(*URLS).json()
    assert [key_of(element) for element in elements] == [f"ada-fault-{n}" for n in expected]
    if "duplicate" in name:
        assert (elements[0] == elements[3]) is (name == "duplicate_element")
    assert len(box.ledger) == 3


@both
def test_alien_element_was_not_requested(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "alien_element")
    keys = [key_of(element) for element in ask(*URLS).json()]
    assert len(keys) == 4
    assert "another-person-0" in keys
    assert len(box.ledger) == 3


@both
def test_wrong_type_and_unknown_field_change_one_person(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "wrong_type")
    first, second = ask(*URLS[:2]).json()
    basics = [
        person_of(element).get("basic_profile", person_of(element)) for element in (first, second)
    ]
    assert basics[0]["headline"] == ["a", "list"]
    assert basics[1]["headline"] != ["a", "list"]
    box.fault("crustdata", "submit", "unknown_field")
    assert "introduced_yesterday" in person_of(ask(*URLS).json()[0])


def test_faults_apply_in_order_and_count_times(box: Sandbox, ask: Any) -> None:
    box.fault("crustdata", "submit", "server_error", times=2)
    box.fault("crustdata", "submit", "rate_limited")
    assert [ask(*URLS).status_code for _ in range(4)] == [500, 500, 429, 200]


def test_fault_applies_to_the_balance(box: Sandbox, open_box: Open) -> None:
    client = open_box(url=box.url("crustdata"))[1]
    box.fault("crustdata", "account", "server_error")
    assert client.get("/account/credits", "Bearer sandbox-key").status_code == 500


@pytest.mark.parametrize(
    ("vendor", "where", "name"),
    [
        ("crustdata", "submit", "no_such_fault"),
        ("crustdata", "nowhere", "html"),
        ("unknown", "submit", "html"),
    ],
)
def test_unknown_fault_is_refused(box: Sandbox, vendor: str, where: str, name: str) -> None:
    with pytest.raises(ValueError, match="There is no"):
        box.fault(vendor, where, name)
