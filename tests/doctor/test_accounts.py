import time

import pytest

import enrich_pandas as ep
from enrich_pandas.doctor import build_report, checks as module, report_lines
from enrich_pandas.doctor.checks import check_accounts, find_installed
from enrich_pandas.engine.context import current_environment


def found(name):
    environment = current_environment()
    return next(
        one
        for one in check_accounts(find_installed(environment), environment)
        if one.provider == name
    )


@pytest.mark.parametrize("vendor", ["crustdata", "zoho"])
def test_valid_key_shows_the_balance_at_no_cost(vendor):
    with ep.sandbox(credits=70) as box:
        account = found(vendor)
        assert account.left == 70
        assert not account.problems
        assert box.ledger.empty


def test_vendor_without_a_free_check_is_named():
    with ep.sandbox():
        assert "no free check" in found("amplemarket").text


def test_empty_account_is_a_problem():
    with ep.sandbox(credits=0):
        report = build_report()
    assert not report.is_well
    assert "PROBLEM: no credits are left" in "\n".join(report_lines(report))


def test_refused_key_is_a_problem_with_a_remedy(monkeypatch):
    with ep.sandbox() as box:
        box.fault("crustdata", "account", "unauthorized", times=None)
        (problem,) = found("crustdata").problems
    assert "key" in problem


def test_wrong_clock_is_a_problem(monkeypatch):
    class Clock:
        @staticmethod
        def time():
            return time.time() + 3600

    monkeypatch.setattr(module, "time", Clock)
    with ep.sandbox():
        (problem,) = found("crustdata").problems
    assert "ahead of the vendor's" in problem


def test_account_without_a_key_is_not_requested(monkeypatch):
    environment = current_environment()
    assert check_accounts(find_installed(environment), environment) == []
