"""The contract, part five: no credential and no person shows where it should not."""

import pickle
from dataclasses import is_dataclass, replace
from functools import partial
from typing import Any, cast

import pytest

from enrich_pandas.providers.base import Provider, Request, Secret
from enrich_pandas.testing.basis import Contract, expect
from enrich_pandas.testing.driving import drive
from enrich_pandas.testing.scenes import Scene

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
