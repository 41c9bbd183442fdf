"""The vendors' elements: stored once, compressed, and cut out of the bodies that contained them.

A body has a JSON text in place of each element that was cut out, so it is still JSON. `read_bodies`
puts it together again, byte by byte.
"""

import re
import sqlite3
import threading
import zlib
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from importlib.resources import files

import zstandard

from enrich_pandas.journal.database import select_in
from enrich_pandas.providers.records import Record

# Compression

# The files of the dictionaries, by the id that a dictionary and each text made with it contain.
# A new one is added and gets a new version of the schema, so that an older library refuses the
# file. Old ones stay.
DICTIONARIES: Mapping[int, str] = {32769: "elements-1.dictionary"}
LATEST = 32769
ELEMENT_LEVEL = 3  # with a dictionary; higher levels take three times as long
BODY_LEVEL = 1  # lower levels take as long and need more space


class _Codecs(threading.local):
    """The compressors of a thread; they are slow to make, and not for several threads.

    A checksum detects damaged bytes, which would otherwise be read as other texts.
    """

    def __init__(self) -> None:
        self.body = zstandard.ZstdCompressor(BODY_LEVEL, write_checksum=True)
        self._readers = {0: zstandard.ZstdDecompressor()}

    @cached_property
    def element(self) -> zstandard.ZstdCompressor:
        dictionary = _dictionary(LATEST)
        return zstandard.ZstdCompressor(ELEMENT_LEVEL, dict_data=dictionary, write_checksum=True)

    def reader(self, dictionary: int) -> zstandard.ZstdDecompressor:
        """Return the decompressor for an id of a dictionary; 0 is none."""
        if dictionary not in self._readers:
            found = _dictionary(dictionary)
            self._readers[dictionary] = zstandard.ZstdDecompressor(dict_data=found)
        return self._readers[dictionary]


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    """Load a dictionary; KeyError if this version of the library has none with this id."""
    written = (files(__package__) / DICTIONARIES[number]).read_bytes()
    dictionary = zstandard.ZstdCompressionDict(written)
    dictionary.precompute_compress(ELEMENT_LEVEL)
    return dictionary


_codecs = _Codecs()


def compress_body(body: bytes) -> bytes:
    """Compress the body of an answer."""
    return _codecs.body.compress(body)


def compress_element(raw: bytes) -> bytes:
    """Compress an element."""
    return _codecs.element.compress(raw)


def decompress(packed: bytes) -> bytes:
    """Decompress a text of any version of the journal."""
    if packed[:4] != zstandard.FRAME_HEADER:
        return zlib.decompress(packed)
    dictionary = zstandard.get_frame_parameters(packed).dict_id
    return _codecs.reader(dictionary).decompress(packed)


# Elements and bodies

REFERENCE = "<element={}>"
BODIES = "SELECT id, body, is_cut FROM requests WHERE batch = ? AND body IS NOT NULL"
_MARK = b"<element="
_REFERENCES = re.compile(rb'"<element=(\d{1,18})>"')
_PREFIX = 32  # bytes by which an element is found; one that is not twice as long is not cut out


def store_elements(
    connection: sqlite3.Connection, batch: int, records: Collection[Record]
) -> dict[bytes, int]:
    """Store the elements of a batch that are new, and cut them out of its bodies.

    Returns
    -------
    dict of bytes to int
        The number of each element, by its raw bytes.
    """
    if not records:
        return {}
    rows = connection.execute(BODIES, (batch,)).fetchall()
    known = {
        raw: number
        for row in rows
        if row["is_cut"]
        for number, raw in _elements_in(connection, batch, decompress(row["body"])).items()
    }
    new = {record.raw: record.type.name for record in records if record.raw not in known}
    last = connection.execute("SELECT COALESCE(MAX(id), 0) FROM elements").fetchone()[0]
    numbers = {raw: last + place for place, raw in enumerate(new, 1)}
    connection.executemany(
        "INSERT INTO elements VALUES (?, ?, ?, ?)",
        [(numbers[raw], batch, name, compress_element(raw)) for raw, name in new.items()],
    )
    for row in rows:
        _cut_out(connection, row, numbers)
    return known | numbers


def _cut_out(
    connection: sqlite3.Connection, row: sqlite3.Row, elements: Mapping[bytes, int]
) -> None:
    """Replace elements in the body of a request with references."""
    body = decompress(row["body"])
    if not row["is_cut"] and b"<" in body and _MARK in body:  # the first is faster than the second
        return  # the vendor's own text looks like a reference
    rest = without_elements(body, elements)
    if rest != body:
        write_body(connection, row["id"], rest, is_cut=True)


def write_body(connection: sqlite3.Connection, request: int, body: bytes, *, is_cut: bool) -> None:
    """Replace the body of a request."""
    connection.execute(
        "UPDATE requests SET body = ?, is_cut = ? WHERE id = ?",
        (compress_body(body), is_cut, request),
    )


def without_elements(body: bytes, elements: Mapping[bytes, int]) -> bytes:
    """Return a body with references instead of the elements that are in it.

    It is read once, whatever the number of elements and their order: they are looked up by what
    follows the beginning that all of them share.
    """
    cut = [raw for raw in elements if len(raw) >= 2 * _PREFIX]
    if not cut:
        return body
    start = _shared_start(cut)[: min(map(len, cut)) - _PREFIX]
    key, by_prefix = len(start) + _PREFIX, dict[bytes, list[bytes]]()
    for raw in cut:
        by_prefix.setdefault(raw[:key], []).append(raw)
    parts, end, at = list[bytes](), 0, body.find(start)
    while at >= 0:
        length = 1
        for raw in by_prefix.get(body[at : at + key], ()):
            if body.startswith(raw, at):
                parts += body[end:at], b'"<element=%d>"' % elements[raw]
                length = len(raw)
                end = at + length
                break
        at = body.find(start, at + length)
    return b"".join((*parts, body[end:]))


def _shared_start(texts: Collection[bytes]) -> bytes:
    """Return what all texts begin with."""
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((place for place, (one, two) in pairs if one != two), len(first))]


def read_bodies(connection: sqlite3.Connection, batch: int) -> dict[int, bytes]:
    """Read the bodies of a batch by request, as they were received; deleted ones are left out."""
    bodies = dict[int, bytes]()
    for row in connection.execute(BODIES, (batch,)).fetchall():
        body = decompress(row["body"])
        bodies[row["id"]] = _put_together(connection, batch, body) if row["is_cut"] else body
    return bodies


def _put_together(connection: sqlite3.Connection, batch: int, body: bytes) -> bytes:
    elements = _elements_in(connection, batch, body)
    return _REFERENCES.sub(lambda found: elements[int(found[1])], body)


def _elements_in(connection: sqlite3.Connection, batch: int, body: bytes) -> dict[int, bytes]:
    """Read the elements to which a body refers."""
    query = "SELECT id, raw FROM elements WHERE id IN ({}) AND batch = ?"
    numbers = [int(found) for found in _REFERENCES.findall(body)]
    rows = select_in(connection.execute, query, numbers, batch)
    return {row["id"]: decompress(row["raw"]) for row in rows}
