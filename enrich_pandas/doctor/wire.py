"""A single request beside the runs: balances, refusals that are wanted, jobs fetched again."""

import time
from types import TracebackType
from typing import Self

from enrich_pandas.engine.context import Surroundings
from enrich_pandas.engine.credentials import find_secrets
from enrich_pandas.engine.rate_limit import for_account
from enrich_pandas.errors import ConfigurationError, UnavailableError
from enrich_pandas.providers.base import Provider, Request, Response
from enrich_pandas.transport.outcome import legible, read
from enrich_pandas.waterfall.stage import transport_to


class Line:
    """Asks a provider's vendor one thing at a time, at the pace and with the keys of a run.

    Raises
    ------
    CredentialError
        A credential is found nowhere.
    ConfigurationError
        The provider asks no network.
    """

    def __init__(self, provider: Provider, here: Surroundings) -> None:
        transport = transport_to(provider, find_secrets(provider, here), here)
        if transport is None:
            raise ConfigurationError(
                f"{provider.name} asks no vendor: there is no account to look at.",
                cost="Nothing was sent.",
                todo="Name another provider; enrich-pandas doctor lists them.",
            )
        self._provider, self._transport = provider, transport
        self._throttle = for_account(
            provider.name, provider.account, transport.origin, provider.rate_limit
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()

    def ask(self, request: Request) -> Response:
        """Send a request once, or twice where its token had ended, and return the answer.

        Raises
        ------
        ProviderError
            The vendor cannot be reached, or does not accept the key.
        """
        response = self._sent(request)
        if self._provider.is_stale(response) and self._transport.renew():
            response = self._sent(request)
        if not response.status:
            raise UnavailableError(
                f"{self._provider.name} could not be reached.",
                cost="What had been found out is shown; a lost paid answer may have been charged.",
                todo="Check the network, then repeat the check.",
            )
        error = self._provider.error_for(response)
        if error is not None and response.status == 401:  # noqa: PLR2004 - unauthorised
            raise error
        return legible(response)

    def _sent(self, request: Request) -> Response:
        ticket = object()
        while delay := self._throttle.reserve(ticket):
            time.sleep(delay)
        response = read(self._transport.send(request), request, self._provider)
        self._throttle.learn(self._provider.allowance(response))
        return response
