import sys

import pandas as pd
import pytest

from enrich_pandas.directory import Directory
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Identity

pytest.importorskip("rapidfuzz")

CRM = pd.DataFrame(
    {
        "Name": ["Zoë Example", "Max Sample", "Mäx Sampel", "Kim Test", "Kim Test", "Łukasz Ołów"],
        "Company": ["Exämple GmbH", "Sample Inc.", "Sample", "Test AG", "Test SE", None],
        "Website": [None, None, None, None, None, "www.olow.example"],
        "LinkedIn": ["linkedin.com/in/zoe-example", None, None, None, None, None],
        "Job Title": ["CTO", "CEO", "VP", "A", "B", "C"],
    }
)


@pytest.fixture(scope="module")
def crm():
    return Directory(CRM, fuzzy=True)


@pytest.mark.parametrize(
    ("keys", "title"),
    [
        ({"name": "Zoe Example", "company": "EXAMPLE"}, "CTO"),
        ({"name": "Example, Zoë", "company": "Example Holding"}, "CTO"),
        ({"name": "Zoe Exampel", "company": "Exampel Inc"}, None),  # below 90
        ({"name": "Lukasz Olow", "domain": "olow.example"}, "C"),
        ({"name": "Lukasz Olow", "domain": "other.example"}, None),
        ({"name": "Lukasz Olow", "company": "Olow"}, None),
        ({"name": "Max Sample", "company": "Sample"}, "CEO"),
        ({"name": "Zoe Example", "company": "Sample"}, None),
        ({"name": "李", "company": "Example"}, None),
        ({"name": "!!", "company": "!!"}, None),
    ],
)
def test_similar_names_are_found(crm, look_up, keys, title):
    match = look_up(crm, **keys)
    assert (match.model.title if match.model else None) == title


def test_fuzzy_match_has_score_and_note(crm, look_up):
    match = look_up(crm, name="Zoe Exampl", company="Example")
    assert match.model.score == pytest.approx(0.95, abs=0.02)
    assert match.note == "fuzzy match, 95 of 100"


def test_score_below_the_threshold_is_not_found(look_up):
    keys = {"name": "Zoe Exampel", "company": "Exampel"}
    assert look_up(Directory(CRM, fuzzy=True, threshold=99), **keys).status == "not_found"
    assert look_up(Directory(CRM, fuzzy=True, threshold=70), **keys).model.title == "CTO"


def test_equally_similar_rows_are_ambiguous(crm, look_up):
    match = look_up(crm, name="Kim Test", company="Test")
    assert (match.status, match.reason) == ("failed", "ambiguous")


def test_similar_name_with_another_profile_is_not_found(crm, look_up):
    keys = {"name": "Zoe Example", "company": "Example"}
    other = look_up(crm, linkedin_url="https://www.linkedin.com/in/zoe-example-2", **keys)
    assert other.status == "not_found"


def test_exact_key_precedes_a_similar_name(crm, look_up):
    match = look_up(
        crm,
        linkedin_url="https://www.linkedin.com/in/zoe-example",
        name="Max Sample",
        company="Sample",
    )
    assert (match.model.title, match.model.score) == ("CTO", None)


def test_names_are_not_identifiers_without_fuzzy(look_up):
    assert Directory(CRM).identifiers["people"] == ("linkedin_url", "email")
    assert Directory(CRM, fuzzy=True).identifiers["people"][2:] == ("name", "company", "domain")
    match = look_up(Directory(CRM), name="Zoe Example", company="Example")
    assert match.status == "not_found"


def test_first_and_last_name_are_joined(look_up):
    crm = pd.DataFrame(
        {"First Name": ["Ada"], "Last Name": ["Example"], "Firma": ["Example"], "Tel": ["5"]}
    )
    directory = Directory(crm.assign(email=["x@example.com"]), fuzzy=True)
    match = look_up(directory, name="ada example", company="example")
    assert match.model.phones[0].number == "5"


def test_companies_are_found_by_similar_name(look_up):
    accounts = pd.DataFrame(
        {
            "Company Name": ["Example Société S.A.R.L.", "Sample AG"],
            "Domain": ["example.com", None],
            "Industry": ["Tools", "Toys"],
        }
    )
    directory = Directory(accounts, fuzzy=True)
    assert look_up(directory, "companies", company="Example Societe").model.industry == "Tools"
    other = look_up(directory, "companies", company="Example Societe", domain="example.org")
    assert other.status == "not_found"
    assert look_up(directory, "companies", company="Sample").model.score == 1


def test_missing_rapidfuzz_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    with pytest.raises(ConfigurationError, match=r"enrich-pandas\[fuzzy\]"):
        Directory(CRM, fuzzy=True)


def test_row_order_changes_no_match(crm):
    identities = [
        Identity.of(name=name, company=company)
        for name in CRM["Name"]
        for company in CRM["Company"].dropna()
    ]
    matches = crm.matches("people", identities)
    for seed in range(5):
        shuffled = Directory(CRM.sample(frac=1, random_state=seed), fuzzy=True)
        assert shuffled.matches("people", identities) == matches


def test_batch_matches_equal_single_matches(crm, look_up):
    identities = [
        {"name": name, "company": company}
        for name in ("Zoe Example", "Kim Test", "Unknown")
        for company in ("Example", "Test", "Nowhere")
    ]
    batch = crm.matches("people", [Identity.of(**keys) for keys in identities])
    assert batch == [look_up(crm, **keys) for keys in identities]
