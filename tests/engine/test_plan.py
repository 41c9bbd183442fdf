"""The plan finds stored results in journals that are larger or smaller than the call."""

from pathlib import Path

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine import plan
from enrich_pandas.engine.context import Environment, use_environment


def people(start: int, stop: int) -> pd.DataFrame:
    return pd.DataFrame({"Email": [f"p{n}@example.com" for n in range(start, stop)]})


def test_stored_results_do_not_depend_on_journal_size() -> None:
    with ep.sandbox(misses=0):
        ep.people(people(0, 8), progress=None, fields=["name"])
        for start, stop, stored in ((6, 9, 2), (6, 40, 2), (0, 40, 8), (0, 8, 8), (9, 11, 0)):
            quote = ep.plan(people(start, stop))
            assert sum(quote.stored.values()) == stored
            assert quote.credits == stop - start - stored


def test_empty_journal_computes_no_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "fingerprint", lambda *_: pytest.fail("a fingerprint was made"))
    with ep.sandbox():
        assert ep.plan(people(0, 30)).requests == 2


def test_sandbox_result_is_not_served_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENRICH_PANDAS_HOME", str(tmp_path))
    with ep.sandbox(journal=tmp_path / "journal.sqlite"):
        ep.people(people(0, 2), progress=None, fields=["name"])
        assert ep.plan(people(0, 2)).requests == 0
    with use_environment(Environment()):
        assert ep.plan(people(0, 2)).requests == 1
