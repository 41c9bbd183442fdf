"""Claims and leases: one batch claims an identity, within the budget, while its process lives.

The functions that take a connection are parts of a transaction of `enrich_pandas.journal`.

A lease is an OS lock on a file of its own, which the kernel releases however the process ends. A
heartbeat would be lost while a laptop sleeps, and process ids are reused.
"""

import math
import os
import sqlite3
import threading
import uuid
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.database import select_in
from enrich_pandas.providers.base import Identity

# The batches of a run and of the runs that share its budget.
SHARING = (
    "(run = ? OR run IN (SELECT id FROM runs WHERE budget_name = "
    "(SELECT budget_name FROM runs WHERE id = ?)))"
)


def still_idle(connection: sqlite3.Connection, batches: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Yield the batches of dead processes for which still nothing can have been charged."""
    query = (
        "SELECT 1 FROM batch_risks "
        "WHERE id = ? AND lease = ? AND state = 'open' AND at_risk IS NULL"
    )
    return (
        batch for batch, lease in batches if connection.execute(query, (batch, lease)).fetchone()
    )


def check_owner(connection: sqlite3.Connection, batch: int, lease: str) -> None:
    """Raise if another process has taken a batch over: it may send the same request.

    A process does so only if it considers this one dead.
    """
    query = "SELECT 1 FROM batches WHERE id = ? AND lease = ? AND state = 'open'"
    if connection.execute(query, (batch, lease)).fetchone() is None:
        raise JournalError(
            "Another process has taken over the rows that this one was about to request.",
            cost="This process spent nothing on these rows.",
            todo="Do not delete files in the folder leases beside the journal. Then repeat the "
            "call: it continues where it stopped.",
        )


def release(connection: sqlite3.Connection, batches: Iterable[int]) -> None:
    """Release the claims of batches for which nothing can have been charged."""
    ids = [(batch,) for batch in batches]
    if not ids:
        return
    connection.executemany("DELETE FROM claims WHERE batch = ?", ids)
    connection.executemany("UPDATE batches SET state = 'released' WHERE id = ?", ids)


def claimed_or_bought(
    connection: sqlite3.Connection, fingerprints: Sequence[bytes], known: Mapping[bytes, float]
) -> set[bytes]:
    """Return the fingerprints that are claimed, or bought since the plan was made."""
    claimed = "SELECT fingerprint FROM claims WHERE fingerprint IN ({})"
    bought = (
        "SELECT fingerprint, COALESCE(requested_again, fetched) "
        "FROM results WHERE fingerprint IN ({})"
    )
    answers = select_in(connection.execute, bought, fingerprints)
    return {
        *(row[0] for row in select_in(connection.execute, claimed, fingerprints)),
        *(key for key, as_of in answers if known.get(key) != as_of),
    }


def split_by_budget(
    identities: list[Identity], price: Callable[[Sequence[Identity]], float], left: float
) -> tuple[list[Identity], list[Identity]]:
    """Split the identities into those that the budget allows and the others."""
    sizes = range(len(identities) + 1)
    most = bisect_right(sizes, left, key=lambda size: price(identities[:size])) - 1
    return identities[: max(most, 0)], identities[max(most, 0) :]


def remaining_budget(budget: float | None, connection: sqlite3.Connection, run: str) -> float:
    """Return the credits that are left of a run's budget.

    Subtract what all runs that share the budget have spent, hold and have reserved.
    """
    if budget is None:
        return math.inf
    used = "CASE state WHEN 'open' THEN reserved ELSE spent + held END"
    query = f"SELECT COALESCE(SUM({used}), 0) FROM batches WHERE {SHARING}"  # noqa: S608 - constants only
    return budget - float(connection.execute(query, (run, run)).fetchone()[0])


def abandoned_batches(
    connection: sqlite3.Connection, run: str, is_alive: Callable[[str], bool]
) -> set[tuple[int, str]]:
    """Return batches of dead processes, with their leases, that needlessly reserve the budget."""
    query = (
        "SELECT id, lease FROM batch_risks "  # noqa: S608 - constants only
        f"WHERE state = 'open' AND at_risk IS NULL AND {SHARING}"
    )
    batches = {(row[0], row[1]) for row in connection.execute(query, (run, run))}
    dead = {lease for lease in {one[1] for one in batches} if not is_alive(lease)}
    return {one for one in batches if one[1] in dead}


# Leases

T = TypeVar("T")
SUFFIX = ".lock"


class Lease:
    """A lock held until its process ends; taking one deletes the files of dead processes."""

    id: str

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.glob(f"*{SUFFIX}"):
            is_alive(folder, path.stem)
        self.id, self._pid = uuid.uuid4().hex, os.getpid()
        self._lock = _lock(folder, self.id)
        _without_interrupts(self._lock.acquire)

    @property
    def is_own(self) -> bool:
        """Whether this process took the lease; a forked child inherits none."""
        return self._pid == os.getpid()

    def release(self) -> None:
        """Release the lease; other processes can then take over the claims made under it."""
        if not self.is_own:
            return
        path = Path(self._lock.lock_file)
        _without_interrupts(self._lock.release)
        path.unlink(missing_ok=True)


def is_alive(folder: Path, lease: str) -> bool:
    """Return whether the process of a lease still holds it."""
    if not _path(folder, lease).exists():
        return False
    return _without_interrupts(lambda: _is_held(folder, lease))


def _is_held(folder: Path, lease: str) -> bool:
    try:
        with _lock(folder, lease).acquire(timeout=0):
            _path(folder, lease).unlink(missing_ok=True)
    except Timeout:
        return True
    return False


def _without_interrupts(work: Callable[[], T]) -> T:
    """Run ``work`` on a thread without signals: an interrupted filelock would stay locked."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1, "enrich-lease") as pool:
        try:
            done = pool.submit(work)
        except RuntimeError:  # the interpreter is shutting down and starts no thread
            return work()
        return done.result()


def _lock(folder: Path, lease: str) -> FileLock:
    # Not thread-local: the worker that ends a run is not the one that began it.
    return FileLock(_path(folder, lease), mode=0o600, is_singleton=False, thread_local=False)


def _path(folder: Path, lease: str) -> Path:
    return folder / f"{lease}{SUFFIX}"
