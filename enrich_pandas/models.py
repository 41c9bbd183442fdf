"""Person, Company and their parts: the schema of what comes back, once.

Columns, dtypes, linked tables and their documentation are read off these types by reflection
(`enrich_pandas.frame.flatten`): adding a field here is the whole change. A field is text, an
integer, a number, a flag, a part (flattened in place) or a list of parts or of texts (numbered
columns, or a linked table).

Conventions: ids are text, whatever the vendor sends; a date is ISO text of the vendor's own
precision (``2002``, ``2002-05``, ``2002-05-17``); what a vendor does not give is None.
"""

from typing import Annotated

from enrich_pandas.parts import (
    Certification,
    Education,
    Email,
    Employer,
    Experience,
    Funding,
    Headcount,
    Honor,
    Language,
    Location,
    Part,
    Phone,
    SocialProfile,
    Text,
    documented,
)

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
