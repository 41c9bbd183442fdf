import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from enrich_pandas.cli import app

EMAIL = "ada@analytical.example"


def doctor(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments], input=typed)


def probe(*arguments: str, typed: str | None = None) -> Result:
    return doctor("--live", "crustdata", "--sandbox", *arguments, typed=typed)


def test_the_doctor_tells_of_this_machine() -> None:
    result = doctor()
    assert result.exit_code == 0, result.output
    for word in ("Python", "pandas", "journal.sqlite", "crustdata", "Live checks"):
        assert word in result.output


def test_the_doctor_speaks_json() -> None:
    report = json.loads(doctor("--json").stdout)
    assert set(report) == {"versions", "journal", "providers", "accounts", "checks"}


def test_the_doctor_fails_where_the_next_run_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENRICH_PANDAS_HOME", str(tmp_path))
    (tmp_path / "journal.sqlite").write_bytes(b"something else" * 99)
    result = doctor()
    assert result.exit_code == 1
    assert "PROBLEM" in result.output


def test_a_live_check_says_its_price_first_and_what_holds_last() -> None:
    result = probe("--identity", f"email={EMAIL}", "--yes")
    assert result.exit_code == 0, result.output
    assert "It can cost 3 credits in all" in result.output
    assert result.output.count("    holds ") == 3
    assert result.output.index("can cost") < result.output.index("    holds ")
    assert EMAIL not in result.output


def test_a_live_check_above_the_limit_is_refused() -> None:
    result = probe("--max-credits", "1", "--yes")
    assert result.exit_code == 1
    assert "2 credits, more than 1" in result.output
    assert "holds" not in result.output


def test_a_live_check_is_refused_where_nobody_can_be_asked() -> None:
    result = probe(typed="y\n")
    assert result.exit_code == 1
    assert "Add --yes" in result.output
    assert "Asking" not in result.output


@pytest.mark.parametrize(("typed", "is_done"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_a_live_check_asks_at_a_terminal(
    typed: str, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enrich_pandas.cli.maintenance._is_terminal", lambda: True)
    result = probe(typed=typed)
    assert (result.exit_code == 0) is is_done
    assert ("    holds " in result.output) is is_done


def test_a_live_check_takes_the_providers_options_and_speaks_json() -> None:
    result = probe("--option", "api=screener", "--option", "realtime=true", "--yes", "--json")
    assert result.exit_code == 0, result.output
    check = json.loads(result.stdout)
    assert (check["version"], check["credits_max"]) == ("screener", 10.0)
    assert "It can cost 10 credits in all" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--identity", f"e-mail={EMAIL}"], "not of the form NAME=VALUE"),
        (["--option", "api_key=abc-def"], "Set CRUSTDATA_API_KEY instead"),
        (["--option", "colour=red"], "does not take these options: colour"),
        (["--option", "api=soap"], "ConfigurationError"),
    ],
)
def test_what_cannot_be_checked_is_said_in_three_lines(arguments: list[str], said: str) -> None:
    result = probe(*arguments, "--yes")
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output
    assert EMAIL not in result.output
    assert "abc-def" not in result.output


def test_a_live_check_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor("--live", "crustdata", "--yes")
    assert result.exit_code == 1
    assert "CRUSTDATA_API_KEY" in result.output


def test_a_table_of_your_own_has_no_account() -> None:
    result = doctor("--live", "directory", "--yes")
    assert result.exit_code == 1
    assert "Error" in result.output
