"""Crustdata, the legacy API: ``GET /screener/person/enrich`` and ``GET /user/credits``.

Source: the page "People Enrichment API" of the 2024-11-01 documentation, called *the document*
below. Where it is silent:

- an element for somebody not found in a batch has the keys that public clients read (``error``,
  ``linkedin_profile_url``, ``last_tried_linkedin_enrichment_date``,
  ``did_last_linkedin_enrichment_succeed``); older pages say that "an empty response is returned
  for those entries", so some are left out altogether;
- the code stands beside the message as ``error_code``; PE04 comes as a 500, like PE02;
- balance and rate-limit headers as public clients read them (``{"credits": n}``,
  ``X-RateLimit-…``);
- the account may use what the document calls access controlled; a field it does not list is
  refused in the words of the company endpoint ("Unauthorized access to field(s): …").
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request

from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.identities import email_in, member_id, slug_in
from enrich_pandas.emulators.names import score
from enrich_pandas.emulators.people import FakeEmail, FakeJob, FakePerson, PersonCoverage
from enrich_pandas.emulators.protocol import RequestedIdentity
from enrich_pandas.emulators.vendor import EmulatedEndpoint, ParsedRequest, VendorAnswer

# -- A person as the legacy Crustdata API shows one: a flat object, by the data dictionary -------
# Where public clients have seen another type than the dictionary's (``skills`` and ``email`` as a
# list, company ids as a list, dates without an offset), it occurs here.

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


def document(profile: FakePerson, *, emails: bool) -> JsonObject:
    """Return all that the vendor has of a person, with each employer's addresses if wanted."""
    whole = {name: field(profile) for name, field in FIELDS.items()}
    if emails:
        _add_business_emails(whole, profile)
    return whole


def projected(whole: JsonObject, fields: Sequence[str]) -> JsonObject:
    """Return the fields and dotted paths asked for."""
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
    """Public addresses of the profile: nothing, a text or a list, as clients have seen."""
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


# -- Crustdata, the legacy API: ``GET /screener/person/enrich`` and ``GET /user/credits`` --------

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
    """What a request asks for, beside the people."""

    realtime: bool = False
    forced: bool = False
    fields: Sequence[str] = DEFAULT
    preview: bool = False

    @property
    def only_email(self) -> bool:
        """Whether nothing but the address is wanted."""
        return list(self.fields) == [EMAIL_FIELD]


class LegacyEndpoint(EmulatedEndpoint):
    """What the endpoints of the legacy API have in common."""

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
        """Return the headers of every answer: what is left."""
        return {
            "X-RateLimit-Limit": str(self.account.limit),
            "X-RateLimit-Remaining": str(self.account.remaining),
        }

    def read_one(
        self, text: str, reader: Callable[[str], str | None], refusal: str
    ) -> RequestedIdentity:
        """Read an identifier, or refuse the request for it."""
        if (identity := reader(text)) is None:
            raise self.refuse(refusal, text)
        return RequestedIdentity(identity, text)


class GetLegacyCredits(LegacyEndpoint):
    """``GET /user/credits``: the balance."""

    path, method, where = "/user/credits", "GET", "account"

    async def read(self, request: Request) -> ParsedRequest:
        """Read the request, or refuse it."""
        return ParsedRequest()

    def answer(self, order: ParsedRequest) -> VendorAnswer:
        """Answer, in the vendor's shape."""
        return VendorAnswer(body={"credits": self.account.balance})


class EnrichLegacyPeople(LegacyEndpoint):
    """``GET /screener/person/enrich``: up to 25 people by LinkedIn URL or by business e-mail."""

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
        """Read the request, or refuse it."""
        params = request.query_params
        realtime, preview, forced = (
            params.get(name, "false").lower() == "true"
            for name in ("enrich_realtime", "preview", "force_fetch")
        )
        if forced and not realtime:
            raise self.refuse("force_fetch")
        urls, emails = params.get("linkedin_profile_url"), params.get("business_email")
        return LegacyPeopleRequest(
            asked=self._asked(urls, emails),
            realtime=realtime,
            forced=forced,
            fields=_PREVIEW_FIELDS if preview else self._fields(params.get("fields")),
            preview=preview,
        )

    def _asked(self, urls: str | None, emails: str | None) -> list[RequestedIdentity]:
        if urls and emails:
            raise self.refuse("both")
        if not (urls or emails):
            raise self.refuse("neither")
        texts = [text.strip() for text in (urls or emails or "").split(",")]
        if len(texts) > BATCH:
            raise self.refuse("too_many")
        reader, refusal = (slug_in, "malformed") if urls else (email_in, "malformed_email")
        asked = [self.read_one(text, reader, refusal) for text in texts]
        return [one._replace(identity=self.world.people.person(one.identity)) for one in asked]

    def _fields(self, text: str | None) -> Sequence[str]:
        fields = [name.strip() for name in text.split(",")] if text else DEFAULT
        if unknown := [path for path in fields if not _is_known(path)]:
            raise self.refuse("field", ", ".join(unknown))
        return fields

    def answer(self, order: LegacyPeopleRequest) -> VendorAnswer:
        """Answer, in the vendor's shape."""
        found = [(asked, *self._find(asked, order)) for asked in order.asked]
        if len(found) == 1 and found[0][1]:
            return _nobody(found[0][0], found[0][1], order)
        elements, charges = [], []
        for asked, code, profile in found:
            if profile is None:
                elements += _missed(asked, code)
                continue
            element = _element(profile, asked, order)
            elements.append(element)
            charges.append((asked.identity, _price(element, order)))
        return VendorAnswer(body=elements, charges=charges)

    def _find(
        self, asked: RequestedIdentity, order: LegacyPeopleRequest
    ) -> tuple[str, FakePerson | None]:
        """Return the code of what went wrong, or the person."""
        fate, profile = self.world.people.find(asked.identity, self.vendor)
        if fate is PersonCoverage.QUEUED and (
            order.realtime or self._enriched_by_now(asked.identity)
        ):
            fate = PersonCoverage.FOUND
        if fate is PersonCoverage.FOUND:
            return "", profile
        if fate is PersonCoverage.UNREADABLE and order.realtime:
            return ("PE02" if order.forced else "PE04"), None
        if fate is PersonCoverage.QUEUED:
            return "PE03", None
        return "PE01", None

    def _enriched_by_now(self, identity: str) -> bool:
        """Whether 60 minutes passed since somebody first asked for the person."""
        now = self.account.clock()
        return now - self.world.queued.setdefault(identity, now) >= _QUEUE_SECONDS

    def alien(self) -> JsonObject:
        """Return the element of somebody not asked for."""
        asked = RequestedIdentity("somebody-else-0", "https://www.linkedin.com/in/somebody-else-0")
        return _element(self.world.people.profile(asked.identity), asked, LegacyPeopleRequest())

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person of an element."""
        return None if "error" in element else element


def _is_known(path: str) -> bool:
    name, dot, _ = path.partition(".")
    return name in (NESTED if dot else FIELDS)


def _named(asked: RequestedIdentity) -> str:
    """Return <people_identifier>: what follows /in/, or the address."""
    return asked.submitted.rstrip("/").rpartition("/")[2]


def _nobody(asked: RequestedIdentity, code: str, order: LegacyPeopleRequest) -> VendorAnswer:
    """Answer a request for one person who was not found."""
    if not order.realtime:
        code = "PE03"  # the only miss that the document has without enrich_realtime
    message = f"{_NOT_FOUND.format(_named(asked))} {_DETAILS[code]}"
    return VendorAnswer(body={"error": message, "error_code": code}, status=_STATUS[code])


def _missed(asked: RequestedIdentity, code: str) -> list[JsonObject]:
    """Return the element of somebody not found in a batch."""
    message = _NOT_FOUND.format(_named(asked))
    return [
        {
            "error": f"{message} {_DETAILS[code]}" if code == "PE03" else message,
            "linkedin_profile_url": asked.submitted,
            "last_tried_linkedin_enrichment_date": "2025-01-01T00:00:00+00:00",
            "did_last_linkedin_enrichment_succeed": False,
        }
    ]


def _price(element: JsonObject, order: LegacyPeopleRequest) -> float:
    if order.preview:
        return 0.0
    email = 2.0 if element.get(EMAIL_FIELD) else 0.0
    return email if order.only_email else email + (5.0 if order.realtime else 3.0)


def _element(
    profile: FakePerson, asked: RequestedIdentity, order: LegacyPeopleRequest
) -> JsonObject:
    whole = document(profile, emails=EMAIL_FIELD in order.fields)
    element = only_email(whole) if order.only_email else projected(whole, order.fields)
    element["enriched_realtime"] = order.realtime
    handle, at, _ = asked.identity.partition("@")
    if at:
        element["score"] = score(handle, profile.first, profile.last)
    else:
        element["query_linkedin_profile_urn_or_slug"] = [_named(asked)]
    return element
