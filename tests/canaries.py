"""Canaries: a key and a person that may be found nowhere, and a scanner that reads everything.

`Watch` is a plugin of this test suite. It looks at all that a whole test run writes, prints and
logs for the key that every sandbox signs with, and at all that is logged for anybody: the people of
every sandbox and of every test have addresses that are reserved for examples.
"""

import base64
import logging
import re
import sqlite3
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from enrich_pandas.emulators.protocol import KEY

PERSON = re.compile(r"[\w.+-]@[\w.-]*\bexample\b|\blinkedin\.com/in/\w|-example-\d")
STREAM = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
DEEPEST = 3  # what is packed within what is packed
PIECE = 2**12  # bytes of a stream at a time
LONGEST = 64 * 2**20  # bytes that a stream is inflated to


def sightings(text: str, data: bytes, depth: int = 0) -> set[str]:
    """Return how a text is written in some bytes: as it is, encoded, packed; empty for nowhere."""
    found = {name for name, written in spellings(text) if written in data}
    lower = data.lower()
    found |= {name for name, written in caseless(text) if written in lower}
    if depth < DEEPEST:
        for inner in unpacked(data):
            found |= {f"packed, {name}" for name in sightings(text, inner, depth + 1)}
    return found


def spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield what a text looks like in base64, at each of the three places it can begin."""
    for code in ("utf-8", "utf-16-le"):
        for lead in range(3):
            whole = base64.b64encode(b"\0" * lead + text.encode(code)).rstrip(b"=")
            # What a neighbour has a part in is left out at both ends.
            yield f"base64 of {code}", whole[(0, 2, 3)[lead] : -1]


def caseless(text: str) -> Iterator[tuple[str, bytes]]:
    lower = text.lower()
    for code in ("utf-8", "utf-16-le", "utf-16-be"):
        yield code, lower.encode(code)
    octets = lower.encode()
    yield "hexadecimal", octets.hex().encode()
    yield "percent-encoded", urllib.parse.quote_plus(text).lower().encode()
    yield "percent-encoded", "".join(f"%{octet:02x}" for octet in octets).encode()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what is in the streams, archives and databases that begin anywhere in some bytes."""
    view = memoryview(data)
    for start in STREAM.finditer(data):
        if found := inflated(view[start.start() :]):
            yield found


def inflated(stream: memoryview) -> bytes:
    """Return what a stream holds, as far as it is one; read in pieces, for most end at once."""
    inflater, found = zlib.decompressobj(zlib.MAX_WBITS | 32), bytearray()
    with suppress(zlib.error):
        for place in range(0, len(stream), PIECE):
            left = LONGEST - len(found)
            if inflater.eof or not left:
                break
            found += inflater.decompress(stream[place : place + PIECE], left)
    return bytes(found)


def cells(path: Path) -> Iterator[bytes]:
    """Yield the cells of a SQLite file: what is packed in them may lie across its pages."""
    uri = f"{path.as_uri()}?mode=ro&immutable=1"
    damaged = sqlite3.Error, UnicodeDecodeError, IndexError
    with suppress(*damaged), closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{name.decode()}"'):  # noqa: S608 - its own
                yield b"\0".join(cell for cell in row if isinstance(cell, bytes))


def readings(path: Path) -> Iterator[bytes]:
    """Yield all that can be read of a file, its name first."""
    yield str(path.name).encode()
    with suppress(OSError):  # gone meanwhile, a socket, or not ours to read
        data = path.read_bytes()
        yield data
        if data.startswith(b"SQLite format 3"):
            yield from cells(path)
        elif data.startswith(b"PK\x03\x04"):
            with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
                yield from (archive.read(name) for name in archive.namelist())
        elif data.startswith(b"PAR1"):
            with suppress(Exception):
                import pyarrow.parquet

                table = pyarrow.parquet.read_table(path)
                yield f"{table.schema.metadata} {table.to_pydict()}".encode()


def sighted(text: str, folder: Path) -> list[str]:
    """Return the files below a folder in which a text can be read, and how it is written there."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [
        f"{path}: {', '.join(sorted(found))}"
        for path in files
        if (found := set[str]().union(*(sightings(text, data) for data in readings(path))))
    ]


@contextmanager
def unwatched(library: str) -> Iterator[None]:
    """Keep from the watch what a library logs, where a test uses it past ours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(logging.root.manager.loggerDict):
            if name.partition(".")[0] == library:
                patch.setattr(logging.getLogger(name), "disabled", True)
        yield


class Watch(logging.Handler):
    """Looks at a whole test run, and fails it where a key or a person is seen."""

    def __init__(self, key: str = KEY) -> None:
        super().__init__(logging.DEBUG)
        self.key = key
        self.seen: list[str] = []
        self.test = "before the tests"
        self._clean_up = tempfile.TemporaryDirectory.cleanup

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a line of a log, whoever writes it."""
        line = self.format(record)
        if sightings(self.key, line.encode(errors="replace")) or PERSON.search(line):
            self.seen.append(f"{self.test}: log of {record.name}: {line}")

    def pytest_sessionstart(self) -> None:
        """Look at every log, and into temporary folders before they are gone."""
        logging.getLogger().addHandler(self)
        clean_up, seen, key = self._clean_up, self.seen, self.key

        def cleanup(folder: tempfile.TemporaryDirectory) -> None:
            seen.extend(sighted(key, Path(folder.name)))
            clean_up(folder)

        tempfile.TemporaryDirectory.cleanup = cleanup

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note who may be the one that is seen."""
        self.test = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at what a test printed, and at its traceback where it failed."""
        shown = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
        if not report.failed and sightings(self.key, shown.encode(errors="replace")):
            self.seen.append(f"{report.nodeid} shows the key")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what one of several processes has seen."""
        self.seen += getattr(node, "workeroutput", {}).get("canaries", [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look at all that the tests left in their folders."""
        tempfile.TemporaryDirectory.cleanup = self._clean_up
        logging.getLogger().removeHandler(self)
        base = session.config._tmp_path_factory._basetemp  # None where no test wanted any
        if base is not None:
            self.seen += sighted(self.key, base)
        if self.seen:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(session.config, "workeroutput"):  # one of several processes
            session.config.workeroutput["canaries"] = self.seen

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell what was seen, and where."""
        if self.seen:
            terminalreporter.section("a key or a person was seen", red=True)
            for one in self.seen[:50]:
                terminalreporter.line(one)
