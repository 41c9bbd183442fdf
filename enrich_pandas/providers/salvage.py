"""Salvage: text repaired, and the complete elements of an answer that was cut."""

import codecs
import json
import re

import msgspec

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_CONTROLS = bytes(range(0x20))  # between texts, JSON allows four of them
_CONTROL = re.compile(rb"[\x00-\x1f]")
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # also without its end: linear so
# Texts without control characters, and what is between them: one match instead of one for each.
_CLEAN = re.compile(rb'[^"]*+(?:"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"[^"]*+)*+')


def mended(body: bytes) -> bytes:
    r"""Return a body with its text repaired; the same object where nothing is wrong.

    A byte order mark goes; bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD;
    control characters within a text, such as the end of a line, are escaped.

    Examples
    --------
    >>> mended(rb'["\ud800"]')
    b'["\\ufffd"]'
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        body.decode()
    except UnicodeDecodeError:
        body = body.decode(errors="replace").encode()
    repaired = body
    has_controls = len(body.translate(None, _CONTROLS)) < len(body)  # faster than a search
    if has_controls and not _CLEAN.fullmatch(body):
        repaired = _TEXT.sub(lambda text: _CONTROL.sub(_escaped, text[0]), repaired)
    if b"\\" in body and (rb"\ud" in body or rb"\uD" in body):
        repaired = _ESCAPE.sub(lambda match: rb"\ufffd" if match["lone"] else match[0], repaired)
    return body if repaired == body else repaired


def _escaped(character: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(character[0])


# Numbers stay text and NaN passes: every element is checked by msgspec afterwards.
_element = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_BETWEEN = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


def salvaged(body: bytes) -> list[bytes]:
    """Return every complete element of a top-level JSON array that may be cut anywhere.

    Raw slices, in order; linear in the length of the body. It stops at the first place that is no
    JSON, or nested deeper than the interpreter's recursion limit.

    Examples
    --------
    >>> salvaged(b'[{"name": "Ada"}, {"name": "Gra')
    [b'{"name": "Ada"}']
    """
    text = body.decode("latin-1")  # one character a byte: JSON's grammar is ASCII
    position = _BETWEEN.match(text).end()  # type: ignore[union-attr]  # matches nothing, too
    if text[position : position + 1] != "[":
        return []
    elements = []
    separator = _BETWEEN.match(text, position + 1)
    while separator:
        start = separator.end()
        try:
            _, end = _element.raw_decode(text, start)
        except (ValueError, RecursionError):
            break
        if _is_ended(text, start, end):
            elements.append(body[start:end])
        separator = _COMMA.match(text, end)
    return [element for element in elements if is_json(element)]


def _is_ended(text: str, start: int, end: int) -> bool:
    """Tell whether an element is all there: a number may go on behind the cut."""
    return text[start] not in "-0123456789" or text[end : end + 1] in tuple(", ]\t\r\n")


_skim = msgspec.json.Decoder(msgspec.Raw)  # checks the grammar, builds nothing


def is_json(body: bytes) -> bool:
    """Tell whether bytes are one whole JSON value."""
    try:
        _skim.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
