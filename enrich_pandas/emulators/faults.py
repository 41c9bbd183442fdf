"""Faults: what goes wrong, by name, and when.

A fault is a method, named as `Sandbox.fault` takes it, with the options that its docstring names.
`Early` strikes a request before it is read, so it knows no ``only``. `Before` strikes before the
vendor accepts: nothing is charged. `Elements` changes the list that a vendor answers with, after it
has charged for what it found. `After` strikes the finished answer: everything in it is charged.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from enrich_pandas.emulators import wire
from enrich_pandas.emulators.after import After, Element, Victim, chosen, other_answer
from enrich_pandas.emulators.protocol import Asked, Fault

__all__ = ["After", "Before", "Early", "Element", "Elements", "Faults", "names", "strike"]
_PAGE = "<html><body>Please sign in</body></html>"


@dataclass(frozen=True)
class Early:
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
        return wire.Dropped(by_reset=True)

    async def sent_twice(self) -> Response | None:
        """Serve it twice and answer once, as a proxy does that repeats a request."""
        await self.serve()
        return None


@dataclass(frozen=True)
class Before:
    """Faults before acceptance."""

    victim: Victim
    asked: Asked
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
        return wire.Dropped(**chosen(self.options, "delay", "by_reset"))

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
class Elements:
    """Faults in the list of people or companies; the first one found is the one struck."""

    victim: Victim
    elements: list[Element]

    def reorder(self) -> list[Element]:
        """Turn the list round."""
        return self.elements[::-1]

    def missing_element(self) -> list[Element]:
        """Leave a person out who was found and charged."""
        return [element for element in self.elements if element not in self._struck]

    def duplicate_element(self) -> list[Element]:
        """Give a person twice."""
        return [*self.elements, *deepcopy(self._struck)]

    def differing_duplicate(self) -> list[Element]:
        """Give a person twice, under two names."""
        others = deepcopy(self._struck)
        for person in self._people(others):
            _replace(person, self.victim.name_path.split("."), "Somebody Else")
        return [*self.elements, *others]

    def alien_element(self) -> list[Element]:
        """Add somebody who was not asked for."""
        return [self.victim.alien(), *self.elements]

    def wrong_type(self) -> list[Element]:
        """Give some fields of a person with other types."""
        for person in self._people(self._struck):
            for path, wrong in self.victim.drifts.items():
                _replace(person, path.split("."), wrong)
        return self.elements

    def unknown_field(self) -> list[Element]:
        """Give a person a field that no document has."""
        for person in self._people(self._struck):
            person["introduced_yesterday"] = {"nested": [1, "two", None]}
        return self.elements

    @property
    def _struck(self) -> list[Element]:
        """The first element with a person; none where nobody was found."""
        return [one for one in self.elements if self.victim.person_in(one) is not None][:1]

    def _people(self, elements: list[Element]) -> list[Element]:
        return [person for one in elements if (person := self.victim.person_in(one)) is not None]


def _replace(person: Element, path: Sequence[str], wrong: Any) -> None:
    *sections, leaf = path
    part: Any = person
    for section in sections:
        part = part.get(section, {})
    if leaf in part:
        part[leaf] = wrong


def names(kind: type) -> list[str]:
    """Return the names of the faults of one kind."""
    return [
        name
        for name in vars(kind)
        if not name.startswith("_") and callable(getattr(kind, name, None))
    ]


def strike(kind: Early | Before | Elements | After, fault: Fault) -> Any:
    """Let a fault do what its name says."""
    return getattr(kind, fault.name)()


class Faults:
    """The faults that are still to strike; at most one strikes a request."""

    def __init__(self) -> None:
        self.places: set[tuple[str, str]] = set()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault strike from the next request on; ValueError where there is no such one."""
        known = [name for kind in (Early, Before, Elements, After) for name in names(kind)]
        if fault.name not in known:
            raise ValueError(f"There is no fault {fault.name!r}; there are {', '.join(known)}.")
        if (fault.vendor, fault.where) not in self.places:
            raise ValueError(
                f"There is no {fault.where!r} at {fault.vendor!r}; there are {sorted(self.places)}."
            )
        if fault.only is not None and fault.name in names(Early):
            raise ValueError(f"{fault.name!r} strikes a request unread: it takes no only=.")
        self._waiting.append(fault)

    def take(self, vendor: str, where: str, asked: Sequence[Asked]) -> Fault | None:
        """Return the fault that strikes this request, if any, and count it."""
        return self._take(vendor, where, asked, is_early=False)

    def take_early(self, vendor: str, where: str) -> Fault | None:
        """Return the fault that strikes this request before it is read, and count it."""
        return self._take(vendor, where, [], is_early=True)

    def _take(
        self, vendor: str, where: str, asked: Sequence[Asked], *, is_early: bool
    ) -> Fault | None:
        early = names(Early)
        met = (one for one in self._waiting if (one.name in early) is is_early)
        fault = next((one for one in met if one.meets(vendor, where, asked)), None)
        if fault is not None and fault.skip:
            fault.skip -= 1
            return None
        if fault is not None:
            fault.struck += 1
            fault.times = None if fault.times is None else fault.times - 1
        return fault
