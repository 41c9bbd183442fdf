"""Report on the journal's file without changing it: place, permissions, contents."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.claims import is_alive
from enrich_pandas.journal.disk import check_disk, check_folder
from enrich_pandas.journal.queries import RUNNING
from enrich_pandas.journal.schema import APPLICATION_ID

OTHERS = 0o077  # the permission bits of other users
BUSY = 5.0  # seconds to wait for a process that writes

RUNS = "SELECT COUNT(*) FROM runs"
STORED = "SELECT status, COUNT(*) FROM results GROUP BY status"
# Claimed identities by lease and by whether they may have been charged.
CLAIMED = """
    SELECT lease, at_risk IS NOT NULL, COUNT(*)
    FROM claims JOIN batch_risks ON batch_risks.id = batch GROUP BY 1, 2
"""
UNENDED = "SELECT lease, COUNT(*) FROM runs WHERE status = ? GROUP BY 1"


class JournalFile(msgspec.Struct, kw_only=True):
    """The report; numbers are None if the file cannot be read."""

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


def inspect(path: Path) -> JournalFile:
    """Report on the journal's file; change nothing except an unfinished write of a dead process."""
    report = JournalFile(path=str(path), exists=path.is_file())
    _inspect_disk(report, path)
    if report.exists:
        _inspect_file(report, path)
        _inspect_contents(report, path)
    return report


def _inspect_disk(report: JournalFile, path: Path) -> None:
    folder = next(above for above in path.resolve().parents if above.exists())
    try:
        report.free_bytes = shutil.disk_usage(folder).free
        check_disk(folder / path.name)
    except JournalError as error:
        report.disk = "not usable"
        report.problems.append(f"{error.args[0].splitlines()[0]} {error.todo}")
    except OSError as error:
        report.disk = "unknown"
        report.problems.append(f"The disk cannot be checked: {error.strerror}.")


def _inspect_file(report: JournalFile, path: Path) -> None:
    file, folder = path.stat(), path.parent.stat()
    report.bytes = file.st_size
    if os.name == "nt":  # Windows keeps permissions elsewhere
        return
    report.mode, report.folder_mode = f"{file.st_mode & 0o777:04o}", f"{folder.st_mode & 0o777:04o}"
    if file.st_mode & OTHERS:
        report.problems.append(
            f"Other users can read the journal ({report.mode}). The next run repairs this, "
            f"or type: chmod 600 {path}"
        )
    try:
        check_folder(path.parent)
    except JournalError as error:
        report.problems.append(f"{error.args[0].splitlines()[0]} {error.todo}")


def _inspect_contents(report: JournalFile, path: Path) -> None:
    try:
        uri = f"{path.resolve().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY)) as connection:
            connection.execute("PRAGMA query_only = ON")
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                report.problems.append("The file is not a journal of enrich_pandas.")
                return
            result = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            report.whole = result == "ok"
            if not report.whole:
                report.problems.append(f"The journal is damaged ({result}). Restore a copy.")
            _count(report, connection, path.parent / "leases")
    except sqlite3.Error as error:
        report.problems.append(f"The journal cannot be read: {error}.")


def _count(report: JournalFile, connection: sqlite3.Connection, leases: Path) -> None:
    report.runs = connection.execute(RUNS).fetchone()[0]
    answers = dict(connection.execute(STORED).fetchall())
    claimed = connection.execute(CLAIMED).fetchall()
    unended = connection.execute(UNENDED, (RUNNING,)).fetchall()
    alive = {lease for lease, *_ in (*claimed, *unended) if is_alive(leases, lease)}
    report.running = sum(count for lease, count in unended if lease in alive)
    report.died = sum(count for lease, count in unended if lease not in alive)
    report.stored = sum(answers.values())
    # What a dead run may have paid for becomes held when it is requested again.
    left = sum(count for lease, risky, count in claimed if risky and lease not in alive)
    report.held = answers.get("held", 0) + left
    report.pending = answers.get("pending", 0)
    report.asking = sum(count for lease, _, count in claimed if lease in alive)
