"""The vendors' documented samples: sent as printed, and every field has a place."""

from typing import Any

import pytest

from enrich_pandas.models import Model
from enrich_pandas.providers.amplemarket import Amplemarket
from enrich_pandas.providers.base import Identity, Kind, Provider, Request
from enrich_pandas.providers.crustdata import Crustdata
from enrich_pandas.providers.zoho import Zoho
from enrich_pandas.testing import drive, reply
from tests.providers.field_map import IDENTITY, field_map

ZOHO_PEOPLE = "__zia_people_enrichment"

ZOHO_PERSON: dict[str, Any] = {
    "enriched_data": {
        "website": "rockets.example",
        "email_infos": [
            {"type": "PROFESSIONAL", "email": "a.sample@motors.example"},
            {"type": "PERSONAL", "email": "ada.sample@rockets.example"},
            {"type": "PERSONAL", "email": "adasample@example.com"},
        ],
        "gender": None,
        "company_info": {
            "industries": ["Automotive"],
            "name": "Rockets",
            "experiences": [
                {
                    "end_period": None,
                    "company_name": "Motors",
                    "title": "Chief Executive Officer",
                    "primary": False,
                    "start_period": None,
                },
                {
                    "end_period": "2002",
                    "company_name": "Payments",
                    "title": "Co Founder",
                    "primary": False,
                    "start_period": "1999",
                },
                {
                    "end_period": None,
                    "company_name": "Rockets",
                    "title": "Chief Executive Officer and Chief Technology Officer",
                    "primary": True,
                    "start_period": "2002",
                },
            ],
        },
        "last_name": "Sample",
        "educations": [
            {"majors": None, "school_name": "Made-up School", "degrees": None},
            {
                "majors": ["Physics", "Philosophy"],
                "school_name": "Made-up University",
                "degrees": ["Doctorates", "Doctor of Philosophy"],
            },
        ],
        "skills": None,
        "primary_address_info": {
            "continent": "North America",
            "country": "Nowhere",
            "name": "Sampleton, Midland, Nowhere",
            "region": "Midland",
            "primary": True,
        },
        "name": "Ada Sample",
        "primary_email": "a.sample@motors.example",
        "id": "0Z3xGk0Aip0yvSi+Example==",
        "designation": "Chief Executive Officer",
        "first_name": "Ada",
        "primary_contact": "+1 555-010-0100",
        "social_media": [
            {"media_type": "facebook.com", "media_url": ["facebook.com/ada.sample.7"]},
            {"media_type": "linkedin.com", "media_url": ["linkedin.com/in/asample"]},
            {"media_type": "twitter.com", "media_url": ["twitter.com/adasample"]},
        ],
    },
    "enrich_based_on": {
        "social": {
            "twitter": "twitter.com/adasample",
            "facebook": "facebook.com/adasample",
            "linkedin": "linkedin.com/adasample",
        },
        "name": "ada sample",
        "company": {"website": "www.rockets.example", "name": "rockets"},
        "email": "adasample@example.com",
    },
    "id": "1941874000003442382",
    "status": "COMPLETED",
}

SCREENER_EMAILS: dict[str, Any] = {
    "business_email": ["a@acme.example"],
    "current_employers": [
        {
            "employer_name": "Acme",
            "employer_linkedin_id": "33926293",
            "employer_company_website_domain": ["acme.example"],
            "business_emails": {
                "a@acme.example": {
                    "verification_status": "verified",
                    "last_validated_at": "2025-05-18",
                }
            },
        }
    ],
    "past_employers": [
        {
            "employer_name": "Before",
            "employer_linkedin_id": "28615661",
            "employer_company_website_domain": ["before.example"],
            "business_emails": {
                "a@before.example": {"verification_status": "", "last_validated_at": ""}
            },
        }
    ],
    "enriched_realtime": False,
    "query_linkedin_profile_urn_or_slug": ["ada-example"],
}

ADA = Identity.of(linkedin_url="https://www.linkedin.com/in/ada-example")

# Field of the vendor -> field of the model; the page "People Enrichment Details".
ZOHO_FIELDS = {
    "website": "website",
    "email_infos[].type": "emails[].type",
    "email_infos[].email": "emails[].address",
    "gender": "gender",
    "company_info.industries[]": "employer.industries, employer.industry",
    "company_info.name": "company, employer.name",
    "company_info.experiences[].end_period": "experiences[].end_date, experiences[].is_current",
    "company_info.experiences[].company_name": "experiences[].company",
    "company_info.experiences[].title": "experiences[].title",
    "company_info.experiences[].primary": "experiences[].is_current, experiences[].is_primary",
    "company_info.experiences[].start_period": "experiences[].start_date",
    "last_name": "last_name",
    "educations[].majors": "educations[].field_of_study",
    "educations[].school_name": "educations[].school",
    "educations[].degrees": "educations[].degree",
    "educations[].majors[]": "educations[].field_of_study",
    "educations[].degrees[]": "educations[].degree",
    "skills": "skills[]",
    "primary_address_info.continent": "addresses[].continent, location.continent",
    "primary_address_info.country": "addresses[].country, location.country",
    "primary_address_info.name": "addresses[].name, location.name",
    "primary_address_info.region": "addresses[].region, location.region",
    "primary_address_info.primary": "",  # implied by the name of the object
    "name": "name",
    "primary_email": "emails[].address",
    "id": "id",
    "designation": "title",
    "first_name": "first_name",
    "primary_contact": "phones[].number",
    "social_media[].media_type": "linkedin_url, social_profiles[].network",
    "social_media[].media_url[]": "linkedin_url, social_profiles[].url",
}

# The page "People Enrichment API": the response to `fields=business_email`.
SCREENER_FIELDS = {
    "business_email[]": "emails[].address",
    "current_employers[].employer_name": "company, experiences[].company",
    "current_employers[].employer_linkedin_id": "experiences[].company_linkedin_id",
    "current_employers[].employer_company_website_domain[]": (
        "company_domain, experiences[].company_domain"
    ),
    "current_employers[].business_emails{}.verification_status": "emails[].status",
    "current_employers[].business_emails{}.last_validated_at": "emails[].validated_at",
    "past_employers[].employer_name": "experiences[].company",
    "past_employers[].employer_linkedin_id": "experiences[].company_linkedin_id",
    "past_employers[].employer_company_website_domain[]": "experiences[].company_domain",
    "past_employers[].business_emails{}.verification_status": "emails[].status",
    "past_employers[].business_emails{}.last_validated_at": "emails[].validated_at",
    "enriched_realtime": "is_realtime",
    "query_linkedin_profile_urn_or_slug[]": IDENTITY,
}


def asked(provider: Provider, kind: Kind, identity: Identity) -> Request:
    """Return the first request for an identity."""
    request = next(provider.flow(kind, [identity]))
    assert isinstance(request, Request)
    return request


def model_in(provider: Provider, identity: Identity, *answers: Any) -> Model | None:
    """Return the person from a sequence of answers."""
    said = iter(answers)
    talk = drive(provider, "people", [identity], lambda _: next(said))
    return talk.models.get(identity)


# -- Zoho ----------------------------------------------------------------------------------------

ZOHO = Zoho(version="v7")


def zoho_person(data: dict[str, Any]) -> Model | None:
    item = {
        "code": "SCHEDULED",
        "details": {"id": "1941874000003442382"},
        "message": "People Enrichment scheduled successfully",
        "status": "success",
    }
    return model_in(
        ZOHO,
        Identity.of(email="adasample@example.com"),
        reply({ZOHO_PEOPLE: [item]}, 202),
        *[reply({ZOHO_PEOPLE: [{**ZOHO_PERSON, "enriched_data": data}]})] * 2,
    )


def test_zoho_people_are_sent_as_documented() -> None:
    who = Identity.of(
        name="Test",
        email="sales@acme.example",
        company="acme",
        domain="www.acme.example",
        facebook_url="https://www.facebook.com/acme",
        linkedin_url="https://www.linkedin.com/acme",
        twitter_url="https://www.twitter.com/acme",
    )
    request = asked(ZOHO, "people", who)
    assert (request.method, request.path) == ("POST", "/crm/v7/__zia_people_enrichment")
    assert request.params == {"module": "Leads"}
    assert request.json == {
        ZOHO_PEOPLE: [
            {
                "enrich_based_on": {
                    "name": "Test",
                    "email": "sales@acme.example",
                    "company": {"name": "acme", "website": "www.acme.example"},
                    "social": {
                        "facebook": "facebook.com/acme",
                        "linkedin": "linkedin.com/acme",
                        "twitter": "twitter.com/acme",
                    },
                }
            }
        ]
    }


def test_zoho_organizations_are_sent_as_documented() -> None:
    who = Identity.of(company="acme", email="sales@acme.example", domain="www.acme.example")
    request = asked(ZOHO, "companies", who)
    assert (request.method, request.path) == ("POST", "/crm/v7/__zia_org_enrichment")
    basis = {"name": "acme", "email": "sales@acme.example", "website": "www.acme.example"}
    assert request.json == {"__zia_org_enrichment": [{"enrich_based_on": basis}]}


def test_every_field_of_the_zoho_sample_has_a_place() -> None:
    assert written(field_map(ZOHO_PERSON["enriched_data"], zoho_person)) == ZOHO_FIELDS


# -- Crustdata -----------------------------------------------------------------------------------

PROFILE = "https://www.linkedin.com/in/ada-example"


@pytest.mark.parametrize(
    ("options", "identity", "query"),
    [
        ({}, ADA, {"linkedin_profile_url": PROFILE}),
        ({"realtime": True}, ADA, {"linkedin_profile_url": PROFILE, "enrich_realtime": "true"}),
        (
            {"realtime": True, "force_fetch": True, "fields": ["name", "linkedin_verifications"]},
            ADA,
            {
                "linkedin_profile_url": PROFILE,
                "enrich_realtime": "true",
                "force_fetch": "true",
                "fields": "name,linkedin_verifications",
            },
        ),
        (
            {"realtime": True},
            Identity.of(email="zoe@acme.example"),
            {"business_email": "zoe@acme.example", "enrich_realtime": "true"},
        ),
        ({"preview": True}, ADA, {"linkedin_profile_url": PROFILE, "preview": "true"}),
    ],
    ids=["plain", "example 2", "example 6", "example 7", "example 8"],
)
def test_crustdata_samples_are_sent_as_documented(
    options: dict[str, Any], identity: Identity, query: dict[str, str]
) -> None:
    request = asked(Crustdata(api="screener", **options), "people", identity)
    assert (request.method, request.path) == ("GET", "/screener/person/enrich")
    assert request.params == query


def test_every_field_of_the_crustdata_sample_has_a_place() -> None:
    screener = Crustdata(api="screener")
    found = field_map(SCREENER_EMAILS, lambda one: model_in(screener, ADA, reply([one])))
    assert written(found) == SCREENER_FIELDS


def test_a_crustdata_sample_of_several_binds_by_echo() -> None:
    slugs = ("siqx", "neel-example")
    batch = [Identity.of(linkedin_url=f"https://www.linkedin.com/in/{slug}") for slug in slugs]
    body = [
        {"name": "Siq Example", "query_linkedin_profile_urn_or_slug": ["siqx"]},
        {"name": "Neel Example", "query_linkedin_profile_urn_or_slug": ["neel-example"]},
    ]
    talk = drive(Crustdata(api="screener"), "people", batch, lambda _: reply(body[::-1]))
    assert talk.requests[0].params["linkedin_profile_url"] == ",".join(
        one.keys[0][1] for one in batch
    )
    assert [talk.models[one].name for one in batch] == ["Siq Example", "Neel Example"]


# -- Amplemarket ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "lead"),
    [
        ({"email": "jsample@example.com"}, {"email": "jsample@example.com"}),
        ({"linkedin_url": PROFILE}, {"linkedin_url": PROFILE}),
        (
            {"name": "J Sample", "domain": "acme.example", "company": "Acme"},
            {"name": "J Sample", "company_domain": "acme.example", "company_name": "Acme"},
        ),
        (
            {"title": "Treasurer", "company": "Acme"},
            {"title": "Treasurer", "company_name": "Acme"},
        ),
    ],
)
def test_amplemarket_leads_use_the_documented_names(
    keys: dict[str, str], lead: dict[str, str]
) -> None:
    request = asked(
        Amplemarket(reveal_email=True, reveal_phone_numbers=True), "people", Identity.of(**keys)
    )
    assert (request.method, request.path) == ("POST", "/people/enrichment-requests")
    assert request.json == {"leads": [lead], "reveal_email": True, "reveal_phone_numbers": True}


def test_the_amplemarket_sample_of_a_canceled_request_is_parsed() -> None:
    job = {
        "id": 23,
        "object": "person_enrichment",
        "status": "canceled",
        "results": [],
        "_links": {"self": {"href": "/people/enrichment-requests/23"}},
    }
    talk = drive(
        Amplemarket(),
        "people",
        [ADA],
        lambda request: reply(job, 202 if request.method == "POST" else 200),
    )
    assert (talk.models, talk.credits, set(map(str, talk.statuses.values()))) == ({}, 0, {"failed"})


def written(found: dict[str, set[str]]) -> dict[str, str]:
    return {field: ", ".join(sorted(landed)) for field, landed in found.items()}
