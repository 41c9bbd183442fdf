"""What Crustdata says instead of a person: codes PE01 to PE04, and words where it gives no code.

Source: the page "People Enrichment API", "Error Codes". Where the code stands in a body is not
documented: it is looked for in every text of an error.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import msgspec

from enrich_pandas.errors import RequestError
from enrich_pandas.providers.base import Identity, Match, Request, Response, Status, held
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
class CrustdataErrorBody:
    """A whole request refused.

    ``words`` are the vendor's, which may hold an identifier and are shown by `reason` only.
    """

    status: int
    words: tuple[str, ...]

    @classmethod
    def of(cls, response: Response) -> "CrustdataErrorBody":
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


# -- Asking about a batch, and finding the one identifier for which all of it was refused --------

Asking = Generator[Request, Response, list[Match]]

PATIENCE = 60.0  # seconds; the window of the vendor's rate limit

_TEMPORARY = {429: "rate_limited", 503: "unavailable"}
_CONCLUSIVE = (Status.MATCHED, Status.NOT_FOUND, Status.REMOVED)


@dataclass(frozen=True, slots=True)
class BatchFlow:
    """How to ask about some identities in one request, and how to read the answer.

    ``retry_after`` returns the seconds that a refusal asks to wait, or None.
    """

    request: Callable[[Sequence[Identity]], Request]
    read: Callable[[Sequence[Identity], Response], list[Match]]
    retry_after: Callable[[Response], float | None]

    def ask(self, batch: Sequence[Identity]) -> Asking:
        """Ask about a batch in one request; in more only where one identifier spoils it."""
        response = yield self.request(batch)
        if response.lost:
            return held(batch)
        if _tells_of_each(response):
            return self.read(batch, response)
        refusal = CrustdataErrorBody.of(response)
        if refusal.blames_an_identifier():
            return (yield from self._ask_without(refusal.blamed(batch), batch))
        return self._refused(batch, response, refusal)

    def _ask_without(self, blamed: Sequence[Identity], batch: Sequence[Identity]) -> Asking:
        """Leave out those that the vendor names, and ask about the rest once."""
        if not blamed:
            return (yield from self._halve(batch))
        rest = [identity for identity in batch if identity not in blamed]
        asked = (yield from self.ask(rest)) if rest else []
        return [*map(_malformed, blamed), *asked]

    def _halve(self, batch: Sequence[Identity]) -> Asking:
        """Find the malformed one in a batch that was refused for one, by halves.

        Where the first half holds none, the second does, and is not asked about as a whole: one
        malformed in 25 costs at most 10 requests in all.
        """
        if len(batch) == 1:
            return [_malformed(batch[0])]
        first, second = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        found = yield from self.ask(first)
        is_sound = all(match.status in _CONCLUSIVE for match in found)
        rest = yield from (self._halve(second) if is_sound else self.ask(second))
        return [*found, *rest]

    def _refused(
        self, batch: Sequence[Identity], response: Response, refusal: CrustdataErrorBody
    ) -> list[Match]:
        """Read a refusal of the whole request: nothing was charged.

        Raises
        ------
        RequestError
            It is about the call, not about a person: the run stops.
        """
        said = verdict(refusal.words)
        if said is not None:
            return [said.match(identity) for identity in batch]
        if reason := _TEMPORARY.get(response.status):
            wait = self.retry_after(response) or PATIENCE
            matches = [_failed(identity, reason) for identity in batch]
            return [replace(one, status=Status.PENDING, retry_in=wait) for one in matches]
        reason = refusal.reason(batch)
        if refusal.status == 400:  # noqa: PLR2004 - of the call: every batch would be refused
            raise RequestError(
                f"crustdata refused the request: {reason}",
                cost="Nothing was charged for it; what had arrived is kept.",
                todo="Change the provider's options (fields, …), then repeat the call.",
            )
        return [_failed(identity, reason) for identity in batch]


def _tells_of_each(response: Response) -> bool:
    """Tell whether an answer has an element for each: also a 404 may list who was not found."""
    is_listed = response.body.lstrip().startswith(b"[")
    return response.status // 100 == 2 or (response.status == 404 and is_listed)  # noqa: PLR2004 - HTTP's own


def _malformed(identity: Identity) -> Match:
    return _failed(identity, "malformed")


def _failed(identity: Identity, reason: str) -> Match:
    return Match(identity=identity, status=Status.FAILED, reason=reason)
