"""Commits that several threads share: durable before a thread continues, with separate errors."""

import os
import sqlite3
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest.mock import patch

import pytest

from enrich_pandas.errors import JournalError
from enrich_pandas.journal import database as module
from enrich_pandas.journal.database import Database

SET = "INSERT INTO settings VALUES (?, ?)"
THREADS = 8


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "journal.sqlite")
    yield database
    database.close()


@pytest.fixture
def slow_commits(monkeypatch):
    """Make each commit slow, as on a slow disk, and count the commits."""
    commit, counted = module._SharedTransaction.commit, []

    def slowly(group):
        if not group.is_settled:
            counted.append(group)
            time.sleep(0.02)
        commit(group)

    monkeypatch.setattr(module._SharedTransaction, "commit", slowly)
    return counted


def committed(database):
    """Return the names that another process would read."""
    with closing(sqlite3.connect(database.path)) as other:
        return {name for (name,) in other.execute("SELECT name FROM settings")}


def write(database, name, fails=None):
    with database.writing() as connection:
        connection.execute(SET, (name, 0))
        if fails:
            raise fails
    return name in committed(database)


def leave_next_transaction_open(database):
    """Make the next writer leave its transaction open for another one."""
    database._writers._waiting.add("interrupted on its way")
    database._writers._took = 60.0


def together(database, names):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda name: write(database, name), names))


def test_threads_share_commits(database, slow_commits):
    names = [f"n{number}" for number in range(100)]
    assert all(together(database, names))
    assert committed(database) == set(names)
    assert len(slow_commits) <= 100 / (THREADS / 2)


def test_single_thread_commits_each_write(database, slow_commits):
    assert all(write(database, f"n{number}") for number in range(5))
    assert len(slow_commits) == 5


class FailureError(Exception):
    pass


def test_failed_thread_rolls_back_only_its_writes(database, slow_commits):
    def attempt(number):
        try:
            return write(database, f"n{number}", FailureError() if number % 3 == 0 else None)
        except FailureError:
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(attempt, range(60)))
    assert done == [None if number % 3 == 0 else True for number in range(60)]
    assert committed(database) == {f"n{number}" for number in range(60) if number % 3}


def test_failed_commit_raises_in_every_waiting_thread(database, slow_commits):
    def full(connection, *statements):
        if statements == ("COMMIT",) and not is_mended.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return patiently(connection, *statements)

    def attempt(number):
        try:
            return write(database, f"n{number}")
        except JournalError as error:
            return "failed" if "full" in str(error) else str(error)

    patiently, is_mended = module.execute_patiently, threading.Event()
    with patch.object(module, "execute_patiently", full), ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(attempt, range(20))) == ["failed"] * 20
        assert committed(database) == set()
        is_mended.set()
        assert list(pool.map(attempt, range(20, 40))) == [True] * 20
    assert committed(database) == {f"n{number}" for number in range(20, 40)}


def test_rollback_by_sqlite_raises_in_every_thread(database, slow_commits):
    def attempt(number):
        try:
            return write(database, f"n{number}" if number else "x" * 10_000_000)
        except JournalError:
            return "failed"

    with database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(attempt, range(THREADS)))
    assert done[0] == "failed"
    successful = {f"n{number}" for number, one in enumerate(done) if one is True}
    assert committed(database) == successful


def test_silent_rollback_raises_in_every_thread(database, slow_commits):
    """For example if a writer suppresses the error of a full disk."""

    def attempt(number):
        try:
            with database.writing() as connection:
                connection.execute(SET, (f"n{number}", 0))
                if number == THREADS - 1:
                    connection.rollback()
        except JournalError:
            return "failed"
        return f"n{number}" in committed(database)

    for _ in range(10):
        with ThreadPoolExecutor(THREADS) as pool:
            done = list(pool.map(attempt, range(THREADS)))
        assert done[-1] == "failed"
        assert set(done[:-1]) <= {True, "failed"}
        with database.writing() as connection:
            connection.execute("DELETE FROM settings")


def test_reader_sees_only_committed_writes(database, slow_commits):
    def look(_):
        with database.reading() as connection:
            seen = {name for (name,) in connection.execute("SELECT name FROM settings")}
        return seen <= committed(database)

    with ThreadPoolExecutor(THREADS) as pool:
        written = pool.map(lambda n: write(database, f"n{n}"), range(40))
        assert all(pool.map(look, range(40)))
        assert all(written)


def test_waiting_thread_commits_if_no_other_does(database):
    leave_next_transaction_open(database)
    assert write(database, "n")


def test_interrupt_of_a_waiting_thread_commits(database):
    leave_next_transaction_open(database)
    with (
        patch.object(threading.Event, "wait", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        write(database, "n")
    assert committed(database) == {"n"}


def test_two_databases_do_not_share_a_transaction(database, tmp_path):
    other = Database(tmp_path / "other.sqlite")

    def attempt(number):
        return write([database, other][number % 2], f"n{number}")

    with ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(attempt, range(40)))
    assert committed(other) == {f"n{number}" for number in range(1, 40, 2)}
    other.close()


def test_fork_commits_the_open_transaction(database):
    leave_next_transaction_open(database)
    with ThreadPoolExecutor(1) as pool:
        with patch.object(module, "COMMIT_POLL", 60):
            first = pool.submit(write, database, "n")
            until = time.monotonic() + 60
            while not module._open and time.monotonic() < until:
                time.sleep(0.001)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # threads and a fork are the point
            child = os.fork()
        if not child:
            os._exit(0 if write(database, "of the child") else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert first.result(60)
    database._writers._waiting.clear()
    assert committed(database) == {"n", "of the child"}
