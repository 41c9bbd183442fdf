"""F29: pages without end, pages in a circle, empty pages, and pages that lose results."""

from typing import Any

import pytest

import enrich_pandas as ep
from tests.faults.judging import counted, enriched, paged, people, proven

JOB = "/people/enrichment-requests/1"
PAGE = f"{JOB}?page[size]=1"
# The link to the next page, and the maximum number of requests for three results.
LINKS = {
    "itself": (f"{PAGE}&page[after]=0", 20),
    "the second, for ever": (f"{PAGE}&page[after]=1", 20),
    "fresh for ever": (f"{PAGE}&page[after]=1&cursor={{n}}", 20),
    "nothing": ("", 20),
    "null": (None, 20),
    "beyond": (f"{PAGE}&page[after]=99", 20),
}


def run(box: Any) -> Any:
    frame, error = enriched(people(), ep.Amplemarket())
    assert error is None
    assert len(box.ledger) == 3
    assert box.requests["method"].eq("POST").sum() == 1
    proven(box, frame)
    return frame


@pytest.mark.parametrize("where", LINKS)
def test_endless_pages_come_to_an_end(where: str) -> None:
    """Results that were read are stored; people on no page are held, not unmatched."""
    link, most = LINKS[where]
    with ep.sandbox(misses=0) as box, paged("page"):
        box.fault("amplemarket", "poll", "edited", edit={"_links.next.href": link}, times=None)
        frame = run(box)
        assert set(counted(frame)) <= {"matched", "held"}
        assert counted(frame)["matched"] >= 1
        assert box.requests["method"].eq("GET").sum() <= most


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("edited", {"edit": {"results": []}}),  # empty, with a next
        ("missing_element", {}),  # shrunk
        ("duplicate_element", {}),
        ("reorder", {}),
        ("edited", {"edit": {"_links.next": None}}),
    ],
)
def test_page_with_one_error_is_read_again(fault: str, options: Any) -> None:
    """With fewer results than leads the job is read again, without cost."""
    with ep.sandbox(misses=0) as box, paged("page"):
        box.fault("amplemarket", "poll", fault, skip=1, **options)
        assert counted(run(box)) == {"matched": 3}


# The list of jobs

ZOHO = "__zia_people_enrichment"


@pytest.mark.parametrize(
    "edit",
    [
        {"info.more_records": True},
        {"info": None},
        {"info.more_records": "yes", f"{ZOHO}.*.created_time": "soon"},
        {ZOHO: [{"id": "1", "status": "RUNNING"}], "info.more_records": True},
    ],
)
def test_endless_list_of_jobs_is_abandoned(edit: Any) -> None:
    """Pages without a new job end the search; the jobs themselves are polled."""
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "list", "edited", edit=edit, times=None)
        frame, error = enriched(people(), ep.Zoho(patience=2.0))
        assert (counted(frame), error) == ({"matched": 3}, None)
        assert len(box.requests) <= 60
        proven(box, frame)


def test_lost_answer_is_held_despite_endless_list() -> None:
    edit = {ZOHO: [{"id": "1", "status": "RUNNING"}], "info.more_records": True}
    with ep.sandbox(misses=0) as box:
        box.fault("zoho", "list", "edited", edit=edit, times=None)
        box.fault("zoho", "submit", "drop_after_accept", times=None)
        frame, _ = enriched(people(), ep.Zoho(settle=0.3))
        assert counted(frame) == {"held": 3}
        assert len(box.requests) <= 60
        proven(box, frame)
