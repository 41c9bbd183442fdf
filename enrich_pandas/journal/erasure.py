"""Forgetting: no readable byte of a person is left in the journal.

Whoever shares an answer with the person keeps his own part of it.
"""

import re
import sqlite3
import time
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import msgspec

from enrich_pandas.journal.database import Database
from enrich_pandas.journal.records import pack, read_answer, read_identity, unpack
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
from enrich_pandas.providers.base import Identity, Kind, Match, Status

# -- Traces: what tells in a text of the journal that somebody is meant, and an answer without it

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


class TextMatcher:
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
    def of(cls, named: Collection[str]) -> "TextMatcher":
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


def keys_in(body: bytes, kind: Kind) -> set[str]:
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
        for mark in identifier_keys(kind, {name: found[0].rstrip(".")})
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


def remove_elements(body: bytes, trace: TextMatcher, own: Collection[str] = ()) -> bytes:
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


def _rest(value: Any, trace: TextMatcher, own: Collection[str]) -> Any:
    """Return what is left, where every list on the way down loses what names somebody."""
    if isinstance(value, list):
        return [one for one in value if not trace.is_in(one, own)]
    if isinstance(value, dict):
        return {name: _rest(inner, trace, own) for name, inner in value.items()}
    return value


# -- Forgetting: no readable byte of a person is left in the journal -----------------------------

NOTHING = zlib.compress(b"")
# What those may have cost of whom an open job's batch no longer knows is held.
LEFT_OUT = """
    UPDATE batches SET identities = :rest, held = held + (
      SELECT CASE WHEN state = 'open' AND at_risk IS NOT NULL
      THEN MIN(at_risk, (reserved - held) * :share) ELSE 0 END FROM stakes WHERE stakes.id = :id
    ) WHERE id = :id
"""


class Eraser:
    """Takes people out of a journal's file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, kind: Kind, values: Mapping[str, str]) -> int:
        """Forget whoever one of these canonical identifiers names; return the answers deleted."""
        with self._database.writing() as connection:
            named = set(identifier_keys(kind, values))
            return erase(
                connection, kind, named, SuppressionEntry(ERASED, ANY_PROVIDER, time.time())
            )


def erase_removed(
    connection: sqlite3.Connection, kind: Kind, matches: Iterable[Match], provider: str, now: float
) -> None:
    """Take those out whom a vendor says it has removed, all that have one reason at once."""
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
    """Take those out whom a batch's answers tell of though they were forgotten, or removed.

    A job that was open when somebody was forgotten tells of her when it ends. She is not asked
    again by what she was asked by. What else the answer calls her by is not put on the list:
    whoever shares a mailbox with her would follow her, and others him.
    """
    if not has_erased(connection):
        return
    query = "SELECT body FROM requests WHERE batch = ? AND body IS NOT NULL"
    named = set[str]()
    for (body,) in connection.execute(query, (batch,)):
        named |= keys_in(zlib.decompress(body), kind)
    for stone, met in find_erased(connection, kind, provider, named).items():
        hers = [match for match in matches if not met.isdisjoint(_marks(kind, match))]
        asked = {
            mark for match in hers for mark in identifier_keys(kind, dict(match.identity.keys))
        }
        erase(connection, kind, met | asked, stone, follow=False)


def erase(
    connection: sqlite3.Connection,
    kind: Kind,
    named: Collection[str],
    stone: SuppressionEntry,
    *,
    follow: bool = True,
) -> int:
    """Take whoever is named out of a journal, and leave a tombstone; part of a transaction.

    It goes over the whole journal, for many people as for one.

    Parameters
    ----------
    named
        Marks of each.
    stone
        What is left. With a provider's name, only what that one gave is taken out.
    follow
        Whether what a stored answer calls them besides names them, too.

    Returns
    -------
    int
        The stored answers that were deleted.
    """
    known, gone = _find_related(connection, kind, named, stone.provider, follow=follow)
    connection.executemany("DELETE FROM results WHERE fingerprint = ?", [(key,) for key in gone])
    own: dict[int, set[str]] = {}
    for row, match in gone.values():
        own.setdefault(row["batch"], set()).update(_names(match))
    trace = TextMatcher.of(known)
    _erase_from_bodies(connection, trace, own, stone.provider)
    identities = {match.identity for _, match in gone.values()}
    _erase_from_identities(connection, trace, identities)
    add_entries(connection, [(kind, mark) for mark in known], *stone)
    return len(gone)


Stored = tuple[sqlite3.Row, Match]


def _find_related(
    connection: sqlite3.Connection,
    kind: Kind,
    start: Collection[str],
    provider: str,
    *,
    follow: bool,
) -> tuple[set[str], dict[bytes, Stored]]:
    """Return the marks and the stored answers of whoever is named, by all that he is known by.

    An answer tells of further identifiers of the same person, under which others may be stored.
    """
    query = "SELECT * FROM results WHERE kind = ? AND (? = '' OR provider = ?)"
    named, more, gone = set[str](), set(start), dict[bytes, Stored]()
    while more:
        named |= more
        more, trace = set(), TextMatcher.of(named)
        for row in connection.execute(query, (kind, provider, provider)):
            if row["fingerprint"] in gone or not trace.may_be_in(_written(row)):
                continue
            match = read_answer(row).match
            if not named.isdisjoint(known := set(_marks(kind, match))):
                gone[row["fingerprint"]] = row, match
                more |= known - named if follow else set()
    return named, gone


def _written(row: sqlite3.Row) -> bytes:
    """Return the text of a stored answer, which is not read for most."""
    return bytes(row["identity"]) + zlib.decompress(row["model"] or NOTHING)


def _marks(kind: Kind, match: Match) -> Iterator[str]:
    yield from identifier_keys(kind, dict(match.identity.keys))
    if match.model is not None:
        yield from model_keys(match.model)


def _names(match: Match) -> Iterator[str]:
    """Yield names and ids: they tell who it is within the answer that was about him."""
    found = (match.identity.get("name"), match.model and match.model.name)
    yield from (name.casefold() for name in (*found, match.model and match.model.id) if name)


# -- raw answers ---------------------------------------------------------------------------------


def _erase_from_bodies(
    connection: sqlite3.Connection, trace: TextMatcher, own: Mapping[int, set[str]], provider: str
) -> None:
    query = (
        "SELECT requests.id, batch, headers, body FROM requests JOIN batches ON batches.id = batch "
        "JOIN runs ON runs.id = run "
        "WHERE body IS NOT NULL AND (? = '' OR runs.provider = ?)"
    )
    for row in connection.execute(query, (provider, provider)).fetchall():
        body = zlib.decompress(row["body"])
        rest = remove_elements(body, trace, own.get(row["batch"], ()))
        headers = _without(row["headers"], trace)
        if rest is not body or headers is not row["headers"]:
            connection.execute(
                "UPDATE requests SET headers = ?, body = ? WHERE id = ?",
                (headers, zlib.compress(rest, 1), row["id"]),
            )


def _without(headers: bytes, trace: TextMatcher) -> bytes:
    """Return headers but for those in which somebody may be named: a redirect repeats the query."""
    if not trace.may_be_in(headers):
        return headers
    named = unpack(headers).items()
    return pack({name: told for name, told in named if not trace.may_be_in(pack([name, told]))})


# -- whom a batch or run was about ---------------------------------------------------------------


def _erase_from_identities(
    connection: sqlite3.Connection, trace: TextMatcher, gone: Collection[Identity]
) -> None:
    for row in connection.execute("SELECT id, identities FROM batches").fetchall():
        if (rest := _remaining_identities(row[1], trace, gone)) is not None:
            share = 1 - len(rest) / len(unpack(row[1]))
            connection.execute(LEFT_OUT, {"id": row[0], "rest": pack(rest), "share": share})
    for row in connection.execute("SELECT id, asked FROM runs WHERE asked IS NOT NULL").fetchall():
        if (rest := _remaining_identities(zlib.decompress(row[1]), trace, gone)) is not None:
            statement = "UPDATE runs SET asked = ? WHERE id = ?"
            connection.execute(statement, (zlib.compress(pack(rest), 1), row[0]))


def _remaining_identities(
    written: bytes, trace: TextMatcher, gone: Collection[Identity]
) -> list[list[list[str]]] | None:
    """Return the identities of the others, or None where there is nobody to take out."""
    if not trace.may_be_in(written):
        return None
    found = unpack(written)
    rest = [one for one in found if read_identity(one) not in gone and not trace.is_in(one)]
    return rest if len(rest) < len(found) else None
