"""The spill: an answer that the journal's disk does not take is kept elsewhere until it does.

Room for it was reserved before it was asked for. Where even so it cannot be written down, for a
quota, or a disk that is read-only since, it was paid for all the same.
"""

import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from enrich_pandas.errors import JournalError
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.disk import check_folder
from enrich_pandas.providers.decoding import decoder_of

logger = logging.getLogger("enrich_pandas")

ANSWERED = (
    "UPDATE requests SET answered = ?, outcome = ?, status = ?, headers = ?, body = ? WHERE id = ?"
)
SENT = "SELECT sent FROM requests WHERE id = ?"
Values = tuple[float, str, int | None, bytes, bytes, int]


class Kept(msgspec.Struct, gc=False):
    """What is kept of an answer; ``sent`` tells its request from another journal's of that id."""

    values: Values
    sent: float


class Spill:
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
    def guarding(self, values: Values) -> Iterator[None]:
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

    def take_in(self) -> None:
        """Write down what was kept, and delete it there; where that still fails, it stays."""
        with suppress(OSError):  # nothing was kept, or another process is just taking it in
            if (folder := self.folder).is_dir():
                for file in folder.glob("*.json"):
                    self._take(file)
                folder.rmdir()

    def _take(self, file: Path) -> None:
        try:
            check_folder(file.parent)
            kept = decoder_of(Kept).decode(file.read_bytes())
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
        sent = self._database.look(SENT, (number,))[0][0]
        (folder := self.folder).mkdir(mode=0o700, exist_ok=True)
        check_folder(folder)
        part, whole = (folder / f"{number}.{ending}" for ending in ("part", "json"))
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(Kept(values, sent)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(whole)
        return whole
