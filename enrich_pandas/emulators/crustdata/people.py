"""Crustdata's current API for people: ``POST /person/enrich`` and ``GET /account/credits``.

Sources: docs.crustdata.com, read 2026-11:

- ``/person-docs/enrichment/reference``: parameters, exactly one identifier type, at most 25; the
  envelope; "when omitted, only basic_profile and social_handles are returned";
  ``min_similarity_score`` is a "minimum confidence threshold for email reverse lookup matches";
  ``matches`` is empty for no match; ``confidence_score`` 1.0 for an exact match.
- ``/person-docs/enrichment/introduction``: base profile 1 credit, +2 personal e-mail, +2 phone,
  +1 business e-mail, +1 developer platform data, at most 7.
- ``/openapi-specs/2025-11-01/best-practices``: the rate-limit headers on every response, the
  sliding window, the 402 body.
- ``/migrations/person/person-enrich``: Bearer key; ``x-api-version`` required; the indexed
  dataset only, so ``enrich_realtime`` and ``force_fetch`` change nothing.
- ``crustdata/skills``, ``crustdata-traps.md``: ``matched_on`` is the input exactly as sent; "one
  malformed url (a query string, a bare ACoAA id without the /in/ url) fails all 25 with a 400";
  ``match_status`` "redacted" is a person who opted out; ``crustdata_company_id`` can be 0.
- Shapes: the reference and what public clients decode. If clients have seen a field as a text and
  as a list, or a date with and without a time, both occur.

Not documented, so chosen: the words of the 400, 401 and 429; a surcharge applies only if the data
is in the answer; ``preview`` is free and returns the default sections; an unknown body key or
section is refused.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import msgspec
from starlette.requests import Request

from enrich_pandas.emulators.account import RequestedIdentity
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.identities import email_in, slug_in
from enrich_pandas.emulators.people import FakeEmail, FakeJob, FakePerson, PersonCoverage
from enrich_pandas.emulators.pools import score
from enrich_pandas.emulators.vendor import EmulatedEndpoint, ParsedRequest, VendorAnswer

# -- The person object ---------------------------------------------------------------------------


def document(profile: FakePerson) -> JsonObject:
    """Return the whole person object, section by section."""
    return {"crustdata_person_id": profile.id} | {
        name: section(profile) for name, section in SECTIONS.items()
    }


def projected(
    whole: JsonObject, fields: Sequence[str], key: str = "crustdata_person_id"
) -> JsonObject:
    """Return the id, and the sections and dotted paths in ``fields``."""
    part: JsonObject = {key: whole[key]}
    for path in fields:
        _copy(whole, part, path.split("."))
    return part


def _copy(whole: JsonObject, part: JsonObject, path: Sequence[str]) -> None:
    name, *rest = path
    if name not in whole:
        return
    if rest and isinstance(whole[name], dict):
        _copy(whole[name], part.setdefault(name, {}), rest)
    else:
        part[name] = whole[name]


def _basic_profile(profile: FakePerson) -> JsonObject:
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


def _social_handles(profile: FakePerson) -> JsonObject:
    return {
        "professional_network_identifier": {
            "profile_url": f"https://www.linkedin.com/in/{profile.slug}",
            "slug": profile.slug,
        },
        "twitter_identifier": {"slug": profile.twitter},
        "dev_platform_identifier": {"profile_url": _dev_platform(profile)},
    }


def _professional_network(profile: FakePerson) -> JsonObject:
    return {
        "connections": profile.connections,
        "followers": profile.followers,
        "joined_date": profile.joined,
        "verifications": profile.verifications,
        "open_to_cards": profile.open_to,
        "profile_picture_permalink": profile.picture,
    }


def _experience(profile: FakePerson) -> JsonObject:
    current, past = ([_job(job) for job in jobs] for jobs in (profile.jobs, profile.past_jobs))
    return {"employment_details": {"current": current, "past": past}}


def _job(job: FakeJob) -> JsonObject:
    # The domain is a text or a list; dates have a time or not.
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


def _education(profile: FakePerson) -> JsonObject:
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


def _contact(profile: FakePerson) -> JsonObject:
    return {
        "has_business_email": bool(profile.business_emails),
        "has_personal_email": bool(profile.personal_emails),
        "has_phone_number": bool(profile.phones),
        "business_emails": _emails(profile.business_emails),
        "personal_emails": _emails(profile.personal_emails),
        "phone_numbers": profile.phones,
    }


def _emails(addresses: Sequence[FakeEmail]) -> list[JsonObject]:
    return [{"email": one.email, "status": one.status or "unverified"} for one in addresses]


def _certifications(profile: FakePerson) -> list[JsonObject]:
    return [
        {"name": name, "issuer_organization": "Example Institute", "issued_date": profile.joined}
        for name in profile.certifications
    ]


def _honors(profile: FakePerson) -> list[JsonObject]:
    return [
        {"title": title, "issuer": None, "issued_date": profile.joined} for title in profile.honors
    ]


def _dev_platform(profile: FakePerson) -> str | None:
    return profile.github and f"https://github.example/{profile.github}"


def _dev_platform_profiles(profile: FakePerson) -> list[JsonObject]:
    return [{"profile_url": url} for url in [_dev_platform(profile)] if url]


SECTIONS: Mapping[str, Callable[[FakePerson], Any]] = {
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


# -- The endpoints -------------------------------------------------------------------------------

T = TypeVar("T", bound=msgspec.Struct)

BATCH = 25
_VERSION = "2025-11-01"
_DEFAULT_FIELDS = ("basic_profile", "social_handles")


class _PeopleBody(msgspec.Struct, forbid_unknown_fields=True):
    professional_network_profile_urls: list[str] | None = None
    business_emails: list[str] | None = None
    fields: list[str] | None = None
    min_similarity_score: float | None = None
    preview: bool = False
    force_fetch: bool = False
    enrich_realtime: bool = False


_body = msgspec.json.Decoder(_PeopleBody)  # module level: msgspec crashes if two threads create it


class _PeopleRequest(ParsedRequest, kw_only=True):
    match_type: str
    fields: Sequence[str]
    least: float
    preview: bool


class CurrentEndpoint(EmulatedEndpoint):
    """Base class of the endpoints of the current API."""

    vendor = "crustdata"
    scheme = "Bearer"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (401, "Invalid API key in request."),
        "version": (400, "The x-api-version header is required: 2025-11-01."),
        "invalid": (400, "{}"),
        "malformed": (
            400,
            "Field 'professional_network_profile_urls': Invalid profile URL format: {}",
        ),
        "malformed_email": (400, "Field 'business_emails': Invalid email format: {}"),
        "rate_limited": (429, "Rate limit exceeded. Retry after x-ratelimit-reset seconds."),
        "out_of_credits": (402, "Insufficient credits to complete this request."),
        "server_error": (500, "Internal server error."),
    }
    types: ClassVar[Mapping[int, str]] = {
        400: "invalid_request",
        401: "unauthorized",
        402: "insufficient_credits",
        404: "not_found",
        429: "rate_limit_exceeded",
        500: "internal_error",
    }

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        kind_of_error = self.types[self.refusals[kind][0]]
        return {"error": {"type": kind_of_error, "message": message, "metadata": {}}}

    def headers(self, spent: float) -> dict[str, str]:
        """Return the headers of every answer: the rate limit, and the credits of this answer."""
        return {
            "x-ratelimit-limit": str(self.account.limit),
            "x-ratelimit-remaining": str(self.account.remaining),
            "x-ratelimit-reset": str(self.account.reset),
            "x-credits-used": f"{spent:g}",
        }

    async def decoded(self, request: Request, decoder: msgspec.json.Decoder[T]) -> T:
        """Decode the body of a request, or refuse it. The version header is required."""
        if request.headers.get("x-api-version") != _VERSION:
            raise self.refuse("version")
        try:
            return decoder.decode(await request.body())
        except msgspec.DecodeError as error:
            raise self.refuse("invalid", str(error)) from error

    def read_all(
        self, texts: list[str], reader: Callable[[str], str | None], refusal: str
    ) -> list[tuple[str, str]]:
        """Return the identity of each text, with the text. Refuse all if one is malformed."""
        pairs = [(reader(text), text) for text in texts]
        for identity, text in pairs:
            if identity is None:
                raise self.refuse(refusal, text)
        return [(identity, text) for identity, text in pairs if identity]

    def sections(self, fields: list[str] | None, known: Collection[str]) -> Sequence[str]:
        """Return the requested sections and dotted paths, or refuse unknown ones."""
        if unknown := [f for f in fields or () if f.partition(".")[0] not in known]:
            raise self.refuse("invalid", f"Unknown fields: {', '.join(unknown)}.")
        return fields or ()


class GetCredits(CurrentEndpoint):
    """``GET /account/credits``: the balance."""

    path, method, where = "/account/credits", "GET", "account"

    async def read(self, request: Request) -> ParsedRequest:
        """Parse the request, or refuse it."""
        return ParsedRequest()

    def answer(self, parsed: ParsedRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        return VendorAnswer(body={"credits": self.account.balance})


class EnrichPeople(CurrentEndpoint):
    """``POST /person/enrich``: up to 25 people by profile URL or business e-mail."""

    path, method, where = "/person/enrich", "POST", "submit"
    name_path = "basic_profile.name"
    drifts: ClassVar[Mapping[str, Any]] = {
        "basic_profile.headline": ["a", "list"],
        "basic_profile.languages": "English",
        "professional_network.connections": "500+",
        "skills.professional_network_skills": {"0": "Python"},
        "education.schools": "none",
    }

    async def read(self, request: Request) -> _PeopleRequest:
        """Parse the request, or refuse it."""
        body = await self.decoded(request, _body)
        return _PeopleRequest(
            requested=self._requested(body),
            match_type="business_email"
            if body.business_emails
            else "professional_network_profile_url",
            fields=_DEFAULT_FIELDS
            if body.preview
            else self.sections(body.fields, SECTIONS) or _DEFAULT_FIELDS,
            least=body.min_similarity_score or 0.0,
            preview=body.preview,
        )

    def _requested(self, body: _PeopleBody) -> list[RequestedIdentity]:
        urls, emails = body.professional_network_profile_urls or [], body.business_emails or []
        if bool(urls) == bool(emails):
            raise self.refuse("invalid", "Submit exactly one identifier type.")
        if len(urls) + len(emails) > BATCH:
            raise self.refuse("invalid", f"Submit at most {BATCH} identifiers.")
        slugs = self.read_all(urls, slug_in, "malformed")
        return [
            *(RequestedIdentity(self.world.people.person(slug), url) for slug, url in slugs),
            *(
                RequestedIdentity(*pair)
                for pair in self.read_all(emails, email_in, "malformed_email")
            ),
        ]

    def answer(self, parsed: _PeopleRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        elements, charges = [], []
        for requested in parsed.requested:
            element, credits_ = self._element(requested, parsed)
            elements.append(element)
            charges.append((requested.identity, credits_))
        return VendorAnswer(body=elements, charges=charges)

    def _element(
        self, requested: RequestedIdentity, parsed: _PeopleRequest
    ) -> tuple[JsonObject, float]:
        element: JsonObject = {"matched_on": requested.submitted, "match_type": parsed.match_type}
        coverage, profile = self.world.people.find(requested.identity, self.vendor)
        if coverage is PersonCoverage.REDACTED:
            return {**element, "match_status": "redacted", "matches": []}, 0.0
        confidence = _confidence(requested.identity, profile) if profile else 0.0
        if coverage is not PersonCoverage.FOUND or profile is None or confidence < parsed.least:
            return {**element, "matches": []}, 0.0
        person = projected(document(profile), parsed.fields)
        match = {"confidence_score": confidence, "person_data": person}
        return {**element, "matches": [match]}, 0.0 if parsed.preview else _price(person)

    def alien(self) -> JsonObject:
        """Return the element of a person who was not requested."""
        requested = RequestedIdentity(
            "another-person-0", "https://www.linkedin.com/in/another-person-0"
        )
        profile = self.world.people.profile(requested.identity)
        person = projected(document(profile), _DEFAULT_FIELDS)
        return {
            "matched_on": requested.submitted,
            "match_type": "professional_network_profile_url",
            "matches": [{"confidence_score": 1.0, "person_data": person}],
        }

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person of an element."""
        matches = element["matches"]
        return matches[0]["person_data"] if matches else None


def _confidence(identity: str, profile: FakePerson) -> float:
    handle, at, _ = identity.partition("@")
    return score(handle, profile.first, profile.last) if at else 1.0


def _price(person: JsonObject) -> float:
    contact = person.get("contact", {})
    return (
        1.0
        + 2.0 * bool(contact.get("personal_emails"))
        + 2.0 * bool(contact.get("phone_numbers"))
        + 1.0 * bool(contact.get("business_emails"))
        + 1.0 * bool(person.get("dev_platform_profiles"))
    )
