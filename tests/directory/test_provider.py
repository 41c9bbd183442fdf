import threading

import pandas as pd
import pytest

from enrich_pandas.directory import Directory
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Identity, Status

ADA, ZOE = "https://www.linkedin.com/in/ada-example", "https://www.linkedin.com/in/zoe-example"


@pytest.fixture
def crm():
    return pd.DataFrame(
        {
            "E-mail": ["Ada@Example.com", "zoe@example.org", None],
            "LinkedIn URL": ["fr.linkedin.com/in/Ada-Example/?trk=x", ZOE, None],
            "First Name": ["Ada", "Zoë", "Ghost"],
            "Last Name": ["Example", "Example", None],
            "Job Title": ["Engineer", " n/a ", "Ghost"],
            "Mobile": ["+1 555 0100", None, "1"],
            "City": ["Lyon", "", "x"],
            "Company": ["Example GmbH", None, "x"],
            "Website": ["https://www.example.com/x", None, None],
            "Employees": ["1,200", "many", None],
            "Tier": ["A", "B", "C"],
        }
    )


@pytest.mark.parametrize("keys", [{"email": "ADA@example.com"}, {"linkedin_url": ADA}])
def test_each_spelling_of_a_key_finds_the_row(crm, look_up, keys):
    match = look_up(crm, **keys)
    person = match.model
    assert (match.status, match.credits, match.note) == (Status.MATCHED, 0, "")
    assert (person.name, person.title, person.company) == (
        "Ada Example",
        "Engineer",
        "Example GmbH",
    )
    assert (person.linkedin_url, person.company_domain) == (ADA, "example.com")
    assert [(e.address, e.type) for e in person.emails] == [("Ada@example.com", None)]
    assert [(p.number, p.type) for p in person.phones] == [("+1 555 0100", "mobile")]
    assert (person.location.city, person.employer.employees) == ("Lyon", 1200)


def test_identity_outside_the_table_is_not_found(crm, look_up):
    assert look_up(crm, email="noone@example.com").status is Status.NOT_FOUND
    assert look_up(crm, linkedin_url=ZOE + "2").status is Status.NOT_FOUND


def test_blank_or_placeholder_cell_is_none(crm, look_up):
    person = look_up(crm, email="zoe@example.org").model
    assert (person.title, person.phones, person.location) == (None, [], None)
    assert person.employer is None  # "many" is not a number


def test_flow_returns_one_match_per_identity(crm):
    batch = [Identity.of(email=f"{name}@example.org") for name in ("zoe", "unknown", "zoe")]
    flow = Directory(crm).flow("people", batch)
    with pytest.raises(StopIteration) as end:
        next(flow)
    assert [match.identity for match in end.value.value] == batch
    assert [match.status for match in end.value.value] == ["matched", "not_found", "matched"]


def test_directory_is_free_and_has_no_origin(crm):
    directory = Directory(crm, name="crm")
    assert (directory.price("people", []), directory.origin, directory.rate_limit) == (0, "", None)
    assert (directory.name, Directory.name) == ("crm", "directory")
    assert not directory.credentials


def test_keys_of_two_rows_are_ambiguous(crm, look_up):
    match = look_up(crm, email="ada@example.com", linkedin_url=ZOE)
    assert (match.status, match.reason, match.model) == (Status.FAILED, "ambiguous", None)
    assert match.note.startswith("2 rows")


def test_row_with_both_keys_is_matched(look_up):
    shared = pd.DataFrame(
        {"email": ["info@example.com"] * 2, "LinkedIn": [ADA, ZOE], "title": ["A", "Z"]}
    )
    assert look_up(shared, email="info@example.com").reason == "ambiguous"
    assert look_up(shared, email="info@example.com", linkedin_url=ZOE).model.title == "Z"


def test_contradicting_profile_is_noted(crm, look_up):
    match = look_up(crm, email="zoe@example.org", linkedin_url=ZOE + "-2")
    assert (match.status, match.note) == (Status.MATCHED, "linkedin_url differs")


def test_equal_rows_are_one_match(look_up):
    twice = pd.DataFrame({"email": ["Ada@example.com", "ada@EXAMPLE.com "], "title": ["A", " A"]})
    match = look_up(twice, email="ada@example.com")
    assert match.reason == "ambiguous"  # the addresses are spelled differently
    same = pd.DataFrame({"email": ["ada@example.com", "ada@EXAMPLE.com "], "title": ["A", " A"]})
    assert look_up(same, email="ada@example.com").model.title == "A"


def test_all_email_columns_are_keys(look_up):
    crm = pd.DataFrame(
        {
            "Work Email": ["ada@example.com"],
            "Personal Email": ["ada@example.net"],
            "Email Verified": ["yes"],
            "title": ["A"],
        }
    )
    for address in ("ada@example.com", "ada@example.net"):
        person = look_up(crm, email=address).model
        assert [(e.address, e.type) for e in person.emails] == [
            ("ada@example.com", "business"),
            ("ada@example.net", "personal"),
        ]


def test_two_profile_columns_are_named_in_the_error(look_up):
    crm = pd.DataFrame({"LinkedIn": [ADA], "LinkedIn URL": [ZOE]})
    with pytest.raises(ConfigurationError, match=r"'LinkedIn', 'LinkedIn URL'"):
        look_up(crm, linkedin_url=ADA)
    found = look_up(Directory(crm, on={"linkedin_url": "LinkedIn"}), linkedin_url=ADA)
    assert found.status is Status.MATCHED


def test_table_without_a_key_names_on(look_up):
    with pytest.raises(ConfigurationError, match=r"cannot look up people[\s\S]*on="):
        look_up(pd.DataFrame({"Colour": ["red"]}), email="ada@example.com")


def test_multiindex_label_is_recognized(look_up):
    crm = pd.DataFrame({("E-mail", ""): ["ada@example.com"], ("Job", "Title"): ["CTO"]})
    assert look_up(crm, email="ada@example.com").model.title == "CTO"


def test_duplicate_label_is_named_in_the_error(look_up):
    crm = pd.DataFrame([["ada@example.com", "b@example.com"]], columns=["email", "email"])
    with pytest.raises(ConfigurationError, match="2 columns named 'email'"):
        look_up(crm, email="ada@example.com")


def test_columns_argument_maps_unknown_labels(look_up):
    crm = pd.DataFrame(
        {"email": ["ada@example.com"], "Pos": ["CTO"], "T1": ["1"], "T2": ["2"], "Ort 2": ["Bonn"]}
    )
    directory = Directory(
        crm, columns={"title": "Pos", "phones": ["T1", "T2"], "location.city": "Ort 2"}
    )
    person = look_up(directory, email="ada@example.com").model
    assert (person.title, person.location.city) == ("CTO", "Bonn")
    assert [phone.number for phone in person.phones] == ["1", "2"]
    assert directory.unmapped["people"] == ()
    with pytest.raises(ConfigurationError, match="'title'"):
        look_up(Directory(crm, columns={"titel": "Pos"}), email="ada@example.com")


def test_billed_options_change_with_content_and_options(crm):
    def options(frame, **given):
        return Directory(frame, **given).billed_options("people")

    changed = crm.assign(Tier=["A", "B", "D"])
    assert options(crm) == options(crm.copy())
    assert options(crm) != options(changed)
    assert options(crm) != options(crm.rename(columns={"Tier": "Level"}))
    assert options(crm) != options(crm, on={"email": "E-mail"})
    shifted = pd.DataFrame({"email": ["a", "bc"]}), pd.DataFrame({"email": ["ab", "c"]})
    assert options(shifted[0]) != options(shifted[1])
    blank = pd.DataFrame({"email": ["", "x"]}), pd.DataFrame({"email": [None, "x"]})
    assert options(blank[0]) != options(blank[1])


def test_frame_is_copied_and_not_changed(crm, look_up):
    before, directory = crm.copy(), Directory(crm)
    crm.loc[0, "Job Title"] = "Changed"
    assert look_up(directory, email="ada@example.com").model.title == "Engineer"
    crm.loc[0, "Job Title"] = "Engineer"
    pd.testing.assert_frame_equal(crm, before)


@pytest.mark.parametrize("columns", [["email", "title"], ["email"]])
def test_empty_table_finds_no_match(look_up, columns):
    assert look_up(pd.DataFrame(columns=columns), email="a@example.com").status == "not_found"


def test_concurrent_threads_read_the_table_once(crm, monkeypatch):
    directory, seen = Directory(crm), []
    read = Directory._roles
    monkeypatch.setattr(Directory, "_roles", lambda *a: seen.append(1) or read(*a))
    asked = [Identity.of(email="ada@example.com")]
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(directory.matches("people", asked)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1
    assert [match.model.title for (match,) in answers] == ["Engineer"] * 8


def test_repr_shows_unmapped_columns(crm):
    directory = Directory(crm)
    assert repr(directory) == "Directory(DataFrame, not read yet)"
    assert directory.unmapped["people"] == ("Tier",)
    assert repr(directory) == "Directory(DataFrame, 3 rows, not mapped: 'Tier')"


def test_identity_has_all_keys_of_the_row():
    directory = Directory(pd.DataFrame({"email": []}))
    assert directory.identify("people", {"linkedin_url": ADA, "email": "a@example.com"}).keys == (
        ("email", "a@example.com"),
        ("linkedin_url", ADA),
    )
    assert directory.identify("companies", {"email_domain": "example.com"}) == Identity.of(
        domain="example.com"
    )
    both = {"email_domain": "example.com", "domain": "example.org"}
    assert directory.identify("companies", both) == Identity.of(domain="example.org")
    assert directory.identify("people", {"name": "Ada"}) is None
    assert directory.missing_reason("people", {"name": "Ada"}) == "needs_company"


@pytest.mark.parametrize("options", [{}, {"table": 7}, {"table": ["crm.csv"]}])
def test_missing_table_names_what_to_type(options):
    with pytest.raises(ConfigurationError, match=r"ep\.Directory\(\"crm\.csv\"\)"):
        Directory(**options)


@pytest.mark.parametrize("threshold", [0, 101, "90", None, True])
def test_invalid_threshold_is_refused(threshold):
    with pytest.raises(ConfigurationError, match="threshold"):
        Directory(pd.DataFrame(), threshold=threshold)


def test_unknown_identifier_in_on_is_refused():
    with pytest.raises(ConfigurationError, match="'mail'"):
        Directory(pd.DataFrame(), on={"mail": "E-mail"})
