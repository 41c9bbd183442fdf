"""Acme, a made-up vendor of people: ``POST /v1/people/lookup``, up to 50 queries a request.

It answers ``[{"query": …, "person": {…} or null}, …]`` in any order. A match costs 1 credit.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

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
from enrich_pandas.providers.binding import Reading, bind, person_keys
from enrich_pandas.providers.decoding import describe_mistyped, elements, read, text


class Found(msgspec.Struct):
    """A person, in the vendor's own names."""

    full_name: str | None = None
    job_title: str | None = None
    employer: str | None = None


class Element(msgspec.Struct):
    """The result for one query."""

    query: str | None = None
    person: Found | msgspec.UnsetType | None = msgspec.UNSET


class Acme(Provider):
    """People by e-mail address or LinkedIn URL, from Acme. The key is ``ACME_API_KEY``."""

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

    def price(self, kind: Kind, batch: Sequence[Identity]) -> float:
        """Return the maximum cost: one credit for each identity."""
        return float(len(batch))

    def auth(self, secrets: Mapping[str, Secret]) -> Mapping[str, Secret]:
        """Return the header that signs a request."""
        return {"X-Api-Key": secrets["api_key"]}

    def flow(self, kind: Kind, batch: Sequence[Identity]) -> Flow:
        """Request a batch in one request."""
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
    """Return one match for each identity, bound by the echoed query."""
    if response.status != 200:
        reason = f"http_{response.status}"
        return [Match(identity=one, status=Status.FAILED, reason=reason) for one in batch]
    parts = elements(response.body)
    absent = Reading(status=Status.HELD, reason="missing" if parts.are_complete else "answer_cut")
    return bind(batch, map(reading, parts.raw), absent)


def reading(raw: bytes) -> Reading:
    """Return the reading of an element."""
    element, mistyped = read(raw, Element)
    claims = [person_keys([element.query or ""])] if element else []
    if element is None or element.person is msgspec.UNSET or "person" in mistyped:
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
        status=Status.MATCHED,
        claims=claims,
        model=person,
        credits=1,
        note=describe_mistyped(mistyped),
    )
