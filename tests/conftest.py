"""Every test has a home of its own, no key, and no way to the network but loopback."""

import pytest

import enrich_pandas as ep


@pytest.fixture(autouse=True)
def clean_home(tmp_path, monkeypatch):
    monkeypatch.setenv("ENRICH_PANDAS_HOME", str(tmp_path / "home"))
    for variable in ("CRUSTDATA_API_KEY",):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def box():
    with ep.sandbox(misses=0) as box:
        yield box
