"""Amplemarket's errors: a list under ``_errors``.

Source: docs.amplemarket.com/api-reference/errors. Each error has a ``status`` (as text), ``code``,
``title``, ``detail`` and ``source``. The status of ``insufficient_credits`` is not documented, so
it is recognized by its code.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from enrich_pandas.errors import AuthenticationError, ProviderError, QuotaError, RequestError
from enrich_pandas.providers.base import (
    UNCHARGED,
    Identity,
    Match,
    Outcome,
    Response,
    Status,
)
from enrich_pandas.providers.decoding import elements, read, text

KEYS_URL = "https://app.amplemarket.com"
MALFORMED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)

_WORD = re.compile(r"\w{1,60}", re.ASCII)
_LEAD = re.compile(r"/(?:leads|companies)/(\d{1,6})(?:/.*)?")
_MAX_WORDS = 24  # of the vendor's text that are shown


class Source(msgspec.Struct):
    """Wire type: the source of an error."""

    pointer: str | None = None
    parameter: str | None = None


class VendorError(msgspec.Struct):
    """Wire type: an element of ``_errors``."""

    status: str | int | None = None
    code: str | None = None
    title: str | None = None
    detail: str | None = None
    source: Source | None = None


class _Body(msgspec.Struct):
    errors: list[VendorError | None] | None = msgspec.field(default=None, name="_errors")


@dataclass(frozen=True, slots=True)
class AmplemarketErrorBody:
    """The errors of a refused request, or of an enrichment request."""

    status: int
    errors: tuple[VendorError, ...]

    @classmethod
    def of(cls, response: Response) -> "AmplemarketErrorBody":
        """Parse a response; a body that is not JSON has no errors."""
        raw = elements(response.body).raw if response.body.lstrip().startswith(b"{") else []
        body = read(raw[0], _Body)[0] if raw else None
        listed = body.errors if body else None
        return cls(response.status, tuple(one for one in listed or () if one))

    @property
    def code(self) -> str:
        """The first error's code, or ""."""
        codes = (text(one.code) or "" for one in self.errors)
        return next((code for code in codes if _WORD.fullmatch(code)), "")

    @property
    def reason(self) -> str:
        """A short code for a row."""
        return f"http_{self.status}: {self.code}" if self.code else f"http_{self.status}"

    def has_code(self, code: str) -> bool:
        """Return whether one of the errors has that code."""
        return any(one.code == code for one in self.errors)

    def rejected(self, batch: Sequence[Identity]) -> list[Identity]:
        """Return the identities that the errors point at, if they point at nothing else."""
        places = []
        for one in self.errors:
            found = _LEAD.fullmatch((one.source and one.source.pointer) or "")
            if found is None or int(found[1]) >= len(batch):
                return []
            places.append(int(found[1]))
        return [batch[place] for place in dict.fromkeys(places)]

    def is_about(self, parameters: Iterable[str]) -> bool:
        """Return whether all errors are about the values of these parameters."""
        named = {one.source.parameter if one.source else None for one in self.errors}
        return bool(named) and named <= set(parameters)

    def quotes(self, identity: Identity) -> bool:
        """Return whether every error quotes an identifier of this identity."""
        details = [text(one.detail) or "" for one in self.errors]
        values = [value for _, value in identity.keys]
        return bool(details) and all(any(value in each for value in values) for each in details)

    def words(self, batch: Iterable[Identity] = ()) -> str:
        """Return the vendor's words without those that could name a person."""
        first = self.errors[0] if self.errors else VendorError()
        parts = dict.fromkeys(part for one in (first.title, first.detail) if (part := text(one)))
        names = {
            word.casefold() for one in batch for _, value in one.keys for word in value.split()
        }
        words = ": ".join(parts).split()[:_MAX_WORDS]
        return " ".join("…" if _may_name(word, names) else word for word in words)[:200]

    def error(self, batch: Iterable[Identity] = ()) -> ProviderError | None:
        """Return the exception for an error that every other request would get, too."""
        words = self.words(batch)
        if self.has_code("insufficient_credits"):
            return QuotaError(
                f"amplemarket says that the account is out of credits: {words}",
                cost=UNCHARGED,
                todo=f"Buy credits at {KEYS_URL}, then repeat the call: it continues from here.",
            )
        if self.has_code("unauthorized"):
            return AuthenticationError(
                f"amplemarket does not accept the key: {words}",
                cost=UNCHARGED,
                todo=f"Check or renew it at {KEYS_URL}, set AMPLEMARKET_API_KEY, then repeat "
                "the call.",
            )
        if self.status in MALFORMED:
            return RequestError(
                f"amplemarket refused the request ({self.reason}): {words}",
                cost=UNCHARGED,
                todo="Change an option of ep.Amplemarket(…), such as lead_key=, then repeat.",
            )
        return None


def _may_name(word: str, names: set[str]) -> bool:
    bare = word.strip("\"'<>()[]{}.,;:!?…")
    return any(mark in bare for mark in "@/%") or bare.casefold() in names


# -- Refused requests, for which nothing was charged ---------------------------------------------

RETRY_SECONDS = 60.0  # the window of the vendor's rate limit
TEMPORARY: Mapping[int, str] = {
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limited",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


def is_to_repeat(answer: Response) -> bool:
    """Return whether to repeat a request that was refused in an earlier run and stopped it.

    Nothing was charged for it. The cause, such as an account without credits, can be gone.
    """
    is_refusal = answer.outcome is Outcome.REFUSED and answer.is_recorded
    return is_refusal and AmplemarketErrorBody.of(answer).error() is not None


def refused(batch: Sequence[Identity], answer: Response, wait: float | None) -> list[Match]:
    """Return the matches of a refused request.

    Raises
    ------
    ProviderError
        The refusal is about the options or the account, not about an identity. The run stops.
    """
    refusal = AmplemarketErrorBody.of(answer)
    error = refusal.error(batch)
    if error is not None:
        raise error
    if reason := TEMPORARY.get(answer.status):
        retry_in = wait or RETRY_SECONDS
        return [
            Match(identity=one, status=Status.PENDING, reason=reason, retry_in=retry_in)
            for one in batch
        ]
    return failed(batch, refusal.reason)


def failed(batch: Sequence[Identity], reason: str) -> list[Match]:
    """Return a match with the status ``failed`` for each identity."""
    return [Match(identity=one, status=Status.FAILED, reason=reason) for one in batch]
