import itertools
import stat

import pytest

import enrich_pandas as ep
from enrich_pandas.doctor import live
from enrich_pandas.doctor.findings import read_checks
from enrich_pandas.doctor.live import LiveCheck, Subject
from enrich_pandas.engine.context import current_environment, journal_path

EMAIL = "ada@example.com"


def verdicts(findings):
    return {name: one.verdict for name, one in findings.items()}


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
def test_account_with_a_balance_proves_what_holds(box, checked, api):
    check, findings, _ = checked(ep.Crustdata(api=api))
    assert verdicts(findings) == {
        "miss": "holds",
        "refusal": "holds",
        "price": "holds",
        "again": "not tested",
    }
    assert not check.stopped
    assert check.credits_spent == check.credits_counted == box.ledger["credits"].sum() > 0
    assert check.credits_spent <= check.credits_max


def test_vendor_with_jobs_proves_what_holds(box, checked):
    check, findings, _ = checked(ep.Zoho())
    assert findings["listed"].verdict == "holds"
    assert findings["english"].verdict == "holds"
    assert "status 200" in findings["again"].evidence
    assert check.credits_spent == check.credits_counted == box.ledger["credits"].sum() > 0


def test_refusal_is_not_tested_without_a_balance(box, checked):
    box.fault("crustdata", "account", "server_error", times=None)
    check, findings, _ = checked(ep.Crustdata())
    assert set(verdicts(findings).values()) == {"not tested"}
    assert not check.stopped
    assert 400 not in box.requests["status"].tolist()


def test_only_the_made_up_identity_is_requested_by_default(box, checked):
    check, findings, _ = checked(ep.Crustdata(), chosen=None)
    assert findings["price"].verdict == "not tested"
    assert findings["miss"].verdict == "holds"
    assert check.identity == ""
    assert box.ledger.empty


def test_charge_for_a_miss_and_a_refusal_is_found(checked, monkeypatch):
    balances = itertools.count(100, -2)
    monkeypatch.setattr(live, "read_balance", lambda *_: float(next(balances)))
    check, findings, _ = checked(ep.Crustdata())
    assert findings["miss"].verdict == findings["refusal"].verdict == "does not hold"
    assert findings["price"].verdict == "does not hold"
    assert "balance 100 → 98; the library counts 0" in findings["miss"].evidence
    assert check.count("does not hold") == 3


def test_charge_for_fetching_a_job_again_is_found(checked, monkeypatch):
    balances = iter([10.0, 9.0, 9.0, 8.0, 7.0, 7.0])
    monkeypatch.setattr(live, "read_balance", lambda *_: next(balances))
    _, findings, _ = checked(ep.Zoho())
    assert verdicts(findings) == {
        "miss": "holds",
        "refusal": "holds",
        "price": "holds",
        "again": "does not hold",
        "listed": "holds",
        "english": "holds",
    }


def test_job_missing_from_the_list_is_not_tested(box, checked, monkeypatch):
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "_list_jobs", lambda *_: set())
    _, findings, _ = checked(ep.Zoho())
    assert findings["listed"].verdict == "not tested"


@pytest.mark.parametrize("provider", [ep.Crustdata(), ep.Amplemarket()])
def test_empty_account_stops_the_check_and_it_is_stored(provider):
    with ep.sandbox(credits=0) as box:
        check, path = LiveCheck(provider, Subject("email", EMAIL), lambda _: None).check()
        assert box.ledger.empty
        assert "out of credits" in check.stopped
        assert read_checks(path.parent)[0].stopped == check.stopped


def test_refused_key_stops_the_check_before_a_request(box, checked):
    box.fault("crustdata", "account", "unauthorized", times=None)
    check, findings, _ = checked(ep.Crustdata())
    assert "key" in check.stopped
    assert not findings
    assert box.requests["path"].tolist() == ["/account/credits"]


def test_stored_check_is_private_without_identity_and_key(checked):
    _, _, path = checked(ep.Crustdata())
    assert path == journal_path(current_environment()).parent / "doctor.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert EMAIL not in text
    assert "sandbox-key" not in text


def test_messages_do_not_contain_the_identity(box):
    messages = []
    LiveCheck(ep.Crustdata(), Subject("email", EMAIL), messages.append).check()
    assert messages
    assert EMAIL not in " ".join(messages)


def test_maximum_cost_above_the_limit_is_refused(box):
    made = LiveCheck(ep.Crustdata(api="screener"), Subject("email", EMAIL), lambda _: None)
    assert made.credits_max == 9
    with pytest.raises(ep.BudgetError, match="9 credits, more than 8"):
        made.refuse_above(8)
    made.refuse_above(9)
    assert box.requests.empty


def test_check_costs_no_more_than_its_maximum(box, checked):
    for provider in (ep.Crustdata(business_email=True), ep.Zoho(), ep.Amplemarket(api="single")):
        before = box.ledger["credits"].sum()
        check, _, _ = checked(provider)
        assert box.ledger["credits"].sum() - before <= check.credits_max


def test_chosen_domain_checks_companies(box):
    check, _ = LiveCheck(ep.Crustdata(), Subject("domain", "acme.example"), lambda _: None).check()
    assert check.kind == "companies"
    assert {one.name: one.verdict for one in check.findings}["price"] == "holds"


def test_data_center_without_people_checks_companies(box):
    made = LiveCheck(ep.Zoho(dc="eu"), None, lambda _: None)
    assert made.questions[0][0] == "1 made-up company"


def test_provider_that_writes_a_record_is_refused(box):
    with pytest.raises(ep.ConfigurationError, match="must change nothing"):
        LiveCheck(ep.Zoho(record_id="42"), None, lambda _: None)
    assert box.requests.empty


def test_missing_key_is_refused(monkeypatch):
    monkeypatch.delenv("CRUSTDATA_API_KEY", raising=False)
    with pytest.raises(ep.EnrichError, match="none was found"):
        LiveCheck(ep.Crustdata(), None, lambda _: None)
