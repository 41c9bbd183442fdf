import re
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from enrich_pandas.cli import app

LEADS = pd.DataFrame(
    {
        "Email": ["ada@analytical.example", "ADA@analytical.example ", "n/a", "bo@works.example"],
        "tier": ["A", "A", "B", "B"],
    }
)


@pytest.fixture
def leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small table, in the working directory."""
    monkeypatch.chdir(tmp_path)
    LEADS.to_csv("leads.csv", index=False)
    return Path("leads.csv")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["demo", *map(str, arguments)])


def test_demo_enriches_a_table_and_keeps_its_rows(leads: Path) -> None:
    result = run(leads)
    assert result.exit_code == 0, result.output
    people = pd.read_parquet("leads.enriched.parquet")
    before = pd.read_csv(leads, keep_default_na=False)
    pd.testing.assert_frame_equal(people[list(before)], before, check_dtype=False)
    assert people["person_status"].notna().all()
    assert people.loc[2, "person_status"] == "invalid"


def test_demo_shows_equal_costs_of_journal_and_ledger(leads: Path) -> None:
    found = re.search(
        r"Credits: (\S+) by the journal, (\S+) by the sandbox's ledger", run(leads).output
    )
    assert found
    assert found[1] == found[2]


def test_demo_shows_counts_that_add_up(leads: Path) -> None:
    assert "4 rows in all, 4 in the table." in run(leads).output


def test_demo_ends_with_how_to_go_live(leads: Path) -> None:
    assert "export CRUSTDATA_API_KEY=" in run(leads).output


def test_demo_lines_fit_a_terminal(leads: Path) -> None:
    lines = run(leads).stdout.splitlines()
    assert not [line for line in lines if len(line) > 100 and "Written:" not in line]


def test_demo_writes_a_csv(leads: Path) -> None:
    assert run(leads, "--output", "people.csv").exit_code == 0
    assert len(pd.read_csv("people.csv")) == len(LEADS)


def test_missing_table_is_named(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere.csv")
    assert result.exit_code == 2
    assert "is not a file" in result.output


def test_unknown_format_is_refused_before_a_run(leads: Path) -> None:
    result = run(leads, "--output", "people.pickle")
    assert result.exit_code == 2
    assert ".csv, .tsv, .xlsx, .parquet" in result.output
    assert "Credits" not in result.output


def test_library_error_is_shown_without_a_traceback(leads: Path) -> None:
    pd.DataFrame({"colour": ["red"]}).to_csv(leads, index=False)
    result = run(leads)
    assert result.exit_code == 1
    assert "InputError" in result.output
    assert "Nothing was spent." in result.output
    assert "Traceback" not in result.output


def test_sandbox_command_passes_its_options_on() -> None:
    # tests/emulators starts it.
    result = CliRunner().invoke(app, ["sandbox", "--help"])
    assert result.exit_code == 0
    assert "--latency" in result.output
