"""One at a time: a question, and the same again for as long as the vendor asks to wait.

Source: the page "Finding a Person" of the people document: what is revealed may take time, told
by ``Retry-After``. Parameters and statuses are those of public clients.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

from enrich_pandas.providers.amplemarket.endpoints import Endpoint
from enrich_pandas.providers.amplemarket.errors import Refusal
from enrich_pandas.providers.amplemarket.refused import is_to_repeat, refused
from enrich_pandas.providers.amplemarket.results import REMOVED
from enrich_pandas.providers.base import (
    Flow,
    Identity,
    Match,
    Outcome,
    Request,
    Response,
    Status,
    Unfinished,
    Wait,
    held,
)
from enrich_pandas.providers.decoding import elements

_BUSY = (429, 503)  # refused for now, and nothing to do with who is asked about
_LEGAL = 451
_MALFORMED = (400, 422)


@dataclass(frozen=True, slots=True)
class Single:
    """One question an identity: what is answered is about whom was asked."""

    endpoint: Endpoint
    patience: float
    retry_after: Callable[[Response], float | None]

    def ask(self, batch: Sequence[Identity]) -> Flow:
        """Ask about each of a batch, one after the other."""
        matches = list[Match]()
        for identity in batch:
            matches += [(yield from self._asked(identity))]
        return matches

    def _asked(self, identity: Identity) -> Generator[Request | Wait, Response, Match]:
        waited = 0.0
        answer = yield self._question(identity, is_new=True)
        while True:
            pause = self._pause(answer)
            is_old = is_to_repeat(answer)
            if pause is None and not is_old:
                return self._read(identity, answer)
            if pause is not None and waited + pause > self.patience:
                return self._late(identity, answer)
            if pause is not None:
                yield Wait(pause)
            is_new = answer.outcome is Outcome.REFUSED
            answer = yield self._question(identity, is_new=is_new)
            waited += (pause or 0.0) * (not answer.is_recorded)

    def _question(self, identity: Identity, *, is_new: bool) -> Request:
        """Ask; what was accepted is asked for again at no cost, for nobody is charged twice."""
        return Request(
            method="GET",
            path=self.endpoint.find,
            params=self.endpoint.params(identity),
            billed=is_new,
            credits=self.endpoint.price if is_new else 0.0,
            identities=(identity,) if is_new else (),
        )

    def _pause(self, answer: Response) -> float | None:
        is_busy = answer.lost or answer.status in _BUSY
        return None if is_busy else self.retry_after(answer)

    def _late(self, identity: Identity, answer: Response) -> Match:
        """Return what has come so far; where nothing has, the next call asks again."""
        match = self._read(identity, answer) if answer.status == 200 else None  # noqa: PLR2004 - HTTP's OK
        if match is None or match.status is not Status.MATCHED:
            raise Unfinished("unfinished")
        return replace(match, note="; ".join(filter(None, [match.note, "more was still sought"])))

    def _read(self, identity: Identity, answer: Response) -> Match:
        if answer.lost:
            return held([identity])[0]
        if answer.status // 100 == 2:  # noqa: PLR2004 - HTTP's class of answers
            return self._found(identity, answer)
        refusal, sought = Refusal.of(answer), self.endpoint.sought(identity)
        if answer.status == _LEGAL or refusal.says("unavailable_for_legal_reasons"):
            return REMOVED.match(identity)
        if refusal.code.endswith("_not_found"):
            return Match(identity=identity, status=Status.NOT_FOUND)
        is_his = refusal.is_about(sought) or refusal.quotes(identity)
        if answer.status in _MALFORMED and is_his:
            return Match(identity=identity, status=Status.FAILED, reason="malformed")
        return refused([identity], answer, self.retry_after(answer))[0]

    def _found(self, identity: Identity, answer: Response) -> Match:
        if answer.outcome is Outcome.DAMAGED:
            return held([identity], "answer_cut")[0]
        raw, are_whole = elements(answer.body)
        is_one = are_whole and len(raw) == 1 and answer.body.lstrip()[:1] == b"{"
        if not is_one:
            return held([identity], "answer_unreadable")[0]
        return self.endpoint.read_found(raw[0]).match(identity)
