"""Claims: what a batch may take. One identity is claimed by one batch, within the budget.

Each function is a part of a transaction of the `enrich_pandas.journal`.
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

# Which batches are of a run, or of one that shares its budget.
SHARING = (
    "(run = ? OR run IN (SELECT id FROM runs WHERE budget_name = "
    "(SELECT budget_name FROM runs WHERE id = ?)))"
)


def still_idle(connection: sqlite3.Connection, batches: Iterable[tuple[int, str]]) -> Iterator[int]:
    """Yield those of the dead owners' batches under which nothing can have been charged."""
    query = "SELECT 1 FROM stakes WHERE id = ? AND lease = ? AND state = 'open' AND at_risk IS NULL"
    return (
        batch for batch, lease in batches if connection.execute(query, (batch, lease)).fetchone()
    )


def check_owner(connection: sqlite3.Connection, batch: int, lease: str) -> None:
    """Raise where another process has taken a batch over: it may be asking about the same people.

    It does so only where it takes this one for dead.
    """
    query = "SELECT 1 FROM batches WHERE id = ? AND lease = ? AND state = 'open'"
    if connection.execute(query, (batch, lease)).fetchone() is None:
        raise JournalError(
            "Another process has taken over what this one was about to ask for.",
            cost="Nothing was spent on it here.",
            todo="Leave the folder leases beside the journal alone; then repeat the call: it "
            "continues from there.",
        )


def release(connection: sqlite3.Connection, batches: Iterable[int]) -> None:
    """Give up the claims of batches under which nothing can have been charged."""
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
    bought = "SELECT fingerprint, COALESCE(asked, fetched) FROM results WHERE fingerprint IN ({})"
    answers = select_in(connection.execute, bought, fingerprints)
    return {
        *(row[0] for row in select_in(connection.execute, claimed, fingerprints)),
        *(key for key, as_of in answers if known.get(key) != as_of),
    }


def split_by_budget(
    identities: list[Identity], price: Callable[[Sequence[Identity]], float], left: float
) -> tuple[list[Identity], list[Identity]]:
    """Split into what the budget allows and what it does not."""
    sizes = range(len(identities) + 1)
    most = bisect_right(sizes, left, key=lambda size: price(identities[:size])) - 1
    return identities[: max(most, 0)], identities[max(most, 0) :]


def remaining_budget(budget: float | None, connection: sqlite3.Connection, run: str) -> float:
    """Return what is left of a run's budget.

    Off it goes what the runs that share it have spent, may have spent, and have reserved.
    """
    if budget is None:
        return math.inf
    stake = "CASE state WHEN 'open' THEN reserved ELSE spent + held END"
    query = f"SELECT COALESCE(SUM({stake}), 0) FROM batches WHERE {SHARING}"  # noqa: S608 - own words
    return budget - float(connection.execute(query, (run, run)).fetchone()[0])


def abandoned_batches(
    connection: sqlite3.Connection, run: str, is_alive: Callable[[str], bool]
) -> set[tuple[int, str]]:
    """Return the batches, and their leases, with which the dead keep a run's budget for nothing."""
    query = f"SELECT id, lease FROM stakes WHERE state = 'open' AND at_risk IS NULL AND {SHARING}"  # noqa: S608 - own words
    batches = {(row[0], row[1]) for row in connection.execute(query, (run, run))}
    dead = {lease for lease in {one[1] for one in batches} if not is_alive(lease)}
    return {one for one in batches if one[1] in dead}


# -- Leases: who is alive. An OS lock on a file of its own, freed by the kernel on any death -----
# Not a heartbeat, which a laptop that slept would lose, and not a process id, which is reused.

T = TypeVar("T")
SUFFIX = ".lock"


class Lease:
    """A lock held for as long as its owner lives; taking one sweeps the files of the dead."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in folder.glob(f"*{SUFFIX}"):
            is_alive(folder, path.stem)
        self.id, self._pid = uuid.uuid4().hex, os.getpid()
        self._lock = _lock(folder, self.id)
        _without_interrupts(self._lock.acquire)

    @property
    def is_own(self) -> bool:
        """Whether this process took it; a fork's child inherits none."""
        return self._pid == os.getpid()

    def release(self) -> None:
        """Give the lease up; claims made under it are then anybody's to recover."""
        if not self.is_own:
            return
        path = Path(self._lock.lock_file)
        _without_interrupts(self._lock.release)
        path.unlink(missing_ok=True)


def is_alive(folder: Path, lease: str) -> bool:
    """Tell whether the owner of a lease still holds it."""
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
    """Do it on a thread that no signal interrupts: cut short, filelock's own lock stays taken."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1, "enrich-lease") as pool:
        try:
            done = pool.submit(work)
        except RuntimeError:  # the interpreter ends, and starts no thread
            return work()
        return done.result()


def _lock(folder: Path, lease: str) -> FileLock:
    # Of no thread in particular: the worker that ends a run is not the one that began it.
    return FileLock(_path(folder, lease), mode=0o600, is_singleton=False, thread_local=False)


def _path(folder: Path, lease: str) -> Path:
    return folder / f"{lease}{SUFFIX}"
