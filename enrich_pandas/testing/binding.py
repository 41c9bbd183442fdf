"""The contract for binding: each identity gets its own answer and never another's."""

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
    """Hits, misses, and answers with moved, missing, repeated or unrequested elements."""

    def test_hits_are_matched(self, scene: Scene) -> None:
        """Each hit of a scene is matched and has a model of its own."""
        models = []
        for batch in self.batches(scene, scene.hits):
            talk = self.drive(scene, batch)
            wrong = {str(status) for status in talk.statuses.values()} - {Status.MATCHED}
            expect(not wrong, f"The hits of the scene {scene} must be matched, not {wrong}.")
            models += [talk.models.get(identity) for identity in batch]
        kind = MODELS[scene.kind]
        expect(
            all(isinstance(model, kind) and model != kind() for model in models),
            f"A match must have a {kind.__name__} with at least one field.",
        )
        expect(
            all(one not in models[:n] for n, one in enumerate(models)),
            "Two different hits have equal models. Answer with a different name for each hit.",
        )

    def test_misses_are_not_found(self, scene: Scene) -> None:
        """A miss is not found, alone or in a batch with hits; the hits stay matched."""
        for identities in (scene.misses, mixed(scene)):
            for batch in self.batches(scene, identities):
                talk = self.drive(scene, batch)
                wrong = {str(talk.statuses[one]) for one in batch if one in scene.misses} - {
                    Status.NOT_FOUND
                }
                expect(
                    not wrong, f"The misses of the scene {scene} must be not_found, not {wrong}."
                )
                lost = {str(talk.statuses[one]) for one in batch if one in scene.hits} - {
                    Status.MATCHED
                }
                expect(not lost, f"In a batch with a miss, hits must be matched, not {lost}.")

    def test_same_answers_give_the_same_requests(self, scene: Scene) -> None:
        """A flow depends on its answers only: after a crash it replays the recorded ones."""
        for batch, talk in self.conversations(scene):
            again = self.drive(scene, batch, replaying(talk.responses), self.vendor(scene))
            expect(
                again.requests == talk.requests,
                "The flow sent other requests when it received the same answers again.",
            )
            expect(
                outcomes(again) == outcomes(talk),
                "The flow returned other matches when it received the same answers again.",
            )

    def test_order_of_elements_changes_no_match(self, scene: Scene) -> None:
        """An element is bound by the identifier that it echoes, not by its position."""
        for turn in (_reversed, _rotated):
            for batch, talk, other in self._rearranged(scene, turn):
                expect(
                    outcomes(other) == outcomes(talk),
                    f"The {len(batch)} elements of an answer were in another order, and the "
                    "matches changed. Bind elements by the identifier that they echo.",
                )

    def test_missing_element_loses_one_match_only(self, scene: Scene) -> None:
        """If an element is missing, at most one identity loses its match."""
        for batch in self.batches(scene, mixed(scene)):
            for position in range(len(batch)):
                for _, talk, other in self._rearranged(scene, _without(position), [batch]):
                    _no_identity_has_anothers_model(talk, other)
                    lost = set(talk.models) - set(other.models)
                    expect(
                        len(lost) <= 1,
                        f"One element was missing, and {len(lost)} identities lost their match.",
                    )

    def test_repeated_element_changes_no_match(self, scene: Scene) -> None:
        """A repeated element changes neither the matches nor their cost."""
        for _, talk, other in self._rearranged(scene, lambda elements: elements * 2):
            expect(
                other.models == talk.models,
                "Every element was repeated, and the matches changed.",
            )
            expect(
                other.credits <= talk.credits,
                f"Every element was repeated, and the matches cost {other.credits:g} credits "
                f"instead of {talk.credits:g}.",
            )

    def test_element_of_another_identity_is_ignored(self, scene: Scene) -> None:
        """An element about an identity that was not requested changes no match."""
        parts, (alien, *requested) = parts_of(scene), scene.hits
        strange = self._elements(scene, parts, alien)
        for _, talk, other in self._rearranged(
            scene, lambda elements: [*strange, *elements], self.batches(scene, requested)
        ):
            _no_identity_has_anothers_model(talk, other)
            expect(
                not scene.is_echoed or other.models == talk.models,
                "An answer had an element about another identity, and a match was lost.",
            )

    def test_answer_about_another_identity_never_matches(self, scene: Scene) -> None:
        """An answer that is only about another identity matches no identity."""
        if not scene.is_echoed:
            expect(
                all(len(request.identities) <= 1 for request in self._requests(scene)),
                "Answers echo no identifier, and a request has several: nothing can be bound.",
            )
            pytest.skip("answers echo no identifier")
        requested, other = scene.hits[0], scene.hits[-1]
        expect(requested != other, "The scene needs two different hits.")
        answers = iter(self._talk_about(scene, other).responses)
        normal = self.vendor(scene)
        if not self._requests(scene):
            pytest.skip("the provider sends no request")

        def swapped(request: Request) -> Response:
            return next(answers, None) or normal(request)

        talk = self.drive(scene, [requested], swapped, normal)
        expect(
            not talk.models,
            "The vendor answered about another identity, and the flow matched it. Compare the "
            "echoed identifier with the requested one.",
        )

    def _rearranged(
        self,
        scene: Scene,
        change: Callable[[list[Any]], list[Any]],
        batches: Sequence[list[Identity]] | None = None,
    ) -> list[tuple[list[Identity], Conversation, Conversation]]:
        """Return each batch, its conversation, and its conversation with changed elements."""
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
        expect(elements, f"`elements` of the scene {scene} leads to none in the answer to a hit.")
        return elements

    def _talk_about(self, scene: Scene, identity: Identity) -> Conversation:
        (batch,) = self.batches(scene, [identity])
        return self.drive(scene, batch)

    def _requests(self, scene: Scene) -> list[Request]:
        return [request for _, talk in self.conversations(scene) for request in talk.requests]


def _no_identity_has_anothers_model(talk: Conversation, other: Conversation) -> None:
    wrong = [one for one, model in other.models.items() if talk.models.get(one) != model]
    expect(
        not wrong,
        f"{len(wrong)} identities got the answer of another. "
        "Bind elements by the identifier that they echo.",
    )


def _reversed(elements: list[Any]) -> list[Any]:
    return elements[::-1]


def _rotated(elements: list[Any]) -> list[Any]:
    return [*elements[1:], *elements[:1]]


def _without(position: int) -> Callable[[list[Any]], list[Any]]:
    return lambda elements: [one for n, one in enumerate(elements) if n != position]
