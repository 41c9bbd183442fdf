"""Amplemarket: options, identities, prices, errors, and the places of its fields."""

from typing import Any

import msgspec
import pytest

from enrich_pandas.errors import AuthenticationError, ConfigurationError, QuotaError, RequestError
from enrich_pandas.models import Company, Person
from enrich_pandas.providers.amplemarket import Amplemarket
from enrich_pandas.providers.amplemarket.companies import SINGLE_COMPANIES
from enrich_pandas.providers.amplemarket.people import SINGLE_PEOPLE, PersonResult
from enrich_pandas.providers.amplemarket.requests import (
    person_echo,
    person_key,
    person_parameters,
    read_company,
    read_company_result,
    read_person,
    read_person_result,
)
from enrich_pandas.providers.base import (
    Identity,
    Outcome,
    RateLimit,
    Request,
    Response,
    Secret,
    Status,
)
from enrich_pandas.providers.binding import UNPROVEN, bind
from enrich_pandas.providers.decoding import read
from enrich_pandas.providers.records import Record, read_models

ADA = "https://www.linkedin.com/in/ada-löw"

COMPANY: dict[str, Any] = {
    "id": "5f1",
    "object": "company",
    "name": "Acme",
    "linkedin_url": "https://www.linkedin.com/company/acme",
    "website": "https://www.acme.example/home",
    "overview": "Makes anvils.",
    "logo_url": "https://img.example.com/acme.png",
    "founded_year": 1949,
    "traffic_rank": 12,
    "sic_codes": [7372, "0111"],
    "naics_codes": ["541511"],
    "type": "Public Company",
    "total_funding": 141000000,
    "latest_funding_stage": "Series C",
    "latest_funding_date": "2021-05-01T00:00:00Z",
    "keywords": ["anvils", "rockets"],
    "estimated_number_of_employees": 250,
    "followers": 9000,
    "size": "201-500 employees",
    "industry": "Manufacturing",
    "location": "Springfield, Oregon",
    "location_details": {"city": "Springfield", "state": "Oregon", "country": "Utopia"},
    "locations": [
        {"address": "1 Main St", "is_primary": True, "country": "Utopia"},
    ],
    "is_b2b": True,
    "is_b2c": False,
    "technologies": ["Nginx"],
    "department_headcount": {"Sales": 20, "Legal": None},
    "job_function_headcount": {"Design": 3},
    "estimated_revenue": "$10M-$50M",
    "revenue": 12000000,
}
PERSON: dict[str, Any] = {
    "id": "60a",
    "object": "person",
    "linkedin_url": "https://www.linkedin.com/in/ada",
    "name": "Ada Example",
    "email": "ada@acme.example",
    "first_name": "Ada",
    "last_name": "Example",
    "gender": "female",
    "title": "Engineer",
    "headline": "Engineer at Acme",
    "about": "Likes anvils.",
    "current_position_start_date": "2020-02-01",
    "current_position_description": "Designs anvils.",
    "location": "Springfield",
    "image_url": "https://img.example.com/ada.png",
    "location_details": {"city": "Springfield", "state": "Oregon", "country": "Utopia"},
    "experiences": [
        {"title": "Clerk", "company_name": "Old Co", "end_date": "2019-12"},
        {"title": "Engineer", "company": {"name": "Acme", "website": "acme.example"}},
    ],
    "educations": [
        {"school_name": "Utopia U", "degree": "BSc", "start_date": 2010},
    ],
    "languages": [{"name": "English", "proficiency": "native"}, "Welsh"],
    "phone_numbers": [
        {
            "number": "+1 555 0100",
            "type": "mobile",
            "source": "crm",
            "is_wrong_number": False,
            "is_dnc_listed": True,
        }
    ],
    "company": COMPANY,
}

COMPANY_FIELDS: dict[str, dict[str, Any]] = {
    "id": {"id": "5f1"},
    "name": {"name": "Acme"},
    "linkedin_url": {"linkedin_url": "https://www.linkedin.com/company/acme"},
    "website": {"website": "https://www.acme.example/home", "domain": "acme.example"},
    "overview": {"description": "Makes anvils."},
    "logo_url": {"logo_url": "https://img.example.com/acme.png"},
    "founded_year": {"founded_year": 1949},
    "traffic_rank": {"traffic_rank": 12},
    "sic_codes": {"sic_codes": ["7372", "0111"]},
    "naics_codes": {"naics_codes": ["541511"]},
    "type": {"type": "Public Company"},
    "total_funding": {"total_funding_usd": 141000000},
    "latest_funding_stage": {"last_funding_round": "Series C"},
    "latest_funding_date": {"last_funding_date": "2021-05-01"},
    "keywords": {"keywords": ["anvils", "rockets"]},
    "estimated_number_of_employees": {"employees": 250},
    "followers": {"linkedin_followers": 9000},
    "size": {"employees_range": "201-500 employees"},
    "industry": {"industry": "Manufacturing"},
    "location": {"headquarters": {"name": "Springfield, Oregon"}},
    "location_details": {
        "headquarters": {"city": "Springfield", "region": "Oregon", "country": "Utopia"}
    },
    "locations": {
        "offices": [
            {"address": "1 Main St", "is_primary": True, "country": "Utopia"},
        ],
        "headquarters": {"address": "1 Main St"},
    },
    "is_b2b": {"is_b2b": True},
    "is_b2c": {"is_b2c": False},
    "technologies": {"technologies": ["Nginx"]},
    "department_headcount": {"headcounts": [{"people": 20, "group": "Sales", "by": "department"}]},
    "job_function_headcount": {"headcounts": [{"people": 3, "group": "Design", "by": "function"}]},
    "estimated_revenue": {"revenue_range": "$10M-$50M"},
    "revenue": {"revenue_usd": 12000000},
}
EMPLOYER_FIELDS: dict[str, dict[str, Any]] = {
    **COMPANY_FIELDS,
    "sic_codes": {"sic_codes": "7372; 0111"},
    "naics_codes": {"naics_codes": "541511"},
    "keywords": {"keywords": "anvils; rockets"},
    "location": {"location": "Springfield, Oregon"},
    "location_details": {"city": "Springfield", "region": "Oregon", "country": "Utopia"},
    "locations": {"locations": "1 Main St, Utopia"},
    "technologies": {"technologies": "Nginx"},
    "department_headcount": {"headcounts": "department Sales: 20"},
    "job_function_headcount": {"headcounts": "function Design: 3"},
}
CURRENT = {"is_current": True}
PERSON_FIELDS: dict[str, dict[str, Any]] = {
    "id": {"id": "60a"},
    "linkedin_url": {"linkedin_url": "https://www.linkedin.com/in/ada"},
    "name": {"name": "Ada Example"},
    "email": {"emails": [{"address": "ada@acme.example"}]},
    "first_name": {"first_name": "Ada"},
    "last_name": {"last_name": "Example"},
    "gender": {"gender": "female"},
    "title": {"title": "Engineer"},
    "headline": {"headline": "Engineer at Acme"},
    "about": {"summary": "Likes anvils."},
    "current_position_start_date": {"experiences": [{"start_date": "2020-02-01", **CURRENT}]},
    "current_position_description": {
        "experiences": [{"description": "Designs anvils.", **CURRENT}]
    },
    "location": {"location": {"name": "Springfield"}},
    "image_url": {"picture_url": "https://img.example.com/ada.png"},
    "location_details": {
        "location": {"city": "Springfield", "region": "Oregon", "country": "Utopia"}
    },
    "experiences": {
        "experiences": [
            {"title": "Clerk", "company": "Old Co", "end_date": "2019-12"},
            {"title": "Engineer", "company": "Acme", "company_domain": "acme.example"},
        ]
    },
    "educations": {
        "educations": [
            {"school": "Utopia U", "degree": "BSc", "start_date": "2010"},
        ]
    },
    "languages": {"languages": [{"name": "English", "proficiency": "native"}, {"name": "Welsh"}]},
    "phone_numbers": {
        "phones": [
            {
                "number": "+1 555 0100",
                "type": "mobile",
                "source": "crm",
                "is_wrong": False,
                "is_do_not_call": True,
            }
        ]
    },
}


def human(fields: dict[str, Any]) -> Any:
    raw = msgspec.json.encode(fields)
    assert read(raw, SINGLE_PEOPLE.wire)[1] == []
    return msgspec.to_builtins(Record(SINGLE_PEOPLE, raw).read())


def firm(fields: dict[str, Any]) -> Any:
    raw = msgspec.json.encode(fields)
    assert read(raw, SINGLE_COMPANIES.wire)[1] == []
    return msgspec.to_builtins(Record(SINGLE_COMPANIES, raw).read())


@pytest.mark.parametrize("field", [*PERSON_FIELDS])
def test_every_person_field_has_a_place(field: str) -> None:
    assert human({field: PERSON[field]}) == PERSON_FIELDS[field]


@pytest.mark.parametrize("field", [*COMPANY_FIELDS])
def test_every_company_field_has_a_place(field: str) -> None:
    assert firm({field: COMPANY[field]}) == COMPANY_FIELDS[field]


@pytest.mark.parametrize("field", [*EMPLOYER_FIELDS])
def test_every_employer_field_has_a_place_beside_the_person(field: str) -> None:
    made = human({"company": {field: COMPANY[field]}})
    assert made["employer"] == EMPLOYER_FIELDS[field]
    assert made.get("company") == (COMPANY["name"] if field == "name" else None)
    assert made.get("company_domain") == ("acme.example" if field == "website" else None)


def test_the_tables_list_every_documented_field() -> None:
    assert PERSON_FIELDS.keys() == PERSON.keys() - {"object", "company"}
    assert COMPANY_FIELDS.keys() == EMPLOYER_FIELDS.keys() == COMPANY.keys() - {"object"}


def test_current_position_fields_complete_the_matching_position() -> None:
    old, now = human(PERSON)["experiences"]
    assert "is_current" not in old
    assert now == {
        "title": "Engineer",
        "company": "Acme",
        "company_domain": "acme.example",
        "start_date": "2020-02-01",
        "description": "Designs anvils.",
        **CURRENT,
    }


def test_an_unlisted_current_position_is_added() -> None:
    other = {"title": "Engineer", "start_date": "2011"}
    first, second = human({**PERSON, "experiences": [other]})["experiences"]
    assert (first["start_date"], first["company"], first["is_current"]) == (
        "2020-02-01",
        "Acme",
        True,
    )
    assert second == other


def test_current_position_fills_only_what_is_empty() -> None:
    own = {"title": "Engineer", "start_date": "2020", "description": "Own", "is_current": True}
    (job,) = human({**PERSON, "experiences": [own]})["experiences"]
    assert job == own


def test_current_position_of_each_person_is_its_own() -> None:
    people = [PERSON, {"experiences": PERSON["experiences"]}, {**PERSON, "experiences": None}]
    read_alone = [human(one).get("experiences") for one in people]
    raws = [msgspec.json.encode(one) for one in people]
    models: list[Any] = read_models(Record(SINGLE_PEOPLE, raw) for raw in raws)
    assert [msgspec.to_builtins(one.experiences) for one in models] == read_alone
    assert [len(one) for one in read_alone] == [2, 2, 1]


JUNK = [0, "x", [], {}, [None], [[1]], [{"a": 1}], True, 1.5, None, {"a": {"b": []}}]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_a_mistyped_field_affects_no_other_field(junk: Any) -> None:
    for name in PERSON:
        raw = msgspec.json.encode({**PERSON, name: junk})
        person: Any = Record(SINGLE_PEOPLE, raw).read()
        assert msgspec.json.decode(msgspec.json.encode(person), type=Person) == person
        assert name == "headline" or person.headline == "Engineer at Acme"
    for name in COMPANY:
        raw = msgspec.json.encode({**COMPANY, name: junk})
        company: Any = Record(SINGLE_COMPANIES, raw).read()
        assert msgspec.json.decode(msgspec.json.encode(company), type=Company) == company
        assert name == "industry" or company.industry == "Manufacturing"


# -- Options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"rows_at_risk": 0},
        {"rows_at_risk": 2.5},
        {"rows_at_risk": True},
        {"patience": 0},
        {"patience": float("inf")},
        {"patience": float("nan")},
        {"patience": "long"},
        {"lead_key": "linkedin"},
        {"connections": 0},
        {"reveal_email": "yes"},
        {"reveal_phone_numbers": 1},
    ],
)
def test_an_invalid_option_is_refused_by_name(options: dict[str, Any]) -> None:
    (word,) = options.values()
    with pytest.raises(ConfigurationError, match="Nothing was spent") as error:
        Amplemarket(**options)
    assert str(word) in str(error.value)
    assert error.value.todo


def test_rows_at_risk_sets_the_batch_size() -> None:
    identities = [Identity.of(email=f"p{n}@example.com") for n in range(5)]
    sizes = [
        [len(batch) for batch in Amplemarket(rows_at_risk=size).batches("people", identities)]
        for size in (1, 2, 10_000)
    ]
    assert sizes == [[1] * 5, [2, 2, 1], [5]]


def test_credentials_limits_and_billed_options() -> None:
    provider = Amplemarket(api_key="k", reveal_email=True)
    assert "'k'" not in repr(provider)
    assert provider.auth({"api_key": Secret("k")}) == {"Authorization": Secret("Bearer k")}
    assert provider.rate_limit == RateLimit(500, 60)
    assert provider.version
    assert provider.origin == "https://api.amplemarket.com"
    assert provider.billed_options("people") == {
        "reveal_email": True,
        "reveal_phone_numbers": False,
    }
    assert provider.billed_options("companies") == {}


@pytest.mark.parametrize(
    ("options", "worst"),
    [
        ({}, 1.0),
        ({"reveal_email": True}, 3.0),
        ({"reveal_phone_numbers": True}, 3.0),
        ({"reveal_email": True, "reveal_phone_numbers": True}, 5.0),
    ],
)
def test_the_price_assumes_that_everything_is_found(options: dict[str, Any], worst: float) -> None:
    provider = Amplemarket(**options)
    people = [Identity.of(email=f"{name}@example.com") for name in "ab"]
    assert provider.price("people", people) == worst
    assert provider.price("companies", [Identity.of(domain="acme.example")] * 2) == 1.0


# -- Identities ----------------------------------------------------------------------------------

NAMED = {"name": "Ada Example"}


@pytest.mark.parametrize(
    ("values", "identity"),
    [
        ({"linkedin_url": ADA, "email": "a@example.com", **NAMED}, {"linkedin_url": ADA}),
        ({"email": "a@example.com", **NAMED, "company": "Acme"}, {"email": "a@example.com"}),
        ({**NAMED, "domain": "acme.example"}, {**NAMED, "domain": "acme.example"}),
        ({**NAMED, "company": "Acme"}, {**NAMED, "company": "Acme"}),
        (
            {**NAMED, "company": "Acme", "domain": "acme.example"},
            {**NAMED, "domain": "acme.example"},
        ),
        (NAMED, None),
        ({"domain": "acme.example", "company": "Acme"}, None),
        ({}, None),
    ],
)
def test_a_person_is_identified_by_the_best_identifier(
    values: dict[str, str], identity: dict[str, str] | None
) -> None:
    chosen = Amplemarket().identify("people", values)
    assert chosen == (Identity.of(**identity) if identity else None)


def test_a_name_alone_needs_a_company() -> None:
    assert Amplemarket().missing_reason("people", NAMED) == "needs_company"
    assert Amplemarket().missing_reason("people", {"company": "Acme"}) == "incomplete"


def test_a_company_is_identified_by_its_domain_first() -> None:
    page = "https://www.linkedin.com/company/acme"
    identify = Amplemarket().identify
    values = {"company_linkedin_url": page, "email_domain": "mail.example"}
    assert identify("companies", values) == Identity.of(company_linkedin_url=page)
    assert identify("companies", {"email_domain": "a.example"}) == Identity.of(domain="a.example")
    assert identify("companies", {"company": "Acme"}) is None


def first_request(provider: Amplemarket, kind: Any, batch: list[Identity]) -> Request:
    request = next(provider.flow(kind, batch))
    assert isinstance(request, Request)
    return request


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({}, {"linkedin_url": "https://www.linkedin.com/in/ada-l%C3%B6w"}),
        ({"lead_key": "linkedin_id"}, {"linkedin_id": "ada-l%C3%B6w"}),
    ],
)
def test_an_enrichment_request_is_billed_at_its_maximum(
    options: dict[str, Any], body: dict[str, str]
) -> None:
    batch = [
        Identity.of(linkedin_url=ADA),
        Identity.of(name="Bo", domain="acme.example", company="Acme"),
    ]
    request = first_request(Amplemarket(reveal_email=True, **options), "people", batch)
    assert (request.method, request.path) == ("POST", "/people/enrichment-requests")
    assert (request.billed, request.credits) == (True, 3.0)
    assert list(request.identities) == batch
    bo = {"name": "Bo", "company_domain": "acme.example", "company_name": "Acme"}
    assert request.json == {
        "leads": [body, bo],
        "reveal_email": True,
        "reveal_phone_numbers": False,
    }


def test_companies_are_sent_in_one_billed_request() -> None:
    page = "https://www.linkedin.com/company/acme"
    batch = [Identity.of(domain="acme.example"), Identity.of(company_linkedin_url=page)]
    request = first_request(Amplemarket(), "companies", batch)
    assert request.path == "/companies/enrichment-requests"
    assert request.json == {"companies": [{"domain": "acme.example"}, {"linkedin_url": page}]}
    assert (request.billed, request.credits) == (True, 1.0)


# -- Errors --------------------------------------------------------------------------------------


def refusal(status: int, code: Any) -> Response:
    body = msgspec.json.encode({"_errors": [{"status": str(status), "code": code}]})
    return Response(status=status, body=body, outcome=Outcome.REFUSED)


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refusal(400, "insufficient_credits"), QuotaError),
        (refusal(403, "insufficient_credits"), QuotaError),
        (refusal(422, "insufficient_credits"), QuotaError),
        (refusal(403, "unauthorized"), AuthenticationError),
        (refusal(401, None), AuthenticationError),
        (refusal(400, "missing_field"), RequestError),
        (Response(status=402, body=b"<html>"), QuotaError),
    ],
)
def test_an_error_follows_its_code_then_its_status(response: Response, kind: type) -> None:
    error = Amplemarket().error_for(response)
    assert type(error) is kind
    assert error.todo


def test_a_response_without_a_known_error_is_none() -> None:
    assert Amplemarket().error_for(Response(status=200, body=b"{}")) is None
    assert Amplemarket().error_for(refusal(404, "person_not_found")) is None
    assert Amplemarket().error_for(refusal(200, "insufficient_credits")) is None


def test_a_title_with_a_company_replaces_a_name():
    row = {"title": "Head of  Lenses", "domain": "example.com"}
    identity = Amplemarket().identify("people", row)
    assert identity == Identity.of(title="Head of  Lenses", domain="example.com")
    assert person_parameters(identity) == {
        "title": "Head of  Lenses",
        "company_domain": "example.com",
    }
    assert person_key(identity) in person_echo(
        PersonResult(title="HEAD of Lenses", company_domain="www.example.com")
    )
    named = PersonResult(name="Ada", title="Head of Lenses", company_domain="example.com")
    assert person_key(identity) not in person_echo(named)


def test_two_different_results_for_one_lead_conflict() -> None:
    ada = Identity.of(email="ada@example.com")

    def result(name: str) -> bytes:
        person = {"id": "1", "name": name}
        found = {"status": "enriched", "email": "ada@example.com", "result": person}
        return msgspec.json.encode(found)

    def bound(*names: str) -> Any:
        readings = [read_person_result(result(one), email=False, phones=False) for one in names]
        (match,) = bind([ada], readings, UNPROVEN, person_key, one_key=True)
        return match

    assert bound("Ada Example", "Ada Example").model.read().name == "Ada Example"
    match = bound("Ada Example", "Bo Example")
    assert (match.status, match.reason, match.model) == ("held", "conflicting_answers", None)


# -- Readings ------------------------------------------------------------------------------------


def reading_of(function: Any, element: Any, **options: bool) -> Any:
    return function(msgspec.json.encode(element), **options)


@pytest.mark.parametrize(
    ("found", "credits_"),
    [
        ({"id": "1"}, 0.5),
        ({"headline": "Engineer"}, 0.5),
        ({"email": "ada@example.com"}, 1.5),
        ({"email": " "}, 0.5),
        ({"phone_numbers": [{"number": "+1 555 0100"}]}, 1.5),
        ({"phone_numbers": [{}]}, 1.5),
        ({"phone_numbers": [None, "x"]}, 0.5),
        (PERSON, 2.5),
    ],
)
def test_cost_of_a_person_follows_what_was_revealed(found: Any, credits_: float) -> None:
    reveal = {"email": True, "phones": True}
    result = {"status": "enriched", "result": found}
    readings = [
        reading_of(read_person, found, **reveal),
        reading_of(read_person_result, result, **reveal),
    ]
    assert [(one.status, one.credits) for one in readings] == [(Status.MATCHED, credits_)] * 2
    assert [one.model.raw for one in readings] == [*map(msgspec.json.encode, (found, result))]
    assert readings[0].model.read() == readings[1].model.read()
    unrevealed = reading_of(read_person, found, email=False, phones=False)
    assert unrevealed.credits == 0.5


@pytest.mark.parametrize("found", [{}, {"id": None}, {"introduced_yesterday": 1}, {"name": [1]}])
def test_an_object_without_values_is_unreadable(found: Any) -> None:
    no = {"email": False, "phones": False}
    result = {"status": "enriched", "result": found}
    readings = [
        reading_of(read_person, found, **no),
        reading_of(read_company, found),
        reading_of(read_person_result, result, **no),
        reading_of(read_company_result, result),
    ]
    assert {(one.status, one.reason) for one in readings} == {(Status.HELD, "answer_unreadable")}


@pytest.mark.parametrize("raw", [b"[]", b"7", b"null", b'"x"'])
def test_an_element_that_is_no_object_is_unreadable(raw: bytes) -> None:
    no = {"email": False, "phones": False}
    readings = [
        read_person(raw, **no),
        read_company(raw),
        read_person_result(raw, **no),
        read_company_result(raw),
    ]
    assert {one.reason for one in readings} == {"answer_unreadable"}


def test_a_company_is_bound_by_its_own_page_only_without_an_echo() -> None:
    result = {"status": "enriched", "result": COMPANY}
    own = reading_of(read_company_result, result)
    assert own.claims == [frozenset({"page:acme", "domain:acme.example"})]
    echoed = reading_of(read_company_result, {**result, "domain": "other.example"})
    assert echoed.claims == [frozenset({"domain:other.example"})]
    assert echoed.model.read().domain == "acme.example"
