"""A person as the current Crustdata API shows one: sections, by name.

Shapes: docs.crustdata.com ``/person-docs/enrichment/reference`` and what public clients decode.
Where clients have seen a field as a text and as a list, or a date with and without a time, both
occur here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.profiles import Address, Job, Profile


def document(profile: Profile) -> Element:
    """Return all that the vendor has of a person, section by section."""
    return {"crustdata_person_id": profile.id} | {
        name: section(profile) for name, section in SECTIONS.items()
    }


def projected(whole: Element, fields: Sequence[str], key: str = "crustdata_person_id") -> Element:
    """Return the sections and dotted paths asked for; the id is always there."""
    part: Element = {key: whole[key]}
    for path in fields:
        _copy(whole, part, path.split("."))
    return part


def _copy(whole: Element, part: Element, path: Sequence[str]) -> None:
    name, *rest = path
    if name not in whole:
        return
    if rest and isinstance(whole[name], dict):
        _copy(whole[name], part.setdefault(name, {}), rest)
    else:
        part[name] = whole[name]


def _basic_profile(profile: Profile) -> Element:
    return {
        "name": profile.name,
        "headline": profile.headline,
        "current_title": profile.title,
        "summary": profile.summary,
        "location": {
            "city": profile.city,
            "state": profile.region,
            "country": profile.country,
            "continent": profile.continent,
            "full_location": profile.place,
            "raw": profile.place,
        },
        "languages": profile.languages,
        "last_updated": profile.updated and f"{profile.updated}T00:00:00+00:00",
        "profile_picture_permalink": profile.picture,
    }


def _social_handles(profile: Profile) -> Element:
    return {
        "professional_network_identifier": {
            "profile_url": f"https://www.linkedin.com/in/{profile.slug}",
            "slug": profile.slug,
        },
        "twitter_identifier": {"slug": profile.twitter},
        "dev_platform_identifier": {"profile_url": _dev_platform(profile)},
    }


def _professional_network(profile: Profile) -> Element:
    return {
        "connections": profile.connections,
        "followers": profile.followers,
        "joined_date": profile.joined,
        "verifications": profile.verifications,
        "open_to_cards": profile.open_to,
        "profile_picture_permalink": profile.picture,
    }


def _experience(profile: Profile) -> Element:
    current, past = ([_job(job) for job in jobs] for jobs in (profile.jobs, profile.past_jobs))
    return {"employment_details": {"current": current, "past": past}}


def _job(job: Job) -> Element:
    # The domain comes as a text or as a list, dates with a time or without.
    as_list = job.company_id % 2 == 1 and job.domain is not None
    return {
        "name": job.company,
        "title": job.title,
        "crustdata_company_id": job.company_id,
        "company_website_domain": [job.domain] if as_list else job.domain,
        "professional_network_id": job.network_id,
        "company_professional_network_profile_url": (
            job.network_id and f"https://www.linkedin.com/company/{job.network_id}"
        ),
        "seniority_level": job.seniority,
        "function_category": job.function,
        "start_date": job.start and (f"{job.start}T00:00:00" if as_list else job.start),
        "end_date": job.end and f"{job.end}T00:00:00+00:00",
        "description": job.description,
        "location": job.location,
        "is_default": job.is_default,
    }


def _education(profile: Profile) -> Element:
    schools = [
        {
            "school": school.name,
            "degree": school.degree,
            "field_of_study": school.subject,
            "start_year": school.start,
            "end_year": school.end,
            "professional_network_id": school.network_id,
            "institute_logo_permalink": (
                school.network_id and f"https://img.example.com/schools/{school.network_id}.png"
            ),
            "activities_and_societies": school.activities,
        }
        for school in profile.schools
    ]
    return {"schools": schools}


def _contact(profile: Profile) -> Element:
    return {
        "has_business_email": bool(profile.business_emails),
        "has_personal_email": bool(profile.personal_emails),
        "has_phone_number": bool(profile.phones),
        "business_emails": _emails(profile.business_emails),
        "personal_emails": _emails(profile.personal_emails),
        "phone_numbers": profile.phones,
    }


def _emails(addresses: Sequence[Address]) -> list[Element]:
    return [{"email": one.email, "status": one.status or "unverified"} for one in addresses]


def _certifications(profile: Profile) -> list[Element]:
    return [
        {"name": name, "issuer_organization": "Example Institute", "issued_date": profile.joined}
        for name in profile.certifications
    ]


def _honors(profile: Profile) -> list[Element]:
    return [
        {"title": title, "issuer": None, "issued_date": profile.joined} for title in profile.honors
    ]


def _dev_platform(profile: Profile) -> str | None:
    return profile.github and f"https://github.example/{profile.github}"


def _dev_platform_profiles(profile: Profile) -> list[Element]:
    return [{"profile_url": url} for url in [_dev_platform(profile)] if url]


SECTIONS: Mapping[str, Callable[[Profile], Any]] = {
    "basic_profile": _basic_profile,
    "social_handles": _social_handles,
    "professional_network": _professional_network,
    "experience": _experience,
    "education": _education,
    "skills": lambda profile: {"professional_network_skills": profile.skills},
    "contact": _contact,
    "certifications": _certifications,
    "honors": _honors,
    "dev_platform_profiles": _dev_platform_profiles,
    "metadata": lambda profile: {"updated_at": f"{profile.updated}T00:00:00"},
}
