"""Before anything is spent: a folder of one's own on a local disk with room, and a whole file.

What is paid for has to reach the journal. Where that is in doubt nothing is bought: not where
others can change what lies beside it; not on a network disk, whose locks do not hold between
machines; not on a full one; not on a damaged file, in which what was bought may not be found again.
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
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import msgspec

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.database import Database
from enrich_pandas.providers.decoding import decoder_of

ALLOWED = "ENRICH_PANDAS_NETWORK_DISK"  # set to 1 by whoever knows that its locks hold
NETWORK = frozenset(
    {
        *("afpfs", "afs", "ceph", "cifs", "coda", "davfs", "lustre", "ncpfs", "nfs", "nfs4"),
        *("smb2", "smb3", "smbfs", "webdav", "beegfs", "gfs2", "gpfs", "ocfs2", "glusterfs"),
        *("orangefs", "panfs", "pvfs2", "wekafs"),
        # Folders that a host lends to a machine inside it, which knows nothing of the host's locks.
        *("9p", "9pfs", "v9fs", "virtiofs", "drvfs", "fakeowner", "prl_fs", "vboxsf", "vmhgfs"),
    }
)
LOCAL_FUSE = frozenset({"fuse.ecryptfs", "fuse.encfs", "fuse.gocryptfs", "fuseblk"})
MIN_FREE_BYTES = (
    32 * 1024 * 1024
)  # bytes that must be free, for SQLite's own journal and raw answers
BYTES_PER_IDENTITY = 16 * 1024  # of the file, for a raw answer and what is read from it
PART = 4 * 1024 * 1024  # bytes of it that are written at once: SQLite makes each up in memory


def check_folder(folder: Path) -> None:
    """Refuse a folder that others can change.

    Of what they put there SQLite would take a rollback journal for its own. A sticky folder, as
    /tmp is, keeps them from taking files away, and not from adding any.

    Raises
    ------
    JournalError
        With what to do; nothing was spent.
    """
    if not hasattr(os, "geteuid"):  # Windows, where a mode tells nothing of others
        return
    found = folder.lstat()
    todo = "Set ENRICH_PANDAS_HOME to a folder that is not there: it is made."
    if stat.S_ISLNK(found.st_mode):
        what, todo = "is a link", f"Set ENRICH_PANDAS_HOME to where it leads: {folder.resolve()}"
    elif found.st_uid != os.geteuid():
        what = "belongs to another user"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        what, todo = "can be changed by others", f"Type: chmod go-w {shlex.quote(str(folder))}"
    else:
        return
    raise JournalError(
        f"The folder of the journal, {folder}, {what}; what is paid for would not be safe in it.",
        cost="Nothing was spent.",
        todo=todo,
    )


def check_disk(path: Path) -> None:
    """Refuse a network disk, a host's that a guest shares, and one without room.

    Raises
    ------
    JournalError
        With what to do; nothing was spent.
    """
    kind = _kind_of_disk(path.parent)
    if kind and os.environ.get(ALLOWED) != "1":
        raise JournalError(
            f"The journal {path} is on a network disk ({kind}), or one shared with a host, whose "
            "locks may not hold: two machines could pay for the same rows.",
            cost="Nothing was spent.",
            todo=f"Set ENRICH_PANDAS_HOME to a folder on this machine's own disk, or {ALLOWED}=1 "
            "where only one machine uses it.",
        )
    free = shutil.disk_usage(path.parent).free
    if free < MIN_FREE_BYTES:
        raise JournalError(
            f"The disk of the journal {path} has {free // 1024:,} kB left, too little to keep "
            "what would be paid for.",
            cost="Nothing was spent after this.",
            todo="Free the disk, or set ENRICH_PANDAS_HOME to a folder on another one.",
        )


def check_integrity(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a damaged file: what was bought may be missing in it, and would be bought again.

    However large it is, each entry of an index is looked for: whoever is not found by it would be
    asked about anew. That is half of the check's time, which is a second for a file of 1 GB.

    Raises
    ------
    JournalError
        With what to do; nothing was spent and the file was not changed.
    """
    try:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise JournalError(
            f"The journal {path} is damaged ({str(said).splitlines()[0]}); what was bought may be "
            "missing in it.",
            cost="Nothing was spent after this, and the file was not changed.",
            todo="Restore a copy. Or move the file away: then what was bought is bought again.",
        )


def reserve_space(connection: sqlite3.Connection, identities: int) -> None:
    """Make room inside the file for the answers about so many more identities, or fail.

    Part of the transaction that claims them: pages that are written and given back stay in the
    file, so that what has been paid for lands even where the disk is full meanwhile. All of the
    room is written, since pages that are free already are the first to be taken; and twice what
    is needed, so that it is done seldom.
    """
    claimed = connection.execute("SELECT COUNT(*) FROM claims").fetchone()[0]
    free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("freelist_count", "page_size")
    )
    needed = (claimed + identities) * BYTES_PER_IDENTITY
    if free * size < needed:
        room = 2 * needed
        parts = ((f"room {at}", min(PART, room - at)) for at in range(0, room, PART))
        connection.executemany("INSERT INTO settings VALUES (?, zeroblob(?))", parts)
        connection.execute("DELETE FROM settings WHERE name LIKE 'room %'")


@lru_cache(maxsize=64)
def _kind_of_disk(folder: Path) -> str | None:
    """Return the kind of a network disk, or None for a local one, or where it cannot be told."""
    import psutil  # slow to import, and needed only before something is spent

    place = folder.resolve()
    mounts = {Path(one.mountpoint): one.fstype.lower() for one in psutil.disk_partitions(all=True)}
    kind = next((mounts[above] for above in (place, *place.parents) if above in mounts), "")
    is_remote = kind in NETWORK or (kind.startswith("fuse") and kind not in LOCAL_FUSE)
    return kind if is_remote else None


# -- The spill: an answer that the journal's disk does not take is kept elsewhere until it does --
# Room for it was reserved before it was asked for. Where even so it cannot be written down, for a
# quota, or a disk that is read-only since, it was paid for all the same.

logger = logging.getLogger("enrich_pandas")

ANSWERED = (
    "UPDATE requests SET answered = ?, outcome = ?, status = ?, headers = ?, body = ? WHERE id = ?"
)
SENT = "SELECT sent FROM requests WHERE id = ?"
Values = tuple[float, str, int | None, bytes, bytes, int]


class OverflowAnswer(msgspec.Struct, gc=False):
    """What is kept of an answer; ``sent`` tells its request from another journal's of that id."""

    values: Values
    sent: float


class Overflow:
    """Where the answers of one journal are kept that it does not take.

    Parameters
    ----------
    database
        The journal's.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        name = hashlib.sha256(os.fsencode(database.path.absolute())).hexdigest()[:16]
        self._name = f"enrich-pandas-{name}"

    @property
    def folder(self) -> Path:
        """Of its own, in the system's folder for temporary files; OSError where there is none."""
        above = Path(tempfile.gettempdir())
        # The system's last resort is the working folder, where other people's data would stay. One
        # that is sticky, as /tmp is, is nobody's project.
        if above == Path.cwd() and not above.stat().st_mode & stat.S_ISVTX:
            raise FileNotFoundError(above)
        return above / self._name

    @contextmanager
    def guard(self, values: Values) -> Iterator[None]:
        """Keep an answer that is not written down; the error says where.

        Raises
        ------
        JournalError
            It was not.
        """
        try:
            yield
        except JournalError as error:
            with suppress(OSError, JournalError):  # no room here either: the frame has it
                place = self._keep(values)
                error.cost = f"What was paid for is kept in {place}, for the next call to take in."
            raise

    def restore(self) -> None:
        """Write down what was kept, and delete it there; where that still fails, it stays."""
        with suppress(OSError):  # nothing was kept, or another process is just taking it in
            if (folder := self.folder).is_dir():
                for file in folder.glob("*.json"):
                    self._take(file)
                folder.rmdir()

    def _take(self, file: Path) -> None:
        try:
            check_folder(file.parent)
            kept = decoder_of(OverflowAnswer).decode(file.read_bytes())
            with self._database.writing() as connection:
                own = f"{ANSWERED} AND sent = ? AND answered IS NULL"
                connection.execute(own, (*kept.values, kept.sent))
        except (PermissionError, JournalError, msgspec.MsgspecError) as error:
            what = "What was paid for, and is kept in %s, is not taken in: %s."
            logger.warning(what, file.name, type(error).__name__)
        else:
            file.unlink(missing_ok=True)

    def _keep(self, values: Values) -> Path:
        """Write a file that is its owner's alone, whole or not at all."""
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
