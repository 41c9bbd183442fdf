"""F16 and F18 to F24: an answer arrives that is not the expected one."""

from itertools import product

import pandas as pd
import pytest

import enrich_pandas as ep
from tests.faults.judging import (
    BILLED,
    FREE,
    ONE_LOST,
    PROVIDERS,
    Case,
    cases,
    counted,
    enriched,
    harmless,
    judge,
    lost,
    people,
    proven,
    sandbox_name,
)

# No usable answer

NOTHING = ["[]", "{}", "null", '"ok"', "7", ""]
TABLE = [
    *lost("F16", "html", accepted=False),
    *harmless("F16", "html", FREE),
    *lost("F16", "answer_instead_after_accept", accepted=True, http=200, body="<html>",
          media="text/html"),
    *(case for body in NOTHING for case in (
        *lost("F19", "answer_instead", accepted=False, http=200, body=body),
        *lost("F19", "answer_instead_after_accept", accepted=True, http=200, body=body),
        *harmless("F19", "answer_instead", FREE, http=200, body=body),
    )),
    *harmless("F18", "answer_instead", [("amplemarket", "poll"), *FREE[2:]], http=204),
]  # fmt: skip
QUICK = {"[]"}
SLOW = [
    one
    for one in TABLE
    if one.vendor in ("screener", "single")
    or (one.number == "F19" and one.options["body"] not in QUICK)
    or (one.number == "F19" and one.where in ("list", "token", "page"))
]


@cases(TABLE, SLOW)
def test_missing_answer_is_not_read_as_no_match(case: Case) -> None:
    judge(case)


# Answers with other elements

LISTS = [("crustdata", "submit"), ("screener", "submit"), ("amplemarket", "poll"),
         ("zoho", "poll"), ("zoho", "list")]  # fmt: skip
SEVERAL = LISTS[:3]
ELEMENTS = [
    *harmless("F20", "duplicate_element", LISTS),
    *(Case("F20", *place, "differing_duplicate", ONE_LOST, 3) for place in SEVERAL),
    *(
        Case("F21", *place, "missing_element", ONE_LOST, 3, {"times": 9})
        for place in SEVERAL
    ),
    *harmless("F21", "missing_element", [("amplemarket", "poll"), *LISTS[3:]]),
    *harmless("F22", "reorder", LISTS),
    *harmless("F22", "alien_element", LISTS),
]  # fmt: skip


@cases(ELEMENTS, [one for one in ELEMENTS if one.vendor in ("screener", "zoho")])
def test_answer_is_not_assigned_to_another_row(case: Case) -> None:
    frame = judge(case)
    names = frame.loc[frame["person_status"] == "matched", "person_name"]
    assert not names.str.contains("Somebody", na=False).any()


CASES = ["https://WWW.LinkedIn.com/in/P{n}-Example/", "https://linkedin.com/in/p{n}%2Dexample"]


@pytest.mark.parametrize("spelling", CASES)
@pytest.mark.parametrize("vendor", ["crustdata", "screener", "amplemarket"])
def test_echo_in_other_spelling_matches_its_row(vendor: str, spelling: str) -> None:
    """F22: the vendor chooses the case and the encoding of the slug."""
    where = "poll" if vendor == "amplemarket" else "submit"
    path = {
        "crustdata": "{n}.matched_on",
        "screener": "{n}.query_linkedin_profile_urn_or_slug",
        "amplemarket": "results.{n}.linkedin_url",
    }[vendor]
    with ep.sandbox(misses=0) as box:
        first = people(["p0-example"])
        echo = spelling.format(n=0)
        edit = {path.format(n=0): [echo.rpartition("/in/")[2]] if vendor == "screener" else echo}
        box.fault(sandbox_name(vendor), where, "edited", edit=edit)
        frame, _ = enriched(first, PROVIDERS[vendor]())
        assert counted(frame) == {"matched": 1}
        proven(box, frame)


# Refused because of one identity

PAIRS = list(product(["crustdata", "screener"], ["malformed", "malformed_unnamed"]))


@pytest.mark.parametrize("where", [0, 7, 24])
@pytest.mark.parametrize(("vendor", "fault"), PAIRS)
def test_malformed_identity_of_25_costs_the_others_nothing(
    vendor: str, fault: str, where: int
) -> None:
    """F23: one more request if it is named, else at most 2·⌈log2 25⌉ with the first."""
    slugs = [f"p{number}-example" for number in range(25)]
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox_name(vendor), "submit", fault, only=f"{slugs[where]}", times=None)
        frame, error = enriched(people(slugs), PROVIDERS[vendor]())
        assert (counted(frame), error) == ({"matched": 24, "failed": 1}, None)
        assert frame.loc[where, "person_reason"] == "malformed"
        assert len(box.requests) <= (2 if fault == "malformed" else 10)
        assert len(box.ledger) == 24
        proven(box, frame)


@pytest.mark.parametrize("fault", ["malformed", "malformed_unnamed"])
@pytest.mark.parametrize(("vendor", "where"), [BILLED[2], BILLED[3], BILLED[4]])
def test_malformed_lead_is_not_charged(vendor: str, where: str, fault: str) -> None:
    """F23 at other vendors: a request with one person fails alone; leads fail together."""
    with ep.sandbox(misses=0) as box:
        box.fault(sandbox_name(vendor), where, fault, only="p1-example", times=None)
        frame, error = enriched(people(), PROVIDERS[vendor]())
        charged = 0 if vendor == "amplemarket" else 2
        if vendor == "single" and fault == "malformed_unnamed":
            # It may concern every request: the run stops, and requests in flight are still stored.
            assert isinstance(error, ep.RequestError)
            charged = min(charged, len(box.ledger))
        assert (len(box.ledger), counted(frame).get("matched", 0)) == (charged, charged)
        assert error is None or isinstance(error, ep.RequestError)
        if vendor == "single" and fault == "malformed":
            assert (error, counted(frame)) == (None, {"matched": 2, "failed": 1})
        proven(box, frame)


# Queued elements


def test_queued_rows_are_not_requested_within_the_hour() -> None:
    """F24: a 200 with PE01 and PE03 in its elements; both are free."""
    slugs = [f"p{number}-example" for number in range(60)]
    with ep.sandbox(misses=0.5) as box:
        frame, _ = enriched(people(slugs), ep.Crustdata(api="screener"))
        found, sent = counted(frame), len(box.requests)
        assert found["pending"]
        assert found["not_found"]
        assert len(box.ledger) == found["matched"]
        again, _ = enriched(people(slugs), ep.Crustdata(api="screener"))
        assert (len(box.requests), counted(again)) == (sent, found)
        assert set(again.loc[again["person_status"] == "pending", "person_reason"]) == {"queued"}
        proven(box, again)


def test_queued_rows_are_requested_again_after_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    slugs = [f"p{number}-example" for number in range(60)]
    with ep.sandbox(misses=0.5) as box:
        frame, _ = enriched(people(slugs), ep.Crustdata(api="screener"))
        queued = counted(frame)["pending"]
        sent = len(box.requests)
        now = pd.Timestamp.now("utc").timestamp() + 3601
        monkeypatch.setattr("enrich_pandas.engine.plan.time.time", lambda: now)
        enriched(people(slugs), ep.Crustdata(api="screener"))
        assert queued <= 25
        assert len(box.requests) == sent + 1
        assert box.ledger["identity"].is_unique
