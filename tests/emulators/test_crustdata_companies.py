"""Company enrichment, both generations: every sentence of the documents, held to its word."""

from collections.abc import Callable
from typing import Any

import pytest

from enrich_pandas.emulators import Sandbox
from enrich_pandas.emulators.account import VendorAccount
from enrich_pandas.emulators.companies import Companies, CompanyCoverage
from enrich_pandas.emulators.crustdata.screener_companies import (
    BASIC,
    EnrichLegacyCompanies,
    LegacyCompaniesRequest,
)
from enrich_pandas.emulators.protocol import RequestedIdentity, SandboxOptions
from enrich_pandas.emulators.vendor import World

Client = Any  # the fixture's
Open = Callable[..., tuple[Sandbox, Client]]
COMPANIES = Companies(misses=0.5, seed=0)


def sentence(text: str) -> Any:
    """Name the sentence of a document that a test holds the sandbox to."""
    return pytest.mark.parametrize("quoted", [text], ids=[text[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


def slug(standing: str, *, similar: bool = False) -> str:
    """Find a company of a standing, with similar ones or without."""
    for number in range(2000):
        name = f"firm-{number}"
        fits = bool(COMPANIES.similar(COMPANIES.firm(name))) is similar
        if fits and COMPANIES.standing(name, "crustdata") is CompanyCoverage(standing):
            return name
    raise AssertionError(f"no company is {standing}")


def domain(standing: str, *, similar: bool = False) -> str:
    return f"{slug(standing, similar=similar)}.example"


def page(standing: str) -> str:
    return f"https://www.linkedin.com/company/{slug(standing)}"


def name(standing: str) -> str:
    return COMPANIES.firm(slug(standing)).name


def spent(box: Sandbox, before: int) -> list[float]:
    return box.ledger["credits"].tolist()[before:]


# -- the current API -----------------------------------------------------------------------------


@sentence("Submit exactly one identifier type per request.")
@pytest.mark.parametrize("body", [{}, {"domains": []}, {"domains": ["a.example"], "names": ["A"]}])
def test_one_type_of_identifier(client: Client, body: dict[str, Any]) -> None:
    assert client.companies(**body).status_code == 400


@sentence("all requests require a valid API key passed via the Authorization header")
def test_a_wrong_key(client: Client) -> None:
    assert client.companies(key="wrong", names=["A"]).status_code == 401
    assert client.legacy_companies(key="wrong", company_name="A").status_code == 401


@sentence("matched_on: The input identifier you submitted")
def test_the_echo_is_the_input_whatever_it_was(client: Client) -> None:
    for body, kind in (
        ({"domains": [domain("found")]}, "domain"),
        ({"names": [name("found")]}, "name"),
        (
            {"professional_network_profile_urls": [page("found")]},
            "professional_network_profile_url",
        ),
    ):
        (element,) = client.companies(**body).json()
        assert [element["matched_on"]] == next(iter(body.values()))
        assert element["match_type"] == kind
        (match,) = element["matches"]
        assert match["confidence_score"] == 1.0
        assert match["company_data"]["basic_info"]["primary_domain"] == domain("found")


@sentence("If you omit fields, company_data contains only crustdata_company_id and basic_info.")
def test_sections_must_be_named(client: Client) -> None:
    (element,) = client.companies(domains=[domain("found")]).json()
    assert set(element["matches"][0]["company_data"]) == {"crustdata_company_id", "basic_info"}
    (element,) = client.companies(domains=[domain("found")], fields=["headcount.total"]).json()
    assert set(element["matches"][0]["company_data"]["headcount"]) == {"total"}
    assert client.companies(domains=[domain("found")], fields=["roles"]).status_code == 400


@sentence("2 credits per record.")
def test_two_credits_for_who_is_found(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    asked = [domain("found"), domain("missing"), domain("queued"), domain("shared")]
    answer = client.companies(domains=asked)
    assert answer.headers["x-credits-used"] == "4"
    assert spent(shared, before) == [2, 2]


@sentence("matches: Array of candidate matches (may be empty for no-match)")
def test_no_match_is_an_empty_array(client: Client) -> None:
    (element,) = client.companies(domains=[domain("missing")]).json()
    assert element["matches"] == []


@sentence("If matches contains more than one entry, check confidence_score")
def test_several_candidates(client: Client) -> None:
    (element,) = client.companies(domains=[domain("found", similar=True)]).json()
    assert [one["confidence_score"] for one in element["matches"]] == [1.0, 0.6]
    (element,) = client.companies(domains=[domain("found", similar=True)], exact_match=True).json()
    assert len(element["matches"]) == 1


@sentence("Exact domain match still returns multiple companies")
def test_one_domain_of_two_companies(client: Client) -> None:
    (element,) = client.companies(domains=[domain("shared")], exact_match=True).json()
    data = [one["company_data"] for one in element["matches"]]
    assert {one["basic_info"]["primary_domain"] for one in data} == {domain("shared")}
    assert len({one["crustdata_company_id"] for one in data}) == 2
    (element,) = client.companies(professional_network_profile_urls=[page("shared")]).json()
    assert len(element["matches"]) == 1


@sentence("status.state: enriching")
def test_what_is_enriched_says_so_in_its_section(client: Client) -> None:
    (element,) = client.companies(domains=[domain("queued")], fields=["status"]).json()
    assert element["matches"][0]["company_data"]["status"] == {"state": "enriching"}


@sentence("404 only for malformed domain")
def test_a_malformed_domain(client: Client) -> None:
    for malformed in ("https://acme.example", "acme", "a b.example"):
        answer = client.companies(domains=[malformed])
        assert answer.status_code == 404
        assert malformed in answer.json()["error"]["message"]


# -- the legacy API ------------------------------------------------------------------------------


@sentence("At least one")
def test_an_identifier_is_required(client: Client) -> None:
    assert client.legacy_companies().status_code == 400
    assert set(client.legacy_companies().json()) == {"error"}


@sentence("each csv <= 25")
def test_up_to_25(client: Client) -> None:
    for count, status in ((25, 200), (26, 400)):
        domains = ",".join(f"firm-{n}.example" for n in range(count))
        assert client.legacy_companies(company_domain=domains).status_code == status


@sentence("names with commas in double quotes")
def test_names_with_commas(client: Client, shared: Sandbox) -> None:
    client.legacy_companies(company_name='"Firm, Inc.", Other')
    assert shared.requests["identities"].iloc[-1] == 2


@sentence("Without fields only basic and firmographics; with fields only those requested.")
def test_fields(client: Client) -> None:
    (company,) = client.legacy_companies(company_domain=domain("found")).json()
    assert set(company) == set(BASIC)
    (company,) = client.legacy_companies(company_domain=domain("found"), fields="headcount").json()
    assert set(company) == {"headcount"}


@sentence("Unauthorized access to field(s): …")
def test_a_field_that_is_not_opened(client: Client) -> None:
    answer = client.legacy_companies(company_domain=domain("found"), fields="secret,headcount")
    assert answer.status_code == 400
    assert answer.json() == {"error": "Unauthorized access to field(s): secret"}


@sentence("The following companies will be enriched in the next 24 hours")
def test_202_enriching(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    answer = client.legacy_companies(company_linkedin_url=page("queued"))
    assert answer.status_code == 202
    (notice,) = answer.json()
    assert notice["status"] == "enriching"
    assert notice["companies"] == [{"identifier": page("queued"), "type": "linkedin_url"}]
    assert spent(shared, before) == []


@sentence("in the next 24 hours")
def test_24_hours_later_it_is_there() -> None:
    world, now = World(SandboxOptions(misses=0.5)), [0.0]
    endpoint = EnrichLegacyCompanies(world, VendorAccount(clock=lambda: now[0]))
    order = LegacyCompaniesRequest(
        asked=[RequestedIdentity(slug("queued"), domain("queued"))], kind="domain"
    )
    assert endpoint.answer(order).status == 202
    now[0] = 24 * 3600.0
    assert endpoint.answer(order).body[0]["company_website_domain"] == domain("queued")


@sentence("The requested company was not found and no data is available")
def test_not_found(client: Client) -> None:
    (notice,) = client.legacy_companies(company_domain=domain("missing")).json()
    assert (notice["status"], notice["companies"][0]["type"]) == ("not_found", "domain")


@sentence("exact_match miss returns []")
def test_an_exact_miss_is_empty(client: Client) -> None:
    answer = client.legacy_companies(company_domain=domain("missing"), exact_match="true")
    assert answer.json() == []


@sentence("Fuzzy may return several companies for one identifier.")
def test_fuzzy_answers_have_no_echo(client: Client) -> None:
    firms = client.legacy_companies(company_domain=domain("found", similar=True)).json()
    assert [one["is_full_domain_match"] for one in firms] == [True, False]
    assert domain("found", similar=True) not in firms[1].values()


@sentence("1 per company, realtime 5")
def test_credits(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    client.legacy_companies(company_domain=domain("found"))
    client.legacy_companies(company_domain=domain("queued"), enrich_realtime="true")
    assert spent(shared, before) == [1, 5]


# -- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["unauthorized", "out_of_credits", "malformed", "server_error"])
def test_before_acceptance_nothing_is_charged(open_box: Open, fault: str) -> None:
    box, client = open_box(misses=0)
    for ask in (
        lambda: client.companies(domains=["acme.example"]),
        lambda: client.legacy_companies(company_domain="acme.example"),
    ):
        box.fault("crustdata", "submit", fault)
        assert ask().status_code >= 400
        assert box.ledger.empty
    assert box.requests["fault"].tolist() == [fault] * 2


def test_an_employer_of_a_person_is_the_company_of_its_domain(client: Client) -> None:
    url = "https://www.linkedin.com/in/ada-employed-1"
    for number in range(20):
        (element,) = client.enrich(f"{url}{number}", fields=["experience"]).json()
        jobs = [
            job
            for match in element["matches"]
            for job in match["person_data"]["experience"]["employment_details"]["current"]
            if isinstance(job["company_website_domain"], str)
        ]
        for job in jobs:
            (found,) = client.companies(domains=[job["company_website_domain"]]).json()
            for match in found["matches"][:1]:
                basic = match["company_data"]["basic_info"]
                assert basic["primary_domain"] == job["company_website_domain"]
