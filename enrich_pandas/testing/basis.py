"""What all parts of the contract are built on."""

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

# -- A scene: whom a vendor knows, and how it answers --------------------------------------------


class Elements(NamedTuple):
    """How the body of an answer is taken apart into its elements, and put together again.

    ``split`` returns None for a body that has no list of them; ``joined`` is given the body and
    the elements that it shall have.
    """

    split: Callable[[bytes], list[Any] | None]
    joined: Callable[[bytes, list[Any]], bytes]

    @classmethod
    def at(cls, path: str) -> "Elements":
        """Find them in JSON, under names with dots between them; "" is the whole body.

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
    """A small world of one vendor, for `ProviderContract`.

    Parameters
    ----------
    kind
        What is enriched.
    hits
        At least two, as different as the vendor takes them: ``answer`` has a person or company of
        its own for each. All of one batch, if there are batches.
    misses
        At least one of whom the vendor says that it does not have it.
    answer
        Answers a request as the vendor would. It reads the request alone, its parameters or body,
        and relies on nothing that went before. For a vendor with a memory, such as one with jobs,
        override `ProviderContract.vendor`.
    elements
        Where an answer that is about several has one part for each: the names that lead there
        with dots between them, "" for a body that is a list itself, or `Elements` for any other
        form. None where an answer is about one alone.
    errors
        The vendor's own bodies of refusals by status; each is tried beside empty and odd ones.
    is_echoed
        Whether an answer says whom it is about. Only a request about one identity may be answered
        without.
    name
        Names the scene among others of one kind.
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
        """How an answer is taken apart, or None where it is about one alone."""
        return Elements.at(self.elements) if isinstance(self.elements, str) else self.elements


def changed(vendor: Vendor, parts: Elements, change: Callable[[list[Any]], list[Any]]) -> Vendor:
    """Return a vendor that answers the same, but for the elements of its answers."""

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


# -- What all parts of the contract are built on -------------------------------------------------

MODELS: dict[Kind, type[Model]] = {"people": Person, "companies": Company}
FEWEST_HITS = 2  # of one alone nobody can tell whether it was mistaken for another


class Contract:
    """A provider, its scenes, and how they meet."""

    provider: ClassVar[Provider]
    scenes: ClassVar[Sequence[Scene]] = ()

    def vendor(self, scene: Scene) -> Vendor:
        """Return who answers the requests of one conversation; override it for a memory."""
        return scene.answer

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each scene, or for each kind."""
        if "scene" in metafunc.fixturenames:
            metafunc.parametrize("scene", self.scenes, ids=list(map(str, self.scenes)))
        if "kind" in metafunc.fixturenames:
            metafunc.parametrize("kind", self.provider.kinds)

    def batches(self, scene: Scene, identities: Sequence[Identity]) -> list[list[Identity]]:
        """Split as the engine does."""
        return list(self.provider.batches(scene.kind, identities))

    def drive(
        self,
        scene: Scene,
        batch: Sequence[Identity],
        vendor: Vendor | None = None,
        lister: Vendor | None = None,
    ) -> Conversation:
        """Carry the flow of one batch; whatever it returns has one match an identity."""
        vendor = vendor or self.vendor(scene)
        talk = drive(self.provider, scene.kind, batch, vendor, lister=lister)
        answered = sorted(match.identity for match in talk.matches)
        expect(
            answered == sorted(batch),
            f"A flow returns one match for each identity of its batch: it was given "
            f"{len(batch)} and returned {len(answered)}, or others.",
        )
        return talk

    def conversations(self, scene: Scene) -> Iterator[tuple[list[Identity], Conversation]]:
        """Yield every batch of a scene, hits and misses mixed, with its conversation."""
        for batch in self.batches(scene, mixed(scene)):
            yield batch, self.drive(scene, batch)

    def disturbed(
        self,
        scene: Scene,
        batch: Sequence[Identity],
        position: int,
        disturb: Callable[[Response], Response],
    ) -> Conversation:
        """Carry the flow of a batch, one answer of which is another; looks are not counted."""
        vendor, asked = self.vendor(scene), count()

        def answer(request: Request) -> Response:
            response = vendor(request)
            return disturb(response) if next(asked) == position else response

        return self.drive(scene, batch, answer, vendor)


def replaying(responses: Iterable[Response]) -> Vendor:
    """Answer with one response after another, whatever is asked."""
    recorded = iter(responses)
    return lambda _: next(recorded)


def mixed(scene: Scene) -> list[Identity]:
    """Return the hits of a scene with the misses in between."""
    first, *rest = scene.hits
    return [first, *scene.misses, *rest]


def parts_of(scene: Scene) -> Elements:
    """Return how answers are taken apart; skip a test that has no meaning without."""
    if scene.parts is None:
        pytest.skip("an answer is about one identity alone: the scene has no elements")
    return scene.parts


def expect(holds: object, message: str) -> None:
    """Fail with a message for the author, who has no use for the contract's own source."""
    __tracebackhide__ = True
    if not holds:
        pytest.fail(message, pytrace=False)


def outcomes(talk: Conversation) -> dict[Identity, tuple[Any, ...]]:
    """Return what is known of each identity."""
    return {one.identity: (one.status, one.reason, one.model) for one in talk.matches}
