"""The journal's file: private from its first byte, written durably, read in bulk.

A rollback journal with ``synchronous=EXTRA``: a commit has reached the disk when it returns.
"""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from enrich_pandas.errors import JournalError

APPLICATION_ID = 0x656E7270  # "enrp": tells a journal from any other SQLite file
VERSION = 2
PATIENCE = 60.0  # seconds to wait for whoever has locked the file
LOOK_UP = 500  # fingerprints a query; the fastest size measured

SCHEMA = """
CREATE TABLE runs (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, library TEXT NOT NULL,
  started REAL NOT NULL, ended REAL, rows INTEGER NOT NULL, identities INTEGER NOT NULL,
  credits_planned REAL NOT NULL, budget REAL, status TEXT NOT NULL, lease TEXT NOT NULL,
  call BLOB, asked BLOB
);
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, lease TEXT NOT NULL, scope BLOB NOT NULL,
  identities BLOB NOT NULL, reserved REAL NOT NULL, spent REAL NOT NULL DEFAULT 0,
  held REAL NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'open'
);
CREATE INDEX batches_of_a_run ON batches (run);
CREATE INDEX batches_of_a_lease ON batches (lease);
CREATE VIEW stakes AS
  SELECT batches.*, (
    SELECT COALESCE(SUM(credits), 0) FROM requests
    WHERE batch = batches.id AND billed AND COALESCE(outcome, '') NOT IN ('refused', 'not_sent')
  ) AS at_risk FROM batches;
CREATE TABLE claims (
  fingerprint BLOB PRIMARY KEY, batch INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX claims_of_a_batch ON claims (batch);
CREATE TABLE requests (
  id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, step INTEGER NOT NULL, method TEXT NOT NULL,
  path TEXT NOT NULL, billed INTEGER NOT NULL, credits REAL NOT NULL, sent REAL NOT NULL,
  answered REAL, outcome TEXT, status INTEGER, headers BLOB, body BLOB
);
CREATE INDEX requests_of_a_batch ON requests (batch);
CREATE TABLE results (
  fingerprint BLOB PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL,
  identity BLOB NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, note TEXT NOT NULL,
  model BLOB, credits REAL NOT NULL, batch INTEGER NOT NULL, fetched REAL NOT NULL,
  not_before REAL
);
CREATE TABLE tombstones (
  key BLOB NOT NULL, provider TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  since REAL NOT NULL, PRIMARY KEY (key, provider)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""
SCHEMA += f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}"

# What brings a file of an older version to the next one; nothing in it is lost.
MIGRATIONS = {
    1: """
ALTER TABLE runs ADD COLUMN call BLOB;
ALTER TABLE runs ADD COLUMN asked BLOB;
CREATE TABLE tombstones (
  key BLOB NOT NULL, provider TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  since REAL NOT NULL, PRIMARY KEY (key, provider)
) WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 2
""",
}
PRAGMAS = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA secure_delete = ON",
    "PRAGMA cache_spill = OFF",  # a spill needs the readers out of the way in mid-transaction
)
LOOK = "SELECT COUNT(*) FROM sqlite_master"  # takes the lock that BEGIN puts off


# One transaction at a time in a process. SQLite would keep its threads apart too, by polling; and a
# fork in the middle of a transaction would leave the child a half that its exit rolls back.
_turn = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release
    )


class Database:
    """One connection, reopened after a fork; SQLite's own lock keeps processes apart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with _turn, explained(path):
            _make_private(path)
            self._connection = _connect(path)
        self._inherited: sqlite3.Connection | None = None
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the connection."""
        with _turn, explained(self.path):
            self._connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for reading the file as it is at one moment."""
        with self._transaction("DEFERRED") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction, committed at the end or not at all."""
        with self._transaction("IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[sqlite3.Connection]:
        with _turn, explained(self.path):
            connection = self._own()
            _patiently(connection, f"BEGIN {kind}", LOOK)
            try:
                yield connection
                _patiently(connection, "COMMIT")
            except BaseException:
                if connection.in_transaction:  # some errors have rolled back already
                    connection.rollback()
                raise

    def _own(self) -> sqlite3.Connection:
        """Return this process's connection: a fork's child must not use its parent's."""
        if self._pid != os.getpid():
            self._inherited = self._connection  # kept, for closing it is a use too
            self._connection, self._pid = _connect(self.path), os.getpid()
        return self._connection


def insert(connection: sqlite3.Connection, table: str, values: dict[str, Any]) -> int:
    """Insert a row and return its id."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = connection.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - names are the library's own
        tuple(values.values()),
    )
    return int(cursor.lastrowid or 0)


def select_in(
    connection: sqlite3.Connection, query: str, keys: Sequence[bytes], *parameters: Any
) -> Iterator[sqlite3.Row]:
    """Run a query whose ``{}`` takes a list of keys, some hundred keys at a time."""
    for start in range(0, len(keys), LOOK_UP):
        chunk = keys[start : start + LOOK_UP]
        marks = ",".join("?" * len(chunk))
        yield from connection.execute(query.format(marks), (*chunk, *parameters)).fetchall()


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it is never readable by others."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # One that exists is never opened here: closing it would drop all locks that this process has.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is a link, or no file")
    if found.st_uid != getattr(os, "geteuid", lambda: found.st_uid)():
        raise OSError("it belongs to another user")
    if found.st_mode & 0o077:
        path.chmod(0o600)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _patiently(connection, "BEGIN", LOOK)
        version = _version(connection, path)  # asked first: the pragmas change the file
        _patiently(connection, "COMMIT", *PRAGMAS)
        if version < VERSION:
            _bring_up(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _bring_up(connection: sqlite3.Connection, path: Path) -> None:
    """Lay out an empty file, or bring one of an older version to this one, all at once."""
    _patiently(connection, "BEGIN IMMEDIATE")
    # Asked again: another process may have been faster.
    while (version := _version(connection, path)) < VERSION:
        for statement in (MIGRATIONS[version] if version else SCHEMA).split(";"):
            connection.execute(statement)
    _patiently(connection, "COMMIT")


def _patiently(connection: sqlite3.Connection, *statements: str) -> None:
    """Run statements, and wait for whoever has locked the file: in pieces, to hear a Ctrl-C."""
    until = time.monotonic() + PATIENCE
    while statements:
        try:
            connection.execute(statements[0]).fetchall()
            statements = statements[1:]
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return a journal's version, 0 for an empty file; refuse any other."""
    names = ("application_id", "user_version")
    marks = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    tables = connection.execute(LOOK).fetchone()[0]
    application, version = marks
    if marks == (0, 0) and not tables:
        return 0
    if application != APPLICATION_ID or version not in (*MIGRATIONS, VERSION):
        raise JournalError(
            f"{path} is not a journal of this version of enrich_pandas.",
            cost="Nothing was spent and the file was not changed.",
            todo="Name another folder in ENRICH_PANDAS_HOME, or update enrich_pandas.",
        )
    return int(version)


@contextmanager
def explained(path: Path, *damage: type[Exception]) -> Iterator[None]:
    """Turn SQLite's and the system's errors into ours, and those that only damage explains."""
    kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError, UnicodeError, *damage)
    try:
        yield
    except kinds as error:
        raise JournalError(
            f"The journal {path} cannot be used: {error}.",
            cost="Nothing was spent after this.",
            todo="Free the disk or mend the file, then repeat the call: it continues from there.",
        ) from error
