"""How answers are written into the journal and read back."""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from enrich_pandas.journal.database import insert, select_in
from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import (
    Identity,
    Kind,
    Match,
    Outcome,
    Provider,
    Request,
    Response,
    Status,
)
from enrich_pandas.providers.decoding import decoder_of


class Answer(NamedTuple):
    """What is known of an identity: a match, when it was fetched and by which provider.

    ``kept`` is what stands for the match's model where that was taken out, to be shown later.
    ``asked`` tells of a hit when it was asked for once more, and something worse came, and
    ``worse`` the status of that.
    """

    match: Match
    fetched: float
    provider: str
    not_before: float | None = None
    model_ref: Any = None
    requested_again: float | None = None
    later_status: str | None = None

    @property
    def as_of(self) -> float:
        """As of when nothing better is known."""
        return self.requested_again or self.fetched


HITS = "SELECT fingerprint FROM results WHERE fingerprint IN ({}) AND status = ?"
STORE = "INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
OUTCOMES = (
    "SELECT fingerprint, provider, status, reason, note, credits, fetched, not_before, asked, "
    "worse, model IS NOT NULL AS has_model FROM results WHERE fingerprint IN ({})"
)
STORED_MODEL = object()  # what is kept of a model that is still in the journal


class Batch(NamedTuple):
    """A claim on some identities, with the answers already recorded for it, by step."""

    id: int
    identities: list[Identity]
    recorded: dict[int, Response]


class RunInput(NamedTuple):
    """How a run began: what makes its provider again, and whom it was about.

    Both are None where the run began with a version that did not keep them; ``asked`` also where
    it is older than answers are kept.
    """

    call: bytes | None
    asked: list[Identity] | None


class AnsweredBatch(NamedTuple):
    """A batch with its raw answers, and when the last of them arrived.

    ``asked`` is the method and path of each step's request, and ``is_open`` tells that it has not
    landed: a job that is at work, or a flow that was cut short.
    """

    batch: Batch
    scope: bytes
    answered: float
    asked: dict[int, tuple[str, str]]
    is_open: bool


class Change(NamedTuple):
    """What another reading of the raw answers says of an identity; None for nothing."""

    key: bytes
    identity: Identity
    before: Answer | None
    after: Answer | None


class Claim(NamedTuple):
    """What came of a claim: a batch, what another batch has, and what the budget forbids."""

    batch: Batch | None
    elsewhere: list[Identity]
    unaffordable: list[Identity]


class ClaimHolder(NamedTuple):
    """Who has claimed an identity, and what is at stake.

    ``at_risk`` is the most that the requests of the batch may have cost so far, None where nothing
    can have been charged; ``left`` is the most that others of it still may; ``sent`` is when the
    last one was.
    """

    batch: int
    lease: str
    is_alive: bool
    at_risk: float | None
    left: float
    sent: float | None

    @property
    def is_idle(self) -> bool:
        """Whether the owner died before anything can have been charged."""
        return not self.is_alive and self.at_risk is None


def pack(value: Any) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(value)


# What reading a row of a damaged file can end in: its bytes, or even the names of its columns, are
# no longer what was written.
UNREADABLE = (zlib.error, msgspec.MsgspecError, ValueError, LookupError, TypeError)


def unpack(value: bytes) -> Any:
    """Decode JSON."""
    return msgspec.json.decode(value)


def fingerprint(scope: bytes, identity: Identity) -> bytes:
    """Return an identity's name in the journal."""
    return hashlib.sha256(scope + pack(identity.keys)).digest()


def read_identity(value: list[list[str]]) -> Identity:
    """Read back an identity."""
    return Identity(tuple((name, key) for name, key in value))


def read_response(row: sqlite3.Row) -> Response:
    """Read back an answer; one that never came is unknown: it may have been charged."""
    if row["outcome"] is None:
        outcome = Outcome.UNKNOWN if row["billed"] else Outcome.NOT_SENT
        return Response(outcome=outcome, sent=row["sent"], is_recorded=True)
    return Response(
        status=row["status"],
        headers=unpack(row["headers"]),
        body=zlib.decompress(row["body"]),
        outcome=Outcome(row["outcome"]),
        sent=row["sent"],
        received=row["answered"] or 0.0,
        is_recorded=True,
    )


def request_row(batch: int, step: int, request: Request, sent: float | None) -> dict[str, Any]:
    """Make the columns that store a request."""
    return {
        "batch": batch,
        "step": step,
        "method": request.method,
        "path": request.path,
        "billed": request.billed,
        "credits": request.credits,
        "sent": sent,
    }


def response_row(response: Response) -> tuple[Outcome, int | None, bytes, bytes]:
    """Make the columns that store an answer as it came."""
    headers, body = pack(dict(response.headers)), zlib.compress(response.body, 1)
    return response.outcome, response.status, headers, body


def result_row(key: bytes, answer: Answer, kind: Kind, batch: int) -> tuple[Any, ...]:
    """Make the row that stores an answer, in the order of the table's columns."""
    match = answer.match
    model = None if match.model is None else _pressed(msgspec.json.encode(match.model))
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
        answer.requested_again,
        answer.later_status,
    )


def _pressed(short: bytes) -> bytes:
    """Compress what is short: a window of 4 kB takes half the time of the usual one."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, wbits=12, memLevel=5)
    return compressor.compress(short) + compressor.flush()


def store(
    connection: sqlite3.Connection, answers: Mapping[bytes, Answer], kind: Kind, batch: int
) -> set[bytes]:
    """Store those answers that are kept; return of whom a hit was known, which no miss overwrites.

    It stands for the miss as well: who is not to be asked again, for what it cost, is not.
    """
    kept = {key: answer for key, answer in answers.items() if is_stored(answer.match)}
    misses = [key for key, answer in answers.items() if answer.match.status is not Status.MATCHED]
    found = select_in(connection.execute, HITS, misses, Status.MATCHED)
    hits = {row["fingerprint"] for row in found}
    rows = [result_row(key, one, kind, batch) for key, one in kept.items() if key not in hits]
    connection.executemany(STORE, rows)
    connection.executemany(
        "UPDATE results SET asked = ?, worse = ? WHERE fingerprint = ?",
        [
            (kept[key].fetched, kept[key].match.status, key)
            for key in hits & kept.keys()
            if kept[key].match.status is not Status.PENDING
        ],
    )
    return hits


# Kept from one call to the next, beside all that was charged. A failed row that was refused, and
# not charged, is not: it may be asked again.
STORED_STATUSES = (Status.MATCHED, Status.NOT_FOUND, Status.PENDING, Status.HELD)


def is_stored(match: Match) -> bool:
    """Tell whether an answer is stored; of who was removed, nothing is."""
    return match.status in STORED_STATUSES or (
        bool(match.credits) and match.status is not Status.REMOVED
    )


def new_answer(match: Match, now: float, provider: str) -> Answer:
    """Make the answer that has just been read."""
    return Answer(match, now, provider, None if match.retry_in is None else now + match.retry_in)


_decoders: dict[str, Any] = {
    "people": decoder_of(Person),
    "companies": decoder_of(Company),
}


def read_answer(row: sqlite3.Row, identity: Identity | None = None) -> Answer:
    """Read back a stored answer; and whose it is, where that is not known."""
    model = (
        None
        if row["model"] is None
        else _decoders[row["kind"]].decode(zlib.decompress(row["model"]))
    )
    return _answer(row, identity or read_identity(unpack(row["identity"])), model)


def read_outcomes(
    connection: sqlite3.Connection, identities: Mapping[bytes, Identity]
) -> dict[bytes, Answer]:
    """Read the stored answers about these identities, but leave the models in the journal."""
    rows = select_in(connection.execute, OUTCOMES, list(identities))
    found = {row["fingerprint"]: row for row in rows}
    return {  # an index that is damaged finds others, too
        key: _answer(found[key], identity, None, STORED_MODEL if found[key]["has_model"] else None)
        for key, identity in identities.items()
        if key in found
    }


def _answer(row: sqlite3.Row, identity: Identity, model: Model | None, kept: Any = None) -> Answer:
    match = Match(
        identity=identity,
        status=Status(row["status"]),
        model=model,
        reason=row["reason"],
        credits=row["credits"],
        note=row["note"],
    )
    fetched, not_before = row["fetched"], row["not_before"]
    return Answer(match, fetched, row["provider"], not_before, kept, row["asked"], row["worse"])


# -- What a batch cost: what was spent, and the most that those cost whose answer was lost -------

Price = Callable[[Sequence[Identity]], float]


def has_known_cost(match: Match) -> bool:
    """Tell whether it is known what an answer has cost, be it lost itself."""
    return match.status is not Status.HELD or match.credits > 0


def cost(matches: Iterable[Match], price: Price) -> tuple[float, float]:
    """Return what was spent, and what may have been on those who are held.

    Who is held at a price has cost that: the vendor says what the request did, and only the answer
    is lost.

    Examples
    --------
    >>> ada, bob = (Identity.of(email=f"{name}@example.com") for name in ("ada", "bob"))
    >>> found = Match(identity=ada, status=Status.MATCHED, credits=3)
    >>> from dataclasses import replace
    >>> lost = Match(identity=bob, status=Status.HELD)
    >>> cost([found, lost], lambda held: 5.0 * len(held))
    (3.0, 5.0)
    >>> cost([found, replace(lost, credits=1)], lambda held: 5.0 * len(held))
    (4.0, 0.0)
    """
    spent, unknown = 0.0, list[Identity]()
    for match in matches:
        spent += match.credits
        if not has_known_cost(match):
            unknown.append(match.identity)
    return spent, price(unknown) if unknown else 0.0


def cost_difference(changes: Sequence[Change], price: Price) -> tuple[float, float]:
    """Return by how much another reading changes both."""
    before = cost([one.before.match for one in changes if one.before], price)
    after = cost([one.after.match for one in changes if one.after], price)
    return after[0] - before[0], after[1] - before[1]


# -- Answers of a replay, stored as if they had been asked for just now ---------------------------


class ReplayedFlow(NamedTuple):
    """A flow that was played: for whom of those wanted, what was asked and answered, what came.

    ``is_open`` tells a job that was at work when the recording ended.
    """

    identities: list[Identity]
    steps: list[tuple[Request, Response]]
    matches: list[Match]
    fetched: float
    is_open: bool = False


ANSWERED_COLUMNS = ("answered", "outcome", "status", "headers", "body")


def store_replayed(
    connection: sqlite3.Connection,
    batch: dict[str, Any],
    *,
    provider: Provider,
    kind: Kind,
    flows: Sequence[ReplayedFlow],
    fingerprint: Callable[[Identity], bytes],
) -> None:
    """Keep the flows that ended; part of one transaction.

    Parameters
    ----------
    batch
        What all batches have in common: run, lease and scope.
    """
    for one in (flow for flow in flows if not flow.is_open):
        spent, held = cost(one.matches, partial(provider.price, kind))
        identities = pack([identity.keys for identity in one.identities])
        number = insert(
            connection,
            "batches",
            {
                **batch,
                "identities": identities,
                "reserved": spent + held,
                "spent": spent,
                "held": held,
                "state": "landed",
            },
        )
        for step, (request, response) in enumerate(one.steps):
            facts = request_row(number, step, request, response.sent)
            said = dict(
                zip(ANSWERED_COLUMNS, (response.received, *response_row(response)), strict=True)
            )
            insert(connection, "requests", facts | said)
        answers = [new_answer(match, one.fetched, provider.name) for match in one.matches]
        keyed = {fingerprint(answer.match.identity): answer for answer in answers}
        store(connection, keyed, kind, number)
