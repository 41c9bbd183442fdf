"""Traces: what tells in a text of the journal that somebody is meant, and an answer without it."""

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import msgspec

from enrich_pandas.journal.records import unpack
from enrich_pandas.journal.suppression import marks
from enrich_pandas.providers.base import Kind

_ADDRESSES: Mapping[Kind, Mapping[str, re.Pattern[str]]] = {
    "people": {
        "email": re.compile(
            r"(?<![^\s\"\\<>()\[\],;:/])[^\s\"\\<>()\[\],;:/]+@[^\s\"\\<>()\[\],;:/?@]+"
        ),
        "linkedin_url": re.compile(r"linkedin\.com/+in/+[^\s\"\\/?#]+", re.IGNORECASE),
    },
    "companies": {
        "domain": re.compile(r"[^\s\"\\/:@?#,]+(?:\.[^\s\"\\/:@?#,.]+)+"),
        "company_linkedin_url": re.compile(
            r"linkedin\.com/+(?:company|school|showcase)/+[^\s\"\\/?#]+", re.IGNORECASE
        ),
    },
}
_WRITTEN_AS_IT_IS = re.compile(r'[^"\\\x00-\x1f\x7f]+')
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTED = re.compile(rb"%[0-9a-fA-F]{2}")
_ASCII = bytes(range(128))
# All characters, other than those of ASCII, that `_folded` writes with one of ASCII.
_FOLDED_TO_ASCII = frozenset(
    "\xdf\u0130\u0149\u017f\u037e\u1e9a\u1e9e\u1fef\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)


class Trace:
    """What tells in a raw answer that somebody is meant.

    Parameters
    ----------
    words
        Texts without one of which nobody can be meant, as JSON has them; quickly looked for.
    pattern
        An e-mail address, or the last part of the address of a profile or page, as a whole.
    """

    def __init__(self, words: frozenset[str], pattern: re.Pattern[str]) -> None:
        self.words, self._pattern = words, pattern
        is_plain = all(word.isascii() and "/" not in word and "xn--" not in word for word in words)
        self._written = [word.encode() for word in words] if is_plain else None

    @classmethod
    def of(cls, named: Collection[str]) -> "Trace":
        """Make it of marks."""
        words, patterns = set[str](), ["(?!)"]
        for mark in named:
            name, _, value = mark.partition(" ")
            if name == "email":
                words.add(_word(value))
                patterns.append(rf"(?<![\w.+-]){re.escape(value)}(?![\w-])")
            elif mark[0] == "[":  # all of several identifiers
                words.add(_word(max((one for _, one in unpack(mark.encode())), key=len)))
            else:
                last = value.rpartition("/")[2].rpartition(":")[2]
                words.add(_word(last))
                whole = re.escape(last)
                patterns.append(rf"^@?{whole}(?=$|[/?#])|/{whole}(?=$|[/?#\s])")
        return cls(frozenset(words), re.compile("|".join(patterns), re.IGNORECASE))

    def is_in(self, value: Any, own: Collection[str] = ()) -> bool:
        """Tell whether a value of JSON names somebody, at any depth.

        ``own`` are names that count where they are the whole text.
        """
        if isinstance(value, dict):
            return any(self.is_in(one, own) for pair in value.items() for one in pair)
        if isinstance(value, list):
            return any(self.is_in(one, own) for one in value)
        if not isinstance(value, str):
            return False
        return value.casefold() in own or bool(
            self._pattern.search(value) or ("%" in value and self._pattern.search(unquote(value)))
        )

    def may_be_in(self, body: bytes) -> bool:
        """Tell whether it is worth taking a body apart."""
        if self._written is not None and _is_plain(body):
            written = body.lower()
            return any(word in written for word in self._written)
        text = _folded(_legible(body))
        if any(word in text for word in self.words):
            return True
        return not text.isascii() and any("xn--" in word for word in self.words)


def marks_in(body: bytes, kind: Kind) -> set[str]:
    """Return the marks of all whom an answer may name, by addresses that tell who it is.

    Examples
    --------
    >>> sorted(marks_in(b'{"to": "Ada@example.com", "url": "linkedin.com/in/Ada"}', "people"))
    ['email ada@example.com', 'linkedin_url ada']
    """
    text = _legible(body)
    return {
        mark
        for name, address in _ADDRESSES[kind].items()
        if name != "email" or "@" in text
        for found in address.finditer(text)
        for mark in marks(kind, {name: found[0].rstrip(".")})
        if mark[0] != "["
    }


def _is_plain(body: bytes) -> bool:
    """Tell whether what is read in JSON in ASCII is written there, but for its case.

    It is not where something is escaped or quoted, or folded to ASCII: found in a tenth of the
    time that it takes to read it.
    """
    if b"\\u" in body or (b"%" in body and _QUOTED.search(body)):
        return False
    other = body.translate(None, _ASCII)
    return _FOLDED_TO_ASCII.isdisjoint(other.decode(errors="replace"))


def _word(value: str) -> str:
    """Return the longest part of a value that JSON writes as it is."""
    return _folded(max(_WRITTEN_AS_IT_IS.findall(unquote(unquote(value))), key=len, default=""))


def _folded(text: str) -> str:
    """Return a text in one spelling, whatever its case and its accents' encoding."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold())


def _legible(body: bytes) -> str:
    """Return JSON as one text, in which nothing is escaped that need not be."""
    if b"\\u" in body or b"\\/" in body:
        with suppress(msgspec.MsgspecError, RecursionError):  # of a body that was cut, say
            body = msgspec.json.encode(msgspec.json.decode(body))
    text = body.decode(errors="replace")
    if "\\u" in text:
        units = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
        text = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unquote(unquote(text)) if "%" in text else text


def without(body: bytes, trace: Trace, own: Collection[str] = ()) -> bytes:
    """Return an answer without the elements that name somebody; the same object if none does.

    What cannot be taken apart goes as a whole.

    Examples
    --------
    >>> trace = Trace.of(["email ada@example.com"])
    >>> without(b'[{"email": "Ada@example.com"}, {"email": "bo@example.com"}]', trace)
    b'[{"email":"bo@example.com"}]'
    """
    if not own and not trace.may_be_in(body):
        return body
    try:
        whole = msgspec.json.decode(body)
        if not trace.is_in(whole, own):
            return body
        rest = _rest(whole, trace, own)
        return b"" if trace.is_in(rest, own) else msgspec.json.encode(rest)
    except (msgspec.MsgspecError, RecursionError):
        return b""


def _rest(value: Any, trace: Trace, own: Collection[str]) -> Any:
    """Return what is left, where every list on the way down loses what names somebody."""
    if isinstance(value, list):
        return [one for one in value if not trace.is_in(one, own)]
    if isinstance(value, dict):
        return {name: _rest(inner, trace, own) for name, inner in value.items()}
    return value
