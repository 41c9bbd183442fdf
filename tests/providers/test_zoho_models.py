"""Every field that Zoho documents, in both versions, has a place in the models."""

import json

from hypothesis import given, strategies as st

from enrich_pandas.models import (
    Company,
    Education,
    Email,
    Employer,
    Experience,
    Location,
    Person,
    Phone,
    SocialProfile,
    Text,
)
from enrich_pandas.providers.base import Identity, Response, Status
from enrich_pandas.providers.zoho.requests import parse_job

WHO = Identity.of(email="ada@example.com")


def found(kind, data):
    key = "__zia_people_enrichment" if kind == "people" else "__zia_org_enrichment"
    body = json.dumps({key: [{"id": "77", "status": "COMPLETED", "enriched_data": data}]})
    job = parse_job(kind, Response(status=200, body=body.encode()))
    return job.match(WHO, "77")


def person(**data):
    return found("people", data).model.read()


def company(**data):
    return found("companies", data).model.read()


PERSON = {
    "website": "acme.example",
    "email_infos": [
        {"type": "PROFESSIONAL", "email": "ada@acme.example"},
        {"type": "PERSONAL", "email": "ada@example.com"},
        {"type": "PERSONAL", "email": "ADA@example.com"},
        {"type": None, "email": "a@example.org"},
        {"type": "OTHER", "email": "b@example.org"},
        None,
    ],
    "gender": "Female",
    "company_info": {
        "industries": ["Machines"],
        "name": "Acme",
        "experiences": [
            {
                "end_period": "2002",
                "company_name": "Before",
                "title": "Founder",
                "primary": False,
                "start_period": "1999",
            },
            {
                "end_period": None,
                "company_name": "Beside",
                "title": "Adviser",
                "primary": False,
                "start_period": None,
            },
            {
                "end_period": None,
                "company_name": "Acme",
                "title": "Engineer and more",
                "primary": True,
                "start_period": "2002",
            },
        ],
    },
    "last_name": "Example",
    "first_name": "Ada",
    "middle_name": "B.",
    "educations": [
        {"majors": None, "school_name": "Made-up School", "degrees": None},
        {
            "majors": ["Physics", "Philosophy"],
            "school_name": "Made-up University",
            "degrees": ["Bachelors", "Bachelor of Science"],
        },
        {"majors": None, "school_name": None, "degrees": None},
    ],
    "skills": ["Sums", "Looms"],
    "interests": ["Engines"],
    "other_contacts": ["+1 555 0102", "+1 555 0100"],
    "address_list_info": [
        {
            "continent": "Europe",
            "country": "Nowhere",
            "name": "Otherton",
            "region": None,
            "primary": False,
        },
        {
            "continent": "Europe",
            "country": "Nowhere",
            "name": "Sampleton, Nowhere",
            "region": "Midland",
            "primary": True,
        },
    ],
    "primary_address_info": {
        "continent": "Europe",
        "country": "Nowhere",
        "name": "Sampleton, Nowhere",
        "region": "Midland",
        "primary": True,
    },
    "name": "Ada B. Example",
    "primary_email": "ada@acme.example",
    "id": "0Z3xExample==",
    "designation": "Chief Engineer",
    "primary_contact": "+1 555 0100",
    "secondary_contact": "+1 555 0101",
    "social_media": [
        {"media_type": "linkedin.com", "media_url": ["linkedin.com/in/ada-example"]},
        {"media_type": "TWITTER", "media_url": ["twitter.com/ada_example"]},
        {"media_type": "about.me", "media_url": ["about.me/ada-example"]},
        {"media_type": None, "media_url": ["https://www.facebook.com/ada-example"]},
        {"media_type": "klout.com", "media_url": []},
    ],
}


def test_every_person_field_of_v8_has_a_place():
    match = found("people", PERSON)
    assert (match.status, match.credits, match.note) == (Status.MATCHED, 1.0, "")
    home = {"name": "Sampleton, Nowhere", "region": "Midland", "country": "Nowhere"}
    assert match.model.read() == Person(
        id="0Z3xExample==",
        name="Ada B. Example",
        first_name="Ada",
        middle_name="B.",
        last_name="Example",
        gender="Female",
        title="Chief Engineer",
        company="Acme",
        employer=Employer(name="Acme", industry="Machines", industries="Machines"),
        website="acme.example",
        location=Location(**home, continent="Europe", is_primary=True),
        linkedin_url="https://linkedin.com/in/ada-example",
        emails=[
            Email(address="ada@acme.example", type="business"),
            Email(address="ada@example.com", type="personal"),
            Email(address="a@example.org"),
            Email(address="b@example.org", type="other"),
        ],
        phones=[
            Phone(number="+1 555 0100", type="primary"),
            Phone(number="+1 555 0101", type="secondary"),
            Phone(number="+1 555 0102", type="other"),
        ],
        experiences=[
            Experience(
                title="Engineer and more",
                company="Acme",
                start_date="2002",
                is_current=True,
                is_primary=True,
            ),
            Experience(title="Adviser", company="Beside", is_primary=False),
            Experience(
                title="Founder",
                company="Before",
                start_date="1999",
                end_date="2002",
                is_current=False,
                is_primary=False,
            ),
        ],
        educations=[
            Education(school="Made-up School"),
            Education(
                school="Made-up University",
                degree="Bachelors; Bachelor of Science",
                field_of_study="Physics; Philosophy",
            ),
        ],
        social_profiles=[
            SocialProfile(url="linkedin.com/in/ada-example", network="linkedin"),
            SocialProfile(url="twitter.com/ada_example", network="twitter"),
            SocialProfile(url="about.me/ada-example", network="about.me"),
            SocialProfile(url="https://www.facebook.com/ada-example", network="facebook"),
        ],
        skills=["Sums", "Looms"],
        interests=["Engines"],
        addresses=[
            Location(**home, continent="Europe", is_primary=True),
            Location(name="Otherton", country="Nowhere", continent="Europe", is_primary=False),
        ],
    )


def test_every_person_field_of_v7_has_a_place():
    made = person(
        first_name="Ada",
        middle_name="B.",
        last_name="Example",
        company_info={
            "industries": [{"name": "Machines", "description": "Builds them"}, {"name": "Looms"}],
            "experiences": [
                {"company_name": "Acme", "title": "Engineer", "primary": True, "start_date": 2002}
            ],
        },
        educations={"school_name": "Made-up School"},
        primary_contact=15550100,
        other_contacts="+1 555 0102",
        email_infos=["ada@example.com"],
        skills="Sums, Looms",
    )
    assert made.name == "Ada B. Example"
    assert (made.title, made.company) == ("Engineer", "Acme")
    assert made.employer == Employer(
        industry="Machines", industries="Machines (Builds them); Looms"
    )
    assert made.experiences[0].start_date == "2002"
    assert made.educations == [Education(school="Made-up School")]
    assert [one.number for one in made.phones] == ["15550100", "+1 555 0102"]
    assert made.emails == [Email(address="ada@example.com")]
    assert made.skills == ["Sums", "Looms"]
    assert made.location is None


def test_the_primary_address_can_come_from_the_list():
    made = person(
        address_list_info=[{"name": "A", "primary": False}, {"name": "B", "primary": True}]
    )
    assert made.location == Location(name="B", is_primary=True)
    assert [one.name for one in made.addresses] == ["B", "A"]


COMPANY = {
    "org_status": "Active",
    "description": [{"title": "About", "description": "Makes anvils"}, {"title": "More"}, None],
    "ceo": "Cy Example",
    "secondary_email": "more@acme.example",
    "revenue": "$1M - $5M",
    "years_in_industry": "12",
    "other_contacts": ["+1 555 0102"],
    "techno_graphic_data": "Python, Looms",
    "logo": "https://img.example.com/acme.png",
    "secondary_contact": "+1 555 0101",
    "id": "c-1",
    "other_emails": ["help@acme.example", "INFO@acme.example"],
    "sign_in": "https://acme.example/in",
    "website": "https://www.acme.example/",
    "address": [
        {
            "country": "Nowhere",
            "city": "Otherton",
            "pin_code": "999",
            "state": "Midland",
            "fill_address": "2 Side St, Otherton",
        }
    ],
    "head_quarters": [
        {
            "country": "Nowhere",
            "city": "Sampleton",
            "pin_code": 12345,
            "state": "Midland",
            "fill_address": "1 Main St, Sampleton",
        },
        {"city": "Thirdton"},
    ],
    "sign_up": "https://acme.example/up",
    "org_type": "Private",
    "no_of_employees": "1,250",
    "territory_list": ["Europe, the Middle East and Africa", "Asia"],
    "founding_year": "1999",
    "industries": [{"name": "Machines", "description": "Builds them"}, "Looms"],
    "name": "Acme",
    "primary_email": "info@acme.example",
    "business_model": ["B2B"],
    "primary_contact": "+1 555 0100",
    "social_media": [
        {"media_type": "LINKEDIN", "media_url": ["https://linkedin.com/company/acme"]}
    ],
}


def test_every_company_field_of_v8_has_a_place():
    match = found("companies", COMPANY)
    assert (match.status, match.note) == (Status.MATCHED, "")
    assert match.model.read() == Company(
        id="c-1",
        name="Acme",
        domain="acme.example",
        website="https://www.acme.example/",
        description="Makes anvils",
        descriptions=[
            Text(title="About", text="Makes anvils"),
            Text(title="More"),
            Text(title="Machines", text="Builds them"),
        ],
        type="Private",
        operating_status="Active",
        years_in_industry="12",
        industry="Machines",
        industries=["Machines", "Looms"],
        founded_year=1999,
        employees=1250,
        headquarters=Location(
            name="1 Main St, Sampleton",
            address="1 Main St, Sampleton",
            postal_code="12345",
            city="Sampleton",
            region="Midland",
            country="Nowhere",
        ),
        offices=[
            Location(
                name="2 Side St, Otherton",
                postal_code="999",
                city="Otherton",
                region="Midland",
                country="Nowhere",
            ),
            Location(city="Thirdton"),
        ],
        linkedin_url="https://linkedin.com/company/acme",
        sign_in_url="https://acme.example/in",
        sign_up_url="https://acme.example/up",
        logo_url="https://img.example.com/acme.png",
        ceo="Cy Example",
        revenue_range="$1M - $5M",
        technologies=["Python", "Looms"],
        business_models=["B2B"],
        territories=["Europe, the Middle East and Africa", "Asia"],
        emails=[
            Email(address="info@acme.example"),
            Email(address="more@acme.example"),
            Email(address="help@acme.example"),
        ],
        phones=[
            Phone(number="+1 555 0100", type="primary"),
            Phone(number="+1 555 0101", type="secondary"),
            Phone(number="+1 555 0102", type="other"),
        ],
        social_profiles=[
            SocialProfile(url="https://linkedin.com/company/acme", network="linkedin")
        ],
    )


def test_every_company_field_of_v7_has_a_place():
    made = company(
        description="Makes anvils",
        no_of_employees="1001-5000",
        founding_year=1999,
        head_quarters={"full_address": "1 Main St"},
        revenue=2500000.0,
        years_in_industry=12,
        techno_graphic_data=["Python"],
    )
    assert (made.description, made.descriptions) == ("Makes anvils", [Text(text="Makes anvils")])
    assert (made.employees, made.employees_range) == (None, "1001-5000")
    assert (made.founded_year, made.years_in_industry) == (1999, "12")
    assert made.headquarters == Location(name="1 Main St", address="1 Main St")
    assert made.revenue_range == "2500000"
    assert made.technologies == ["Python"]
    assert company(no_of_employees=40).employees == 40


def test_a_mistyped_field_is_empty_and_named():
    match = found("people", {"name": "Ada Example", "skills": {"a": 1}, "gender": 3})
    assert match.model.read() == Person(name="Ada Example")
    values = match.model.type.read([match.model.raw], {"skills": [""], "gender": [""]})
    assert values.odd == {0: ["enriched_data.gender", "enriched_data.skills"]}


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    """Yield the path to every value within a document."""
    if path:
        yield path
    inside = enumerate(value) if isinstance(value, list) else ()
    for key, part in value.items() if isinstance(value, dict) else inside:
        yield from places(part, (*path, key))


def swapped(document, path, junk):
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    return copy


@given(
    document=st.sampled_from([("people", PERSON), ("companies", COMPANY)]),
    data=st.data(),
    junk=JUNK,
)
def test_one_mistyped_value_affects_no_other(document, data, junk):
    kind, whole = document
    path = data.draw(st.sampled_from(list(places(whole))))
    match = found(kind, swapped(whole, path, junk))
    assert match.status is Status.MATCHED
    before, after = found(kind, whole).model.read(), match.model.read()
    if path[0] not in ("name", "first_name", "middle_name", "last_name"):
        assert after.name == before.name
    if path[0] not in ("email_infos", "primary_email", "secondary_email", "other_emails"):
        assert after.emails == before.emails


@given(kind=st.sampled_from(["people", "companies"]), junk=JUNK)
def test_any_data_is_parsed_or_held(kind, junk):
    match = found(kind, junk)
    assert match.status in (Status.MATCHED, Status.NOT_FOUND, Status.HELD)
    assert (match.model is not None) == (match.status is Status.MATCHED)
