"""Every field that Crustdata documents, in every form that is known, has a place in `Person`."""

from typing import Any

import msgspec
import pytest

from enrich_pandas.models import (
    Certification,
    Education,
    Email,
    Experience,
    Honor,
    Language,
    Location,
    Person,
    Phone,
    SocialProfile,
)
from enrich_pandas.providers.binding import Reading
from enrich_pandas.providers.crustdata import current, screener
from enrich_pandas.providers.records import Record


def free(_: Any) -> float:
    return 0.0


def read(reading: Reading) -> Person:
    assert isinstance(reading.model, Record)
    person = reading.model.read()
    assert isinstance(person, Person)
    return person


def screened(**element: Any) -> Person:
    element = {"query_linkedin_profile_urn_or_slug": ["ada"], "name": "Ada", **element}
    return read(screener.read_person(msgspec.json.encode(element), free))


def found(**person_data: Any) -> Person:
    match = {"confidence_score": 0.75, "person_data": person_data}
    element = {"matched_on": "ada@example.com", "matches": [match]}
    return read(current.read_person(msgspec.json.encode(element), free))


def test_every_documented_screener_field_has_a_place() -> None:
    employer = {
        "employer_name": "Acme",
        "employer_linkedin_id": "111",
        "employer_logo_url": "https://img.example.com/acme.png",
        "employer_linkedin_description": "Makes things",
        "employer_company_id": [222, 333],
        "employer_company_website_domain": ["acme.example", "acme.example"],
        "domains": ["other.example"],
        "employee_position_id": 1941874000003442382,
        "employee_title": "Engineer",
        "employee_description": "Made things",
        "employee_location": "Ghent",
        "start_date": "2021-04-01T00:00:00+00:00",
        "end_date": None,
        "is_default": True,
        "business_emails": {
            "ada@acme.example": {
                "verification_status": "verified",
                "last_validated_at": "2025-05-18",
            }
        },
    }
    past = {
        "employer_name": "Before",
        "employer_company_id": 0,
        "domains": ["before.example"],
        "start_date": "2002",
        "end_date": "2002-05",
        "business_emails": {
            "ADA@acme.example": {"verification_status": "", "last_validated_at": ""},
            "ada@before.example": {"verification_status": "", "last_validated_at": ""},
        },
    }
    person = screened(
        person_id=7,
        linkedin_profile_url="https://www.linkedin.com/in/ACoAAAAA",
        linkedin_flagship_url="https://www.linkedin.com/in/ada",
        location="Ghent, Belgium",
        email="ada@example.com",
        last_updated="2025-02-11T12:27:08.315174+00:00",
        headline="Engineer at Acme",
        summary="I make things",
        num_of_connections=0,
        skills=["Python", "", "SQL"],
        profile_picture_url="https://img.example.com/source.png",
        profile_picture_permalink="https://img.example.com/copy.png",
        twitter_handle="ada",
        github_profiles=["https://github.example/ada"],
        languages=["Dutch"],
        enriched_realtime=False,
        business_email=["Ada@acme.example"],
        score=0.708,
        current_employers=[employer],
        past_employers=[past],
        education_background=[
            {
                "degree_name": "BSc",
                "institute_name": "Example University",
                "institute_linkedin_id": "444",
                "institute_linkedin_url": "https://www.linkedin.com/school/444",
                "institute_logo_url": "https://img.example.com/school.png",
                "field_of_study": "Maths",
                "start_date": "1998-01-01T00:00:00",
                "end_date": "2002-01-01T00:00:00",
                "activities_and_societies": "Chess",
            }
        ],
        certifications=[
            {
                "name": "Cert",
                "issued_date": "2020-01-01",
                "expiration_date": None,
                "url": "https://certs.example.com/1",
                "issuer_organization": "Certs",
                "issuer_organization_linkedin_id": 555,
                "certification_id": "0Z3x+=",
            }
        ],
        honors=[
            {
                "title": "Prize",
                "issued_date": "2019",
                "description": "First",
                "issuer": "Jury",
                "media_urls": ["https://img.example.com/prize.png"],
                "associated_organization_linkedin_id": "666",
                "associated_organization": "Acme",
            }
        ],
        linkedin_open_to_cards=["hiring"],
        linkedin_joined_date="2010-05",
        linkedin_verifications=["identity"],
    )
    assert person == Person(
        id="7",
        name="Ada",
        title="Engineer",
        company="Acme",
        company_domain="acme.example",
        headline="Engineer at Acme",
        summary="I make things",
        location=Location(name="Ghent, Belgium"),
        linkedin_url="https://www.linkedin.com/in/ada",
        linkedin_urn_url="https://www.linkedin.com/in/ACoAAAAA",
        linkedin_joined_date="2010-05",
        picture_url="https://img.example.com/copy.png",
        connections=0,
        score=0.708,
        updated_at="2025-02-11T12:27:08.315174+00:00",
        is_realtime=False,
        emails=[
            Email(
                address="Ada@acme.example",
                type="business",
                status="verified",
                validated_at="2025-05-18",
            ),
            Email(address="ada@before.example", type="business"),
            Email(address="ada@example.com"),
        ],
        experiences=[
            Experience(
                title="Engineer",
                company="Acme",
                company_domain="acme.example",
                company_id="222",
                company_linkedin_id="111",
                company_description="Makes things",
                company_logo_url="https://img.example.com/acme.png",
                position_id="1941874000003442382",
                location="Ghent",
                description="Made things",
                start_date="2021-04-01",
                is_current=True,
                is_primary=True,
            ),
            Experience(
                company="Before",
                company_domain="before.example",
                start_date="2002",
                end_date="2002-05",
                is_current=False,
            ),
        ],
        educations=[
            Education(
                school="Example University",
                degree="BSc",
                field_of_study="Maths",
                activities="Chess",
                school_linkedin_id="444",
                school_linkedin_url="https://www.linkedin.com/school/444",
                school_logo_url="https://img.example.com/school.png",
                start_date="1998-01-01",
                end_date="2002-01-01",
            )
        ],
        social_profiles=[
            SocialProfile(network="twitter", handle="ada"),
            SocialProfile(network="github", url="https://github.example/ada"),
        ],
        certifications=[
            Certification(
                name="Cert",
                issuer="Certs",
                issuer_linkedin_id="555",
                credential_id="0Z3x+=",
                url="https://certs.example.com/1",
                issued_date="2020-01-01",
            )
        ],
        honors=[
            Honor(
                title="Prize",
                issuer="Jury",
                organization="Acme",
                organization_linkedin_id="666",
                description="First",
                media_url="https://img.example.com/prize.png",
                issued_date="2019",
            )
        ],
        skills=["Python", "SQL"],
        languages=[Language(name="Dutch")],
        open_to=["hiring"],
        verifications=["identity"],
    )


def test_every_documented_current_field_has_a_place() -> None:
    job = {
        "name": "Acme",
        "title": "Engineer",
        "professional_network_id": "111",
        "description": "Made things",
        "location": {"raw": "Ghent"},
        "start_date": "2021-04-01T00:00:00",
        "end_date": None,
        "is_default": True,
        "crustdata_company_id": 222,
        "company_website_domain": "acme.example",
        "company_profile_picture_permalink": "https://img.example.com/acme.png",
        "company_professional_network_profile_url": "https://www.linkedin.com/company/111",
        "seniority_level": "Senior",
        "function_category": "Engineering",
        "position_id": 333,
    }
    address = {"email": "ada@acme.example", "status": "verified", "last_updated": "2025-05-18"}
    person = found(
        crustdata_person_id=14540,
        basic_profile={
            "name": "Ada",
            "first_name": "Ada",
            "last_name": "Example",
            "headline": "Engineer at Acme",
            "current_title": "Engineer, Advisor",
            "summary": "I make things",
            "languages": ["Dutch"],
            "last_updated": "2025-02-11T00:00:00+00:00",
            "profile_picture_permalink": "https://img.example.com/copy.png",
            "location": {
                "city": "Ghent",
                "state": "East Flanders",
                "country": "Belgium",
                "continent": "Europe",
                "full_location": "Ghent, Belgium",
                "raw": "Ghent",
            },
        },
        professional_network={
            "connections": 500,
            "followers": 700,
            "joined_date": "2010",
            "verifications": ["identity"],
            "open_to_cards": ["hiring"],
        },
        skills={"professional_network_skills": ["Python"]},
        contact={
            "business_emails": [address],
            "personal_emails": [{"email": "ada@example.com", "status": "unverified"}],
            "phone_numbers": ["+1 202-555-0100"],
            "websites": ["https://ada.example"],
        },
        social_handles={
            "professional_network_identifier": {"profile_url": "https://www.linkedin.com/in/ada"},
            "twitter_identifier": {"slug": "ada"},
            "dev_platform_identifier": {"profile_url": "https://github.example/ada"},
        },
        dev_platform_profiles=[
            {
                "profile_url": "https://github.example/ada",
                "email": "ADA@example.com",
                "declared_handles": [{"provider": "mastodon", "url": "https://social.example/ada"}],
            }
        ],
        experience={"employment_details": {"current": [job], "past": [{"name": "Before"}]}},
        education={
            "schools": [
                {
                    "school": "Example University",
                    "degree": "BSc",
                    "field_of_study": "Maths",
                    "start_year": 1998,
                    "end_year": "2002",
                    "activities_and_societies": "Chess",
                    "institute_logo_url": "https://img.example.com/school.png",
                    "professional_network_id": "444",
                }
            ]
        },
        certifications=[
            {
                "name": "Cert",
                "issuing_organization": "Certs",
                "issue_date": "2020-01",
                "expiration_date": "2026",
                "credential_id": 1,
                "credential_url": "https://certs.example.com/1",
            }
        ],
        honors=[{"title": "Prize", "issuer": "Jury", "issued_date": "2019"}],
    )
    assert person == Person(
        id="14540",
        name="Ada",
        first_name="Ada",
        last_name="Example",
        title="Engineer, Advisor",
        company="Acme",
        company_domain="acme.example",
        headline="Engineer at Acme",
        summary="I make things",
        location=Location(
            name="Ghent, Belgium",
            city="Ghent",
            region="East Flanders",
            country="Belgium",
            continent="Europe",
        ),
        linkedin_url="https://www.linkedin.com/in/ada",
        linkedin_joined_date="2010",
        picture_url="https://img.example.com/copy.png",
        connections=500,
        followers=700,
        score=0.75,
        updated_at="2025-02-11",
        emails=[
            Email(
                address="ada@acme.example",
                type="business",
                status="verified",
                validated_at="2025-05-18",
            ),
            Email(address="ada@example.com", type="personal", status="unverified"),
        ],
        phones=[Phone(number="+1 202-555-0100")],
        experiences=[
            Experience(
                title="Engineer",
                company="Acme",
                company_domain="acme.example",
                company_id="222",
                company_linkedin_id="111",
                company_linkedin_url="https://www.linkedin.com/company/111",
                company_logo_url="https://img.example.com/acme.png",
                position_id="333",
                seniority="Senior",
                function="Engineering",
                location="Ghent",
                description="Made things",
                start_date="2021-04-01",
                is_current=True,
                is_primary=True,
            ),
            Experience(company="Before", is_current=False),
        ],
        educations=[
            Education(
                school="Example University",
                degree="BSc",
                field_of_study="Maths",
                activities="Chess",
                school_linkedin_id="444",
                school_logo_url="https://img.example.com/school.png",
                start_date="1998",
                end_date="2002",
            )
        ],
        social_profiles=[
            SocialProfile(network="twitter", handle="ada"),
            SocialProfile(network="github", url="https://github.example/ada"),
            SocialProfile(network="mastodon", url="https://social.example/ada"),
            SocialProfile(network="website", url="https://ada.example"),
        ],
        certifications=[
            Certification(
                name="Cert",
                issuer="Certs",
                credential_id="1",
                url="https://certs.example.com/1",
                issued_date="2020-01",
                expiration_date="2026",
            )
        ],
        honors=[Honor(title="Prize", issuer="Jury", issued_date="2019")],
        skills=["Python"],
        languages=[Language(name="Dutch")],
        open_to=["hiring"],
        verifications=["identity"],
    )


@pytest.mark.parametrize(
    ("element", "name", "value"),
    [
        ({"skills": "Python, SQL"}, "skills", ["Python", "SQL"]),
        ({"skills": ["Python", "C, C++"]}, "skills", ["Python", "C, C++"]),
        ({"skills": None}, "skills", []),
        ({"languages": "Dutch"}, "languages", [Language(name="Dutch")]),
        ({"email": None}, "emails", []),
        ({"email": ""}, "emails", []),
        ({"email": "ada@example.com"}, "emails", [Email(address="ada@example.com")]),
        (
            {"email": ["ada@example.com", "ADA@example.com"]},
            "emails",
            [Email(address="ada@example.com")],
        ),
        (
            {"business_email": "ada@example.com"},
            "emails",
            [Email(address="ada@example.com", type="business")],
        ),
        ({"title": "Engineer, Advisor"}, "title", "Engineer, Advisor"),
        ({"num_of_connections": 0}, "connections", 0),
        ({"person_id": "7"}, "id", "7"),
        ({"summary": "  "}, "summary", None),
        ({"location": ""}, "location", None),
        ({"last_updated": "2025-02-11T00:00:00Z"}, "updated_at", "2025-02-11"),
    ],
)
def test_undocumented_screener_forms_are_parsed(
    element: dict[str, Any], name: str, value: Any
) -> None:
    assert getattr(screened(**element), name) == value


@pytest.mark.parametrize(
    ("job", "name", "value"),
    [
        ({"employer_company_id": 1}, "company_id", "1"),
        ({"employer_company_id": [1, 2]}, "company_id", "1"),
        ({"employer_company_id": ["1"]}, "company_id", "1"),
        ({"employer_company_id": []}, "company_id", None),
        ({"employer_company_website_domain": "a.example"}, "company_domain", "a.example"),
        ({"employer_company_website_domain": []}, "company_domain", None),
        (
            {"employer_company_website_domain": [], "domains": ["b.example"]},
            "company_domain",
            "b.example",
        ),
        ({"start_date": "2021-04-01T00:00:00+00:00"}, "start_date", "2021-04-01"),
        ({"start_date": "2021-04-01T00:00:00"}, "start_date", "2021-04-01"),
        ({"start_date": "2021-04-01"}, "start_date", "2021-04-01"),
        ({"start_date": "2024-07"}, "start_date", "2024-07"),
        ({"start_date": 2002}, "start_date", "2002"),
        ({"start_date": ""}, "start_date", None),
        ({"start_date": "soon"}, "start_date", None),
    ],
)
def test_undocumented_forms_of_a_job_are_parsed(job: dict[str, Any], name: str, value: Any) -> None:
    (experience,) = screened(current_employers=[job]).experiences
    assert getattr(experience, name) == value


def test_an_answer_with_emails_only_is_a_person() -> None:
    element = {
        "business_email": ["ada@acme.example"],
        "current_employers": [{"employer_name": "Acme", "business_emails": {}}],
        "enriched_realtime": False,
        "query_linkedin_profile_urn_or_slug": ["ada"],
    }
    reading = screener.read_person(msgspec.json.encode(element), lambda parts: 2.0 * len(parts))
    assert reading.credits == 2
    assert read(reading).company == "Acme"


def test_the_main_position_is_the_default_or_first() -> None:
    jobs = [{"employer_name": "A"}, {"employer_name": "B", "is_default": True}]
    assert screened(current_employers=jobs).company == "B"
    assert screened(current_employers=jobs[:1]).company == "A"
    assert screened(past_employers=jobs).company is None


def test_first_and_last_names_are_not_guessed() -> None:
    person = found(basic_profile={"name": "Ada Example"})
    assert (person.first_name, person.last_name) == (None, None)


def test_network_data_fills_missing_profile_fields() -> None:
    network = {"name": "Ada", "headline": "H", "summary": "S", "location": "Ghent"}
    person = found(professional_network=network, metadata={"updated_at": "2026-01-02T03:04:05"})
    assert (person.name, person.headline, person.summary) == ("Ada", "H", "S")
    assert person.location == Location(name="Ghent")
    assert person.updated_at == "2026-01-02T03:04:05"


def test_id_0_is_none_and_domain_lists_work() -> None:
    job = {"crustdata_company_id": 0, "company_website_domain": ["a.example"], "location": "Ghent"}
    (experience,) = found(experience={"employment_details": {"past": [job]}}).experiences
    assert experience.company_id is None
    assert (experience.company_domain, experience.location) == ("a.example", "Ghent")


def test_long_lists_keep_every_item() -> None:
    emails = [f"ada{n}@example.com" for n in range(50)]
    assert [email.address for email in screened(email=emails).emails] == emails


def test_notes_never_contain_email_addresses() -> None:
    job = {"business_emails": {"ada@acme.example": {"verification_status": 5}}}
    raw = msgspec.json.encode({"name": "Ada", "current_employers": [job]})
    odd = screener.PEOPLE.read([raw], {"emails": ("address", "status")}).odd
    assert odd == {0: ["current_employers[].business_emails.verification_status"]}
    assert "@" not in screener.read_person(raw, free).note
