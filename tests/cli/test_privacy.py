import enrich_pandas as ep
from tests.cli.conftest import typed, written

ADA = "ada@analytical.example"


def test_suppressed_people_are_not_requested(leads, box):
    assert "1 new on the list" in typed("suppress", ADA).output
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    assert written("leads.people.csv")["person_status"].tolist()[:2] == ["suppressed"] * 2
    assert "1 removed from the list" in typed("suppress", "--undo", ADA).output


def test_forget_deletes_stored_answers(leads, box):
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    assert "2 stored answers deleted" in typed("forget", ADA).output
    rows = ep.run(ep.runs()["run"].iloc[0]).rows
    assert rows["email"].tolist() == ["bo@works.example"]


def test_identifiers_are_read_from_standard_input(leads, box):
    result = typed("suppress", "-", given=f"{ADA}\n\nbo@works.example\n")
    assert "2 new on the list" in result.output


def test_invalid_identifier_is_refused(leads, box):
    result = typed("forget", "ada")
    assert result.exit_code == 1
    assert "Nothing was changed." in result.output
