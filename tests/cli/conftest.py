from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import enrich_pandas as ep
from enrich_pandas.cli import app

TABLE = """Name;E-mail;Tier;Phone
Ada;ada@analytical.example;A;+1 555-010-0100
Ada again;ADA@analytical.example ;A;007
Cy;n/a;B;
Bo;bo@works.example;B;=1+1
"""


@pytest.fixture
def leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a table as Excel writes it in many European countries, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("leads.csv").write_text(TABLE)
    return Path("leads.csv")


@pytest.fixture
def box():
    with ep.sandbox(misses=0) as box:
        yield box


def typed(*words: object, given: str | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(map(str, words)), input=given)


def written(path: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str")
