"""Crustdata's legacy people API against each sentence of the document that states a behavior."""

from collections.abc import Callable
from typing import Any

import pytest

from enrich_pandas.emulators import Sandbox
from enrich_pandas.emulators.account import RequestedIdentity, SandboxOptions, VendorAccount
from enrich_pandas.emulators.crustdata.screener_people import (
    EnrichLegacyPeople,
    LegacyPeopleRequest,
)
from enrich_pandas.emulators.pools import score
from enrich_pandas.emulators.vendor import World


def sentence(text: str) -> Any:
    """Quote the sentence of the document that a test checks."""
    return pytest.mark.parametrize("quoted", [text], ids=[text[:60]], indirect=True)


@pytest.fixture(autouse=True)
def quoted(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", ""))


NO_DATA = "No data found for the LinkedIn profile: "
Client = Any  # the fixture's
PersonUrl = Callable[..., str]


def slug_of(url: str) -> str:
    return url.rpartition("/")[2]


def charged(box: Sandbox, before: int) -> list[float]:
    return box.ledger["credits"].tolist()[before:]


@sentence("GET /screener/person/enrich")
def test_endpoint_accepts_get_only(person_url: PersonUrl, client: Client) -> None:
    assert client.legacy(person_url()).status_code == 200
    assert (
        client.session.post(f"{client.base}/screener/person/enrich", timeout=60).status_code == 405
    )


@sentence("--header 'Authorization: Token $auth'")
def test_key_needs_the_token_scheme(person_url: PersonUrl, client: Client) -> None:
    assert client.legacy(person_url(), key="wrong").status_code == 401
    assert client.get("/screener/person/enrich", "Bearer sandbox-key").status_code == 401


@sentence("enriched data for one or more LinkedIn profiles in a single request")
def test_answer_is_always_an_array(person_url: PersonUrl, client: Client) -> None:
    assert len(client.legacy(person_url()).json()) == 1
    assert len(client.legacy(person_url(), person_url(start=500)).json()) == 2


@sentence("query_linkedin_profile_urn_or_slug field containing the profile slug")
def test_each_element_echoes_its_input(person_url: PersonUrl, client: Client) -> None:
    elements = client.legacy(person_url(), f"{person_url(start=500)}/").json()
    echoes = [element["query_linkedin_profile_urn_or_slug"] for element in elements]
    assert echoes == [[slug_of(person_url())], [slug_of(person_url(start=500))]]


@sentence("Profiles/Emails per Request: Up to 25. … rejected with an error message.")
@pytest.mark.parametrize("parameter", ["linkedin_profile_url", "business_email"])
def test_more_than_25_people_are_refused(client: Client, parameter: str) -> None:
    make = ("https://www.linkedin.com/in/{}" if "url" in parameter else "{}@example.com").format
    for count, status in ((25, 200), (26, 400)):
        texts = ",".join(make(f"ada-example-{number}") for number in range(count))
        answer = client.legacy(**{parameter: texts})
        assert answer.status_code == status
    assert answer.json() == {"error": "You can only enrich up to 25 LinkedIn profiles at a time."}


@sentence("Invalid inputs result in validation errors.")
@pytest.mark.parametrize(
    "malformed",
    [
        "linkedin.com/in/ada",
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/in/ada?trk=x",
        "https://www.linkedin.com/in/",
        "ACoAAAbc",
        "https://example.com/in/ada",
        "https://www.linkedin.com/sales/lead/1",
        "http://[",
    ],
)
def test_malformed_url_rejects_the_batch(
    person_url: PersonUrl, client: Client, malformed: str
) -> None:
    answer = client.legacy(person_url(), malformed)
    assert answer.status_code == 400
    expected = f"Field 'linkedin_profile_url': Invalid LinkedIn URL format: {malformed}"
    assert answer.json() == {"error": expected}


@sentence("Do not include both linkedin_profile_url and business_email in the same request.")
def test_both_identifiers_are_refused(person_url: PersonUrl, client: Client) -> None:
    assert client.legacy(person_url(), business_email="ada@example.com").status_code == 400


@sentence("You must provide either a LinkedIn profile URL or a business email.")
def test_missing_identifier_is_refused(client: Client, quoted: str) -> None:
    answer = client.legacy()
    assert (answer.status_code, answer.json()) == (400, {"error": quoted})


@sentence("force_fetch can only be used with enrich_realtime.")
def test_force_fetch_needs_realtime(person_url: PersonUrl, client: Client, quoted: str) -> None:
    answer = client.legacy(person_url(), force_fetch="True")
    assert (answer.status_code, answer.json()) == (400, {"error": quoted})
    forced = client.legacy(person_url(), force_fetch="True", enrich_realtime="true")
    assert forced.json()[0]["enriched_realtime"] is True


@sentence("Each profile or email is processed independently.")
def test_miss_keeps_the_matches_of_the_batch(person_url: PersonUrl, client: Client) -> None:
    elements = client.legacy(person_url("missing"), person_url()).json()
    assert ["error" in element for element in elements] == [True, False]


@sentence("Some profiles enriched; the rest queued. Retry missing ones later")
def test_queued_person_in_a_batch_has_an_error(person_url: PersonUrl, client: Client) -> None:
    queued = person_url("queued")
    element = client.legacy(person_url(), queued).json()[1]
    expected = f"{NO_DATA}{slug_of(queued)}. Data will be enriched shortly."
    assert element["error"] == expected
    assert element["linkedin_profile_url"] == queued


@sentence("Some profiles enriched; others don't exist.")
def test_missing_person_in_a_batch_has_an_error(person_url: PersonUrl, client: Client) -> None:
    element = client.legacy(person_url(), person_url("missing")).json()[1]
    assert (
        element["error"]
        == f"No data found for the LinkedIn profile: {slug_of(person_url('missing'))}."
    )


@sentence("200: Some profiles enriched")
def test_batch_of_misses_is_a_200(person_url: PersonUrl, client: Client) -> None:
    assert client.legacy(person_url("missing"), person_url("queued")).status_code == 200


REALTIME = {"enrich_realtime": "true"}
FORCED = REALTIME | {"force_fetch": "true"}


@pytest.mark.parametrize(
    ("coverage", "params", "status", "error"),
    [
        ("missing", FORCED, 404, "PE01 This LinkedIn profile is not available"),
        ("unreadable", FORCED, 500,
         "PE02 Internal system error while processing profile. Please try again later."),
        ("queued", {}, 404, "PE03 Data will be enriched shortly."),
        ("missing", {}, 404, "PE03 Data will be enriched shortly."),
        ("unreadable", REALTIME, 500, "PE04 Unable to process LinkedIn profile data"),
    ],
)  # fmt: skip
def test_single_miss_has_status_code_and_message(  # noqa: PLR0917 - a row of the table
    person_url: PersonUrl,
    client: Client,
    coverage: str,
    params: dict[str, str],
    status: int,
    error: str,
) -> None:
    answer = client.legacy(person_url(coverage), **params)
    code, _, detail = error.partition(" ")
    assert answer.status_code == status
    message = f"{NO_DATA}{slug_of(person_url(coverage))}. {detail}"
    assert answer.json() == {"error": message, "error_code": code}


@sentence("Retry later or call with enrich_realtime=true.")
def test_queued_person_is_found_in_realtime(person_url: PersonUrl, client: Client) -> None:
    assert client.legacy(person_url("queued"), enrich_realtime="true").json()[0]["name"]


@sentence("instructions to query again after 60 minutes")
def test_queued_person_is_found_after_60_minutes(person_url: PersonUrl) -> None:
    now = 0.0
    endpoint = EnrichLegacyPeople(
        World(SandboxOptions(misses=0.5)), VendorAccount(clock=lambda: now)
    )
    queued = person_url("queued")
    order = LegacyPeopleRequest(requested=[RequestedIdentity(slug_of(queued), queued)])
    assert endpoint.answer(order).status == 404
    now = 3599.0
    assert endpoint.answer(order).status == 404
    now = 3600.0
    assert endpoint.answer(order).body[0]["name"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({}, [3.0], id="3 credits per LinkedIn profile or email"),
        pytest.param({"enrich_realtime": "true"}, [5.0], id="Real-Time Enrichment: 5 credits"),
        pytest.param(
            {"fields": "name,business_email"},
            [5.0],
            id="2 additional credits when requesting business email",
        ),
        pytest.param(
            {"fields": "name,business_email", "enrich_realtime": "true"},
            [7.0],
            id="2 credits for the email + 3 credits for profile enrichment (5 if realtime=true)",
        ),
        pytest.param(
            {"fields": "business_email"},
            [2.0],
            id="This keeps the call cheap: 2 credits for email enrichment",
        ),
        pytest.param({"preview": "true"}, [], id="0 credits when preview=true is used"),
    ],
)
def test_prices_follow_the_document(
    person_url: PersonUrl,
    client: Client,
    shared: Sandbox,
    params: dict[str, str],
    expected: list[float],
) -> None:
    before = len(shared.ledger)
    url = person_url(business_emails=True)
    assert client.legacy(url, **params).status_code == 200
    assert charged(shared, before) == expected


@sentence("You are never charged credits when our APIs return no results.")
@pytest.mark.parametrize("coverage", ["missing", "queued", "unreadable", "redacted"])
def test_misses_are_free(
    person_url: PersonUrl, client: Client, shared: Sandbox, coverage: str
) -> None:
    before, url = len(shared.ledger), person_url(coverage)
    client.legacy(url)
    client.enrich(url)
    client.legacy(url, url, fields="business_email")
    assert charged(shared, before) == []


@sentence("No Results, No Charges")
def test_missing_email_is_free(person_url: PersonUrl, client: Client, shared: Sandbox) -> None:
    before, url = len(shared.ledger), person_url(business_emails=False)
    answer = client.legacy(url, fields="business_email")
    assert answer.json()[0]["business_email"] == []
    assert charged(shared, before) == []


@sentence("the endpoint will return just the email—no default profile fields")
def test_business_email_alone_returns_no_profile(person_url: PersonUrl, client: Client) -> None:
    url = person_url(business_emails=True, jobs=True)
    (element,) = client.legacy(url, fields="business_email").json()
    assert set(element) == {
        "business_email",
        "current_employers",
        "past_employers",
        "enriched_realtime",
        "query_linkedin_profile_urn_or_slug",
    }
    employers = [*element["current_employers"], *element["past_employers"]]
    assert all(
        set(employer)
        == {
            "employer_name",
            "employer_linkedin_id",
            "employer_company_website_domain",
            "business_emails",
        }
        for employer in employers
    )
    by_employer = [email for employer in employers for email in employer["business_emails"]]
    assert by_employer == element["business_email"]
    verification = employers[0]["business_emails"].values()
    assert all(set(one) == {"verification_status", "last_validated_at"} for one in verification)


@sentence("fields: Specify the fields to include in the response")
def test_fields_select_the_keys(person_url: PersonUrl, client: Client) -> None:
    (element,) = client.legacy(person_url(), fields="all_degrees,education_background").json()
    assert set(element) == {
        "all_degrees",
        "education_background",
        "enriched_realtime",
        "query_linkedin_profile_urn_or_slug",
    }


@sentence("all default fields AND education_background.activities_and_societies")
def test_activities_are_returned_only_if_requested(person_url: PersonUrl, client: Client) -> None:
    url = person_url(schools=True)
    plain = client.legacy(url).json()[0]["education_background"][0]
    assert "activities_and_societies" not in plain
    both = "education_background.activities_and_societies,education_background"
    for fields, keys in (
        (both, {*plain, "activities_and_societies"}),
        ("education_background.degree_name", {"degree_name"}),
    ):
        (element,) = client.legacy(url, fields=fields).json()
        assert set(element["education_background"][0]) == keys


@sentence("certifications, honors and linkedin_open_to_cards fields are not available by default")
@pytest.mark.parametrize(
    "field",
    [
        "certifications",
        "honors",
        "linkedin_open_to_cards",
        "linkedin_joined_date",
        "linkedin_verifications",
        "business_email",
    ],
)
def test_opt_in_fields_are_returned_only_if_requested(
    person_url: PersonUrl, client: Client, field: str
) -> None:
    assert field not in client.legacy(person_url()).json()[0]
    assert field in client.legacy(person_url(), fields=field).json()[0]


@sentence("Unauthorized access to field(s): headcount")
def test_unknown_fields_are_refused(person_url: PersonUrl, client: Client) -> None:
    answer = client.legacy(person_url(), fields="name,headcount,name.first")
    assert answer.status_code == 400
    assert answer.json() == {"error": "Unauthorized access to field(s): headcount, name.first"}


@sentence("preview: Provides basic profile details lookup")
def test_preview_has_basic_fields_only(person_url: PersonUrl, client: Client) -> None:
    (element,) = client.legacy(person_url(), preview="true").json()
    assert element["name"]
    assert "current_employers" not in element


@sentence("the response will include a score field")
def test_email_lookup_has_a_score(client: Client) -> None:
    (element,) = client.legacy(business_email="jane.smith.example@acme.example").json()
    assert 0 < element["score"] <= 1
    assert "query_linkedin_profile_urn_or_slug" not in element


@sentence("Interpreting the Score")
@pytest.mark.parametrize(
    ("handle", "expected"),
    [
        ("jane.smith", 0.95),
        ("jsmith", 0.75),
        ("jane", 0.9),
        ("jane.marketing", 0.5),
        ("janes", 0.75),
        ("j.smith", 0.708),
    ],
)
def test_scores_equal_the_document(handle: str, expected: float) -> None:
    assert score(handle, "Jane", "Smith") == expected
    assert score("jsmi", "Jane", "Smith") < 0.708


@sentence("GET /user/credits, headers X-RateLimit-Limit and X-RateLimit-Remaining")
def test_legacy_balance_has_rate_limit_headers(client: Client) -> None:
    answer = client.get("/user/credits", "Token sandbox-key")
    assert answer.json()["credits"] > 0
    assert int(answer.headers["X-RateLimit-Remaining"]) < int(answer.headers["X-RateLimit-Limit"])
