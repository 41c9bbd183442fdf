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

from enrich_pandas.emulators.crustdata.legacy_person import (
    DEFAULT,
    EMAIL_FIELD,
    FIELDS,
    NESTED,
    document,
    only_email,
    projected,
)
from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.identities import email_in, slug_in
from enrich_pandas.emulators.names import score
from enrich_pandas.emulators.people import Fate
from enrich_pandas.emulators.profiles import Profile
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import Answer, Endpoint, Order

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


class Ask(Order, kw_only=True):
    """What a request asks for, beside the people."""

    realtime: bool = False
    forced: bool = False
    fields: Sequence[str] = DEFAULT
    preview: bool = False

    @property
    def only_email(self) -> bool:
        """Whether nothing but the address is wanted."""
        return list(self.fields) == [EMAIL_FIELD]


class Legacy(Endpoint):
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

    def read_one(self, text: str, reader: Callable[[str], str | None], refusal: str) -> Asked:
        """Read an identifier, or refuse the request for it."""
        if (identity := reader(text)) is None:
            raise self.refuse(refusal, text)
        return Asked(identity, text)


class Credits(Legacy):
    """``GET /user/credits``: the balance."""

    path, method, where = "/user/credits", "GET", "account"

    async def read(self, request: Request) -> Order:
        """Read the request, or refuse it."""
        return Order()

    def answer(self, order: Order) -> Answer:
        """Answer, in the vendor's shape."""
        return Answer(body={"credits": self.account.balance})


class Enrich(Legacy):
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

    async def read(self, request: Request) -> Ask:
        """Read the request, or refuse it."""
        params = request.query_params
        realtime, preview, forced = (
            params.get(name, "false").lower() == "true"
            for name in ("enrich_realtime", "preview", "force_fetch")
        )
        if forced and not realtime:
            raise self.refuse("force_fetch")
        urls, emails = params.get("linkedin_profile_url"), params.get("business_email")
        return Ask(
            asked=self._asked(urls, emails),
            realtime=realtime,
            forced=forced,
            fields=_PREVIEW_FIELDS if preview else self._fields(params.get("fields")),
            preview=preview,
        )

    def _asked(self, urls: str | None, emails: str | None) -> list[Asked]:
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

    def answer(self, order: Ask) -> Answer:
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
        return Answer(body=elements, charges=charges)

    def _find(self, asked: Asked, order: Ask) -> tuple[str, Profile | None]:
        """Return the code of what went wrong, or the person."""
        fate, profile = self.world.people.find(asked.identity, self.vendor)
        if fate is Fate.QUEUED and (order.realtime or self._enriched_by_now(asked.identity)):
            fate = Fate.FOUND
        if fate is Fate.FOUND:
            return "", profile
        if fate is Fate.UNREADABLE and order.realtime:
            return ("PE02" if order.forced else "PE04"), None
        if fate is Fate.QUEUED:
            return "PE03", None
        return "PE01", None

    def _enriched_by_now(self, identity: str) -> bool:
        """Whether 60 minutes passed since somebody first asked for the person."""
        now = self.account.clock()
        return now - self.world.queued.setdefault(identity, now) >= _QUEUE_SECONDS

    def alien(self) -> Element:
        """Return the element of somebody not asked for."""
        asked = Asked("somebody-else-0", "https://www.linkedin.com/in/somebody-else-0")
        return _element(self.world.people.profile(asked.identity), asked, Ask())

    def person_in(self, element: Element) -> Element | None:
        """Return the person of an element."""
        return None if "error" in element else element


def _is_known(path: str) -> bool:
    name, dot, _ = path.partition(".")
    return name in (NESTED if dot else FIELDS)


def _named(asked: Asked) -> str:
    """Return <people_identifier>: what follows /in/, or the address."""
    return asked.submitted.rstrip("/").rpartition("/")[2]


def _nobody(asked: Asked, code: str, order: Ask) -> Answer:
    """Answer a request for one person who was not found."""
    if not order.realtime:
        code = "PE03"  # the only miss that the document has without enrich_realtime
    message = f"{_NOT_FOUND.format(_named(asked))} {_DETAILS[code]}"
    return Answer(body={"error": message, "error_code": code}, status=_STATUS[code])


def _missed(asked: Asked, code: str) -> list[Element]:
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


def _price(element: Element, order: Ask) -> float:
    if order.preview:
        return 0.0
    email = 2.0 if element.get(EMAIL_FIELD) else 0.0
    return email if order.only_email else email + (5.0 if order.realtime else 3.0)


def _element(profile: Profile, asked: Asked, order: Ask) -> Element:
    whole = document(profile, emails=EMAIL_FIELD in order.fields)
    element = only_email(whole) if order.only_email else projected(whole, order.fields)
    element["enriched_realtime"] = order.realtime
    handle, at, _ = asked.identity.partition("@")
    if at:
        element["score"] = score(handle, profile.first, profile.last)
    else:
        element["query_linkedin_profile_urn_or_slug"] = [_named(asked)]
    return element
