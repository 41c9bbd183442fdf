"""Wire types of Amplemarket's companies, in the vendor's words.

Source: docs.amplemarket.com/guides/companies-search, "Company Object"; clients have met codes as
numbers and as text. What is in ``department_headcount`` is not documented: numbers under names.
"""

from enrich_pandas.providers.decoding import Date, Fraction, Id, Texts, Wire, Year

Number = Fraction | None
Codes = str | int | list[str | int | None] | None


class Place(Wire):
    """Wire type: ``location_details``, or an element of ``locations``."""

    address: str | None = None
    postal_code: Id = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    is_primary: bool | None = None


class Company(Wire):
    """Wire type: the Company object."""

    id: Id = None
    name: str | None = None
    linkedin_url: str | None = None
    website: str | None = None
    overview: str | None = None
    logo_url: str | None = None
    founded_year: Year | None = None
    traffic_rank: Number = None
    sic_codes: Codes = None
    naics_codes: Codes = None
    type: str | None = None
    total_funding: Number = None
    latest_funding_stage: str | None = None
    latest_funding_date: Date = None
    keywords: Texts = None
    estimated_number_of_employees: Number = None
    followers: Number = None
    size: str | None = None
    industry: str | None = None
    location: str | None = None
    location_details: Place | None = None
    locations: list[Place | None] | None = None
    is_b2b: bool | None = None
    is_b2c: bool | None = None
    technologies: Texts = None
    department_headcount: dict[str, Number] | None = None
    job_function_headcount: dict[str, Number] | None = None
    estimated_revenue: str | None = None
    revenue: Number = None


class CompanyResult(Wire):
    """Wire type: what an enrichment request says of one company, and which was asked for.

    The echo is not documented: it is taken to have the names of the request.
    """

    status: str | None = None
    result: Company | None = None
    domain: str | None = None
    company_domain: str | None = None
    linkedin_url: str | None = None
    linkedin_id: Id = None
