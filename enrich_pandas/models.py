"""Person, Company and their parts: the output schema.

Columns, dtypes, linked tables and the documentation of the fields are derived from these types. To
add a field, add one line here and assign it in the providers that deliver it. `standard` instead
of `doc` adds it to the columns that a call returns by default. A field is text, an integer, a
number, a flag, a part (flattened in place), or a list of parts or texts (numbered columns, or a
linked table). Lists follow the other fields, as in the columns of a result.

Conventions: ids are text, whatever the vendor sends. "ISO" is an ISO 8601 date as text, in the
vendor's own precision (``2002``, ``2002-05``, ``2002-05-17``). A value that the vendor does not
deliver is None.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = [
    "Certification",
    "Company",
    "Education",
    "Email",
    "Employer",
    "Experience",
    "Funding",
    "Headcount",
    "Honor",
    "Language",
    "Location",
    "Model",
    "Part",
    "Person",
    "Phone",
    "SocialProfile",
    "Text",
]


def doc(text: str) -> Meta:
    """Return the description of a field."""
    return Meta(description=text)


def standard(text: str, items: int = 1) -> Meta:
    """Return the description of a standard field, which is returned by default.

    ``items`` is the number of items of a list. The standard set has a part, and an item of a list,
    with those of its fields that are standard, too.
    """
    return Meta(description=text, extra={"standard": items})


class Part(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """Base class of the models and their parts.

    The column of the ``lead`` field has the name of the part itself: ``person_email_1`` is the
    address of the first e-mail, ``person_email_1_type`` its type.

    Examples
    --------
    >>> Email(address="ada@example.com", type="business")
    Email(address='ada@example.com', type='business', status=None, validated_at=None)
    """

    lead = ""


class Email(Part):
    """An e-mail address."""

    lead = "address"

    address: Annotated[str | None, standard("E-mail address.")] = None
    type: Annotated[str | None, standard("Kind of address: business or personal.")] = None
    status: Annotated[str | None, standard("Result of the vendor's verification.")] = None
    validated_at: Annotated[str | None, doc("Date of the verification, ISO.")] = None


class Phone(Part):
    """A phone number."""

    lead = "number"

    number: Annotated[str | None, standard("Phone number, in the vendor's spelling.")] = None
    type: Annotated[str | None, standard("Kind of number, such as mobile or office.")] = None
    source: Annotated[str | None, doc("Where the vendor found the number.")] = None
    is_wrong: Annotated[bool | None, doc("True if the number is known to be wrong.")] = None
    is_do_not_call: Annotated[bool | None, doc("True if on a do-not-call list.")] = None


class Location(Part):
    """A place."""

    lead = "name"

    name: Annotated[str | None, standard("Whole place in one text, such as Paris, France.")] = None
    address: Annotated[str | None, doc("Street address.")] = None
    postal_code: Annotated[str | None, doc("Postal code, as text.")] = None
    city: Annotated[str | None, standard("City.")] = None
    region: Annotated[str | None, standard("State or region.")] = None
    country: Annotated[str | None, standard("Country, as the vendor writes it.")] = None
    continent: Annotated[str | None, doc("Continent.")] = None
    is_primary: Annotated[bool | None, doc("True if this is the main place.")] = None


class Experience(Part):
    """A current or past position."""

    title: Annotated[str | None, standard("Job title.")] = None
    company: Annotated[str | None, standard("Name of the employer.")] = None
    company_domain: Annotated[str | None, doc("Domain, such as example.com.")] = None
    company_id: Annotated[str | None, doc("The vendor's id of the employer.")] = None
    company_linkedin_id: Annotated[str | None, doc("LinkedIn's id of the employer.")] = None
    company_linkedin_url: Annotated[str | None, doc("URL of the employer's LinkedIn page.")] = None
    company_description: Annotated[str | None, doc("Description of the employer.")] = None
    company_logo_url: Annotated[str | None, doc("URL of the employer's logo; never opened.")] = None
    position_id: Annotated[str | None, doc("The vendor's id of the position.")] = None
    seniority: Annotated[str | None, doc("Seniority level, in the vendor's words.")] = None
    function: Annotated[str | None, doc("Job function, such as Engineering.")] = None
    employment_type: Annotated[str | None, doc("Kind of employment, such as Full-time.")] = None
    location: Annotated[str | None, doc("Place of work, as one text.")] = None
    description: Annotated[str | None, doc("Description of the position.")] = None
    start_date: Annotated[str | None, standard("Start date, ISO.")] = None
    end_date: Annotated[str | None, standard("End date, ISO; null for a current position.")] = None
    is_current: Annotated[bool | None, standard("True for a current position.")] = None
    is_primary: Annotated[bool | None, doc("True if this is the main position.")] = None


class Education(Part):
    """A school and its degree."""

    school: Annotated[str | None, standard("Name of the school.")] = None
    degree: Annotated[str | None, standard("Degree.")] = None
    field_of_study: Annotated[str | None, standard("Field of study.")] = None
    activities: Annotated[str | None, doc("Activities and societies.")] = None
    school_linkedin_id: Annotated[str | None, doc("LinkedIn's id of the school.")] = None
    school_linkedin_url: Annotated[str | None, doc("URL of the school's LinkedIn page.")] = None
    school_logo_url: Annotated[str | None, doc("URL of the school's logo; never opened.")] = None
    start_date: Annotated[str | None, doc("Start date, ISO.")] = None
    end_date: Annotated[str | None, doc("End date, ISO.")] = None


class SocialProfile(Part):
    """A profile on a social network."""

    lead = "url"

    url: Annotated[str | None, doc("URL of the profile.")] = None
    network: Annotated[str | None, doc("Network, such as linkedin or github.")] = None
    handle: Annotated[str | None, doc("User name on the network.")] = None


class Certification(Part):
    """A certificate."""

    lead = "name"

    name: Annotated[str | None, doc("Name of the certificate.")] = None
    issuer: Annotated[str | None, doc("Name of the issuer.")] = None
    issuer_linkedin_id: Annotated[str | None, doc("LinkedIn's id of the issuer.")] = None
    credential_id: Annotated[str | None, doc("The issuer's id of the certificate.")] = None
    url: Annotated[str | None, doc("URL at which the certificate can be verified.")] = None
    issued_date: Annotated[str | None, doc("Date of issue, ISO.")] = None
    expiration_date: Annotated[str | None, doc("Date of expiry, ISO.")] = None


class Language(Part):
    """A language and its proficiency."""

    lead = "name"

    name: Annotated[str | None, doc("Name of the language.")] = None
    proficiency: Annotated[str | None, doc("Proficiency, in the vendor's words.")] = None


class Text(Part):
    """A text with a heading."""

    lead = "text"

    text: Annotated[str | None, doc("The text.")] = None
    title: Annotated[str | None, doc("Its heading.")] = None


class Honor(Part):
    """An honor or award."""

    lead = "title"

    title: Annotated[str | None, doc("Name of the honor or award.")] = None
    issuer: Annotated[str | None, doc("Name of the issuer.")] = None
    organization: Annotated[str | None, doc("Associated organization.")] = None
    organization_linkedin_id: Annotated[str | None, doc("LinkedIn's id of it.")] = None
    description: Annotated[str | None, doc("Reason for the honor.")] = None
    media_url: Annotated[str | None, doc("URL of a picture or page; never opened.")] = None
    issued_date: Annotated[str | None, doc("Date of issue, ISO.")] = None


class Employer(Part):
    """The current employer of a person, as far as the vendor describes it with the person.

    Lists are texts with semicolons here; `Company` has them as lists.
    """

    lead = "name"

    name: Annotated[str | None, doc("Name of the company.")] = None
    id: Annotated[str | None, doc("The vendor's id of the company.")] = None
    domain: Annotated[str | None, doc("Main domain, such as example.com.")] = None
    website: Annotated[str | None, doc("URL of the website.")] = None
    linkedin_url: Annotated[str | None, doc("URL of the LinkedIn page.")] = None
    description: Annotated[str | None, doc("Description of the company.")] = None
    logo_url: Annotated[str | None, doc("URL of the logo; never opened.")] = None
    type: Annotated[str | None, doc("Legal form, such as Public Company.")] = None
    industry: Annotated[str | None, doc("Main industry.")] = None
    industries: Annotated[str | None, doc("All industries, separated by semicolons.")] = None
    employees: Annotated[int | None, doc("Number of employees.")] = None
    employees_range: Annotated[str | None, doc("Range of the number of employees.")] = None
    founded_year: Annotated[int | None, doc("Year of foundation.")] = None
    linkedin_followers: Annotated[int | None, doc("Number of followers on LinkedIn.")] = None
    location: Annotated[str | None, doc("Headquarters, as one text.")] = None
    city: Annotated[str | None, doc("City of the headquarters.")] = None
    region: Annotated[str | None, doc("State or region of the headquarters.")] = None
    country: Annotated[str | None, doc("Country of the headquarters.")] = None
    locations: Annotated[str | None, doc("All locations, separated by semicolons.")] = None
    revenue_usd: Annotated[int | None, doc("Annual revenue in US dollars.")] = None
    revenue_range: Annotated[str | None, doc("Range of the annual revenue.")] = None
    total_funding_usd: Annotated[int | None, doc("Total funding in US dollars.")] = None
    last_funding_round: Annotated[str | None, doc("Name of the latest funding round.")] = None
    last_funding_date: Annotated[str | None, doc("Date of the latest funding round, ISO.")] = None
    traffic_rank: Annotated[int | None, doc("Traffic rank of the website.")] = None
    is_b2b: Annotated[bool | None, doc("True if the company sells to businesses.")] = None
    is_b2c: Annotated[bool | None, doc("True if the company sells to consumers.")] = None
    keywords: Annotated[str | None, doc("Keywords, separated by semicolons.")] = None
    technologies: Annotated[str | None, doc("Technologies in use, separated by semicolons.")] = None
    sic_codes: Annotated[str | None, doc("SIC industry codes, separated by semicolons.")] = None
    naics_codes: Annotated[str | None, doc("NAICS industry codes, separated by semicolons.")] = None
    headcounts: Annotated[str | None, doc("Employees by group; semicolons between.")] = None


class Funding(Part):
    """A funding round."""

    lead = "round"

    round: Annotated[str | None, doc("Name of the funding round, such as Series A.")] = None
    amount_usd: Annotated[int | None, doc("Amount in US dollars.")] = None
    announced_date: Annotated[str | None, doc("Date of the announcement, ISO.")] = None
    investors: Annotated[str | None, doc("Investors, separated by semicolons.")] = None


class Headcount(Part):
    """Number of people of a company in one department, function or country."""

    lead = "people"

    people: Annotated[int | None, doc("Number of people.")] = None
    group: Annotated[str | None, doc("Name of the group, such as Engineering.")] = None
    by: Annotated[str | None, doc("Kind of group: department, function, country, ….")] = None


class Person(Part):
    """A person, with all the fields that any of the vendors delivers.

    Examples
    --------
    >>> person = Person(name="Ada Example", emails=[Email(address="ada@example.com")])
    >>> person.title is None, person.emails[0].address
    (True, 'ada@example.com')
    """

    id: Annotated[str | None, doc("The vendor's id of the person.")] = None
    name: Annotated[str | None, standard("Full name.")] = None
    first_name: Annotated[str | None, standard("First name.")] = None
    middle_name: Annotated[str | None, doc("Middle names.")] = None
    last_name: Annotated[str | None, standard("Last name.")] = None
    gender: Annotated[str | None, doc("Gender, in the vendor's words.")] = None
    title: Annotated[str | None, standard("Current job title.")] = None
    company: Annotated[str | None, standard("Name of the current employer.")] = None
    company_domain: Annotated[str | None, standard("Domain of the current employer.")] = None
    employer: Annotated[Employer | None, doc("Details of the current employer.")] = None
    headline: Annotated[str | None, doc("Headline of the profile.")] = None
    summary: Annotated[str | None, doc("Summary of the profile.")] = None
    location: Annotated[Location | None, standard("Place where the person lives or works.")] = None
    linkedin_url: Annotated[str | None, standard("URL of the LinkedIn profile.")] = None
    linkedin_urn_url: Annotated[str | None, doc("URL of the profile in URN form.")] = None
    linkedin_joined_date: Annotated[str | None, doc("Date of joining LinkedIn, ISO.")] = None
    picture_url: Annotated[str | None, doc("URL of the portrait; never opened.")] = None
    website: Annotated[str | None, doc("URL of the personal website.")] = None
    connections: Annotated[int | None, doc("Number of connections on LinkedIn.")] = None
    followers: Annotated[int | None, doc("Number of followers on LinkedIn.")] = None
    score: Annotated[float | None, doc("The vendor's confidence in the match, from 0 to 1.")] = None
    updated_at: Annotated[str | None, doc("Date of the vendor's update, ISO.")] = None
    is_realtime: Annotated[bool | None, doc("True if fetched live.")] = None
    emails: Annotated[list[Email], standard("E-mail addresses.", 2)] = []
    phones: Annotated[list[Phone], standard("Phone numbers.", 2)] = []
    experiences: Annotated[list[Experience], standard("Positions, current ones first.", 3)] = []
    educations: Annotated[list[Education], standard("Schools and degrees.", 2)] = []
    social_profiles: Annotated[list[SocialProfile], doc("Profiles on social networks.")] = []
    certifications: Annotated[list[Certification], doc("Certificates.")] = []
    honors: Annotated[list[Honor], doc("Honors and awards.")] = []
    skills: Annotated[list[str], doc("Skills.")] = []
    languages: Annotated[list[Language], doc("Languages.")] = []
    interests: Annotated[list[str], doc("Interests.")] = []
    addresses: Annotated[list[Location], doc("Addresses.")] = []
    open_to: Annotated[list[str], doc("Offers that the person is open to, such as a new job.")] = []
    verifications: Annotated[list[str], doc("Facts that LinkedIn has verified.")] = []


class Company(Part):
    """A company, with all the fields that any of the vendors delivers.

    Examples
    --------
    >>> company = Company(name="Example Works", domain="example.com", founded_year=2002)
    >>> company.founded_year, company.industries
    (2002, [])
    """

    id: Annotated[str | None, doc("The vendor's id of the company.")] = None
    name: Annotated[str | None, standard("Name of the company.")] = None
    domain: Annotated[str | None, standard("Main domain, such as example.com.")] = None
    website: Annotated[str | None, standard("URL of the website.")] = None
    description: Annotated[str | None, standard("Description of the company.")] = None
    type: Annotated[str | None, standard("Legal form, such as Public Company.")] = None
    operating_status: Annotated[str | None, doc("Status, such as active or closed.")] = None
    years_in_industry: Annotated[str | None, doc("Years in business, as text.")] = None
    is_b2b: Annotated[bool | None, doc("True if the company sells to businesses.")] = None
    is_b2c: Annotated[bool | None, doc("True if the company sells to consumers.")] = None
    industry: Annotated[str | None, standard("Main industry.")] = None
    founded_year: Annotated[int | None, standard("Year of foundation.")] = None
    employees: Annotated[int | None, standard("Number of employees.")] = None
    employees_range: Annotated[str | None, standard("Range of the number of employees.")] = None
    headquarters: Annotated[Location | None, standard("Location of the headquarters.")] = None
    largest_country: Annotated[str | None, doc("Country with the most employees.")] = None
    linkedin_url: Annotated[str | None, standard("URL of the LinkedIn page.")] = None
    linkedin_id: Annotated[str | None, doc("LinkedIn's id of the company.")] = None
    linkedin_followers: Annotated[int | None, standard("Number of followers on LinkedIn.")] = None
    traffic_rank: Annotated[int | None, doc("Traffic rank of the website.")] = None
    sign_in_url: Annotated[str | None, doc("URL of the sign-in page.")] = None
    sign_up_url: Annotated[str | None, doc("URL of the sign-up page.")] = None
    crunchbase_url: Annotated[str | None, doc("URL of the Crunchbase page.")] = None
    logo_url: Annotated[str | None, doc("URL of the logo; never opened.")] = None
    ceo: Annotated[str | None, doc("Name of the chief executive.")] = None
    revenue_usd: Annotated[int | None, standard("Annual revenue in US dollars.")] = None
    revenue_min_usd: Annotated[int | None, doc("Least annual revenue in US dollars.")] = None
    revenue_max_usd: Annotated[int | None, doc("Most annual revenue in US dollars.")] = None
    revenue_range: Annotated[str | None, standard("Range of the annual revenue.")] = None
    total_funding_usd: Annotated[int | None, standard("Total funding in US dollars.")] = None
    last_funding_round: Annotated[str | None, standard("Name of the latest funding round.")] = None
    last_funding_usd: Annotated[int | None, doc("Latest round in US dollars.")] = None
    last_funding_date: Annotated[str | None, standard("Date of the latest round, ISO.")] = None
    acquisition_status: Annotated[str | None, doc("Whether it was acquired, as text.")] = None
    ipo_date: Annotated[str | None, doc("Date of the initial public offering, ISO.")] = None
    fiscal_year_end: Annotated[str | None, doc("End of the fiscal year, as text.")] = None
    score: Annotated[float | None, doc("The vendor's confidence in the match, from 0 to 1.")] = None
    updated_at: Annotated[str | None, doc("Date of the vendor's update, ISO.")] = None
    domains: Annotated[list[str], doc("All domains.")] = []
    industries: Annotated[list[str], doc("Industries.")] = []
    specialities: Annotated[list[str], standard("Specialities, in its own words.", 3)] = []
    keywords: Annotated[list[str], doc("Keywords.")] = []
    technologies: Annotated[list[str], standard("Technologies in use.", 3)] = []
    markets: Annotated[list[str], doc("Stock exchanges or markets.")] = []
    stock_symbols: Annotated[list[str], doc("Stock symbols.")] = []
    sic_codes: Annotated[list[str], doc("SIC industry codes, as text.")] = []
    naics_codes: Annotated[list[str], doc("NAICS industry codes, as text.")] = []
    investors: Annotated[list[str], doc("Names of the investors.")] = []
    competitors: Annotated[list[str], doc("Names or domains of the competitors.")] = []
    emails: Annotated[list[Email], standard("E-mail addresses.", 1)] = []
    phones: Annotated[list[Phone], standard("Phone numbers.", 1)] = []
    offices: Annotated[list[Location], doc("Offices.")] = []
    descriptions: Annotated[list[Text], doc("Further descriptions, each with a heading.")] = []
    business_models: Annotated[list[str], doc("Business models.")] = []
    territories: Annotated[list[str], doc("Territories in which the company is active.")] = []
    social_profiles: Annotated[list[SocialProfile], doc("Profiles on social networks.")] = []
    fundings: Annotated[list[Funding], doc("Funding rounds.")] = []
    headcounts: Annotated[list[Headcount], doc("Number of employees by group.")] = []


Model = Person | Company
