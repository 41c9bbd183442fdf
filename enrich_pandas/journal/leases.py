"""Leases: who is alive. An OS lock on a file of its own, freed by the kernel on any death.

Not a heartbeat, which a laptop that slept would lose, and not a process id, which is reused.
"""

import os
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

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
        _undisturbed(self._lock.acquire)

    @property
    def is_own(self) -> bool:
        """Whether this process took it; a fork's child inherits none."""
        return self._pid == os.getpid()

    def release(self) -> None:
        """Give the lease up; claims made under it are then anybody's to recover."""
        if not self.is_own:
            return
        path = Path(self._lock.lock_file)
        _undisturbed(self._lock.release)
        path.unlink(missing_ok=True)


def is_alive(folder: Path, lease: str) -> bool:
    """Tell whether the owner of a lease still holds it."""
    if not _path(folder, lease).exists():
        return False
    return _undisturbed(lambda: _is_held(folder, lease))


def _is_held(folder: Path, lease: str) -> bool:
    try:
        with _lock(folder, lease).acquire(timeout=0):
            _path(folder, lease).unlink(missing_ok=True)
    except Timeout:
        return True
    return False


def _undisturbed(work: Callable[[], T]) -> T:
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
