"""F17 and F31: short-lived tokens that are refused, lost, broken, or expire during a run."""

import time
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.emulators.zoho.service import AccessTokens
from enrich_pandas.providers.zoho.oauth import LIMIT
from tests.faults.judging import Case, cases, counted, enriched, harmless, judge, people, proven

TOKEN = [("zoho", "token")]
LOST = {"http": 500}, {"http": 502, "body": "<html>", "media": "text/html"}, {"http": 503}
BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("edited", {"edit": {"access_token": None}}),
    ("edited", {"edit": {"access_token": 7}}),
    ("edited", {"edit": {"access_token": " "}}),
    ("edited", {"edit": {"": []}}),
    ("edited", {"edit": {"expires_in": "soon"}}),
    ("edited", {"edit": {"expires_in": -5}}),
    ("edited", {"edit": {"expires_in": 1e300}}),
    ("respelled", {"how": "bom"}),
    ("respelled", {"how": "utf16"}),
    ("packed", {"encoding": "gzip"}),
    ("packed", {"encoding": "deflate"}),
]
TABLE = [
    *(case for how in LOST for case in harmless("F5-7", "answer_instead", TOKEN, **how)),
    *(case for name, how in BROKEN for case in harmless("F31", name, TOKEN, **how)),
]


@cases(TABLE, TABLE[4:])
def test_missing_token_is_requested_again(case: Case) -> None:
    judge(case)


REFUSALS = {
    "rate_limited": ep.RateLimitError,  # "Access Denied"
    "unauthorized": ep.AuthenticationError,  # the client
    "out_of_credits": ep.AuthenticationError,  # the refresh token was revoked
}


@pytest.mark.parametrize("http", [None, 200])
@pytest.mark.parametrize("fault", REFUSALS)
def test_refused_token_stops_the_run_after_one_request(fault: str, http: int | None) -> None:
    """F17: also with 200; a later call continues."""
    denied = '{"error": "Access Denied", "status": "failure"}'
    with ep.sandbox(misses=0) as box:
        if http is None:
            box.fault("zoho", "token", fault, times=None)
        else:
            box.fault("zoho", "token", "answer_instead", http=http, body=denied, times=None)
        for call in (1, 2):
            frame, error = enriched(people(), "zoho")
            kind = REFUSALS[fault] if http is None else ep.RateLimitError
            assert isinstance(error, kind)
            assert (counted(frame), len(box.ledger)) == ({"skipped": 3}, 0)
            assert len(box.requests) == call


def test_token_requests_stay_within_the_vendor_limit() -> None:
    """F17: ten in ten minutes, however often the call is repeated without success."""
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "token", "html", times=None)
        for _ in range(5):
            _, error = enriched(people(), "zoho")
        assert isinstance(error, ep.RateLimitError)
        assert len(box.requests) == LIMIT.requests


@pytest.mark.parametrize("skip", [0, 2])
@pytest.mark.parametrize("where", ["submit", "poll", "list"])
def test_token_that_expires_during_run_is_renewed(where: str, skip: int) -> None:
    """F31: at the first and at a later request; a 401 is a refusal and not charged."""
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", where, "unauthorized", skip=skip if where != "list" else 0)
        frame, error = enriched(people(), "zoho")
        assert (counted(frame), error) == ({"matched": 3}, None)
        assert box.requests["path"].eq("/oauth/v2/token").sum() == 2
        assert box.requests["status"].eq(401).sum() == 1
        assert len(box.ledger) == 3
        proven(box, frame)


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("where", ["submit", "poll", "list"])
def test_refused_new_token_stops_the_run(where: str, connections: int) -> None:
    """F31: the new token is refused, too, or equals the old one."""
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", where, "unauthorized", times=None)
        frame, error = enriched(people(), ep.Zoho(connections=connections))
        assert isinstance(error, ep.AuthenticationError)
        assert set(frame["person_status"]) <= {"skipped", "pending"}
        assert box.requests["path"].eq("/oauth/v2/token").sum() == 2
        assert 2 <= box.requests["status"].eq(401).sum() <= 2 * connections
        proven(box, frame)


def test_token_that_cannot_be_renewed_stops_the_run() -> None:
    """F31: accepted rows are pending and not paid for twice."""
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "poll", "unauthorized")
        box.fault("zoho", "token", "out_of_credits", skip=1)
        frame, error = enriched(people(), ep.Zoho(connections=1))
        assert isinstance(error, ep.AuthenticationError)
        assert "pending" in counted(frame)
        proven(box, frame)
        again, _ = enriched(people(), "zoho")
        assert (counted(again), len(box.ledger)) == ({"matched": 3}, 3)
        proven(box, again)


@pytest.mark.parametrize("days", [-1, 1])
def test_wrong_clock_costs_one_token_at_most(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """P27: the token's end is reckoned by the clock here; the vendor has the last word."""
    made = list[AccessTokens]()
    issue = AccessTokens.issue

    def issued(tokens: AccessTokens) -> str | None:
        made.append(tokens)
        return issue(tokens)

    monkeypatch.setattr(AccessTokens, "issue", issued)
    with ep.sandbox(misses=0) as box:
        enriched(people(), "zoho")
        made[0].live.clear()  # the token has ended at the vendor
        real = time.time
        with monkeypatch.context() as patch:
            patch.setattr(time, "time", lambda: real() + days * 86_400)
            frame, error = enriched(people(["p3-example", "p4-example"]), "zoho")
        assert (counted(frame), error) == ({"matched": 2}, None)
        assert box.requests["path"].eq("/oauth/v2/token").sum() == 2
        assert box.ledger["identity"].is_unique
