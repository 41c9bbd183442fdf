"""The journal, looked at without a change: where it is, who can read it, what is in it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.database import APPLICATION_ID
from enrich_pandas.journal.disk import check_disk, check_folder
from enrich_pandas.journal.leases import is_alive
from enrich_pandas.journal.queries import RUNNING

PRIVATE = 0o077  # the bits of everybody else
BUSY = 5.0  # seconds to wait for whoever writes

RUNS = "SELECT COUNT(*) FROM runs"
STORED = "SELECT status, COUNT(*) FROM results GROUP BY status"
# Whom a run was asking about when it ended: what may have been charged for, and whose run it was.
ASKED = """
    SELECT lease, at_risk IS NOT NULL, COUNT(*) FROM claims JOIN stakes ON stakes.id = batch
    GROUP BY 1, 2
"""
UNENDED = "SELECT lease, COUNT(*) FROM runs WHERE status = ? GROUP BY 1"


class Ledger(msgspec.Struct, kw_only=True):
    """What is known of the journal's file; numbers are None where it cannot be read."""

    path: str
    exists: bool = False
    mode: str | None = None
    folder_mode: str | None = None
    bytes: int | None = None
    disk: str = "local"
    free_bytes: int | None = None
    whole: bool | None = None
    runs: int | None = None
    running: int | None = None
    died: int | None = None
    stored: int | None = None
    held: int | None = None
    pending: int | None = None
    asking: int | None = None
    problems: list[str] = []


def inspect(path: Path) -> Ledger:
    """Look at the journal's file; nothing is made or changed but what a dead writer left half."""
    ledger = Ledger(path=str(path), exists=path.is_file())
    _look_at_disk(ledger, path)
    if ledger.exists:
        _look_at_file(ledger, path)
        _look_inside(ledger, path)
    return ledger


def _look_at_disk(ledger: Ledger, path: Path) -> None:
    folder = next(above for above in path.resolve().parents if above.exists())
    try:
        ledger.free_bytes = shutil.disk_usage(folder).free
        check_disk(folder / path.name)
    except JournalError as error:
        ledger.disk = "not usable"
        ledger.problems.append(f"{error.args[0].splitlines()[0]} {error.todo}")
    except OSError as error:
        ledger.disk = "unknown"
        ledger.problems.append(f"The disk cannot be looked at: {error.strerror}.")


def _look_at_file(ledger: Ledger, path: Path) -> None:
    file, folder = path.stat(), path.parent.stat()
    ledger.bytes = file.st_size
    if os.name == "nt":  # its rights are not in these bits
        return
    ledger.mode, ledger.folder_mode = f"{file.st_mode & 0o777:04o}", f"{folder.st_mode & 0o777:04o}"
    if file.st_mode & PRIVATE:
        ledger.problems.append(
            f"Others can read the journal ({ledger.mode}). The next run mends this; "
            f"or type: chmod 600 {path}"
        )
    try:
        check_folder(path.parent)
    except JournalError as error:
        ledger.problems.append(f"{error.args[0].splitlines()[0]} {error.todo}")


def _look_inside(ledger: Ledger, path: Path) -> None:
    try:
        uri = f"{path.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY)) as connection:
            connection.execute("PRAGMA query_only = ON")
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                ledger.problems.append("The file is no journal of enrich_pandas.")
                return
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            ledger.whole = said == "ok"
            if not ledger.whole:
                ledger.problems.append(f"The journal is damaged ({said}). Restore a copy.")
            _count(ledger, connection, path.parent / "leases")
    except sqlite3.Error as error:
        ledger.problems.append(f"The journal cannot be read: {error}.")


def _count(ledger: Ledger, connection: sqlite3.Connection, leases: Path) -> None:
    ledger.runs = connection.execute(RUNS).fetchone()[0]
    answers = dict(connection.execute(STORED).fetchall())
    asked = connection.execute(ASKED).fetchall()
    unended = connection.execute(UNENDED, (RUNNING,)).fetchall()
    alive = {lease for lease, *_ in (*asked, *unended) if is_alive(leases, lease)}
    ledger.running = sum(count for lease, count in unended if lease in alive)
    ledger.died = sum(count for lease, count in unended if lease not in alive)
    ledger.stored = sum(answers.values())
    # What a dead run may have paid for is held as soon as anybody asks about it again.
    left = sum(count for lease, risky, count in asked if risky and lease not in alive)
    ledger.held = answers.get("held", 0) + left
    ledger.pending = answers.get("pending", 0)
    ledger.asking = sum(count for lease, _, count in asked if lease in alive)
