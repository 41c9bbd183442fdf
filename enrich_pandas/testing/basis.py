"""The scenes of a contract, and the base class of its parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, NamedTuple

import msgspec
import pytest

from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import Identity, Kind, Provider, Request, Response
from enrich_pandas.testing.driving import Conversation, Vendor, drive


class Elements(NamedTuple):
    """Two functions that split the body of an answer into elements, and join it again.

    Attributes
    ----------
    split : callable
        Takes a body. Returns the list of its elements, or None if it has no such list.
    joined : callable
        Takes a body and a list of elements. Returns the body with these elements.
    """

    split: Callable[[bytes], list[Any] | None]
    joined: Callable[[bytes, list[Any]], bytes]

    @classmethod
    def at(cls, path: str) -> "Elements":
        """Return the functions for a list in a JSON body.

        Parameters
        ----------
        path : str
            Names that lead to the list, with dots between them. "" for a body that is a list.

        Returns
        -------
        Elements

        Examples
        --------
        >>> people = Elements.at("data.people")
        >>> people.split(b'{"data": {"people": [1, 2]}}'), people.split(b'{"error": "no"}')
        ([1, 2], None)
        >>> people.joined(b'{"data": {"people": [1, 2]}}', [3])
        b'{"data":{"people":[3]}}'
        """
        names = path.split(".") if path else []
        return cls(partial(_split, names), partial(_joined, names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Identities with known answers of one vendor, for `ProviderContract`.

    Parameters
    ----------
    kind : {"people", "companies"}
        Kind of the identities.
    hits : sequence of Identity
        At least two identities with a match. ``answer`` returns a different person or company for
        each. If the provider sends batches, all hits fit in one.
    misses : sequence of Identity
        At least one identity without a match.
    answer : callable
        Answers a `Request` with a `Response` as the vendor would. It depends on the request only,
        not on earlier ones. For a vendor with a state, such as jobs, override
        `ProviderContract.vendor`.
    elements : str or Elements, optional
        Place of the list with one element per identity: names with dots between them, "" for a
        body that is a list, or `Elements` for any other form. None if an answer is about one
        identity only.
    errors : mapping of int to bytes, optional
        Bodies of the vendor's refusals by HTTP status. Each is tried beside empty and invalid
        bodies.
    is_echoed : bool, default True
        Whether an answer repeats the identifier of the request. If not, each request must have one
        identity only.
    name : str, optional
        Name of the scene, if a kind has several.
    """

    kind: Kind
    hits: Sequence[Identity]
    misses: Sequence[Identity]
    answer: Vendor
    elements: str | Elements | None = None
    errors: Mapping[int, bytes] = field(default_factory=dict)
    is_echoed: bool = True
    name: str = ""

    def __str__(self) -> str:
        return "-".join(filter(None, (self.kind, self.name)))

    @property
    def parts(self) -> Elements | None:
        """The functions that split an answer, or None if an answer is about one identity."""
        return Elements.at(self.elements) if isinstance(self.elements, str) else self.elements


def changed(vendor: Vendor, parts: Elements, change: Callable[[list[Any]], list[Any]]) -> Vendor:
    """Return a vendor that gives the same answers with changed elements."""

    def answer(request: Any) -> Any:
        response = vendor(request)
        elements = parts.split(response.body)
        if elements is None:
            return response
        return replace(response, body=parts.joined(response.body, change(elements)))

    return answer


def _split(names: Sequence[str], body: bytes) -> list[Any] | None:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, list) else None


def _joined(names: Sequence[str], body: bytes, elements: list[Any]) -> bytes:
    whole = msgspec.json.decode(body)
    if not names:
        return msgspec.json.encode(elements)
    place = whole
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = elements
    return msgspec.json.encode(whole)


MODELS: dict[Kind, type[Model]] = {"people": Person, "companies": Company}
FEWEST_HITS = 2  # with one hit, a match cannot be mistaken for another


class Contract:
    """A provider, its scenes and their conversations: the base class of the contract's parts."""

    provider: ClassVar[Provider]
    scenes: ClassVar[Sequence[Scene]] = ()

    def vendor(self, scene: Scene) -> Vendor:
        """Return the function that answers the requests of one conversation.

        Override it for a vendor with a state, and return a function with a new state.
        """
        return scene.answer

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize a test by scene or by kind."""
        if "scene" in metafunc.fixturenames:
            metafunc.parametrize("scene", self.scenes, ids=list(map(str, self.scenes)))
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.provider.kinds)

    def batches(self, scene: Scene, identities: Sequence[Identity]) -> list[list[Identity]]:
        """Split identities into batches, as the engine does."""
        return list(self.provider.batches(scene.kind, identities))

    def drive(
        self,
        scene: Scene,
        batch: Sequence[Identity],
        vendor: Vendor | None = None,
        lister: Vendor | None = None,
    ) -> Conversation:
        """Run the flow of one batch and check that it returns one match per identity."""
        vendor = vendor or self.vendor(scene)
        talk = drive(self.provider, scene.kind, batch, vendor, lister=lister)
        answered = sorted(match.identity for match in talk.matches)
        expect(
            answered == sorted(batch),
            "A flow must return one match for each identity of its batch. "
            f"The batch had {len(batch)} identities, and {len(answered)} matches were returned.",
        )
        return talk

    def conversations(self, scene: Scene) -> Iterator[tuple[list[Identity], Conversation]]:
        """Yield each batch of a scene, with hits and misses mixed, and its conversation."""
        for batch in self.batches(scene, mixed(scene)):
            yield batch, self.drive(scene, batch)

    def disturbed(
        self,
        scene: Scene,
        batch: Sequence[Identity],
        position: int,
        disturb: Callable[[Response], Response],
    ) -> Conversation:
        """Run the flow of a batch with one answer changed. Requests for job lists do not count."""
        vendor, positions = self.vendor(scene), count()

        def answer(request: Request) -> Response:
            response = vendor(request)
            return disturb(response) if next(positions) == position else response

        return self.drive(scene, batch, answer, vendor)


def replaying(responses: Iterable[Response]) -> Vendor:
    """Return a vendor that gives these responses in order, for any requests."""
    recorded = iter(responses)
    return lambda _: next(recorded)


def mixed(scene: Scene) -> list[Identity]:
    """Return the hits of a scene with the misses in between."""
    first, *rest = scene.hits
    return [first, *scene.misses, *rest]


def parts_of(scene: Scene) -> Elements:
    """Return the functions that split an answer, or skip the test if there are none."""
    if scene.parts is None:
        pytest.skip("an answer is about one identity: the scene has no elements")
    return scene.parts


def expect(holds: object, message: str) -> None:
    """Fail with a message, and without the source of the contract."""
    __tracebackhide__ = True
    if not holds:
        pytest.fail(message, pytrace=False)


def outcomes(talk: Conversation) -> dict[Identity, tuple[Any, ...]]:
    """Return status, reason and model of each identity."""
    return {one.identity: (one.status, one.reason, one.model) for one in talk.matches}
