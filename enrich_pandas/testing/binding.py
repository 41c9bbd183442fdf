"""The contract, part three: everybody gets their own answer, and nobody another's."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from enrich_pandas.providers.base import Identity, Request, Response, Status
from enrich_pandas.testing.basis import (
    MODELS,
    Contract,
    Elements,
    Scene,
    changed,
    expect,
    mixed,
    outcomes,
    parts_of,
    replaying,
)
from enrich_pandas.testing.driving import Conversation


class BindingContract(Contract):
    """Hits, misses, and answers in which elements are moved, missing, doubled or alien."""

    def test_a_batch_of_hits_is_matched(self, scene: Scene) -> None:
        """Everybody the vendor has is matched, with a model of their own."""
        models = []
        for batch in self.batches(scene, scene.hits):
            talk = self.drive(scene, batch)
            wrong = {str(status) for status in talk.statuses.values()} - {Status.MATCHED}
            expect(not wrong, f"The hits of the scene {scene} are matched, and not {wrong}.")
            models += [talk.models.get(identity) for identity in batch]
        kind = MODELS[scene.kind]
        expect(
            all(isinstance(model, kind) and model != kind() for model in models),
            f"A match has a {kind.__name__} that is not empty.",
        )
        expect(
            all(one not in models[:n] for n, one in enumerate(models)),
            "Two different hits have the same model: give each a name of its own in the scene.",
        )

    def test_a_miss_is_not_found(self, scene: Scene) -> None:
        """Who the vendor does not have is not found, whether alone or among hits."""
        for identities in (scene.misses, mixed(scene)):
            for batch in self.batches(scene, identities):
                talk = self.drive(scene, batch)
                wrong = {str(talk.statuses[one]) for one in batch if one in scene.misses} - {
                    Status.NOT_FOUND
                }
                expect(not wrong, f"The misses of the scene {scene} are not found, not {wrong}.")
                lost = {str(talk.statuses[one]) for one in batch if one in scene.hits} - {
                    Status.MATCHED
                }
                expect(not lost, f"Beside a miss, the hits are matched, and not {lost}.")

    def test_the_same_answers_lead_to_the_same_requests(self, scene: Scene) -> None:
        """A flow is a function of its answers alone: after a crash it is run on recorded ones."""
        for batch, talk in self.conversations(scene):
            again = self.drive(scene, batch, replaying(talk.responses), self.vendor(scene))
            expect(
                again.requests == talk.requests,
                "The flow asked something else when it was given the same answers again.",
            )
            expect(
                outcomes(again) == outcomes(talk), "The flow read the same answers in another way."
            )

    def test_the_order_of_an_answer_means_nothing(self, scene: Scene) -> None:
        """An element is bound by what it echoes, never by its position."""
        for turn in (_reversed, _rotated):
            for batch, talk, other in self._rearranged(scene, turn):
                expect(
                    outcomes(other) == outcomes(talk),
                    f"The elements of an answer about {len(batch)} came in another order, and the "
                    "matches changed: bind them by what they echo.",
                )

    def test_a_missing_element_is_nobody_elses_loss(self, scene: Scene) -> None:
        """Where one element is missing, one identity at most is without its answer."""
        for batch in self.batches(scene, mixed(scene)):
            for position in range(len(batch)):
                for _, talk, other in self._rearranged(scene, _without(position), [batch]):
                    _nobody_has_anothers(talk, other)
                    lost = set(talk.models) - set(other.models)
                    expect(
                        len(lost) <= 1,
                        f"One element is missing, and {len(lost)} lost their match.",
                    )

    def test_a_doubled_element_is_one(self, scene: Scene) -> None:
        """What is said twice is said once."""
        for _, talk, other in self._rearranged(scene, lambda elements: elements * 2):
            expect(
                other.models == talk.models,
                "Every element came twice, and the matches changed.",
            )
            expect(
                other.credits <= talk.credits,
                f"Every element came twice, and the matches cost {other.credits:g} "
                f"in place of {talk.credits:g}.",
            )

    def test_an_alien_element_is_nobodys(self, scene: Scene) -> None:
        """What is said of somebody who was not asked for is given to nobody."""
        parts, (alien, *asked) = parts_of(scene), scene.hits
        strange = self._elements(scene, parts, alien)
        for _, talk, other in self._rearranged(
            scene, lambda elements: [*strange, *elements], self.batches(scene, asked)
        ):
            _nobody_has_anothers(talk, other)
            expect(
                not scene.is_echoed or other.models == talk.models,
                "An element about somebody else came beside the right ones, and a match was lost.",
            )

    def test_an_answer_about_another_is_nobodys(self, scene: Scene) -> None:
        """Where the vendor answers about somebody else altogether, nobody is matched."""
        if not scene.is_echoed:
            expect(
                all(len(request.identities) <= 1 for request in self._requests(scene)),
                "Answers echo nothing, and a request is about several: nothing can be bound.",
            )
            pytest.skip("an answer does not say whom it is about")
        asked, other = scene.hits[0], scene.hits[-1]
        expect(asked != other, "The scene needs two different hits.")
        answers = iter(self._talk_about(scene, other).responses)
        normal = self.vendor(scene)
        if not self._requests(scene):
            pytest.skip("it sends no request")

        def swapped(request: Request) -> Response:
            return next(answers, None) or normal(request)

        talk = self.drive(scene, [asked], swapped, normal)
        expect(
            not talk.models,
            "The vendor answered about somebody else, and it was taken for the answer: compare "
            "what is echoed with what was asked for.",
        )

    # -- the parts ---------------------------------------------------------------------------

    def _rearranged(
        self,
        scene: Scene,
        change: Callable[[list[Any]], list[Any]],
        batches: Sequence[list[Identity]] | None = None,
    ) -> list[tuple[list[Identity], Conversation, Conversation]]:
        """Return each batch, its conversation, and the one with changed elements."""
        parts = parts_of(scene)
        return [
            (
                batch,
                self.drive(scene, batch),
                self.drive(scene, batch, changed(self.vendor(scene), parts, change)),
            )
            for batch in (self.batches(scene, mixed(scene)) if batches is None else batches)
        ]

    def _elements(self, scene: Scene, parts: Elements, identity: Identity) -> list[Any]:
        bodies = [response.body for response in self._talk_about(scene, identity).responses]
        elements = [one for body in bodies for one in parts.split(body) or ()]
        expect(elements, f"`elements` of the scene {scene} leads to none in the answer of a hit.")
        return elements

    def _talk_about(self, scene: Scene, identity: Identity) -> Conversation:
        (batch,) = self.batches(scene, [identity])
        return self.drive(scene, batch)

    def _requests(self, scene: Scene) -> list[Request]:
        return [request for _, talk in self.conversations(scene) for request in talk.requests]


def _nobody_has_anothers(talk: Conversation, other: Conversation) -> None:
    wrong = [one for one, model in other.models.items() if talk.models.get(one) != model]
    expect(not wrong, f"{len(wrong)} got the answer of another: bind elements by what they echo.")


def _reversed(elements: list[Any]) -> list[Any]:
    return elements[::-1]


def _rotated(elements: list[Any]) -> list[Any]:
    return [*elements[1:], *elements[:1]]


def _without(position: int) -> Callable[[list[Any]], list[Any]]:
    return lambda elements: [one for n, one in enumerate(elements) if n != position]
