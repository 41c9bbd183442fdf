import json
from pathlib import Path

import enrich_pandas as ep
from tests.cli.conftest import typed, written


def test_runs_without_a_run_says_so(leads, box):
    assert "No run yet." in typed("runs").output


def test_runs_are_listed_and_written(leads, box):
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    (run,) = ep.runs()["run"]
    assert run in typed("runs").output
    assert json.loads(typed("runs", "--json").stdout)[0]["run"] == run
    typed("runs", "-o", "runs.csv")
    assert written("runs.csv")["run"].tolist() == [run]


def test_resume_needs_no_table(leads, box):
    box.fault("crustdata", "submit", "out_of_credits")
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    leads.unlink()
    (run,) = ep.runs()["run"]
    result = typed("resume", run)
    assert result.exit_code == 0, result.output
    assert written(f"{run}.csv")["person_status"].tolist() == ["matched"] * 3
    assert len(box.ledger) == 3


def test_unknown_run_is_named(leads, box):
    result = typed("resume", "r_nowhere")
    assert result.exit_code == 1
    assert "no run 'r_nowhere'" in result.output
    assert not list(Path().glob("r_*"))


def test_report_is_shown_and_written(leads, box):
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    (run,) = ep.runs()["run"]
    assert "matched" in typed("report", run).output
    assert typed("report", run, "-o", "report.html").exit_code == 0
    assert "<script" not in Path("report.html").read_text()
    assert typed("report", run, "-o", "report.html").exit_code == 2
    assert typed("report", run, "-o", "report.csv").exit_code == 0
    assert "matched" in written("report.csv")["item"].tolist()


def test_compare_counts_the_changed_rows(leads, box):
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    typed("people", leads, "-p", "crustdata", "--max-age", "0D", "--overwrite")
    after, before = ep.runs()["run"]
    assert "0 of 3" in typed("compare", before, after).output


def test_retry_requests_the_failed_rows_only(leads, box):
    box.fault("crustdata", "submit", "malformed", only="bo@works.example")
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    (run,) = ep.runs()["run"]
    assert f"enrich-pandas retry {run}" in typed("report", run).output
    result = typed("retry", run)
    assert result.exit_code == 0, result.output
    assert written(f"{run}.csv")["email"].tolist() == ["bo@works.example"]
