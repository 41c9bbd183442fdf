"""Zoho's options, data centers, tokens, identities and rules."""

import dataclasses
import pickle

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import enrich_pandas as ep
from enrich_pandas.errors import (
    AuthenticationError,
    ConfigurationError,
    EnrichError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    RequestError,
    UnavailableError,
)
from enrich_pandas.providers.base import Identity, RateLimit, Response, Secret
from enrich_pandas.providers.zoho import Zoho
from enrich_pandas.providers.zoho.basis import has_english_letters, to_english_letters
from enrich_pandas.providers.zoho.oauth import DATA_CENTERS

SECRETS = {name: Secret(f"made-up {name}") for name in Zoho.credentials}
ADA = {"email": "ada@example.com", "linkedin_url": "https://www.linkedin.com/in/ada-example"}


@pytest.fixture(autouse=True)
def no_dc(monkeypatch):
    monkeypatch.delenv("ZOHO_DC", raising=False)


@pytest.mark.parametrize(
    ("dc", "api", "accounts"),
    [
        ("us", "https://www.zohoapis.com", "https://accounts.zoho.com"),
        ("eu", "https://www.zohoapis.eu", "https://accounts.zoho.eu"),
        ("in", "https://www.zohoapis.in", "https://accounts.zoho.in"),
        ("au", "https://www.zohoapis.com.au", "https://accounts.zoho.com.au"),
        ("ca", "https://www.zohoapis.ca", "https://accounts.zohocloud.ca"),
        ("sa", "https://www.zohoapis.sa", "https://accounts.zoho.sa"),
        ("jp", "https://www.zohoapis.jp", "https://accounts.zoho.jp"),
        ("cn", "https://www.zohoapis.com.cn", "https://accounts.zoho.com.cn"),
    ],
)
def test_each_data_center_has_its_origins(dc, api, accounts):
    zoho = Zoho(dc=dc)
    assert (zoho.origin, zoho.renewal(SECRETS).origin) == (api, accounts)


def test_the_data_center_comes_from_argument_environment_or_default(monkeypatch):
    assert Zoho().dc == "us"
    monkeypatch.setenv("ZOHO_DC", "IN")
    assert Zoho().dc == "in"
    assert Zoho(dc="AU").dc == "au"
    monkeypatch.setenv("ZOHO_DC", "moon")
    with pytest.raises(ConfigurationError, match="us, eu, in, au, ca, sa, jp, cn"):
        Zoho()


@pytest.mark.parametrize("dc", DATA_CENTERS)
def test_people_are_refused_in_data_centers_without_them(dc):
    zoho = Zoho(dc=dc)
    assert zoho.rules("companies")
    assert zoho.billed_options("companies")
    if dc in ("us", "in", "au", "ca", "sa"):
        assert zoho.rules("people")
        assert zoho.billed_options("people")
        return
    for ask in (zoho.rules, zoho.billed_options):
        with pytest.raises(ConfigurationError, match=f"not in {dc}"):
            ask("people")


@pytest.mark.parametrize(
    "options",
    [
        {"version": "v2"},
        {"module": ""},
        {"module": "Leads&x=1"},
        {"record_id": ""},
        {"record_id": "12/3"},
        {"record_id": 123},
        {"patience": 0},
        {"settle": -1.0},
        {"connections": 0},
        {"dc": ""},
    ],
)
def test_an_invalid_option_is_refused(options):
    with pytest.raises(ConfigurationError):
        Zoho(**options)


def test_module_record_version_and_data_center_are_billed():
    zoho = Zoho(module="Contacts", record_id="123", version="v7")
    assert zoho.billed_options("people") == {
        "dc": "us",
        "module": "Contacts",
        "record_id": "123",
        "version": "v7",
    }
    assert Zoho(patience=60, settle=60).billed_options("people") == Zoho().billed_options("people")
    assert zoho.version == "v7"
    assert Zoho().version == "v8"


def test_a_record_is_for_one_row_only():
    people = [Identity.of(email=f"{name}@example.com") for name in ("ada", "bob")]
    zoho = Zoho(record_id="123")
    assert list(zoho.batches("people", people[:1])) == [people[:1]]
    with pytest.raises(ConfigurationError, match="2 rows"):
        zoho.batches("people", people)
    assert list(Zoho().batches("people", people)) == [[one] for one in people]
    with pytest.raises(TypeError):
        Zoho("id", "secret", "token", "us", "Leads", "123")


def test_credentials_are_not_shown():
    zoho = Zoho(client_id="hidden-1", client_secret="hidden-2", refresh_token="hidden-3")
    assert "hidden" not in repr(zoho)
    assert zoho.client_secret == Secret("hidden-2")
    assert "hidden" not in repr(zoho.billed_options("people"))
    with pytest.raises(TypeError):
        pickle.dumps(zoho)
    assert dataclasses.replace(zoho, module="Contacts").refresh_token == Secret("hidden-3")


# -- Identities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "keys"),
    [
        (ADA, {"email", "linkedin_url"}),
        (ADA | {"name": "Ada Example"}, {"email", "linkedin_url"}),
        (ADA | {"company": "Acme"}, {"email", "linkedin_url"}),
        (ADA | {"name": "Ada Example", "company": "Acme"}, {*ADA, "name", "company"}),
        ({"name": "Ada Example", "domain": "acme.example"}, {"name", "domain"}),
        (
            {"name": "Ada Example", "domain": "acme.example", "company": "Acme"},
            {"name", "domain", "company"},
        ),
        ({"company": "Acme", "domain": "acme.example"}, None),
        ({"name": "Ada Example"}, None),
        ({}, None),
    ],
)
def test_a_person_has_all_identifiers_that_combine(values, keys):
    identity = Zoho().identify("people", values)
    assert (identity and {name for name, _ in identity.keys}) == keys


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"company": "Acme"}, {"company": "Acme"}),
        ({"company": "Acme", "domain": "acme.example"},) * 2,
        ({"email_domain": "acme.example"}, {"domain": "acme.example"}),
        ({"email_domain": "b.example", "domain": "a.example"}, {"domain": "a.example"}),
    ],
)
def test_a_company_has_name_and_domain(values, expected):
    assert Zoho().identify("companies", values) == Identity.of(**expected)


def test_an_incomplete_row_has_a_reason():
    assert Zoho().missing_reason("people", {"name": "Ada Example"}) == "needs_company"
    assert Zoho().missing_reason("people", {"company": "Acme"}) == "incomplete"
    assert Zoho().missing_reason("companies", {}) == "incomplete"


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ("Li", "too_short"),
        ("3M", "too_short"),
        ("Ada", None),
        ("Müller", "not_english"),
        ("山田太郎", "not_english"),
        ("Ada\u0430", "not_english"),  # a Cyrillic look-alike
        ("Ada\x7f", "not_english"),
        ("O'Neil-Smith & Co.", None),
    ],
)
def test_values_need_three_english_characters(value, broken):
    for kind in Zoho.kinds:
        rules = Zoho().rules(kind)
        assert set(rules) == set(Zoho.identifiers[kind])
        for demands in rules.values():
            assert next((r.code for r in demands if not r.accepts(value)), None) == broken


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ("Müller", None),
        ("Mu\u0308ller", None),
        ("Ðorđe Łukasz Þór", None),
        ("Øy", "too_short"),
        ("Æs", None),  # three letters after transliteration
        ("山田太郎", "not_english"),
        ("Müller 山田", "not_english"),
        ("Ada\u0430", "not_english"),
        ("\uff21\uff44\uff41", "not_english"),  # a full-width look-alike
        ("Ada\x7f", "not_english"),
    ],
)
def test_names_are_transliterated_on_request(value, broken):
    rules = Zoho(transliterate=True).rules("people")
    for name in ("name", "company"):
        assert next((r.code for r in rules[name] if not r.accepts(value)), None) == broken
    assert next((r.code for r in rules["linkedin_url"] if not r.accepts("müller")), None)


def test_names_are_transliterated_and_addresses_are_not():
    values = {"email": "ada@example.com", "name": "Žižek Strauß", "company": "Łódź Ærø"}
    asked = Zoho(transliterate=True).identify("people", values)
    assert asked == Identity.of(email="ada@example.com", name="Zizek Strauss", company="Lodz AEro")
    assert Zoho(transliterate=True).identify("companies", {"company": "Łódź"}) == Identity.of(
        company="Lodz"
    )
    plain = {"name": "Ada Example", "company": "Acme"}
    assert Zoho(transliterate=True).identify("people", plain) == Zoho().identify("people", plain)
    # A name in English letters is the same purchase with and without it.
    assert Zoho(transliterate=True).billed_options("people") == Zoho().billed_options("people")


@given(st.text())
def test_transliteration_is_english_or_unchanged(value):
    found = to_english_letters(value)
    assert has_english_letters(found) or found == value
    assert not has_english_letters(value) or found == value


def test_a_run_sends_the_transliterated_name(box):
    leads = pd.DataFrame({"name": ["Jürgen Žižek", "山田太郎"], "company": ["Acme", "Acme"]})
    found = leads.enrich.people(ep.Zoho(transliterate=True), fields=["name"], progress=None)
    assert found["person_status"].tolist() == ["matched", "invalid"]
    assert found["person_reason"].tolist()[1] == "name:not_english"
    report = found.enrich.report()
    assert report.run_facts[0].options["transliterate"] is True
    refused = leads.enrich.people("zoho", fields=["name"], progress=None)
    assert refused["person_reason"].tolist() == ["name:not_english"] * 2


# -- Tokens --------------------------------------------------------------------------------------


def test_a_token_is_requested_as_a_form():
    renewal = Zoho(dc="in").renewal(SECRETS)
    assert renewal.path == "/oauth/v2/token"
    assert renewal.limit == RateLimit(10, 600)
    assert {name: value.reveal() for name, value in renewal.form.items()} == {
        "grant_type": "refresh_token",
        "client_id": "made-up client_id",
        "client_secret": "made-up client_secret",
        "refresh_token": "made-up refresh_token",
    }
    assert "made-up" not in repr(renewal)


def test_a_request_is_signed_by_zohos_scheme():
    signed = Zoho().auth({**SECRETS, "access_token": Secret("1000.made-up")})
    assert signed == {"Authorization": Secret("Zoho-oauthtoken 1000.made-up")}


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"expires_in": 3600}, 3600),
        ({"expires_in": "1800"}, 1800),
        ({"expires_in_sec": 3600, "expires_in": 3600000}, 3600),
        ({"expires_in": 3600000}, 3600),
        ({}, 3600),
        ({"expires_in": None}, 3600),
        ({"expires_in": "soon"}, 3600),
        ({"expires_in": -1}, 3600),
        ({"expires_in": 60, "api_domain": "https://www.zohoapis.com"}, 60),
        ({"expires_in": 60, "api_domain": "http://127.0.0.1:8080"}, 60),
        ({"expires_in": 60, "api_domain": ["odd"]}, 60),
        ({"expires_in": 60, "api_domain": "http://[odd"}, 60),
    ],
)
def test_a_token_is_parsed_with_its_lifetime(reply, more, seconds):
    token = Zoho().token(reply({"access_token": " 1000.made-up ", "token_type": "Bearer", **more}))
    assert token == (Secret("1000.made-up"), seconds)


def test_a_token_of_another_data_center_names_it(reply):
    answer = reply({"access_token": "1000.made-up", "api_domain": "https://www.zohoapis.eu"})
    with pytest.raises(ConfigurationError, match='dc="eu"') as caught:
        Zoho().token(answer)
    assert "1000" not in str(caught.value)
    assert Zoho(dc="eu").token(answer)


THROTTLED = {
    "error_description": "You have made too many requests continuously. Please try again after "
    "some time.",
    "error": "Access Denied",
    "status": "failure",
}


@pytest.mark.parametrize(
    ("body", "status", "error", "words"),
    [
        ({"error": "invalid_client"}, 200, AuthenticationError, "ZOHO_CLIENT_ID"),
        ({"error": "invalid_client_secret"}, 200, AuthenticationError, "ZOHO_CLIENT_SECRET"),
        ({"error": "invalid_code"}, 200, AuthenticationError, "ZOHO_REFRESH_TOKEN"),
        ({"error": "invalid_code"}, 400, AuthenticationError, "ZOHO_REFRESH_TOKEN"),
        ({"error": "general_error"}, 200, AuthenticationError, "general_error"),
        ({"error": "ada@example.com"}, 200, AuthenticationError, "an unknown error"),
        (THROTTLED, 400, RateLimitError, "ten minutes"),
        (THROTTLED, 200, RateLimitError, "ten minutes"),
        ({}, 429, RateLimitError, "ten minutes"),
        (b"<html>", 200, UnavailableError, "200"),
        (b"", 502, UnavailableError, "502"),
        ([], 200, UnavailableError, "no token"),
        ({"access_token": ""}, 200, UnavailableError, "no token"),
        ({"access_token": 12}, 200, UnavailableError, "no token"),
    ],
)
def test_a_refused_token_says_what_to_do(reply, body, status, error, words):
    with pytest.raises(error, match=words) as caught:
        Zoho().token(reply(body, status))
    assert isinstance(caught.value, EnrichError)
    assert "ada@" not in str(caught.value)
    assert caught.value.todo


@pytest.mark.parametrize(
    ("code", "status", "is_stale"),
    [
        ("INVALID_TOKEN", 401, True),
        ("AUTHENTICATION_FAILURE", 401, True),
        ("OAUTH_SCOPE_MISMATCH", 401, False),
        ("INVALID_TOKEN", 400, False),
        ("NO_PERMISSION", 403, False),
    ],
)
def test_a_stale_token_differs_from_a_missing_scope(reply, code, status, is_stale):
    body = {"code": code, "details": {}, "message": "made up", "status": "error"}
    assert Zoho().is_stale(reply(body, status)) is is_stale


def test_an_unreadable_401_is_not_stale(reply):
    assert not Zoho().is_stale(reply(b"<html>", 401))
    assert not Zoho().is_stale(Response())


@pytest.mark.parametrize(
    ("code", "status", "error", "words"),
    [
        ("LIMIT_EXCEEDED", 400, QuotaError, "edition"),
        ("FEATURE_NOT_ENABLED", 400, PermissionDeniedError, "Enable data enrichment"),
        ("FEATURE_NOT_SUPPORTED", 400, PermissionDeniedError, "Enterprise and Ultimate"),
        ("NO_PERMISSION", 403, PermissionDeniedError, "administrator"),
        ("OAUTH_SCOPE_MISMATCH", 401, AuthenticationError, "settings.intelligence.ALL"),
        ("INVALID_TOKEN", 401, AuthenticationError, "ZOHO_REFRESH_TOKEN"),
        ("REQUIRED_PARAM_MISSING", 400, RequestError, "module"),
        ("NO_PERMISSION", 401, AuthenticationError, "."),
        ("TOO_MANY_REQUESTS", 429, RateLimitError, "."),
    ],
)
def test_an_error_has_the_documented_remedy(reply, code, status, error, words):
    body = {"code": code, "details": {}, "message": "made up", "status": "error"}
    for placed in (body, {"__zia_people_enrichment": [body]}):
        made = Zoho().error_for(reply(placed, status))
        assert isinstance(made, error)
        assert words in made.todo


def test_an_answer_without_an_error_raises_nothing(reply):
    assert Zoho().error_for(reply({"code": "LIMIT_EXCEEDED", "status": "error"}, 200)) is None
