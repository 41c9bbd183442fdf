"""Acme, a made-up vendor of people: ``POST /v1/people/lookup``, up to 50 queries a request.

Answers ``[{"query": …, "person": {…} or null}, …]``, in any order; a person is 1 credit.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import msgspec

from enrich_pandas.models import Person
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Kind,
    Match,
    Provider,
    RateLimit,
    Request,
    Response,
    Secret,
    Status,
    held,
)
from enrich_pandas.providers.binding import Reading, bind, keys
from enrich_pandas.providers.decoding import elements, odd_note, read, text


class Found(msgspec.Struct):
    """A person, in the vendor's own names."""

    full_name: str | None = None
    job_title: str | None = None
    employer: str | None = None


class Element(msgspec.Struct):
    """What is said about one address."""

    query: str | None = None
    person: Found | msgspec.UnsetType | None = msgspec.UNSET


class Acme(Provider):
    """People by e-mail or LinkedIn address, from Acme; the key is that of ``ACME_API_KEY``."""

    name: ClassVar[str] = "acme"
    kinds: ClassVar[tuple[Kind, ...]] = ("people",)
    identifiers: ClassVar[Mapping[Kind, tuple[str, ...]]] = {"people": ("email", "linkedin_url")}
    origin: ClassVar[str] = "https://api.acme.example"
    credentials: ClassVar[Mapping[str, str]] = {"api_key": "ACME_API_KEY"}
    docs_url: ClassVar[str] = "https://docs.acme.example"
    keys_url: ClassVar[str] = "https://app.acme.example/keys"
    batch_size: ClassVar[int] = 50
    version = "v1"
    rate_limit = RateLimit(60, 60)

    def __init__(self, *, api_key: str | Secret | None = None) -> None:
        self.api_key = None if api_key is None else Secret(api_key)

    def billed_options(self, kind: Kind) -> Mapping[str, Any]:
        """Return nothing: there are no options."""
        return {}

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return a credit for everybody: the most that a batch can cost."""
        return float(len(batch))

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request."""
        return {"X-Api-Key": secrets["api_key"]}

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Ask about a batch in one request."""
        response = yield Request(
            method="POST",
            path="/v1/people/lookup",
            json={"queries": [value for identity in batch for _, value in identity.keys]},
            billed=True,
            credits=self.price(kind, batch),
            identities=tuple(batch),
        )
        if response.lost:
            return held(batch)
        return matched(batch, response)


def matched(batch: Sequence[Identity], response: Response) -> list[Match]:
    """Bind an answer by what it echoes."""
    if response.status != 200:
        reason = f"http_{response.status}"
        return [Match(identity=one, status=Status.FAILED, reason=reason) for one in batch]
    parts = elements(response.body)
    absent = Reading(status=Status.HELD, reason="missing" if parts.are_whole else "answer_cut")
    return bind(batch, map(reading, parts.raw), absent)


def reading(raw: bytes) -> Reading:
    """Return what an element says, and about whom."""
    element, odd = read(raw, Element)
    claims = [keys([element.query or ""])] if element else []
    if element is None or element.person is msgspec.UNSET or "person" in odd:
        return Reading(status=Status.HELD, reason="unreadable", claims=claims)
    if element.person is None:
        return Reading(status=Status.NOT_FOUND, reason="no_match", claims=claims)
    found = element.person
    person = Person(
        name=text(found.full_name),
        title=text(found.job_title),
        company=text(found.employer),
    )
    return Reading(
        status=Status.MATCHED, claims=claims, model=person, credits=1, note=odd_note(odd)
    )
