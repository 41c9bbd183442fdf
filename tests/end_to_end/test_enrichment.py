"""People, end to end: the public API and the sandbox, checked by the sandbox's ledger."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import pytest_socket
from hypothesis import HealthCheck, given, settings, strategies as st

import enrich_pandas as ep
from tests.conftest import asked
from tests.frame.spellings import SPELLINGS

ROW = ["person_status", "person_reason", "person_provider", "person_fetched_at"]


def profiles(count, start=0):
    return [f"https://www.linkedin.com/in/p{n}-example" for n in range(start, start + count)]


def enrich(frame, provider="crustdata", **options):
    return frame.enrich.people(provider, progress=None, **options)


@pytest.fixture
def leads():
    return pd.DataFrame({"LinkedIn": profiles(30) + profiles(5), "note": range(35)})


def test_result_has_the_same_rows_and_new_columns(box, leads):
    people = enrich(leads)
    pd.testing.assert_frame_equal(people[leads.columns], leads)
    assert list(people.columns[2:6]) == ROW
    assert people["person_status"].eq("matched").all()
    assert box.ledger["credits"].sum() == 30


def test_stored_answers_are_not_requested_again(box, leads):
    enrich(leads)
    enrich(leads)
    enrich(leads, layout="nested")
    enrich(leads, layout="tables")
    enrich(leads.assign(note="edited"))
    enrich(leads.sample(frac=1, random_state=1))
    assert box.ledger.groupby("identity")["credits"].sum().eq(1).all()
    assert asked(box) == 2


def test_new_process_uses_stored_answers(tmp_path):
    journal = tmp_path / "journal.sqlite"
    script = f"""
import pandas as pd, enrich_pandas as ep, sys
leads = pd.DataFrame({{"LinkedIn": {profiles(10)!r}}})
with ep.sandbox(misses=0, journal={str(journal)!r}) as box:
    people = leads.enrich.people("crustdata", progress=None)
    assert (people.person_status == "matched").all()
    print(box.ledger.credits.sum(), len(box.requests))
"""
    runs = [
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert [float(spent) for spent, _ in runs] == [10, 0]
    assert [int(requests) for _, requests in runs] == [1, 0]


def test_forty_spellings_are_requested_once(box):
    assert len(SPELLINGS) == 40
    people = enrich(pd.DataFrame({"LinkedIn": SPELLINGS}))
    assert len(box.requests) == 1
    assert box.ledger["credits"].tolist() == [1]
    assert len(people.drop(columns="LinkedIn").drop_duplicates()) == 1
    assert people["person_status"].eq("matched").all()


INDEXES = {
    "duplicate": pd.Index(["a", "a", "b", "b", "a", "c"]),
    "multi": pd.MultiIndex.from_product([["x", "y"], [1, 2, 2]], names=["k", "n"]),
    "zoned": pd.date_range("2024-10-27", periods=6, freq="h", tz="Europe/Paris"),
    "range": pd.RangeIndex(12, 0, -2),
}
DTYPES = ["object", "string", "string[pyarrow]", "category"]


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
@pytest.mark.parametrize("dtype", DTYPES)
def test_any_index_and_text_dtype_is_preserved(box, index, dtype):
    urls = pd.Series([*profiles(4), "n/a", None], dtype=dtype).array
    frame = pd.DataFrame({"LinkedIn": urls, "a": range(6)}, index=index)
    before = frame.copy(deep=True)
    people = enrich(frame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_index_equal(people.index, index, exact=True)
    pd.testing.assert_frame_equal(people[["LinkedIn", "a"]], before)
    assert people["person_status"].tolist() == ["matched"] * 4 + ["invalid"] * 2
    reasons = people["person_reason"].tolist()
    assert reasons[4:] == ["linkedin_url:placeholder", "no_identifier"]


def test_frame_without_rows_has_the_same_columns(box, leads):
    empty = enrich(leads.iloc[:0])
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == enrich(leads).dtypes.to_dict()
    assert asked(box) == 2


def test_plan_needs_no_network_and_is_the_maximum(box, leads):
    pytest_socket.disable_socket()
    try:
        plan = leads.enrich.plan("crustdata")
    finally:
        pytest_socket.enable_socket()
    assert (plan.requests, plan.credits) == (2, 30)
    enrich(leads)
    assert box.ledger["credits"].sum() == plan.credits
    assert leads.enrich.plan("crustdata").credits == 0


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 60), max_size=60), st.floats(0, 1))
def test_plan_is_never_below_the_ledger(numbers, misses):
    frame = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/q{n}-example" for n in numbers]})
    frame["LinkedIn"] = frame["LinkedIn"].astype("object")
    with ep.sandbox(misses=misses) as box:
        plan = ep.plan(frame, on={"linkedin_url": "LinkedIn"})
        people = ep.people(frame, on={"linkedin_url": "LinkedIn"}, progress=None)
        assert box.ledger["credits"].sum() <= plan.credits
        assert asked(box) == plan.requests == -(-len(set(numbers)) // 25)
        assert box.ledger["credits"].sum() == ep.runs()["credits"].sum()
    assert people["person_status"].isin(["matched", "not_found", "removed", "held"]).all()


FAULTS = ["reorder", "missing_element", "duplicate_element", "alien_element", "differing_duplicate"]


def names(people):
    return dict(zip(people["LinkedIn"], people["person_name"], strict=True))


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
@pytest.mark.parametrize("fault", FAULTS)
def test_disordered_answer_never_reaches_another_row(box, fault, api):
    frame = pd.DataFrame({"LinkedIn": profiles(25)})
    provider = ep.Crustdata(api=api)
    with ep.sandbox(misses=0):  # with the same seed and therefore the same people
        truth = names(enrich(frame, provider))
    box.fault("crustdata", "submit", fault)
    people = enrich(frame, provider)
    for _, row in people.iterrows():
        if row["person_status"] == "matched":
            assert row["person_name"] == truth[row["LinkedIn"]]
    unproven = people["person_status"].ne("matched")
    assert unproven.sum() == {"missing_element": 1, "differing_duplicate": 1}.get(fault, 0)


def test_missing_key_raises_before_any_request(leads):
    with pytest.raises(ep.CredentialError) as caught:
        enrich(leads)
    assert "CRUSTDATA_API_KEY" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


def test_wrong_key_stops_at_the_first_answers(box):
    frame = pd.DataFrame({"LinkedIn": profiles(2000)})
    with pytest.raises(ep.AuthenticationError) as caught:
        enrich(frame, ep.Crustdata(api_key="wrong-key", connections=4))
    assert len(box.requests) <= 1 + 4  # the first request checks the balance
    assert len(box.ledger) == 0
    assert len(str(caught.value).splitlines()) == 3
    assert "wrong-key" not in repr(caught.value) + str(caught.value)
    assert caught.value.result["person_status"].eq("skipped").all()


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
def test_run_out_of_credits_keeps_its_answers(api):
    frame = pd.DataFrame({"LinkedIn": profiles(500)})
    with ep.sandbox(misses=0, credits=160) as box:
        with (
            pytest.warns(UserWarning, match="160 credits are left"),
            pytest.raises(ep.QuotaError) as caught,
        ):
            enrich(frame, ep.Crustdata(api=api, connections=1))
        statuses = caught.value.result["person_status"].value_counts()
        price = 1 if api == "2025-11-01" else 3
        assert statuses["matched"] * price == box.ledger["credits"].sum() > 0
        assert statuses["skipped"] + statuses["matched"] == 500
        assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
@pytest.mark.parametrize("fault", ["malformed", "malformed_unnamed"])
def test_one_malformed_url_fails_alone(box, api, fault):
    box.fault("crustdata", "submit", fault, times=None, only="p7-example")
    people = enrich(pd.DataFrame({"LinkedIn": profiles(25)}), ep.Crustdata(api=api))
    assert people["person_status"].value_counts().to_dict() == {"matched": 24, "failed": 1}
    assert people["person_status"].iloc[7] == "failed"
    assert box.ledger["identity"].is_unique
    assert len(box.ledger) == 24
    assert len(box.requests) <= (2 if fault == "malformed" else 10)


@pytest.mark.parametrize(
    "fault", ["drop_after_accept", "drop_before_accept", "html", "server_error"]
)
def test_lost_answer_is_held_and_not_bought_again(box, fault):
    frame = pd.DataFrame({"LinkedIn": profiles(25)})
    box.fault("crustdata", "submit", fault)
    people = enrich(frame)
    assert people["person_status"].eq("held").all()
    assert ep.runs()["credits_held"].iloc[0] == 25
    assert enrich(frame)["person_status"].eq("held").all()
    assert len(box.requests) == 1


def test_truncated_answer_keeps_its_complete_elements(box):
    frame = pd.DataFrame({"LinkedIn": profiles(25)})
    box.fault("crustdata", "submit", "truncated", at=20_000)
    people = enrich(frame)
    assert set(people["person_status"]) == {"matched", "held"}
    assert enrich(frame)["person_status"].tolist() == people["person_status"].tolist()
    assert len(box.requests) == 1


def test_tables_are_linked_by_position(box, leads):
    tables = enrich(leads, layout="tables")
    assert tables["people"]["person_row"].tolist() == list(range(35))
    experiences = tables["experiences"]
    counted = experiences.groupby("person_row").size().reindex(range(35), fill_value=0)
    wide = enrich(leads)["person_experience_count"]
    assert counted.tolist() == wide.tolist()
    assert asked(box) == 2


def test_enriching_a_result_replaces_its_columns(box, leads):
    once = enrich(leads)
    pd.testing.assert_frame_equal(enrich(once), once)
    fewer = enrich(once, max_items=1)
    assert "person_email_2" not in fewer
    assert asked(box) == 2


def test_existing_column_name_raises_before_spending(box, leads):
    with pytest.raises(ep.InputError, match="person_name"):
        enrich(leads.assign(person_name="mine"))
    assert len(box.requests) == 0


def test_where_skips_the_other_rows(box, leads):
    people = enrich(leads, where=leads["note"] < 3)
    assert people["person_status"].value_counts().to_dict() == {"skipped": 32, "matched": 3}
    assert len(box.ledger) == 3


def test_budget_is_never_exceeded(box, leads):
    people = enrich(leads, budget=7)
    assert box.ledger["credits"].sum() == 7
    bought = people.drop_duplicates("LinkedIn")["person_status"].value_counts()
    assert bought.to_dict() == {"matched": 7, "skipped": 23}


def test_large_live_call_without_a_budget_raises(leads, monkeypatch):
    monkeypatch.setenv("CRUSTDATA_API_KEY", "made-up")
    monkeypatch.setattr(ep.options, "confirm_above", 20)
    with pytest.raises(ep.BudgetError) as caught:
        enrich(leads)
    assert caught.value.plan.credits == 30


def test_handle_is_returned_immediately(leads):
    with ep.sandbox(misses=0, latency=0.3):
        handle = enrich(leads, wait=False)
        assert handle.result()["person_status"].eq("pending").all()
        assert handle.wait()["person_status"].eq("matched").all()


def test_function_equals_the_accessor(box, leads):
    pd.testing.assert_frame_equal(ep.people(leads, progress=None), enrich(leads))


def test_rows_are_matched_by_position_not_label(box):
    frame = pd.DataFrame({"LinkedIn": profiles(10)}, index=np.zeros(10, dtype=int))
    alone = [enrich(frame.iloc[[n]])["person_name"].iloc[0] for n in range(10)]
    assert enrich(frame)["person_name"].tolist() == alone


def test_invalid_arguments_raise_before_spending(box, leads):
    for wrong in (
        {"layout": "long"}, {"fields": ["nmae"]}, {"max_items": -1}, {"max_age": "soon"},
        {"errors": "ignore"}, {"progress": "confetti"}, {"budget": -1}, {"prefix": 5},
        {"prefix": "\ud800"},
    ):  # fmt: skip
        with pytest.raises(ep.ConfigurationError):
            leads.enrich.people("crustdata", **{"progress": None, **wrong})
    with pytest.raises(ep.ProviderNotFoundError, match="crustdata"):
        enrich(leads, "crustdta")
    assert len(box.requests) == 0
