import pandas as pd
import pytest

from enrich_pandas.directory import Directory
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.internet import FREE_MAIL

FREE = min(FREE_MAIL)

ACCOUNTS = pd.DataFrame(
    {
        "Name": ["Example GmbH", "Sample  Ltd", "Sample Ltd", "Other"],
        "Domain": ["http://shop.example.co.uk/a", "www.sample.example", None, "example.org"],
        "Company LinkedIn URL": ["linkedin.com/company/Example", None, None, None],
        "Industry": ["Tools", "Toys", "Trade", "Tea"],
        "Employees": ["51-200", "1200", "", "7.0"],
        "SIC Codes": ["0111; 0112", None, None, None],
        "City": ["Leeds", None, None, None],
    }
)


@pytest.mark.parametrize(
    "keys",
    [
        {"domain": "example.co.uk"},
        {"company_linkedin_url": "https://www.linkedin.com/company/example"},
        {"company": "EXAMPLE gmbh"},
    ],
)
def test_company_is_found_by_each_key(look_up, keys):
    company = look_up(ACCOUNTS, "companies", **keys).model
    assert (company.name, company.domain, company.industry) == (
        "Example GmbH",
        "example.co.uk",
        "Tools",
    )
    assert (company.employees, company.employees_range) == (None, "51-200")
    assert company.sic_codes == ["0111", "0112"]
    assert company.headquarters.city == "Leeds"


def test_shared_company_name_is_ambiguous_without_domain(look_up):
    assert look_up(ACCOUNTS, "companies", company="Sample Ltd").reason == "ambiguous"
    found = look_up(ACCOUNTS, "companies", company="Sample Ltd", domain="sample.example")
    assert found.model.industry == "Toys"


def test_company_name_with_another_domain_is_not_found(look_up):
    match = look_up(ACCOUNTS, "companies", company="Other", domain="example.net")
    assert match.status == "not_found"


def test_table_of_people_gives_company_fields_only(look_up):
    crm = pd.DataFrame(
        {
            "Email": ["ada@example.com", "zoe@example.com", f"max@{FREE}"],
            "First Name": ["Ada", "Zoe", "Max"],
            "Name": ["Ada Example", "Zoe Example", "Max"],
            "Phone": ["1", "2", "3"],
            "Company": ["Example", "Example", None],
            "Industry": ["Tools", "Tools", None],
        }
    )
    company = look_up(crm, "companies", domain="example.com").model
    assert (company.name, company.industry) == ("Example", "Tools")
    assert (company.phones, company.emails) == ([], [])
    assert look_up(crm, "companies", domain=FREE).status == "not_found"


def test_many_contacts_of_one_company_give_one_match(look_up):
    crm = pd.DataFrame(
        {
            "First Name": ["Ada"] * 1000,
            "Email": [f"p{n}@example.com" for n in range(1000)],
            "Company Name": "Example",
        }
    )
    assert look_up(crm, "companies", domain="example.com").model.name == "Example"


def test_table_without_company_fields_is_refused(look_up):
    crm = pd.DataFrame({"Email": ["ada@example.com"], "First Name": ["Ada"]})
    with pytest.raises(ConfigurationError, match="field of companies"):
        look_up(crm, "companies", domain="example.com")
    assert Directory(crm).unmapped == {"people": (), "companies": ("Email", "First Name")}


def test_plain_name_beside_a_company_is_a_person(look_up):
    crm = pd.DataFrame(
        {"Name": ["Ada"], "Phone": ["5"], "Company": ["Example"], "Domain": ["example.com"]}
    )
    company = look_up(crm, "companies", domain="example.com").model
    assert (company.name, company.phones) == ("Example", [])


def test_on_serves_both_kinds(look_up):
    directory = Directory(
        ACCOUNTS.assign(Mail="ada@example.com"), on={"email": "Mail", "domain": "Domain"}
    )
    assert look_up(directory, "companies", domain="example.org").model.name == "Other"
    assert look_up(directory, "people", email="ada@example.com").reason == "ambiguous"
