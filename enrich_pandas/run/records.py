"""How answers are written into the journal and read back."""

import sqlite3
import zlib
from typing import Any, NamedTuple

import msgspec

from enrich_pandas.models import Company, Person
from enrich_pandas.providers.base import Identity, Kind, Match, Outcome, Response, Status


class Answer(NamedTuple):
    """What is known of an identity: a match, when it was fetched and by which provider."""

    match: Match
    fetched: float
    provider: str
    not_before: float | None = None


class Batch(NamedTuple):
    """A claim on some identities, with the answers already recorded for it, by step."""

    id: int
    identities: list[Identity]
    recorded: dict[int, Response]


class Claim(NamedTuple):
    """What came of a claim: a batch, what another batch has, and what the budget forbids."""

    batch: Batch | None
    elsewhere: list[Identity]
    unaffordable: list[Identity]


class Holder(NamedTuple):
    """Who has claimed an identity, and what is at stake.

    ``at_risk`` is the most that the requests of the batch may have cost so far, ``left`` the most
    that others of it still may.
    """

    batch: int
    lease: str
    is_alive: bool
    at_risk: float
    left: float

    @property
    def is_idle(self) -> bool:
        """Whether the owner died before anything can have been charged."""
        return not self.is_alive and not self.at_risk


def pack(value: Any) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(value)


# What reading a row of a damaged file can end in: its bytes, or even the names of its columns, are
# no longer what was written.
UNREADABLE = (zlib.error, msgspec.MsgspecError, ValueError, LookupError, TypeError)


def unpack(value: bytes) -> Any:
    """Decode JSON."""
    return msgspec.json.decode(value)


def read_identity(value: list[list[str]]) -> Identity:
    """Read back an identity."""
    return Identity(tuple((name, key) for name, key in value))


def read_response(row: sqlite3.Row) -> Response:
    """Read back an answer; one that never came is unknown: it may have been charged."""
    if row["outcome"] is None:
        outcome = Outcome.UNKNOWN if row["billed"] else Outcome.NOT_SENT
        return Response(outcome=outcome, sent=row["sent"])
    return Response(
        status=row["status"],
        headers=unpack(row["headers"]),
        body=zlib.decompress(row["body"]),
        outcome=Outcome(row["outcome"]),
        sent=row["sent"],
    )


def response_row(response: Response) -> tuple[Any, ...]:
    """Make the columns that store an answer as it came."""
    headers, body = pack(dict(response.headers)), zlib.compress(response.body, 1)
    return response.outcome, response.status, headers, body


def result_row(key: bytes, answer: Answer, kind: Kind, batch: int) -> tuple[Any, ...]:
    """Make the row that stores an answer, in the order of the table's columns."""
    match = answer.match
    model = None if match.model is None else zlib.compress(msgspec.json.encode(match.model), 1)
    return (
        key,
        answer.provider,
        kind,
        pack(match.identity.keys),
        match.status,
        match.reason,
        match.note,
        model,
        match.credits,
        batch,
        answer.fetched,
        answer.not_before,
    )


def fresh(match: Match, now: float, provider: str) -> Answer:
    """Make the answer that has just been read."""
    return Answer(match, now, provider, None if match.retry_in is None else now + match.retry_in)


_decoders: dict[str, Any] = {
    "people": msgspec.json.Decoder(Person),
    "companies": msgspec.json.Decoder(Company),
}


def read_answer(row: sqlite3.Row) -> Answer:
    """Read back a stored answer."""
    model = (
        None
        if row["model"] is None
        else _decoders[row["kind"]].decode(zlib.decompress(row["model"]))
    )
    match = Match(
        identity=read_identity(unpack(row["identity"])),
        status=Status(row["status"]),
        model=model,
        reason=row["reason"],
        credits=row["credits"],
        note=row["note"],
    )
    return Answer(match, row["fetched"], row["provider"], row["not_before"])
