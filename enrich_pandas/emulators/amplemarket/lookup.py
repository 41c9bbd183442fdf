"""Amplemarket's search for a lead or a company, its prices and its objects.

Sources:

- The tables "Person Object" and "Company Object" of the people document. The shapes within arrays
  and of ``department_headcount`` are not documented; those here were chosen.
- docs.amplemarket.com for the prices: half a credit when a person is found, at most once in 24
  hours; one credit for a revealed e-mail address and one for a phone, once. The price of a company
  is not published; that of a person was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from enrich_pandas.emulators.companies import CompanyCoverage, FakeCompany
from enrich_pandas.emulators.identities import company_in, company_slug, email_in, page_in, slug_in
from enrich_pandas.emulators.people import FakeJob, FakePerson, PersonCoverage
from enrich_pandas.emulators.vendor import World

# -- The Person and Company objects --------------------------------------------------------------


def person(
    profile: FakePerson, firm: FakeCompany | None, *, email: bool, phones: bool
) -> dict[str, Any]:
    """Return the Person object, with e-mail address and phones only if they are revealed."""
    job = profile.jobs[0] if profile.jobs else None
    addresses = profile.business_emails or profile.personal_emails
    return {
        "id": f"{profile.id:024x}",
        "object": "person",
        "linkedin_url": f"https://www.linkedin.com/in/{profile.slug}",
        "name": profile.name,
        "email": addresses[0].email if email and addresses else None,
        "first_name": profile.first,
        "last_name": profile.last,
        "gender": ("female", "male", None)[profile.id % 3],
        "title": job.title if job else None,
        "headline": profile.headline,
        "about": profile.summary,
        "current_position_start_date": job.start if job else None,
        "current_position_description": job.description if job else None,
        "location": profile.place,
        "image_url": profile.picture,
        "location_details": _place(profile.city, profile.region, profile.country),
        "experiences": [_experience(one) for one in (*profile.jobs, *profile.past_jobs)],
        "educations": [
            {
                "school_name": school.name,
                "degree": school.degree,
                "field_of_study": school.subject,
                "start_date": school.start and str(school.start),
                "end_date": school.end and str(school.end),
            }
            for school in profile.schools
        ],
        "languages": [{"name": name, "proficiency": None} for name in profile.languages],
        "phone_numbers": [
            {
                "object": "phone_number",
                "id": f"{profile.id}-{place}",
                "number": number,
                "type": ("mobile", "direct", "office")[place % 3],
                "source": "amplemarket",
                "is_wrong_number": False,
                "is_dnc_listed": place == 1,
            }
            for place, number in enumerate(profile.phones if phones else ())
        ],
        "company": company(firm) if firm else None,
    }


def company(firm: FakeCompany) -> dict[str, Any]:
    """Return the Company object."""
    last = firm.rounds[-1] if firm.rounds else None
    return {
        "id": f"{firm.id:024x}",
        "object": "company",
        "name": firm.name,
        "linkedin_url": firm.page,
        "website": f"https://www.{firm.domain}",
        "overview": firm.description,
        "logo_url": f"https://img.example.com/firms/{firm.id}.png",
        "founded_year": int(firm.founded[:4]) if firm.founded else None,
        "traffic_rank": firm.followers,
        "sic_codes": [7372] if firm.industries else [],
        "naics_codes": [541511] if firm.industries else [],
        "type": firm.kind,
        "total_funding": sum(one.amount for one in firm.rounds) or None,
        "latest_funding_stage": last.name if last else None,
        "latest_funding_date": last.day if last else None,
        "keywords": list(firm.specialities),
        "estimated_number_of_employees": firm.employees,
        "followers": firm.followers,
        "size": f"{firm.size} employees" if firm.size else None,
        "industry": firm.industries[0] if firm.industries else None,
        "location": firm.headquarters,
        "location_details": _place(firm.city, firm.region, firm.country),
        "locations": _offices(firm.offices, firm.country),
        "is_b2b": firm.id % 4 != 0,
        "is_b2c": firm.id % 4 == 0,
        "technologies": ["PostgreSQL", "Nginx"][: firm.id % 3],
        "department_headcount": firm.functions,
        "job_function_headcount": firm.functions,
        "estimated_revenue": "${:,}-${:,}".format(*firm.revenue) if firm.revenue else None,
        "revenue": firm.revenue[0] if firm.revenue else None,
    }


def _experience(job: FakeJob) -> dict[str, Any]:
    return {
        "title": job.title,
        "company_name": job.company,
        "company_domain": job.domain,
        "start_date": job.start,
        "end_date": job.end,
        "description": job.description,
        "location": job.location,
    }


def _place(city: str | None, state: str | None, country: str | None) -> dict[str, Any]:
    return {"city": city, "state": state, "country": country}


def _offices(addresses: Sequence[str], country: str) -> list[dict[str, Any]]:
    return [
        {"address": address, "is_primary": place == 0, "country": country}
        for place, address in enumerate(addresses)
    ]


# -- The search ----------------------------------------------------------------------------------

VENDOR = "amplemarket"
FOUND, EMAIL, PHONE = 0.5, 1.0, 1.0
BREAKS = "breaks-the-job"  # a job with a slug that contains this ends in an error
Lead = Mapping[str, Any]


@dataclass(frozen=True)
class LeadResult:
    """The result of one lead.

    ``subject`` identifies the person or company independently of the lead's identifier. ``dues``
    are the prices of the parts that were found.
    """

    lead: Lead
    status: str
    found: dict[str, Any] | None = None
    identity: str = ""
    subject: str = ""
    dues: Sequence[tuple[str, float]] = ()

    @property
    def breaks(self) -> bool:
        """Whether its job ends in an error."""
        return BREAKS in self.identity


@dataclass(frozen=True)
class LeadLookup:
    """Look up leads and companies."""

    world: World

    def person(self, lead: Lead, *, email: bool = False, phones: bool = False) -> LeadResult:
        """Look up a lead by its profile, else its e-mail address, else its name or title."""
        identity, coverage, profile = self._find(lead)
        if coverage is PersonCoverage.REDACTED:
            return LeadResult(lead, "gdpr_removed", identity=identity)
        if coverage is not PersonCoverage.FOUND or profile is None:
            return LeadResult(lead, "not_found", identity=identity)
        return self.found(lead, identity, profile, email=email, phones=phones)

    def found(
        self, lead: Lead, identity: str, profile: FakePerson, *, email: bool, phones: bool
    ) -> LeadResult:
        """Return the result of a lead with a match."""
        found = person(profile, self._employer(profile), email=email, phones=phones)
        dues = [("found", FOUND)]
        dues += [("email", EMAIL)] if found["email"] else []
        dues += [("phone", PHONE)] if found["phone_numbers"] else []
        subject = self.world.people.person(profile.slug)
        return LeadResult(lead, "enriched", found, identity, subject, dues)

    def company(self, lead: Lead) -> LeadResult:
        """Look up a company by its page, else its domain, else its name."""
        slug = _company_of(lead)
        if slug is None or self.world.companies.coverage(slug, VENDOR) is CompanyCoverage.MISSING:
            return LeadResult(lead, "not_found", identity=slug or "")
        return self.found_company(lead, slug)

    def found_company(self, lead: Lead, slug: str) -> LeadResult:
        """Return the result of a company with a match."""
        found = company(self.world.companies.firm(slug))
        return LeadResult(lead, "enriched", found, slug, f"company {slug}", [("found", FOUND)])

    def _find(self, lead: Lead) -> tuple[str, PersonCoverage, FakePerson | None]:
        people = self.world.people
        if profile := lead.get("linkedin_url") or lead.get("linkedin_id"):
            slug = _slug_of(profile)
            identity = people.person(slug) if slug else ""
        elif lead.get("email"):
            identity = email_in(lead["email"]) or ""
        else:
            return people.named(VENDOR, **self._described(lead))
        return (
            identity,
            *(people.find(identity, VENDOR) if identity else (PersonCoverage.MISSING, None)),
        )

    def _described(self, lead: Lead) -> dict[str, str | None]:
        name, domain = lead.get("company_name"), lead.get("company_domain")
        if not name and domain and (slug := company_in(domain)):
            name = self.world.companies.firm(slug).name
        person = {key: lead.get(key) for key in ("name", "title")}
        return {**person, "company": name, "domain": domain}

    def _employer(self, profile: FakePerson) -> FakeCompany | None:
        job = profile.jobs[0] if profile.jobs else None
        if job is None or not job.company:
            return None
        firm = self.world.companies.firm(company_slug(job.company))
        return msgspec.structs.replace(firm, name=job.company, domain=job.domain or firm.domain)


def _slug_of(profile: str) -> str | None:
    """Return the slug in the URL of a profile, or in a bare LinkedIn id."""
    if "/" in profile:
        return slug_in(profile)
    return slug_in(f"https://www.linkedin.com/in/{profile}")


def _company_of(lead: Lead) -> str | None:
    if url := lead.get("linkedin_url"):
        return page_in(url)
    if domain := lead.get("domain"):
        return company_in(domain)
    return company_slug(lead["name"])
