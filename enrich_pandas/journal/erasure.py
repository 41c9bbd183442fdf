"""Erasure: delete every readable byte about a person or company from the journal.

An answer about several people keeps the parts about the others.
"""

import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from unicodedata import normalize
from urllib.parse import unquote

import msgspec

from enrich_pandas.journal.claims import release
from enrich_pandas.journal.database import Database
from enrich_pandas.journal.records import (
    Answer,
    fingerprint,
    model_of,
    pack,
    read_answer,
    read_identity,
    store,
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
from enrich_pandas.providers.base import Identity, Kind, Match, Status

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

    def is_in(self, value: Any, own: Collection[str] = ()) -> bool:
        """Return whether a JSON value matches, at any depth.

        ``own`` are names that match if they are the whole text.
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

    A body that matches and cannot be parsed is deleted as a whole.

    Examples
    --------
    >>> matcher = TextMatcher.of(["email ada@example.com"])
    >>> remove_elements(b'[{"email": "Ada@example.com"}, {"email": "bo@example.com"}]', matcher)
    b'[{"email":"bo@example.com"}]'
    """
    if not own and not matcher.may_be_in(body):
        return body
    try:
        whole = msgspec.json.decode(body)
        if not matcher.is_in(whole, own):
            return body
        rest = _rest(whole, matcher, own)
        return b"" if matcher.is_in(rest, own) else msgspec.json.encode(rest)
    except (msgspec.MsgspecError, RecursionError):
        return b""


def _rest(value: Any, matcher: TextMatcher, own: Collection[str]) -> Any:
    """Return the value without the matching elements of its lists, at any depth."""
    if isinstance(value, list):
        return [one for one in value if not matcher.is_in(one, own)]
    if isinstance(value, dict):
        return {name: _rest(inner, matcher, own) for name, inner in value.items()}
    return value


# Erasure from the tables

NOTHING = zlib.compress(b"")
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
        with self._database.writing() as connection:
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
    query = "SELECT body FROM requests WHERE batch = ? AND body IS NOT NULL"
    named = set[str]()
    for (body,) in connection.execute(query, (batch,)):
        named |= keys_in(zlib.decompress(body), kind)
    for entry, found in find_erased(connection, kind, provider, named).items():
        affected = [match for match in matches if not found.isdisjoint(_keys(kind, match))]
        requested = {
            key for match in affected for key in identifier_keys(kind, dict(match.identity.keys))
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
    connection.executemany("DELETE FROM results WHERE fingerprint = ?", [(key,) for key in deleted])
    own: dict[int, set[str]] = {}
    for row, match in deleted.values():
        own.setdefault(row["batch"], set()).update(_names(match))
    matcher = TextMatcher.of(known)
    _erase_from_bodies(connection, matcher, own, entry.provider)
    identities = {match.identity for _, match in deleted.values()}
    _erase_from_identities(connection, matcher, identities)
    add_entries(connection, [(kind, key) for key in known], *entry)
    return len(deleted)


Stored = tuple[sqlite3.Row, Match]


def _find_related(
    connection: sqlite3.Connection,
    kind: Kind,
    start: Collection[str],
    provider: str,
    *,
    follow: bool,
) -> tuple[set[str], dict[bytes, Stored]]:
    """Return all comparable keys and the stored answers of the people or companies.

    An answer has further identifiers of the same person; more answers may be stored under them.
    """
    query = "SELECT * FROM results WHERE kind = ? AND (? = '' OR provider = ?)"
    named, more, deleted = set[str](), set(start), dict[bytes, Stored]()
    while more:
        named |= more
        more, matcher = set(), TextMatcher.of(named)
        for row in connection.execute(query, (kind, provider, provider)):
            if row["fingerprint"] in deleted or not matcher.may_be_in(_written(row)):
                continue
            match = read_answer(row).match
            if not named.isdisjoint(known := set(_keys(kind, match))):
                deleted[row["fingerprint"]] = row, match
                more |= known - named if follow else set()
    return named, deleted


def _written(row: sqlite3.Row) -> bytes:
    """Return the text of a stored answer; most need not be decoded."""
    return bytes(row["identity"]) + zlib.decompress(row["model"] or NOTHING)


def _keys(kind: Kind, match: Match) -> Iterator[str]:
    yield from identifier_keys(kind, dict(match.identity.keys))
    if (model := model_of(match)) is not None:
        yield from model_keys(model)


def _names(match: Match) -> Iterator[str]:
    """Yield names and ids, which identify the person within an answer about it."""
    model = model_of(match)
    found = (match.identity.get("name"), model and model.name)
    yield from (name.casefold() for name in (*found, model and model.id) if name)


def _erase_from_bodies(
    connection: sqlite3.Connection, matcher: TextMatcher, own: Mapping[int, set[str]], provider: str
) -> None:
    query = (
        "SELECT requests.id, batch, headers, body FROM requests JOIN batches ON batches.id = batch "
        "JOIN runs ON runs.id = run "
        "WHERE body IS NOT NULL AND (? = '' OR runs.provider = ?)"
    )
    for row in connection.execute(query, (provider, provider)).fetchall():
        body = zlib.decompress(row["body"])
        rest = remove_elements(body, matcher, own.get(row["batch"], ()))
        headers = _without(row["headers"], matcher)
        if rest is not body or headers is not row["headers"]:
            connection.execute(
                "UPDATE requests SET headers = ?, body = ? WHERE id = ?",
                (headers, zlib.compress(rest, 1), row["id"]),
            )


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


# -- Retention: delete what is older than the retention period, and hold what may be paid for ----
# The unread answers of a dead process are deleted, too. Their rows become held, because they may
# have been paid for and must not be requested again by accident.

DAY = 86_400.0
LAST_DELETION = "SELECT value FROM settings WHERE name = 'swept'"
OPEN = """
    SELECT batch_risks.*, provider, kind, MAX(started, COALESCE((
      SELECT MAX(COALESCE(answered, sent)) FROM requests WHERE batch = batch_risks.id), 0)
    ) AS since
    FROM batch_risks JOIN runs ON runs.id = run WHERE state = 'open' AND since < ?
"""
# An expired match is replaced by the outcome of its last request: a lost answer stays held.
RESTORE_LATER_STATUS = """
    UPDATE results SET status = later_status,
    reason = iif(later_status = 'held', 'answer_lost', ''), note = '', model = NULL, credits = 0,
    fetched = requested_again, not_before = NULL, requested_again = NULL, later_status = NULL
    WHERE fetched < ? AND later_status IS NOT NULL
"""
HELD = "UPDATE batches SET state = 'landed', held = MAX(held, ?) WHERE id = ?"


class Retention:
    """Deletes what is too old from the file of a journal.

    Parameters
    ----------
    database
        The file of the journal.
    is_alive
        Returns whether the process of a lease is alive.
    """

    def __init__(self, database: Database, is_alive: Callable[[str], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    def delete_expired(self, retention: float) -> None:
        """Delete what is older than ``retention`` seconds, at most once a day.

        Held rows stay: without them, rows that may have been paid for would be requested again.
        An unread answer is kept for a day at least, even if the retention is shorter.
        """
        now = time.time()
        with self._database.reading() as connection:
            last = connection.execute(LAST_DELETION).fetchone()
            # A future time was written by a clock that was ahead; do not wait for it.
            if last and 0 <= now - unpack(last[0]) < min(DAY, retention):
                return
            unread = connection.execute(OPEN, (until := now - max(DAY, retention),)).fetchall()
        dead = {lease for lease in {row["lease"] for row in unread} if not self._is_alive(lease)}
        with self._database.writing() as connection:
            _delete_results(connection, now - retention)  # first: a match may cover a held row
            for row in connection.execute(OPEN, (until,)).fetchall():
                if row["lease"] in dead:
                    _expire_batch(connection, row)
            _delete_answers(connection, now - retention)
            connection.execute("INSERT OR REPLACE INTO settings VALUES ('swept', ?)", (pack(now),))


def _delete_results(connection: sqlite3.Connection, moment: float) -> None:
    connection.execute(RESTORE_LATER_STATUS, (moment,))
    connection.execute(
        "DELETE FROM results WHERE fetched < ? AND status != ?", (moment, Status.HELD)
    )


def _expire_batch(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Hold the identities of a dead batch; release them if nothing can have been charged."""
    if row["at_risk"] is None:
        release(connection, [row["id"]])
        return
    held = [
        Match(identity=read_identity(pairs), status=Status.HELD, reason="unread")
        for pairs in unpack(row["identities"])
    ]
    answers = {
        fingerprint(row["scope"], match.identity): Answer(match, row["since"], row["provider"])
        for match in held
    }
    store(connection, answers, row["kind"], row["id"])
    connection.execute("DELETE FROM claims WHERE batch = ?", (row["id"],))
    connection.execute(HELD, (row["at_risk"], row["id"]))


def _delete_answers(connection: sqlite3.Connection, moment: float) -> None:
    """Delete raw answers and the identities of batches and runs."""
    connection.execute(
        "UPDATE requests SET headers = NULL, body = NULL WHERE answered < ? AND body IS NOT NULL "
        "AND batch IN (SELECT id FROM batches WHERE state != 'open')",
        (moment,),
    )
    connection.execute(
        "UPDATE batches SET identities = ? WHERE state != 'open' AND identities != ? "
        "AND run IN (SELECT id FROM runs WHERE started < ?)",
        (pack([]), pack([]), moment),
    )
    connection.execute("UPDATE runs SET input = NULL WHERE started < ?", (moment,))
