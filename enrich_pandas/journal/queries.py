"""The past: what the journal tells of runs that have ended or died, and of their raw answers."""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from enrich_pandas.journal.database import Database, select_in, translate_errors
from enrich_pandas.journal.erasure import erase
from enrich_pandas.journal.records import (
    STORE,
    UNREADABLE,
    Answer,
    AnsweredBatch,
    Batch,
    Change,
    Price,
    RunInput,
    cost_difference,
    pack,
    read_answer,
    read_identity,
    read_outcomes,
    read_response,
    result_row,
    unpack,
)
from enrich_pandas.journal.suppression import SuppressionEntry, SuppressionReason, identifier_keys
from enrich_pandas.providers.base import Identity, Kind, Outcome, Status

RUNNING = "running"
# Not `runs.*`: whom each run asked about would be read with it.
RUNS = """
    SELECT runs.id, provider, kind, library, started, ended, rows, runs.identities,
      credits_planned, budget, budget_name, balance, status, runs.lease,
      COALESCE(SUM(spent), 0) AS credits,
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
LATEST = 1000  # batches by which the next cost is estimated
STORED = "SELECT * FROM results WHERE fingerprint IN ({})"
CLAIMS = "SELECT fingerprint FROM claims WHERE fingerprint IN ({})"
EMPTY = (202, 204)  # the answers that have no body from the start


class Queries:
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

    def note_balance(self, run: str, left: float) -> None:
        """Record what was left on the account before a run spent anything."""
        with self._database.writing() as connection:
            connection.execute("UPDATE runs SET balance = ? WHERE id = ?", (left, run))

    def steps(self, run: str) -> list[sqlite3.Row]:
        """Return a run's requests in their order: method, path, billed, answered and outcome."""
        with self._database.reading() as connection:
            return connection.execute(STEPS, (run,)).fetchall()

    def run_input(self, run: str) -> RunInput:
        """Read how a run began."""
        query = "SELECT call, asked FROM runs WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (run,)).fetchone()
        if row is None or row["asked"] is None:
            return RunInput(row and row["call"], None)
        with self._decoding():
            pairs = unpack(zlib.decompress(row["asked"]))
            return RunInput(row["call"], [read_identity(one) for one in pairs])

    def call(self, run: str) -> bytes | None:
        """Read how a run was called; None where it is too old to tell."""
        query = "SELECT call FROM runs WHERE id = ?"
        with self._database.reading() as connection:
            row = connection.execute(query, (run,)).fetchone()
        return None if row is None else row[0]

    def recent_cost(self, scope: bytes) -> tuple[float, int]:
        """Return what the latest batches of a purchase cost, and about how many they asked."""
        with self._database.reading() as connection:
            credits_, identities = connection.execute(PAID, (scope, LATEST)).fetchone()
        return float(credits_), int(identities)

    def sources(self, kind: Kind) -> Iterator[tuple[str, float, str]]:
        """Yield the provider, the time and the run of every answer that is stored."""
        with self._database.reading() as connection:
            yield from map(tuple, connection.execute(SOURCES, (kind,)).fetchall())

    def requests(self, run: str) -> list[dict[str, Any]]:
        """Count the requests of a run by outcome, with the most that they can have cost."""
        with self._database.reading() as connection:
            return [dict(row) for row in connection.execute(REQUESTS, (run,))]

    # -- its rows --------------------------------------------------------------------------

    def finished_identities(self, run: str) -> set[Identity]:
        """Return everybody in the batches of a run that have landed, stored or not."""
        query = "SELECT identities FROM batches WHERE run = ? AND state = 'landed'"
        with self._database.reading() as connection:
            rows = connection.execute(query, (run,)).fetchall()
        with self._decoding():
            return {read_identity(pairs) for row in rows for pairs in unpack(row[0])}

    def outcomes(self, identities: Mapping[bytes, Identity]) -> dict[bytes, Answer]:
        """Read the stored answers about these identities; models are left where they are."""
        with self._database.reading() as connection, self._decoding():
            return read_outcomes(connection, identities)

    # -- its raw answers -------------------------------------------------------------------

    def batches(self, run: str) -> Iterator[AnsweredBatch]:
        """Yield the landed batches of a run whose raw answers are all still there."""
        query = "SELECT id FROM batches WHERE run = ? AND state = 'landed' ORDER BY id"
        with self._database.reading() as connection:
            batches = [row[0] for row in connection.execute(query, (run,))]
        for batch in batches:
            if found := self._read_batch(batch):
                yield found

    def batches_of_purchase(
        self, scope: bytes, wanted: Collection[Identity], until: float
    ) -> Iterator[AnsweredBatch]:
        """Yield the batches of a purchase that were about somebody wanted, the newest first.

        Only those that had landed by then, in whichever run. What is not ``wanted`` any more while
        this goes on is not looked for.
        """
        with self._database.reading() as connection:
            rows = connection.execute(BATCHES_OF_PURCHASE, (scope, until)).fetchall()
        for row in rows:
            with self._decoding():
                asked = list(map(read_identity, unpack(row["identities"])))
            if any(one in wanted for one in asked) and (found := self._read_batch(row["id"])):
                yield found

    def batches_behind(self, run: str, fingerprints: Sequence[bytes]) -> Iterator[AnsweredBatch]:
        """Yield what a run asked, and the batches of other runs that gave what it did not ask."""
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
            if row is None or any(map(_is_deleted, steps)):
                return None
            identities = [read_identity(pairs) for pairs in unpack(row["identities"])]
            recorded = {step["step"]: read_response(step) for step in steps}
        answered = max((step["answered"] or 0.0 for step in steps), default=0.0)
        asked = {step["step"]: (step["method"], step["path"]) for step in steps}
        is_open = row["state"] != "landed"
        return AnsweredBatch(
            Batch(batch, identities, recorded), row["scope"], answered, asked, is_open
        )

    def stored(self, batch: int, fingerprints: Sequence[bytes]) -> dict[bytes, Answer | None]:
        """Read the answers that a batch gave and that still stand; None where there is none.

        Left out is what another batch has given since, or is asking about.
        """
        with self._database.reading() as connection:
            rows = list(select_in(connection.execute, STORED, fingerprints))
            others = {row[0] for row in select_in(connection.execute, CLAIMS, fingerprints)}
        others |= {row["fingerprint"] for row in rows if row["batch"] != batch}
        with self._decoding():
            own = {row["fingerprint"]: read_answer(row) for row in rows if row["batch"] == batch}
        return {key: own.get(key) for key in fingerprints if key not in others}

    def amend(
        self,
        batch: int,
        kind: Kind,
        provider: str,
        changes: Sequence[Change],
        price: Price,
    ) -> list[Change]:
        """Store another reading of a batch, all at once; return what still stood to be changed.

        ``price`` tells what those cost at most who were held before it, or are after it.
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
        """Say of what cannot be read that the file is damaged."""
        return translate_errors(self._database.path, *UNREADABLE)


def pack_identities(identities: Iterable[Identity]) -> bytes:
    """Write down whom a run asks about."""
    return zlib.compress(pack([identity.keys for identity in identities]), 1)


def _is_deleted(step: sqlite3.Row) -> bool:
    """Tell an answer whose body was deleted since, for its age or for somebody's sake."""
    if step["outcome"] is None:
        return False
    if step["body"] is None:
        return True
    is_whole = step["outcome"] == Outcome.ACCEPTED and step["status"] not in EMPTY
    return is_whole and not zlib.decompress(step["body"])


def _is_current(change: Change, row: sqlite3.Row | None, batch: int) -> bool:
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
        refusal = SuppressionReason(Status.REMOVED, change.after.match.reason)
        stone = SuppressionEntry(refusal, provider, change.after.fetched)
        erase(connection, kind, set(identifier_keys(kind, dict(change.identity.keys))), stone)
    else:
        connection.execute(STORE, result_row(change.key, change.after, kind, batch))
