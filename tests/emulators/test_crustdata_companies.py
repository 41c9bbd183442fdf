"""Crustdata's company emulators against each sentence of the documents that states a behavior."""

from collections.abc import Callable
from typing import Any

import pytest

from enrich_pandas.emulators import Sandbox
from enrich_pandas.emulators.account import RequestedIdentity, SandboxOptions, VendorAccount
from enrich_pandas.emulators.companies import Companies, CompanyCoverage
from enrich_pandas.emulators.crustdata.screener_companies import (
    BASIC,
    EnrichLegacyCompanies,
    LegacyCompaniesRequest,
)
from enrich_pandas.emulators.vendor import World

Client = Any  # the fixture's
Open = Callable[..., tuple[Sandbox, Client]]
COMPANIES = Companies(misses=0.5, seed=0)


def sentence(text: str) -> Any:
    """Quote the sentence of a document that a test checks."""
    return pytest.mark.parametrize("quoted", [text], ids=[text[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


def slug(coverage: str, *, similar: bool = False) -> str:
    """Find a company with a coverage, and with or without similar companies."""
    for number in range(2000):
        name = f"firm-{number}"
        fits = bool(COMPANIES.similar(COMPANIES.firm(name))) is similar
        if fits and COMPANIES.coverage(name, "crustdata") is CompanyCoverage(coverage):
            return name
    raise AssertionError(f"no company is {coverage}")


def domain(coverage: str, *, similar: bool = False) -> str:
    return f"{slug(coverage, similar=similar)}.example"


def page(coverage: str) -> str:
    return f"https://www.linkedin.com/company/{slug(coverage)}"


def name(coverage: str) -> str:
    return COMPANIES.firm(slug(coverage)).name


def spent(box: Sandbox, before: int) -> list[float]:
    return box.ledger["credits"].tolist()[before:]


# -- the current API -----------------------------------------------------------------------------


@sentence("Submit exactly one identifier type per request.")
@pytest.mark.parametrize("body", [{}, {"domains": []}, {"domains": ["a.example"], "names": ["A"]}])
def test_mixed_identifier_types_are_refused(client: Client, body: dict[str, Any]) -> None:
    assert client.companies(**body).status_code == 400


@sentence("all requests require a valid API key passed via the Authorization header")
def test_wrong_key_is_a_401(client: Client) -> None:
    assert client.companies(key="wrong", names=["A"]).status_code == 401
    assert client.legacy_companies(key="wrong", company_name="A").status_code == 401


@sentence("matched_on: The input identifier you submitted")
def test_matched_on_equals_the_input(client: Client) -> None:
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
def test_only_requested_sections_are_returned(client: Client) -> None:
    (element,) = client.companies(domains=[domain("found")]).json()
    assert set(element["matches"][0]["company_data"]) == {"crustdata_company_id", "basic_info"}
    (element,) = client.companies(domains=[domain("found")], fields=["headcount.total"]).json()
    assert set(element["matches"][0]["company_data"]["headcount"]) == {"total"}
    assert client.companies(domains=[domain("found")], fields=["roles"]).status_code == 400


@sentence("2 credits per record.")
def test_found_company_costs_two_credits(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    requested = [domain("found"), domain("missing"), domain("queued"), domain("shared")]
    answer = client.companies(domains=requested)
    assert answer.headers["x-credits-used"] == "4"
    assert spent(shared, before) == [2, 2]


@sentence("matches: Array of candidate matches (may be empty for no-match)")
def test_no_match_is_an_empty_array(client: Client) -> None:
    (element,) = client.companies(domains=[domain("missing")]).json()
    assert element["matches"] == []


@sentence("If matches contains more than one entry, check confidence_score")
def test_similar_companies_are_several_candidates(client: Client) -> None:
    (element,) = client.companies(domains=[domain("found", similar=True)]).json()
    assert [one["confidence_score"] for one in element["matches"]] == [1.0, 0.6]
    (element,) = client.companies(domains=[domain("found", similar=True)], exact_match=True).json()
    assert len(element["matches"]) == 1


@sentence("Exact domain match still returns multiple companies")
def test_shared_domain_returns_two_companies(client: Client) -> None:
    (element,) = client.companies(domains=[domain("shared")], exact_match=True).json()
    data = [one["company_data"] for one in element["matches"]]
    assert {one["basic_info"]["primary_domain"] for one in data} == {domain("shared")}
    assert len({one["crustdata_company_id"] for one in data}) == 2
    (element,) = client.companies(professional_network_profile_urls=[page("shared")]).json()
    assert len(element["matches"]) == 1


@sentence("status.state: enriching")
def test_queued_company_has_status_enriching(client: Client) -> None:
    (element,) = client.companies(domains=[domain("queued")], fields=["status"]).json()
    assert element["matches"][0]["company_data"]["status"] == {"state": "enriching"}


@sentence("404 only for malformed domain")
def test_malformed_domain_is_a_404(client: Client) -> None:
    for malformed in ("https://acme.example", "acme", "a b.example"):
        answer = client.companies(domains=[malformed])
        assert answer.status_code == 404
        assert malformed in answer.json()["error"]["message"]


# -- the legacy API ------------------------------------------------------------------------------


@sentence("At least one")
def test_missing_identifier_is_a_400(client: Client) -> None:
    assert client.legacy_companies().status_code == 400
    assert set(client.legacy_companies().json()) == {"error"}


@sentence("each csv <= 25")
def test_more_than_25_companies_are_refused(client: Client) -> None:
    for count, status in ((25, 200), (26, 400)):
        domains = ",".join(f"firm-{n}.example" for n in range(count))
        assert client.legacy_companies(company_domain=domains).status_code == status


@sentence("names with commas in double quotes")
def test_quoted_names_may_contain_commas(client: Client, shared: Sandbox) -> None:
    client.legacy_companies(company_name='"Firm, Inc.", Other')
    assert shared.requests["identities"].iloc[-1] == 2


@sentence("Without fields only basic and firmographics; with fields only those requested.")
def test_fields_select_what_is_returned(client: Client) -> None:
    (company,) = client.legacy_companies(company_domain=domain("found")).json()
    assert set(company) == set(BASIC)
    (company,) = client.legacy_companies(company_domain=domain("found"), fields="headcount").json()
    assert set(company) == {"headcount"}


@sentence("Unauthorized access to field(s): …")
def test_unknown_field_is_named_in_the_refusal(client: Client) -> None:
    answer = client.legacy_companies(company_domain=domain("found"), fields="secret,headcount")
    assert answer.status_code == 400
    assert answer.json() == {"error": "Unauthorized access to field(s): secret"}


@sentence("The following companies will be enriched in the next 24 hours")
def test_queued_company_alone_is_a_202(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    answer = client.legacy_companies(company_linkedin_url=page("queued"))
    assert answer.status_code == 202
    (notice,) = answer.json()
    assert notice["status"] == "enriching"
    assert notice["companies"] == [{"identifier": page("queued"), "type": "linkedin_url"}]
    assert spent(shared, before) == []


@sentence("in the next 24 hours")
def test_queued_company_is_found_after_24_hours() -> None:
    world, now = World(SandboxOptions(misses=0.5)), [0.0]
    endpoint = EnrichLegacyCompanies(world, VendorAccount(clock=lambda: now[0]))
    order = LegacyCompaniesRequest(
        requested=[RequestedIdentity(slug("queued"), domain("queued"))], kind="domain"
    )
    assert endpoint.answer(order).status == 202
    now[0] = 24 * 3600.0
    assert endpoint.answer(order).body[0]["company_website_domain"] == domain("queued")


@sentence("The requested company was not found and no data is available")
def test_missing_company_is_a_not_found_notice(client: Client) -> None:
    (notice,) = client.legacy_companies(company_domain=domain("missing")).json()
    assert (notice["status"], notice["companies"][0]["type"]) == ("not_found", "domain")


@sentence("exact_match miss returns []")
def test_exact_match_miss_is_empty(client: Client) -> None:
    answer = client.legacy_companies(company_domain=domain("missing"), exact_match="true")
    assert answer.json() == []


@sentence("Fuzzy may return several companies for one identifier.")
def test_fuzzy_answers_have_no_echo(client: Client) -> None:
    firms = client.legacy_companies(company_domain=domain("found", similar=True)).json()
    assert [one["is_full_domain_match"] for one in firms] == [True, False]
    assert domain("found", similar=True) not in firms[1].values()


@sentence("1 per company, realtime 5")
def test_company_costs_1_credit_and_realtime_5(client: Client, shared: Sandbox) -> None:
    before = len(shared.ledger)
    client.legacy_companies(company_domain=domain("found"))
    client.legacy_companies(company_domain=domain("queued"), enrich_realtime="true")
    assert spent(shared, before) == [1, 5]


# -- both ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["unauthorized", "out_of_credits", "malformed", "server_error"])
def test_faults_before_acceptance_charge_nothing(open_box: Open, fault: str) -> None:
    box, client = open_box(misses=0)
    for ask in (
        lambda: client.companies(domains=["acme.example"]),
        lambda: client.legacy_companies(company_domain="acme.example"),
    ):
        box.fault("crustdata", "submit", fault)
        assert ask().status_code >= 400
        assert box.ledger.empty
    assert box.requests["fault"].tolist() == [fault] * 2


def test_employer_domain_finds_the_same_company(client: Client) -> None:
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
