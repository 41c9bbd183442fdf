"""Erasure: delete every readable byte about a person or company from the journal.

An answer about several people keeps the parts about the others.
"""

import re
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from unicodedata import normalize
from urllib.parse import unquote

import msgspec

from enrich_pandas.journal.database import Database, translate_errors
from enrich_pandas.journal.elements import (
    REFERENCE,
    compress_element,
    decompress,
    read_bodies,
    write_body,
)
from enrich_pandas.journal.records import (
    UNREADABLE,
    RecordTypes,
    pack,
    read_identity,
    read_model,
    unpack,
)
from enrich_pandas.journal.suppression import (
    ANY_PROVIDER,
    ERASED,
    SuppressionEntry,
    SuppressionReason,
    add_entries,
    find_erased,
    has_erased,
    identifier_keys,
    model_keys,
)
from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Kind, Match, Status
from enrich_pandas.providers.decoding import decode_untyped, repair, salvage
from enrich_pandas.providers.records import Record

# Search and removal in raw answers

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
MAX_DEPTH = 64  # of nested values, far from the limit of Python's recursion
# All characters outside ASCII that `_folded` maps to ASCII.
_FOLDED_TO_ASCII = frozenset(
    "\xdf\u0130\u0149\u017f\u037e\u1e9a\u1e9e\u1fef\u212a\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)


class TextMatcher:
    """Finds the people or companies to erase in JSON texts.

    Parameters
    ----------
    words
        Texts as JSON writes them. A body without any of them cannot match; this test is fast.
    pattern
        Matches a whole e-mail address, or the last part of the URL of a profile or page.
    """

    words: frozenset[str]

    def __init__(self, words: frozenset[str], pattern: re.Pattern[str]) -> None:
        self.words, self._pattern = words, pattern
        is_plain = all(word.isascii() and "/" not in word and "xn--" not in word for word in words)
        self._written = [word.encode() for word in words] if is_plain else None

    @classmethod
    def of(cls, named: Collection[str]) -> "TextMatcher":
        """Build a matcher from comparable keys."""
        words, patterns = set[str](), ["(?!)"]
        for key in named:
            name, _, value = key.partition(" ")
            if name == "email":
                words.add(_word(value))
                patterns.append(rf"(?<![\w.+-]){re.escape(value)}(?![\w-])")
            elif key[0] == "[":  # a combination of identifiers
                words.add(_word(max((one for _, one in unpack(key.encode())), key=len)))
            else:
                last = value.rpartition("/")[2].rpartition(":")[2]
                words.add(_word(last))
                whole = re.escape(last)
                patterns.append(rf"^@?{whole}(?=$|[/?#])|/{whole}(?=$|[/?#\s])")
        return cls(frozenset(words), re.compile("|".join(patterns), re.IGNORECASE))

    def is_in(self, value: Any, own: Collection[str] = (), depth: int = 0) -> bool:
        """Return whether a JSON value matches, or is nested too deeply to decide it.

        ``own`` are names that match if they are the whole text.
        """
        if depth > MAX_DEPTH:
            return True
        if isinstance(value, dict):
            inner = (one for pair in value.items() for one in pair)
            return any(self.is_in(one, own, depth + 1) for one in inner)
        if isinstance(value, list):
            return any(self.is_in(one, own, depth + 1) for one in value)
        if not isinstance(value, str):
            return False
        return value.casefold() in own or bool(
            self._pattern.search(value) or ("%" in value and self._pattern.search(unquote(value)))
        )

    def may_be_in(self, body: bytes) -> bool:
        """Return False if a body cannot match, so that it need not be parsed."""
        if self._written is not None and _is_plain(body):
            written = body.lower()
            return any(word in written for word in self._written)
        text = _folded(_legible(body))
        if any(word in text for word in self.words):
            return True
        return not text.isascii() and any("xn--" in word for word in self.words)


def keys_in(body: bytes, kind: Kind) -> set[str]:
    """Return the comparable keys of all addresses in an answer.

    Examples
    --------
    >>> sorted(keys_in(b'{"to": "Ada@example.com", "url": "linkedin.com/in/Ada"}', "people"))
    ['email ada@example.com', 'linkedin_url ada']
    """
    text = _legible(body)
    return {
        key
        for name, address in _ADDRESSES[kind].items()
        if name != "email" or "@" in text
        for found in address.finditer(text)
        for key in identifier_keys(kind, {name: found[0].rstrip(".")})
        if key[0] != "["
    }


def _is_plain(body: bytes) -> bool:
    """Return whether ASCII texts in JSON are written literally, apart from their case.

    They are not if the body has escapes, percent-encoding or characters that fold to ASCII. The
    test takes a tenth of the time of parsing.
    """
    if b"\\u" in body or (b"%" in body and _QUOTED.search(body)):
        return False
    other = body.translate(None, _ASCII)
    return _FOLDED_TO_ASCII.isdisjoint(other.decode(errors="replace"))


def _word(value: str) -> str:
    """Return the longest part of a value that JSON writes literally."""
    return _folded(max(_WRITTEN_AS_IT_IS.findall(unquote(unquote(value))), key=len, default=""))


def _folded(text: str) -> str:
    """Return a text without differences of case and of the encoding of accents."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold())


def _legible(body: bytes) -> str:
    """Return JSON as a text without needless escapes."""
    if b"\\u" in body or b"\\/" in body:
        with suppress(msgspec.MsgspecError, RecursionError):  # for example a truncated body
            body = msgspec.json.encode(msgspec.json.decode(body))
    text = body.decode(errors="replace")
    if "\\u" in text:
        units = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
        text = units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unquote(unquote(text)) if "%" in text else text


def remove_elements(body: bytes, matcher: TextMatcher, own: Collection[str] = ()) -> bytes:
    """Return a body without the list elements that match; the same object if none does.

    Of a body that cannot be parsed, the complete elements that do not match are kept, without the
    end of their list. A body that still matches is deleted as a whole.

    Examples
    --------
    >>> matcher = TextMatcher.of(["email ada@example.com"])
    >>> remove_elements(b'[{"email": "Ada@example.com"}, {"email": "bo@example.com"}]', matcher)
    b'[{"email":"bo@example.com"}]'
    """
    if not own and not matcher.may_be_in(body):
        return body
    whole = decode_untyped(body)
    if whole is None:
        return _complete_elements(body, matcher, own)
    if not matcher.is_in(whole, own):
        return _without_hidden(body, whole, matcher)
    rest = _rest(whole, matcher, own)
    return b"" if matcher.is_in(rest, own) else msgspec.json.encode(rest)


def _complete_elements(body: bytes, matcher: TextMatcher, own: Collection[str]) -> bytes:
    """Return the complete elements of a list that is cut and that do not match, cut as before."""
    pairs = [(raw, decode_untyped(raw)) for raw in salvage(repair(body))]
    kept = [
        _without_hidden(raw, value, matcher)
        for raw, value in pairs
        if value is not None and not matcher.is_in(value, own)
    ]
    return b"[" + b",".join(kept) if kept else b""


def _without_hidden(written: bytes, value: Any, matcher: TextMatcher) -> bytes:
    """Return a JSON text, or its value alone if only a repeated key of an object can match."""
    if not matcher.may_be_in(written) or matcher.may_be_in(rest := msgspec.json.encode(value)):
        return written
    return rest


def _rest(value: Any, matcher: TextMatcher, own: Collection[str]) -> Any:
    """Return the value without the matching elements of its lists, at any depth."""
    if isinstance(value, list):
        return [one for one in value if not matcher.is_in(one, own)]
    if isinstance(value, dict):
        return {name: _rest(inner, matcher, own) for name, inner in value.items()}
    return value


def without_mentions(raw: bytes, matcher: TextMatcher, own: TextMatcher) -> bytes:
    """Return an element without what it states about others; itself if it states nothing.

    A list item that matches is removed, unless ``own`` is in it, too: then only texts are. An
    element that cannot be parsed is replaced by an empty one.

    Examples
    --------
    >>> matcher, own = (TextMatcher.of([f"email {name}@example.com"]) for name in ("ada", "bo"))
    >>> raw = b'[{"id": "bo@example.com", "boss": "ada@example.com"}, {"id": "ada@example.com"}]'
    >>> without_mentions(raw, matcher, own)
    b'[{"id":"bo@example.com","boss":null}]'
    """
    whole = decode_untyped(raw)
    if whole is None:
        return b"{}"
    if not matcher.is_in(whole):
        return _without_hidden(raw, whole, matcher)
    return msgspec.json.encode(_without_mentions(whole, matcher, own))


def _without_mentions(value: Any, matcher: TextMatcher, own: TextMatcher, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        return None
    if not matcher.is_in(value):
        return value
    if isinstance(value, list):
        kept = (one for one in value if own.is_in(one) or not matcher.is_in(one))
        return [_without_mentions(one, matcher, own, depth + 1) for one in kept]
    if isinstance(value, dict):
        named = {one: inner for one, inner in value.items() if not matcher.is_in(one)}
        return {
            one: _without_mentions(inner, matcher, own, depth + 1) for one, inner in named.items()
        }
    return None


# Erasure from the tables

ANSWERS = """
    SELECT fingerprint, provider, kind, identity, model, results.batch AS batch, element, type, raw
    FROM results LEFT JOIN elements ON elements.id = element
    WHERE kind = :kind AND :provider IN ('', provider)
    UNION ALL SELECT NULL, provider, kind, X'5B5D', NULL, batch, elements.id, type, raw
    FROM elements JOIN batches ON batches.id = batch JOIN runs ON runs.id = run
    WHERE kind = :kind AND :provider IN ('', provider)
      AND elements.id NOT IN (SELECT element FROM results WHERE element IS NOT NULL)
"""
# Elements in which others can be mentioned. The employer in an element about a person stays.
MENTIONS = """
    SELECT elements.id AS element, provider, kind, type, raw
    FROM elements JOIN batches ON batches.id = batch JOIN runs ON runs.id = run
    WHERE :kind IN ('people', kind) AND :provider IN ('', provider)
"""
BODIES = """
    SELECT requests.id AS id, batch, headers, body, is_cut
    FROM requests JOIN batches ON batches.id = batch JOIN runs ON runs.id = run
    WHERE body IS NOT NULL AND :provider IN ('', runs.provider)
"""
# Two identities of one person can have the same element.
DELETE_WITHOUT_ELEMENT = """
    DELETE FROM results WHERE element IS NOT NULL AND element NOT IN (SELECT id FROM elements)
"""
# Hold the cost of identities that were erased from the batch of an open job.
REMOVE_IDENTITIES = """
    UPDATE batches SET identities = :rest, held = held + (
      SELECT CASE WHEN state = 'open' AND at_risk IS NOT NULL
      THEN MIN(at_risk, (reserved - held) * :share) ELSE 0 END
      FROM batch_risks WHERE batch_risks.id = :id
    ) WHERE id = :id
"""


class Eraser:
    """Erases people and companies from the file of a journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, kind: Kind, values: Mapping[str, str]) -> int:
        """Erase the owner of these canonical identifiers; return the number of answers deleted."""
        damage = translate_errors(self._database.path, *UNREADABLE)
        with damage, self._database.writing() as connection:
            named = set(identifier_keys(kind, values))
            return erase(
                connection, kind, named, SuppressionEntry(ERASED, ANY_PROVIDER, time.time())
            )


def erase_removed(
    connection: sqlite3.Connection, kind: Kind, matches: Iterable[Match], provider: str, now: float
) -> None:
    """Erase the people or companies that a vendor reports as removed."""
    removed: dict[str, set[str]] = {}
    for match in (one for one in matches if one.status is Status.REMOVED):
        removed.setdefault(match.reason, set()).update(
            identifier_keys(kind, dict(match.identity.keys))
        )
    for reason, named in removed.items():
        erase(
            connection,
            kind,
            named,
            SuppressionEntry(SuppressionReason(Status.REMOVED, reason), provider, now),
        )


def erase_returned(
    connection: sqlite3.Connection,
    kind: Kind,
    matches: Collection[Match],
    provider: str,
    batch: int,
) -> None:
    """Erase people or companies that a batch returned although they are on the list.

    This happens if a job was open when they were erased. The identifiers of the request are added
    to the list. Further identifiers in the answer are not: through a shared mailbox, unrelated
    people would be erased one after the other.
    """
    if not has_erased(connection):
        return
    bodies = read_bodies(connection, batch).values()
    named = {key for body in bodies for key in keys_in(body, kind)}
    for entry, found in find_erased(connection, kind, provider, named).items():
        requested = {
            key
            for match in matches
            if not found.isdisjoint(_keys(kind, match.identity, match.model))
            for key in identifier_keys(kind, dict(match.identity.keys))
        }
        erase(connection, kind, found | requested, entry, follow=False)


def erase(
    connection: sqlite3.Connection,
    kind: Kind,
    named: Collection[str],
    entry: SuppressionEntry,
    *,
    follow: bool = True,
) -> int:
    """Erase people or companies and add them to the list, as a part of a transaction.

    Each call reads the whole journal, for one person as for many.

    Parameters
    ----------
    named
        Comparable keys.
    entry
        The entry for the list. If it has a provider, only the answers of that one are erased.
    follow
        Whether to follow further identifiers in the stored answers.

    Returns
    -------
    int
        The number of stored answers that were deleted.
    """
    known, deleted = _find_related(connection, kind, named, entry.provider, follow=follow)
    for table, column, place in (("results", "fingerprint", 0), ("elements", "id", 1)):
        statement = f"DELETE FROM {table} WHERE {column} = ?"  # noqa: S608 - names are above
        connection.executemany(statement, [(key[place],) for key in deleted])
    connection.execute(DELETE_WITHOUT_ELEMENT)
    own: dict[int, set[str]] = {}
    for one in deleted.values():
        own.setdefault(one.batch, set()).update(one.names)
    matcher = TextMatcher.of(known)
    _erase_from_elements(connection, matcher, kind, entry.provider)
    _erase_from_bodies(connection, matcher, own, entry.provider)
    _erase_from_identities(connection, matcher, {one.identity for one in deleted.values()})
    add_entries(connection, [(kind, key) for key in known], *entry)
    return sum(key is not None for key, _ in deleted)


Key = tuple[bytes | None, int | None]  # the fingerprint of a result, and its element


class Deleted(NamedTuple):
    """What is deleted of a result, or of an element that a later answer has replaced.

    ``names`` are texts that stand for it in the bodies of its batch.
    """

    batch: int
    identity: Identity
    names: set[str]


def _find_related(
    connection: sqlite3.Connection,
    kind: Kind,
    start: Collection[str],
    provider: str,
    *,
    follow: bool,
) -> tuple[set[str], dict[Key, Deleted]]:
    """Return all comparable keys and the stored answers of the people or companies.

    An answer has further identifiers of the same person; more answers may be stored under them.
    """
    facts, types = {"kind": kind, "provider": provider}, RecordTypes()
    named, more, deleted = set[str](), set(start), dict[Key, Deleted]()
    while more:
        named |= more
        more, matcher = set(), TextMatcher.of(named)
        for row in connection.execute(ANSWERS, facts):
            key, text = (row["fingerprint"], row["element"]), _text(row)
            if key in deleted or not matcher.may_be_in(bytes(row["identity"]) + text):
                continue
            identity, model = read_identity(unpack(row["identity"])), read_model(row, types)
            known = set(_keys(kind, identity, model))
            if model is None:  # of an unknown type: its text also has identifiers of others
                known |= named & keys_in(text, kind)
            if not named.isdisjoint(known):
                deleted[key] = Deleted(row["batch"], identity, set(_names(identity, model, row)))
                more |= known - named if follow else set()
    return named, deleted


def _text(row: sqlite3.Row) -> bytes:
    """Return the text of a stored model or element; most need not be decoded."""
    packed = row["raw"] or row["model"]
    return decompress(packed) if packed else b""


def _keys(kind: Kind, identity: Identity, model: Model | Record | None) -> Iterator[str]:
    yield from identifier_keys(kind, dict(identity.keys))
    if model is not None:
        yield from model_keys(model)


def _names(identity: Identity, model: Model | Record | None, row: sqlite3.Row) -> Iterator[str]:
    """Yield names and ids, which identify the person within an answer about it."""
    if isinstance(model, Record):
        model = model.read()
    found = (identity.get("name"), model and model.name, model and model.id)
    yield from (name.casefold() for name in found if name)
    if row["element"] is not None:
        yield REFERENCE.format(row["element"])


def _erase_from_elements(
    connection: sqlite3.Connection, matcher: TextMatcher, kind: Kind, provider: str
) -> None:
    """Remove what other people's and companies' elements state about the erased."""
    changed, types = list[tuple[bytes, int]](), RecordTypes()
    for row in connection.execute(MENTIONS, {"kind": kind, "provider": provider}):
        raw = decompress(row["raw"])
        if matcher.may_be_in(raw):
            model = read_model(row, types)
            own = TextMatcher.of(set() if model is None else model_keys(model))
            rest = without_mentions(raw, matcher, own)
            changed += [(compress_element(rest), row["element"])] if rest is not raw else []
    connection.executemany("UPDATE elements SET raw = ? WHERE id = ?", changed)


def _erase_from_bodies(
    connection: sqlite3.Connection, matcher: TextMatcher, own: Mapping[int, set[str]], provider: str
) -> None:
    for row in connection.execute(BODIES, {"provider": provider}).fetchall():
        body = decompress(row["body"])
        rest = remove_elements(body, matcher, own.get(row["batch"], ()))
        if rest is not body:
            write_body(connection, row["id"], rest, is_cut=row["is_cut"])
        headers = _without(row["headers"], matcher)
        if headers is not row["headers"]:
            statement = "UPDATE requests SET headers = ? WHERE id = ?"
            connection.execute(statement, (headers, row["id"]))


def _without(headers: bytes, matcher: TextMatcher) -> bytes:
    """Return the headers that cannot match; a redirect, for example, repeats the query."""
    if not matcher.may_be_in(headers):
        return headers
    named = unpack(headers).items()
    return pack({one: text for one, text in named if not matcher.may_be_in(pack([one, text]))})


def _erase_from_identities(
    connection: sqlite3.Connection, matcher: TextMatcher, deleted: Collection[Identity]
) -> None:
    for row in connection.execute("SELECT id, identities FROM batches").fetchall():
        if (rest := _remaining_identities(row[1], matcher, deleted)) is not None:
            share = 1 - len(rest) / len(unpack(row[1]))
            connection.execute(
                REMOVE_IDENTITIES, {"id": row[0], "rest": pack(rest), "share": share}
            )
    for row in connection.execute("SELECT id, input FROM runs WHERE input IS NOT NULL").fetchall():
        if (rest := _remaining_identities(zlib.decompress(row[1]), matcher, deleted)) is not None:
            statement = "UPDATE runs SET input = ? WHERE id = ?"
            connection.execute(statement, (zlib.compress(pack(rest), 1), row[0]))


def _remaining_identities(
    written: bytes, matcher: TextMatcher, deleted: Collection[Identity]
) -> list[list[list[str]]] | None:
    """Return the identities that stay, or None if none is removed."""
    if not matcher.may_be_in(written):
        return None
    found = unpack(written)
    rest = [one for one in found if read_identity(one) not in deleted and not matcher.is_in(one)]
    return rest if len(rest) < len(found) else None
