"""Forgetting: no readable byte of a person is left in the journal, and what is too old goes.

Whoever shares an answer with the person keeps his own part of it.
"""

import re
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from enrich_pandas.providers.base import Identity, Kind, Match, Status
from enrich_pandas.run.database import Database
from enrich_pandas.run.records import pack, read_answer, read_identity, unpack
from enrich_pandas.run.tombstones import ANYBODY, Refusal, Stone, bury, marks, marks_of

DAY = 86_400.0
FORGOTTEN = Refusal(Status.SUPPRESSED, "forgotten")


class Forgetting:
    """Takes people, and what is too old, out of a journal's file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def forget(self, kind: Kind, values: Mapping[str, str]) -> int:
        """Forget whoever one of these canonical identifiers names; return the answers deleted."""
        with self._database.writing() as connection:
            return purge(connection, kind, values, Stone(FORGOTTEN, ANYBODY, time.time()))

    def sweep(self, retention: float) -> None:
        """Delete what is older than so many seconds, at most once a day.

        What is held stays: without it, a row that may have been paid for would be asked again.
        """
        now = time.time()
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM settings WHERE name = 'swept'").fetchone()
        if row and now - unpack(row[0]) < min(DAY, retention):
            return
        with self._database.writing() as connection:
            _delete_older(connection, now - retention)
            connection.execute("INSERT OR REPLACE INTO settings VALUES ('swept', ?)", (pack(now),))


def _delete_older(connection: sqlite3.Connection, moment: float) -> None:
    connection.execute(
        "DELETE FROM results WHERE fetched < ? AND status != ?", (moment, Status.HELD)
    )
    connection.execute(
        "UPDATE requests SET headers = NULL, body = NULL WHERE answered < ? AND body IS NOT NULL "
        "AND batch IN (SELECT id FROM batches WHERE state != 'open')",
        (moment,),
    )
    connection.execute(
        "UPDATE batches SET identities = ? WHERE state != 'open' AND identities != ? "
        "AND run IN (SELECT id FROM runs WHERE started < ?)",
        (pack([]), pack([]), moment),
    )
    connection.execute("UPDATE runs SET asked = NULL WHERE started < ?", (moment,))


def purge(
    connection: sqlite3.Connection,
    kind: Kind,
    values: Mapping[str, str],
    stone: Stone,
) -> int:
    """Take whoever is named out of a journal, and leave a tombstone; part of a transaction.

    Parameters
    ----------
    stone
        What is left. With a provider's name, only what that one gave is taken out.

    Returns
    -------
    int
        The stored answers that were deleted.
    """
    named, gone = _related(connection, kind, values, stone.provider)
    connection.executemany("DELETE FROM results WHERE fingerprint = ?", [(key,) for key in gone])
    own: dict[int, set[str]] = {}
    for row, match in gone.values():
        own.setdefault(row["batch"], set()).update(_called(match))
    trace = Trace.of(named)
    _scrub_bodies(connection, trace, own, stone.provider)
    identities = {match.identity for _, match in gone.values()}
    _scrub_identities(connection, trace, identities)
    bury(connection, [(kind, mark) for mark in named], *stone)
    return len(gone)


Stored = tuple[sqlite3.Row, Match]


def _related(
    connection: sqlite3.Connection, kind: Kind, values: Mapping[str, str], provider: str
) -> tuple[set[str], dict[bytes, Stored]]:
    """Return the marks and the stored answers of whoever is named, by all that he is known by.

    An answer tells of further identifiers of the same person, under which others may be stored.
    """
    rows = connection.execute(
        "SELECT * FROM results WHERE kind = ? AND (? = '' OR provider = ?)",
        (kind, provider, provider),
    ).fetchall()
    stored = {row["fingerprint"]: (row, read_answer(row).match) for row in rows}
    known = {key: set(_marks(kind, match)) for key, (_, match) in stored.items()}
    named, gone, size = set(marks(kind, values)), set[bytes](), -1
    while len(gone) > size:
        size = len(gone)
        gone |= {key for key, mine in known.items() if mine & named}
        named = named.union(*(known[key] for key in gone))
    return named, {key: stored[key] for key in gone}


def _marks(kind: Kind, match: Match) -> Iterator[str]:
    yield from marks(kind, dict(match.identity.keys))
    if match.model is not None:
        yield from marks_of(match.model)


def _called(match: Match) -> Iterator[str]:
    """Yield names and ids: they tell who it is within the answer that was about him."""
    found = (match.identity.get("name"), match.model and match.model.name)
    yield from (name.casefold() for name in (*found, match.model and match.model.id) if name)


# -- raw answers ---------------------------------------------------------------------------------


class Trace:
    """What tells in a raw answer that somebody is meant.

    Parameters
    ----------
    words
        Texts without which none of it can be there; quickly looked for.
    pattern
        An e-mail address, or the last part of the address of a profile or page, as a whole.
    """

    def __init__(self, words: frozenset[str], pattern: re.Pattern[str]) -> None:
        self.words, self._pattern = words, pattern

    @classmethod
    def of(cls, named: Collection[str]) -> "Trace":
        """Make it of marks."""
        words, patterns = set[str](), ["(?!)"]
        for mark in named:
            name, _, value = mark.partition(" ")
            if name == "email":
                words.add(value)
                patterns.append(rf"(?<![\w.+-]){re.escape(value)}(?![\w-])")
            elif mark[0] != "[":
                last = value.rpartition("/")[2].rpartition(":")[2]
                words.add(last)
                whole = re.escape(last)
                patterns.append(rf"^@?{whole}(?=$|[/?#])|/{whole}(?=$|[/?#\s])")
        return cls(frozenset(words), re.compile("|".join(patterns), re.IGNORECASE))

    def is_in(self, value: Any, own: Collection[str] = ()) -> bool:
        """Tell whether a value of JSON names somebody, at any depth.

        ``own`` are names that count where they are the whole text.
        """
        if isinstance(value, dict):
            return any(self.is_in(one, own) for pair in value.items() for one in pair)
        if isinstance(value, list):
            return any(self.is_in(one, own) for one in value)
        if not isinstance(value, str):
            return False
        return value.casefold() in own or bool(
            self._pattern.search(value) or ("%" in value and self._pattern.search(unquote(value)))
        )

    def may_be_in(self, body: bytes) -> bool:
        """Tell whether it is worth taking a body apart."""
        text = body.decode(errors="replace").casefold()
        return "\\u" in text or "%" in text or any(word in text for word in self.words)


def _scrub_bodies(
    connection: sqlite3.Connection, trace: Trace, own: Mapping[int, set[str]], provider: str
) -> None:
    query = (
        "SELECT requests.id, batch, body FROM requests JOIN batches ON batches.id = batch "
        "JOIN runs ON runs.id = run "
        "WHERE body IS NOT NULL AND (? = '' OR runs.provider = ?)"
    )
    for row in connection.execute(query, (provider, provider)).fetchall():
        body = zlib.decompress(row["body"])
        rest = without(body, trace, own.get(row["batch"], ()))
        if rest is not body:
            connection.execute(
                "UPDATE requests SET body = ? WHERE id = ?", (zlib.compress(rest, 1), row["id"])
            )


def without(body: bytes, trace: Trace, own: Collection[str] = ()) -> bytes:
    """Return an answer without the elements that name somebody; the same object if none does.

    What cannot be taken apart goes as a whole.

    Examples
    --------
    >>> trace = Trace.of(["email ada@example.com"])
    >>> without(b'[{"email": "Ada@example.com"}, {"email": "bo@example.com"}]', trace)
    b'[{"email":"bo@example.com"}]'
    """
    if not own and not trace.may_be_in(body):
        return body
    try:
        whole = msgspec.json.decode(body)
        if not trace.is_in(whole, own):
            return body
        rest = _rest(whole, trace, own)
        return b"" if trace.is_in(rest, own) else msgspec.json.encode(rest)
    except (msgspec.MsgspecError, RecursionError):
        return b""


def _rest(value: Any, trace: Trace, own: Collection[str]) -> Any:
    """Return what is left, where every list on the way down loses what names somebody."""
    if isinstance(value, list):
        return [one for one in value if not trace.is_in(one, own)]
    if isinstance(value, dict):
        return {name: _rest(inner, trace, own) for name, inner in value.items()}
    return value


# -- whom a batch or run was about ---------------------------------------------------------------


def _scrub_identities(
    connection: sqlite3.Connection, trace: Trace, gone: Collection[Identity]
) -> None:
    for row in connection.execute("SELECT id, identities FROM batches").fetchall():
        if (rest := _others(unpack(row[1]), trace, gone)) is not None:
            statement = "UPDATE batches SET identities = ? WHERE id = ?"
            connection.execute(statement, (pack(rest), row[0]))
    for row in connection.execute("SELECT id, asked FROM runs WHERE asked IS NOT NULL").fetchall():
        if (rest := _others(unpack(zlib.decompress(row[1])), trace, gone)) is not None:
            statement = "UPDATE runs SET asked = ? WHERE id = ?"
            connection.execute(statement, (zlib.compress(pack(rest), 1), row[0]))


def _others(
    found: list[list[list[str]]], trace: Trace, gone: Collection[Identity]
) -> list[list[list[str]]] | None:
    """Return the identities of the others, or None where there is nobody to take out."""
    rest = [one for one in found if read_identity(one) not in gone and not trace.is_in(one)]
    return rest if len(rest) < len(found) else None
