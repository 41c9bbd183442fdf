"""Before anything is spent: a folder of one's own on a local disk with room, and a whole file.

What is paid for has to reach the journal. Where that is in doubt nothing is bought: not where
others can change what lies beside it; not on a network disk, whose locks do not hold between
machines; not on a full one; not on a damaged file, in which what was bought may not be found again.
"""

import os
import shlex
import shutil
import sqlite3
import stat
from functools import lru_cache
from pathlib import Path

from enrich_pandas.errors import JournalError

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
ROOM = 32 * 1024 * 1024  # bytes that must be free, for SQLite's own journal and raw answers
BYTES_AN_IDENTITY = 16 * 1024  # of the file, for a raw answer and what is read from it
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
    if free < ROOM:
        raise JournalError(
            f"The disk of the journal {path} has {free // 1024:,} kB left, too little to keep "
            "what would be paid for.",
            cost="Nothing was spent after this.",
            todo="Free the disk, or set ENRICH_PANDAS_HOME to a folder on another one.",
        )


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
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


def reserve(connection: sqlite3.Connection, identities: int) -> None:
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
    needed = (claimed + identities) * BYTES_AN_IDENTITY
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
