"""The records of the journal, and how they are encoded in rows of its tables."""

import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import msgspec
import zstandard

from enrich_pandas.journal.database import insert, select_in
from enrich_pandas.journal.elements import compress_body, decompress, store_elements
from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers import record_type
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
from enrich_pandas.providers.records import Record, RecordType, read_models


class Answer(NamedTuple):
    """The answer for an identity: a match, the time it was fetched and the provider.

    ``model_ref`` replaces the model of the match if that was moved elsewhere. If a match was
    requested again and the new answer was worse, ``requested_again`` is the time of that request
    and ``later_status`` its status.
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
        """Return the time of the latest request."""
        return self.requested_again or self.fetched


HITS = "SELECT fingerprint FROM results WHERE fingerprint IN ({}) AND status = ?"
STORE = "INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
STORED = """
    SELECT results.*, type, raw FROM results LEFT JOIN elements ON elements.id = element
    WHERE fingerprint IN ({})
"""
OUTCOMES = (
    "SELECT fingerprint, provider, status, reason, note, credits, fetched, not_before, "
    "requested_again, later_status, COALESCE(model, element) IS NOT NULL AS has_model "
    "FROM results WHERE fingerprint IN ({})"
)
STORED_MODEL = object()  # the `model_ref` of a model that was not read from the journal


class Batch(NamedTuple):
    """A claim on some identities, with the answers that were recorded for it, by step."""

    id: int
    identities: list[Identity]
    recorded: dict[int, Response]


class RunInput(NamedTuple):
    """The input of a run: the encoded call and the identities.

    Both are None if an older version of the library wrote the run; ``identities`` also after the
    retention period.
    """

    call: bytes | None
    identities: list[Identity] | None


class AnsweredBatch(NamedTuple):
    """A batch with its raw answers and the time of the last one.

    ``requests`` has the method and path of each step. ``is_open`` marks a batch that has not
    landed: a running job or an interrupted flow.
    """

    batch: Batch
    scope: bytes
    answered: float
    requests: dict[int, tuple[str, str]]
    is_open: bool


class Change(NamedTuple):
    """The answer for an identity before and after parsing again; None if there is none."""

    key: bytes
    identity: Identity
    before: Answer | None
    after: Answer | None


class Claim(NamedTuple):
    """The outcome of a claim: the batch, identities of other batches, and those over budget."""

    batch: Batch | None
    elsewhere: list[Identity]
    unaffordable: list[Identity]


class ClaimHolder(NamedTuple):
    """The batch that has claimed an identity, and its possible cost.

    ``at_risk`` is the maximum cost of the requests so far, None if nothing can have been charged.
    ``left`` is the maximum cost of further requests. ``sent`` is the time of the last request.
    """

    batch: int
    lease: str
    is_alive: bool
    at_risk: float | None
    left: float
    sent: float | None

    @property
    def is_idle(self) -> bool:
        """Whether the process died before anything can have been charged."""
        return not self.is_alive and self.at_risk is None


def pack(value: Any) -> bytes:
    """Encode as JSON."""
    return msgspec.json.encode(value)


# The errors of reading a row of a damaged file: bytes or even column names may have changed.
UNREADABLE = (
    zlib.error,
    zstandard.ZstdError,
    msgspec.MsgspecError,
    ValueError,
    LookupError,
    TypeError,
)


def unpack(value: bytes) -> Any:
    """Decode JSON."""
    return msgspec.json.decode(value)


def fingerprint(scope: bytes, identity: Identity) -> bytes:
    """Return the key of an identity in the journal."""
    return hashlib.sha256(scope + pack(identity.keys)).digest()


def read_identity(value: list[list[str]]) -> Identity:
    """Decode an identity."""
    return Identity(tuple((name, key) for name, key in value))


def read_responses(
    steps: Iterable[sqlite3.Row], bodies: Mapping[int, bytes]
) -> dict[int, Response]:
    """Decode the responses of a batch, by step; ``bodies`` has their bodies by request."""
    return {step["step"]: read_response(step, bodies.get(step["id"], b"")) for step in steps}


def read_response(row: sqlite3.Row, body: bytes) -> Response:
    """Decode a response; one that never arrived is unknown: it may have been charged."""
    if row["outcome"] is None:
        outcome = Outcome.UNKNOWN if row["billed"] else Outcome.NOT_SENT
        return Response(outcome=outcome, sent=row["sent"], is_recorded=True)
    return Response(
        status=row["status"],
        headers=unpack(row["headers"]),
        body=body,
        outcome=Outcome(row["outcome"]),
        sent=row["sent"],
        received=row["answered"] or 0.0,
        is_recorded=True,
    )


def request_row(batch: int, step: int, request: Request, sent: float | None) -> dict[str, Any]:
    """Return the columns of a request."""
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
    """Return the columns of a raw answer."""
    headers, body = pack(dict(response.headers)), compress_body(response.body)
    return response.outcome, response.status, headers, body


def store_rows(
    connection: sqlite3.Connection, answers: Mapping[bytes, Answer], kind: Kind, batch: int
) -> None:
    """Store answers with their models, or with references to their elements."""
    answers = _readable(answers)
    models = [answer.match.model for answer in answers.values()]
    records = [model for model in models if isinstance(model, Record)]
    elements = store_elements(connection, batch, records)
    rows = [_result_row(key, one, kind, batch, elements) for key, one in answers.items()]
    connection.executemany(STORE, rows)


def _readable(answers: Mapping[bytes, Answer]) -> dict[bytes, Answer]:
    """Return answers with a model for each record whose type the provider does not declare.

    Such a record could not be read again, because its type is found by its name.
    """
    types = RecordTypes()
    unknown = {
        key: model
        for key, answer in answers.items()
        if isinstance(model := answer.match.model, Record)
        and types[answer.provider, model.type.name] is not model.type
    }
    read = dict(zip(unknown, read_models(unknown.values()), strict=True))
    return {
        key: one._replace(match=replace(one.match, model=read[key])) if key in read else one
        for key, one in answers.items()
    }


def _result_row(
    key: bytes, answer: Answer, kind: Kind, batch: int, elements: Mapping[bytes, int]
) -> tuple[Any, ...]:
    """Return the row of an answer, in the order of the columns of the table."""
    match, model, element = answer.match, None, None
    if isinstance(match.model, Record):
        element = elements[match.model.raw]
    elif match.model is not None:
        model = _compress(msgspec.json.encode(match.model))
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
        element,
    )


def _compress(short: bytes) -> bytes:
    """Compress a short text: a window of 4 kB halves the time."""
    compressor = zlib.compressobj(1, zlib.DEFLATED, wbits=12, memLevel=5)
    return compressor.compress(short) + compressor.flush()


def store(
    connection: sqlite3.Connection, answers: Mapping[bytes, Answer], kind: Kind, batch: int
) -> set[bytes]:
    """Store the results. Return the fingerprints whose match was kept over a new miss.

    The match also records the miss, so that a charged miss is not requested again.
    """
    kept = {key: answer for key, answer in answers.items() if is_stored(answer.match)}
    misses = [key for key, answer in answers.items() if answer.match.status is not Status.MATCHED]
    found = select_in(connection.execute, HITS, misses, Status.MATCHED)
    hits = {row["fingerprint"] for row in found}
    new = {key: one for key, one in kept.items() if key not in hits}
    store_rows(connection, new, kind, batch)
    connection.executemany(
        "UPDATE results SET requested_again = ?, later_status = ? WHERE fingerprint = ?",
        [
            (kept[key].fetched, kept[key].match.status, key)
            for key in hits & kept.keys()
            if kept[key].match.status is not Status.PENDING
        ],
    )
    return hits


# Stored statuses, besides every answer that was charged. A failed row that was refused and not
# charged is not stored, so it can be requested again.
STORED_STATUSES = (Status.MATCHED, Status.NOT_FOUND, Status.PENDING, Status.HELD)


def is_stored(match: Match) -> bool:
    """Return whether an answer is stored; an answer with status ``removed`` never is."""
    return match.status in STORED_STATUSES or (
        bool(match.credits) and match.status is not Status.REMOVED
    )


def new_answer(match: Match, now: float, provider: str) -> Answer:
    """Build the answer for a match that was fetched now."""
    return Answer(match, now, provider, None if match.retry_in is None else now + match.retry_in)


_decoders: dict[str, Any] = {
    "people": decoder_of(Person),
    "companies": decoder_of(Company),
}


class RecordTypes(dict[tuple[str, str], RecordType | None]):
    """Record types by provider and name, each looked up once; None if it is unknown."""

    def __missing__(self, key: tuple[str, str]) -> RecordType | None:
        self[key] = found = record_type(*key)
        return found


# The answer is kept as it is: it can be read again by a version that knows its type.
UNKNOWN_TYPE = (
    "The stored answer cannot be read: its provider is not installed, or a newer version of "
    "enrich_pandas has stored it."
)


def read_answer(row: sqlite3.Row, types: RecordTypes, identity: Identity | None = None) -> Answer:
    """Decode a stored answer, and its identity if that is not given.

    An answer with a record of an unknown type is held and ``unreadable``.
    """
    identity = identity or read_identity(unpack(row["identity"]))
    model = read_model(row, types)
    answer = _answer(row, identity, model)
    if model is None and row["element"] is not None:
        match = replace(answer.match, status=Status.HELD, reason="unreadable", note=UNKNOWN_TYPE)
        return answer._replace(match=match)
    return answer


def read_model(row: sqlite3.Row, types: RecordTypes) -> Model | Record | None:
    """Decode a stored model or record; None if there is none, or if its type is unknown."""
    if row["element"] is not None:
        raw, known = decompress(row["raw"]), types[row["provider"], row["type"]]
        return None if known is None else Record(known, raw)
    if row["model"] is None:
        return None
    found: Model = _decoders[row["kind"]].decode(decompress(row["model"]))
    return found


def read_outcomes(
    connection: sqlite3.Connection, identities: Mapping[bytes, Identity]
) -> dict[bytes, Answer]:
    """Read the stored answers of these identities without their models."""
    rows = select_in(connection.execute, OUTCOMES, list(identities))
    found = {row["fingerprint"]: row for row in rows}
    return {  # a damaged index may find other rows, too
        key: _answer(found[key], identity, None, STORED_MODEL if found[key]["has_model"] else None)
        for key, identity in identities.items()
        if key in found
    }


def _answer(
    row: sqlite3.Row,
    identity: Identity,
    model: Model | Record | None,
    model_ref: Any = None,
) -> Answer:
    match = Match(
        identity=identity,
        status=Status(row["status"]),
        model=model,
        reason=row["reason"],
        credits=row["credits"],
        note=row["note"],
    )
    fetched, not_before = row["fetched"], row["not_before"]
    later = row["requested_again"], row["later_status"]
    return Answer(match, fetched, row["provider"], not_before, model_ref, *later)


# Costs of a batch

Price = Callable[[Sequence[Identity]], float]


def has_known_cost(match: Match) -> bool:
    """Return whether the cost of an answer is known, even if the answer is lost."""
    return match.status is not Status.HELD or match.credits > 0


def cost(matches: Iterable[Match], price: Price) -> tuple[float, float]:
    """Return the credits that were spent, and the maximum cost of held identities.

    A held match with credits has cost exactly those: the vendor reported the charge, and only the
    answer is lost.

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
    """Return by how much the changes change the spent and the held credits."""
    before = cost([one.before.match for one in changes if one.before], price)
    after = cost([one.after.match for one in changes if one.after], price)
    return after[0] - before[0], after[1] - before[1]


# Replays


class ReplayedFlow(NamedTuple):
    """A replayed flow: its wanted identities, its requests and answers, and the matches.

    ``is_open`` marks a job that was running when the recording ended.
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
    """Store the finished flows of a replay, as a part of a transaction.

    Parameters
    ----------
    batch
        The columns that all batches share: run, lease and scope.
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
            answer = dict(
                zip(ANSWERED_COLUMNS, (response.received, *response_row(response)), strict=True)
            )
            insert(connection, "requests", facts | answer)
        answers = [new_answer(match, one.fetched, provider.name) for match in one.matches]
        keyed = {fingerprint(answer.match.identity): answer for answer in answers}
        store(connection, keyed, kind, number)
