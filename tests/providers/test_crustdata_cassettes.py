"""The wire, as recorded: both generations of the API, replayed by vcrpy with no server at all.

The cassettes are recorded against the sandbox: ``pytest tests/providers/test_crustdata_cassettes.py
--record-mode=rewrite``. They are matched on method, path, query and body, so a request that differs
from what was recorded by one byte is an error.
"""

from pathlib import Path

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.providers.base import Secret
from enrich_pandas.run.surroundings import Surroundings, inside

CASSETTES = Path(__file__).parents[2] / "cassettes"
NOWHERE = "http://127.0.0.1:9"

# Whatever holds a credential, in a header, a query or a body, is blanked by these names.
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
ACCIDENTAL = ("x-request-id", "user-agent", "date")  # of the run, not of the exchange

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


def only_the_vendor(request):
    return None if request.path.startswith("/__sandbox__") else request


def without_secrets(response):
    names = (*SECRET_NAMES, *ACCIDENTAL)
    headers = response["headers"].items()
    response["headers"] = {k: v for k, v in headers if k.lower() not in names}
    return response


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
    return str(CASSETTES / "crustdata")


@pytest.fixture
def vendor(record_mode):
    if record_mode != "none":
        with ep.sandbox(misses=0):
            yield
        return
    made_up = {"crustdata": {"api_key": Secret("made-up")}}
    replay = Surroundings(
        realm="cassette", origins={"crustdata": NOWHERE}, secrets=made_up, paid=False
    )
    with inside(replay):
        yield


@pytest.mark.vcr
@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
def test_people(vendor, api):
    provider = ep.Crustdata(api=api, connections=1)
    people = ep.people(LEADS, provider, progress=None)
    assert people["person_status"].tolist() == ["matched"] * 4
    assert people["person_name"].str.contains("Ada|Grace|Zoé|Mary").all()
    assert people["person_linkedin_url"].notna().all()


@pytest.mark.vcr
@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
def test_a_request_that_was_not_recorded_is_no_answer(vendor, api, record_mode):
    if record_mode != "none":
        pytest.skip("says what happens in replay; recording would record the request")
    stranger = pd.DataFrame({"LinkedIn": ["https://www.linkedin.com/in/nobody-recorded"]})
    with pytest.raises(ep.EnrichError):
        ep.people(stranger, ep.Crustdata(api=api, connections=1), progress=None)
