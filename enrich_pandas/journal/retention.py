"""Expiry: what has been stored for too long goes, and who may have been paid for is held.

What a dead process has left unread goes, too: of its people only that they may have been paid for
stays, so that nobody asks about them again by himself.
"""

import sqlite3
import time
from collections.abc import Callable

from enrich_pandas.journal.claims import release
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.records import Answer, fingerprint, pack, read_identity, store, unpack
from enrich_pandas.providers.base import Match, Status

DAY = 86_400.0
SWEPT = "SELECT value FROM settings WHERE name = 'swept'"
OPEN = """
    SELECT stakes.*, provider, kind, MAX(started, COALESCE(
      (SELECT MAX(COALESCE(answered, sent)) FROM requests WHERE batch = stakes.id), 0)) AS since
    FROM stakes JOIN runs ON runs.id = run WHERE state = 'open' AND since < ?
"""
# A hit that goes leaves what came when it was asked for once more: a lost answer stays held.
UNCOVERED = """
    UPDATE results SET status = worse, reason = iif(worse = 'held', 'answer_lost', ''), note = '',
    model = NULL, credits = 0, fetched = asked, not_before = NULL, asked = NULL, worse = NULL
    WHERE fetched < ? AND worse IS NOT NULL
"""
HELD = "UPDATE batches SET state = 'landed', held = MAX(held, ?) WHERE id = ?"


class Retention:
    """Takes what is too old out of a journal's file.

    Parameters
    ----------
    database
        The file.
    is_alive
        Tells whether the owner of a lease still lives.
    """

    def __init__(self, database: Database, is_alive: Callable[[str], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    def delete_expired(self, retention: float) -> None:
        """Delete what is older than so many seconds, at most once a day.

        What is held stays: without it, a row that may have been paid for would be asked again. An
        answer that nobody has read yet has a day at least, however short the others are kept.
        """
        now = time.time()
        with self._database.reading() as connection:
            swept = connection.execute(SWEPT).fetchone()
            # A time to come was written by a clock that was ahead; it is not waited for.
            if swept and 0 <= now - unpack(swept[0]) < min(DAY, retention):
                return
            unread = connection.execute(OPEN, (until := now - max(DAY, retention),)).fetchall()
        dead = {lease for lease in {row["lease"] for row in unread} if not self._is_alive(lease)}
        with self._database.writing() as connection:
            _delete_results(connection, now - retention)  # first: no held one hides behind a hit
            for row in connection.execute(OPEN, (until,)).fetchall():
                if row["lease"] in dead:
                    _expire_batch(connection, row)
            _delete_answers(connection, now - retention)
            connection.execute("INSERT OR REPLACE INTO settings VALUES ('swept', ?)", (pack(now),))


def _delete_results(connection: sqlite3.Connection, moment: float) -> None:
    connection.execute(UNCOVERED, (moment,))
    connection.execute(
        "DELETE FROM results WHERE fetched < ? AND status != ?", (moment, Status.HELD)
    )


def _expire_batch(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Hold whom a dead process left; let them go where nothing can have been charged."""
    if row["at_risk"] is None:
        release(connection, [row["id"]])
        return
    held = [
        Match(identity=read_identity(pairs), status=Status.HELD, reason="unread")
        for pairs in unpack(row["identities"])
    ]
    answers = {
        fingerprint(row["scope"], match.identity): Answer(match, row["since"], row["provider"])
        for match in held
    }
    store(connection, answers, row["kind"], row["id"])
    connection.execute("DELETE FROM claims WHERE batch = ?", (row["id"],))
    connection.execute(HELD, (row["at_risk"], row["id"]))


def _delete_answers(connection: sqlite3.Connection, moment: float) -> None:
    """Delete raw answers, and whom batches and runs were about."""
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
