"""What can be checked at no cost: versions, providers, credentials, balances, the clock."""

import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib.metadata import version
from types import TracebackType
from typing import Self

import msgspec

from enrich_pandas.engine.budget import read_balance
from enrich_pandas.engine.context import Environment
from enrich_pandas.engine.credentials import find_secret, find_secrets
from enrich_pandas.engine.rate_limit import limiter_for
from enrich_pandas.errors import ConfigurationError, EnrichError, UnavailableError
from enrich_pandas.progress.phrases import amount
from enrich_pandas.providers import find_provider, provider_classes
from enrich_pandas.providers.base import Provider, Request, Response
from enrich_pandas.transport.outcome import read_exchange, repair_response
from enrich_pandas.waterfall.stage import open_transport

SKEW = 60.0  # seconds between this clock and a vendor's above which it is a problem


def read_versions() -> dict[str, str]:
    """Return the versions that a bug report needs."""
    return {
        "enrich_pandas": version("enrich-pandas"),
        "python": platform.python_version(),
        "pandas": version("pandas"),
        "system": f"{platform.system()} {platform.release()}".strip(),
    }


# -- Providers and their credentials -------------------------------------------------------------


class InstalledProvider(msgspec.Struct, kw_only=True):
    """A provider and the place where each credential is found, None if it is missing."""

    name: str
    defined: str
    credentials: dict[str, str | None] = {}
    variables: dict[str, str] = {}
    problem: str = ""

    @property
    def missing(self) -> list[str]:
        """Names of the missing credentials."""
        return [name for name, place in self.credentials.items() if place is None]


def find_installed(environment: Environment) -> list[InstalledProvider]:
    """Return every provider; one that cannot be loaded has the reason as its ``problem``."""
    return [
        _inspect_provider(name, defined, environment)
        for name, defined in provider_classes().items()
    ]


def _inspect_provider(name: str, defined: str, environment: Environment) -> InstalledProvider:
    try:
        provider = find_provider(name)
    except EnrichError as error:
        problem = f"{error.what} {error.todo}".strip()
        return InstalledProvider(name=name, defined=defined, problem=problem)
    except Exception as error:  # noqa: BLE001 - third-party code can raise anything
        text = str(error).partition("\n")[0]
        problem = f"cannot be made: {type(error).__name__}: {text}"
        return InstalledProvider(name=name, defined=defined, problem=problem)
    return InstalledProvider(
        name=name,
        defined=defined,
        credentials={
            name: found.place if (found := find_secret(provider, name, environment)) else None
            for name in provider.credentials
        },
        variables=dict(provider.credentials),
    )


# -- Accounts ------------------------------------------------------------------------------------


class AccountCheck(msgspec.Struct, kw_only=True):
    """An account; ``left`` is its balance, None if the vendor documents no free way to read it."""

    provider: str
    text: str
    left: float | None = None
    problems: Sequence[str] = ()


def check_accounts(
    installed: Sequence[InstalledProvider], environment: Environment
) -> list[AccountCheck]:
    """Read the balance of each account whose credentials are found; the request is free."""
    return [
        _check_account(one.name, environment)
        for one in installed
        if one.credentials and not one.missing
    ]


def _check_account(name: str, environment: Environment) -> AccountCheck:
    provider = find_provider(name)
    request = provider.balance_request()
    if request is None:
        text = "the vendor documents no free check; the first run shows whether the key is valid"
        return AccountCheck(provider=name, text=text)
    try:
        with AccountClient(provider, environment) as client:
            response, now = client.send(request), time.time()
    except EnrichError as error:
        problem = f"{error.what} {error.todo}"
        return AccountCheck(provider=name, text="not checked", problems=[problem])
    left = read_balance(provider, response)
    if left is None:
        return AccountCheck(provider=name, text=f"the answer {response.status} has no balance")
    problems = [f"no credits are left: buy some at {provider.keys_url}"] if left <= 0 else []
    return AccountCheck(
        provider=name,
        text=f"the key is valid; {amount(left)} credits left",
        left=left,
        problems=[*problems, *_compare_clocks(response.headers, now)],
    )


def _compare_clocks(headers: Mapping[str, str], now: float) -> list[str]:
    """Return a problem if this clock is wrong: it measures the age of answers and of tokens."""
    with suppress(KeyError, ValueError):
        ahead = now - parsedate_to_datetime(headers["date"]).timestamp()
        if abs(ahead) > SKEW:
            way = "ahead of" if ahead > 0 else "behind"
            return [f"this clock is {abs(ahead):,.0f} s {way} the vendor's: synchronize it"]
    return []


class AccountClient:
    """Sends single requests with the credentials and the rate limit of a run.

    Raises
    ------
    CredentialError
        A credential is missing.
    ConfigurationError
        The provider uses no network.
    """

    def __init__(self, provider: Provider, environment: Environment) -> None:
        transport = open_transport(provider, find_secrets(provider, environment), environment)
        if transport is None:
            raise ConfigurationError(
                f"{provider.name} has no vendor, and so no account to check.",
                cost="Nothing was sent.",
                todo="Choose another provider; enrich-pandas doctor lists them.",
            )
        self._provider, self._transport = provider, transport
        self._limiter = limiter_for(
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

    def send(self, request: Request) -> Response:
        """Send a request once, or twice if its token had expired, and return the answer.

        Raises
        ------
        ProviderError
            The vendor could not be reached, or does not accept the key.
        """
        response = self._send_once(request)
        if self._provider.is_stale(response) and self._transport.renew():
            response = self._send_once(request)
        if not response.status:
            raise UnavailableError(
                f"{self._provider.name} could not be reached.",
                cost="The findings so far are shown; a lost paid answer may have been charged.",
                todo="Check the network, then repeat the check.",
            )
        error = self._provider.error_for(response)
        if error is not None and response.status == HTTPStatus.UNAUTHORIZED:
            raise error
        return repair_response(response)

    def _send_once(self, request: Request) -> Response:
        ticket = object()
        while delay := self._limiter.reserve(ticket):
            time.sleep(delay)
        response = read_exchange(self._transport.send(request), request, self._provider)
        self._limiter.learn(self._provider.allowance(response))
        return response
