"""Commits: what several threads write at the same time reaches the disk together.

A commit waits for the disk, for one millisecond or for thirty, and a process has one transaction at
a time. So a thread that has written, while others wait to write, leaves its transaction open for
them, for as long as a commit takes; whoever comes later, or finds nobody behind it, commits for
all. Nobody goes on before the commit of its own writes, and who fails takes back its own alone.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

PATIENCE = 60.0  # seconds to wait for whoever has locked the file
STRANDED = 0.05  # seconds after which who waits for a commit sees to it: an interrupt is possible
LOOK = "SELECT COUNT(*) FROM sqlite_master"  # takes the lock that BEGIN puts off

# Whose turn it is to use a connection. SQLite would keep threads apart too, by polling.
turn = threading.RLock()


def patiently(
    connection: sqlite3.Connection, *statements: str, parameters: Sequence[Any] = ()
) -> list[sqlite3.Row]:
    """Run statements, and wait for whoever has locked the file: in pieces, to hear a Ctrl-C.

    Returns the rows of the last one.
    """
    until = time.monotonic() + PATIENCE
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


class _Group:
    """A transaction of several threads; used by whoever has the turn."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        patiently(connection, "BEGIN IMMEDIATE")
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
                patiently(self.connection, "COMMIT")
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
            while not self._settled.wait(STRANDED):
                with turn:
                    self.commit()
        except BaseException:  # an interrupt; what is left open would lock out other processes
            with turn:
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


_open = list[_Group]()  # the one that waits for the next thread


def commit_what_is_open() -> None:
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
            with turn:
                self._waiting.discard(me)
                group = _group_on(connect())
                try:
                    with group.written() as connection:
                        yield connection
                finally:
                    self._leave(group)
        finally:
            self._waiting.discard(me)
        group.wait()

    def _leave(self, group: _Group) -> None:
        """Leave it open for those who wait, but for no longer than a commit takes."""
        if self._waiting and group.age < self._took:
            _open.append(group)
        else:
            began = time.monotonic()
            _open.append(group)  # first: where an interrupt comes, the next one commits it
            commit_what_is_open()
            self._took = time.monotonic() - began


def _group_on(connection: sqlite3.Connection) -> _Group:
    """Return the transaction that is open on a connection, or begin one."""
    if _open and _open[-1].connection is connection and not _open[-1].is_settled:
        return _open.pop()
    commit_what_is_open()
    return _Group(connection)


def _before_a_fork() -> None:
    """Let no transaction be open: the child would have a half of it, which its exit rolls back."""
    turn.acquire()
    commit_what_is_open()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_a_fork, after_in_parent=turn.release, after_in_child=turn.release
    )
