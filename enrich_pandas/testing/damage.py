"""The contract for damaged answers: no answer of a vendor raises an error or invents a match."""

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
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
STOPPING = (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN)
BODIES = (b"", b"null", b"[]", b"{}", b'{"error":"no"}', b'{"message":["no"]}', b"<html></html>")
JUNK: tuple[Any, ...] = (None, "", "x", -1, 1e308, True, [], {}, [None], [[]], {"x": 1})
CHANGES = 200  # how many changes of one answer are tried, spread over all of it
CUTS = 20  # how many lengths of one answer are tried
ODD_HEADERS = ("", "x", "-1", "0", "1e9", "nan", "Sat, 21 Nov 2026 10:00:05 GMT", "9" * 400)


class DamageContract(Contract):
    """Refusals, truncated answers, and answers in an undocumented form."""

    @pytest.mark.parametrize("status", REFUSALS)
    def test_refusal_raises_provider_errors_only(self, scene: Scene, status: int) -> None:
        """After a refusal, a flow returns statuses or raises a ProviderError; it never matches."""
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
        except Exception as error:  # noqa: BLE001 - any other exception breaks the contract
            pytest.fail(f"After {what}, the flow raised {error!r}.", pytrace=False)
        else:
            self._check_no_invention(talk, refusal, what)

    def _check_no_invention(self, talk: Conversation, refusal: Response, what: str) -> None:
        if not talk.requests:
            return
        expect(not talk.models, f"After {what}, an identity is matched.")
        if refusal.outcome is Outcome.REFUSED:
            expect(not talk.credits, f"After {what}, the matches cost {talk.credits:g}.")
        if refusal.lost and all(request.billed for request in talk.requests):
            wrong = sorted(map(str, set(talk.statuses.values()) - {Status.HELD}))
            expect(
                not wrong,
                f"The vendor may have charged {what}. Its rows must be held, not {wrong}.",
            )

    def _outcome(self, response: Response) -> Outcome:
        """Classify a refusal as the engine does: in doubt, it may have been charged."""
        is_json = response.body[:1] in (b"{", b"[")
        is_sure = response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
        is_client_error = response.status < HTTPStatus.INTERNAL_SERVER_ERROR
        is_busy = response.status == HTTPStatus.SERVICE_UNAVAILABLE
        if is_sure or (is_json and (is_client_error or is_busy)):
            return Outcome.REFUSED
        return Outcome.REFUSED if self.provider.refuses(response) else Outcome.UNKNOWN

    @pytest.mark.parametrize("status", REFUSALS)
    def test_refusal_is_explained(self, status: int) -> None:
        """`error_for` returns an error for a 401, 402 or 403, and an error or None for others."""
        for body in BODIES:
            error = self.provider.error_for(Response(status=status, body=body))
            expect(
                error is None or isinstance(error, ProviderError),
                f"`error_for` of a {status} must return a ProviderError or None, not {error!r}.",
            )
            expect(
                error is not None or status not in STOPPING,
                f"`error_for` of a {status} returned None, so the run would continue.",
            )
            is_key = status == HTTPStatus.UNAUTHORIZED and self.provider.credentials
            expect(
                not is_key or isinstance(error, AuthenticationError),
                f"`error_for` of a 401 must return an AuthenticationError, not {error!r}.",
            )

    @pytest.mark.parametrize("text", ODD_HEADERS)
    def test_invalid_headers_raise_nothing(self, text: str) -> None:
        """A header that is not a number of seconds gives no wait."""
        names = ("retry-after", "date", "x-ratelimit-limit", "x-ratelimit-reset")
        response = Response(status=429, headers=dict.fromkeys(names, text))
        wait = self.provider.retry_after(response)
        expect(
            wait is None or wait > 0,
            f"`retry_after` must return None or more than 0 seconds, not {wait!r}.",
        )
        self.provider.allowance(response)

    def test_truncated_answer_never_means_not_found(self, scene: Scene) -> None:
        """A truncated answer is read up to its end; identities after the end are not a miss."""
        for batch in self.batches(scene, scene.hits):
            whole = self.drive(scene, batch)
            for position, response in enumerate(whole.responses):
                if not whole.requests[position].billed:
                    continue  # the engine repeats a free request
                length = len(response.body)
                for cut in range(0, length, max(1, length // CUTS)):
                    body = _complete_elements(response.body[:cut])
                    damaged = replace(response, body=body, outcome=Outcome.DAMAGED)
                    talk = self._answered(scene, batch, position, damaged, f"ended at byte {cut}")
                    wrong = [one for one in batch if talk.statuses[one] is Status.NOT_FOUND]
                    expect(not wrong, f"An answer ended at byte {cut}, and a hit is not_found.")

    def test_field_of_another_type_raises_nothing(self, scene: Scene) -> None:
        """A field of another type than documented is left empty; the other fields are kept."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _spread(list(_places(document)), CHANGES // len(JUNK)):
                for junk in JUNK:
                    body = _with(document, path, junk)
                    what = f"has {junk!r} at {'.'.join(map(str, path))}"
                    self._answered(scene, batch, position, _with_body(response, body), what)

    def test_missing_field_raises_nothing(self, scene: Scene) -> None:
        """Any field of an answer may be missing."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _spread(list(_places(document)), CHANGES):
                body = _without(document, path)
                what = f"lacks {'.'.join(map(str, path))}"
                self._answered(scene, batch, position, _with_body(response, body), what)

    def test_null_instead_of_a_list_raises_nothing(self, scene: Scene) -> None:
        """A list may be null; many vendors send null for an empty list."""
        for batch, position, response in self._answers(scene):
            document = msgspec.json.decode(response.body)
            for path in _places(document):
                if isinstance(_at(document, path), list):
                    body = _with(document, path, None)
                    what = f"has null for the list {'.'.join(map(str, path))}"
                    self._answered(scene, batch, position, _with_body(response, body), what)

    def test_unknown_field_changes_no_match(self, scene: Scene) -> None:
        """An answer may have undocumented fields; vendors add fields without notice."""
        for batch, position, response in self._answers(scene):
            body = _with_new_fields(msgspec.json.decode(response.body))
            before = self.drive(scene, batch)
            after = self._answered(
                scene, batch, position, _with_body(response, body), "has new fields"
            )
            expect(
                outcomes(after) == outcomes(before),
                "An answer had undocumented fields, and the matches changed.",
            )

    def test_invalid_job_list_raises_nothing(self, scene: Scene) -> None:
        """If the list of jobs is invalid, the flow continues without it."""
        for batch, whole in self.conversations(scene):
            for body in BODIES if whole.looks else ():
                lister = replaying(repeat(Response(status=200, body=body)))
                try:
                    self.drive(scene, batch, lister=lister)
                except ProviderError:
                    continue
                except Exception as error:  # noqa: BLE001 - any other exception breaks the contract
                    pytest.fail(
                        f"The list of jobs was {body!r}, and the flow raised {error!r}.",
                        pytrace=False,
                    )

    def _answers(self, scene: Scene) -> Iterator[tuple[list[Identity], int, Response]]:
        """Yield each JSON answer, with its batch and its position in the conversation."""
        for batch, talk in self.conversations(scene):
            for position, response in enumerate(talk.responses):
                if response.body[:1] in (b"{", b"["):
                    yield batch, position, response

    def _answered(
        self, scene: Scene, batch: list[Identity], position: int, response: Response, what: str
    ) -> Conversation:
        """Return the conversation in which one answer is replaced."""
        try:
            return self.disturbed(scene, batch, position, lambda _: response)
        except Exception as error:  # noqa: BLE001 - any exception breaks the contract
            pytest.fail(f"An answer {what}, and the flow raised {error!r}.", pytrace=False)


def _complete_elements(body: bytes) -> bytes:
    """Return the complete elements of a truncated array, as the engine does for a flow."""
    is_array = body.lstrip()[:1] == b"["
    return b"[" + b",".join(salvage(body)) + b"]" if is_array else body


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every nested value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _spread(paths: Sequence[tuple[Any, ...]], most: int) -> Sequence[tuple[Any, ...]]:
    """Return at most ``most`` paths, one for each place that differs in more than an index."""
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


def _with_new_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            **{key: _with_new_fields(item) for key, item in value.items()},
            "a_new_field": [{"x": 1}],
        }
    return [_with_new_fields(item) for item in value] if isinstance(value, list) else value


def _with_body(response: Response, body: Any) -> Response:
    return replace(response, body=msgspec.json.encode(body))
