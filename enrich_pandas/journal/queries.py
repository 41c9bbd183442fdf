"""Queries about runs, their requests and raw answers, and corrections of parsed answers."""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any

from enrich_pandas.journal.database import Database, select_in, translate_errors
from enrich_pandas.journal.elements import read_bodies
from enrich_pandas.journal.erasure import erase
from enrich_pandas.journal.records import (
    STORED,
    UNREADABLE,
    Answer,
    AnsweredBatch,
    Batch,
    Change,
    Price,
    RecordTypes,
    RunInput,
    cost_difference,
    pack,
    read_answer,
    read_identity,
    read_outcomes,
    read_responses,
    store_rows,
    unpack,
)
from enrich_pandas.journal.suppression import SuppressionEntry, SuppressionReason, identifier_keys
from enrich_pandas.providers.base import Identity, Kind, Outcome, Status

RUNNING = "running"
# Not `runs.*`, which would read the input of every run.
RUNS = """
    SELECT runs.id, provider, kind, library, started, ended, rows, runs.identities,
      credits_planned, budget, budget_name, balance, status, runs.lease,
      COALESCE(SUM(spent), 0) AS credits,
      COALESCE(SUM(CASE state WHEN 'open' THEN at_risk ELSE held END), 0) AS credits_held,
      (SELECT COUNT(*) FROM requests JOIN batches ON batches.id = batch
       WHERE run = runs.id) AS requests
    FROM runs LEFT JOIN batch_risks ON batch_risks.run = runs.id {}
    GROUP BY runs.id ORDER BY started DESC, runs.rowid DESC
"""
REQUESTS = """
    SELECT COALESCE(outcome, 'unanswered') AS outcome, COUNT(*) AS requests,
      SUM(billed) AS billed, SUM(CASE WHEN billed THEN credits ELSE 0 END) AS credits
    FROM requests WHERE batch IN (SELECT id FROM batches WHERE run = ?) GROUP BY 1 ORDER BY 2 DESC
"""
PAID = """
    SELECT COALESCE(SUM(spent), 0), COALESCE(SUM(json_array_length(CAST(identities AS TEXT))), 0)
    FROM (SELECT spent, identities FROM batches
          WHERE scope = ? AND state = 'landed' AND CAST(identities AS TEXT) != '[]'
          ORDER BY id DESC LIMIT ?)
"""
STEPS = """
    SELECT method, path, billed, answered, outcome FROM requests
    JOIN batches ON batches.id = batch WHERE run = ? ORDER BY requests.id
"""
SOURCES = """
    SELECT DISTINCT results.provider, fetched, run
    FROM results JOIN batches ON batches.id = results.batch WHERE results.kind = ?
"""
BATCHES_OF_PURCHASE = """
    SELECT id, identities FROM batches WHERE scope = ? AND state = 'landed'
      AND (SELECT MAX(answered) FROM requests WHERE batch = batches.id) <= ? ORDER BY id DESC
"""
CHANGE_COSTS = "UPDATE batches SET spent = spent + ?, held = MAX(held + ?, 0) WHERE id = ?"
LATEST = 1000  # batches that the estimate of a cost is based on
CLAIMS = "SELECT fingerprint FROM claims WHERE fingerprint IN ({})"
EMPTY = (HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)  # answers without a body


class Queries:
    """Reads the runs in the file of a journal.

    Parameters
    ----------
    database
        The file of the journal.
    is_alive
        Returns whether the process of a lease is alive.
    """

    def __init__(self, database: Database, is_alive: Callable[[str], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    def runs(self, run: str | None = None) -> list[dict[str, Any]]:
        """Read all runs, the newest first, or only one, with their costs.

        A run whose process has ended without a status is ``died``.
        """
        query = RUNS.format("" if run is None else "WHERE runs.id = ?")
        named = () if run is None else (run,)
        running = "SELECT DISTINCT lease FROM runs WHERE status = ?"
        with self._database.reading() as connection:
            leases = [row[0] for row in connection.execute(running, (RUNNING,))]
        dead = {lease for lease in leases if not self._is_alive(lease)}
        with self._database.reading() as connection:  # again: a run may have ended meanwhile
            runs = [dict(row) for row in connection.execute(query, named)]
        for one in runs:
            if one["status"] == RUNNING and one["lease"] in dead:
                one["status"] = "died"
        return runs

    def note_balance(self, run: str, left: float) -> None:
        """Record the balance of the account before a run spent anything."""
        with self._database.writing() as connection:
            connection.execute("UPDATE runs SET balance = ? WHERE id = ?", (left, run))

    def steps(self, run: str) -> list[sqlite3.Row]:
        """Return the requests of a run in order: method, path, billed, answered and outcome."""
        with self._database.reading() as connection:
            return connection.execute(STEPS, (run,)).fetchall()

    def run_input(self, run: str) -> RunInput:
        """Read the call and the identities of a run."""
        query = "SELECT call, input FROM runs WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (run,)).fetchone()
        if row is None or row["input"] is None:
            return RunInput(row and row["call"], None)
        with self._decoding():
            pairs = unpack(zlib.decompress(row["input"]))
            return RunInput(row["call"], [read_identity(one) for one in pairs])

    def call(self, run: str) -> bytes | None:
        """Read the call of a run; None if it is older than this record."""
        query = "SELECT call FROM runs WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (run,)).fetchone()
        return None if row is None else row[0]

    def recent_cost(self, scope: bytes) -> tuple[float, int]:
        """Return the cost and the number of identities of the latest batches of a scope."""
        with self._database.reading() as connection:
            credits_, identities = connection.execute(PAID, (scope, LATEST)).fetchone()
        return float(credits_), int(identities)

    def sources(self, kind: Kind) -> Iterator[tuple[str, float, str]]:
        """Yield the provider, the time and the run of every answer that is stored."""
        with self._database.reading() as connection:
            yield from map(tuple, connection.execute(SOURCES, (kind,)).fetchall())

    def requests(self, run: str) -> list[dict[str, Any]]:
        """Count the requests of a run by outcome, with their maximum cost."""
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(REQUESTS, (run,))]

    def finished_identities(self, run: str) -> set[Identity]:
        """Return the identities of a run whose results have landed, stored or not."""
        query = "SELECT identities FROM batches WHERE run = ? AND state = 'landed'"
        with self._database.reading() as connection:
            rows = connection.execute(query, (run,)).fetchall()
        with self._decoding():
            return {read_identity(pairs) for row in rows for pairs in unpack(row[0])}

    def outcomes(self, identities: Mapping[bytes, Identity]) -> dict[bytes, Answer]:
        """Read the stored answers of these identities without their models."""
        with self._database.reading() as connection, self._decoding():
            return read_outcomes(connection, identities)

    def batches(self, run: str) -> Iterator[AnsweredBatch]:
        """Yield the landed batches of a run of which all raw answers still exist."""
        query = "SELECT id FROM batches WHERE run = ? AND state = 'landed' ORDER BY id"
        with self._database.reading() as connection:
            batches = [row[0] for row in connection.execute(query, (run,))]
        for batch in batches:
            if found := self._read_batch(batch):
                yield found

    def batches_of_purchase(
        self, scope: bytes, wanted: Collection[Identity], until: float
    ) -> Iterator[AnsweredBatch]:
        """Yield the batches of a scope with a wanted identity, the newest first.

        Only batches that were answered until then, of any run. The caller may remove identities
        from ``wanted`` during the iteration.
        """
        with self._database.reading() as connection:
            rows = connection.execute(BATCHES_OF_PURCHASE, (scope, until)).fetchall()
        for row in rows:
            with self._decoding():
                identities = list(map(read_identity, unpack(row["identities"])))
            if any(one in wanted for one in identities) and (found := self._read_batch(row["id"])):
                yield found

    def batches_behind(self, run: str, fingerprints: Sequence[bytes]) -> Iterator[AnsweredBatch]:
        """Yield the batches of a run, and those of other runs that gave its stored answers."""
        own = "SELECT id FROM batches WHERE run = ? AND state != 'released'"
        given = "SELECT DISTINCT batch FROM {} WHERE fingerprint IN ({{}})"
        with self._database.reading() as connection:
            batches = {row[0] for row in connection.execute(own, (run,))}
            for table in ("results", "claims"):
                batches |= {
                    row[0]
                    for row in select_in(connection.execute, given.format(table), fingerprints)
                }
        for batch in sorted(batches):
            if found := self._read_batch(batch):
                yield found

    def _read_batch(self, batch: int) -> AnsweredBatch | None:
        with self._database.reading() as connection:
            row = connection.execute("SELECT * FROM batches WHERE id = ?", (batch,)).fetchone()
            steps = connection.execute(
                "SELECT * FROM requests WHERE batch = ? ORDER BY id", (batch,)
            ).fetchall()
            with self._decoding():
                bodies = read_bodies(connection, batch)
        with self._decoding():
            if row is None or any(_is_deleted(step, bodies.get(step["id"])) for step in steps):
                return None
            identities = [read_identity(pairs) for pairs in unpack(row["identities"])]
            recorded = read_responses(steps, bodies)
        answered = max((step["answered"] or 0.0 for step in steps), default=0.0)
        requests = {step["step"]: (step["method"], step["path"]) for step in steps}
        is_open = row["state"] != "landed"
        return AnsweredBatch(
            Batch(batch, identities, recorded), row["scope"], answered, requests, is_open
        )

    def stored(self, batch: int, fingerprints: Sequence[bytes]) -> dict[bytes, Answer | None]:
        """Read the answers of a batch that are still stored; None for an identity without one.

        Identities that another batch has answered since, or has claimed, are left out.
        """
        with self._database.reading() as connection:
            rows = list(select_in(connection.execute, STORED, fingerprints))
            others = {row[0] for row in select_in(connection.execute, CLAIMS, fingerprints)}
        others |= {row["fingerprint"] for row in rows if row["batch"] != batch}
        types = RecordTypes()
        with self._decoding():
            mine = [row for row in rows if row["batch"] == batch]
            own = {row["fingerprint"]: read_answer(row, types) for row in mine}
        return {key: own.get(key) for key in fingerprints if key not in others}

    def amend(
        self,
        batch: int,
        kind: Kind,
        provider: str,
        changes: Sequence[Change],
        price: Price,
    ) -> list[Change]:
        """Store the changes of parsing a batch again; return the changes that were applied.

        A change applies only if the stored answer is still the one that was read. ``price``
        returns the maximum cost of held identities.
        """
        keys = [change.key for change in changes]
        with self._database.writing() as connection:
            found = {row["fingerprint"]: row for row in select_in(connection.execute, STORED, keys)}
            claimed = {row[0] for row in select_in(connection.execute, CLAIMS, keys)}
            applied = [
                change
                for change in changes
                if change.key not in claimed and _is_current(change, found.get(change.key), batch)
            ]
            for change in applied:
                _apply(connection, change, kind, provider, batch)
            if applied:
                connection.execute(CHANGE_COSTS, (*cost_difference(applied, price), batch))
        return applied

    def _decoding(self) -> AbstractContextManager[None]:
        """Report a row that cannot be decoded as a damaged file."""
        return translate_errors(self._database.path, *UNREADABLE)


def pack_identities(identities: Iterable[Identity]) -> bytes:
    """Encode the identities of a run."""
    return zlib.compress(pack([identity.keys for identity in identities]), 1)


def _is_deleted(step: sqlite3.Row, body: bytes | None) -> bool:
    """Return whether the body of an answer was deleted, by retention or erasure."""
    if step["outcome"] is None:
        return False
    if body is None:
        return True
    return not body and step["outcome"] == Outcome.ACCEPTED and step["status"] not in EMPTY


def _is_current(change: Change, row: sqlite3.Row | None, batch: int) -> bool:
    """Return whether the stored answer is still the one that was read."""
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
        cause = SuppressionReason(Status.REMOVED, change.after.match.reason)
        entry = SuppressionEntry(cause, provider, change.after.fetched)
        erase(connection, kind, set(identifier_keys(kind, dict(change.identity.keys))), entry)
    else:
        store_rows(connection, {change.key: change.after}, kind, batch)
