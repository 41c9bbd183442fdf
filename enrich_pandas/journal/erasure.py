"""Forgetting: no readable byte of a person is left in the journal.

Whoever shares an answer with the person keeps his own part of it.
"""

import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping

from enrich_pandas.journal.database import Database
from enrich_pandas.journal.records import pack, read_answer, read_identity, unpack
from enrich_pandas.journal.suppression import (
    ANYBODY,
    FORGOTTEN,
    Refusal,
    Stone,
    bury,
    is_anybody_gone,
    marks,
    marks_of,
    returned,
)
from enrich_pandas.journal.traces import Trace, marks_in, without
from enrich_pandas.providers.base import Identity, Kind, Match, Status

NOTHING = zlib.compress(b"")
# What those may have cost of whom an open job's batch no longer knows is held.
LEFT_OUT = """
    UPDATE batches SET identities = :rest, held = held + (
      SELECT CASE WHEN state = 'open' AND at_risk IS NOT NULL
      THEN MIN(at_risk, (reserved - held) * :share) ELSE 0 END FROM stakes WHERE stakes.id = :id
    ) WHERE id = :id
"""


class Forgetting:
    """Takes people out of a journal's file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, kind: Kind, values: Mapping[str, str]) -> int:
        """Forget whoever one of these canonical identifiers names; return the answers deleted."""
        with self._database.writing() as connection:
            named = set(marks(kind, values))
            return purge(connection, kind, named, Stone(FORGOTTEN, ANYBODY, time.time()))


def purge_removed(
    connection: sqlite3.Connection, kind: Kind, matches: Iterable[Match], provider: str, now: float
) -> None:
    """Take those out whom a vendor says it has removed, all that have one reason at once."""
    removed: dict[str, set[str]] = {}
    for match in (one for one in matches if one.status is Status.REMOVED):
        removed.setdefault(match.reason, set()).update(marks(kind, dict(match.identity.keys)))
    for reason, named in removed.items():
        purge(connection, kind, named, Stone(Refusal(Status.REMOVED, reason), provider, now))


def purge_returned(
    connection: sqlite3.Connection,
    kind: Kind,
    matches: Collection[Match],
    provider: str,
    batch: int,
) -> None:
    """Take those out whom a batch's answers tell of though they were forgotten, or removed.

    A job that was open when somebody was forgotten tells of her when it ends. She is not asked
    again by what she was asked by. What else the answer calls her by is not put on the list:
    whoever shares a mailbox with her would follow her, and others him.
    """
    if not is_anybody_gone(connection):
        return
    query = "SELECT body FROM requests WHERE batch = ? AND body IS NOT NULL"
    named = set[str]()
    for (body,) in connection.execute(query, (batch,)):
        named |= marks_in(zlib.decompress(body), kind)
    for stone, met in returned(connection, kind, provider, named).items():
        hers = [match for match in matches if not met.isdisjoint(_marks(kind, match))]
        asked = {mark for match in hers for mark in marks(kind, dict(match.identity.keys))}
        purge(connection, kind, met | asked, stone, follow=False)


def purge(
    connection: sqlite3.Connection,
    kind: Kind,
    named: Collection[str],
    stone: Stone,
    *,
    follow: bool = True,
) -> int:
    """Take whoever is named out of a journal, and leave a tombstone; part of a transaction.

    It goes over the whole journal, for many people as for one.

    Parameters
    ----------
    named
        Marks of each.
    stone
        What is left. With a provider's name, only what that one gave is taken out.
    follow
        Whether what a stored answer calls them besides names them, too.

    Returns
    -------
    int
        The stored answers that were deleted.
    """
    known, gone = _related(connection, kind, named, stone.provider, follow=follow)
    connection.executemany("DELETE FROM results WHERE fingerprint = ?", [(key,) for key in gone])
    own: dict[int, set[str]] = {}
    for row, match in gone.values():
        own.setdefault(row["batch"], set()).update(_called(match))
    trace = Trace.of(known)
    _scrub_bodies(connection, trace, own, stone.provider)
    identities = {match.identity for _, match in gone.values()}
    _scrub_identities(connection, trace, identities)
    bury(connection, [(kind, mark) for mark in known], *stone)
    return len(gone)


Stored = tuple[sqlite3.Row, Match]


def _related(
    connection: sqlite3.Connection,
    kind: Kind,
    start: Collection[str],
    provider: str,
    *,
    follow: bool,
) -> tuple[set[str], dict[bytes, Stored]]:
    """Return the marks and the stored answers of whoever is named, by all that he is known by.

    An answer tells of further identifiers of the same person, under which others may be stored.
    """
    query = "SELECT * FROM results WHERE kind = ? AND (? = '' OR provider = ?)"
    named, more, gone = set[str](), set(start), dict[bytes, Stored]()
    while more:
        named |= more
        more, trace = set(), Trace.of(named)
        for row in connection.execute(query, (kind, provider, provider)):
            if row["fingerprint"] in gone or not trace.may_be_in(_written(row)):
                continue
            match = read_answer(row).match
            if not named.isdisjoint(known := set(_marks(kind, match))):
                gone[row["fingerprint"]] = row, match
                more |= known - named if follow else set()
    return named, gone


def _written(row: sqlite3.Row) -> bytes:
    """Return the text of a stored answer, which is not read for most."""
    return bytes(row["identity"]) + zlib.decompress(row["model"] or NOTHING)


def _marks(kind: Kind, match: Match) -> Iterator[str]:
    yield from marks(kind, dict(match.identity.keys))
    if match.model is not None:
        yield from marks_of(match.model)


def _called(match: Match) -> Iterator[str]:
    """Yield names and ids: they tell who it is within the answer that was about him."""
    found = (match.identity.get("name"), match.model and match.model.name)
    yield from (name.casefold() for name in (*found, match.model and match.model.id) if name)


# -- raw answers ---------------------------------------------------------------------------------


def _scrub_bodies(
    connection: sqlite3.Connection, trace: Trace, own: Mapping[int, set[str]], provider: str
) -> None:
    query = (
        "SELECT requests.id, batch, headers, body FROM requests JOIN batches ON batches.id = batch "
        "JOIN runs ON runs.id = run "
        "WHERE body IS NOT NULL AND (? = '' OR runs.provider = ?)"
    )
    for row in connection.execute(query, (provider, provider)).fetchall():
        body = zlib.decompress(row["body"])
        rest = without(body, trace, own.get(row["batch"], ()))
        headers = _without(row["headers"], trace)
        if rest is not body or headers is not row["headers"]:
            connection.execute(
                "UPDATE requests SET headers = ?, body = ? WHERE id = ?",
                (headers, zlib.compress(rest, 1), row["id"]),
            )


def _without(headers: bytes, trace: Trace) -> bytes:
    """Return headers but for those in which somebody may be named: a redirect repeats the query."""
    if not trace.may_be_in(headers):
        return headers
    named = unpack(headers).items()
    return pack({name: told for name, told in named if not trace.may_be_in(pack([name, told]))})


# -- whom a batch or run was about ---------------------------------------------------------------


def _scrub_identities(
    connection: sqlite3.Connection, trace: Trace, gone: Collection[Identity]
) -> None:
    for row in connection.execute("SELECT id, identities FROM batches").fetchall():
        if (rest := _others(row[1], trace, gone)) is not None:
            share = 1 - len(rest) / len(unpack(row[1]))
            connection.execute(LEFT_OUT, {"id": row[0], "rest": pack(rest), "share": share})
    for row in connection.execute("SELECT id, asked FROM runs WHERE asked IS NOT NULL").fetchall():
        if (rest := _others(zlib.decompress(row[1]), trace, gone)) is not None:
            statement = "UPDATE runs SET asked = ? WHERE id = ?"
            connection.execute(statement, (zlib.compress(pack(rest), 1), row[0]))


def _others(
    written: bytes, trace: Trace, gone: Collection[Identity]
) -> list[list[list[str]]] | None:
    """Return the identities of the others, or None where there is nobody to take out."""
    if not trace.may_be_in(written):
        return None
    found = unpack(written)
    rest = [one for one in found if read_identity(one) not in gone and not trace.is_in(one)]
    return rest if len(rest) < len(found) else None
