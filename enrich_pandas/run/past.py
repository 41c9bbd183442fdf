"""The past: what the journal tells of runs that have ended or died, and of their raw answers."""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from enrich_pandas.providers.base import Identity, Kind, Outcome, Status
from enrich_pandas.run.database import Database, explained, select_in
from enrich_pandas.run.forgetting import purge
from enrich_pandas.run.records import (
    UNREADABLE,
    Answer,
    Batch,
    pack,
    read_answer,
    read_identity,
    read_response,
    result_row,
    unpack,
)
from enrich_pandas.run.tombstones import Refusal, Stone

RUNNING = "running"
# Not `runs.*`: whom each run asked about would be read with it.
RUNS = """
    SELECT runs.id, provider, kind, library, started, ended, rows, runs.identities,
      credits_planned, budget, status, runs.lease, COALESCE(SUM(spent), 0) AS credits,
      COALESCE(SUM(CASE state WHEN 'open' THEN at_risk ELSE held END), 0) AS credits_held,
      (SELECT COUNT(*) FROM requests JOIN batches ON batches.id = batch
       WHERE run = runs.id) AS requests
    FROM runs LEFT JOIN stakes ON stakes.run = runs.id {}
    GROUP BY runs.id ORDER BY started DESC, runs.rowid DESC
"""
REQUESTS = """
    SELECT COALESCE(outcome, 'unanswered') AS outcome, COUNT(*) AS requests,
      SUM(billed) AS billed, SUM(CASE WHEN billed THEN credits ELSE 0 END) AS credits
    FROM requests WHERE batch IN (SELECT id FROM batches WHERE run = ?) GROUP BY 1 ORDER BY 2 DESC
"""
STORED = "SELECT * FROM results WHERE fingerprint IN ({})"
STATUSES = "SELECT fingerprint, status, reason FROM results WHERE fingerprint IN ({})"
CLAIMS = "SELECT fingerprint FROM claims WHERE fingerprint IN ({})"
EMPTY = (202, 204)  # the answers that have no body from the start


class Begun(NamedTuple):
    """How a run began: what makes its provider again, and whom it was about.

    Both are None where the run began with a version that did not keep them; ``asked`` also where
    it is older than answers are kept.
    """

    call: bytes | None
    asked: list[Identity] | None


class Landed(NamedTuple):
    """A batch that has landed, with its raw answers, and when the last of them arrived."""

    batch: Batch
    scope: bytes
    answered: float


class Change(NamedTuple):
    """What another reading of the raw answers says of an identity; None for nothing."""

    key: bytes
    identity: Identity
    before: Answer | None
    after: Answer | None


class Past:
    """What is known of the runs in a journal's file.

    Parameters
    ----------
    database
        The file.
    is_alive
        Tells whether the owner of a lease still lives.
    """

    def __init__(self, database: Database, is_alive: Callable[[str], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    # -- the runs --------------------------------------------------------------------------

    def runs(self, run: str | None = None) -> list[dict[str, Any]]:
        """Read every run, the newest first, or only one, with what it spent.

        The status of one whose process is gone is ``died``.
        """
        query = RUNS.format("" if run is None else "WHERE runs.id = ?")
        named = () if run is None else (run,)
        running = "SELECT DISTINCT lease FROM runs WHERE status = ?"
        with self._database.reading() as connection:
            leases = [row[0] for row in connection.execute(running, (RUNNING,))]
        dead = {lease for lease in leases if not self._is_alive(lease)}
        with self._database.reading() as connection:  # again: one may have ended meanwhile
            runs = [dict(row) for row in connection.execute(query, named)]
        for one in runs:
            if one["status"] == RUNNING and one["lease"] in dead:
                one["status"] = "died"
        return runs

    def begun(self, run: str) -> Begun:
        """Read how a run began."""
        query = "SELECT call, asked FROM runs WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (run,)).fetchone()
        if row is None or row["asked"] is None:
            return Begun(row and row["call"], None)
        with self._decoding():
            pairs = unpack(zlib.decompress(row["asked"]))
            return Begun(row["call"], [read_identity(one) for one in pairs])

    def requests(self, run: str) -> list[dict[str, Any]]:
        """Count the requests of a run by outcome, with the most that they can have cost."""
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(REQUESTS, (run,))]

    # -- its rows --------------------------------------------------------------------------

    def statuses(self, fingerprints: Sequence[bytes]) -> dict[bytes, tuple[Status, str]]:
        """Read status and reason of the stored answers, and nothing else of them."""
        with self._database.reading() as connection:
            rows = list(select_in(connection, STATUSES, fingerprints))
        return {row[0]: (Status(row[1]), row[2]) for row in rows}

    def settled(self, run: str) -> set[Identity]:
        """Return everybody in the batches of a run that have landed, stored or not."""
        query = "SELECT identities FROM batches WHERE run = ? AND state = 'landed'"
        with self._database.reading() as connection:
            rows = connection.execute(query, (run,)).fetchall()
        with self._decoding():
            return {read_identity(pairs) for row in rows for pairs in unpack(row[0])}

    # -- its raw answers -------------------------------------------------------------------

    def landed(self, run: str) -> Iterator[Landed]:
        """Yield the landed batches of a run whose raw answers are all still there."""
        query = "SELECT id FROM batches WHERE run = ? AND state = 'landed' ORDER BY id"
        with self._database.reading() as connection:
            batches = [row[0] for row in connection.execute(query, (run,))]
        for batch in batches:
            if found := self._landed(batch):
                yield found

    def _landed(self, batch: int) -> Landed | None:
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM batches WHERE id = ?", (batch,)).fetchone()
            steps = connection.execute(
                "SELECT * FROM requests WHERE batch = ? ORDER BY id", (batch,)
            ).fetchall()
        with self._decoding():
            if row is None or any(map(_is_gone, steps)):
                return None
            identities = [read_identity(pairs) for pairs in unpack(row["identities"])]
            recorded = {step["step"]: read_response(step) for step in steps}
        answered = max((step["answered"] or 0.0 for step in steps), default=0.0)
        return Landed(Batch(batch, identities, recorded), row["scope"], answered)

    def stored(self, batch: int, fingerprints: Sequence[bytes]) -> dict[bytes, Answer | None]:
        """Read the answers that a batch gave and that still stand; None where there is none.

        Left out is what another batch has given since, or is asking about.
        """
        with self._database.reading() as connection:
            rows = list(select_in(connection, STORED, fingerprints))
            others = {row[0] for row in select_in(connection, CLAIMS, fingerprints)}
        others |= {row["fingerprint"] for row in rows if row["batch"] != batch}
        with self._decoding():
            own = {row["fingerprint"]: read_answer(row) for row in rows if row["batch"] == batch}
        return {key: own.get(key) for key in fingerprints if key not in others}

    def amend(
        self, batch: int, kind: Kind, provider: str, changes: Sequence[Change], held: float
    ) -> list[Change]:
        """Store another reading of a batch, all at once; return what still stood to be changed.

        ``held`` is the most that those cost who are held after it.
        """
        keys = [change.key for change in changes]
        with self._database.writing() as connection:
            found = {row["fingerprint"]: row for row in select_in(connection, STORED, keys)}
            claimed = {row[0] for row in select_in(connection, CLAIMS, keys)}
            applied = [
                change
                for change in changes
                if change.key not in claimed and _stands(change, found.get(change.key), batch)
            ]
            for change in applied:
                _apply(connection, change, kind, provider, batch)
            if applied:
                connection.execute(
                    "UPDATE batches SET spent = spent + ?, held = ? WHERE id = ?",
                    (sum(_cost(one.after) - _cost(one.before) for one in applied), held, batch),
                )
        return applied

    def _decoding(self) -> AbstractContextManager[None]:
        """Say of what cannot be read that the file is damaged."""
        return explained(self._database.path, *UNREADABLE)


def listed(identities: Iterable[Identity]) -> bytes:
    """Write down whom a run asks about."""
    return zlib.compress(pack([identity.keys for identity in identities]), 1)


def _is_gone(step: sqlite3.Row) -> bool:
    """Tell an answer whose body was deleted since, for its age or for somebody's sake."""
    if step["outcome"] is None:
        return False
    if step["body"] is None:
        return True
    is_whole = step["outcome"] == Outcome.ACCEPTED and step["status"] not in EMPTY
    return is_whole and not zlib.decompress(step["body"])


def _stands(change: Change, row: sqlite3.Row | None, batch: int) -> bool:
    """Tell whether the stored answer is still the one that was read."""
    if change.before is None or row is None:
        return change.before is None and row is None
    found = (row["batch"], row["fetched"], row["status"])
    return found == (batch, change.before.fetched, change.before.match.status)


def _apply(
    connection: sqlite3.Connection, change: Change, kind: Kind, provider: str, batch: int
) -> None:
    if change.after is None:
        connection.execute("DELETE FROM results WHERE fingerprint = ?", (change.key,))
    elif change.after.match.status is Status.REMOVED:
        refusal = Refusal(Status.REMOVED, change.after.match.reason)
        stone = Stone(refusal, provider, change.after.fetched)
        purge(connection, kind, dict(change.identity.keys), stone)
    else:
        connection.execute(
            "INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            result_row(change.key, change.after, kind, batch),
        )


def _cost(answer: Answer | None) -> float:
    return 0.0 if answer is None else answer.match.credits
