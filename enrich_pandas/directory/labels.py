"""What people call the columns of a CRM, by model field: one table a kind."""

from collections.abc import Mapping

from enrich_pandas.frame.labels import normalised
from enrich_pandas.providers.base import Kind

# Field, or field.part, to the names its column goes by, the preferred first.
_PERSON = {
    "id": "person id, contact id, lead id, record id, id",
    "name": "full name, fullname, contact name, lead name, person name, display name, name",
    "first_name": "first name, firstname, given name, forename, vorname, prenom, nombre",
    "last_name": "last name, lastname, surname, family name, nachname, nom, apellido",
    "gender": "gender, sex, geschlecht",
    "title": "job title, jobtitle, current title, position, current position, job position, title, "
    "role, job role, occupation, berufsbezeichnung, funktion, poste, cargo",
    "company": "company, company name, current company, account name, account, organization, "
    "organisation, organization name, associated company, employer, firma, unternehmen, "
    "entreprise, empresa",
    "company_domain": "company domain, company website domain, domain, company website, website, "
    "company url, account domain, employer domain",
    "headline": "headline, linkedin headline",
    "summary": "summary, bio, about, linkedin summary, description",
    "linkedin_url": "linkedin url, linkedin, linkedin profile, linkedin profile url, "
    "person linkedin url, contact linkedin url",
    "picture_url": "picture url, photo url, image url, avatar, profile picture",
    "website": "personal website, personal url, blog",
    "connections": "connections, linkedin connections, number of connections",
    "followers": "followers, linkedin followers",
    "location.name": "location, place, ort, lieu",
    "location.address": "address, street, street address, mailing street, strasse, straße",
    "location.postal_code": "postal code, postcode, zip, zip code, mailing zip, plz, code postal",
    "location.city": "city, town, mailing city, stadt, ville, ciudad",
    "location.region": "state, region, province, county, mailing state, bundesland",
    "location.country": "country, mailing country, country region, land, pays, pais",
    "employer.id": "company id, account id, organization id",
    "employer.linkedin_url": "company linkedin url, company linkedin, organization linkedin url",
    "employer.industry": "industry, company industry, branche, sector",
    "employer.employees": "employees, company employees, number of employees, employee count, "
    "headcount, company size, no of employees, company headcount",
    "employer.revenue_usd": "annual revenue usd, revenue usd",
    "employer.city": "company city, account city",
    "employer.region": "company state, company region",
    "employer.country": "company country, account country",
    "skills": "skills",
    "interests": "interests",
}

_COMPANY = {
    "id": "company id, account id, organization id, record id, id",
    "name": "company name, company, account name, account, organization name, organization, "
    "organisation, business name, firma, unternehmen, entreprise, empresa, name",
    "domain": "company domain, domain, domain name, website domain, account domain",
    "website": "company website, website, website url, company url, homepage, web site, url",
    "description": "company description, description, about, short description",
    "type": "company type, account type, type",
    "industry": "company industry, industry, branche, sector",
    "founded_year": "founded year, year founded, founded, company founded, company founded year",
    "employees": "company employees, employees, number of employees, employee count, headcount, "
    "company headcount, company size, no of employees",
    "employees_range": "employees range, employee range, company size range",
    "revenue_usd": "annual revenue usd, revenue usd, company revenue usd",
    "revenue_range": "revenue range, revenue, annual revenue, company revenue",
    "linkedin_url": "company linkedin url, company linkedin, organization linkedin url, "
    "linkedin company page, linkedin url, linkedin",
    "linkedin_id": "company linkedin id, linkedin id",
    "logo_url": "company logo, logo, logo url",
    "ceo": "ceo, company ceo",
    "headquarters.name": "headquarters, company location, hq, hq location, location",
    "headquarters.address": "company address, company street, billing street, street, "
    "street address, address",
    "headquarters.postal_code": "company postal code, company zip, billing postal code, "
    "billing zip, postal code, zip, zip code, plz",
    "headquarters.city": "company city, account city, headquarters city, billing city, city, stadt",
    "headquarters.region": "company state, company region, headquarters state, "
    "billing state, state, region",
    "headquarters.country": "company country, account country, headquarters country, "
    "billing country, country, country region, land",
    "industries": "industries",
    "specialities": "specialities, specialties",
    "keywords": "company keywords, keywords, tags",
    "technologies": "company technologies, technologies, tech stack",
    "sic_codes": "sic codes, sic code, sic, company sic codes",
    "naics_codes": "naics codes, naics code, naics, company naics codes",
}

# Every column of one of these names gives an item of the list, with the type it names.
_PHONES = {
    "mobile": "mobile, mobile phone, mobile number, cell, cell phone, handy, phone mobile",
    "direct": "direct phone, direct dial, work direct phone, direct number",
    "office": "work phone, office phone, business phone, corporate phone, company phone",
    "home": "home phone, private phone",
    "": "phone, phone number, telephone, tel, telefon, phone 1, phone 2, phone 3, other phone",
}


def _table(spelled: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {name: tuple(map(normalised, words.split(","))) for name, words in spelled.items()}


LABELS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "people": _table(_PERSON),
    "companies": _table(_COMPANY),
}
PHONES: Mapping[str, str] = {
    label: kind for kind, labels in _table(_PHONES).items() for label in labels
}
# Kinds of e-mail address, by a word in the label.
EMAIL_TYPES = {
    **dict.fromkeys(("work", "business", "professional", "corporate", "office"), "business"),
    **dict.fromkeys(("personal", "private", "home"), "personal"),
}
# A table with one of these is of people: its bare "phone" or "city" is no company's.
OF_PEOPLE = frozenset(
    label for name in ("first_name", "last_name", "title") for label in LABELS["people"][name]
) | {"fullname", "contactname", "leadname", "personname"}
OF_COMPANIES = (
    *("company", "account", "organi", "headquarters", "hq", "firma", "unternehmen", "entreprise"),
    *("empresa", "employer", "domain", "website", "industry", "employee"),
)
