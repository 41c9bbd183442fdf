"""Faults of the finished answer, and what faults need to know of the endpoint they strike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import msgspec
from starlette.responses import Response

from enrich_pandas.emulators import wire
from enrich_pandas.emulators.distortions import decoded, edited, numbered, packed, respelled

Element = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


class Victim(Protocol):
    """What a fault needs to know of the endpoint it strikes."""

    drifts: ClassVar[Mapping[str, Any]]
    name_path: ClassVar[str]

    def refusal(self, kind: str, about: str = "") -> Response:
        """Return a refusal in the vendor's own words."""

    def alien(self) -> Element:
        """Return the element of somebody who was not asked for."""

    def person_in(self, element: Element) -> Element | None:
        """Return the person of an element, or None where nobody was found."""


@dataclass(frozen=True)
class After:
    """Faults of the finished answer; it is accepted and charged."""

    victim: Victim
    answer: Response
    options: Mapping[str, Any]
    number: int = 1  # how often it has struck, with this

    def server_error_after_accept(self) -> Response:
        """Fail with a 500 all the same."""
        return self.victim.refusal("server_error")

    def answer_instead_after_accept(self) -> Response:
        """Answer something else, as ``answer_instead`` does."""
        return other_answer(self.options)

    def drop_after_accept(self) -> Response:
        """Close the connection with no answer, after ``delay`` seconds; rudely ``by_reset``."""
        return wire.Dropped(**chosen(self.options, "delay", "by_reset"))

    def truncated(self) -> Response:
        """Close the connection after ``at`` bytes of the body, half of it unless given.

        The announced length is that of the whole, or with ``is_announced`` of the part.
        """
        at = self.options.get("at", len(self.answer.body) // 2)
        if self.options.get("is_announced"):
            return self._with(bytes(self.answer.body[:at]))
        return wire.Truncated(self.answer, at, **chosen(self.options, "by_reset"))

    def slow(self) -> Response:
        """Answer after ``delay`` seconds."""
        return wire.Late(self.answer, self.options["delay"])

    def dripping(self) -> Response:
        """Send ``size`` bytes (1) every ``delay`` seconds (0): of the body, or of the ``whole``."""
        size, whole = self.options.get("size", 1), self.options.get("whole", False)
        return self._spelled(wire.dripping(self.answer, size, whole=whole))

    def chunked(self) -> Response:
        """Send the body in chunks of ``size`` bytes (1)."""
        return self._spelled(wire.in_chunks(self.answer, self.options.get("size", 1)))

    def interim(self) -> Response:
        """Answer 100 before, ``times_100`` times (3; None: for ever), ``delay`` seconds apart."""
        return self._spelled(wire.interim(self.answer, self.options.get("times_100", 3)))

    def closed(self) -> Response:
        """Answer as if the connection were kept, and close it."""
        pieces = [wire.head(self.answer, "keep-alive") + bytes(self.answer.body)]
        return self._spelled(pieces)

    def edited(self) -> Response:
        """Put values at paths of the body (``edit``), and ``headers`` (pairs) beside its own.

        ``{n}`` in a text is how often the fault has struck. A refusal is left as it is.
        """
        is_list = self.answer.status_code < 300 and self.answer.body  # noqa: PLR2004 - HTTP's class of answers
        changes = numbered(self.options.get("edit", {}), self.number)
        body = edited(decoded(bytes(self.answer.body)), changes) if is_list else None
        changed = self._with(msgspec.json.encode(body)) if is_list else self.answer
        _add(changed, numbered(self.options.get("headers", []), self.number))
        return changed

    def respelled(self) -> Response:
        """Spell the JSON ``how``: `enrich_pandas.emulators.distortions.SPELLINGS` lists the ways."""
        name = self.victim.name_path.rpartition(".")[2] or "name"
        how = self.options.get("how", "bom")
        return self._with(respelled(bytes(self.answer.body), how, name.encode()))

    def packed(self) -> Response:
        """Pack the body by an ``encoding`` (gzip), with ``spaces`` behind it; a bomb, if many."""
        encoding = self.options.get("encoding", "gzip")
        body = bytes(self.answer.body) + b" " * self.options.get("spaces", 0)
        return self._with(packed(body, encoding), [("content-encoding", encoding)])

    def _with(self, body: bytes, headers: Pairs = ()) -> Response:
        kept = dict(self.answer.headers)
        kept.pop("content-length", None)
        changed = Response(body, self.answer.status_code, kept)
        _add(changed, headers)
        return changed

    def _spelled(self, pieces: Iterable[bytes]) -> Response:
        return wire.Spelled(self.answer, pieces, self.options.get("delay", 0.0))


def other_answer(options: Mapping[str, Any]) -> Response:
    """Return the answer that a fault's options describe."""
    body, media = options.get("body", ""), options.get("media", "application/json")
    answer = Response(body.encode("utf-8", "surrogatepass"), options.get("http", 500), {}, media)
    _add(answer, options.get("headers", []))
    return answer


def _add(response: Response, headers: Pairs) -> None:
    """Add headers; those that may stand but once take the place of the answer's own."""
    for name, value in headers:
        if name.lower() in ("location", "retry-after", "content-type", "date"):
            del response.headers[name]
        response.raw_headers.append((name.lower().encode(), value.encode("latin-1")))


def chosen(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return those of a fault's options that are given."""
    return {name: options[name] for name in names if name in options}
