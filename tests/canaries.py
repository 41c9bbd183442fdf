"""Canaries: a key and people that must appear nowhere, and a scanner for all outputs.

`Watch` is a plugin of this test suite. It searches everything that a test run writes, prints and
logs for the key of the sandboxes, and all logs for people: the people of the sandboxes and tests
have addresses that are reserved for examples.
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
import zstandard

from enrich_pandas.emulators.account import KEY
from enrich_pandas.journal import elements

PERSON = re.compile(r"[\w.+-]@[\w.-]*\bexample\b|\blinkedin\.com/in/\w|-example-\d")
STREAM = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|" + re.escape(zstandard.FRAME_HEADER))
DEEPEST = 3  # levels of compression
PIECE = 2**12  # bytes of a stream at a time
LONGEST = 64 * 2**20  # maximum bytes of a decompressed stream


def sightings(text: str, data: bytes, depth: int = 0) -> set[str]:
    """Return the encodings in which a text occurs in some bytes; empty if it does not occur."""
    found = {name for name, written in spellings(text) if written in data}
    lower = data.lower()
    found |= {name for name, written in caseless(text) if written in lower}
    if depth < DEEPEST:
        for inner in unpacked(data):
            found |= {f"packed, {name}" for name in sightings(text, inner, depth + 1)}
    return found


def spellings(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield a text in base64, for each of the three offsets at which it can begin."""
    for code in ("utf-8", "utf-16-le"):
        for lead in range(3):
            whole = base64.b64encode(b"\0" * lead + text.encode(code)).rstrip(b"=")
            # The first and last characters also depend on neighboring bytes and are left out.
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
    """Yield the contents of the compressed streams that begin anywhere in some bytes."""
    view = memoryview(data)
    for start in STREAM.finditer(data):
        if found := inflated(view[start.start() :]):
            yield found


def inflated(stream: memoryview) -> bytes:
    """Decompress a stream as far as it is valid, in pieces, because most end at once."""
    if stream[:4] == zstandard.FRAME_HEADER:
        return journaled(stream)
    inflater, found = zlib.decompressobj(zlib.MAX_WBITS | 32), bytearray()
    with suppress(zlib.error):
        for place in range(0, len(stream), PIECE):
            left = LONGEST - len(found)
            if inflater.eof or not left:
                break
            found += inflater.decompress(stream[place : place + PIECE], left)
    return bytes(found)


def journaled(frame: memoryview) -> bytes:
    """Decompress what the journal has compressed, with its dictionary, as far as it is valid."""
    found = bytearray()
    with suppress(zstandard.ZstdError, LookupError):
        number = zstandard.get_frame_parameters(frame).dict_id
        inflater = elements._codecs.reader(number).decompressobj()
        for place in range(0, min(len(frame), LONGEST), PIECE):
            found += inflater.decompress(frame[place : place + PIECE])
    return bytes(found)


def cells(path: Path) -> Iterator[bytes]:
    """Yield the cells of a SQLite file: a compressed one can be spread over several pages."""
    uri = f"{path.as_uri()}?mode=ro&immutable=1"
    damaged = sqlite3.Error, UnicodeDecodeError, IndexError
    with suppress(*damaged), closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.text_factory = bytes
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (name,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{name.decode()}"'):  # noqa: S608 - its own
                yield b"\0".join(cell for cell in row if isinstance(cell, bytes))


def readings(path: Path) -> Iterator[bytes]:
    """Yield the name of a file and everything that can be read in it."""
    yield str(path.name).encode()
    with suppress(OSError):  # deleted meanwhile, a socket, or not readable
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
    """Return the files below a folder in which a text occurs, with its encodings."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [
        f"{path}: {', '.join(sorted(found))}"
        for path in files
        if (found := set[str]().union(*(sightings(text, data) for data in readings(path))))
    ]


@contextmanager
def unwatched(library: str) -> Iterator[None]:
    """Exclude the logs of a library from the watch, for a test that uses it directly."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(logging.root.manager.loggerDict):
            if name.partition(".")[0] == library:
                patch.setattr(logging.getLogger(name), "disabled", True)
        yield


class Watch(logging.Handler):
    """Watches a whole test run and fails it if a key or a person is found."""

    def __init__(self, key: str = KEY) -> None:
        super().__init__(logging.DEBUG)
        self.key = key
        self.seen: list[str] = []
        self.test = "before the tests"
        self._clean_up = tempfile.TemporaryDirectory.cleanup

    def emit(self, record: logging.LogRecord) -> None:
        """Search a line of any log."""
        line = self.format(record)
        if sightings(self.key, line.encode(errors="replace")) or PERSON.search(line):
            self.seen.append(f"{self.test}: log of {record.name}: {line}")

    def pytest_sessionstart(self) -> None:
        """Watch every log, and temporary folders before they are deleted."""
        logging.getLogger().addHandler(self)
        clean_up, seen, key = self._clean_up, self.seen, self.key

        def cleanup(folder: tempfile.TemporaryDirectory) -> None:
            seen.extend(sighted(key, Path(folder.name)))
            clean_up(folder)

        tempfile.TemporaryDirectory.cleanup = cleanup

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note the present test."""
        self.test = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Search what a test printed, and its traceback."""
        shown = "\n".join([report.longreprtext, *(text for _, text in report.sections)])
        if not report.failed and sightings(self.key, shown.encode(errors="replace")):
            self.seen.append(f"{report.nodeid} shows the key")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add the findings of a worker process."""
        self.seen += getattr(node, "workeroutput", {}).get("canaries", [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search everything that the tests left in their folders."""
        tempfile.TemporaryDirectory.cleanup = self._clean_up
        logging.getLogger().removeHandler(self)
        base = session.config._tmp_path_factory._basetemp  # None if no test used one
        if base is not None:
            self.seen += sighted(self.key, base)
        if self.seen:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(session.config, "workeroutput"):  # a worker process
            session.config.workeroutput["canaries"] = self.seen

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Report the findings."""
        if self.seen:
            terminalreporter.section("a key or a person was seen", red=True)
            for one in self.seen[:50]:
                terminalreporter.line(one)
