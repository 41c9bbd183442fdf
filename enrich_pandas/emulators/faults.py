"""Faults: what goes wrong, by name, and when.

A fault is a method, named as `Sandbox.fault` takes it, with the options that its docstring names.
`EarlyFaults` strikes a request before it is read, so it knows no ``only``. `BeforeFaults` strikes
before the
vendor accepts: nothing is charged. `ListFaults` changes the list that a vendor answers with,
after it
has charged for what it found. `AfterFaults` strikes the finished answer: everything in it is
charged.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from enrich_pandas.emulators import wire
from enrich_pandas.emulators.protocol import Fault, RequestedIdentity
from enrich_pandas.emulators.wire import decoded, edited, numbered, packed, respelled

# -- Faults of the finished answer, and what faults need to know of the endpoint they strike -----

JsonObject = dict[str, Any]
Pairs = Sequence[tuple[str, str]]


class FaultyEndpoint(Protocol):
    """What a fault needs to know of the endpoint it strikes."""

    drifts: ClassVar[Mapping[str, Any]]
    name_path: ClassVar[str]

    def refusal(self, kind: str, about: str = "") -> Response:
        """Return a refusal in the vendor's own words."""

    def alien(self) -> JsonObject:
        """Return the element of somebody who was not asked for."""

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person of an element, or None where nobody was found."""


@dataclass(frozen=True)
class AfterFaults:
    """Faults of the finished answer; it is accepted and charged."""

    victim: FaultyEndpoint
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
        return wire.DroppedResponse(**chosen(self.options, "delay", "by_reset"))

    def truncated(self) -> Response:
        """Close the connection after ``at`` bytes of the body, half of it unless given.

        The announced length is that of the whole, or with ``is_announced`` of the part.
        """
        at = self.options.get("at", len(self.answer.body) // 2)
        if self.options.get("is_announced"):
            return self._with(bytes(self.answer.body[:at]))
        return wire.TruncatedResponse(self.answer, at, **chosen(self.options, "by_reset"))

    def slow(self) -> Response:
        """Answer after ``delay`` seconds."""
        return wire.LateResponse(self.answer, self.options["delay"])

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
        """Spell the JSON ``how``: `enrich_pandas.emulators.wire.SPELLINGS` lists the ways."""
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
        return wire.RawResponse(self.answer, pieces, self.options.get("delay", 0.0))


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


def chosen(options: Mapping[str, Any], *fault_names: str) -> dict[str, Any]:
    """Return those of a fault's options that are given."""
    return {name: options[name] for name in fault_names if name in options}


# -- Faults: what goes wrong, by name, and when --------------------------------------------------

_PAGE = "<html><body>Please sign in</body></html>"


@dataclass(frozen=True)
class EarlyFaults:
    """Faults of a request that is not read yet; None where it is to be served all the same."""

    request: Request
    serve: Callable[[], Awaitable[Response]]
    options: Mapping[str, Any]

    async def drop_while_sending(self) -> Response | None:
        """Reset the connection once ``at`` bytes of the request's body are there, 0 unless given.

        What is shorter is reset when it is all there.
        """
        left = self.options.get("at", 0)
        stream = self.request.stream()
        while left > 0 and (piece := await anext(stream, b"")):
            left -= len(piece)
        return wire.DroppedResponse(by_reset=True)

    async def sent_twice(self) -> Response | None:
        """Serve it twice and answer once, as a proxy does that repeats a request."""
        await self.serve()
        return None


@dataclass(frozen=True)
class BeforeFaults:
    """Faults before acceptance."""

    victim: FaultyEndpoint
    asked: RequestedIdentity
    options: Mapping[str, Any]

    def unauthorized(self) -> Response:
        """Refuse the key."""
        return self.victim.refusal("unauthorized")

    def out_of_credits(self) -> Response:
        """Refuse for want of credits."""
        return self.victim.refusal("out_of_credits")

    def server_error(self) -> Response:
        """Fail with a 500."""
        return self.victim.refusal("server_error")

    def malformed(self) -> Response:
        """Refuse an identifier by name: ``only``, else the first."""
        return self.victim.refusal("malformed", self.asked.submitted)

    def malformed_unnamed(self) -> Response:
        """Refuse an identifier without saying which."""
        return self.victim.refusal("malformed")

    def rate_limited(self) -> Response:
        """Refuse for the rate; the headers say ``retry_after`` as it is given, else nothing."""
        response = self.victim.refusal("rate_limited")
        for header in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
            del response.headers[header]
        if "retry_after" in self.options:
            pause = str(self.options["retry_after"])
            response.headers.update({"retry-after": pause, "x-ratelimit-reset": pause})
        return response

    def drop_before_accept(self) -> Response:
        """Close the connection with no answer, after ``delay`` seconds; nothing was accepted."""
        return wire.DroppedResponse(**chosen(self.options, "delay", "by_reset"))

    def redirect(self) -> Response:
        """Send a 302, or ``http``, to ``location``."""
        return RedirectResponse(self.options["location"], self.options.get("http", 302))

    def html(self) -> Response:
        """Answer 200, or ``http``, with a web page, as a captive portal does."""
        return HTMLResponse(_PAGE, self.options.get("http", 200))

    def answer_instead(self) -> Response:
        """Answer ``http`` (500) with a ``body`` (text), a ``media`` type and pairs of ``headers``.

        Nothing is accepted.
        """
        return other_answer(self.options)


@dataclass(frozen=True)
class ListFaults:
    """Faults in the list of people or companies; the first one found is the one struck."""

    victim: FaultyEndpoint
    elements: list[JsonObject]

    def reorder(self) -> list[JsonObject]:
        """Turn the list round."""
        return self.elements[::-1]

    def missing_element(self) -> list[JsonObject]:
        """Leave a person out who was found and charged."""
        return [element for element in self.elements if element not in self._struck]

    def duplicate_element(self) -> list[JsonObject]:
        """Give a person twice."""
        return [*self.elements, *deepcopy(self._struck)]

    def differing_duplicate(self) -> list[JsonObject]:
        """Give a person twice, under two names."""
        others = deepcopy(self._struck)
        for person in self._people(others):
            _replace(person, self.victim.name_path.split("."), "Somebody Else")
        return [*self.elements, *others]

    def alien_element(self) -> list[JsonObject]:
        """Add somebody who was not asked for."""
        return [self.victim.alien(), *self.elements]

    def wrong_type(self) -> list[JsonObject]:
        """Give some fields of a person with other types."""
        for person in self._people(self._struck):
            for path, wrong in self.victim.drifts.items():
                _replace(person, path.split("."), wrong)
        return self.elements

    def unknown_field(self) -> list[JsonObject]:
        """Give a person a field that no document has."""
        for person in self._people(self._struck):
            person["introduced_yesterday"] = {"nested": [1, "two", None]}
        return self.elements

    @property
    def _struck(self) -> list[JsonObject]:
        """The first element with a person; none where nobody was found."""
        return [one for one in self.elements if self.victim.person_in(one) is not None][:1]

    def _people(self, elements: list[JsonObject]) -> list[JsonObject]:
        return [person for one in elements if (person := self.victim.person_in(one)) is not None]


def _replace(person: JsonObject, path: Sequence[str], wrong: Any) -> None:
    *sections, leaf = path
    part: Any = person
    for section in sections:
        part = part.get(section, {})
    if leaf in part:
        part[leaf] = wrong


def fault_names(kind: type) -> list[str]:
    """Return the names of the faults of one kind."""
    return [
        name
        for name in vars(kind)
        if not name.startswith("_") and callable(getattr(kind, name, None))
    ]


def apply_fault(kind: EarlyFaults | BeforeFaults | ListFaults | AfterFaults, fault: Fault) -> Any:
    """Let a fault do what its name says."""
    return getattr(kind, fault.name)()


class FaultQueue:
    """The faults that are still to strike; at most one strikes a request."""

    def __init__(self) -> None:
        self.places: set[tuple[str, str]] = set()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault strike from the next request on; ValueError where there is no such one."""
        known = [
            name
            for kind in (EarlyFaults, BeforeFaults, ListFaults, AfterFaults)
            for name in fault_names(kind)
        ]
        if fault.name not in known:
            raise ValueError(f"There is no fault {fault.name!r}; there are {', '.join(known)}.")
        if (fault.vendor, fault.where) not in self.places:
            raise ValueError(
                f"There is no {fault.where!r} at {fault.vendor!r}; there are {sorted(self.places)}."
            )
        if fault.only is not None and fault.name in fault_names(EarlyFaults):
            raise ValueError(f"{fault.name!r} strikes a request unread: it takes no only=.")
        self._waiting.append(fault)

    def take(self, vendor: str, where: str, asked: Sequence[RequestedIdentity]) -> Fault | None:
        """Return the fault that strikes this request, if any, and count it."""
        return self._take(vendor, where, asked, is_early=False)

    def take_early(self, vendor: str, where: str) -> Fault | None:
        """Return the fault that strikes this request before it is read, and count it."""
        return self._take(vendor, where, [], is_early=True)

    def _take(
        self, vendor: str, where: str, asked: Sequence[RequestedIdentity], *, is_early: bool
    ) -> Fault | None:
        early = fault_names(EarlyFaults)
        met = (one for one in self._waiting if (one.name in early) is is_early)
        fault = next((one for one in met if one.meets(vendor, where, asked)), None)
        if fault is not None and fault.skip:
            fault.skip -= 1
            return None
        if fault is not None:
            fault.struck += 1
            fault.times = None if fault.times is None else fault.times - 1
        return fault
