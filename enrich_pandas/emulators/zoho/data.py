"""``enriched_data``, of both generations of documents.

Sources: the sample of the people details document (``start_period``, industries as text), which
version 7 gives here; the vendor's OpenAPI description and SDK (``start_date``, industries with a
description), which version 8 gives.
"""

from typing import Any

from enrich_pandas.emulators.companies import Firm
from enrich_pandas.emulators.profiles import Job, Profile, School


def person(profile: Profile, *, is_new: bool) -> dict[str, Any]:
    """Return what was found of a person."""
    job = profile.jobs[0] if profile.jobs else None
    emails = [("PROFESSIONAL", one.email) for one in profile.business_emails]
    emails += [("PERSONAL", one.email) for one in profile.personal_emails]
    address = {
        "continent": profile.continent,
        "country": profile.country,
        "name": profile.place,
        "region": profile.region,
        "primary": True,
    }
    return {
        "website": job.domain if job else None,
        "email_infos": [{"type": kind, "email": email} for kind, email in emails],
        "gender": None,
        "company_info": {
            "name": job.company if job else None,
            "industries": _industries(["Software"] if job else [], is_new=is_new),
            "experiences": [
                _experience(one, is_new=is_new) for one in (*profile.jobs, *profile.past_jobs)
            ],
        },
        "last_name": profile.last,
        "middle_name": None,
        "first_name": profile.first,
        "name": profile.name,
        "educations": [_education(school) for school in profile.schools],
        "skills": list(profile.skills) or None,
        "interests": list(profile.open_to),
        "other_contacts": list(profile.phones[2:]),
        "primary_contact": profile.phones[0] if profile.phones else None,
        "secondary_contact": profile.phones[1] if len(profile.phones) > 1 else None,
        "primary_email": emails[0][1] if emails else None,
        "designation": job.title if job else None,
        "address_list_info": [address],
        "primary_address_info": address,
        "id": f"{profile.id:x}",
        "social_media": _media(profile, is_new=is_new),
    }


def organization(firm: Firm, *, is_new: bool) -> dict[str, Any]:
    """Return what was found of an organization."""
    place = {
        "country": firm.country,
        "city": firm.city,
        "pin_code": None,
        "state": firm.region,
        "fill_address": firm.headquarters,
    }
    return {
        "org_status": "Acquired" if firm.acquired else "Active",
        "description": [{"title": "About", "description": firm.description}],
        "ceo": None,
        "secondary_email": None,
        "revenue": "{}-{}".format(*firm.revenue) if firm.revenue else None,
        "years_in_industry": firm.founded and str(2026 - int(firm.founded[:4])),
        "other_contacts": [],
        "techno_graphic_data": "Nginx, PostgreSQL",
        "logo": f"https://img.example.com/firms/{firm.id}.png",
        "secondary_contact": None,
        "id": f"{firm.id:x}",
        "other_emails": [],
        "sign_in": f"https://{firm.domain}/in",
        "website": firm.domain,
        "address": [{**place, "fill_address": office} for office in firm.offices],
        "sign_up": f"https://{firm.domain}/up",
        "org_type": firm.kind,
        "head_quarters": [place],
        "no_of_employees": firm.size,
        "territory_list": [firm.country],
        "founding_year": firm.founded and firm.founded[:4],
        "industries": _industries(list(firm.industries), is_new=is_new),
        "name": firm.name,
        "primary_email": f"info@{firm.domain}",
        "business_model": ["B2B"],
        "primary_contact": None,
        "social_media": [
            {
                "media_type": "LINKEDIN" if is_new else "linkedin.com",
                "media_url": [firm.page],
            }
        ],
    }


def _industries(names: list[str], *, is_new: bool) -> list[Any]:
    return [{"name": name, "description": None} for name in names] if is_new else list(names)


def _experience(job: Job, *, is_new: bool) -> dict[str, Any]:
    start, end = ("start_date", "end_date") if is_new else ("start_period", "end_period")
    return {
        "company_name": job.company,
        "title": job.title,
        "primary": job.is_default,
        start: job.start and job.start[:4],
        end: job.end and job.end[:4],
    }


def _education(school: School) -> dict[str, Any]:
    return {
        "school_name": school.name,
        "majors": [school.subject] if school.subject else None,
        "degrees": [school.degree] if school.degree else None,
    }


def _media(profile: Profile, *, is_new: bool) -> list[dict[str, Any]]:
    media = {"linkedin": f"https://www.linkedin.com/in/{profile.slug}"}
    if profile.twitter:
        media["twitter"] = f"https://twitter.com/{profile.twitter}"
    return [
        {"media_type": name.upper() if is_new else f"{name}.com", "media_url": [url]}
        for name, url in media.items()
    ]
