"""What Crustdata says instead of a person: codes PE01 to PE04, and words where it gives no code.

Source: the page "People Enrichment API", "Error Codes". Where the code stands in a body is not
documented: it is looked for in every text of an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from enrich_pandas.providers.base import Identity, Response, Status
from enrich_pandas.providers.binding import Reading, company_keys, key_of, keys

QUEUED_SECONDS = 3600.0  # "query again after 60 minutes"

_CODE = re.compile(r"\bPE0[1-4]\b")
# The words of the document's messages, the more telling first.
_WORDS = MappingProxyType(
    {
        "PE03": re.compile(r"enriched shortly|60 minutes", re.IGNORECASE),
        "PE02": re.compile(r"internal system error while processing profile", re.IGNORECASE),
        "PE04": re.compile(r"unable to process linkedin profile", re.IGNORECASE),
        "PE01": re.compile(
            r"profile is not available|no data found|company was not found", re.IGNORECASE
        ),
    }
)
_VERDICTS: Mapping[str, Reading] = MappingProxyType(
    {
        "PE01": Reading(status=Status.NOT_FOUND, reason="not_available"),
        "PE02": Reading(status=Status.FAILED, reason="vendor_error"),
        "PE03": Reading(status=Status.PENDING, reason="queued", retry_in=QUEUED_SECONDS),
        "PE04": Reading(status=Status.FAILED, reason="unparsable_profile"),
    }
)
_INVALID = re.compile(r"\b(?:invalid|malformed|not (?:a )?valid)\b", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"\b(?:urls?|e-?mails?|identifiers?|linkedin|domains?|company names?)\b", re.IGNORECASE
)
_PROFILE_IN_WORDS = re.compile(r"LinkedIn profile:\s*(\S+?)[.,;:]*(?=\s|$)", re.IGNORECASE)
_AFTER_COLON = re.compile(r":\s")
_BETWEEN = re.compile(r"[\s,\"'\[\]<>]+")
_TEXT_KEYS = ("code", "error_code", "type", "message", "msg", "error", "detail")
_DEEPEST = 4


def texts_in(error: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of an error, whichever shape it has: a text, an object, a list of them."""
    if isinstance(error, str) and error.strip():
        yield error.strip()
    elif isinstance(error, dict) and depth < _DEEPEST:
        for key in _TEXT_KEYS:
            yield from texts_in(error.get(key), depth + 1)
    elif isinstance(error, list) and depth < _DEEPEST:
        for one in error:
            yield from texts_in(one, depth + 1)


def verdict(words: Iterable[str]) -> Reading | None:
    """Return what an error means for the person it is about, or None where it is no such error."""
    said = "\n".join(words)
    code = _CODE.search(said)
    if code:
        return _VERDICTS[code[0]]
    return next((_VERDICTS[code] for code, words in _WORDS.items() if words.search(said)), None)


def profiles_in(words: Iterable[str]) -> frozenset[str]:
    """Return the keys of the profiles that messages name."""
    return keys(found[1] for text in words for found in _PROFILE_IN_WORDS.finditer(text))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A whole request refused.

    ``words`` are the vendor's, which may hold an identifier and are shown by `reason` only.
    """

    status: int
    words: tuple[str, ...]

    @classmethod
    def of(cls, response: Response) -> "Refusal":
        """Read a refusal; one that is no JSON has no words."""
        try:
            body: Any = response.json()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            body = None
        return cls(response.status, tuple(texts_in(body)))

    def blames_an_identifier(self) -> bool:
        """Tell whether one malformed identifier made the vendor refuse all of them."""
        return self.status in (400, 404, 422) and any(
            _INVALID.search(text) and _IDENTIFIER.search(text) for text in self.words
        )

    def blamed(self, batch: Iterable[Identity]) -> list[Identity]:
        """Return the identities that a message names after its last colon, and names alone."""
        asked = {key: identity for identity in batch if (key := key_of(identity))}
        named = frozenset[str]()
        for text in self.words:
            parts = [part for part in _BETWEEN.split(_AFTER_COLON.split(text)[-1]) if part]
            found = [_named(part.rstrip(".;:")) & asked.keys() for part in parts]
            if all(found):
                named = named.union(*found)
        return [identity for key, identity in asked.items() if key in named]

    def reason(self, batch: Iterable[Identity]) -> str:
        """Return the vendor's words in short, with nothing in them that may name a person."""
        asked = {key for identity in batch if (key := key_of(identity))}
        said = " ".join(max(self.words, key=len, default="").split()[:24])
        safe = " ".join("…" if _may_name(word, asked) else word for word in said.split())
        return f"http_{self.status}: {safe}"[:120] if safe else f"http_{self.status}"


def _may_name(word: str, asked: set[str]) -> bool:
    bare = word.strip("\"'<>()[]{}.,;:!?…")
    return any(mark in bare for mark in "@/%") or bool(_named(bare) & asked)


def _named(word: str) -> frozenset[str]:
    return keys([word]) | company_keys([word])
