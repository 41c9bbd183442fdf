"""Crustdata's legacy API for people: ``GET /screener/person/enrich`` and ``GET /user/credits``.

Source: the page "People Enrichment API" of the 2024-11-01 documentation and its data dictionary,
called *the document* below. If public clients have seen another type than the dictionary's
(``skills`` and ``email`` as a list, company ids as a list, dates without an offset), it occurs too.
Not documented, so chosen:

- the element of a miss in a batch has the keys that public clients read (``error``,
  ``linkedin_profile_url``, ``last_tried_linkedin_enrichment_date``,
  ``did_last_linkedin_enrichment_succeed``);
- the code is beside the message as ``error_code``; PE04 has the status 500, as PE02 has;
- the balance and the rate-limit headers are those that public clients read (``{"credits": n}``,
  ``X-RateLimit-…``);
- the account may use the fields that the document calls access controlled; an unlisted field is
  refused in the words of the company endpoint ("Unauthorized access to field(s): …").
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.emulators.account import RequestedIdentity
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.identities import email_in, member_id, slug_in
from enrich_pandas.emulators.people import FakeEmail, FakeJob, FakePerson, PersonCoverage
from enrich_pandas.emulators.pools import score
from enrich_pandas.emulators.vendor import EmulatedEndpoint, ParsedRequest, VendorAnswer

# -- The person object: flat, by the data dictionary ---------------------------------------------

EMAIL_FIELD = "business_email"
# "not available by default", or returned only if the request names them.
_OPT_IN = (
    "certifications",
    "honors",
    "linkedin_open_to_cards",
    "linkedin_joined_date",
    "linkedin_verifications",
    EMAIL_FIELD,
)
# The lists in which a dotted path selects a key of each item.
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


def document(profile: FakePerson, *, emails: bool) -> JsonObject:
    """Return the whole person object, with each employer's e-mail addresses if ``emails``."""
    whole = {name: field(profile) for name, field in FIELDS.items()}
    if emails:
        _add_business_emails(whole, profile)
    return whole


def projected(whole: JsonObject, fields: Sequence[str]) -> JsonObject:
    """Return the requested fields and dotted paths."""
    part: JsonObject = {}
    for path in sorted(fields, key=lambda path: "." in path):
        name, _, key = path.partition(".")
        if key:
            _add_key(part.setdefault(name, [{} for _ in whole[name]]), whole[name], key)
        elif name == "education_background":
            part[name] = [_without(school, "activities_and_societies") for school in whole[name]]
        else:
            part[name] = whole[name]
    return part


def _add_key(items: Sequence[JsonObject], full: Sequence[JsonObject], key: str) -> None:
    for item, source in zip(items, full, strict=True):
        if key in source:
            item[key] = source[key]


def _without(item: JsonObject, left_out: str) -> JsonObject:
    return {key: value for key, value in item.items() if key != left_out}


def only_email(whole: JsonObject) -> JsonObject:
    """Return what the document shows for ``fields=business_email``."""
    return {EMAIL_FIELD: whole[EMAIL_FIELD]} | {
        employers: [{key: job[key] for key in _EMPLOYER_OF_AN_EMAIL} for job in whole[employers]]
        for employers in ("current_employers", "past_employers")
    }


def _add_business_emails(whole: JsonObject, profile: FakePerson) -> None:
    for position, job in enumerate([*whole["current_employers"], *whole["past_employers"]]):
        mine = (one for one in profile.business_emails if one.job == position)
        job["business_emails"] = {one.email: _verification(one) for one in mine}


def _verification(address: FakeEmail) -> JsonObject:
    return {"verification_status": address.status, "last_validated_at": address.validated}


def _employer(job: FakeJob, profile: FakePerson) -> JsonObject:
    # Dates have an offset or not; ids are a list.
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


def _schools(profile: FakePerson) -> list[JsonObject]:
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


def _all_jobs(profile: FakePerson) -> list[FakeJob]:
    return [*profile.jobs, *profile.past_jobs]


def _email(profile: FakePerson) -> str | list[str] | None:
    """Return the public e-mail addresses: None, a text or a list, as clients have seen."""
    addresses = [one.email for one in profile.personal_emails]
    return addresses if len(addresses) > 1 else next(iter(addresses), None)


def _certifications(profile: FakePerson) -> list[JsonObject]:
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


def _honors(profile: FakePerson) -> list[JsonObject]:
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


FIELDS: Mapping[str, Callable[[FakePerson], Any]] = {
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


# -- The endpoints -------------------------------------------------------------------------------

BATCH = 25
_QUEUE_SECONDS = 60 * 60
_PREVIEW_FIELDS = ("name", "headline", "location", "linkedin_flagship_url", "profile_picture_url")
_NOT_FOUND = "No data found for the LinkedIn profile: {}."
_DETAILS = {
    "PE01": "This LinkedIn profile is not available",
    "PE02": "Internal system error while processing profile. Please try again later.",
    "PE03": "Data will be enriched shortly.",
    "PE04": "Unable to process LinkedIn profile data",
}
_STATUS = {"PE01": 404, "PE02": 500, "PE03": 404, "PE04": 500}


class LegacyPeopleRequest(ParsedRequest, kw_only=True):
    """The options of a request for people."""

    realtime: bool = False
    forced: bool = False
    fields: Sequence[str] = DEFAULT
    preview: bool = False

    @property
    def only_email(self) -> bool:
        """Whether the request asks for e-mail addresses only."""
        return list(self.fields) == [EMAIL_FIELD]


class LegacyEndpoint(EmulatedEndpoint):
    """Base class of the endpoints of the legacy API."""

    vendor = "crustdata"
    scheme = "Token"
    refusals: ClassVar[Mapping[str, tuple[int, str]]] = {
        "unauthorized": (401, "Invalid token."),
        "neither": (400, "You must provide either a LinkedIn profile URL or a business email."),
        "both": (
            400,
            "Do not include both linkedin_profile_url and business_email in the same request.",
        ),
        "too_many": (400, "You can only enrich up to 25 LinkedIn profiles at a time."),
        "force_fetch": (400, "force_fetch can only be used with enrich_realtime."),
        "malformed": (400, "Field 'linkedin_profile_url': Invalid LinkedIn URL format: {}"),
        "malformed_email": (400, "Field 'business_email': Invalid email format: {}"),
        "field": (400, "Unauthorized access to field(s): {}"),
        "rate_limited": (429, "Too many requests."),
        "out_of_credits": (402, "Insufficient credits."),
        "server_error": (500, "Internal server error."),
    }

    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal."""
        return {"error": message}

    def headers(self, spent: float) -> dict[str, str]:
        """Return the headers of every answer: the rate limit."""
        return {
            "X-RateLimit-Limit": str(self.account.limit),
            "X-RateLimit-Remaining": str(self.account.remaining),
        }

    def read_one(
        self, text: str, reader: Callable[[str], str | None], refusal: str
    ) -> RequestedIdentity:
        """Parse an identifier, or refuse the request."""
        if (identity := reader(text)) is None:
            raise self.refuse(refusal, text)
        return RequestedIdentity(identity, text)


class GetLegacyCredits(LegacyEndpoint):
    """``GET /user/credits``: the balance."""

    path, method, where = "/user/credits", "GET", "account"

    async def read(self, request: Request) -> ParsedRequest:
        """Parse the request, or refuse it."""
        return ParsedRequest()

    def answer(self, parsed: ParsedRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        return VendorAnswer(body={"credits": self.account.balance})


class EnrichLegacyPeople(LegacyEndpoint):
    """``GET /screener/person/enrich``: up to 25 people by LinkedIn URL or business e-mail."""

    path, method, where = "/screener/person/enrich", "GET", "submit"
    name_path = "name"
    drifts: ClassVar[Mapping[str, Any]] = {
        "headline": ["a", "list"],
        "num_of_connections": "500+",
        "skills": "Python, SQL",
        "languages": "English",
        "education_background": "none",
    }

    async def read(self, request: Request) -> LegacyPeopleRequest:
        """Parse the request, or refuse it."""
        params = request.query_params
        realtime, preview, forced = (
            params.get(name, "false").lower() == "true"
            for name in ("enrich_realtime", "preview", "force_fetch")
        )
        if forced and not realtime:
            raise self.refuse("force_fetch")
        urls, emails = params.get("linkedin_profile_url"), params.get("business_email")
        return LegacyPeopleRequest(
            requested=self._requested(urls, emails),
            realtime=realtime,
            forced=forced,
            fields=_PREVIEW_FIELDS if preview else self._fields(params.get("fields")),
            preview=preview,
        )

    def _requested(self, urls: str | None, emails: str | None) -> list[RequestedIdentity]:
        if urls and emails:
            raise self.refuse("both")
        if not (urls or emails):
            raise self.refuse("neither")
        texts = [text.strip() for text in (urls or emails or "").split(",")]
        if len(texts) > BATCH:
            raise self.refuse("too_many")
        reader, refusal = (slug_in, "malformed") if urls else (email_in, "malformed_email")
        requested = [self.read_one(text, reader, refusal) for text in texts]
        return [one._replace(identity=self.world.people.person(one.identity)) for one in requested]

    def _fields(self, text: str | None) -> Sequence[str]:
        fields = [name.strip() for name in text.split(",")] if text else DEFAULT
        if unknown := [path for path in fields if not _is_known(path)]:
            raise self.refuse("field", ", ".join(unknown))
        return fields

    def answer(self, parsed: LegacyPeopleRequest) -> VendorAnswer:
        """Return the answer in the vendor's shape."""
        found = [(requested, *self._find(requested, parsed)) for requested in parsed.requested]
        if len(found) == 1 and found[0][1]:
            return _single_miss(found[0][0], found[0][1], parsed)
        elements, charges = [], []
        for requested, code, profile in found:
            if profile is None:
                elements.append(_batch_miss(requested, code))
                continue
            element = _element(profile, requested, parsed)
            elements.append(element)
            charges.append((requested.identity, _price(element, parsed)))
        return VendorAnswer(body=elements, charges=charges)

    def _find(
        self, requested: RequestedIdentity, parsed: LegacyPeopleRequest
    ) -> tuple[str, FakePerson | None]:
        """Return the vendor's error code, or an empty text and the person."""
        coverage, profile = self.world.people.find(requested.identity, self.vendor)
        if coverage is PersonCoverage.QUEUED and (
            parsed.realtime or self._enriched_by_now(requested.identity)
        ):
            coverage = PersonCoverage.FOUND
        if coverage is PersonCoverage.FOUND:
            return "", profile
        if coverage is PersonCoverage.UNREADABLE and parsed.realtime:
            return ("PE02" if parsed.forced else "PE04"), None
        if coverage is PersonCoverage.QUEUED:
            return "PE03", None
        return "PE01", None

    def _enriched_by_now(self, identity: str) -> bool:
        """Return whether 60 minutes have passed since the first request for the person."""
        now = self.account.clock()
        return now - self.world.queued.setdefault(identity, now) >= _QUEUE_SECONDS

    def alien(self) -> JsonObject:
        """Return the element of a person who was not requested."""
        requested = RequestedIdentity(
            "another-person-0", "https://www.linkedin.com/in/another-person-0"
        )
        return _element(
            self.world.people.profile(requested.identity), requested, LegacyPeopleRequest()
        )

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person of an element."""
        return None if "error" in element else element


def _is_known(path: str) -> bool:
    name, dot, _ = path.partition(".")
    return name in (NESTED if dot else FIELDS)


def _named(requested: RequestedIdentity) -> str:
    """Return <people_identifier>: the slug after /in/, or the e-mail address."""
    return requested.submitted.rstrip("/").rpartition("/")[2]


def _single_miss(
    requested: RequestedIdentity, code: str, parsed: LegacyPeopleRequest
) -> VendorAnswer:
    """Return the answer to a request for one person without a match."""
    if not parsed.realtime:
        code = "PE03"  # without enrich_realtime, the document has no other code
    message = f"{_NOT_FOUND.format(_named(requested))} {_DETAILS[code]}"
    return VendorAnswer(body={"error": message, "error_code": code}, status=_STATUS[code])


def _batch_miss(requested: RequestedIdentity, code: str) -> JsonObject:
    """Return the element of a miss in a batch."""
    message = _NOT_FOUND.format(_named(requested))
    return {
        "error": f"{message} {_DETAILS[code]}" if code == "PE03" else message,
        "linkedin_profile_url": requested.submitted,
        "last_tried_linkedin_enrichment_date": "2025-01-01T00:00:00+00:00",
        "did_last_linkedin_enrichment_succeed": False,
    }


def _price(element: JsonObject, parsed: LegacyPeopleRequest) -> float:
    if parsed.preview:
        return 0.0
    email = 2.0 if element.get(EMAIL_FIELD) else 0.0
    return email if parsed.only_email else email + (5.0 if parsed.realtime else 3.0)


def _element(
    profile: FakePerson, requested: RequestedIdentity, parsed: LegacyPeopleRequest
) -> JsonObject:
    whole = document(profile, emails=EMAIL_FIELD in parsed.fields)
    element = only_email(whole) if parsed.only_email else projected(whole, parsed.fields)
    element["enriched_realtime"] = parsed.realtime
    handle, at, _ = requested.identity.partition("@")
    if at:
        element["score"] = score(handle, profile.first, profile.last)
    else:
        element["query_linkedin_profile_urn_or_slug"] = [_named(requested)]
    return element
