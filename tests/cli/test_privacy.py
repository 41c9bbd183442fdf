import enrich_pandas as ep
from tests.cli.conftest import typed, written

ADA = "ada@analytical.example"


def test_who_is_suppressed_is_not_asked_about(leads, box):
    assert "1 new on the list" in typed("suppress", ADA).output
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    assert written("leads.people.csv")["person_status"].tolist()[:2] == ["suppressed"] * 2
    assert "1 taken off the list" in typed("suppress", "--undo", ADA).output


def test_who_is_forgotten_is_deleted(leads, box):
    typed("people", leads, "-p", "crustdata", "--fields", "name")
    assert "2 stored answers deleted" in typed("forget", ADA).output
    rows = ep.run(ep.runs()["run"].iloc[0]).rows
    assert rows["email"].tolist() == ["bo@works.example"]


def test_who_is_meant_can_come_from_the_input(leads, box):
    result = typed("suppress", "-", given=f"{ADA}\n\nbo@works.example\n")
    assert "2 new on the list" in result.output


def test_what_names_nobody_is_refused(leads, box):
    result = typed("forget", "somebody")
    assert result.exit_code == 1
    assert "Nothing was changed." in result.output
