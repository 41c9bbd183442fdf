"""Crustdata's errors, and the flow of a batch that is refused for one identifier.

Source: the page "People Enrichment API", "Error Codes" (PE01 to PE04). The vendor does not document
where the code is in a body, so it is searched for in every text of an error. An error without a
code is recognized by the words of the documented messages.
"""

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec.structs import replace

from enrich_pandas.errors import RequestError
from enrich_pandas.providers.base import (
    UNCHARGED,
    Identity,
    Match,
    Request,
    Response,
    Status,
    held,
)
from enrich_pandas.providers.binding import Reading, company_keys, key_of, person_keys

QUEUED_SECONDS = 3600.0  # "query again after 60 minutes"

_CODE = re.compile(r"\bPE0[1-4]\b")
# The words of the documented messages, the more specific first.
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
_READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        "PE01": Reading(status=Status.NOT_FOUND, reason="not_available"),
        "PE02": Reading(status=Status.FAILED, reason="vendor_error"),
        "PE03": Reading(status=Status.PENDING, reason="queued", retry_in=QUEUED_SECONDS),
        "PE04": Reading(status=Status.FAILED, reason="unparsable_profile"),
    }
)
_ABOUT_IDENTIFIERS = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_INVALID = re.compile(r"\b(?:invalid|malformed|not (?:a )?valid)\b", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"\b(?:urls?|e-?mails?|identifiers?|linkedin|domains?|company names?)\b", re.IGNORECASE
)
_PROFILE_IN_WORDS = re.compile(r"LinkedIn profile:\s*(\S+?)[.,;:]*(?=\s|$)", re.IGNORECASE)
_AFTER_COLON = re.compile(r":\s")
_BETWEEN = re.compile(r"[\s,\"'\[\]<>]+")
_TEXT_KEYS = ("code", "error_code", "type", "message", "msg", "error", "detail")
_MAX_DEPTH = 4


def error_texts(error: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts of an error, which can be a text, an object, or a list of them."""
    if isinstance(error, str) and error.strip():
        yield error.strip()
    elif isinstance(error, dict) and depth < _MAX_DEPTH:
        for key in _TEXT_KEYS:
            yield from error_texts(error.get(key), depth + 1)
    elif isinstance(error, list) and depth < _MAX_DEPTH:
        for one in error:
            yield from error_texts(one, depth + 1)


def reading_of_error(words: Iterable[str]) -> Reading | None:
    """Return the reading of an error about one person, or None if it is another error."""
    text = "\n".join(words)
    code = _CODE.search(text)
    if code:
        return _READINGS[code[0]]
    return next((_READINGS[code] for code, words in _WORDS.items() if words.search(text)), None)


def profile_keys(words: Iterable[str]) -> frozenset[str]:
    """Return the keys of the profiles that messages name."""
    return person_keys(found[1] for text in words for found in _PROFILE_IN_WORDS.finditer(text))


@dataclass(frozen=True, slots=True)
class CrustdataErrorBody:
    """The body of a refused request.

    Attributes
    ----------
    status
        HTTP status.
    words
        The vendor's texts. They can hold an identifier, so only `reason` shows them.
    """

    status: int
    words: tuple[str, ...]

    @classmethod
    def of(cls, response: Response) -> "CrustdataErrorBody":
        """Parse a response; a body that is not JSON has no words."""
        try:
            body: Any = response.json()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            body = None
        return cls(response.status, tuple(error_texts(body)))

    def is_about_an_identifier(self) -> bool:
        """Return whether the vendor refused the request for one malformed identifier."""
        return self.status in _ABOUT_IDENTIFIERS and any(
            _INVALID.search(text) and _IDENTIFIER.search(text) for text in self.words
        )

    def rejected(self, batch: Iterable[Identity]) -> list[Identity]:
        """Return the identities that are all that a message names after its last colon."""
        requested = {key: identity for identity in batch if (key := key_of(identity))}
        named = frozenset[str]()
        for text in self.words:
            parts = [part for part in _BETWEEN.split(_AFTER_COLON.split(text)[-1]) if part]
            found = [_named(part.rstrip(".;:")) & requested.keys() for part in parts]
            if all(found):
                named = named.union(*found)
        return [identity for key, identity in requested.items() if key in named]

    def reason(self, batch: Iterable[Identity]) -> str:
        """Return the vendor's words, shortened and without words that could name a person."""
        requested = {key for identity in batch if (key := key_of(identity))}
        longest = " ".join(max(self.words, key=len, default="").split()[:24])
        safe = " ".join("…" if _may_name(word, requested) else word for word in longest.split())
        return f"http_{self.status}: {safe}"[:120] if safe else f"http_{self.status}"


def _may_name(word: str, requested: set[str]) -> bool:
    bare = word.strip("\"'<>()[]{}.,;:!?…")
    return any(mark in bare for mark in "@/%") or bool(_named(bare) & requested)


def _named(word: str) -> frozenset[str]:
    return person_keys([word]) | company_keys([word])


# -- The flow of a batch -------------------------------------------------------------------------

BatchSteps = Generator[Request, Response, list[Match]]

RETRY_SECONDS = 60.0  # the window of the vendor's rate limit

_TEMPORARY: Mapping[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
_CONCLUSIVE = (Status.MATCHED, Status.NOT_FOUND, Status.REMOVED)


@dataclass(frozen=True, slots=True)
class BatchFlow:
    """The flow of a batch: one request, and more only if one identifier is malformed.

    Attributes
    ----------
    request
        Builds the request for a batch.
    read
        Parses the answer about a batch.
    retry_after
        Returns the seconds that a response asks to wait, or None.
    """

    request: Callable[[Sequence[Identity]], Request]
    read: Callable[[Sequence[Identity], Response], list[Match]]
    retry_after: Callable[[Response], float | None]

    def run(self, batch: Sequence[Identity]) -> BatchSteps:
        """Request a batch; if one identifier is malformed, find it and request the others."""
        response = yield self.request(batch)
        if response.lost:
            return held(batch)
        if _lists_each_identity(response):
            return self.read(batch, response)
        refusal = CrustdataErrorBody.of(response)
        if refusal.is_about_an_identifier():
            return (yield from self._run_without(refusal.rejected(batch), batch))
        return self._refused(batch, response, refusal)

    def _run_without(self, rejected: Sequence[Identity], batch: Sequence[Identity]) -> BatchSteps:
        """Leave out the identities that the vendor rejects, and request the others once."""
        if not rejected:
            return (yield from self._halve(batch))
        rest = [identity for identity in batch if identity not in rejected]
        others = (yield from self.run(rest)) if rest else []
        return [*map(_malformed, rejected), *others]

    def _halve(self, batch: Sequence[Identity]) -> BatchSteps:
        """Find the malformed identity of a refused batch by halving the batch.

        If the first half holds none, the second half does, and is not requested as a whole. One
        malformed identity in 25 costs at most 10 requests.
        """
        if len(batch) == 1:
            return [_malformed(batch[0])]
        first, second = batch[: len(batch) // 2], batch[len(batch) // 2 :]
        found = yield from self.run(first)
        is_sound = all(match.status in _CONCLUSIVE for match in found)
        rest = yield from (self._halve(second) if is_sound else self.run(second))
        return [*found, *rest]

    def _refused(
        self, batch: Sequence[Identity], response: Response, refusal: CrustdataErrorBody
    ) -> list[Match]:
        """Return the matches of a refused request, for which nothing was charged.

        Raises
        ------
        RequestError
            The refusal is about the options, not about an identity. The run stops.
        """
        reading = reading_of_error(refusal.words)
        if reading is not None:
            return [reading.match(identity) for identity in batch]
        if reason := _TEMPORARY.get(response.status):
            wait = self.retry_after(response) or RETRY_SECONDS
            matches = [_failed(identity, reason) for identity in batch]
            return [replace(one, status=Status.PENDING, retry_in=wait) for one in matches]
        reason = refusal.reason(batch)
        if refusal.status == HTTPStatus.BAD_REQUEST:  # every batch would be refused
            raise RequestError(
                f"crustdata refused the request: {reason}",
                cost=UNCHARGED,
                todo="Change an option of ep.Crustdata(…), such as fields=, then repeat the call.",
            )
        return [_failed(identity, reason) for identity in batch]


def _lists_each_identity(response: Response) -> bool:
    """Return whether an answer lists the identities; a 404 can list those without a match."""
    is_listed = response.body.lstrip().startswith(b"[")
    is_missing = response.status == HTTPStatus.NOT_FOUND
    return response.is_success or (is_missing and is_listed)


def _malformed(identity: Identity) -> Match:
    return _failed(identity, "malformed")


def _failed(identity: Identity, reason: str) -> Match:
    return Match(identity=identity, status=Status.FAILED, reason=reason)
