"""The N-th write of the journal fails, for every N: nothing paid twice, nothing paid for lost."""

import sqlite3
from contextlib import contextmanager

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.journal.database import Database
from enrich_pandas.providers.amplemarket import flows
from tests.conftest import sample

PROVIDERS = {
    "crustdata": (lambda: ep.Crustdata(connections=2), 30),
    "amplemarket": (lambda: ep.Amplemarket(rows_at_risk=3, connections=2), 6),
    "zoho": (lambda: ep.Zoho(connections=2, settle=0.1), 1),
}
MOST = 200  # writes; no run in this test makes more


class Full:
    """A disk that is full at the N-th write and ever after, or at that one alone."""

    def __init__(self, monkeypatch, number, *, for_good):
        self.writes, self.number, self.for_good = 0, number, for_good
        writing = Database.writing

        @contextmanager
        def limited(database):
            with writing(database) as connection:
                yield connection
                self.writes += 1
                if self.writes == number or (for_good and self.writes > number):
                    raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(Database, "writing", limited)

    @property
    def has_struck(self):
        return self.writes >= self.number


@pytest.mark.timeout(300)
@pytest.mark.parametrize("for_good", sample([True, False]), ids=["for good", "once"])
@pytest.mark.parametrize("vendor", PROVIDERS)
def test_every_write_fails_in_turn(vendor, for_good, tmp_path, monkeypatch):
    make, rows = PROVIDERS[vendor]
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.05)
    with ep.sandbox(misses=0.2) as box:
        for number in range(1, MOST):
            slugs = [f"w{number}-{place}-example" for place in range(rows)]
            leads = pd.DataFrame({"LinkedIn": [f"linkedin.com/in/{slug}" for slug in slugs]})
            home = tmp_path / f"{number}.sqlite"
            with ep.sandbox(url=box.url("crustdata"), journal=home):
                with monkeypatch.context() as patch:
                    full = Full(patch, number, for_good=for_good)
                    first = call(leads, make())
                last = call(leads, make())
            judge(box, vendor, slugs, first, last)
            if not full.has_struck:
                break
        else:
            raise AssertionError(f"more than {MOST} writes")


def call(leads, provider):
    """Enrich; return the frame, or the result of the error, or None."""
    try:
        return ep.people(leads, provider, progress=None, fields=["name"])
    except ep.EnrichError as error:
        return error.result


def judge(box, vendor, slugs, first, last):
    ledger = box.ledger
    paid = ledger[ledger["credits"] > 0]["identity"].str.rpartition("/")[2].value_counts()
    statuses = dict(zip(slugs, last["person_status"], strict=True))
    earlier = {} if first is None else dict(zip(slugs, first["person_status"], strict=True))
    for slug in slugs:
        assert paid.get(slug, 0) <= 1, (slug, earlier.get(slug), statuses[slug])
        if paid.get(slug, 0):
            found = {"matched"} if vendor != "zoho" else {"matched", "not_found", "failed"}
            assert statuses[slug] in found | {"held"}, (slug, earlier.get(slug), statuses[slug])
    assert not set(statuses.values()) & {"pending", "skipped"}
