"""The contract, part four: whatever a vendor sends, nothing is raised and nothing is made up."""

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import msgspec
import pytest

from enrich_pandas.errors import AuthenticationError, ProviderError
from enrich_pandas.providers.base import Identity, Outcome, Response, Status
from enrich_pandas.providers.decoding import salvage
from enrich_pandas.testing.basis import Contract, Scene, expect, mixed, outcomes, replaying
from enrich_pandas.testing.driving import Conversation

REFUSALS = (400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
BODIES = (b"", b"null", b"[]", b"{}", b'{"error":"no"}', b'{"message":["no"]}', b"<html></html>")
JUNK: tuple[Any, ...] = (None, "", "x", -1, 1e308, True, [], {}, [None], [[]], {"x": 1})
FLIES = 200  # changes of one answer that are tried, spread over the whole of it
CUTS = 20
ODD_HEADERS = ("", "x", "-1", "0", "1e9", "nan", "Sat, 21 Nov 2026 10:00:05 GMT", "9" * 400)


class DamageContract(Contract):
    """Refusals, cut answers, and answers of another form than documented."""

    @pytest.mark.parametrize("status", REFUSALS)
    def test_a_refusal_raises_nothing_of_its_own(self, scene: Scene, status: int) -> None:
        """A refusal gives statuses, or a ProviderError with a message; it never matches."""
        for batch in self.batches(scene, mixed(scene)):
            for body in (*filter(None, [scene.errors.get(status)]), *BODIES):
                self._refused(scene, batch, status, body)

    def _refused(self, scene: Scene, batch: list[Identity], status: int, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        refusal = Response(status=status, body=body, headers=headers)
        refusal = replace(refusal, outcome=self._outcome(refusal))
        what = f"a refusal with {status} and the body {body!r}"
        try:
            talk = self.drive(scene, batch, lambda _: refusal)
        except ProviderError as error:
            expect(str(error), f"After {what}, the flow raised an error without a message.")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            pytest.fail(f"After {what}, the flow raised {error!r}.", pytrace=False)
        else:
            self._has_made_nothing_up(talk, refusal, what)

    def _has_made_nothing_up(self, talk: Conversation, refusal: Response, what: str) -> None:
        if not talk.requests:
            return
        expect(not talk.models, f"After {what}, somebody is matched.")
        if refusal.outcome is Outcome.REFUSED:
            expect(not talk.credits, f"After {what}, the matches cost {talk.credits:g}.")
        if refusal.lost and all(request.billed for request in talk.requests):
            wrong = sorted(map(str, set(talk.statuses.values()) - {Status.HELD}))
            expect(
                not wrong,
                f"Nobody can say whether {what} was charged: its rows are held, and not {wrong}.",
            )

    def _outcome(self, response: Response) -> Outcome:
        """Judge a refusal as the engine does: in doubt, it may have been charged."""
        is_json = response.body[:1] in (b"{", b"[")
        is_sure = response.status in (401, 429)
        is_client_error = response.status < 500  # noqa: PLR2004 - HTTP's class of answers
        is_busy = response.status == 503  # noqa: PLR2004 - alone of its class
        if is_sure or (is_json and (is_client_error or is_busy)):
            return Outcome.REFUSED
        return Outcome.REFUSED if self.provider.refuses(response) else Outcome.UNKNOWN

    @pytest.mark.parametrize("status", REFUSALS)
    def test_a_refusal_is_explained(self, status: int) -> None:
        """`error_for` returns an exception, or None; that of a 401, 402 or 403 stops the run."""
        for body in BODIES:
            error = self.provider.error_for(Response(status=status, body=body))
            expect(
                error is None or isinstance(error, ProviderError),
                f"`error_for` of a {status} returns a ProviderError or None; not {error!r}.",
            )
            expect(
                error is not None or status not in (401, 402, 403),
                f"`error_for` of a {status} returns None: the run would go on.",
            )
            is_key = status == 401 and self.provider.credentials  # noqa: PLR2004 - unauthorized
            expect(
                not is_key or isinstance(error, AuthenticationError),
                f"`error_for` of a 401 is an AuthenticationError; not {error!r}.",
            )

    @pytest.mark.parametrize("text", ODD_HEADERS)
    def test_odd_headers_raise_nothing(self, text: str) -> None:
        """What is no number of seconds is no wait."""
        names = ("retry-after", "date", "x-ratelimit-limit", "x-ratelimit-reset")
        response = Response(status=429, headers=dict.fromkeys(names, text))
        wait = self.provider.retry_after(response)
        expect(wait is None or wait > 0, f"`retry_after` is None or more than 0; not {wait!r}.")
        self.provider.allowance(response)

    def test_a_cut_answer_keeps_what_arrived_and_proves_no_miss(self, scene: Scene) -> None:
        """An answer that was cut is read as far as it goes; who is beyond the cut is not lost."""
        for batch in self.batches(scene, scene.hits):
            whole = self.drive(scene, batch)
            for position, response in enumerate(whole.responses):
                if not whole.requests[position].billed:
                    continue  # the engine asks for it again
                length = len(response.body)
                for cut in range(0, length, max(1, length // CUTS)):
                    body = _legible(response.body[:cut])
                    damaged = replace(response, body=body, outcome=Outcome.DAMAGED)
                    talk = self._answered(scene, batch, position, damaged, f"cut at {cut} bytes")
                    wrong = [one for one in batch if talk.statuses[one] is Status.NOT_FOUND]
                    expect(not wrong, f"An answer was cut at {cut} bytes, and a hit not found.")

    def test_a_field_of_another_type_raises_nothing(self, scene: Scene) -> None:
        """A field that is not as documented is left empty; the rest of the answer is kept."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _spread(list(_places(document)), FLIES // len(JUNK)):
                for junk in JUNK:
                    body = _with(document, path, junk)
                    what = f"has {junk!r} at {'.'.join(map(str, path))}"
                    self._answered(scene, batch, position, _bodied(response, body), what)

    def test_a_missing_field_raises_nothing(self, scene: Scene) -> None:
        """Any field may be absent."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _spread(list(_places(document)), FLIES):
                body = _without(document, path)
                what = f"lacks {'.'.join(map(str, path))}"
                self._answered(scene, batch, position, _bodied(response, body), what)

    def test_a_list_that_is_null_raises_nothing(self, scene: Scene) -> None:
        """A list of nothing is often sent as null."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _places(document):
                if isinstance(_at(document, path), list):
                    body = _with(document, path, None)
                    what = f"has null for the list {'.'.join(map(str, path))}"
                    self._answered(scene, batch, position, _bodied(response, body), what)

    def test_a_new_field_changes_nothing(self, scene: Scene) -> None:
        """A vendor adds fields without notice."""
        for batch, position, response in self._answers(scene):
            body = _grown(msgspec.json.decode(response.body))
            before = self.drive(scene, batch)
            after = self._answered(scene, batch, position, _bodied(response, body), "has grown")
            expect(
                outcomes(after) == outcomes(before),
                "An answer had fields that are not documented, and was read in another way.",
            )

    def test_an_odd_list_of_jobs_raises_nothing(self, scene: Scene) -> None:
        """Where the list of jobs tells nothing, flows go on without."""
        for batch, whole in self.conversations(scene):
            for body in BODIES if whole.looks else ():
                lister = replaying(repeat(Response(status=200, body=body)))
                try:
                    self.drive(scene, batch, lister=lister)
                except ProviderError:
                    continue
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                    pytest.fail(f"The list was {body!r}, and {error!r} was raised.", pytrace=False)

    # -- the parts ---------------------------------------------------------------------------

    def _answers(self, scene: Scene) -> Iterator[tuple[list[Identity], int, Response]]:
        """Yield the answers that are JSON, with the batch and where in its conversation."""
        for batch, talk in self.conversations(scene):
            for position, response in enumerate(talk.responses):
                if response.body[:1] in (b"{", b"["):
                    yield batch, position, response

    def _answered(
        self, scene: Scene, batch: list[Identity], position: int, response: Response, what: str
    ) -> Conversation:
        """Return the conversation in which one answer is another one."""
        try:
            return self.disturbed(scene, batch, position, lambda _: response)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            pytest.fail(f"An answer {what}, and the flow raised {error!r}.", pytrace=False)


def _legible(body: bytes) -> bytes:
    """Make an array that was cut whole, as the engine does before a flow is given it."""
    is_array = body.lstrip()[:1] == b"["
    return b"[" + b",".join(salvage(body)) + b"]" if is_array else body


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value within a value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _spread(paths: Sequence[tuple[Any, ...]], most: int) -> Sequence[tuple[Any, ...]]:
    """Return at most so many paths: of like places, such as two elements', one is enough."""
    alike = {re.sub(r"\d+", "0", ".".join(map(str, path))): path for path in paths}
    distinct = list(alike.values())
    return distinct[:: max(1, -(-len(distinct) // most))]


def _at(document: Any, path: Sequence[Any]) -> Any:
    for key in path:
        document = document[key]
    return document


def _with(document: Any, path: Sequence[Any], value: Any) -> Any:
    made = copy.deepcopy(document)
    _at(made, path[:-1])[path[-1]] = value
    return made


def _without(document: Any, path: Sequence[Any]) -> Any:
    made = copy.deepcopy(document)
    del _at(made, path[:-1])[path[-1]]
    return made


def _grown(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _grown(item) for key, item in value.items()}, "a_new_field": [{"x": 1}]}
    return [_grown(item) for item in value] if isinstance(value, list) else value


def _bodied(response: Response, body: Any) -> Response:
    return replace(response, body=msgspec.json.encode(body))
