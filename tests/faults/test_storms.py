"""P10, P11 and F32: a fatal answer stops the run; constant refusals cause few retries."""

import time
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.engine.sender import ATTEMPTS, IN_VAIN, MORE_RETRIES, RETRIES
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.base import RateLimit
from tests.faults.judging import counted, enriched, people, proven, sandbox_name

WORKERS = 8
# One row per request, if the vendor allows it: many requests for few people.
ONE_BY_ONE = {
    "crustdata": lambda: ep.Crustdata(rate=RateLimit(10**6, 1), connections=WORKERS),
    "screener": lambda: ep.Crustdata(api="screener", rate=RateLimit(10**6, 1), connections=WORKERS),
    "amplemarket": lambda: ep.Amplemarket(rows_at_risk=1, connections=WORKERS),
    "zoho": lambda: ep.Zoho(connections=WORKERS),
}
ROWS = {"crustdata": 25 * 40, "screener": 25 * 40, "amplemarket": 40, "zoho": 40}
JSON = '{"error": "no", "message": "no"}'
FATAL = {401: ep.AuthenticationError, 402: ep.QuotaError, 403: ep.PermissionDeniedError}


def rows(vendor: str) -> Any:
    return people([f"p{number}-example" for number in range(ROWS[vendor])])


def is_billed(requests: Any) -> Any:
    is_submit = requests["method"].eq("POST") | requests["path"].str.startswith("/screener")
    return is_submit & ~requests["path"].str.contains("oauth")


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 12])
@pytest.mark.parametrize("status", FATAL)
@pytest.mark.parametrize("vendor", ONE_BY_ONE)
def test_fatal_answer_to_any_request_stops_the_run(vendor: str, status: int, k: int) -> None:
    """P10: at request k, with 8 connections; the vendor would answer all others."""
    with ep.sandbox(misses=0, latency=0.3, process=True) as box:
        if vendor == "zoho" and status == 401:
            box.fault("zoho", "submit", "unauthorized", skip=k - 1, times=2)
        else:
            name = sandbox_name(vendor)
            box.fault(name, "submit", "answer_instead", skip=k - 1, http=status, body=JSON)
        frame, error = enriched(rows(vendor), ONE_BY_ONE[vendor]())
        time.sleep(0.4)
        sent = box.requests[is_billed(box.requests)].reset_index(drop=True)
        if vendor == "zoho" and status == 401:  # a new token allows one more request
            assert error is None or isinstance(error, ep.AuthenticationError)
        else:
            assert isinstance(error, FATAL[status])
            struck = sent.index[sent["status"] == status][0]
            assert len(sent) - struck - 1 <= 2 * (WORKERS - 1)  # in flight, or started meanwhile
            assert counted(frame)["skipped"]
        proven(box, frame)


STORMS = [
    {"http": 429},
    {"http": 503, "body": JSON},
    {"http": 503, "headers": [("retry-after", "1")]},
]


@pytest.mark.parametrize("how", STORMS)
@pytest.mark.parametrize(
    "vendor",
    [*(pytest.param(one, marks=pytest.mark.slow) for one in ("screener", "amplemarket", "zoho")),
     "crustdata"],
)  # fmt: skip
def test_constant_refusals_end_the_run_after_few_retries(vendor: str, how: dict[str, Any]) -> None:
    """P11: few requests are retried, and the run ends after some failures."""
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox_name(vendor), "submit", "answer_instead", times=None, **how)
        frame, error = enriched(rows(vendor), ONE_BY_ONE[vendor]())
        assert isinstance(error, ep.RateLimitError | ep.UnavailableError)
        sent = is_billed(box.requests).sum()
        # The requests that ended the run, and those that were in flight or waiting then.
        assert sent <= RETRIES + (1 + MORE_RETRIES) * (IN_VAIN + 2 * WORKERS)
        assert box.ledger.empty
        assert set(frame["person_status"]) <= {"pending", "skipped", "failed"}


@pytest.mark.parametrize("how", [STORMS[0], STORMS[1], {"http": 502, "body": "<html>"}])
def test_refused_polls_are_as_rare_as_others(
    monkeypatch: pytest.MonkeyPatch, how: dict[str, Any]
) -> None:
    """P11 and P28 for free requests: until the patience ends, with three attempts each."""
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.5)
    with ep.sandbox(misses=0) as box:
        box.fault("amplemarket", "poll", "answer_instead", times=None, **how)
        frame, error = enriched(people(), ep.Amplemarket(patience=1.6))
        assert (counted(frame), error) == ({"pending": 3}, None)
        assert box.requests["method"].eq("GET").sum() <= ATTEMPTS * 3
        assert len(box.ledger) == 3
        proven(box, frame)
