"""Person, Company and their parts: the schema of what comes back, once.

Columns, dtypes, linked tables and their documentation are read off these types by reflection
(`enrich_pandas.frame.flatten`): adding a field here is the whole change. A field is text, an
integer, a number, a flag, a part (flattened in place) or a list of parts or of texts (numbered
columns, or a linked table).

Conventions: ids are text, whatever the vendor sends; a date is ISO text of the vendor's own
precision (``2002``, ``2002-05``, ``2002-05-17``); what a vendor does not give is None.
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

# -- The parts of a person and of a company: an e-mail address, a position, a place --------------


def documented(text: str) -> Meta:
    """Attach the sentence that documents a column."""
    return Meta(description=text)


class Part(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """Base of the parts of a model.

    ``lead`` names the field whose column carries the part's own name: ``person_email_1`` is the
    first e-mail's address, ``person_email_1_type`` its type.
    """

    lead = ""


class Email(Part):
    """An e-mail address."""

    lead = "address"

    address: Annotated[str | None, documented("The address.")] = None
    type: Annotated[str | None, documented("business or personal.")] = None
    status: Annotated[str | None, documented("What the vendor's verification said.")] = None
    validated_at: Annotated[str | None, documented("When it was verified.")] = None


class Phone(Part):
    """A phone number, as text."""

    lead = "number"

    number: Annotated[str | None, documented("The number, as the vendor wrote it.")] = None
    type: Annotated[str | None, documented("mobile, direct, office, ….")] = None
    source: Annotated[str | None, documented("Where the vendor has it from.")] = None
    is_wrong: Annotated[bool | None, documented("Whether it is known to be wrong.")] = None
    is_do_not_call: Annotated[bool | None, documented("Whether it is on a do-not-call list.")] = (
        None
    )


class Location(Part):
    """A place."""

    lead = "name"

    name: Annotated[str | None, documented("The whole place in one text.")] = None
    address: Annotated[str | None, documented("Street address.")] = None
    postal_code: Annotated[str | None, documented("Postal code.")] = None
    city: Annotated[str | None, documented("City.")] = None
    region: Annotated[str | None, documented("State or region.")] = None
    country: Annotated[str | None, documented("Country.")] = None
    continent: Annotated[str | None, documented("Continent.")] = None
    is_primary: Annotated[bool | None, documented("Whether it is the main one.")] = None


class Experience(Part):
    """A position, current or past."""

    title: Annotated[str | None, documented("Job title.")] = None
    company: Annotated[str | None, documented("Employer's name.")] = None
    company_domain: Annotated[str | None, documented("Employer's domain.")] = None
    company_id: Annotated[str | None, documented("The vendor's id of the employer.")] = None
    company_linkedin_id: Annotated[str | None, documented("LinkedIn's id of the employer.")] = None
    company_linkedin_url: Annotated[str | None, documented("Employer's LinkedIn page.")] = None
    company_description: Annotated[str | None, documented("What the employer does.")] = None
    company_logo_url: Annotated[str | None, documented("Employer's logo; never fetched.")] = None
    position_id: Annotated[str | None, documented("The vendor's id of the position.")] = None
    seniority: Annotated[str | None, documented("Seniority level.")] = None
    function: Annotated[str | None, documented("Function, such as Engineering.")] = None
    employment_type: Annotated[str | None, documented("Such as Full-time.")] = None
    location: Annotated[str | None, documented("Where.")] = None
    description: Annotated[str | None, documented("What was done.")] = None
    start_date: Annotated[str | None, documented("Start, in ISO form.")] = None
    end_date: Annotated[str | None, documented("End, in ISO form; null while current.")] = None
    is_current: Annotated[bool | None, documented("Whether the vendor lists it as current.")] = None
    is_primary: Annotated[bool | None, documented("Whether it is the main position.")] = None


class Education(Part):
    """A school and what was studied there."""

    school: Annotated[str | None, documented("Name of the school.")] = None
    degree: Annotated[str | None, documented("Degree.")] = None
    field_of_study: Annotated[str | None, documented("Subject.")] = None
    activities: Annotated[str | None, documented("Activities and societies.")] = None
    school_linkedin_id: Annotated[str | None, documented("LinkedIn's id of the school.")] = None
    school_linkedin_url: Annotated[str | None, documented("The school's LinkedIn page.")] = None
    school_logo_url: Annotated[str | None, documented("The school's logo; never fetched.")] = None
    start_date: Annotated[str | None, documented("Start, in ISO form.")] = None
    end_date: Annotated[str | None, documented("End, in ISO form.")] = None


class SocialProfile(Part):
    """A profile on a network."""

    lead = "url"

    url: Annotated[str | None, documented("Address of the profile.")] = None
    network: Annotated[str | None, documented("linkedin, twitter, github, ….")] = None
    handle: Annotated[str | None, documented("Name on that network.")] = None


class Certification(Part):
    """A certificate."""

    lead = "name"

    name: Annotated[str | None, documented("What it certifies.")] = None
    issuer: Annotated[str | None, documented("Who issued it.")] = None
    issuer_linkedin_id: Annotated[str | None, documented("LinkedIn's id of the issuer.")] = None
    credential_id: Annotated[str | None, documented("The issuer's id of it.")] = None
    url: Annotated[str | None, documented("Where to check it.")] = None
    issued_date: Annotated[str | None, documented("Issued, in ISO form.")] = None
    expiration_date: Annotated[str | None, documented("Expires, in ISO form.")] = None


class Language(Part):
    """A language."""

    lead = "name"

    name: Annotated[str | None, documented("The language.")] = None
    proficiency: Annotated[str | None, documented("How well, in the vendor's words.")] = None


class Text(Part):
    """A text under a heading."""

    lead = "text"

    text: Annotated[str | None, documented("The text.")] = None
    title: Annotated[str | None, documented("Its heading.")] = None


class Honor(Part):
    """An honour or award."""

    lead = "title"

    title: Annotated[str | None, documented("Name of the honour.")] = None
    issuer: Annotated[str | None, documented("Who gave it.")] = None
    organization: Annotated[str | None, documented("Organisation it belongs to.")] = None
    organization_linkedin_id: Annotated[str | None, documented("Its LinkedIn id.")] = None
    description: Annotated[str | None, documented("What for.")] = None
    media_url: Annotated[str | None, documented("A picture or page; never fetched.")] = None
    issued_date: Annotated[str | None, documented("Issued, in ISO form.")] = None


class Employer(Part):
    """A person's current employer, as far as the vendor describes it beside the person.

    Lists are joined by semicolons; `Company` has them as lists.
    """

    lead = "name"

    name: Annotated[str | None, documented("Name.")] = None
    id: Annotated[str | None, documented("The vendor's id of it.")] = None
    domain: Annotated[str | None, documented("Domain.")] = None
    website: Annotated[str | None, documented("Website.")] = None
    linkedin_url: Annotated[str | None, documented("LinkedIn page.")] = None
    description: Annotated[str | None, documented("What it does.")] = None
    logo_url: Annotated[str | None, documented("Logo; never fetched.")] = None
    type: Annotated[str | None, documented("Such as Public Company.")] = None
    industry: Annotated[str | None, documented("Main industry.")] = None
    industries: Annotated[str | None, documented("All industries, joined.")] = None
    employees: Annotated[int | None, documented("Number of employees.")] = None
    employees_range: Annotated[str | None, documented("Number of employees, as a range.")] = None
    founded_year: Annotated[int | None, documented("Year of foundation.")] = None
    linkedin_followers: Annotated[int | None, documented("Followers on LinkedIn.")] = None
    location: Annotated[str | None, documented("Where it is.")] = None
    city: Annotated[str | None, documented("City of its seat.")] = None
    region: Annotated[str | None, documented("State or region of its seat.")] = None
    country: Annotated[str | None, documented("Country of its seat.")] = None
    locations: Annotated[str | None, documented("Its places, joined.")] = None
    revenue_usd: Annotated[int | None, documented("Annual revenue, in US dollars.")] = None
    revenue_range: Annotated[str | None, documented("Annual revenue, as a range.")] = None
    total_funding_usd: Annotated[int | None, documented("Total funding, in US dollars.")] = None
    last_funding_round: Annotated[str | None, documented("Latest round of funding.")] = None
    last_funding_date: Annotated[str | None, documented("Date of it, in ISO form.")] = None
    traffic_rank: Annotated[int | None, documented("Rank of its site's traffic.")] = None
    is_b2b: Annotated[bool | None, documented("Whether it sells to businesses.")] = None
    is_b2c: Annotated[bool | None, documented("Whether it sells to consumers.")] = None
    keywords: Annotated[str | None, documented("Keywords, joined.")] = None
    technologies: Annotated[str | None, documented("Technologies, joined.")] = None
    sic_codes: Annotated[str | None, documented("SIC codes, joined.")] = None
    naics_codes: Annotated[str | None, documented("NAICS codes, joined.")] = None
    headcounts: Annotated[str | None, documented("Employees by group, joined.")] = None


class Funding(Part):
    """A round of funding."""

    lead = "round"

    round: Annotated[str | None, documented("Name of the round.")] = None
    amount_usd: Annotated[int | None, documented("Amount, in US dollars.")] = None
    announced_date: Annotated[str | None, documented("Announced, in ISO form.")] = None
    investors: Annotated[str | None, documented("Investors, joined by semicolons.")] = None


class Headcount(Part):
    """People of a company in one department, function or place."""

    lead = "people"

    people: Annotated[int | None, documented("How many.")] = None
    group: Annotated[str | None, documented("Of whom, such as Engineering.")] = None
    by: Annotated[str | None, documented("What the group is: department, function, country.")] = (
        None
    )


# -- Person, Company and their parts: the schema of what comes back, once ------------------------


class Person(Part):
    """A person: the union of what the vendors give."""

    id: Annotated[str | None, documented("The vendor's id of the person.")] = None
    name: Annotated[str | None, documented("Full name.")] = None
    first_name: Annotated[str | None, documented("First name.")] = None
    middle_name: Annotated[str | None, documented("Middle name or names.")] = None
    last_name: Annotated[str | None, documented("Last name.")] = None
    gender: Annotated[str | None, documented("Gender, as the vendor has it.")] = None
    title: Annotated[str | None, documented("Current job title.")] = None
    company: Annotated[str | None, documented("Current employer.")] = None
    company_domain: Annotated[str | None, documented("Current employer's domain.")] = None
    employer: Annotated[Employer | None, documented("Current employer, described.")] = None
    headline: Annotated[str | None, documented("The profile's headline.")] = None
    summary: Annotated[str | None, documented("The profile's summary.")] = None
    location: Annotated[Location | None, documented("Where the person is.")] = None
    linkedin_url: Annotated[str | None, documented("LinkedIn profile.")] = None
    linkedin_urn_url: Annotated[str | None, documented("LinkedIn profile in URN form.")] = None
    linkedin_joined_date: Annotated[str | None, documented("Joined LinkedIn.")] = None
    picture_url: Annotated[str | None, documented("Portrait; never fetched.")] = None
    website: Annotated[str | None, documented("Personal website.")] = None
    connections: Annotated[int | None, documented("Number of connections.")] = None
    followers: Annotated[int | None, documented("Number of followers.")] = None
    score: Annotated[float | None, documented("The vendor's confidence in the match, 0 to 1.")] = (
        None
    )
    updated_at: Annotated[str | None, documented("When the vendor last saw the profile.")] = None
    is_realtime: Annotated[bool | None, documented("Whether it was fetched live.")] = None
    emails: Annotated[list[Email], documented("E-mail addresses.")] = []
    phones: Annotated[list[Phone], documented("Phone numbers.")] = []
    experiences: Annotated[list[Experience], documented("Positions, current first.")] = []
    educations: Annotated[list[Education], documented("Schools.")] = []
    social_profiles: Annotated[list[SocialProfile], documented("Profiles on networks.")] = []
    certifications: Annotated[list[Certification], documented("Certificates.")] = []
    honors: Annotated[list[Honor], documented("Honours and awards.")] = []
    skills: Annotated[list[str], documented("Skills.")] = []
    languages: Annotated[list[Language], documented("Languages.")] = []
    interests: Annotated[list[str], documented("Interests.")] = []
    addresses: Annotated[list[Location], documented("Addresses.")] = []
    open_to: Annotated[list[str], documented("What the person says to be open to.")] = []
    verifications: Annotated[list[str], documented("What LinkedIn verified.")] = []


class Company(Part):
    """A company: the union of what the vendors give."""

    id: Annotated[str | None, documented("The vendor's id of the company.")] = None
    name: Annotated[str | None, documented("Name.")] = None
    domain: Annotated[str | None, documented("Main domain.")] = None
    website: Annotated[str | None, documented("Website.")] = None
    description: Annotated[str | None, documented("What it does.")] = None
    type: Annotated[str | None, documented("Such as Public Company.")] = None
    operating_status: Annotated[str | None, documented("Such as active, acquired or closed.")] = (
        None
    )
    years_in_industry: Annotated[str | None, documented("How long it has been in business.")] = None
    is_b2b: Annotated[bool | None, documented("Whether it sells to businesses.")] = None
    is_b2c: Annotated[bool | None, documented("Whether it sells to consumers.")] = None
    industry: Annotated[str | None, documented("Main industry.")] = None
    founded_year: Annotated[int | None, documented("Year of foundation.")] = None
    employees: Annotated[int | None, documented("Number of employees.")] = None
    employees_range: Annotated[str | None, documented("Employees, as a range.")] = None
    headquarters: Annotated[Location | None, documented("Where it has its seat.")] = None
    largest_country: Annotated[str | None, documented("Where most employees are.")] = None
    linkedin_url: Annotated[str | None, documented("LinkedIn page.")] = None
    linkedin_id: Annotated[str | None, documented("LinkedIn's id.")] = None
    linkedin_followers: Annotated[int | None, documented("Followers on LinkedIn.")] = None
    traffic_rank: Annotated[int | None, documented("Rank of its site's traffic.")] = None
    sign_in_url: Annotated[str | None, documented("Where its users sign in.")] = None
    sign_up_url: Annotated[str | None, documented("Where its users sign up.")] = None
    crunchbase_url: Annotated[str | None, documented("Crunchbase page.")] = None
    logo_url: Annotated[str | None, documented("Logo; never fetched.")] = None
    ceo: Annotated[str | None, documented("Head of the company.")] = None
    revenue_usd: Annotated[int | None, documented("Yearly revenue, in US dollars.")] = None
    revenue_min_usd: Annotated[int | None, documented("Yearly revenue, at least.")] = None
    revenue_max_usd: Annotated[int | None, documented("Yearly revenue, at most.")] = None
    revenue_range: Annotated[str | None, documented("Yearly revenue, in the vendor's words.")] = (
        None
    )
    total_funding_usd: Annotated[int | None, documented("Funding so far, in US dollars.")] = None
    last_funding_round: Annotated[str | None, documented("Name of the latest round.")] = None
    last_funding_usd: Annotated[int | None, documented("Amount of the latest round.")] = None
    last_funding_date: Annotated[str | None, documented("Date of the latest round.")] = None
    acquisition_status: Annotated[str | None, documented("Whether it was acquired.")] = None
    ipo_date: Annotated[str | None, documented("When it went public.")] = None
    fiscal_year_end: Annotated[str | None, documented("End of its fiscal year.")] = None
    score: Annotated[float | None, documented("The vendor's confidence in the match, 0 to 1.")] = (
        None
    )
    updated_at: Annotated[str | None, documented("When the vendor last saw the company.")] = None
    domains: Annotated[list[str], documented("All its domains.")] = []
    industries: Annotated[list[str], documented("Industries.")] = []
    specialities: Annotated[list[str], documented("What it says to be good at.")] = []
    keywords: Annotated[list[str], documented("Keywords.")] = []
    technologies: Annotated[list[str], documented("Technologies it uses.")] = []
    markets: Annotated[list[str], documented("Stock markets.")] = []
    stock_symbols: Annotated[list[str], documented("Stock symbols.")] = []
    sic_codes: Annotated[list[str], documented("SIC codes, as text.")] = []
    naics_codes: Annotated[list[str], documented("NAICS codes, as text.")] = []
    investors: Annotated[list[str], documented("Investors.")] = []
    competitors: Annotated[list[str], documented("Competitors.")] = []
    emails: Annotated[list[Email], documented("E-mail addresses.")] = []
    phones: Annotated[list[Phone], documented("Phone numbers.")] = []
    offices: Annotated[list[Location], documented("Offices.")] = []
    descriptions: Annotated[list[Text], documented("What is said of it, by heading.")] = []
    business_models: Annotated[list[str], documented("Business models.")] = []
    territories: Annotated[list[str], documented("Where it is active.")] = []
    social_profiles: Annotated[list[SocialProfile], documented("Profiles on networks.")] = []
    fundings: Annotated[list[Funding], documented("Rounds of funding.")] = []
    headcounts: Annotated[list[Headcount], documented("Employees by group.")] = []


Model = Person | Company
