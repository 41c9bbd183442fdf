"""What Amplemarket says in place of an answer: a list under ``_errors``.

Source: docs.amplemarket.com/api-reference/errors: each has a ``status`` (as text), ``code``,
``title``, ``detail`` and ``source``. Which status goes with ``insufficient_credits`` is not
documented: it is known by its code.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from enrich_pandas.errors import AuthenticationError, ProviderError, QuotaError, RequestError
from enrich_pandas.providers.base import Identity, Match, Outcome, Response, Status
from enrich_pandas.providers.decoding import elements, read, text

KEYS_URL = "https://app.amplemarket.com"

_WORD = re.compile(r"\w{1,60}", re.ASCII)
_LEAD = re.compile(r"/(?:leads|companies)/(\d{1,6})(?:/.*)?")
_WORDS = 24  # of the vendor's, that are shown


class Source(msgspec.Struct):
    """Wire type: what an error is about."""

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
    """A refusal, or the errors of an enrichment request."""

    status: int
    errors: tuple[VendorError, ...]

    @classmethod
    def of(cls, response: Response) -> "AmplemarketErrorBody":
        """Read a refusal; one that is no JSON has no errors."""
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

    def says(self, code: str) -> bool:
        """Tell whether one of the errors has that code."""
        return any(one.code == code for one in self.errors)

    def blamed(self, batch: Sequence[Identity]) -> list[Identity]:
        """Return the identities that the errors point at, where they point at nothing else."""
        places = []
        for one in self.errors:
            found = _LEAD.fullmatch((one.source and one.source.pointer) or "")
            if found is None or int(found[1]) >= len(batch):
                return []
            places.append(int(found[1]))
        return [batch[place] for place in dict.fromkeys(places)]

    def is_about(self, parameters: Iterable[str]) -> bool:
        """Tell whether the errors are about values of some parameters, and nothing else."""
        named = {one.source.parameter if one.source else None for one in self.errors}
        return bool(named) and named <= set(parameters)

    def quotes(self, identity: Identity) -> bool:
        """Tell whether every error repeats a value by which somebody was asked about."""
        said = [text(one.detail) or "" for one in self.errors]
        values = [value for _, value in identity.keys]
        return bool(said) and all(any(value in each for value in values) for each in said)

    def words(self, batch: Iterable[Identity] = ()) -> str:
        """Return the vendor's words, with nothing in them that may name a person."""
        first = self.errors[0] if self.errors else VendorError()
        parts = dict.fromkeys(part for one in (first.title, first.detail) if (part := text(one)))
        names = {
            word.casefold() for one in batch for _, value in one.keys for word in value.split()
        }
        said = ": ".join(parts).split()[:_WORDS]
        return " ".join("…" if _may_name(word, names) else word for word in said)[:200]

    def error(self, batch: Iterable[Identity] = ()) -> ProviderError | None:
        """Return the exception for what is wrong with every other request, too."""
        said = self.words(batch)
        if self.says("insufficient_credits"):
            return QuotaError(
                f"amplemarket says that the account is out of credits: {said}",
                cost="Nothing was charged for what was refused; what had arrived is kept.",
                todo=f"Buy credits at {KEYS_URL}, then repeat the call: it continues from here.",
            )
        if self.says("unauthorized"):
            return AuthenticationError(
                f"amplemarket does not accept the key: {said}",
                cost="Nothing was charged for what was refused; what had arrived is kept.",
                todo=f"Check or renew it at {KEYS_URL}, set AMPLEMARKET_API_KEY, then repeat "
                "the call.",
            )
        if self.status in (400, 422):
            return RequestError(
                f"amplemarket refused the request ({self.reason}): {said}",
                cost="Nothing was charged for it; what had arrived is kept.",
                todo="Change the provider's options (lead_key, …), then repeat the call.",
            )
        return None


def _may_name(word: str, names: set[str]) -> bool:
    bare = word.strip("\"'<>()[]{}.,;:!?…")
    return any(mark in bare for mark in "@/%") or bare.casefold() in names


# -- What becomes of the rows of a request that was refused: nothing was charged for it ----------

PATIENCE = 60.0  # seconds; the window of the vendor's rate limit

_TEMPORARY = {429: "rate_limited", 503: "unavailable"}


def is_to_repeat(answer: Response) -> bool:
    """Tell a refusal that an earlier run got, and that stopped it; nothing was charged for it.

    What was wrong with every request then, such as an account without credits, is asked anew.
    """
    is_refusal = answer.outcome is Outcome.REFUSED and answer.is_recorded
    return is_refusal and AmplemarketErrorBody.of(answer).error() is not None


def refused(batch: Sequence[Identity], answer: Response, wait: float | None) -> list[Match]:
    """Read the refusal of a whole request.

    Raises
    ------
    ProviderError
        It is about the call or the account, not about a person: the run stops.
    """
    refusal = AmplemarketErrorBody.of(answer)
    error = refusal.error(batch)
    if error is not None:
        raise error
    if reason := _TEMPORARY.get(answer.status):
        retry_in = wait or PATIENCE
        return [
            Match(identity=one, status=Status.PENDING, reason=reason, retry_in=retry_in)
            for one in batch
        ]
    return failed(batch, refusal.reason)


def failed(batch: Sequence[Identity], reason: str) -> list[Match]:
    """Match every identity to ``failed``."""
    return [Match(identity=one, status=Status.FAILED, reason=reason) for one in batch]
