"""The journal's file: private from its first byte, written durably, read in bulk.

A rollback journal with ``synchronous=EXTRA``: a commit has reached the disk when it returns.
"""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from enrich_pandas.errors import JournalError

# -- Commits: what several threads write at the same time reaches the disk together --------------
# A commit waits for the disk, for one millisecond or for thirty, and a process has one transaction
# at a time. So a thread that has written, while others wait to write, leaves its transaction open
# for them, for as long as a commit takes; whoever comes later, or finds nobody behind it, commits
# for all. Nobody goes on before the commit of its own writes, and who fails takes back its own
# alone.

LOCK_TIMEOUT = 60.0  # seconds to wait for whoever has locked the file
COMMIT_POLL = (
    0.05  # seconds after which who waits for a commit sees to it: an interrupt is possible
)
TAKE_READ_LOCK = "SELECT COUNT(*) FROM sqlite_master"  # takes the lock that BEGIN puts off

# Whose turn it is to use a connection. SQLite would keep threads apart too, by polling.
connection_lock = threading.RLock()


def execute_patiently(
    connection: sqlite3.Connection, *statements: str, parameters: Sequence[Any] = ()
) -> list[sqlite3.Row]:
    """Run statements, and wait for whoever has locked the file: in pieces, to hear a Ctrl-C.

    Returns the rows of the last one.
    """
    until = time.monotonic() + LOCK_TIMEOUT
    rows = list[sqlite3.Row]()
    while statements:
        try:
            rows = connection.execute(statements[0], parameters).fetchall()
            statements = statements[1:]
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > until:
                raise
    return rows


class _SharedTransaction:
    """A transaction of several threads; used by whoever has the turn."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        execute_patiently(connection, "BEGIN IMMEDIATE")
        self.connection, self._begun = connection, time.monotonic()
        self._is_shared = self._is_committing = False
        self._settled = threading.Event()
        self._failure: sqlite3.Error | None = None

    @contextmanager
    def written(self) -> Iterator[sqlite3.Connection]:
        """Let one thread write; take back what it wrote where it fails."""
        if self._is_shared:
            self.connection.execute("SAVEPOINT own")
        try:
            yield self.connection
            self._take_over()
        except BaseException as error:
            self._take_back(error)
            raise
        self._is_shared = True

    def _take_over(self) -> None:
        """Count what a thread has written; raise where it is gone, though nobody has said so."""
        if self._is_shared:
            self.connection.execute("RELEASE own")
        if not self.connection.in_transaction:
            raise self._gone()

    def _take_back(self, error: BaseException) -> None:
        """Take back one thread's writes: the first one's are all that there is."""
        if not self.connection.in_transaction:  # of a full disk, say: SQLite has taken back all
            self._settle(error if isinstance(error, sqlite3.Error) else self._gone())
        elif self._is_shared:
            self.connection.execute("ROLLBACK TO own")
            self.connection.execute("RELEASE own")
        else:
            self.connection.rollback()
            self._settle()

    @property
    def age(self) -> float:
        """Return the seconds since it was begun."""
        return time.monotonic() - self._begun

    @property
    def is_settled(self) -> bool:
        """Whether it has been committed, or has failed."""
        return self._settled.is_set()

    def commit(self) -> None:
        """Commit, unless that is done; who waits for it is told of a failure."""
        if self.is_settled:
            return
        try:
            if self.connection.in_transaction:
                self._is_committing = True
                execute_patiently(self.connection, "COMMIT")
            elif not self._is_committing:  # else an interrupt came just after the commit
                raise self._gone()
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.rollback()
            self._settle(error)
        else:
            self._settle()

    def wait(self) -> None:
        """Return when it has been committed; raise what prevented it."""
        try:
            while not self._settled.wait(COMMIT_POLL):
                with connection_lock:
                    self.commit()
        except BaseException:  # an interrupt; what is left open would lock out other processes
            with connection_lock:
                self.commit()
            raise
        if self._failure is not None:
            raise self._failure

    @staticmethod
    def _gone() -> sqlite3.Error:
        return sqlite3.OperationalError("SQLite has rolled the transaction back")

    def _settle(self, failure: sqlite3.Error | None = None) -> None:
        self._failure = failure
        self._settled.set()


_open = list[_SharedTransaction]()  # the one that waits for the next thread


def commit_open_transaction() -> None:
    """Commit what other threads left open; whoever has the turn may use the connection then."""
    while _open:
        _open[-1].commit()
        _open.pop()


class Writers:
    """The threads that write to one database."""

    def __init__(self) -> None:
        self._waiting = set[object]()  # changed in one step each, without a lock
        self._took = 0.0  # seconds, of the last commit

    @contextmanager
    def writing(self, connect: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
        """Lend the connection for writing; on return what was written has been committed."""
        me = object()
        self._waiting.add(me)
        try:
            with connection_lock:
                self._waiting.discard(me)
                group = _transaction_on(connect())
                try:
                    with group.written() as connection:
                        yield connection
                finally:
                    self._leave(group)
        finally:
            self._waiting.discard(me)
        group.wait()

    def _leave(self, group: _SharedTransaction) -> None:
        """Leave it open for those who wait, but for no longer than a commit takes."""
        if self._waiting and group.age < self._took:
            _open.append(group)
        else:
            began = time.monotonic()
            _open.append(group)  # first: where an interrupt comes, the next one commits it
            commit_open_transaction()
            self._took = time.monotonic() - began


def _transaction_on(connection: sqlite3.Connection) -> _SharedTransaction:
    """Return the transaction that is open on a connection, or begin one."""
    if _open and _open[-1].connection is connection and not _open[-1].is_settled:
        return _open.pop()
    commit_open_transaction()
    return _SharedTransaction(connection)


def _before_fork() -> None:
    """Let no transaction be open: the child would have a half of it, which its exit rolls back."""
    connection_lock.acquire()
    commit_open_transaction()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=connection_lock.release,
        after_in_child=connection_lock.release,
    )


# -- The journal's file: private from its first byte, written durably, read in bulk --------------

APPLICATION_ID = 0x656E7270  # "enrp": tells a journal from any other SQLite file
VERSION = 6
KEYS_PER_QUERY = 500  # fingerprints a query; the fastest size measured

# ``at_risk`` is null where nothing can have been charged; 0 is a price as any other.
STAKES = """
CREATE VIEW stakes AS
  SELECT batches.*, (
    SELECT SUM(credits) FROM requests
    WHERE batch = batches.id AND billed AND COALESCE(outcome, '') NOT IN ('refused', 'not_sent')
  ) AS at_risk FROM batches
"""
SCHEMA = f"""
CREATE TABLE runs (
  id TEXT PRIMARY KEY, provider TEXT NOT NULL, kind TEXT NOT NULL, library TEXT NOT NULL,
  started REAL NOT NULL, ended REAL, rows INTEGER NOT NULL, identities INTEGER NOT NULL,
  credits_planned REAL NOT NULL, budget REAL, budget_name TEXT, status TEXT NOT NULL,
  lease TEXT NOT NULL, call BLOB, asked BLOB, balance REAL
);
CREATE INDEX runs_of_a_budget ON runs (budget_name);
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, lease TEXT NOT NULL, scope BLOB NOT NULL,
  identities BLOB NOT NULL, reserved REAL NOT NULL, spent REAL NOT NULL DEFAULT 0,
  held REAL NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'open'
);
CREATE INDEX batches_of_a_run ON batches (run);
CREATE INDEX batches_of_a_lease ON batches (lease);
{STAKES};
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
  not_before REAL, asked REAL, worse TEXT
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
    2: """
ALTER TABLE runs ADD COLUMN budget_name TEXT;
UPDATE runs SET budget_name = id WHERE budget IS NOT NULL;
CREATE INDEX runs_of_a_budget ON runs (budget_name);
PRAGMA user_version = 3
""",
    3: """
ALTER TABLE runs ADD COLUMN balance REAL;
PRAGMA user_version = 4
""",
    4: f"""
ALTER TABLE results ADD COLUMN asked REAL;
DROP VIEW stakes;
{STAKES};
PRAGMA user_version = 5
""",
    5: """
ALTER TABLE results ADD COLUMN worse TEXT;
UPDATE results SET worse = 'held' WHERE asked IS NOT NULL;
PRAGMA user_version = 6
""",
}
PRAGMAS = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA secure_delete = ON",
    # In pages, 62 MB of them: a spill needs the readers out of the way in mid-transaction, so none
    # happens but where room is made for thousands at once, which memory would else hold as a whole.
    # A multiple of 256 would switch it off: SQLite reads the number's last byte as the switch.
    "PRAGMA cache_spill = 16001",
)


class Database:
    """One connection, reopened after a fork; SQLite's own lock keeps processes apart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with connection_lock, translate_errors(path):
            _make_private(path)
            self._connection = _connect(path)
        self._writers = Writers()
        self._inherited: sqlite3.Connection | None = None
        self._pid = os.getpid()

    def close(self) -> None:
        """Close the connection."""
        with connection_lock, translate_errors(self.path):
            try:
                commit_open_transaction()
            finally:
                self._connection.close()

    @contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """Close the connection if what is done here fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for reading the file as it is at one moment."""
        with connection_lock, translate_errors(self.path):
            commit_open_transaction()
            connection = self._own()
            execute_patiently(connection, "BEGIN", TAKE_READ_LOCK)
            try:
                yield connection
            finally:
                connection.rollback()

    def query(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of one query; what threads have just written counts already."""
        with connection_lock, translate_errors(self.path):
            return execute_patiently(self._own(), query, parameters=parameters)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for one transaction, committed at the end or not at all.

        What threads write at the same time is committed together.
        """
        with translate_errors(self.path), self._writers.writing(self._own) as connection:
            yield connection

    def _own(self) -> sqlite3.Connection:
        """Return this process's connection: a fork's child must not use its parent's."""
        if self._pid != os.getpid():
            self._inherited = self._connection  # kept, for closing it is a use too
            self._connection, self._pid = _connect(self.path), os.getpid()
            self._writers = Writers()  # without those of its parent's threads
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
    execute: Callable[[str, tuple[Any, ...]], Iterable[sqlite3.Row]],
    query: str,
    keys: Sequence[bytes],
    *parameters: Any,
) -> Iterator[sqlite3.Row]:
    """Run a query whose ``{}`` takes a list of keys, some hundred keys at a time."""
    for start in range(0, len(keys), KEYS_PER_QUERY):
        chunk = keys[start : start + KEYS_PER_QUERY]
        marks = ",".join("?" * len(chunk))
        yield from list(execute(query.format(marks), (*chunk, *parameters)))


def _make_private(path: Path) -> None:
    """Make the file before SQLite does, so that it is never readable by others."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(*path.parent.parents)  # SQLite does so for the folder itself
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


def _sync(*folders: Path) -> None:
    """Let a new folder outlast a loss of power; on Windows it does so by itself."""
    for folder in folders:
        with suppress(OSError):  # one that may not be read was there before
            place = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(place)
            finally:
                os.close(place)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0.5, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        execute_patiently(connection, "BEGIN", TAKE_READ_LOCK)
        version = _version(connection, path)  # asked first: the pragmas change the file
        execute_patiently(connection, "COMMIT", *PRAGMAS)
        if version < VERSION:
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Lay out an empty file, or bring one of an older version to this one, all at once."""
    execute_patiently(connection, "BEGIN IMMEDIATE")
    # Asked again: another process may have been faster.
    while (version := _version(connection, path)) < VERSION:
        for statement in (MIGRATIONS[version] if version else SCHEMA).split(";"):
            connection.execute(statement)
    execute_patiently(connection, "COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return a journal's version, 0 for an empty file; refuse any other."""
    names = ("application_id", "user_version")
    marks = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
    tables = connection.execute(TAKE_READ_LOCK).fetchone()[0]
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


def _remedy(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:  # whoever was stopped while it wrote holds the file
        return "Let the other process that holds it go on, or end it"
    return "Free the disk or mend the file"


@contextmanager
def translate_errors(path: Path, *damage: type[Exception]) -> Iterator[None]:
    """Turn SQLite's and the system's errors into ours, and those that only damage explains."""
    kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError, UnicodeError, *damage)
    try:
        yield
    except kinds as error:
        raise JournalError(
            f"The journal {path} cannot be used: {error}.",
            cost="Nothing was spent after this.",
            todo=f"{_remedy(error)}, then repeat the call: it continues from there.",
        ) from error
