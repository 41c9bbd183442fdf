"""The suppression list: people and companies that must not be requested, as keyed hashes.

The list holds those that the user suppressed or erased and those that a vendor removed. No
identifier can be read from it: the key of the hashes is random, made once per journal, and stays in
it.
"""

import hashlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from enrich_pandas.journal.database import Database, select_in
from enrich_pandas.journal.records import Answer, pack
from enrich_pandas.models import Model, Person
from enrich_pandas.providers.base import Identity, Kind, Match, Status
from enrich_pandas.providers.binding import domain_key, email_key, page_key, profile_key
from enrich_pandas.providers.records import Record, read_models

T = TypeVar("T")
ANY_PROVIDER = ""  # in place of a provider's name: the entry applies to all of them

# The identifiers that identify a person or company alone, and how they are compared.
_IDENTIFYING: Mapping[Kind, Mapping[str, Callable[[str], str | None]]] = {
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

# What `model_keys` reads of a model.
IDENTIFYING_FIELDS = frozenset({"linkedin_url", "linkedin_urn_url", "emails", "domain"})


class SuppressionReason(NamedTuple):
    """The status and reason of a suppressed row."""

    status: Status
    reason: str


ERASED = SuppressionReason(Status.SUPPRESSED, "forgotten")


class SuppressionEntry(NamedTuple):
    """An entry of the list: its cause, the provider that it applies to, and its time."""

    cause: SuppressionReason
    provider: str
    since: float


def identifier_keys(kind: Kind, values: Mapping[str, str]) -> Iterator[str]:
    """Yield comparable keys: one per identifying value, else one of all values together.

    Examples
    --------
    >>> list(identifier_keys("people", {"email": "Ada@Example.com", "name": "Ada Example"}))
    ['email ada@example.com']
    >>> list(identifier_keys("people", {"name": "Ada Example", "company": "Acme"}))
    ['[["company","acme"],["name","ada example"]]']
    """
    named = [
        f"{'domain' if name == 'email_domain' else name} {key}"
        for name, compared in _IDENTIFYING[kind].items()
        if name in values and (key := compared(values[name]))
    ]
    whole = sorted((name, value.casefold()) for name, value in values.items())
    yield from named or ([pack(whole).decode()] if whole else ())


def model_keys(model: Model | Record) -> set[str]:
    """Return the comparable keys of a person or company that a vendor returned."""
    return keys_of_all([model])[0]


def keys_of_all(models: Sequence[Model | Record]) -> list[set[str]]:
    """Return the comparable keys of each person or company that a vendor returned.

    To read one record takes almost as long as to read a hundred.
    """
    records = {place: one for place, one in enumerate(models) if isinstance(one, Record)}
    read = dict(zip(records, read_models(records.values(), IDENTIFYING_FIELDS), strict=True))
    return [
        set(_keys(read[place] if isinstance(one, Record) else one))
        for place, one in enumerate(models)
    ]


def _keys(model: Model) -> Iterator[str]:
    if isinstance(model, Person):
        urls = (model.linkedin_url, model.linkedin_urn_url)
        found = [("linkedin_url", url) for url in urls]
        found += [("email", email.address) for email in model.emails]
    else:
        found = [("domain", model.domain), ("company_linkedin_url", model.linkedin_url)]
    for name, value in found:
        if value and (key := _IDENTIFYING[kind_of(type(model))][name](value)):
            yield f"{name} {key}"


def kind_of(model: type[Model]) -> Kind:
    """Return what a model describes."""
    return "people" if issubclass(model, Person) else "companies"


class SuppressionFilter:
    """Decides which identities must not be requested and which answers not shown.

    Parameters
    ----------
    key
        The key of the hashes.
    entries
        The entries, by hash and provider.

    Attributes
    ----------
    matched
        The entries that were found so far, by kind and comparable key.
    """

    def __init__(self, key: bytes, entries: Mapping[tuple[bytes, str], SuppressionEntry]) -> None:
        self._key, self._entries = key, entries
        self.matched: dict[tuple[Kind, str], SuppressionEntry] = {}

    def for_rows(
        self, kind: Kind
    ) -> Callable[[Mapping[str, str]], SuppressionReason | None] | None:
        """Return a function from a row's canonical identifiers to its cause; None if empty.

        Entries of one provider are left to `for_identities`.
        """
        if not self._entries:
            return None

        def find_cause(values: Mapping[str, str]) -> SuppressionReason | None:
            entry = self._find(kind, identifier_keys(kind, values), ANY_PROVIDER)
            return entry and entry.cause

        return find_cause

    def for_identities(
        self, kind: Kind, provider: str, identities: Iterable[Identity]
    ) -> dict[Identity, Answer]:
        """Return an answer for each identity that must not be requested from a provider."""
        if not self._entries:
            return {}
        entries = (
            (one, self._find(kind, identifier_keys(kind, dict(one.keys)), provider))
            for one in identities
        )
        return {one: _answer(one, entry) for one, entry in entries if entry}

    def apply(self, answers: Mapping[T, Answer]) -> dict[T, Answer]:
        """Return the answers, and suppressed ones if their person or company is on the list."""
        shown = dict(answers)
        if not self._entries:
            return shown
        models = {key: model for key, one in answers.items() if (model := one.match.model)}
        keys = keys_of_all(list(models.values()))
        for (key, model), named in zip(models.items(), keys, strict=True):
            described = model.type.model if isinstance(model, Record) else type(model)
            answer = answers[key]
            if entry := self._find(kind_of(described), named, answer.provider):
                shown[key] = _answer(answer.match.identity, entry, answer)
        return shown

    def _find(self, kind: Kind, named: Iterable[str], provider: str) -> SuppressionEntry | None:
        for name in named:
            key = digest(self._key, kind, name)
            if found := self._entries.get((key, ANY_PROVIDER)) or self._entries.get(
                (key, provider)
            ):
                self.matched[kind, name] = found
                return found
        return None


def _answer(identity: Identity, entry: SuppressionEntry, instead: Answer | None = None) -> Answer:
    """Build the answer of a suppressed identity; it keeps the credits that were paid."""
    spent = instead.match.credits if instead else 0.0
    match = Match(
        identity=identity,
        status=entry.cause.status,
        reason=entry.cause.reason,
        credits=spent,
    )
    if instead:
        return Answer(match, instead.fetched, instead.provider)
    return Answer(match, entry.since if entry.provider else 0.0, entry.provider)


def _list_version(rows: Sequence[sqlite3.Row]) -> bytes | None:
    return rows[0][0] if rows else None


LISTED = "SELECT value FROM settings WHERE name = 'listed'"
EMPTY_FILTER = SuppressionFilter(b"", {})


class SuppressionList:
    """The suppression list in the file of a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: tuple[bytes | None, SuppressionFilter] = (None, EMPTY_FILTER)

    def current_filter(self) -> SuppressionFilter:
        """Return a filter with the present entries; read them again only after a change."""
        if self._last[0] == _list_version(self._database.query(LISTED)):
            return self._last[1]
        with self._database.reading() as connection:
            version = _list_version(connection.execute(LISTED).fetchall())
            key = connection.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()
            rows = connection.execute("SELECT * FROM suppressions").fetchall()
        entries = {
            (row["key"], row["provider"]): SuppressionEntry(
                SuppressionReason(Status(row["status"]), row["reason"]),
                row["provider"],
                row["since"],
            )
            for row in rows
        }
        self._last = version, SuppressionFilter(key[0] if key else b"", entries)
        return self._last[1]

    def add(self, named: Collection[tuple[Kind, str]], cause: SuppressionReason) -> int:
        """Add comparable keys to the list; return how many are new."""
        with self._database.writing() as connection:
            return add_entries(connection, named, cause, ANY_PROVIDER, time.time())

    def import_entries(self, key: bytes, entries: Mapping[bytes, SuppressionEntry]) -> None:
        """Add the hashes of a cassette, with their key, to an empty list."""
        rows = [(hashed, one.provider, *one.cause, one.since) for hashed, one in entries.items()]
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO settings VALUES ('key', ?)", (key,))
            connection.executemany(
                "INSERT OR IGNORE INTO suppressions VALUES (?, ?, ?, ?, ?)", rows
            )
            _note_change(connection)

    def remove(self, named: Collection[tuple[Kind, str]]) -> int:
        """Remove entries, except those that a vendor removed; return how many."""
        with self._database.writing() as connection:
            key = secret_key(connection)
            found = connection.executemany(
                "DELETE FROM suppressions WHERE key = ? AND provider = ''",
                [(digest(key, *one),) for one in named],
            )
            _note_change(connection)
            return found.rowcount


def add_entries(
    connection: sqlite3.Connection,
    named: Collection[tuple[Kind, str]],
    cause: SuppressionReason,
    provider: str,
    since: float,
) -> int:
    """Add comparable keys to the list, as a part of a transaction."""
    key = secret_key(connection)
    rows = [(digest(key, *one), provider, *cause, since) for one in named]
    statement = "INSERT OR IGNORE INTO suppressions VALUES (?, ?, ?, ?, ?)"
    _note_change(connection)
    return connection.executemany(statement, rows).rowcount if rows else 0


ERASED_ENTRY = "(status = 'removed' OR reason = 'forgotten')"


def has_erased(connection: sqlite3.Connection) -> bool:
    """Return whether the list has entries of which no answer may be stored."""
    query = f"SELECT 1 FROM suppressions WHERE {ERASED_ENTRY} LIMIT 1"  # noqa: S608 - a constant
    return connection.execute(query).fetchone() is not None


def find_erased(
    connection: sqlite3.Connection, kind: Kind, provider: str, named: Collection[str]
) -> dict[SuppressionEntry, set[str]]:
    """Return the keys of which no answer may be stored, by their entry."""
    key = secret_key(connection)
    name_of = {digest(key, kind, name): name for name in named}
    query = (
        f"SELECT * FROM suppressions WHERE key IN ({{}}) AND provider IN (?, '') AND {ERASED_ENTRY}"  # noqa: S608 - a constant
    )
    found: dict[SuppressionEntry, set[str]] = {}
    for row in select_in(connection.execute, query, list(name_of), provider):
        cause = SuppressionReason(Status(row["status"]), row["reason"])
        entry = SuppressionEntry(cause, row["provider"], row["since"])
        found.setdefault(entry, set()).add(name_of[row["key"]])
    return found


def _note_change(connection: sqlite3.Connection) -> None:
    """Change the version of the list, so that every process reads it again."""
    stamp = secrets.token_bytes(8)
    connection.execute("INSERT OR REPLACE INTO settings VALUES ('listed', ?)", (stamp,))


def secret_key(connection: sqlite3.Connection) -> bytes:
    """Return the key of the hashes; create it on first use."""
    connection.execute(
        "INSERT OR IGNORE INTO settings VALUES ('key', ?)", (secrets.token_bytes(32),)
    )
    row = connection.execute("SELECT value FROM settings WHERE name = 'key'").fetchone()
    return bytes(row[0])


def digest(key: bytes, kind: Kind, name: str) -> bytes:
    """Return the keyed hash of a comparable key."""
    return hmac.digest(key, f"{kind} {name}".encode(), hashlib.sha256)
