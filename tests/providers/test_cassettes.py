"""The recorded exchanges of every vendor, replayed by vcrpy without a server.

The cassettes are recorded against the sandbox: ``pytest tests/providers/test_cassettes.py
--record-mode=rewrite``. They are matched on method, path, query and body, so a request that differs
from what was recorded by one byte is an error.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.providers.base import Secret
from tests.canaries import unwatched

CASSETTES = Path(__file__).parents[2] / "cassettes"
NOWHERE = "http://127.0.0.1:9"

# Headers, parameters and form fields that hold a credential and are blanked.
SECRET_NAMES = (
    "access_token",
    "api_key",
    "authorization",
    "client_id",
    "client_secret",
    "cookie",
    "refresh_token",
    "set-cookie",
    "token",
    "x-api-key",
)
ACCIDENTAL = ("x-request-id", "user-agent", "date")  # depend on the run, not on the exchange
VENDORS = ("amplemarket", "crustdata", "zoho")

LEADS = pd.DataFrame(
    {
        "LinkedIn": [
            "https://www.linkedin.com/in/ada-example-1",
            "linkedin.com/in/grace-example-2/",
            "https://fr.linkedin.com/in/zo%C3%A9-example-7?trk=x",
            None,
        ],
        "Email": [None, None, None, "mary.example@company1.example"],
    }
)
FIRMS = pd.DataFrame({"Website": ["https://www.acme.example/home", "shop.example.org"]})

PEOPLE = {
    "amplemarket": ep.Amplemarket(reveal_email=True, connections=1),
    "amplemarket-single": ep.Amplemarket(api="single", connections=1),
    "crustdata-2025-11-01": ep.Crustdata(connections=1),
    "crustdata-screener": ep.Crustdata(api="screener", connections=1),
    "zoho": ep.Zoho(connections=1),
}
COMPANIES = {
    "amplemarket": ep.Amplemarket(connections=1),
    "crustdata-2025-11-01": ep.Crustdata(connections=1),
    "crustdata-screener": ep.Crustdata(api="screener", connections=1),
    "zoho": ep.Zoho(version="v7", connections=1),
}


def only_the_vendor(request):
    return None if request.path.startswith("/__sandbox__") else request


def without_secrets(response):
    names = (*SECRET_NAMES, *ACCIDENTAL)
    headers = response["headers"].items()
    response["headers"] = {k: v for k, v in headers if k.lower() not in names}
    if b'"access_token"' in response["body"]["string"]:
        token = json.loads(response["body"]["string"]) | {"access_token": "x"}
        response["body"]["string"] = json.dumps(token).encode()
        response["headers"] = {"content-type": ["application/json"]}
    return response


@pytest.fixture(scope="module", autouse=True)
def vcrpy_itself():
    with unwatched("vcr"):
        yield


@pytest.fixture(scope="module")
def vcr_config():
    return {
        "match_on": ["method", "path", "query", "body"],
        "filter_headers": [(name, None) for name in (*SECRET_NAMES, *ACCIDENTAL)],
        "filter_query_parameters": list(SECRET_NAMES),
        "filter_post_data_parameters": list(SECRET_NAMES),
        "before_record_request": only_the_vendor,
        "before_record_response": without_secrets,
        "decode_compressed_response": True,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir():
    return str(CASSETTES)


@pytest.fixture
def default_cassette_name(request):
    kind = request.node.originalname.split("_")[1]  # test_people_…, test_companies_…
    vendor, _, variant = request.node.callspec.params["case"].partition("-")
    return f"{vendor}/{kind}{variant and '-' + variant}"


@pytest.fixture
def vendor(record_mode):
    if record_mode != "none":
        with ep.sandbox(misses=0, job_seconds=(0.0, 0.0)):
            yield
        return
    secret = Secret("made-up")
    names = ("api_key", "client_id", "client_secret", "refresh_token")
    replay = Environment(
        realm="cassette",
        origins=dict.fromkeys(VENDORS, NOWHERE),
        secrets=dict.fromkeys(VENDORS, dict.fromkeys(names, secret)),
        paid=False,
    )
    with use_environment(replay):
        yield


@pytest.mark.vcr
@pytest.mark.parametrize("case", PEOPLE)
def test_people_are_matched_from_a_cassette(vendor, case):
    people = ep.people(LEADS, PEOPLE[case], progress=None)
    matched = people["person_status"] == "matched"
    # Zoho accepts English only: Zoé is refused before anything is spent.
    reasons = people.loc[~matched, "person_reason"].tolist()
    assert reasons == ["linkedin_url:not_english"] * (case == "zoho")
    assert people.loc[matched, "person_name"].str.contains("Ada|Grace|Zoé|Mary").all()
    assert people.loc[matched, "person_linkedin_url"].notna().all()


@pytest.mark.vcr
@pytest.mark.parametrize("case", COMPANIES)
def test_companies_are_matched_from_a_cassette(vendor, case):
    firms = ep.companies(FIRMS, COMPANIES[case], progress=None)
    assert firms["company_status"].tolist() == ["matched"] * 2
    assert firms["company_domain"].tolist() == ["acme.example", "example.org"]
    assert firms["company_name"].notna().all()


@pytest.mark.vcr
@pytest.mark.parametrize("case", ["crustdata-2025-11-01", "crustdata-screener"])
def test_a_request_that_was_not_recorded_fails(vendor, case, record_mode):
    if record_mode != "none":
        pytest.skip("says what happens in replay; recording would record the request")
    stranger = pd.DataFrame({"LinkedIn": ["https://www.linkedin.com/in/not-recorded"]})
    with pytest.raises(ep.EnrichError):
        ep.people(stranger, PEOPLE[case], progress=None)
