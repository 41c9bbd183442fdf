"""F45 and F46: removed people, and answers about people that were not requested."""

from typing import Any

import pytest

import enrich_pandas as ep
from tests.faults.judging import SLUGS, counted, enriched, people, proven

RESULT = "results.*"


def removed(box: Any, **options: Any) -> None:
    edit = {f"{RESULT}.status": "gdpr_removed", f"{RESULT}.result": None}
    box.fault("amplemarket", "poll", "edited", edit=edit, **options)


def test_removed_person_is_erased_and_not_requested_again() -> None:
    """F45: the stored answer is erased in the same transaction; the output is empty."""
    with ep.sandbox(misses=0) as box:
        first, _ = enriched(people(), ep.Amplemarket())
        assert counted(first) == {"matched": 3}
        removed(box)
        second, _ = enriched(people(), ep.Amplemarket(), max_age="0D")
        assert counted(second) == {"removed": 3}
        assert second["person_name"].isna().all()
        sent = len(box.requests)
        third, _ = enriched(people(), ep.Amplemarket(), max_age="0D")
        assert (counted(third), len(box.requests)) == ({"removed": 3}, sent)
        assert third["person_name"].isna().all()


@pytest.mark.parametrize("http", [451])
def test_451_for_single_lookup_is_removed(http: int) -> None:
    body = '{"_errors": [{"status": "451", "code": "unavailable_for_legal_reasons"}]}'
    with ep.sandbox(misses=0) as box:
        single = ep.Amplemarket(api="single")
        box.fault("amplemarket", "find", "answer_instead", http=http, body=body, only="p1-example")
        frame, _ = enriched(people(), single)
        assert counted(frame) == {"matched": 2, "removed": 1}
        assert len(box.ledger) == 2
        again, _ = enriched(people(), single)
        assert (counted(again), len(box.ledger)) == ({"matched": 2, "removed": 1}, 2)


ECHOES = {
    "crustdata": ("submit", {"*.matched_on": "https://www.linkedin.com/in/stranger-example"}),
    "screener": ("submit", {"*.query_linkedin_profile_urn_or_slug": ["stranger-example"],
                            "*.linkedin_flagship_url": "linkedin.com/in/stranger-example",
                            "*.linkedin_profile_url": "linkedin.com/in/stranger-example"}),
    "amplemarket": ("poll", {f"{RESULT}.linkedin_url": "linkedin.com/in/stranger-example"}),
    "zoho": ("poll", {"__zia_people_enrichment.*.enrich_based_on":
                      {"social": {"linkedin": "stranger-example"}}}),
}  # fmt: skip


@pytest.mark.parametrize("vendor", ECHOES)
def test_answer_about_strangers_is_not_assigned(vendor: str) -> None:
    """F46: the data of another account; the rows are held, with their cost."""
    where, edit = ECHOES[vendor]
    sandbox = "crustdata" if vendor == "screener" else vendor
    provider = ep.Crustdata(api="screener") if vendor == "screener" else vendor
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox, where, "edited", edit=edit, times=None)
        frame, error = enriched(people(), provider)
        assert (counted(frame), error) == ({"held": 3}, None)
        assert frame["person_name"].isna().all()
        assert len(box.ledger) == len(SLUGS)
        proven(box, frame)
