"""Amplemarket's Person and Company objects.

Source: the tables "Person Object" and "Company Object" of the people document. The shapes within
arrays and of ``department_headcount`` are not documented; those here are chosen.
"""

from collections.abc import Sequence
from typing import Any

from enrich_pandas.emulators.companies import Firm
from enrich_pandas.emulators.profiles import Job, Profile


def person(profile: Profile, firm: Firm | None, *, email: bool, phones: bool) -> dict[str, Any]:
    """Return the Person object; e-mail and phones only where they are revealed."""
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


def company(firm: Firm) -> dict[str, Any]:
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


def _experience(job: Job) -> dict[str, Any]:
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
