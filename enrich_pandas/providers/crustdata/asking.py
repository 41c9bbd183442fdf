"""Asking about a batch, and finding the one identifier for which all of it was refused."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from enrich_pandas.errors import RequestError
from enrich_pandas.providers.base import Identity, Match, Request, Response, Status, held
from enrich_pandas.providers.crustdata.errors import Refusal, verdict

Asking = Generator[Request, Response, list[Match]]

PATIENCE = 60.0  # seconds; the window of the vendor's rate limit

_TEMPORARY = {429: "rate_limited", 503: "unavailable"}
_CONCLUSIVE = (Status.MATCHED, Status.NOT_FOUND, Status.REMOVED)


@dataclass(frozen=True, slots=True)
class Asker:
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
        refusal = Refusal.of(response)
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
        self, batch: Sequence[Identity], response: Response, refusal: Refusal
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
