"""What Zoho refuses, and how its jobs end, as the provider tells it: by real requests."""

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


def said(frame: pd.DataFrame, kind: str) -> list[tuple[str, str]]:
    name = "person" if kind == "people" else "company"
    return sorted(zip(frame[f"{name}_status"], frame[f"{name}_reason"].fillna(""), strict=True))


def struck(code: str, error: type[Exception], remedy: str) -> Any:
    return pytest.param(code, error, remedy, id=code)


@pytest.mark.parametrize("kind", MOSTLY_PEOPLE)
@pytest.mark.parametrize(
    ("code", "error", "remedy"),
    [
        struck("FEATURE_NOT_ENABLED", ep.PermissionDeniedError, "Enable data enrichment"),
        struck("FEATURE_NOT_SUPPORTED", ep.PermissionDeniedError, "Upgrade your edition"),
        struck("NO_PERMISSION", ep.PermissionDeniedError, "administrator"),
        struck("OAUTH_SCOPE_MISMATCH", ep.AuthenticationError, "intelligence.ALL"),
        struck("INVALID_TOKEN", ep.AuthenticationError, "ZOHO_DC"),
        struck("AUTHENTICATION_FAILURE", ep.AuthenticationError, "ZOHO_DC"),
        struck("NOT_ALLOWED", ep.RequestError, "Enrichment Configuration"),
        struck("LIMIT_EXCEEDED", ep.QuotaError, "limit"),
        struck("REQUIRED_PARAM_MISSING", ep.RequestError, "module"),
        struck("INVALID_MODULE", ep.RequestError, "module"),
        struck("API_NOT_SUPPORTED", ep.RequestError, "version"),
    ],
)
def test_what_is_wrong_with_every_row_stops_the_run_unpaid(
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
def test_what_is_wrong_with_one_row_fails_that_row(kind: str, code: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "malformed_unnamed", code=code)
        found = asked(kind, "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 1
    assert said(found, kind) == [("failed", code), ("matched", "")]


@pytest.mark.parametrize(
    "code",
    [
        "FEATURE_NOT_ENABLED",
        "FEATURE_NOT_SUPPORTED",
        "NO_PERMISSION",
    ],
)
def test_what_is_refused_while_a_job_is_read_stops_the_run_and_the_job_is_found_again(
    code: str,
) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "poll", "server_error", code=code)
        with pytest.raises(ep.PermissionDeniedError, match=code):
            asked("people", "zoho")
        found = asked("people", "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 2
        assert box.ledger["identity"].is_unique
    assert said(found, "people") == [("matched", "")] * 2


def test_a_scope_that_may_not_read_is_told_and_its_jobs_are_kept() -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "list", "server_error", code="OAUTH_SCOPE_MISMATCH")
        with pytest.raises(ep.AuthenticationError, match="OAUTH_SCOPE_MISMATCH"):
            asked("people", "zoho")
        found = asked("people", "zoho")
        assert len(box.ledger) == 2
    assert said(found, "people") == [("matched", "")] * 2


@pytest.mark.parametrize("where", ["list", "poll"])
@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR", "TOO_MANY_REQUESTS"])
def test_what_passes_while_jobs_are_looked_at_is_no_loss(where: str, code: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", where, "server_error", code=code)
        found = asked("people", "zoho")
        assert len(box.ledger) == 2
    assert said(found, "people") == [("matched", "")] * 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("FAILED", ("failed", "job_failed")),
        ("DATA_NOT_FOUND", ("not_found", "no_match")),
        ("UPDATED", ("matched", "")),
    ],
)
def test_every_way_that_a_job_ends_is_told_and_booked(
    kind: str, status: str, told: tuple[str, str]
) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "server_error_after_accept", status=status)
        found = asked(kind, "zoho")
        assert len(box.ledger) == ep.runs()["credits"].sum() == 2
    assert said(found, kind) == sorted([("matched", ""), told])


@pytest.mark.parametrize("status", ["SCHEDULED", "RUNNING"])
def test_a_job_that_never_ends_is_pending_and_is_not_paid_again(status: str) -> None:
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "submit", "server_error_after_accept", status=status)
        for _ in range(2):
            found = asked("people", ep.Zoho(patience=1.0))
            assert said(found, "people") == [("matched", ""), ("pending", "at_work")]
            assert len(box.ledger) == 2
