"""F25 to F28, F44 and P28: jobs with odd statuses, odd ends, or no end."""

from collections.abc import Callable
from typing import Any

import pytest

import enrich_pandas as ep
from enrich_pandas.emulators.amplemarket.service import AmplemarketJob, AmplemarketJobs
from tests.conftest import HOUR
from tests.faults.judging import (
    MATCHED,
    Case,
    cases,
    counted,
    enriched,
    harmless,
    judge,
    people,
    proven,
)

ODD = ["ENRICHING", "Done", "", None, 7, ["completed"]]
ZOHO = "__zia_people_enrichment.*"
STATUS = {
    ("amplemarket", "submit"): "status",
    ("amplemarket", "poll"): "status",
    ("zoho", "submit"): f"{ZOHO}.status",
    ("zoho", "list"): f"{ZOHO}.status",
    ("zoho", "poll"): f"{ZOHO}.status",
}
TABLE = [
    *(
        case
        for odd in ODD
        for place, path in STATUS.items()
        for case in harmless("F25", "edited", [place], edit={path: odd}, times=2)
    ),
    # The status "completed" is withdrawn, or comes before the results.
    *harmless("F26", "edited", [("amplemarket", "poll")], edit={"results": []}, times=2),
    *harmless("F26", "edited", [("zoho", "poll")], edit={f"{ZOHO}.status": "RUNNING"}, times=3),
    *harmless("F26", "edited", [("zoho", "list")], edit={f"{ZOHO}.status": "RUNNING"}, times=3),
    # A job that ended otherwise: its results are stored.
    *harmless("F28", "edited", [("amplemarket", "poll")], edit={"status": "error"}),
    *harmless("F28", "edited", [("amplemarket", "poll")], edit={"status": "canceled"}),
]  # fmt: skip
QUICK = [{path: odd} for path in STATUS.values() for odd in ("ENRICHING", None)]
SLOW = [one for one in TABLE if one.number == "F25" and one.options["edit"] not in QUICK]


@cases(TABLE, SLOW)
def test_job_with_odd_status_is_polled_further(case: Case) -> None:
    judge(case)


def test_withdrawn_completion_loses_no_result() -> None:
    """F26: completed without results, then processing, then completed with all."""
    with ep.sandbox(misses=0) as box:
        box.fault("amplemarket", "poll", "edited", edit={"results": []})
        at_work = {"results": [], "status": "processing"}
        box.fault("amplemarket", "poll", "edited", edit=at_work)
        frame, error = enriched(people(), ep.Amplemarket())
        assert (counted(frame), error) == (MATCHED, None)
        assert (len(box.ledger), len(box.requests)) == (3, 4)
        proven(box, frame)


@pytest.mark.slow
def test_canceled_job_stores_its_results() -> None:
    """F28: some of 30 have results; the others failed and need another call."""
    with ep.sandbox(misses=0, job_seconds=(6, 6)) as box:
        soon = [("retry-after", "1")]
        box.fault("amplemarket", "poll", "edited", headers=soon, times=None)
        provider = ep.Amplemarket(patience=2.5, on_late="cancel")
        frame, error = enriched(people([f"p{number}-example" for number in range(30)]), provider)
        found = counted(frame)
        assert error is None
        assert set(found) == {"matched", "failed"}
        assert set(frame.loc[frame["person_status"] == "failed", "person_reason"]) == {"canceled"}
        assert len(box.ledger) == found["matched"]
        assert box.requests["method"].eq("PATCH").sum() == 1
        proven(box, frame)


# Endless jobs

ENDLESS = {
    "amplemarket": lambda: ep.Amplemarket(patience=3.0),
    "zoho": lambda: ep.Zoho(patience=1.0),
}


@pytest.mark.parametrize("vendor", ENDLESS)
def test_endless_job_is_pending_and_not_restarted(vendor: str) -> None:
    """P28 and F27: the call ends after its patience, with few polls."""
    with ep.sandbox(misses=0, job_seconds=(3600, 3600)) as box:
        for _ in range(2):
            frame, error = enriched(people(), ENDLESS[vendor]())
            assert (counted(frame), error) == ({"pending": 3}, None)
            proven(box, frame)
        posts = box.requests["method"].eq("POST") & ~box.requests["path"].str.contains("oauth")
        assert posts.sum() == {"amplemarket": 1, "zoho": 3}[vendor]
        # For two calls: at the vendor's interval; for Zoho five polls of each job and those of the
        # list, with doubling intervals.
        most = {"amplemarket": 2 * 3, "zoho": 2 * 60}[vendor]
        assert (box.requests["method"] == "GET").sum() <= most


# Cancellation


def late() -> Any:
    """Cancel a job that is late."""
    return enriched(people(), ep.Amplemarket(patience=1.0, on_late="cancel"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("answer_instead", {"http": 409, "body": '{"_errors": []}'}),
        ("answer_instead", {"http": 404, "body": '{"_errors": []}'}),
        ("server_error", {}),
        ("drop_before_accept", {}),
        ("drop_after_accept", {}),
        ("html", {}),
    ],
)
def test_failed_cancel_loses_no_result(
    name: str, options: Any, end_jobs: Callable[[], None]
) -> None:
    """F44: the job is still polled, and its results are stored."""
    with ep.sandbox(misses=0, job_seconds=HOUR) as box:
        box.fault("amplemarket", "cancel", name, **options)
        frame, error = late()
        assert box.requests["method"].eq("PATCH").any()
        end_jobs()
        again, _ = enriched(people(), ep.Amplemarket())
        assert error is None
        assert box.requests["method"].eq("POST").sum() <= 2
        assert box.ledger["identity"].is_unique
        proven(box, frame)
        proven(box, again)
        assert counted(again) == MATCHED


def test_late_cancel_changes_nothing(
    end_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """F44: the job ends before the vendor processes the cancellation, which is no error."""
    cancel = AmplemarketJobs.cancel

    def ended_before(jobs: AmplemarketJobs, job: AmplemarketJob) -> None:
        end_jobs()
        cancel(jobs, job)

    monkeypatch.setattr(AmplemarketJobs, "cancel", ended_before)
    with ep.sandbox(misses=0, job_seconds=HOUR) as box:
        frame, error = late()
        assert (counted(frame), error) == (MATCHED, None)
        assert box.requests["method"].eq("PATCH").sum() == 1
        assert len(box.ledger) == 3
        proven(box, frame)
