"""What all parts of the contract are built on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from typing import Any, ClassVar

import pytest

from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import Identity, Kind, Provider, Request, Response
from enrich_pandas.testing.driving import Conversation, Vendor, drive
from enrich_pandas.testing.scenes import Elements, Scene

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


def said(talk: Conversation) -> dict[Identity, tuple[Any, ...]]:
    """Return what is known of each identity."""
    return {one.identity: (one.status, one.reason, one.model) for one in talk.matches}
