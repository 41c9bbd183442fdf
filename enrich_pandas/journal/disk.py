"""Checks of the disk before anything is spent, and the overflow for answers it does not take.

Nothing is bought if a paid answer might not reach the journal: not in a folder that others can
change, not on a network disk (its locks do not hold between machines), not on a full disk, and not
with a damaged file (bought rows might not be found in it).
"""

import hashlib
import logging
import os
import shlex
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.claims import is_alive
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.queries import RUNNING
from enrich_pandas.journal.schema import APPLICATION_ID
from enrich_pandas.providers.decoding import decoder_of

ALLOWED = "ENRICH_PANDAS_NETWORK_DISK"  # 1 allows it, for a disk with locks that hold
NETWORK = frozenset(
    {
        *("afpfs", "afs", "ceph", "cifs", "coda", "davfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("smb2", "smb3", "smbfs", "webdav", "beegfs", "gfs2", "gpfs", "ocfs2", "glusterfs"),
        *("orangefs", "panfs", "pvfs2", "wekafs"),
        # Folders that a host shares with a virtual machine, which does not see the host's locks.
        *("9p", "9pfs", "v9fs", "virtiofs", "drvfs", "fakeowner", "prl_fs", "vboxsf", "vmhgfs"),
    }
)
LOCAL_FUSE = frozenset({"fuse.ecryptfs", "fuse.encfs", "fuse.gocryptfs", "fuseblk"})
MIN_FREE_BYTES = 32 * 1024 * 1024  # for SQLite's own journal and raw answers
BYTES_PER_IDENTITY = 16 * 1024  # for a raw answer and its results
CHUNK = 4 * 1024 * 1024  # bytes reserved at once: SQLite builds each value in memory


def check_folder(folder: Path) -> None:
    """Raise if other users can change the folder.

    SQLite would accept a rollback journal that they put there. The sticky bit, as on /tmp, prevents
    them from deleting files, but not from adding any.

    Raises
    ------
    JournalError
        Other users can change the folder; nothing was spent.
    """
    if not hasattr(os, "geteuid"):  # on Windows the mode does not show the rights of others
        return
    found = folder.lstat()
    todo = "Set ENRICH_PANDAS_HOME to a folder that does not exist: it is created."
    if stat.S_ISLNK(found.st_mode):
        what, todo = "is a link", f"Set ENRICH_PANDAS_HOME to its target: {folder.resolve()}"
    elif found.st_uid != os.geteuid():
        what = "belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        what, todo = "can be changed by other users", f"Type: chmod go-w {shlex.quote(str(folder))}"
    else:
        return
    raise JournalError(
        f"The folder of the journal, {folder}, {what}; paid answers would not be safe in it.",
        cost="Nothing was spent.",
        todo=todo,
    )


def check_disk(path: Path) -> None:
    """Raise for a network disk, a disk shared with a virtual machine's host, and a full one.

    Raises
    ------
    JournalError
        The disk is not safe for paid answers; nothing was spent.
    """
    kind = _kind_of_disk(path.parent)
    if kind and os.environ.get(ALLOWED) != "1":
        raise JournalError(
            f"The journal {path} is on a network disk ({kind}) or one shared with a host. Its "
            "locks may not hold: two machines could pay for the same rows.",
            cost="Nothing was spent.",
            todo=f"Set ENRICH_PANDAS_HOME to a folder on this machine's own disk, or {ALLOWED}=1 "
            "if only one machine uses it.",
        )
    free = shutil.disk_usage(path.parent).free
    if free < MIN_FREE_BYTES:
        raise JournalError(
            f"The disk of the journal {path} has {free // 1024:,} kB left, too little for "
            "paid answers.",
            cost="Nothing was spent after this.",
            todo="Free disk space, or set ENRICH_PANDAS_HOME to a folder on another disk.",
        )


def check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Raise for a damaged file: bought rows may be missing in it and would be bought again.

    The check includes every entry of each index, because a row that its index does not find would
    be requested again. It takes a second for a file of 1 GB.

    Raises
    ------
    JournalError
        The file is damaged; nothing was spent and the file was not changed.
    """
    try:
        result = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result != "ok":
        raise JournalError(
            f"The journal {path} is damaged ({str(result).splitlines()[0]}). Bought rows may be "
            "missing in it.",
            cost="Nothing was spent after this, and the file was not changed.",
            todo="Restore a copy. Or move the file away: then all rows are bought again.",
        )


def reserve_space(connection: sqlite3.Connection, identities: int) -> None:
    """Reserve space inside the file for the answers of so many more identities, or raise.

    It is part of the transaction that claims them. Pages that are written and deleted stay in the
    file, so paid answers can be stored even if the disk is full by then. The whole space is
    written, because SQLite uses pages that are already free first. It reserves twice what is
    needed, so that it happens rarely.
    """
    claimed = connection.execute("SELECT COUNT(*) FROM claims").fetchone()[0]
    free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_size")
    )
    needed = (claimed + identities) * BYTES_PER_IDENTITY
    if free * size < needed:
        room = 2 * needed
        parts = ((f"room {at}", min(CHUNK, room - at)) for at in range(0, room, CHUNK))
        connection.executemany("INSERT INTO settings VALUES (?, zeroblob(?))", parts)
        connection.execute("DELETE FROM settings WHERE name LIKE 'room %'")


@lru_cache(maxsize=64)
def _kind_of_disk(folder: Path) -> str | None:
    """Return the kind of a network disk; None for a local or an unknown one."""
    import psutil  # slow to import and needed only before credits are spent

    place = folder.resolve()
    mounts = {Path(one.mountpoint): one.fstype.lower() for one in psutil.disk_partitions(all=True)}
    kind = next((mounts[above] for above in (place, *place.parents) if above in mounts), "")
    is_remote = kind in NETWORK or (kind.startswith("fuse") and kind not in LOCAL_FUSE)
    return kind if is_remote else None


# The overflow. Space was reserved before the request; an answer can still fail to be written, for
# example because of a quota or a disk that has become read-only. It is paid for all the same.

logger: logging.Logger = logging.getLogger("enrich_pandas")

ANSWERED = (
    "UPDATE requests SET answered = ?, outcome = ?, status = ?, headers = ?, body = ? WHERE id = ?"
)
SENT = "SELECT sent FROM requests WHERE id = ?"
Values = tuple[float, str, int | None, bytes, bytes, int]


class OverflowAnswer(msgspec.Struct, gc=False):
    """A file of the overflow; ``sent`` identifies the request: another journal has the same ids."""

    values: Values
    sent: float


class Overflow:
    """The folder for answers that could not be written to one journal.

    Parameters
    ----------
    database
        The file of the journal.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        name = hashlib.sha256(os.fsencode(database.path.absolute())).hexdigest()[:16]
        self._name = f"enrich-pandas-{name}"

    @property
    def folder(self) -> Path:
        """A folder in the system's folder for temporary files; OSError if there is none."""
        above = Path(tempfile.gettempdir())
        # The system's last resort is the working folder, where personal data would stay. A sticky
        # one, such as /tmp, is not a project.
        if above == Path.cwd() and not above.stat().st_mode & stat.S_ISVTX:
            raise FileNotFoundError(above)
        return above / self._name

    @contextmanager
    def guard(self, values: Values) -> Iterator[None]:
        """Keep the answer if the block fails to write it; the error names the file.

        Raises
        ------
        JournalError
            The answer was not written to the journal.
        """
        try:
            yield
        except JournalError as error:
            with suppress(OSError, JournalError):  # no space here either; the result has it
                place = self._keep(values)
                error.cost = f"The paid answer is kept in {place}; the next call reads it."
            raise

    def restore(self) -> None:
        """Write the kept answers to the journal and delete their files, if that succeeds now."""
        with suppress(OSError):  # no file, or another process is restoring it
            if (folder := self.folder).is_dir():
                for file in folder.glob("*.json"):
                    self._restore(file)
                folder.rmdir()

    def _restore(self, file: Path) -> None:
        try:
            check_folder(file.parent)
            kept = decoder_of(OverflowAnswer).decode(file.read_bytes())
            with self._database.writing() as connection:
                own = f"{ANSWERED} AND sent = ? AND answered IS NULL"
                connection.execute(own, (*kept.values, kept.sent))
        except (PermissionError, JournalError, msgspec.MsgspecError) as error:
            what = "The paid answer in %s is not written to the journal: %s."
            logger.warning(what, file.name, type(error).__name__)
        else:
            file.unlink(missing_ok=True)

    def _keep(self, values: Values) -> Path:
        """Write a file atomically, readable by its owner only."""
        number = values[-1]
        sent = self._database.query(SENT, (number,))[0][0]
        (folder := self.folder).mkdir(mode=0o700, exist_ok=True)
        check_folder(folder)
        part, whole = (folder / f"{number}.{ending}" for ending in ("part", "json"))
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(OverflowAnswer(values, sent)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(whole)
        return whole


# -- Report on the journal's file without changing it: place, permissions, contents --------------

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
