"""Tombstones: whom nobody may ask about, kept so that nobody can read who that is.

A person who is on the list, was forgotten, or was removed by a vendor leaves keyed hashes of his
identifiers. The key is random, made once for each journal, and never leaves it.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from enrich_pandas.journal.database import Database, select_in
from enrich_pandas.journal.records import Answer, pack
from enrich_pandas.models import Model, Person
from enrich_pandas.providers.base import Identity, Kind, Match, Status
from enrich_pandas.providers.binding import domain_key, email_key, page_key, profile_key

ANY_PROVIDER = ""  # in place of a provider's name: the tombstone holds for all of them

# What names one person or company by itself, and how it is compared.
_NAMING: Mapping[Kind, Mapping[str, Callable[[str], str | None]]] = {
    "people": {
        "email": email_key,
        "linkedin_url": profile_key,
        "facebook_url": str.casefold,
        "twitter_url": str.casefold,
    },
    "companies": {
        "domain": domain_key,
        "email_domain": domain_key,
        "company_linkedin_url": page_key,
    },
}


class SuppressionReason(NamedTuple):
    """Why nobody is asked: a status and its reason."""

    status: Status
    reason: str


ERASED = SuppressionReason(Status.SUPPRESSED, "forgotten")


class SuppressionEntry(NamedTuple):
    """An entry of the list: whom a provider is not asked about, since when."""

    refusal: SuppressionReason
    provider: str
    since: float


def identifier_keys(kind: Kind, values: Mapping[str, str]) -> Iterator[str]:
    """Yield what names a person or company: each identifier, else all of them together.

    Examples
    --------
    >>> list(marks("people", {"email": "Ada@Example.com", "name": "Ada Example"}))
    ['email ada@example.com']
    >>> list(marks("people", {"name": "Ada Example", "company": "Acme"}))
    ['[["company","acme"],["name","ada example"]]']
    """
    named = [
        f"{'domain' if name == 'email_domain' else name} {key}"
        for name, compared in _NAMING[kind].items()
        if name in values and (key := compared(values[name]))
    ]
    whole = sorted((name, value.casefold()) for name, value in values.items())
    yield from named or ([pack(whole).decode()] if whole else ())


def model_keys(model: Model) -> Iterator[str]:
    """Yield what names a person or company that a vendor has found."""
    if isinstance(model, Person):
        urls = (model.linkedin_url, model.linkedin_urn_url)
        found = [("linkedin_url", url) for url in urls]
        found += [("email", email.address) for email in model.emails]
        kind: Kind = "people"
    else:
        found = [("domain", model.domain), ("company_linkedin_url", model.linkedin_url)]
        kind = "companies"
    for name, value in found:
        if value and (key := _NAMING[kind][name](value)):
            yield f"{name} {key}"


class SuppressionFilter:
    """Tells who may not be asked about, or shown.

    Parameters
    ----------
    key
        Of the hashes.
    stones
        The entries, by hash and provider.

    Attributes
    ----------
    met
        The entries that were found so far, by what they name.
    """

    def __init__(self, key: bytes, stones: Mapping[tuple[bytes, str], SuppressionEntry]) -> None:
        self._key, self._stones = key, stones
        self.met: dict[tuple[Kind, str], SuppressionEntry] = {}

    def for_rows(
        self, kind: Kind
    ) -> Callable[[Mapping[str, str]], SuppressionReason | None] | None:
        """Return what tells why nobody asks about a row's canonical identifiers, or None.

        Those whom one vendor has removed are left to `of_identities`.
        """
        if not self._stones:
            return None

        def refuse(values: Mapping[str, str]) -> SuppressionReason | None:
            stone = self._find(kind, identifier_keys(kind, values), ANY_PROVIDER)
            return stone and stone.refusal

        return refuse

    def for_identities(
        self, kind: Kind, provider: str, identities: Iterable[Identity]
    ) -> dict[Identity, Answer]:
        """Return the answers about those whom a provider is not asked about."""
        if not self._stones:
            return {}
        stones = (
            (one, self._find(kind, identifier_keys(kind, dict(one.keys)), provider))
            for one in identities
        )
        return {one: _answer(one, stone) for one, stone in stones if stone}

    def apply(self, answer: Answer) -> Answer:
        """Return an answer, or the refusal in place of one about somebody who is on the list."""
        model = answer.match.model
        if model is None or not self._stones:
            return answer
        kind: Kind = "people" if isinstance(model, Person) else "companies"
        stone = self._find(kind, model_keys(model), answer.provider)
        return answer if stone is None else _answer(answer.match.identity, stone, answer)

    def _find(self, kind: Kind, named: Iterable[str], provider: str) -> SuppressionEntry | None:
        for mark in named:
            key = digest(self._key, kind, mark)
            if found := self._stones.get((key, ANY_PROVIDER)) or self._stones.get((key, provider)):
                self.met[kind, mark] = found
                return found
        return None


def _answer(identity: Identity, stone: SuppressionEntry, instead: Answer | None = None) -> Answer:
    """Make the answer about somebody who may not be shown; what was paid stays told."""
    spent = instead.match.credits if instead else 0.0
    match = Match(
        identity=identity,
        status=stone.refusal.status,
        reason=stone.refusal.reason,
        credits=spent,
    )
    if instead:
        return Answer(match, instead.fetched, instead.provider)
    return Answer(match, stone.since if stone.provider else 0.0, stone.provider)


def _listed(rows: Sequence[sqlite3.Row]) -> bytes | None:
    return rows[0][0] if rows else None


LISTED = "SELECT value FROM settings WHERE name = 'listed'"
EMPTY_FILTER = SuppressionFilter(b"", {})  # may be asked about, and shown


class SuppressionList:
    """The list in a journal's file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: tuple[bytes | None, SuppressionFilter] = (None, EMPTY_FILTER)

    def current_filter(self) -> SuppressionFilter:
        """Return the list as it is now; it is read again only where it has changed."""
        if self._last[0] == _listed(self._database.query(LISTED)):
            return self._last[1]
        with self._database.reading() as connection:
            version = _listed(connection.execute(LISTED).fetchall())
            key = connection.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()
            rows = connection.execute("SELECT * FROM tombstones").fetchall()
        stones = {
            (row["key"], row["provider"]): SuppressionEntry(
                SuppressionReason(Status(row["status"]), row["reason"]),
                row["provider"],
                row["since"],
            )
            for row in rows
        }
        self._last = version, SuppressionFilter(key[0] if key else b"", stones)
        return self._last[1]

    def add(self, named: Collection[tuple[Kind, str]], refusal: SuppressionReason) -> int:
        """Put marks on the list; return how many are new on it."""
        with self._database.writing() as connection:
            return add_entries(connection, named, refusal, ANY_PROVIDER, time.time())

    def import_entries(self, key: bytes, stones: Mapping[bytes, SuppressionEntry]) -> None:
        """Put the hashes of a recording on an empty list, with their key."""
        rows = [(mark, one.provider, *one.refusal, one.since) for mark, one in stones.items()]
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO settings VALUES ('key', ?)", (key,))
            connection.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?, ?)", rows)
            _note_change(connection)

    def remove(self, named: Collection[tuple[Kind, str]]) -> int:
        """Take marks off the list, but for those whom a vendor removed; return how many."""
        with self._database.writing() as connection:
            key = secret_key(connection)
            found = connection.executemany(
                "DELETE FROM tombstones WHERE key = ? AND provider = ''",
                [(digest(key, *one),) for one in named],
            )
            _note_change(connection)
            return found.rowcount


def add_entries(
    connection: sqlite3.Connection,
    named: Collection[tuple[Kind, str]],
    refusal: SuppressionReason,
    provider: str,
    since: float,
) -> int:
    """Put marks on the list, as a part of a transaction."""
    key = secret_key(connection)
    rows = [(digest(key, *one), provider, *refusal, since) for one in named]
    statement = "INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?, ?)"
    _note_change(connection)
    return connection.executemany(statement, rows).rowcount if rows else 0


ERASED_ENTRY = "(status = 'removed' OR reason = 'forgotten')"


def has_erased(connection: sqlite3.Connection) -> bool:
    """Tell whether anybody is on the list of whom nothing may be stored."""
    query = f"SELECT 1 FROM tombstones WHERE {ERASED_ENTRY} LIMIT 1"  # noqa: S608 - a constant
    return connection.execute(query).fetchone() is not None


def find_erased(
    connection: sqlite3.Connection, kind: Kind, provider: str, named: Collection[str]
) -> dict[SuppressionEntry, set[str]]:
    """Return which of these marks are of somebody of whom nothing may be stored, by the entry."""
    key = secret_key(connection)
    mark_of = {digest(key, kind, mark): mark for mark in named}
    query = (
        f"SELECT * FROM tombstones WHERE key IN ({{}}) AND provider IN (?, '') AND {ERASED_ENTRY}"  # noqa: S608 - a constant
    )
    found: dict[SuppressionEntry, set[str]] = {}
    for row in select_in(connection.execute, query, list(mark_of), provider):
        refusal = SuppressionReason(Status(row["status"]), row["reason"])
        stone = SuppressionEntry(refusal, row["provider"], row["since"])
        found.setdefault(stone, set()).add(mark_of[row["key"]])
    return found


def _note_change(connection: sqlite3.Connection) -> None:
    """Tell every process that its copy of the list is old."""
    stamp = secrets.token_bytes(8)
    connection.execute("INSERT OR REPLACE INTO settings VALUES ('listed', ?)", (stamp,))


def secret_key(connection: sqlite3.Connection) -> bytes:
    """Return the key of the hashes, made when it is first needed."""
    connection.execute(
        "INSERT OR IGNORE INTO settings VALUES ('key', ?)", (secrets.token_bytes(32),)
    )
    row = connection.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()
    return bytes(row[0])


def digest(key: bytes, kind: Kind, mark: str) -> bytes:
    """Return the keyed hash of a mark."""
    return hmac.digest(key, f"{kind} {mark}".encode(), hashlib.sha256)
