"""Crustdata's companies: requests, the choice of the company, states and fields."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.emulators.companies import Companies, FakeRound
from enrich_pandas.emulators.crustdata.companies import SECTIONS, document as current_document
from enrich_pandas.emulators.crustdata.screener_companies import (
    FIELDS,
    document as screener_document,
)
from enrich_pandas.errors import RequestError
from enrich_pandas.models import Company
from enrich_pandas.providers.base import Identity, Match, Request, Response
from enrich_pandas.providers.binding import Reading, company_keys, key_of
from enrich_pandas.providers.crustdata import Crustdata, Prices, current, screener
from enrich_pandas.providers.records import Record

Reply = Callable[..., Response]
DOMAIN = Identity.of(domain="acme.example")
PAGE = Identity.of(company_linkedin_url="https://www.linkedin.com/company/acme")
NAME = Identity.of(company="Acme")
SCREENER = Crustdata(api="screener")


def first_request(provider: Crustdata, *batch: Identity) -> Request:
    request = next(provider.flow("companies", batch))
    assert isinstance(request, Request)
    return request


def run(provider: Crustdata, batch: list[Identity], response: Response) -> list[Match]:
    flow = provider.flow("companies", batch)
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(response)
    matches: list[Match] = end.value.value
    return matches


def read(found: Match | Reading) -> Company:
    """Return the company that a vendor's record is read as."""
    assert isinstance(found.model, Record)
    company = found.model.read()
    assert isinstance(company, Company)
    return company


def firm(name: str = "Acme", domain: str = "acme.example", **more: Any) -> dict[str, Any]:
    return {"company_name": name, "company_website_domain": domain, **more}


def element(asked: str, *firms: dict[str, Any]) -> dict[str, Any]:
    matches = [
        {
            "confidence_score": 0.9,
            "company_data": {
                "crustdata_company_id": number,
                "basic_info": {
                    "name": one["company_name"],
                    "primary_domain": one["company_website_domain"],
                    "professional_network_url": one.get("linkedin_profile_url"),
                },
            },
        }
        for number, one in enumerate(firms, start=1)
    ]
    return {"matched_on": asked, "match_type": "domain", "matches": matches}


# -- Requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identity", "current_name", "screener_name", "value"),
    [
        (DOMAIN, "domains", "company_domain", "acme.example"),
        (
            PAGE,
            "professional_network_profile_urls",
            "company_linkedin_url",
            "https://www.linkedin.com/company/acme",
        ),
        (NAME, "names", "company_name", "Acme"),
    ],
)
def test_each_api_version_has_its_parameters(
    identity: Identity, current_name: str, screener_name: str, value: str
) -> None:
    request = first_request(Crustdata(), identity)
    assert (request.method, request.path, request.credits) == ("POST", "/company/enrich", 2)
    assert request.json[current_name] == [value]
    assert set(request.json) == {current_name, "fields"}
    request = first_request(SCREENER, identity)
    assert (request.method, request.path, request.credits) == ("GET", "/screener/company", 1)
    assert request.params == {screener_name: value}


def test_names_with_commas_are_quoted() -> None:
    request = first_request(
        Crustdata(api="screener", companies_per_request=2), Identity.of(company="Acme, Inc."), NAME
    )
    assert request.params["company_name"] == '"Acme, Inc.",Acme'
    (rule,) = SCREENER.rules("companies")["company"][1:]
    assert rule.accepts("Acme, Inc.")
    assert not rule.accepts('Acme "Best", Inc.')


def test_identifying_fields_are_always_requested() -> None:
    fields = first_request(Crustdata(fields=["headcount"]), DOMAIN).json["fields"]
    assert fields == ["headcount", "basic_info", "status"]
    sent = first_request(Crustdata(api="screener", fields=["headcount"]), DOMAIN).params["fields"]
    assert {"headcount", "company_website_domain", "domains"} <= set(sent.split(","))


@pytest.mark.parametrize(
    ("options", "credits_"),
    [
        ({}, 2),
        ({"preview": True, "business_email": True}, 2),
        ({"api": "screener"}, 1),
        ({"api": "screener", "realtime": True}, 5),
        ({"company_prices": Prices(base=0.5)}, 0.5),
        ({"prices": Prices(base=0.5)}, 2),
    ],
)
def test_the_price_is_the_maximum_cost(options: dict[str, Any], credits_: float) -> None:
    assert Crustdata(**options).price("companies", [DOMAIN, PAGE]) == 2 * credits_


def test_a_request_has_one_kind_of_identifier() -> None:
    many = [Identity.of(domain=f"a{n}.example") for n in range(26)]
    sizes = [len(batch) for batch in Crustdata().batches("companies", [NAME, PAGE, *many])]
    assert sizes == [25, 1, 1, 1]
    assert all(len(batch) == 1 for batch in SCREENER.batches("companies", many))
    wide = Crustdata(api="screener", companies_per_request=25)
    assert [len(batch) for batch in wide.batches("companies", many)] == [25, 1]


def test_exact_match_and_realtime_are_sent_and_billed() -> None:
    exact = Crustdata(exact_match=True)
    assert first_request(exact, DOMAIN).json["exact_match"] is True
    live = Crustdata(api="screener", realtime=True, exact_match=True)
    params = first_request(live, DOMAIN).params
    assert (params["enrich_realtime"], params["exact_match"]) == ("true", "true")
    assert exact.billed_options("companies") != Crustdata().billed_options("companies")
    assert exact.billed_options("people") == Crustdata().billed_options("people")


# -- The choice of the company -------------------------------------------------------------------

OTHER = firm("Acme Labs", "acme-labs.example")
TWIN = firm("Acme Two", "acme.example")


@pytest.mark.parametrize(
    ("given", "status", "reason"),
    [
        ([firm()], "matched", ""),
        ([OTHER, firm()], "matched", ""),
        ([firm(), firm()], "matched", ""),
        ([firm(), TWIN], "failed", "ambiguous"),
        ([OTHER, firm("Acme Bio", "acme-bio.example")], "failed", "ambiguous"),
    ],
)
@pytest.mark.parametrize("provider", [Crustdata(), SCREENER], ids=["current", "screener"])
def test_only_the_exact_company_is_matched(
    reply: Reply, provider: Crustdata, given: list[Any], status: str, reason: str
) -> None:
    is_current = provider.api == "2025-11-01"
    body = [element("acme.example", *given)] if is_current else given
    if is_current and given == [firm(), firm()]:
        body[0]["matches"][1]["company_data"]["crustdata_company_id"] = 1
    (match,) = run(provider, [DOMAIN], reply(body))
    assert (match.status, match.reason) == (status, reason)
    assert match.credits == provider.price("companies", [DOMAIN])
    if status == "matched":
        assert read(match).domain == "acme.example"
    else:
        assert match.model is None
        assert match.note == "2 companies were returned"


def test_record_is_the_element_with_one_company(reply: Reply) -> None:
    alone, both = element("acme.example", firm()), element("acme.example", OTHER, firm())
    (match,) = run(Crustdata(), [DOMAIN], reply([alone]))
    assert isinstance(match.model, Record)
    assert match.model.raw == msgspec.json.encode(alone)
    (match,) = run(Crustdata(), [DOMAIN], reply([both]))
    assert isinstance(match.model, Record)
    assert msgspec.json.decode(match.model.raw) == {**both, "matches": both["matches"][1:]}


def test_an_inexact_company_is_matched_only_with_echo(
    reply: Reply,
) -> None:
    (match,) = run(Crustdata(), [DOMAIN], reply([element("acme.example", OTHER)]))
    assert (match.status, match.reason) == ("matched", "inexact")
    (match,) = run(SCREENER, [DOMAIN], reply([OTHER]))
    assert (match.status, match.reason, match.model) == ("failed", "inexact", None)


def test_a_main_domain_outranks_other_domains(reply: Reply) -> None:
    holder = firm("Holding", "holding.example", domains=["holding.example", "acme.example"])
    (match,) = run(SCREENER, [DOMAIN], reply([holder, firm()]))
    assert read(match).name == "Acme"
    (match,) = run(SCREENER, [DOMAIN], reply([holder]))
    assert match.status == "matched"


@pytest.mark.parametrize("own", [{"linkedin_id": "1234"}, {"linkedin_id": 1234}])
def test_a_page_is_also_identified_by_number(reply: Reply, own: dict[str, Any]) -> None:
    asked = Identity.of(company_linkedin_url="https://www.linkedin.com/company/1234")
    page = "https://www.linkedin.com/company/acme/"
    (match,) = run(SCREENER, [asked], reply([firm(linkedin_profile_url=page, **own)]))
    assert match.status == "matched"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from("abcdefgh"), max_size=8),
    st.booleans(),
)
def test_no_company_is_bound_to_another_domain(
    asked: list[str], said: list[str], is_current: bool
) -> None:
    batch = [Identity.of(domain=f"{name}.example") for name in asked]
    firms = [firm(name, f"{name}.example") for name in said]
    body = [element(one["company_website_domain"], one) for one in firms] if is_current else firms
    provider = Crustdata() if is_current else Crustdata(api="screener", companies_per_request=25)
    matches = run(provider, batch, Response(status=200, body=msgspec.json.encode(body)))
    assert sorted(match.identity for match in matches) == sorted(batch)
    for match in matches:
        if match.status == "matched" and not match.reason:
            assert read(match).domain == match.identity.get("domain")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_text_has_keys_or_none(text: str) -> None:
    assert all(key.partition(":")[0] in {"page", "domain", "name"} for key in company_keys([text]))
    name = key_of(Identity.of(company=text))
    assert name is None or name in company_keys([text.upper(), text])


# -- States --------------------------------------------------------------------------------------


def notice(status: str, *names: str) -> dict[str, Any]:
    companies = [{"identifier": name, "type": "domain"} for name in names]
    return {"status": status, "message": "…", "companies": companies}


@pytest.mark.parametrize("code", [200, 202, 404])
def test_enriching_and_not_found_are_reported_by_company(reply: Reply, code: int) -> None:
    batch = [Identity.of(domain=f"{name}.example") for name in "abc"]
    provider = Crustdata(api="screener", companies_per_request=25)
    body = [notice("enriching", "a.example"), notice("not_found", "b.example", "c.example")]
    matches = run(provider, batch, reply(body, code))
    assert [match.status for match in matches] == ["pending", "not_found", "not_found"]
    assert matches[0].retry_in == 24 * 3600
    assert sum(match.credits for match in matches) == 0


def test_a_state_without_a_name_binds_alone(reply: Reply) -> None:
    body = {"status": "enriching", "message": "…", "companies_to_be_enriched": []}
    (match,) = run(SCREENER, [NAME], reply(body, 202))
    assert (match.status, match.reason) == ("pending", "enriching")


def test_the_current_api_reports_a_state(reply: Reply) -> None:
    for state, status in (("enriching", "pending"), ("not_found", "not_found")):
        answer = element("acme.example")
        answer["matches"] = [{"company_data": {"status": {"state": state}}}]
        (match,) = run(Crustdata(), [DOMAIN], reply([answer]))
        assert (match.status, match.credits) == (status, 0)
    (match,) = run(Crustdata(), [DOMAIN], reply([element("acme.example")]))
    assert (match.status, match.reason) == ("not_found", "no_match")


def test_an_empty_answer_is_not_found_with_exact_match(reply: Reply) -> None:
    (match,) = run(Crustdata(api="screener", exact_match=True), [DOMAIN], reply([]))
    assert match.status == "not_found"
    (match,) = run(SCREENER, [DOMAIN], reply([]))
    assert (match.status, match.reason) == ("held", "empty_answer")


def test_a_field_without_access_is_named(reply: Reply) -> None:
    body = {"error": "Unauthorized access to field(s): headcount"}
    flow = SCREENER.flow("companies", [DOMAIN])
    next(flow)
    with pytest.raises(RequestError, match="headcount"):
        flow.send(reply(body, 400))


def test_a_malformed_domain_is_found_by_name(reply: Reply) -> None:
    batch = [Identity.of(domain=f"{name}.example") for name in "ab"]
    flow = Crustdata().flow("companies", batch)
    next(flow)
    request = flow.send(reply({"error": {"message": "Invalid domain format: a.example"}}, 404))
    assert isinstance(request, Request)
    assert request.json["domains"] == ["b.example"]


# -- Fields --------------------------------------------------------------------------------------

# Fields without a column; the wire types say why.
NO_COLUMN = {"hiring", "web_traffic", "seo", "people", "news", "software_reviews", "status"}
NO_COLUMN_EITHER = {
    *("web_traffic", "glassdoor", "g2", "job_openings", "seo", "founders", "cxos"),
    *("decision_makers", "news_articles", "producthunt", "gartner", "estimated_revenue_timeseries"),
    *("crunchbase_profile_uuid", "is_full_domain_match", "ceo_location"),
}
# Repeated elsewhere in the answer.
TWICE = {"linkedin_profile_name", "linkedin_logo_url"}


RICH = msgspec.structs.replace(
    Companies(misses=0, seed=0).firm("acme"),
    description="Makes things",
    kind="Public Company",
    founded="2001-01-01",
    employees=42,
    city="Example City",
    street="1 Example Street",
    revenue=(1_000_000, 5_000_000),
    followers=7,
    twitter="acme",
    symbol="ACME",
    ipo="2010-05-06",
    acquired=True,
    industries=["Wholesale"],
    specialities=["Pumps"],
    other_domains=["acme-mail.example"],
    competitors=["rival.example"],
    offices=["1 Example Street"],
    rounds=[FakeRound(name="seed", amount=500, day="2002-03-04", investors=["Example Capital"])],
)


def test_every_section_has_a_place_or_is_listed() -> None:
    whole = current_document(RICH)
    whole["employee_reviews"] = {"company_ceo": {"name": "Ada Example"}}

    def made(data: dict[str, Any]) -> Any:
        answer = {"matched_on": "x", "matches": [{"company_data": data}]}
        reading = current.read_company(msgspec.json.encode(answer), lambda _: 2.0)
        return reading.model and read(reading)

    assert isinstance(made(whole), Company)
    for name in SECTIONS:
        without = made({key: value for key, value in whole.items() if key != name})
        assert (without != made(whole)) is (name not in NO_COLUMN), name


def test_every_field_has_a_place_or_is_listed() -> None:
    whole = screener_document(RICH, is_full_match=True)
    whole |= {
        "linkedin_profile_name": "Acme (page)",
        "linkedin_logo_permalink": "https://a.example",
    }

    def made(data: dict[str, Any]) -> Any:
        reading = screener.read_company(msgspec.json.encode(data), lambda _: 1.0)
        return reading.model and read(reading)

    for name in whole:
        without = made({key: value for key, value in whole.items() if key != name})
        is_listed = name in NO_COLUMN_EITHER | TWICE
        assert (without != made(whole)) is not is_listed, name


ANYTHING = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "total", "sic_code"]), inner)
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING, st.sampled_from(sorted(SECTIONS)), st.sampled_from(sorted(FIELDS)))
def test_a_mistyped_company_field_raises_nothing(wrong: Any, section: str, name: str) -> None:
    data = current_document(RICH) | {section: wrong}
    answer = {"matched_on": "x", "matches": [{"company_data": data}]}
    current.read_company(msgspec.json.encode(answer), lambda _: 2.0)
    document = screener_document(RICH, is_full_match=True) | {name: wrong}
    reading = screener.read_company(msgspec.json.encode(document), lambda _: 1.0)
    assert reading.status in {"matched", "held", "failed"}
