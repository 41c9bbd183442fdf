"""A disk that records every write, and what a power loss can leave of them.

SQLite writes by a table of functions, its VFS; here three of them are watched. What was synced is
sure. Of what was written since, any part may have reached the disk, in any order, and any write may
be torn at a sector. A disk that lies about a sync is outside of this.
"""

import _sqlite3
import ctypes
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIBRARY = ctypes.CDLL(getattr(_sqlite3, "__file__", None))  # None where Python has it built in
IS_OPEN = hasattr(LIBRARY, "sqlite3_vfs_find")
SECTOR = 512
VERSION_3_METHODS = 18  # function pointers of sqlite3_io_methods


class _Methods(ctypes.Structure):
    _fields_ = [("version", ctypes.c_int), ("functions", ctypes.c_void_p * VERSION_3_METHODS)]


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


FILE = ctypes.POINTER(_File)
OPEN = ctypes.CFUNCTYPE(
    *(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, FILE, ctypes.c_int),
    ctypes.POINTER(ctypes.c_int),
)
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, FILE, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, FILE, ctypes.c_int64)
SYNC = ctypes.CFUNCTYPE(ctypes.c_int, FILE, ctypes.c_int)
WRITING, TRUNCATING, SYNCING = 2, 3, 4  # their places in that table
_KEPT = list[Any]()  # objects that C calls must stay in memory, and a file can be closed late


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", OPEN),
    ]


def _kept(one: Any) -> Any:
    _KEPT.append(one)
    return one


@dataclass(frozen=True, slots=True)
class Change:
    """A write, or a truncation where there is no data."""

    offset: int
    data: bytes | None = None

    def on(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
        else:
            content.extend(bytes(max(0, self.offset - len(content))))
            content[self.offset : self.offset + len(self.data)] = self.data

    def torn(self, dice: random.Random) -> "Change":
        """Return what is left of a write that stopped at a sector."""
        if self.data is None or len(self.data) <= SECTOR:
            return self
        return Change(self.offset, self.data[: dice.randrange(SECTOR, len(self.data), SECTOR)])


@dataclass(slots=True)
class Content:
    """A file: what is certainly on the disk, and what was written since."""

    sure: bytearray = field(default_factory=bytearray)
    since: list[Change] = field(default_factory=list)

    def take(self, change: Change | None) -> None:
        """Add a change, or None for a sync."""
        if change is not None:
            self.since.append(change)
            return
        for one in self.since:
            one.on(self.sure)
        self.since = []

    def left(self, keep: Callable[[], bool], dice: random.Random | None = None) -> bytes:
        """Return what a power loss leaves."""
        content = bytearray(self.sure)
        for change in self.since:
            if keep():
                (change.torn(dice) if dice and dice.random() < 1 / 4 else change).on(content)
        return bytes(content)


Event = tuple[str, Change | None]  # a file's name, and its change, or None for a sync


class Disk:
    """Records all that SQLite does to the files of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.events = folder, list[Event]()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch the files that are opened meanwhile."""
        LIBRARY.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        vfs = LIBRARY.sqlite3_vfs_find(None).contents
        original = _kept(OPEN(ctypes.cast(vfs.open, ctypes.c_void_p).value))

        def opening(table: Any, name: int | None, file: Any, flags: int, flags_out: Any) -> int:
            code = original(
                table, name, file, flags, flags_out
            )  # a copy would lack what follows it
            path = Path(ctypes.string_at(name).decode() if name else "")
            if code == sqlite3.SQLITE_OK and path.parent == self._folder:
                self._watch(file, path.name)
            return code

        vfs.open = _kept(OPEN(opening))
        try:
            yield
        finally:
            vfs.open = original

    def _watch(self, file: Any, name: str) -> None:
        methods = _Methods.from_buffer_copy(file.contents.methods.contents)
        write = WRITE(methods.functions[WRITING])
        truncate = TRUNCATE(methods.functions[TRUNCATING])
        sync = SYNC(methods.functions[SYNCING])

        def writing(file: Any, data: int, size: int, offset: int) -> int:
            self.events.append((name, Change(offset, ctypes.string_at(data, size))))
            return write(file, data, size, offset)

        def truncating(file: Any, size: int) -> int:
            self.events.append((name, Change(size)))
            return truncate(file, size)

        def syncing(file: Any, flags: int) -> int:
            code = sync(file, flags)
            self.events.append((name, None))
            return code

        watched = (
            (WRITING, WRITE(writing)),
            (TRUNCATING, TRUNCATE(truncating)),
            (SYNCING, SYNC(syncing)),
        )
        for place, function in watched:
            methods.functions[place] = ctypes.cast(_kept(function), ctypes.c_void_p)
        file.contents.methods = ctypes.pointer(_kept(methods))
