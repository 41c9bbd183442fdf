import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from enrich_pandas.cli import app

EMAIL = "ada@analytical.example"


def doctor(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(app, ["doctor", *arguments], input=given)


def live(*arguments: str, given: str | None = None) -> Result:
    return doctor("--live", "crustdata", "--sandbox", *arguments, given=given)


def test_doctor_shows_this_machine() -> None:
    result = doctor()
    assert result.exit_code == 0, result.output
    for word in ("Python", "pandas", "journal.sqlite", "crustdata", "Live checks"):
        assert word in result.output


def test_doctor_prints_json() -> None:
    report = json.loads(doctor("--json").stdout)
    assert set(report) == {"versions", "journal", "providers", "accounts", "checks"}


def test_doctor_fails_if_the_next_run_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENRICH_PANDAS_HOME", str(tmp_path))
    (tmp_path / "journal.sqlite").write_bytes(b"something else" * 99)
    result = doctor()
    assert result.exit_code == 1
    assert "PROBLEM" in result.output


def test_live_check_shows_its_price_then_findings() -> None:
    result = live("--identity", f"email={EMAIL}", "--yes")
    assert result.exit_code == 0, result.output
    assert "It can cost 3 credits in all" in result.output
    assert result.output.count("    holds ") == 3
    assert result.output.index("can cost") < result.output.index("    holds ")
    assert EMAIL not in result.output


def test_live_check_above_the_limit_is_refused() -> None:
    result = live("--max-credits", "1", "--yes")
    assert result.exit_code == 1
    assert "2 credits, more than 1" in result.output
    assert "holds" not in result.output


def test_live_check_without_a_terminal_is_refused() -> None:
    result = live(given="y\n")
    assert result.exit_code == 1
    assert "Add --yes" in result.output
    assert "Requesting" not in result.output


@pytest.mark.parametrize(("given", "is_done"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_live_check_asks_for_confirmation_at_a_terminal(
    given: str, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("enrich_pandas.cli.maintenance._is_terminal", lambda: True)
    result = live(given=given)
    assert (result.exit_code == 0) is is_done
    assert ("    holds " in result.output) is is_done


def test_live_check_takes_options_and_prints_json() -> None:
    result = live("--option", "api=screener", "--option", "realtime=true", "--yes", "--json")
    assert result.exit_code == 0, result.output
    check = json.loads(result.stdout)
    assert (check["version"], check["credits_max"]) == ("screener", 10.0)
    assert "It can cost 10 credits in all" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--identity", f"e-mail={EMAIL}"], "does not have the form NAME=VALUE"),
        (["--option", "api_key=abc-def"], "Set CRUSTDATA_API_KEY instead"),
        (["--option", "colour=red"], "does not take these options: colour"),
        (["--option", "api=soap"], "ConfigurationError"),
    ],
)
def test_invalid_live_check_is_refused_in_three_lines(arguments: list[str], message: str) -> None:
    result = live(*arguments, "--yes")
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert EMAIL not in result.output
    assert "abc-def" not in result.output


def test_live_check_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    result = doctor("--live", "crustdata", "--yes")
    assert result.exit_code == 1
    assert "CRUSTDATA_API_KEY" in result.output


def test_live_check_of_a_directory_is_refused() -> None:
    result = doctor("--live", "directory", "--yes")
    assert result.exit_code == 1
    assert "Error" in result.output
