import itertools
import stat

import pytest

import enrich_pandas as ep
from enrich_pandas.doctor import canary, record
from enrich_pandas.doctor.canary import Canary, Subject
from enrich_pandas.doctor.verdicts import kept
from enrich_pandas.engine.context import current_environment, journal_path

EMAIL = "ada@example.com"


def verdicts(findings):
    return {name: one.verdict for name, one in findings.items()}


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
def test_what_an_account_with_a_balance_shows(box, checked, api):
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


def test_what_a_vendor_of_jobs_shows(box, checked):
    check, findings, _ = checked(ep.Zoho())
    assert findings["listed"].verdict == "holds"
    assert findings["english"].verdict == "holds"
    assert "status 200" in findings["again"].evidence
    assert check.credits_spent == check.credits_counted == box.ledger["credits"].sum() > 0


def test_what_is_to_be_refused_is_not_sent_where_no_balance_would_tell_of_it(box, checked):
    box.fault("crustdata", "account", "server_error", times=None)
    check, findings, _ = checked(ep.Crustdata())
    assert set(verdicts(findings).values()) == {"not tested"}
    assert not check.stopped
    assert 400 not in box.requests["status"].tolist()


def test_nobody_else_is_asked_about_where_nobody_was_chosen(box, checked):
    check, findings, _ = checked(ep.Crustdata(), chosen=None)
    assert findings["price"].verdict == "not tested"
    assert findings["miss"].verdict == "holds"
    assert check.identity == ""
    assert box.ledger.empty


def test_a_vendor_that_charges_for_a_miss_and_a_refusal_is_found_out(checked, monkeypatch):
    balances = itertools.count(100, -2)
    monkeypatch.setattr(canary, "left_by", lambda *_: float(next(balances)))
    check, findings, _ = checked(ep.Crustdata())
    assert findings["miss"].verdict == findings["refusal"].verdict == "does not hold"
    assert findings["price"].verdict == "does not hold"
    assert "balance 100 → 98; the library counts 0" in findings["miss"].evidence
    assert check.count("does not hold") == 3


def test_a_job_that_is_gone_or_charged_again_is_found_out(checked, monkeypatch):
    balances = iter([10.0, 9.0, 9.0, 8.0, 7.0, 7.0])
    monkeypatch.setattr(canary, "left_by", lambda *_: next(balances))
    _, findings, _ = checked(ep.Zoho())
    assert verdicts(findings) == {
        "miss": "holds",
        "refusal": "holds",
        "price": "holds",
        "again": "does not hold",
        "listed": "holds",
        "english": "holds",
    }


def test_a_job_that_the_list_never_shows_is_left_open(box, checked, monkeypatch):
    monkeypatch.setattr(record, "PAUSE", 0.0)
    monkeypatch.setattr(record, "_ended", lambda *_: set())
    _, findings, _ = checked(ep.Zoho())
    assert findings["listed"].verdict == "not tested"


@pytest.mark.parametrize("provider", [ep.Crustdata(), ep.Amplemarket()])
def test_an_empty_wallet_stops_the_check_and_what_was_found_is_kept(provider):
    with ep.sandbox(credits=0) as box:
        check, path = Canary(provider, Subject("email", EMAIL), lambda _: None).check()
        assert box.ledger.empty
        assert "out of credits" in check.stopped
        assert kept(path.parent)[0].stopped == check.stopped


def test_a_refused_key_stops_the_check_before_anything_is_asked(box, checked):
    box.fault("crustdata", "account", "unauthorized", times=None)
    check, findings, _ = checked(ep.Crustdata())
    assert "key" in check.stopped
    assert not findings
    assert box.requests["path"].tolist() == ["/account/credits"]


def test_what_is_kept_is_private_and_tells_neither_whom_nor_the_key(checked):
    _, _, path = checked(ep.Crustdata())
    assert path == journal_path(current_environment()).parent / "doctor.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert EMAIL not in text
    assert "sandbox-key" not in text


def test_nothing_that_is_said_names_anybody(box):
    said = []
    Canary(ep.Crustdata(), Subject("email", EMAIL), said.append).check()
    assert said
    assert EMAIL not in " ".join(said)


def test_the_price_is_known_before_and_a_limit_holds(box):
    made = Canary(ep.Crustdata(api="screener"), Subject("email", EMAIL), lambda _: None)
    assert made.credits_max == 9
    with pytest.raises(ep.BudgetError, match="9 credits, more than 8"):
        made.refuse_above(8)
    made.refuse_above(9)
    assert box.requests.empty


def test_a_check_costs_no_more_than_it_said(box, checked):
    for provider in (ep.Crustdata(business_email=True), ep.Zoho(), ep.Amplemarket(api="single")):
        before = box.ledger["credits"].sum()
        check, _, _ = checked(provider)
        assert box.ledger["credits"].sum() - before <= check.credits_max


def test_companies_are_checked_where_a_domain_was_chosen(box):
    check, _ = Canary(ep.Crustdata(), Subject("domain", "acme.example"), lambda _: None).check()
    assert check.kind == "companies"
    assert {one.name: one.verdict for one in check.findings}["price"] == "holds"


def test_where_a_centre_has_no_people_companies_are_asked_about(box):
    made = Canary(ep.Zoho(dc="eu"), None, lambda _: None)
    assert made.questions[0][0] == "1 made-up company"


def test_a_check_never_writes_to_a_record(box):
    with pytest.raises(ep.ConfigurationError, match="must change nothing"):
        Canary(ep.Zoho(record_id="42"), None, lambda _: None)
    assert box.requests.empty


def test_without_a_key_nothing_is_begun(monkeypatch):
    monkeypatch.delenv("CRUSTDATA_API_KEY", raising=False)
    with pytest.raises(ep.EnrichError, match="none was found"):
        Canary(ep.Crustdata(), None, lambda _: None)
