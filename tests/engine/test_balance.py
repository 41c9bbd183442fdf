"""The balance is checked before a run spends; only an empty account stops the run."""

import threading
import time

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine import runner
from enrich_pandas.engine.budget import read_balance
from enrich_pandas.providers.base import Response

PEOPLE = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/p{n}-example" for n in range(60)]})
BALANCES = ("/account/credits", "/user/credits", "/crm/v8/__features/data_enrichment")

QUOTA = (
    b'{"__features": [{"api_name": "data_enrichment", "details": {'
    b'"available_count": {"total": %s}, "used_count": {"total": 3}}}]}'
)


# -- answers of vendors --------------------------------------------------------------------------


def read(provider, body, status=200):
    return read_balance(provider, Response(status=status, body=body))


def test_balance_path_depends_on_the_crustdata_api():
    assert ep.Crustdata().balance_request().path == "/account/credits"
    assert ep.Crustdata().balance_request().headers == {"x-api-version": "2025-11-01"}
    assert ep.Crustdata(api="screener").balance_request().path == "/user/credits"


def test_zoho_quota_is_read_as_balance():
    path = "/crm/v7/__features/data_enrichment"
    assert ep.Zoho(version="v7").balance_request().path == path
    assert read(ep.Zoho(), QUOTA % b"997") == 997.0
    assert read(ep.Zoho(), QUOTA % b'"997"') == 997.0


def test_vendor_without_balance_endpoint_has_no_request():
    assert ep.Amplemarket().balance_request() is None


def test_balance_request_is_never_billed():
    assert not any(one.balance_request().billed for one in (ep.Crustdata(), ep.Zoho()))


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"credits": null}', b'{"credits": true}', b'{"credits": "5"}', b"{"],
)
def test_unusable_balance_is_none(body):
    assert read(ep.Crustdata(), body) is None


@pytest.mark.parametrize(
    "body",
    [b'{"__features": []}', b'{"__features": [{}]}', b'{"__features": {}}', QUOTA % b'"many"'],
)
def test_quota_of_unknown_shape_is_none(body):
    assert read(ep.Zoho(), body) is None


def test_refused_balance_is_none():
    assert read(ep.Crustdata(), b'{"credits": 5}', status=404) is None
    assert read(ep.Crustdata(), b'{"credits": 5}') == 5.0


def test_failing_plugin_balance_does_not_stop_the_run():
    class Odd(ep.Crustdata):
        def balance(self, response):
            raise RuntimeError

    class Wrong(ep.Crustdata):
        def balance(self, response):
            return "much"

    assert read(Odd(), b"{}") is read(Wrong(), b"{}") is None


# -- a run ---------------------------------------------------------------------------------------


def enrich(provider=None, frame=PEOPLE, **options):
    return frame.enrich.people(provider or ep.Crustdata(), progress=None, **options)


def asked(box):
    return box.requests["path"].isin(BALANCES).sum()


def newest():
    return ep.run(ep.runs()["run"][0])


@pytest.mark.parametrize("provider", [ep.Crustdata(), ep.Crustdata(api="screener"), ep.Zoho()])
def test_balance_is_requested_once_first_and_stored(provider):
    frame = PEOPLE.head(60 if provider.batch_size > 1 else 3)  # more than one request
    with ep.sandbox(misses=0, credits=500) as box:
        enrich(provider, frame)
        paths = box.requests["path"]
        assert asked(box) == 1
        assert paths[~paths.str.contains("token")].iloc[0] in BALANCES
        past = newest()
        assert past.balance == ep.runs()["balance"][0] == 500
        assert past.credits == box.ledger["credits"].sum() <= past.credits_planned
        assert "balance before: 500" in repr(past)


def test_balance_below_maximum_warns_once_and_continues():
    with ep.sandbox(misses=0.9, credits=59) as box:
        with pytest.warns(UserWarning, match=r"^59 credits are left .* up to 60\.") as caught:
            found = enrich()
        assert len(caught) == 1
        assert "skipped" not in set(found["person_status"])
        assert newest().balance == 59
        assert len(box.ledger) < 59


def test_budget_within_balance_gives_no_warning():
    with ep.sandbox(misses=0, credits=59):
        enrich(budget=50)
        assert newest().credits == 50


def test_balance_warning_as_error_stops_the_run():
    with ep.sandbox(misses=0, credits=59, latency=0.3) as box:
        with pytest.raises(UserWarning, match="59 credits are left"):
            enrich(ep.Crustdata(connections=1))
        assert len(box.ledger) <= 25


def test_balance_is_requested_while_stored_answers_are_read(box, monkeypatch):
    def read_stored(*arguments):
        until = time.monotonic() + 5
        while not asked(box) and time.monotonic() < until:
            time.sleep(0.01)
        found.append(list(box.requests["path"]))
        return real(*arguments)

    found, real = [], runner.read_stored
    monkeypatch.setattr(runner, "read_stored", read_stored)
    assert enrich()["person_status"].eq("matched").all()
    assert found == [["/account/credits"]]
    assert asked(box) == 1


def test_billed_requests_wait_for_a_slow_balance(box):
    box.fault("crustdata", "account", "slow", delay=0.5)
    enrich()
    requests = box.requests.set_index("path")["at"]
    waited = requests.drop("/account/credits").min() - requests["/account/credits"]
    assert waited.total_seconds() >= 0.5


def test_empty_account_with_a_slow_balance_spends_nothing():
    with ep.sandbox(misses=0, credits=0) as box:
        box.fault("crustdata", "account", "slow", delay=0.5)
        with pytest.raises(ep.QuotaError, match="no credits are left"):
            enrich()
        assert list(box.requests["path"]) == ["/account/credits"]


def test_cancelled_run_ends_after_its_balance_request(box):
    box.fault("crustdata", "account", "slow", delay=0.5)
    handle = enrich(wait=False)
    handle.cancel()
    with pytest.raises(ep.RunInterrupted):
        handle.wait()
    assert not [one for one in threading.enumerate() if one.name.endswith("-balance")]
    assert set(box.requests["path"]) <= {"/account/credits"}


def test_recording_leaves_out_the_balance(box, tmp_path):
    path = tmp_path / "people.yaml"
    with ep.replay(path, mode="once"):
        recorded = enrich()
    assert asked(box) == 1
    assert "/account/credits" not in path.read_text("utf-8")
    with ep.replay(path, mode="none"):
        pd.testing.assert_frame_equal(enrich(), recorded)
    assert asked(box) == 1


@pytest.mark.parametrize("provider", [ep.Crustdata(), ep.Zoho()])
def test_empty_account_stops_before_spending(provider):
    with ep.sandbox(misses=0, credits=0) as box:
        with pytest.raises(ep.QuotaError, match="no credits are left") as caught:
            enrich(provider)
        assert caught.value.result["person_status"].eq("skipped").all()
        paths = box.requests["path"]
        assert set(paths[~paths.str.contains("token")]) <= set(BALANCES)
        assert newest().balance == 0
        assert newest().credits_held == 0


@pytest.mark.parametrize(
    "fault",
    [
        "server_error",
        "unauthorized",
        "rate_limited",
        "html",
        "drop_before_accept",
        "out_of_credits",
    ],
)
def test_failing_balance_check_does_not_stop_the_run(box, fault):
    box.fault("crustdata", "account", fault, times=None)
    assert enrich()["person_status"].eq("matched").all()
    assert asked(box) == 1
    assert newest().balance is None


def test_unanswered_balance_check_does_not_stop_the_run(box, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.sender.DEADLINE", 0.2)
    box.fault("crustdata", "account", "slow", delay=5.0)
    assert enrich()["person_status"].eq("matched").all()
    assert newest().balance is None


def test_single_request_checks_no_balance(box):
    enrich(frame=PEOPLE.head(25))
    assert asked(box) == 0
    assert newest().balance is None


def test_stored_results_check_no_balance(box):
    enrich()
    enrich()
    assert asked(box) == 1


def test_balance_check_can_be_switched_off(monkeypatch):
    monkeypatch.setattr(ep.options, "check_balance", False)
    with ep.sandbox(misses=0, credits=0) as box:
        with pytest.raises(ep.QuotaError):
            enrich()
        assert asked(box) == 0


def test_plan_sends_no_request(box):
    PEOPLE.enrich.plan()
    assert box.requests.empty
