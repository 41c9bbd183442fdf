"""The SQLite file of the journal: private, durable, shared by threads and processes.

The file uses a rollback journal with ``synchronous=EXTRA``, so a commit has reached the disk when
it returns. A commit waits for the disk, between 1 and 30 ms, and a process has one transaction at
a time. Therefore threads share commits: a thread that has written while others wait to write
leaves its transaction open for them, for at most the time of one commit. Each thread continues
only after the commit of its own writes. A thread that fails rolls back only its own writes.
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
from enrich_pandas.journal.schema import APPLICATION_ID, MIGRATIONS, SCHEMA, VERSION

# Shared commits

LOCK_TIMEOUT = 60.0  # seconds to wait for a process that has locked the file
# Seconds after which a waiting thread commits by itself: the thread that should do so may have
# been interrupted.
COMMIT_POLL = 0.05
TAKE_READ_LOCK = "SELECT COUNT(*) FROM sqlite_master"  # BEGIN alone takes no lock

# Held while a thread uses a connection. SQLite's own locking between threads polls.
connection_lock = threading.RLock()


def execute_patiently(
    connection: sqlite3.Connection, *statements: str, parameters: Sequence[Any] = ()
) -> list[sqlite3.Row]:
    """Execute statements and retry while another process has locked the file.

    SQLite's own wait cannot be interrupted, so it is short and repeated: Ctrl-C works. Return the
    rows of the last statement.
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
    """A transaction of several threads; used while holding `connection_lock`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        execute_patiently(connection, "BEGIN IMMEDIATE")
        self.connection, self._started = connection, time.monotonic()
        self._is_shared = self._is_committing = False
        self._settled = threading.Event()
        self._failure: sqlite3.Error | None = None

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection to one thread; roll back its writes if it fails."""
        if self._is_shared:
            self.connection.execute("SAVEPOINT own")
        try:
            yield self.connection
            self._finish_write()
        except BaseException as error:
            self._roll_back(error)
            raise
        self._is_shared = True

    def _finish_write(self) -> None:
        """Keep the writes of a thread; raise if SQLite has silently rolled them back."""
        if self._is_shared:
            self.connection.execute("RELEASE own")
        if not self.connection.in_transaction:
            raise self._rolled_back()

    def _roll_back(self, error: BaseException) -> None:
        """Roll back the writes of one thread; those of the first are the whole transaction."""
        if not self.connection.in_transaction:  # SQLite has rolled back all, e.g. on a full disk
            self._settle(error if isinstance(error, sqlite3.Error) else self._rolled_back())
        elif self._is_shared:
            self.connection.execute("ROLLBACK TO own")
            self.connection.execute("RELEASE own")
        else:
            self.connection.rollback()
            self._settle()

    @property
    def age(self) -> float:
        """Return the seconds since the transaction started."""
        return time.monotonic() - self._started

    @property
    def is_settled(self) -> bool:
        """Whether the transaction has been committed or has failed."""
        return self._settled.is_set()

    def commit(self) -> None:
        """Commit, unless that is done; pass a failure on to every waiting thread."""
        if self.is_settled:
            return
        try:
            if self.connection.in_transaction:
                self._is_committing = True
                execute_patiently(self.connection, "COMMIT")
            elif not self._is_committing:  # else an interrupt came just after the commit
                raise self._rolled_back()
        except sqlite3.Error as error:
            if self.connection.in_transaction:
                self.connection.rollback()
            self._settle(error)
        else:
            self._settle()

    def wait(self) -> None:
        """Wait for the commit; raise the error that prevented it."""
        try:
            while not self._settled.wait(COMMIT_POLL):
                with connection_lock:
                    self.commit()
        except BaseException:  # an interrupt; an open transaction would lock out other processes
            with connection_lock:
                self.commit()
            raise
        if self._failure is not None:
            raise self._failure

    @staticmethod
    def _rolled_back() -> sqlite3.Error:
        return sqlite3.OperationalError("SQLite has rolled the transaction back")

    def _settle(self, failure: sqlite3.Error | None = None) -> None:
        self._failure = failure
        self._settled.set()


_open = list[_SharedTransaction]()  # at most one, which waits for the next thread


def commit_open_transaction() -> None:
    """Commit what other threads left open; call it while holding `connection_lock`."""
    while _open:
        _open[-1].commit()
        _open.pop()


class Writers:
    """Coordinates the threads that write to one database."""

    def __init__(self) -> None:
        self._waiting = set[object]()  # each change is atomic and needs no lock
        self._took = 0.0  # seconds that the last commit took

    @contextmanager
    def writing(self, connect: Callable[[], sqlite3.Connection]) -> Iterator[sqlite3.Connection]:
        """Yield the connection for writing; on exit the writes have been committed."""
        me = object()
        self._waiting.add(me)
        try:
            with connection_lock:
                self._waiting.discard(me)
                transaction = _transaction_on(connect())
                try:
                    with transaction.write() as connection:
                        yield connection
                finally:
                    self._leave(transaction)
        finally:
            self._waiting.discard(me)
        transaction.wait()

    def _leave(self, transaction: _SharedTransaction) -> None:
        """Leave the transaction open for waiting threads, for at most the time of a commit."""
        if self._waiting and transaction.age < self._took:
            _open.append(transaction)
        else:
            began = time.monotonic()
            _open.append(transaction)  # first: after an interrupt the next thread commits it
            commit_open_transaction()
            self._took = time.monotonic() - began


def _transaction_on(connection: sqlite3.Connection) -> _SharedTransaction:
    """Return the open transaction of a connection, or begin one."""
    if _open and _open[-1].connection is connection and not _open[-1].is_settled:
        return _open.pop()
    commit_open_transaction()
    return _SharedTransaction(connection)


def _before_fork() -> None:
    """Commit before a fork: the child's exit would roll back a copy of the transaction."""
    connection_lock.acquire()
    commit_open_transaction()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=connection_lock.release,
        after_in_child=connection_lock.release,
    )


# The file

KEYS_PER_QUERY = 500  # the fastest size measured
PRAGMAS = (
    "PRAGMA journal_mode = TRUNCATE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA secure_delete = ON",
    # 62 MB, in pages. SQLite writes pages in mid-transaction only beyond that, because it has to
    # wait for readers then. It happens when space for thousands of answers is reserved at once,
    # which memory would hold otherwise. A multiple of 256 would disable it: SQLite reads the last
    # byte of the number as a Boolean.
    "PRAGMA cache_spill = 16001",
)


class Database:
    """One connection, reopened after a fork; SQLite's own locks separate processes."""

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
        """Close the connection if the block fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for reading a consistent snapshot of the file."""
        with connection_lock, translate_errors(self.path):
            commit_open_transaction()
            connection = self._own()
            execute_patiently(connection, "BEGIN", TAKE_READ_LOCK)
            try:
                yield connection
            finally:
                connection.rollback()

    def query(self, query: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of one query, including writes that are not committed yet."""
        with connection_lock, translate_errors(self.path):
            return execute_patiently(self._own(), query, parameters=parameters)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for one transaction, committed on exit or rolled back.

        Threads that write at the same time share one commit.
        """
        with translate_errors(self.path), self._writers.writing(self._own) as connection:
            yield connection

    def _own(self) -> sqlite3.Connection:
        """Return the connection of this process: a forked child must not use its parent's."""
        if self._pid != os.getpid():
            self._inherited = self._connection  # kept open: closing it would use it
            self._connection, self._pid = _connect(self.path), os.getpid()
            self._writers = Writers()  # without the threads of the parent
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
    keys: Sequence[bytes | int],
    *parameters: Any,
) -> Iterator[sqlite3.Row]:
    """Run a query whose ``{}`` is a list of keys, `KEYS_PER_QUERY` keys at a time."""
    for start in range(0, len(keys), KEYS_PER_QUERY):
        chunk = keys[start : start + KEYS_PER_QUERY]
        marks = ",".join("?" * len(chunk))
        yield from list(execute(query.format(marks), (*chunk, *parameters)))


def _make_private(path: Path) -> None:
    """Create the file before SQLite does, so that other users can never read it."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(*path.parent.parents)  # SQLite syncs the folder itself
    # An existing file is not opened here: closing it would release all locks of this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is a link or not a regular file")
    if found.st_uid != getattr(os, "geteuid", lambda: found.st_uid)():
        raise OSError("it belongs to another user")
    if found.st_mode & 0o077:
        path.chmod(0o600)


def _sync(*folders: Path) -> None:
    """Sync new folders, so that they survive a power failure; not needed on Windows."""
    for folder in folders:
        with suppress(OSError):  # a folder that cannot be read existed before
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
        version = _version(connection, path)  # first, because the pragmas change the file
        execute_patiently(connection, "COMMIT", *PRAGMAS)
        if version < VERSION:
            _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables, or migrate a file of an older version, in one transaction."""
    execute_patiently(connection, "BEGIN IMMEDIATE")
    # Read again: another process may have migrated the file meanwhile.
    while (version := _version(connection, path)) < VERSION:
        for statement in (MIGRATIONS[version] if version else SCHEMA).split(";"):
            connection.execute(statement)
    execute_patiently(connection, "COMMIT")


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a journal, 0 for an empty file; raise for any other file."""
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
    if code == sqlite3.SQLITE_BUSY:  # a process that was suspended in a write holds the lock
        return "Resume or end the other process that has locked it"
    return "Free disk space or restore the file from a copy"


@contextmanager
def translate_errors(path: Path, *damage: type[Exception]) -> Iterator[None]:
    """Raise JournalError for errors of SQLite and the system, and for those in ``damage``."""
    kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError, UnicodeError, *damage)
    try:
        yield
    except kinds as error:
        raise JournalError(
            f"The journal {path} cannot be used: {error}.",
            cost="Nothing was spent after this.",
            todo=f"{_remedy(error)}, then repeat the call: it continues where it stopped.",
        ) from error
