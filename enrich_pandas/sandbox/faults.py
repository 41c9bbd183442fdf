"""Faults: what goes wrong, by name, and when.

A fault is a method, named as `Sandbox.fault` takes it. `Before` strikes before the vendor accepts:
nothing is charged. `Elements` changes the list that a vendor answers with, after it has charged
for what it found. `After` strikes the finished answer: everything in it is charged.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from starlette.responses import HTMLResponse, RedirectResponse, Response

from enrich_pandas.sandbox.protocol import Asked, Fault
from enrich_pandas.sandbox.wire import Dropped, Late, Truncated

Element = dict[str, Any]


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
        """Close the connection with no answer; nothing was accepted."""
        return Dropped()

    def redirect(self) -> Response:
        """Send a 302 to ``location``."""
        return RedirectResponse(self.options["location"], 302)

    def html(self) -> Response:
        """Answer 200 with a web page, as a captive portal does."""
        return HTMLResponse("<html><body>Please sign in</body></html>")


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


@dataclass(frozen=True)
class After:
    """Faults of the finished answer; it is accepted and charged."""

    victim: Victim
    answer: Response
    options: Mapping[str, Any]

    def server_error_after_accept(self) -> Response:
        """Fail with a 500 all the same."""
        return self.victim.refusal("server_error")

    def drop_after_accept(self) -> Response:
        """Close the connection with no answer."""
        return Dropped()

    def truncated(self) -> Response:
        """Close the connection after ``at`` bytes of the body, half of it unless given."""
        return Truncated(self.answer, self.options.get("at", len(self.answer.body) // 2))

    def slow(self) -> Response:
        """Answer after ``delay`` seconds."""
        return Late(self.answer, self.options["delay"])


def names(kind: type) -> list[str]:
    """Return the names of the faults of one kind."""
    return [
        name
        for name in vars(kind)
        if not name.startswith("_") and callable(getattr(kind, name, None))
    ]


def strike(kind: Before | Elements | After, fault: Fault) -> Any:
    """Let a fault do what its name says."""
    return getattr(kind, fault.name)()


class Faults:
    """The faults that are still to strike; at most one strikes a request."""

    def __init__(self) -> None:
        self.places: set[tuple[str, str]] = set()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault strike from the next request on; ValueError where there is no such one."""
        known = [*names(Before), *names(Elements), *names(After)]
        if fault.name not in known:
            raise ValueError(f"There is no fault {fault.name!r}; there are {', '.join(known)}.")
        if (fault.vendor, fault.where) not in self.places:
            raise ValueError(
                f"There is no {fault.where!r} at {fault.vendor!r}; there are {sorted(self.places)}."
            )
        self._waiting.append(fault)

    def take(self, vendor: str, where: str, asked: Sequence[Asked]) -> Fault | None:
        """Return the fault that strikes this request, if any, and count it."""
        fault = next((one for one in self._waiting if one.meets(vendor, where, asked)), None)
        if fault and fault.times is not None:
            fault.times -= 1
        return fault
