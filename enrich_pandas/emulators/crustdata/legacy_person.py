"""A person as the legacy Crustdata API shows one: a flat object, by the data dictionary.

Where public clients have seen another type than the dictionary's (``skills`` and ``email`` as a
list, company ids as a list, dates without an offset), it occurs here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.identities import member_id
from enrich_pandas.emulators.profiles import Address, Job, Profile

EMAIL_FIELD = "business_email"
# "not available by default", or given only when named.
_OPT_IN = (
    "certifications",
    "honors",
    "linkedin_open_to_cards",
    "linkedin_joined_date",
    "linkedin_verifications",
    EMAIL_FIELD,
)
# Where a dotted path chooses among the keys of each item.
NESTED = (
    "current_employers",
    "past_employers",
    "education_background",
    "certifications",
    "honors",
)
_EMPLOYER_OF_AN_EMAIL = (
    "employer_name",
    "employer_linkedin_id",
    "employer_company_website_domain",
    "business_emails",
)


def document(profile: Profile, *, emails: bool) -> Element:
    """Return all that the vendor has of a person, with each employer's addresses if wanted."""
    whole = {name: field(profile) for name, field in FIELDS.items()}
    if emails:
        _add_business_emails(whole, profile)
    return whole


def projected(whole: Element, fields: Sequence[str]) -> Element:
    """Return the fields and dotted paths asked for."""
    part: Element = {}
    for path in sorted(fields, key=lambda path: "." in path):
        name, _, key = path.partition(".")
        if key:
            _add_key(part.setdefault(name, [{} for _ in whole[name]]), whole[name], key)
        elif name == "education_background":
            part[name] = [_without(school, "activities_and_societies") for school in whole[name]]
        else:
            part[name] = whole[name]
    return part


def _add_key(items: Sequence[Element], full: Sequence[Element], key: str) -> None:
    for item, source in zip(items, full, strict=True):
        if key in source:
            item[key] = source[key]


def _without(item: Element, left_out: str) -> Element:
    return {key: value for key, value in item.items() if key != left_out}


def only_email(whole: Element) -> Element:
    """Return what the document shows for ``fields=business_email``."""
    return {EMAIL_FIELD: whole[EMAIL_FIELD]} | {
        employers: [{key: job[key] for key in _EMPLOYER_OF_AN_EMAIL} for job in whole[employers]]
        for employers in ("current_employers", "past_employers")
    }


def _add_business_emails(whole: Element, profile: Profile) -> None:
    for position, job in enumerate([*whole["current_employers"], *whole["past_employers"]]):
        mine = (one for one in profile.business_emails if one.job == position)
        job["business_emails"] = {one.email: _verification(one) for one in mine}


def _verification(address: Address) -> Element:
    return {"verification_status": address.status, "last_validated_at": address.validated}


def _employer(job: Job, profile: Profile) -> Element:
    # Dates come with an offset and without, ids as a list.
    offset = "+00:00" if profile.id % 2 else ""
    return {
        "employer_name": job.company,
        "employer_linkedin_id": job.network_id,
        "employer_logo_url": None,
        "employer_linkedin_description": job.description,
        "employer_company_id": [job.company_id] if job.company_id else [],
        "employer_company_website_domain": [job.domain] if job.domain else [],
        "domains": [job.domain] * 2 if job.domain else [],
        "employee_position_id": job.position_id,
        "employee_title": job.title,
        "employee_description": job.description,
        "employee_location": job.location,
        "start_date": job.start and f"{job.start}T00:00:00{offset}",
        "end_date": job.end and f"{job.end}T00:00:00{offset}",
    } | ({"is_default": True} if job.is_default else {})


def _schools(profile: Profile) -> list[Element]:
    return [
        {
            "degree_name": school.degree,
            "institute_name": school.name,
            "institute_linkedin_id": school.network_id,
            "institute_linkedin_url": (
                school.network_id and f"https://www.linkedin.com/school/{school.network_id}"
            ),
            "institute_logo_url": None,
            "field_of_study": school.subject,
            "start_date": school.start and f"{school.start}-01-01T00:00:00",
            "end_date": school.end and f"{school.end}-01-01T00:00:00",
            "activities_and_societies": school.activities,
        }
        for school in profile.schools
    ]


def _all_jobs(profile: Profile) -> list[Job]:
    return [*profile.jobs, *profile.past_jobs]


def _email(profile: Profile) -> str | list[str] | None:
    """Public addresses of the profile: nothing, a text or a list, as clients have seen."""
    addresses = [one.email for one in profile.personal_emails]
    return addresses if len(addresses) > 1 else next(iter(addresses), None)


def _certifications(profile: Profile) -> list[Element]:
    return [
        {
            "name": name,
            "issued_date": profile.joined,
            "expiration_date": None,
            "url": "https://certificates.example.com/",
            "issuer_organization": "Example Institute",
            "issuer_organization_linkedin_id": "1234567",
            "certification_id": str(profile.id),
        }
        for name in profile.certifications
    ]


def _honors(profile: Profile) -> list[Element]:
    return [
        {
            "title": title,
            "issued_date": profile.joined,
            "description": None,
            "issuer": "Example Institute",
            "media_urls": [],
            "associated_organization_linkedin_id": None,
            "associated_organization": None,
        }
        for title in profile.honors
    ]


FIELDS: Mapping[str, Callable[[Profile], Any]] = {
    "linkedin_profile_url": lambda p: f"https://www.linkedin.com/in/{member_id(p.slug)}",
    "linkedin_flagship_url": lambda p: f"https://www.linkedin.com/in/{p.slug}",
    "name": lambda p: p.name,
    "location": lambda p: p.place,
    "email": _email,
    "title": lambda p: p.title,
    "last_updated": lambda p: p.updated and f"{p.updated}T12:27:08.315174+00:00",
    "headline": lambda p: p.headline,
    "summary": lambda p: p.summary,
    "num_of_connections": lambda p: p.connections,
    "skills": lambda p: p.skills,
    "profile_picture_url": lambda p: p.picture,
    "profile_picture_permalink": lambda p: p.picture,
    "twitter_handle": lambda p: p.twitter,
    "languages": lambda p: p.languages,
    "all_employers": lambda p: [job.company for job in _all_jobs(p)],
    "past_employers": lambda p: [_employer(job, p) for job in p.past_jobs],
    "current_employers": lambda p: [_employer(job, p) for job in p.jobs],
    "education_background": _schools,
    "all_employers_company_id": lambda p: [j.company_id for j in _all_jobs(p) if j.company_id],
    "all_titles": lambda p: [job.title for job in _all_jobs(p) if job.title],
    "all_schools": lambda p: [school.name for school in p.schools],
    "all_degrees": lambda p: [school.degree for school in p.schools if school.degree],
    "certifications": _certifications,
    "honors": _honors,
    "linkedin_open_to_cards": lambda p: p.open_to,
    "linkedin_joined_date": lambda p: p.joined,
    "linkedin_verifications": lambda p: p.verifications,
    EMAIL_FIELD: lambda p: [address.email for address in p.business_emails],
}
DEFAULT = tuple(name for name in FIELDS if name not in _OPT_IN)
