"""The journal: one SQLite file that remembers what was asked, what came back and what it cost.

The order of writes of a billed request, each arrow a commit that has reached the disk:

    claim and reserve → intent → (send) → raw answer → landed

So whatever the instant at which the process dies, the next one knows which identities may have
been bought (an intent without an answer), which answers are paid for and unread (an answer that
has not landed), and which are stored. An identity is claimed by one batch at a time, whichever
process it belongs to; a claim is alive as long as the process that made it holds its lease. A dead
one is anybody's where nothing can have been charged, else only together with its records.
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
from enrich_pandas.journal.erasure import Eraser, erase_removed, erase_returned
from enrich_pandas.journal.queries import RUNNING, Queries
from enrich_pandas.journal.records import (
    UNREADABLE,
    Answer,
    Batch,
    Claim,
    ClaimHolder,
    new_answer,
    pack,
    read_answer,
    read_identity,
    read_response,
    request_row,
    response_row,
    store,
    unpack,
)
from enrich_pandas.journal.retention import Retention
from enrich_pandas.journal.suppression import SuppressionList
from enrich_pandas.providers.base import Identity, Kind, Match, Request, Response

KNOWN = "SELECT fingerprint FROM results UNION ALL SELECT fingerprint FROM claims LIMIT ?"
STORED = "SELECT * FROM results WHERE fingerprint IN ({})"
# What those may have cost who were forgotten meanwhile is held, but where the answer knows it;
# with what is spent, it is never more than the most that the batch can cost.
LANDED = (
    "UPDATE batches SET state = 'landed', spent = :spent, "
    "held = MAX(0, MIN(reserved - :spent, :held + CASE WHEN "
    "json_array_length(CAST(identities AS TEXT)) < :found THEN 0 ELSE held END)) WHERE id = :id"
)
CLAIMED = (
    "SELECT fingerprint, batch, lease, reserved, at_risk, "
    "(SELECT MAX(sent) FROM requests WHERE requests.batch = stakes.id) AS sent FROM claims "
    "JOIN stakes ON stakes.id = batch WHERE fingerprint IN ({})"
)
IDLE = "SELECT id FROM stakes WHERE lease = ? AND state = 'open' AND at_risk IS NULL"


class Journal:
    """The journal of one user, shared by all runs, notebooks and processes.

    Parameters
    ----------
    path
        The SQLite file; made, readable by its owner alone, where it does not exist.

    Raises
    ------
    JournalError
        The file is damaged, locked for a minute, or no journal of this library.
    """

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
        self.queries = Queries(self._database, self._is_alive)
        self.retention = Retention(self._database, self._is_alive)
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

    # -- reading ---------------------------------------------------------------------------

    def fingerprints(self, *, at_most: int) -> set[bytes] | None:
        """Return all that have an answer or a claim; None where that is more than so many."""
        with self._database.reading() as connection:
            known = [row[0] for row in connection.execute(KNOWN, (at_most + 1,))]
        return None if len(known) > at_most else set(known)

    def stored(self, fingerprints: Collection[bytes]) -> dict[bytes, Answer]:
        """Read the stored answers to these fingerprints; faster where they map to identities."""
        whose = fingerprints if isinstance(fingerprints, Mapping) else {}
        with self._database.reading() as connection:
            rows = [*select_in(connection.execute, STORED, list(fingerprints))]
        with self._decoding():
            return {row[0]: read_answer(row, whose.get(row[0])) for row in rows}

    def claims(self, fingerprints: Sequence[bytes]) -> dict[bytes, ClaimHolder]:
        """Read who has claimed these fingerprints."""
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
        """Say of what cannot be read that the file is damaged."""
        return translate_errors(self.path, *UNREADABLE)

    # -- a run -----------------------------------------------------------------------------

    def begin_run(self, **facts: Any) -> None:
        """Record that a run starts."""
        lease = self._own_lease()
        with self._database.reading() as connection:
            check_integrity(connection, self.path)
        with self._database.writing() as connection:
            insert(connection, "runs", {**facts, "status": RUNNING, "lease": lease})

    def end_run(self, run: str, status: str) -> None:
        """Record how a run ended, and give up the claims under which nothing was charged."""
        lease = self._own_lease()
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, status = ? WHERE id = ?", (time.time(), status, run)
            )
            release(connection, [row[0] for row in connection.execute(IDLE, (lease,))])

    # -- a batch, in the order of its writes -------------------------------------------------

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
        """Claim identities and reserve the most they can cost, as far as the budget allows.

        Identities that another batch has claimed, or has bought since the plan was made, are left
        to it. ``known`` tells as of when each stored answer is that the plan knew: another one is
        new, whatever the clock did meanwhile.
        """
        lease = self._own_lease()
        idle = {one[:2] for one in self.claims(fingerprints).values() if one.is_idle}
        if budget is not None:
            with self._database.reading() as connection:
                idle |= abandoned_batches(connection, run, self._is_alive)
        with self._database.writing() as connection:
            release(connection, still_idle(connection, idle))
            gone = claimed_or_bought(connection, fingerprints, known)
            pairs = list(zip(identities, fingerprints, strict=True))
            free = {identity: key for identity, key in pairs if key not in gone}
            elsewhere = [identity for identity, key in pairs if key in gone]
            left = remaining_budget(budget, connection, run)
            mine, dear = split_by_budget(list(free), price, left)
            if not mine:
                return Claim(None, elsewhere, dear)
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
        return Claim(Batch(batch, mine, {}), elsewhere, dear)

    def adopt(self, batch: int, scope: bytes) -> Batch | None:
        """Take over a batch whose owner died, with all that was recorded for it.

        It stays the dead run's: what it cost was that one's. Returns None where another process
        was faster, or where it was asked with other options.
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
            identities = [read_identity(pairs) for pairs in unpack(row["identities"])]
            return Batch(batch, identities, {step["step"]: read_response(step) for step in steps})

    def record_intent(self, batch: int, step: int, request: Request) -> int:
        """Record that a request is about to be sent; after this it may have been charged."""
        lease = self._own_lease()
        with self._database.writing() as connection:
            check_owner(connection, batch, lease)
            return insert(connection, "requests", request_row(batch, step, request, time.time()))

    def record_answer(self, request: int, response: Response) -> None:
        """Record the raw answer, before anybody reads it; one that cannot be is kept elsewhere."""
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
        """Store what was read, release the claims and settle the reservation, all at once.

        ``fetched`` is when it came. Returns what is now known of each: a miss overwrites no hit.
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
        """Keep what a replay has read, as batches of its run, all at once."""
        batch = {"run": run, "lease": self._own_lease(), "scope": scope}
        with self._database.writing() as connection:
            keep(connection, batch)

    def _own_lease(self) -> str:
        with self._lock, translate_errors(self.path):
            if self._lease is None or not self._lease.is_own:
                self._lease = Lease(self._leases)
            return self._lease.id
