"""Crustdata's options, prices, requests and errors."""

import copy
import math
import pickle
from collections.abc import Callable
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from enrich_pandas.errors import ConfigurationError, PermissionDeniedError
from enrich_pandas.providers import find_provider
from enrich_pandas.providers.base import Identity, RateLimit, Request, Response, Secret
from enrich_pandas.providers.crustdata import Crustdata, Prices

SCREENER = "screener"


def profile(slug: str) -> Identity:
    return Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}")


def email(name: str) -> Identity:
    return Identity.of(email=f"{name}@example.com")


def first_request(provider: Crustdata, *batch: Identity) -> Request:
    request = next(provider.flow("people", batch))
    assert isinstance(request, Request)
    return request


def test_crustdata_is_found_by_name() -> None:
    assert find_provider("crustdata") == Crustdata()


def test_the_key_is_not_shown_or_pickled() -> None:
    provider = Crustdata(api_key="canary-key")
    assert provider.api_key == Secret("canary-key")
    assert "canary" not in f"{provider!r} {provider!s} {provider.billed_options('people')}"
    assert copy.copy(provider) == provider
    with pytest.raises(TypeError):
        pickle.dumps(provider)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api": "v3"}, "no API called"),
        ({"realtime": True}, 'api="screener"'),
        ({"force_fetch": True}, 'api="screener"'),
        ({"api": SCREENER, "force_fetch": True}, "only be used with realtime"),
        ({"api": SCREENER, "realtime": True, "preview": True}, "preview"),
        ({"api": SCREENER, "min_similarity_score": 0.8}, "min_similarity_score"),
        ({"min_similarity_score": 1.5}, "0 to 1"),
        ({"emails_per_request": 0}, "1 to 25"),
        ({"emails_per_request": 26}, "1 to 25"),
        ({"fields": "basic_profile,skills"}, "field names"),
        ({"fields": ["basic_profile,skills"]}, "comma"),
        ({"fields": []}, "field names"),
        ({"prices": 0.5}, "prices=0.5 is not Prices"),
        ({"company_prices": {"base": 1}}, "company_prices={'base': 1}"),
    ],
)
def test_incompatible_options_are_refused_with_a_hint(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match="Nothing was spent") as error:
        Crustdata(**options)
    assert said in str(error.value)
    assert error.value.todo


@pytest.mark.parametrize("name", ["base", "realtime", "phone"])
@pytest.mark.parametrize(
    "price", [-1, -1e-300, math.nan, math.inf, 10**400, "1", None, True, [1.0], 1j]
)
def test_an_invalid_price_is_refused_by_name(name: str, price: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name}=.*\nNothing was spent") as error:
        Prices(**{"base": 1, name: price})
    assert f"Prices({name}=" in error.value.todo


@pytest.mark.parametrize("price", [0, 2, 0.25, np.float64(0.5), np.int64(3), Fraction(1, 2)])
def test_any_real_number_is_a_price(price: Any) -> None:
    assert Prices(base=price).total(["base"]) == float(price)


@pytest.mark.parametrize(
    ("options", "credits_"),
    [
        ({}, 1),
        ({"business_email": True}, 2),
        ({"fields": ["contact"]}, 6),
        ({"fields": ["contact", "dev_platform_profiles"]}, 7),
        ({"fields": ["contact.phone_numbers"]}, 3),
        ({"preview": True}, 0),
        ({"api": SCREENER}, 3),
        ({"api": SCREENER, "realtime": True}, 5),
        ({"api": SCREENER, "realtime": True, "force_fetch": True}, 5),
        ({"api": SCREENER, "business_email": True}, 5),
        ({"api": SCREENER, "business_email": True, "realtime": True}, 7),
        ({"api": SCREENER, "fields": ["business_email"]}, 2),
        ({"api": SCREENER, "fields": ["business_email"], "realtime": True}, 2),
        ({"api": SCREENER, "fields": ["current_employers.business_emails"]}, 5),
        ({"api": SCREENER, "preview": True}, 0),
        ({"prices": Prices(base=0.5)}, 0.5),
    ],
)
def test_the_price_is_the_maximum_cost(options: dict[str, Any], credits_: float) -> None:
    batch = [profile("ada"), profile("bo")]
    provider = Crustdata(**options)
    assert provider.price("people", batch) == 2 * credits_
    assert first_request(provider, *batch).credits == 2 * credits_


def test_each_api_version_has_its_scheme() -> None:
    secrets = {"api_key": Secret("abc")}
    assert Crustdata().auth(secrets) == {"Authorization": Secret("Bearer abc")}
    assert Crustdata(api=SCREENER).auth(secrets) == {"Authorization": Secret("Token abc")}


def test_the_rate_limit_is_documented_or_the_contracts() -> None:
    assert Crustdata().rate_limit == RateLimit(15, 60)
    assert Crustdata(rate=RateLimit(60, 60)).rate_limit == RateLimit(60, 60)


def test_options_that_change_the_purchase_are_billed() -> None:
    variants = [
        Crustdata(),
        Crustdata(fields=["basic_profile"]),
        Crustdata(business_email=True),
        Crustdata(preview=True),
        Crustdata(min_similarity_score=0.9),
        Crustdata(api=SCREENER),
        Crustdata(api=SCREENER, realtime=True),
        Crustdata(api=SCREENER, realtime=True, force_fetch=True),
    ]
    bought = [str((one.version, one.billed_options("people"))) for one in variants]
    assert len(set(bought)) == len(variants)
    same = [Crustdata(api_key="abc"), Crustdata(connections=1), Crustdata(rate=RateLimit(1, 1))]
    assert {str((one.version, one.billed_options("people"))) for one in same} == {bought[0]}


def test_the_screener_uses_get() -> None:
    provider = Crustdata(api=SCREENER, realtime=True, force_fetch=True)
    request = first_request(provider, profile("ada"), profile("zoé"))
    assert (request.method, request.path) == ("GET", "/screener/person/enrich")
    assert request.params == {
        "linkedin_profile_url": "https://www.linkedin.com/in/ada,"
        "https://www.linkedin.com/in/zo%C3%A9",
        "enrich_realtime": "true",
        "force_fetch": "true",
    }
    assert request.billed
    assert request.json is None
    assert request.identities == (profile("ada"), profile("zoé"))


def test_the_screener_gets_one_email_per_request() -> None:
    provider = Crustdata(api=SCREENER, preview=True)
    batches = list(provider.batches("people", [email("ada"), email("bo")]))
    assert batches == [[email("ada")], [email("bo")]]
    assert first_request(provider, *batches[0]).params == {
        "business_email": "ada@example.com",
        "preview": "true",
    }


def test_business_email_also_names_the_default_fields() -> None:
    request = first_request(Crustdata(api=SCREENER, business_email=True), profile("ada"))
    fields = request.params["fields"].split(",")
    assert fields[-1] == "business_email"
    assert {"name", "current_employers", "education_background"} < set(fields)


def test_the_current_api_uses_post_with_a_version() -> None:
    request = first_request(Crustdata(), profile("ada"))
    assert (request.method, request.path) == ("POST", "/person/enrich")
    assert request.headers == {"x-api-version": "2025-11-01"}
    assert request.json == {
        "professional_network_profile_urls": ["https://www.linkedin.com/in/ada"],
        "fields": [
            "basic_profile",
            "social_handles",
            "professional_network",
            "experience",
            "education",
            "skills",
        ],
    }


def test_the_least_score_is_sent_with_emails_only() -> None:
    provider = Crustdata(min_similarity_score=0.8, fields=["basic_profile"], preview=True)
    assert first_request(provider, email("ada")).json == {
        "business_emails": ["ada@example.com"],
        "fields": ["basic_profile"],
        "preview": True,
        "min_similarity_score": 0.8,
    }
    assert "min_similarity_score" not in first_request(provider, profile("ada")).json


@pytest.mark.parametrize("api", ["2025-11-01", SCREENER])
def test_urls_and_emails_use_separate_requests(api: Any) -> None:
    people = [one for n in range(60) for one in (profile(f"p{n}"), email(f"p{n}"))]
    batches = list(Crustdata(api=api, emails_per_request=25).batches("people", people))
    assert [len(batch) for batch in batches] == [25, 25, 10, 25, 25, 10]
    assert all(len({name for one in batch for name, _ in one.keys}) == 1 for batch in batches)
    assert sorted(one for batch in batches for one in batch) == sorted(people)


def test_a_row_with_both_uses_its_url() -> None:
    values = {"email": "ada@example.com", "linkedin_url": "https://www.linkedin.com/in/ada"}
    assert Crustdata().identify("people", values) == profile("ada")


def test_a_long_url_reduces_the_batch_size() -> None:
    provider = Crustdata(api=SCREENER, business_email=True)
    people = [profile("é" * 60 + str(n)) for n in range(50)]
    batches = list(provider.batches("people", people))
    lines = [urlencode(first_request(provider, *batch).params) for batch in batches]
    assert len(batches) > 2
    assert all(7_000 < len(line) < 8_000 for line in lines[:-1])
    assert len(list(Crustdata().batches("people", people))) == 2


def test_a_value_too_long_for_a_url_is_refused() -> None:
    (rule,) = Crustdata(api=SCREENER).rules("people")["linkedin_url"]
    assert rule.code == "too_long"
    assert not rule.accepts("https://www.linkedin.com/in/" + "é" * 900)
    assert rule.accepts("https://www.linkedin.com/in/ada")
    assert not Crustdata().rules("people")  # the length of a body is not limited


PE02 = {"error": "…: x. Internal system error while processing profile. Please try again later."}


@pytest.mark.parametrize(
    ("status", "body", "is_refusal"),
    [
        (500, {"error_code": "PE02"}, True),
        (500, {"error": {"code": "PE02", "message": "…"}}, True),
        (500, {"detail": [{"msg": "PE02"}]}, True),
        (500, PE02, True),
        (500, {"error_code": "PE04"}, True),
        (500, {"error": "Internal server error."}, False),
        (500, {"traceback": "PE02"}, False),
        (500, b"<html>PE02</html>", False),
        (500, b"", False),
        (502, {"error_code": "PE02"}, False),
    ],
)
def test_only_a_documented_500_counts_as_refused(
    reply: Callable[..., Response], status: int, body: Any, is_refusal: bool
) -> None:
    assert Crustdata(api=SCREENER).refuses(reply(body, status)) is is_refusal
    assert not Crustdata().refuses(reply(body, status))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x_ratelimit_reset": "7"}, 7),
        ({"x_ratelimit_reset": "7", "retry_after": "9"}, 9),
        ({"x_ratelimit_reset": "0"}, None),
        ({"x_ratelimit_reset": "1790000000"}, None),
        ({"x_ratelimit_reset": "soon"}, None),
        ({}, None),
    ],
)
def test_a_429_waits_for_the_reset(
    reply: Callable[..., Response], headers: dict[str, str], seconds: float | None
) -> None:
    assert Crustdata().retry_after(reply({}, 429, **headers)) == seconds


def test_a_403_names_the_refused_field(reply: Callable[..., Response]) -> None:
    provider = Crustdata(fields=["basic_profile", "honors"])
    error = provider.error_for(reply({"error": {"message": "No access to: honors"}}, 403))
    assert isinstance(error, PermissionDeniedError)
    assert error.todo == "Leave honors out of fields=…, or ask the vendor for access."
    assert provider.error_for(reply([])) is None
