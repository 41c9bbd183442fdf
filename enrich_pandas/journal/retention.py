"""Retention: delete what is older than the retention period, and hold what may be paid for.

The unread answers of a dead process are deleted, too. Their rows become held, because they may
have been paid for and must not be requested again by accident.
"""

import sqlite3
import time
from collections.abc import Callable

from enrich_pandas.journal.claims import release
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.records import (
    Answer,
    fingerprint,
    pack,
    read_identity,
    store,
    unpack,
)
from enrich_pandas.providers.base import Match, Status

DAY = 86_400.0
LAST_DELETION = "SELECT value FROM settings WHERE name = 'swept'"
OPEN = """
    SELECT batch_risks.*, provider, kind, MAX(started, COALESCE((
      SELECT MAX(COALESCE(answered, sent)) FROM requests WHERE batch = batch_risks.id), 0)
    ) AS since
    FROM batch_risks JOIN runs ON runs.id = run WHERE state = 'open' AND since < ?
"""
# An expired match is replaced by the outcome of its last request: a lost answer stays held.
RESTORE_LATER_STATUS = """
    UPDATE results SET status = later_status,
    reason = iif(later_status = 'held', 'answer_lost', ''), note = '', model = NULL,
    element = NULL, credits = 0,
    fetched = requested_again, not_before = NULL, requested_again = NULL, later_status = NULL
    WHERE fetched < ? AND later_status IS NOT NULL
"""
DELETE_ELEMENTS = """
    DELETE FROM elements WHERE id NOT IN (SELECT element FROM results WHERE element IS NOT NULL)
    AND batch NOT IN (SELECT batch FROM requests WHERE body IS NOT NULL)
"""
HELD = "UPDATE batches SET state = 'landed', held = MAX(held, ?) WHERE id = ?"


class Retention:
    """Deletes what is too old from the file of a journal.

    Parameters
    ----------
    database
        The file of the journal.
    is_alive
        Returns whether the process of a lease is alive.
    """

    def __init__(self, database: Database, is_alive: Callable[[str], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    def delete_expired(self, retention: float) -> None:
        """Delete what is older than ``retention`` seconds, at most once a day.

        Held rows stay: without them, rows that may have been paid for would be requested again.
        An unread answer is kept for a day at least, even if the retention is shorter.
        """
        now = time.time()
        with self._database.reading() as connection:
            last = connection.execute(LAST_DELETION).fetchone()
            # A future time was written by a clock that was ahead; do not wait for it.
            if last and 0 <= now - unpack(last[0]) < min(DAY, retention):
                return
            unread = connection.execute(OPEN, (until := now - max(DAY, retention),)).fetchall()
        dead = {lease for lease in {row["lease"] for row in unread} if not self._is_alive(lease)}
        with self._database.writing() as connection:
            _delete_results(connection, now - retention)  # first: a match may cover a held row
            for row in connection.execute(OPEN, (until,)).fetchall():
                if row["lease"] in dead:
                    _expire_batch(connection, row)
            _delete_answers(connection, now - retention)
            connection.execute("INSERT OR REPLACE INTO settings VALUES ('swept', ?)", (pack(now),))


def _delete_results(connection: sqlite3.Connection, moment: float) -> None:
    connection.execute(RESTORE_LATER_STATUS, (moment,))
    connection.execute(
        "DELETE FROM results WHERE fetched < ? AND status != ?", (moment, Status.HELD)
    )


def _expire_batch(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Hold the identities of a dead batch; release them if nothing can have been charged."""
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
    """Delete raw answers with their elements, and the identities of batches and runs."""
    connection.execute(
        "UPDATE requests SET headers = NULL, body = NULL WHERE answered < ? AND body IS NOT NULL "
        "AND batch IN (SELECT id FROM batches WHERE state != 'open')",
        (moment,),
    )
    connection.execute(DELETE_ELEMENTS)
    connection.execute(
        "UPDATE batches SET identities = ? WHERE state != 'open' AND identities != ? "
        "AND run IN (SELECT id FROM runs WHERE started < ?)",
        (pack([]), pack([]), moment),
    )
    connection.execute("UPDATE runs SET input = NULL WHERE started < ?", (moment,))
