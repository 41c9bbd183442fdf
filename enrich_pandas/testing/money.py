"""The contract, part two: what is spent is declared before, and never twice."""

import inspect
import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass, replace
from functools import partial
from types import UnionType
from typing import Any, ClassVar, Literal, Union, cast, get_args, get_origin, get_type_hints

import pytest

from enrich_pandas.engine.plan import scope_of
from enrich_pandas.providers.base import (
    NOTHING,
    UNBILLED_OPTIONS,
    Identity,
    Outcome,
    Provider,
    Request,
    Response,
    Secret,
    Status,
    options_of,
)
from enrich_pandas.testing.basis import Contract, Scene, expect, mixed
from enrich_pandas.testing.driving import Conversation, drive

ROUNDING = 1e-6  # credits


class MoneyContract(Contract):
    """Prices, billed requests, options, and answers that were lost.

    Attributes
    ----------
    option_values : mapping of str to sequence
        Other valid values of an option, such as ``{"region": ["eu"]}``, if the contract cannot
        guess one from its type.
    """

    option_values: ClassVar[Mapping[str, Sequence[Any]]] = NOTHING

    def test_its_price_grows_with_the_batch(self, scene: Scene) -> None:
        """A price is a number that a budget can be held against."""
        everybody = mixed(scene)
        prices = [
            self.provider.price(scene.kind, everybody[:count])
            for count in range(1, len(everybody) + 1)
        ]
        expect(
            all(math.isfinite(price) and price >= 0 for price in prices),
            f"`price` returns credits, 0 or more; not {prices}.",
        )
        expect(prices == sorted(prices), f"`price` of a larger batch is no smaller: {prices}.")

    def test_a_billed_request_has_a_price_and_names_whom_it_is_about(self, scene: Scene) -> None:
        """The wall of a budget, and the recovery after a crash, rely on both."""
        for batch, talk in self.conversations(scene):
            for request in talk.billed:
                is_free = self.provider.price(scene.kind, batch) == 0
                expect(
                    request.credits > 0 or is_free,
                    f"{request!r} is billed, and has no `credits`.",
                )
                asked = set(request.identities)
                expect(asked, f"{request!r} is billed, and names no `identities`.")
                expect(
                    asked <= set(batch), f"{request!r} names identities that are not of its batch."
                )
            for request in talk.requests:
                expect(
                    request.billed or not request.credits,
                    f"{request!r} has `credits` and is not `billed`.",
                )

    def test_everybody_who_costs_is_asked_for_in_a_billed_request(self, scene: Scene) -> None:
        """Where a price is asked for, some request is marked as billed."""
        for batch, talk in self.conversations(scene):
            if self.provider.price(scene.kind, batch) > 0:
                asked = {one for request in talk.billed for one in request.identities}
                expect(
                    asked == set(batch),
                    "The batch has a price, and no billed request names some of its identities.",
                )

    def test_it_costs_no_more_than_its_price(self, scene: Scene) -> None:
        """The price of a batch is the most that it can cost."""
        for batch, talk in self.conversations(scene):
            price = self.provider.price(scene.kind, batch) + ROUNDING
            asked = sum(request.credits for request in talk.billed)
            expect(
                asked <= price,
                f"The billed requests of a batch may cost {asked:g}; its `price` is {price:g}.",
            )
            expect(
                talk.credits <= price,
                f"The matches of a batch cost {talk.credits:g}; its `price` is {price:g}.",
            )

    def test_an_option_that_changes_requests_is_billed(self, scene: Scene) -> None:
        """An answer that was bought with one value of an option is not used for another value."""
        kind, provider = scene.kind, self.provider
        unbilled = provider.unbilled_options.get(kind, ())
        identities = [*scene.hits, *scene.misses]
        for name, other in variants(provider, self.option_values):
            if scope_of(provider, kind, "") != scope_of(other, kind, ""):
                continue
            value = options_of(other)[name]
            for identity in identities:
                prices = [one.price(kind, [identity]) for one in (provider, other)]
                expect(
                    prices[0] == prices[1],
                    f"{name}={value!r} changes the price, and `billed_options` is the same.",
                )
                requests = [self._sent_for(one, scene, identity) for one in (provider, other)]
                expect(
                    name in unbilled or requests[0] == requests[1],
                    f"{name}={value!r} changes the requests, and `billed_options` is the same.",
                )

    def _sent_for(self, provider: Provider, scene: Scene, identity: Identity) -> list[Request]:
        """Return what a provider sends for one identity, as far as the scene's vendor answers."""
        sent: list[Request] = []
        vendor = self.vendor(scene)

        def record(request: Request) -> Response:
            sent.append(request)
            return vendor(request)

        with suppress(Exception):
            drive(provider, scene.kind, [identity], record)
        return sent

    def test_a_lost_answer_is_held_and_not_bought_again(self, scene: Scene) -> None:
        """Nobody can say whether a request without an answer was charged."""
        for batch, whole in self.conversations(scene):
            for position, request in enumerate(whole.requests):
                if request.billed:
                    talk = self.disturbed(scene, batch, position, _lost)
                    self._is_held(request, position, talk)

    def _is_held(self, request: Request, position: int, talk: Conversation) -> None:
        later = talk.requests[position + 1 :]
        again = [one for one in later if one.billed and shared(one, request)]
        expect(
            not again,
            f"The answer to {request!r} was lost, and the flow asks for the same again: {again}.",
        )
        # A look that costs nothing may find out what became of it, now or in the next run.
        is_known = later or talk.is_unfinished
        allowed = set(Status) - {Status.FAILED, Status.SKIPPED} if is_known else {Status.HELD}
        wrong = {str(talk.statuses[one]) for one in request.identities or talk.statuses} - allowed
        expect(
            not wrong,
            f"The answer to {request!r} was lost: its identities are held, and not {wrong}. "
            "Return `held(…)` where `response.lost`.",
        )

    def test_the_loss_of_a_free_answer_proves_nothing(self, scene: Scene) -> None:
        """Nobody is not found because an answer that costs nothing did not arrive."""
        for batch, whole in self.conversations(scene):
            for position, request in enumerate(whole.requests):
                if not request.billed:
                    talk = self.disturbed(scene, batch, position, _lost)
                    gone = [one for one in scene.hits if one in batch]
                    lied = [one for one in gone if talk.statuses[one] is Status.NOT_FOUND]
                    expect(not lied, f"The answer to {request!r} was lost, and a hit not found.")


def _lost(response: Response) -> Response:
    return replace(response, status=0, headers={}, body=b"", outcome=Outcome.UNKNOWN)


def shared(one: Request, other: Request) -> set[Identity]:
    """Return whom two requests both ask about."""
    return set(one.identities) & set(other.identities)


# -- Other values of each option -----------------------------------------------------------------


def variants(
    provider: Provider, examples: Mapping[str, Sequence[Any]]
) -> Iterator[tuple[str, Provider]]:
    """Yield the name of each option, with the provider that has another value of it.

    Values that the provider refuses are left out, and so are credentials, the account,
    connections, the rate limit and prices.
    """
    try:
        hints = get_type_hints(type(provider))
    except Exception:  # noqa: BLE001 - such as a hint that exists for type checkers only
        hints = {}
    for name, value in options_of(provider).items():
        if name in provider.credentials or name in UNBILLED_OPTIONS:
            continue
        for other in (*examples.get(name, ()), *other_values(value, hints.get(name))):
            if other != value and (changed := _changed(provider, name, other)) is not None:
                yield name, changed


def other_values(value: Any, hint: Any = None) -> list[Any]:
    """Return other values of the same type.

    Examples
    --------
    >>> other_values(True), other_values(5), other_values("a", Literal["a", "b"])
    ([False], [6, 10], ['b', 'ax'])
    """
    choices = [one for one in _choices(hint) if one != value]
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [*choices, value + 1, value * 2]
    if isinstance(value, str):
        return [*choices, f"{value}x"]
    if isinstance(value, list | tuple):
        return [*choices, type(value)([*value, "x"]), value[:-1]]
    return choices


def _choices(hint: Any) -> list[Any]:
    """Return some values of an annotated type."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) in (Union, UnionType):
        return [value for one in get_args(hint) for value in _choices(one)]
    samples: dict[Any, list[Any]] = {bool: [True, False], int: [1, 2], float: [0.5], str: ["x"]}
    if isinstance(hint, type) and hint in samples:
        return samples[hint]
    return [["x"]] if get_origin(hint) in (list, Sequence) else []


def _changed(provider: Provider, name: str, value: Any) -> Provider | None:
    """Return a provider with another value of an option, or None if the value is refused."""
    make: Any = type(provider)
    try:
        if is_dataclass(make):
            return cast("Provider", replace(cast("Any", provider), **{name: value}))
        known = inspect.signature(make).parameters
        given = {one: old for one, old in options_of(provider).items() if one in known}
        return cast("Provider", make(**{**given, name: value}))
    except Exception:  # noqa: BLE001 - whatever a provider raises for a value that it refuses
        return None


# -- The contract, part five: no credential and no person shows where it should not --------------

TEXT = "a-made-up-credential"


class SecrecyContract(Contract):
    """Credentials, and identities in what is shown."""

    def with_credentials(self) -> Provider:
        """Make the same provider with credentials; override it where they are no arguments."""
        given = dict.fromkeys(self.provider.credentials, TEXT)
        kind = type(self.provider)
        make: Any = partial(replace, self.provider) if is_dataclass(kind) else kind
        return cast("Provider", make(**given))

    def test_a_credential_shows_nowhere(self) -> None:
        """Neither a provider nor its options nor its headers show the credential."""
        provider = self._signed()
        expect(TEXT not in repr(provider) + str(provider), "A provider's repr shows a credential.")
        for kind in provider.kinds:
            options = repr(dict(provider.billed_options(kind)))
            expect(TEXT not in options, "`billed_options` holds a credential, which is renewed.")

    def test_it_signs_with_secrets(self) -> None:
        """What `auth` returns is a `Secret`, so that no traceback shows it."""
        secrets = {name: Secret(TEXT) for name in self.provider.credentials}
        renewal = self.provider.renewal(secrets)
        if renewal is not None:
            secrets["access_token"] = Secret(TEXT)
            expect(TEXT not in repr(renewal), "The repr of a renewal shows a credential.")
        headers = self.provider.auth(secrets)
        expect(
            all(isinstance(value, Secret) for value in headers.values()),
            "`auth` returns a Secret for each header.",
        )
        expect(headers or not secrets, "It has credentials, and `auth` signs with none of them.")

    def test_a_credential_is_not_pickled(self) -> None:
        """A provider in a pickle would carry its credential to disk, or to another machine."""
        state = self._signed().__getstate__()
        try:
            pickled = pickle.dumps(state)
        except Exception as error:  # noqa: BLE001 - that it refuses is what counts
            expect(TEXT not in str(error), "The refusal to be pickled shows the credential.")
        else:
            expect(
                TEXT.encode() not in pickled,
                "A pickled provider holds its credential: keep it as a `Secret`.",
            )

    def test_a_request_carries_no_credential(self, scene: Scene) -> None:
        """The engine signs a request when it is sent; until then it may be written down."""
        provider = self._signed()
        for batch in provider.batches(scene.kind, scene.hits):
            talk = drive(provider, scene.kind, batch, self.vendor(scene))
            for request in talk.requests:
                written = _written(request)
                expect(TEXT not in written, f"{request!r} holds a credential: sign in `auth`.")

    def test_a_request_shows_nobody(self, scene: Scene) -> None:
        """Identities are personal data: they stand in parameters or the body, never in a path."""
        for batch, talk in self.conversations(scene):
            values = [value for identity in batch for _, value in identity.keys]
            for request in (*talk.requests, *talk.looks):
                shown = [value for value in values if value in repr(request)]
                expect(not shown, f"The repr of a request shows {len(shown)} identifiers.")
            for match in talk.matches:
                shown = [value for value in values if value in f"{match.reason} {match.note}"]
                expect(not shown, "The `reason` or `note` of a match holds an identifier.")

    # -- the parts ---------------------------------------------------------------------------

    def _signed(self) -> Provider:
        if not self.provider.credentials:
            pytest.skip("it has no credentials")
        return self.with_credentials()


def _written(request: Request) -> str:
    """Return all that is sent of a request but its headers' signature."""
    parts = (request.path, dict(request.params), dict(request.headers), request.json)
    return repr(parts)
