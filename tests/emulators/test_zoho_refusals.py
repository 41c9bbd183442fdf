"""Zoho's refusals and job statuses, as the provider reports them after real requests."""

from typing import Any

import pandas as pd
import pytest

import enrich_pandas as ep

MAIL = pd.DataFrame({"E-mail": ["p0@example.com", "p1@example.com"]})
SITES = pd.DataFrame({"Website": ["acme.example", "globex.example"]})
KINDS = ("people", "companies")
MOSTLY_PEOPLE = ("people", pytest.param("companies", marks=pytest.mark.slow))  # the same code


def asked(kind: str, provider: Any) -> pd.DataFrame:
    frame = (MAIL if kind == "people" else SITES).enrich
    return getattr(frame, kind)(provider, progress=None)


def outcomes(frame: pd.DataFrame, kind: str) -> list[tuple[str, str]]:
    name = "person" if kind == "people" else "company"
    return sorted(zip(frame[f"{name}_status"], frame[f"{name}_reason"].fillna(""), strict=True))


def refusal(code: str, error: type[Exception], remedy: str) -> Any:
    return pytest.param(code, error, remedy, id=code)


@pytest.mark.parametrize("kind", MOSTLY_PEOPLE)
@pytest.mark.parametrize(
    ("code", "error", "remedy"),
    [
        refusal("FEATURE_NOT_ENABLED", ep.PermissionDeniedError, "Enable data enrichment"),
        refusal("FEATURE_NOT_SUPPORTED", ep.PermissionDeniedError, "Upgrade your edition"),
        refusal("NO_PERMISSION", ep.PermissionDeniedError, "administrator"),
        refusal("OAUTH_SCOPE_MISMATCH", ep.AuthenticationError, "intelligence.ALL"),
        refusal("INVALID_TOKEN", ep.AuthenticationError, "ZOHO_DC"),
        refusal("AUTHENTICATION_FAILURE", ep.AuthenticationError, "ZOHO_DC"),
        refusal("NOT_ALLOWED", ep.RequestError, "Enrichment Configuration"),
        refusal("LIMIT_EXCEEDED", ep.QuotaError, "limit"),
        refusal("REQUIRED_PARAM_MISSING", ep.RequestError, "module"),
        refusal("INVALID_MODULE", ep.RequestError, "module"),
        refusal("API_NOT_SUPPORTED", ep.RequestError, "version"),
    ],
)
def test_account_refusal_stops_the_run_without_charge(
    kind: str, code: str, error: type[Exception], remedy: str
) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "server_error", code=code, times=None)
        with pytest.raises(error, match=code) as caught:
            asked(kind, "zoho")
        assert box.ledger.empty
        assert ep.runs()["credits"].sum() == 0
    assert remedy in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "code",
    [
        "INVALID_DATA",
        "MANDATORY_NOT_FOUND",
        "EXPECTED_FIELD_MISSING",
        "DEPENDENT_FIELD_MISSING",
    ],
)
def test_row_refusal_fails_that_row_only(kind: str, code: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "malformed_unnamed", code=code)
        found = asked(kind, "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 1
    assert outcomes(found, kind) == [("failed", code), ("matched", "")]


@pytest.mark.parametrize(
    "code",
    [
        "FEATURE_NOT_ENABLED",
        "FEATURE_NOT_SUPPORTED",
        "NO_PERMISSION",
    ],
)
def test_refused_poll_stops_and_next_run_finds_jobs(
    code: str,
) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "poll", "server_error", code=code)
        with pytest.raises(ep.PermissionDeniedError, match=code):
            asked("people", "zoho")
        found = asked("people", "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 2
        assert box.ledger["identity"].is_unique
    assert outcomes(found, "people") == [("matched", "")] * 2


def test_missing_read_scope_raises_and_keeps_jobs() -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "list", "server_error", code="OAUTH_SCOPE_MISMATCH")
        with pytest.raises(ep.AuthenticationError, match="OAUTH_SCOPE_MISMATCH"):
            asked("people", "zoho")
        found = asked("people", "zoho")
        assert len(box.ledger) == 2
    assert outcomes(found, "people") == [("matched", "")] * 2


@pytest.mark.parametrize("where", ["list", "poll"])
@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TOO_MANY_REQUESTS"])
def test_temporary_error_while_polling_loses_nothing(where: str, code: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", where, "server_error", code=code)
        found = asked("people", "zoho")
        assert len(box.ledger) == 2
    assert outcomes(found, "people") == [("matched", "")] * 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("FAILED", ("failed", "job_failed")),
        ("DATA_NOT_FOUND", ("not_found", "no_match")),
        ("UPDATED", ("matched", "")),
    ],
)
def test_every_final_job_status_is_reported_and_charged(
    kind: str, status: str, expected: tuple[str, str]
) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "server_error_after_accept", status=status)
        found = asked(kind, "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 2
    assert outcomes(found, kind) == sorted([("matched", ""), expected])


@pytest.mark.parametrize("status", ["SCHEDULED", "RUNNING"])
def test_endless_job_is_pending_and_charged_once(status: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "server_error_after_accept", status=status)
        for _ in range(2):
            found = asked("people", ep.Zoho(patience=1.0))
            assert outcomes(found, "people") == [("matched", ""), ("pending", "at_work")]
            assert len(box.ledger) == 2
