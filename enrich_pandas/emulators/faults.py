"""The faults that `Sandbox.fault` can apply, by name.

Each fault is a method. Its docstring names its options.

- `EarlyFaults` apply before a request is read, so they do not take ``only``.
- `BeforeFaults` apply before the vendor accepts a request: nothing is charged.
- `ListFaults` change the list in an answer: its matches are charged.
- `AfterFaults` change the complete answer: its matches are charged.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar, Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from enrich_pandas.emulators import wire
from enrich_pandas.emulators.account import Fault, RequestedIdentity
from enrich_pandas.emulators.wire import decoded, edited, numbered, packed, respelled

JsonObject = dict[str, Any]
Pairs = Sequence[tuple[str, str]]
_PAGE = "<html><body>Please sign in</body></html>"


class FaultyEndpoint(Protocol):
    """The part of an endpoint that a fault uses."""

    drifts: ClassVar[Mapping[str, Any]]
    name_path: ClassVar[str]

    def refusal(self, kind: str, detail: str = "") -> Response:
        """Return a refusal in the vendor's words."""

    def alien(self) -> JsonObject:
        """Return the element of a person or company that was not requested."""

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person or company of an element, or None for a miss."""


@dataclass(frozen=True)
class EarlyFaults:
    """Faults of a request that is not read yet. None serves the request as usual."""

    request: Request
    serve: Callable[[], Awaitable[Response]]
    options: Mapping[str, Any]

    async def drop_while_sending(self) -> Response | None:
        """Reset the connection after ``at`` bytes (0) of the request's body have arrived.

        If the body is shorter, the reset follows its last byte.
        """
        left = self.options.get("at", 0)
        stream = self.request.stream()
        while left > 0 and (piece := await anext(stream, b"")):
            left -= len(piece)
        return wire.DroppedResponse(by_reset=True)

    async def sent_twice(self) -> Response | None:
        """Serve the request twice and answer once, as a proxy that repeats requests does."""
        await self.serve()
        return None


@dataclass(frozen=True)
class BeforeFaults:
    """Faults before the vendor accepts the request; nothing is charged."""

    endpoint: FaultyEndpoint
    requested: RequestedIdentity
    options: Mapping[str, Any]

    def unauthorized(self) -> Response:
        """Refuse the key."""
        return self.endpoint.refusal("unauthorized")

    def out_of_credits(self) -> Response:
        """Refuse because the balance is too low."""
        return self.endpoint.refusal("out_of_credits")

    def server_error(self) -> Response:
        """Answer with a 500 and accept nothing."""
        return self.endpoint.refusal("server_error")

    def malformed(self) -> Response:
        """Refuse an identifier and name it: ``only``, or else the first one."""
        return self.endpoint.refusal("malformed", self.requested.submitted)

    def malformed_unnamed(self) -> Response:
        """Refuse an identifier without naming it."""
        return self.endpoint.refusal("malformed")

    def rate_limited(self) -> Response:
        """Refuse because of the rate limit, with ``retry_after`` in the headers if it is given."""
        response = self.endpoint.refusal("rate_limited")
        for header in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
            del response.headers[header]
        if "retry_after" in self.options:
            pause = str(self.options["retry_after"])
            response.headers.update({"retry-after": pause, "x-ratelimit-reset": pause})
        return response

    def drop_before_accept(self) -> Response:
        """Close the connection without an answer after ``delay`` seconds, and accept nothing."""
        return wire.DroppedResponse(**chosen(self.options, "delay", "by_reset"))

    def redirect(self) -> Response:
        """Redirect to ``location`` with a 302, or with the status ``http``."""
        status = self.options.get("http", HTTPStatus.FOUND)
        return RedirectResponse(self.options["location"], status)

    def html(self) -> Response:
        """Answer with a web page and a 200 (or ``http``), as a captive portal does."""
        return HTMLResponse(_PAGE, self.options.get("http", HTTPStatus.OK))

    def answer_instead(self) -> Response:
        """Send another answer, and accept nothing.

        Options: the status ``http`` (500), the text ``body``, the ``media`` type and ``headers``
        (pairs).
        """
        return other_answer(self.options)


@dataclass(frozen=True)
class ListFaults:
    """Faults in the list of people or companies. Most change the first match."""

    endpoint: FaultyEndpoint
    elements: list[JsonObject]

    def reorder(self) -> list[JsonObject]:
        """Reverse the list."""
        return self.elements[::-1]

    def missing_element(self) -> list[JsonObject]:
        """Leave out a match that is charged."""
        return [element for element in self.elements if element not in self._first_found]

    def duplicate_element(self) -> list[JsonObject]:
        """Repeat a match."""
        return [*self.elements, *deepcopy(self._first_found)]

    def differing_duplicate(self) -> list[JsonObject]:
        """Repeat a match under another name."""
        others = deepcopy(self._first_found)
        for person in self._people(others):
            _replace(person, self.endpoint.name_path.split("."), "Another Person")
        return [*self.elements, *others]

    def alien_element(self) -> list[JsonObject]:
        """Add the element of a person or company that was not requested."""
        return [self.endpoint.alien(), *self.elements]

    def wrong_type(self) -> list[JsonObject]:
        """Give some fields of a match other types."""
        for person in self._people(self._first_found):
            for path, wrong in self.endpoint.drifts.items():
                _replace(person, path.split("."), wrong)
        return self.elements

    def unknown_field(self) -> list[JsonObject]:
        """Give a match a field that no document names."""
        for person in self._people(self._first_found):
            person["introduced_yesterday"] = {"nested": [1, "two", None]}
        return self.elements

    @property
    def _first_found(self) -> list[JsonObject]:
        """The first element with a match, in a list; an empty list if there is none."""
        return [one for one in self.elements if self.endpoint.person_in(one) is not None][:1]

    def _people(self, elements: list[JsonObject]) -> list[JsonObject]:
        return [person for one in elements if (person := self.endpoint.person_in(one)) is not None]


@dataclass(frozen=True)
class AfterFaults:
    """Faults of the complete answer, which is accepted and charged."""

    endpoint: FaultyEndpoint
    answer: Response
    options: Mapping[str, Any]
    number: int = 1  # how often the fault has applied, including this time

    def server_error_after_accept(self) -> Response:
        """Answer with a 500."""
        return self.endpoint.refusal("server_error")

    def answer_instead_after_accept(self) -> Response:
        """Send another answer, as ``answer_instead`` does."""
        return other_answer(self.options)

    def drop_after_accept(self) -> Response:
        """Close the connection after ``delay`` seconds with no answer (``by_reset``: reset it)."""
        return wire.DroppedResponse(**chosen(self.options, "delay", "by_reset"))

    def truncated(self) -> Response:
        """Close the connection after ``at`` bytes of the body (default: half of it).

        The announced length is that of the whole body, or of the part with ``is_announced``.
        """
        at = self.options.get("at", len(self.answer.body) // 2)
        if self.options.get("is_announced"):
            return self._with(bytes(self.answer.body[:at]))
        return wire.TruncatedResponse(self.answer, at, **chosen(self.options, "by_reset"))

    def slow(self) -> Response:
        """Answer after ``delay`` seconds."""
        return wire.LateResponse(self.answer, self.options["delay"])

    def dripping(self) -> Response:
        """Send ``size`` bytes (1) every ``delay`` seconds (0).

        The headers are sent at once, unless the option ``whole`` is true.
        """
        size, whole = self.options.get("size", 1), self.options.get("whole", False)
        return self._spelled(wire.dripping(self.answer, size, whole=whole))

    def chunked(self) -> Response:
        """Send the body in chunks of ``size`` bytes (1)."""
        return self._spelled(wire.in_chunks(self.answer, self.options.get("size", 1)))

    def interim(self) -> Response:
        """Send ``times_100`` answers 100 first (3; None: no end), ``delay`` seconds apart."""
        return self._spelled(wire.interim(self.answer, self.options.get("times_100", 3)))

    def closed(self) -> Response:
        """Announce that the connection is kept alive, and close it."""
        pieces = [wire.head(self.answer, "keep-alive") + bytes(self.answer.body)]
        return self._spelled(pieces)

    def edited(self) -> Response:
        """Put values at paths of the body (``edit``), and add ``headers`` (pairs).

        ``{n}`` in a text is the number of times that the fault has applied. The body of a refusal
        is not changed.
        """
        is_list = self.answer.status_code < HTTPStatus.MULTIPLE_CHOICES and self.answer.body
        changes = numbered(self.options.get("edit", {}), self.number)
        body = edited(decoded(bytes(self.answer.body)), changes) if is_list else None
        changed = self._with(msgspec.json.encode(body)) if is_list else self.answer
        _add(changed, numbered(self.options.get("headers", []), self.number))
        return changed

    def respelled(self) -> Response:
        """Write the JSON in the form ``how``, one of `enrich_pandas.emulators.wire.SPELLINGS`."""
        name = self.endpoint.name_path.rpartition(".")[2] or "name"
        how = self.options.get("how", "bom")
        return self._with(respelled(bytes(self.answer.body), how, name.encode()))

    def packed(self) -> Response:
        """Compress the body and a number of ``spaces`` (0) by an ``encoding`` (gzip)."""
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
    """Add headers. A header that must not repeat replaces that of the answer."""
    for name, value in headers:
        if name.lower() in ("location", "retry-after", "content-type", "date"):
            del response.headers[name]
        response.raw_headers.append((name.lower().encode(), value.encode("latin-1")))


def chosen(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the options of these names that are given."""
    return {name: options[name] for name in names if name in options}


def _replace(person: JsonObject, path: Sequence[str], wrong: Any) -> None:
    *sections, leaf = path
    part: Any = person
    for section in sections:
        part = part.get(section, {})
    if leaf in part:
        part[leaf] = wrong


def fault_names(kind: type) -> list[str]:
    """Return the names of the faults of one class."""
    return [
        name
        for name in vars(kind)
        if not name.startswith("_") and callable(getattr(kind, name, None))
    ]


def apply_fault(kind: EarlyFaults | BeforeFaults | ListFaults | AfterFaults, fault: Fault) -> Any:
    """Call the method of a fault."""
    return getattr(kind, fault.name)()


class FaultQueue:
    """The faults that are still to apply. At most one applies to a request."""

    def __init__(self) -> None:
        self.places: set[tuple[str, str]] = set()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault, which applies from the next request on.

        Raises
        ------
        ValueError
            The fault, the vendor or the kind of request does not exist, or the fault does not
            take ``only``.
        """
        known = [
            name
            for kind in (EarlyFaults, BeforeFaults, ListFaults, AfterFaults)
            for name in fault_names(kind)
        ]
        if fault.name not in known:
            raise ValueError(f"There is no fault {fault.name!r}. Use one of {', '.join(known)}.")
        if (fault.vendor, fault.where) not in self.places:
            raise ValueError(
                f"There is no {fault.where!r} at {fault.vendor!r}. "
                f"Use one of {sorted(self.places)}."
            )
        if fault.only is not None and fault.name in fault_names(EarlyFaults):
            raise ValueError(
                f"{fault.name!r} applies before the request is read. Call it without only=."
            )
        self._waiting.append(fault)

    def take(self, vendor: str, where: str, requested: Sequence[RequestedIdentity]) -> Fault | None:
        """Return the fault that applies to this request, if any, and count it."""
        return self._take(vendor, where, requested, is_early=False)

    def take_early(self, vendor: str, where: str) -> Fault | None:
        """Return the fault that applies before this request is read, if any, and count it."""
        return self._take(vendor, where, [], is_early=True)

    def _take(
        self, vendor: str, where: str, requested: Sequence[RequestedIdentity], *, is_early: bool
    ) -> Fault | None:
        early = fault_names(EarlyFaults)
        met = (one for one in self._waiting if (one.name in early) is is_early)
        fault = next((one for one in met if one.applies_to(vendor, where, requested)), None)
        if fault is not None and fault.skip:
            fault.skip -= 1
            return None
        if fault is not None:
            fault.applied += 1
            fault.times = None if fault.times is None else fault.times - 1
        return fault
