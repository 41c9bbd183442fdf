"""The contract for money and for secrets.

A provider states its costs before it sends a request, and never requests the same twice. Neither
credentials nor personal data appear in texts.
"""

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
    """Prices, billed requests, options and lost answers.

    Attributes
    ----------
    option_values : mapping of str to sequence
        Other valid values of an option, such as ``{"region": ["eu"]}``, if the contract cannot
        guess one from its type.
    """

    option_values: ClassVar[Mapping[str, Sequence[Any]]] = NOTHING

    def test_price_grows_with_the_batch(self, scene: Scene) -> None:
        """`price` returns a finite number of credits that does not fall with more identities."""
        identities = mixed(scene)
        prices = [
            self.provider.price(scene.kind, identities[:count])
            for count in range(1, len(identities) + 1)
        ]
        expect(
            all(math.isfinite(price) and price >= 0 for price in prices),
            f"`price` must return a finite number of credits, 0 or more. It returned {prices}.",
        )
        expect(
            prices == sorted(prices),
            f"`price` must not fall when the batch grows. It returned {prices}.",
        )

    def test_billed_request_has_credits_and_identities(self, scene: Scene) -> None:
        """The budget relies on the credits, and the recovery after a crash on the identities."""
        for batch, talk in self.conversations(scene):
            for request in talk.billed:
                is_free = self.provider.price(scene.kind, batch) == 0
                expect(
                    request.credits > 0 or is_free,
                    f"{request!r} is billed and has no `credits`.",
                )
                requested = set(request.identities)
                expect(requested, f"{request!r} is billed and has no `identities`.")
                expect(
                    requested <= set(batch),
                    f"{request!r} has `identities` that are not in its batch.",
                )
            for request in talk.requests:
                expect(
                    request.billed or not request.credits,
                    f"{request!r} has `credits`, but `billed` is False.",
                )

    def test_priced_batch_is_covered_by_billed_requests(self, scene: Scene) -> None:
        """If a batch has a price, the billed requests contain all of its identities."""
        for batch, talk in self.conversations(scene):
            if self.provider.price(scene.kind, batch) > 0:
                requested = {one for request in talk.billed for one in request.identities}
                expect(
                    requested == set(batch),
                    "The batch has a price, and some of its identities are in no billed request.",
                )

    def test_cost_is_at_most_the_price(self, scene: Scene) -> None:
        """The price of a batch is its maximum cost."""
        for batch, talk in self.conversations(scene):
            price = self.provider.price(scene.kind, batch) + ROUNDING
            quoted = sum(request.credits for request in talk.billed)
            expect(
                quoted <= price,
                f"The billed requests of a batch cost {quoted:g}. Its `price` is {price:g}.",
            )
            expect(
                talk.credits <= price,
                f"The matches of a batch cost {talk.credits:g}. Its `price` is {price:g}.",
            )

    def test_option_that_changes_requests_is_billed(self, scene: Scene) -> None:
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
                    f"{name}={value!r} changes the price, but not `billed_options`.",
                )
                requests = [self._sent_for(one, scene, identity) for one in (provider, other)]
                expect(
                    name in unbilled or requests[0] == requests[1],
                    f"{name}={value!r} changes the requests, but not `billed_options`.",
                )

    def _sent_for(self, provider: Provider, scene: Scene, identity: Identity) -> list[Request]:
        """Return the requests for one identity, until the scene's vendor fails to answer."""
        sent: list[Request] = []
        vendor = self.vendor(scene)

        def record(request: Request) -> Response:
            sent.append(request)
            return vendor(request)

        with suppress(Exception):
            drive(provider, scene.kind, [identity], record)
        return sent

    def test_lost_answer_is_held_and_not_requested_again(self, scene: Scene) -> None:
        """A request without an answer may have been charged, so its identities are held."""
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
            f"The answer to {request!r} was lost, and the flow requested the same again: {again}.",
        )
        # A free request may find the outcome, now or in the next run.
        is_known = later or talk.is_unfinished
        allowed = set(Status) - {Status.FAILED, Status.SKIPPED} if is_known else {Status.HELD}
        wrong = {str(talk.statuses[one]) for one in request.identities or talk.statuses} - allowed
        expect(
            not wrong,
            f"The answer to {request!r} was lost. Its identities must be held, not {wrong}. "
            "Return `held(…)` if `response.lost`.",
        )

    def test_lost_free_answer_never_means_not_found(self, scene: Scene) -> None:
        """The loss of a free answer does not make an identity ``not_found``."""
        for batch, whole in self.conversations(scene):
            for position, request in enumerate(whole.requests):
                if not request.billed:
                    talk = self.disturbed(scene, batch, position, _lost)
                    hits = [one for one in scene.hits if one in batch]
                    wrong = [one for one in hits if talk.statuses[one] is Status.NOT_FOUND]
                    expect(
                        not wrong, f"The answer to {request!r} was lost, and a hit is not_found."
                    )


def _lost(response: Response) -> Response:
    return replace(response, status=0, headers={}, body=b"", outcome=Outcome.UNKNOWN)


def shared(one: Request, other: Request) -> set[Identity]:
    """Return the identities that are in both requests."""
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


# -- Secrets -------------------------------------------------------------------------------------

TEXT = "a-made-up-credential"


class SecrecyContract(Contract):
    """Credentials and personal data in texts."""

    def with_credentials(self) -> Provider:
        """Return the provider with made-up credentials.

        Override it if the credentials are not arguments of the class.
        """
        given = dict.fromkeys(self.provider.credentials, TEXT)
        kind: Any = type(self.provider)
        make: Any = partial(replace, self.provider) if is_dataclass(kind) else kind
        return cast("Provider", make(**given))

    def test_credential_is_not_in_repr_or_options(self) -> None:
        """Neither the provider's repr nor its billed options contain the credential."""
        provider = self._signed()
        expect(
            TEXT not in repr(provider) + str(provider), "The repr of the provider has a credential."
        )
        for kind in provider.kinds:
            options = repr(dict(provider.billed_options(kind)))
            expect(TEXT not in options, "`billed_options` has a credential. Leave it out.")

    def test_auth_returns_secrets(self) -> None:
        """`auth` returns a `Secret` for each header, so that no traceback shows the value."""
        secrets = {name: Secret(TEXT) for name in self.provider.credentials}
        renewal = self.provider.renewal(secrets)
        if renewal is not None:
            secrets["access_token"] = Secret(TEXT)
            expect(TEXT not in repr(renewal), "The repr of a renewal has a credential.")
        headers = self.provider.auth(secrets)
        expect(
            all(isinstance(value, Secret) for value in headers.values()),
            "`auth` must return a Secret for each header.",
        )
        expect(headers or not secrets, "The provider has credentials, but `auth` uses none.")

    def test_credential_is_not_pickled(self) -> None:
        """A pickled provider does not carry its credential to a disk or another machine."""
        state = self._signed().__getstate__()
        try:
            pickled = pickle.dumps(state)
        except Exception as error:  # noqa: BLE001 - a provider may refuse with any exception
            expect(TEXT not in str(error), "The error of pickling has the credential.")
        else:
            expect(
                TEXT.encode() not in pickled,
                "A pickled provider has its credential. Store it as a `Secret`.",
            )

    def test_request_contains_no_credential(self, scene: Scene) -> None:
        """A request has no credential: the engine stores requests, and signs them when it sends."""
        provider = self._signed()
        for batch in provider.batches(scene.kind, scene.hits):
            talk = drive(provider, scene.kind, batch, self.vendor(scene))
            for request in talk.requests:
                written = _written(request)
                expect(TEXT not in written, f"{request!r} has a credential. Sign in `auth`.")

    def test_request_repr_contains_no_identifier(self, scene: Scene) -> None:
        """Identifiers are personal data, so they are in parameters or the body, not in the path."""
        for batch, talk in self.conversations(scene):
            values = [value for identity in batch for _, value in identity.keys]
            for request in (*talk.requests, *talk.looks):
                shown = [value for value in values if value in repr(request)]
                expect(not shown, f"The repr of a request has {len(shown)} identifiers.")
            for match in talk.matches:
                shown = [value for value in values if value in f"{match.reason} {match.note}"]
                expect(not shown, "The `reason` or `note` of a match has an identifier.")

    def _signed(self) -> Provider:
        if not self.provider.credentials:
            pytest.skip("the provider has no credentials")
        return self.with_credentials()


def _written(request: Request) -> str:
    """Return the text of a request before it is signed."""
    parts = (request.path, dict(request.params), dict(request.headers), request.json)
    return repr(parts)
