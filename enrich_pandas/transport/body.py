"""The body of an answer, as it arrives: gzip undone in pieces of a bounded size."""

import zlib
from collections.abc import Iterator
from itertools import chain

PIECE = 2**16  # bytes read, and at most decoded, at a time


def decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Undo gzip, piece by piece; a body that only claims to be gzip passes as it is."""
    first = next(pieces, b"")
    pieces = chain([first], pieces)
    is_gzip = encoding.strip().lower() in ("gzip", "x-gzip") and first[:1] == b"\x1f"
    return _gunzipped(pieces) if is_gzip else pieces


def _gunzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    for piece in pieces:
        rest = piece
        while rest:
            if inflater.eof:  # another member follows
                inflater = zlib.decompressobj(wbits=31)
            yield inflater.decompress(rest, PIECE)
            rest = inflater.unconsumed_tail or inflater.unused_data
    if not inflater.eof:
        raise EOFError
