import time

import pytest

import enrich_pandas as ep
from enrich_pandas.doctor import checks as module
from enrich_pandas.doctor import gather, lines
from enrich_pandas.doctor.checks import accounts, installed
from enrich_pandas.engine.context import current_environment


def found(name):
    environment = current_environment()
    return next(
        one for one in accounts(installed(environment), environment) if one.provider == name
    )


@pytest.mark.parametrize("vendor", ["crustdata", "zoho"])
def test_a_key_that_is_taken_tells_what_is_left_for_nothing(vendor):
    with ep.sandbox(credits=70) as box:
        account = found(vendor)
        assert account.left == 70
        assert not account.problems
        assert box.ledger.empty


def test_where_the_vendor_documents_no_way_that_is_said():
    with ep.sandbox():
        assert "no free way" in found("amplemarket").said


def test_an_empty_account_is_a_problem():
    with ep.sandbox(credits=0):
        report = gather()
    assert not report.is_well
    assert "PROBLEM: no credits are left" in "\n".join(lines(report))


def test_a_key_that_is_refused_is_a_problem_with_its_remedy(monkeypatch):
    with ep.sandbox() as box:
        box.fault("crustdata", "account", "unauthorized", times=None)
        (problem,) = found("crustdata").problems
    assert "key" in problem


def test_a_clock_that_is_wrong_is_a_problem(monkeypatch):
    class Clock:
        @staticmethod
        def time():
            return time.time() + 3600

    monkeypatch.setattr(module, "time", Clock)
    with ep.sandbox():
        (problem,) = found("crustdata").problems
    assert "ahead of the vendor's" in problem


def test_who_has_no_key_is_not_asked(monkeypatch):
    environment = current_environment()
    assert accounts(installed(environment), environment) == []
