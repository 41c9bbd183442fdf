from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

import enrich_pandas as ep
from tests.cli.conftest import typed, written

ADA = "ada@analytical.example"


def test_plan_is_shown_and_nothing_is_sent(leads, box):
    result = typed("plan", leads, "-p", "crustdata", "--fields", "name")
    assert result.exit_code == 0, result.output
    assert "at most" in result.output
    assert (
        f"Run it with the same options: enrich-pandas people {leads} … --budget 3" in result.output
    )
    assert "df.enrich" not in result.output  # the next step is a command
    assert box.requests.empty


def test_plan_takes_the_options_of_people(leads, box):
    options = ["--layout", "nested", "--budget", "5", "--sources", "--no-progress"]
    result = typed("plan", leads, "-p", "crustdata", *options)
    assert result.exit_code == 0, result.output
    assert box.requests.empty


def test_people_are_written_beside_the_unchanged_table(leads, box):
    result = typed("people", leads, "--provider", "crustdata", "--fields", "name,title")
    assert result.exit_code == 0, result.output
    people = written("leads.people.csv")
    assert people["person_status"].tolist() == ["matched", "matched", "invalid", "matched"]
    assert people["Phone"].tolist()[:2] == ["'+1 555-010-0100", "007"]
    assert not people.filter(like="company").columns.any()
    assert "Written: " in result.output
    assert f"crustdata: {box.ledger['credits'].sum():g} credits." in result.output


def test_companies_are_written_beside_the_table(leads, box):
    result = typed("companies", leads, "-p", "crustdata", "--fields", "name", "--sandbox")
    assert result.exit_code == 0, result.output
    assert "company_status" in written("leads.companies.csv")
    assert "In the sandbox, whose runs are not kept, crustdata:" in result.output


def test_formulas_are_inert_without_raw(leads, box):
    assert typed("people", leads, "-p", "crustdata", "--fields", "name").exit_code == 0
    assert written("leads.people.csv")["Phone"].iloc[3] == "'=1+1"
    assert typed("people", leads, "-p", "crustdata", "--raw", "--overwrite").exit_code == 0
    assert written("leads.people.csv")["Phone"].iloc[3] == "=1+1"


def test_excel_file_has_no_formula(leads, box):
    result = typed("people", leads, "-p", "crustdata", "--fields", "name", "-o", "people.xlsx")
    assert result.exit_code == 0, result.output
    sheet = load_workbook("people.xlsx").active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {
        "s",
        "n",
        "d",
        "inlineStr",
    }
    assert sheet["D5"].value == "=1+1"


@pytest.mark.parametrize("suffix", [".parquet", ".xlsx", ".tsv"])
def test_each_file_format_is_read_and_written(leads, box, suffix):
    frame = pd.DataFrame({"E-mail": [ADA], "Code": ["007"]})
    path = Path("list").with_suffix(suffix)
    {
        ".parquet": lambda: frame.to_parquet(path),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
    }[suffix]()
    result = typed("people", path, "-p", "crustdata", "--fields", "name")
    assert result.exit_code == 0, result.output
    read = {
        ".parquet": pd.read_parquet,
        ".xlsx": lambda path: pd.read_excel(path, dtype="str", engine="openpyxl"),
        ".tsv": lambda path: pd.read_csv(path, dtype="str", sep="\t"),
    }[suffix]
    people = read(f"list.people{suffix}")
    assert people["Code"].tolist() == ["007"]
    assert people["person_status"].tolist() == ["matched"]


def test_tables_make_a_folder_and_nested_needs_parquet(leads, box):
    result = typed("people", leads, "-p", "crustdata", "--layout", "tables")
    assert result.exit_code == 0, result.output
    assert {"people.csv", "emails.csv"} <= {path.name for path in Path("leads.people").iterdir()}
    assert typed("people", leads, "-p", "crustdata", "--layout", "nested").exit_code == 0
    nested = pd.read_parquet("leads.people.parquet")
    assert nested["person_experiences"].iloc[0][0].keys() >= {"company", "title"}
    refused = typed("people", leads, "-p", "crustdata", "--layout", "nested", "-o", "a.csv")
    assert refused.exit_code == 2


def test_where_requests_the_matching_rows_only(leads, box):
    result = typed("people", leads, "-p", "crustdata", "--where", "Tier=A", "--where", "Name=Ada")
    assert result.exit_code == 0, result.output
    statuses = written("leads.people.csv")["person_status"].tolist()
    assert statuses == ["matched", "skipped", "skipped", "skipped"]


def test_file_and_vendor_are_requested_in_order(leads, box):
    pd.DataFrame({"email": [ADA], "title": ["Countess"]}).to_csv("crm.csv", index=False)
    result = typed(
        *("people", leads, "-p", "crm.csv", "-p", "crustdata", "--fields", "title", "--sources")
    )
    assert result.exit_code == 0, result.output
    people = written("leads.people.csv")
    assert people["person_title"].iloc[0] == "Countess"
    assert people["person_title_source"].iloc[3] == "crustdata"


def test_options_reach_their_provider(leads, box):
    result = typed(
        *("people", leads, "-p", "amplemarket", "-p", "crustdata", "--fields", "name"),
        *("--option", "crustdata.api=screener", "--option", "amplemarket.reveal_email=true"),
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-p", "crustdata", "--where", "Colour=red"], "does not have the column 'Colour'"),
        (["-p", "crustdata", "--where", "Tier"], "does not have the form NAME=VALUE"),
        (["-p", "crustdata", "--on", "email=Colour"], "Colour"),
        (["-p", "acme"], "No provider is called 'acme'"),
        (
            ["-p", "crustdata", "-p", "zoho", "--option", "api=screener"],
            "needs its provider",
        ),
        (["-p", "crustdata", "--option", "zoho.api=screener"], "no --provider zoho"),
        (["-p", "crustdata", "-o", "leads.csv"], "is the table itself"),
        (["-p", "crustdata", "-o", "nowhere/people.csv"], "is not writable"),
        (["-p", "crustdata", "-o", "people.pickle"], "must end in"),
        (["-p", "crustdata", "--budget", "-1"], "--budget"),
        (["-p", "crustdata", "--layout", "round"], "round"),
        (["-p", "nowhere.csv"], "cannot be read"),
    ],
)
def test_invalid_options_are_refused_before_a_request(leads, box, words, message):
    result = typed("people", leads, *words)
    assert result.exit_code in (1, 2)
    assert message in result.output.replace("\n", " ").replace("│", "")
    assert "Traceback" not in result.output
    assert box.requests.empty


def test_existing_output_is_kept(leads, box):
    Path("leads.people.csv").write_text("mine")
    assert typed("people", leads, "-p", "crustdata").exit_code == 2
    assert Path("leads.people.csv").read_text() == "mine"
    assert box.requests.empty


def test_expensive_call_without_a_budget_is_refused(leads, monkeypatch):
    monkeypatch.setenv("CRUSTDATA_API_KEY", "made-up")
    monkeypatch.setattr(ep.options, "confirm_above", 0.5)
    result = typed("people", leads, "-p", "crustdata")
    assert result.exit_code == 1
    assert "budget" in result.output


def test_rows_so_far_are_written_after_a_stop(leads, box):
    box.fault("crustdata", "submit", "out_of_credits", times=None)
    result = typed("people", leads, "-p", "crustdata", "--fields", "name")
    assert result.exit_code == 1
    assert "QuotaError" in result.output
    partial = written("leads.people.partial.csv")
    assert partial["person_status"].tolist() == ["skipped", "skipped", "invalid", "skipped"]
    assert not Path("leads.people.csv").exists()


def test_fields_lists_what_fields_can_name(box):
    result = typed("fields", "companies")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert lines[0] == ["field", "type", "standard", "providers", "description"]
    found = {line[0]: line[1:] for line in lines}
    assert found["domain"][:2] == ["text", "standard"]
    assert found["ceo"][:2] == ["text", "crustdata,"]
    assert box.requests.empty


def test_fields_of_people_are_standard_by_default_and_all_on_request(leads, box):
    assert typed("people", leads, "-p", "crustdata").exit_code == 0
    few = written("leads.people.csv")
    options = [
        "--fields",
        "standard,skills,educations.activities",
        "--max-items",
        "1",
        "-o",
        "x.csv",
    ]
    assert typed("people", leads, "-p", "crustdata", *options).exit_code == 0
    more = written("x.csv")
    assert (
        typed("people", leads, "-p", "crustdata", "--fields", "all", "-o", "y.csv").exit_code == 0
    )
    assert {"person_skill_1", "person_education_1_activities"} <= {*more} - {*few}
    assert "person_email_2" in few
    assert "person_email_2" not in more
    assert len({*written("y.csv")} - {*few}) > 390
    refused = typed("plan", leads, "-p", "crustdata", "--fields", "titel")
    assert refused.exit_code == 1
    assert "Did you mean 'title'?" in refused.output
