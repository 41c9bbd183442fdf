"""The journal: one SQLite file of requests, answers, results and costs.

A billed request is written in this order. Each arrow is a commit that has reached the disk:

    claim and reserve → intent → (send) → raw answer → results stored ("landed")

Whenever the process dies, the next one knows which identities may have been charged (an intent
without an answer), which answers are paid for but unread (an answer whose batch has not landed),
and which results are stored. One batch at a time claims an identity, across all processes. A claim
is alive as long as its process holds its lease. A dead claim is released if nothing can have been
charged; otherwise another process can only adopt the batch with all that was recorded for it.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from enrich_pandas.journal.claims import (
    Lease,
    abandoned_batches,
    check_owner,
    claimed_or_bought,
    is_alive,
    release,
    remaining_budget,
    split_by_budget,
    still_idle,
)
from enrich_pandas.journal.database import Database, insert, select_in, translate_errors
from enrich_pandas.journal.disk import (
    ANSWERED,
    Overflow,
    check_disk,
    check_folder,
    check_integrity,
    reserve_space,
)
from enrich_pandas.journal.elements import read_bodies
from enrich_pandas.journal.erasure import Eraser, erase_removed, erase_returned
from enrich_pandas.journal.queries import RUNNING, Queries
from enrich_pandas.journal.records import (
    STORED,
    UNREADABLE,
    Answer,
    Batch,
    Claim,
    ClaimHolder,
    RecordTypes,
    new_answer,
    pack,
    read_answer,
    read_identity,
    read_responses,
    request_row,
    response_row,
    store,
    unpack,
)
from enrich_pandas.journal.retention import Retention
from enrich_pandas.journal.suppression import SuppressionList
from enrich_pandas.providers.base import Identity, Kind, Match, Request, Response

KNOWN = "SELECT fingerprint FROM results UNION ALL SELECT fingerprint FROM claims LIMIT ?"
# The cost of identities that were erased meanwhile stays held, unless the answer states it. With
# what was spent it never exceeds the maximum cost of the batch.
LANDED = (
    "UPDATE batches SET state = 'landed', spent = :spent, "
    "held = MAX(0, MIN(reserved - :spent, :held + CASE WHEN "
    "json_array_length(CAST(identities AS TEXT)) < :found THEN 0 ELSE held END)) WHERE id = :id"
)
CLAIMED = (
    "SELECT fingerprint, batch, lease, reserved, at_risk, "
    "(SELECT MAX(sent) FROM requests WHERE requests.batch = batch_risks.id) AS sent FROM claims "
    "JOIN batch_risks ON batch_risks.id = batch WHERE fingerprint IN ({})"
)
IDLE = "SELECT id FROM batch_risks WHERE lease = ? AND state = 'open' AND at_risk IS NULL"


class Journal:
    """The journal of one user, shared by all runs, notebooks and processes.

    Parameters
    ----------
    path
        The SQLite file. It is created, readable by its owner only, if it does not exist.

    Raises
    ------
    JournalError
        The file is damaged, was locked for a minute, or is not a journal of this library.
    """

    suppression: SuppressionList
    eraser: Eraser

    def __init__(self, path: Path) -> None:
        self.path = path
        self._leases = path.parent / "leases"
        self._lock = threading.Lock()
        self._lease: Lease | None = None
        self._database = Database(path)
        self.suppression, self.eraser = (
            SuppressionList(self._database),
            Eraser(self._database),
        )
        self.queries: Queries = Queries(self._database, self._is_alive)
        self.retention: Retention = Retention(self._database, self._is_alive)
        self.runs = self.queries.runs
        self._overflow = Overflow(self._database)
        with self._database.closed_on_failure():
            self._overflow.restore()

    def close(self) -> None:
        """Close the file and give up every claim."""
        with self._lock, translate_errors(self.path):
            lease, self._lease = self._lease, None
            try:
                if lease is not None:
                    lease.release()
            finally:
                self._database.close()

    def fingerprints(self, *, at_most: int) -> set[bytes] | None:
        """Return the fingerprints with an answer or a claim; None if more than ``at_most``."""
        with self._database.reading() as connection:
            known = [row[0] for row in connection.execute(KNOWN, (at_most + 1,))]
        return None if len(known) > at_most else set(known)

    def stored(self, fingerprints: Collection[bytes]) -> dict[bytes, Answer]:
        """Read the stored answers; faster if ``fingerprints`` maps them to identities."""
        identities = fingerprints if isinstance(fingerprints, Mapping) else {}
        with self._database.reading() as connection:
            rows = [*select_in(connection.execute, STORED, list(fingerprints))]
        types = RecordTypes()
        with self._decoding():
            return {row[0]: read_answer(row, types, identities.get(row[0])) for row in rows}

    def claims(self, fingerprints: Sequence[bytes]) -> dict[bytes, ClaimHolder]:
        """Read which batches have claimed these fingerprints."""
        rows = list(select_in(self._database.query, CLAIMED, fingerprints))
        alive = {lease: self._is_alive(lease) for lease in {row["lease"] for row in rows}}
        return {
            row["fingerprint"]: ClaimHolder(
                row["batch"],
                row["lease"],
                alive[row["lease"]],
                row["at_risk"],
                row["reserved"] - (row["at_risk"] or 0.0),
                row["sent"],
            )
            for row in rows
        }

    def _is_alive(self, lease: str) -> bool:
        with translate_errors(self.path):
            return is_alive(self._leases, lease)

    def _decoding(self) -> AbstractContextManager[None]:
        """Report a row that cannot be decoded as a damaged file."""
        return translate_errors(self.path, *UNREADABLE)

    def begin_run(self, **facts: Any) -> None:
        """Record that a run starts."""
        lease = self._own_lease()
        with self._database.reading() as connection:
            check_integrity(connection, self.path)
        with self._database.writing() as connection:
            insert(connection, "runs", {**facts, "status": RUNNING, "lease": lease})

    def end_run(self, run: str, status: str) -> None:
        """Record how a run ended, and release the claims for which nothing was charged."""
        lease = self._own_lease()
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, status = ? WHERE id = ?", (time.time(), status, run)
            )
            release(connection, [row[0] for row in connection.execute(IDLE, (lease,))])

    def claim(
        self,
        run: str,
        scope: bytes,
        identities: Sequence[Identity],
        fingerprints: Sequence[bytes],
        *,
        price: Callable[[Sequence[Identity]], float],
        budget: float | None,
        known: Mapping[bytes, float],
    ) -> Claim:
        """Claim identities and reserve their maximum cost, as far as the budget allows.

        Identities that another batch has claimed, or has bought since the plan was made, are not
        claimed. ``known`` maps fingerprints to the time of the stored answer that the plan knew.
        An answer with another time is new, even if the clock was changed meanwhile.
        """
        lease = self._own_lease()
        idle = {one[:2] for one in self.claims(fingerprints).values() if one.is_idle}
        if budget is not None:
            with self._database.reading() as connection:
                idle |= abandoned_batches(connection, run, self._is_alive)
        with self._database.writing() as connection:
            release(connection, still_idle(connection, idle))
            unavailable = claimed_or_bought(connection, fingerprints, known)
            pairs = list(zip(identities, fingerprints, strict=True))
            free = {identity: key for identity, key in pairs if key not in unavailable}
            elsewhere = [identity for identity, key in pairs if key in unavailable]
            left = remaining_budget(budget, connection, run)
            mine, unaffordable = split_by_budget(list(free), price, left)
            if not mine:
                return Claim(None, elsewhere, unaffordable)
            if price(mine):
                check_folder(self.path.parent)
                check_disk(self.path)
                reserve_space(connection, len(mine))
            batch = insert(
                connection,
                "batches",
                {
                    "run": run,
                    "lease": lease,
                    "scope": scope,
                    "identities": pack([identity.keys for identity in mine]),
                    "reserved": price(mine),
                },
            )
            claims = [(free[identity], batch) for identity in mine]
            connection.executemany("INSERT INTO claims VALUES (?, ?)", claims)
        return Claim(Batch(batch, mine, {}), elsewhere, unaffordable)

    def adopt(self, batch: int, scope: bytes) -> Batch | None:
        """Take over a batch of a dead process, with all that was recorded for it.

        The batch and its cost stay with the run that began it. Return None if another process was
        faster, or if the batch was requested with other options.
        """
        lease, open_ = self._own_lease(), "SELECT * FROM batches WHERE id = ? AND state = 'open'"
        with self._database.reading() as connection:
            row = connection.execute(open_, (batch,)).fetchone()
        if row is None or row["scope"] != scope or self._is_alive(row["lease"]):
            return None
        with self._database.writing() as connection:
            taken_over = connection.execute(
                "UPDATE batches SET lease = ? WHERE id = ? AND lease = ? AND state = 'open'",
                (lease, batch, row["lease"]),
            )
            if not taken_over.rowcount:
                return None
            steps = connection.execute(
                "SELECT * FROM requests WHERE batch = ? ORDER BY id", (batch,)
            ).fetchall()
            with self._decoding():
                bodies = read_bodies(connection, batch)
        with self._decoding():
            identities = [read_identity(pairs) for pairs in unpack(row["identities"])]
            return Batch(batch, identities, read_responses(steps, bodies))

    def record_intent(self, batch: int, step: int, request: Request) -> int:
        """Record that a request is about to be sent: from now on it may have been charged."""
        lease = self._own_lease()
        with self._database.writing() as connection:
            check_owner(connection, batch, lease)
            return insert(connection, "requests", request_row(batch, step, request, time.time()))

    def record_answer(self, request: int, response: Response) -> None:
        """Record the raw answer before it is parsed; if this fails, keep it in the overflow."""
        values = (response.received or time.time(), *response_row(response), request)
        with self._overflow.guard(values), self._database.writing() as connection:
            connection.execute(ANSWERED, values)

    def store_results(
        self,
        batch: int,
        provider: str,
        kind: Kind,
        matches: Sequence[tuple[bytes, Match]],
        held: float,
        *,
        fetched: float | None = None,
    ) -> list[Answer]:
        """Store the results, release the claims and settle the reservation in one transaction.

        ``fetched`` is the time of the answer. Return the answer that is now stored for each
        identity: a miss does not overwrite a match.
        """
        now = time.time() if fetched is None else fetched
        found = [match for _, match in matches]
        spent = sum(match.credits for match in found)
        answers = [(key, new_answer(match, now, provider)) for key, match in matches]
        with self._database.writing() as connection:
            hits = store(connection, dict(answers), kind, batch)
            connection.execute("DELETE FROM claims WHERE batch = ?", (batch,))
            facts = {"spent": spent, "held": held, "found": len(found), "id": batch}
            connection.execute(LANDED, facts)
            erase_removed(connection, kind, found, provider, now)
            erase_returned(connection, kind, found, provider, batch)
        older = self.stored(list(hits)) if hits else {}
        return [older.get(key) or answer for key, answer in answers]

    def store_replay(self, run: str, scope: bytes, keep: Callable[..., None]) -> None:
        """Store the results of a replay as batches of its run, in one transaction."""
        batch = {"run": run, "lease": self._own_lease(), "scope": scope}
        with self._database.writing() as connection:
            keep(connection, batch)

    def _own_lease(self) -> str:
        with self._lock, translate_errors(self.path):
            if self._lease is None or not self._lease.is_own:
                self._lease = Lease(self._leases)
            return self._lease.id
