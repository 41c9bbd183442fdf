"""What is installed: versions, providers, and where their credentials are found; never values."""

import platform
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from typing import Self

import msgspec

from enrich_pandas.engine.balance import read_balance
from enrich_pandas.engine.context import Environment
from enrich_pandas.engine.credentials import find_secret, find_secrets
from enrich_pandas.engine.rate_limit import limiter_for
from enrich_pandas.errors import ConfigurationError, EnrichError, UnavailableError
from enrich_pandas.progress.phrases import amount
from enrich_pandas.providers import find_provider, list_providers
from enrich_pandas.providers.base import Provider, Request, Response
from enrich_pandas.transport.outcome import read_exchange, repair_response
from enrich_pandas.waterfall.stage import open_transport


class Installed(msgspec.Struct, kw_only=True):
    """A provider; ``credentials`` tells where each is found, None for nowhere."""

    name: str
    defined: str
    credentials: dict[str, str | None] = {}
    variables: dict[str, str] = {}
    problem: str = ""

    @property
    def lacks(self) -> list[str]:
        """Names of the credentials that are found nowhere."""
        return [name for name, place in self.credentials.items() if place is None]


def versions() -> dict[str, str]:
    """Return the versions that a report of a defect needs."""
    return {
        "enrich_pandas": version("enrich-pandas"),
        "python": platform.python_version(),
        "pandas": version("pandas"),
        "system": f"{platform.system()} {platform.release()}".strip(),
    }


def installed(environment: Environment) -> list[Installed]:
    """Look at every provider; one that cannot be loaded says why."""
    return [_look_at(name, defined, environment) for name, defined in list_providers().items()]


def _look_at(name: str, defined: str, environment: Environment) -> Installed:
    try:
        provider = find_provider(name)
    except EnrichError as error:
        return Installed(name=name, defined=defined, problem=f"{error.what} {error.todo}".strip())
    except Exception as error:  # noqa: BLE001 - it is anybody's code: its defects are told
        return Installed(name=name, defined=defined, problem=f"cannot be made: {_short(error)}")
    return Installed(
        name=name,
        defined=defined,
        credentials={
            name: found.place if (found := find_secret(provider, name, environment)) else None
            for name in provider.credentials
        },
        variables=dict(provider.credentials),
    )


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


# -- A single request beside the runs: balances, refusals that are wanted, jobs fetched again ----


class Line:
    """Asks a provider's vendor one thing at a time, at the pace and with the keys of a run.

    Raises
    ------
    CredentialError
        A credential is found nowhere.
    ConfigurationError
        The provider asks no network.
    """

    def __init__(self, provider: Provider, environment: Environment) -> None:
        transport = open_transport(provider, find_secrets(provider, environment), environment)
        if transport is None:
            raise ConfigurationError(
                f"{provider.name} asks no vendor: there is no account to look at.",
                cost="Nothing was sent.",
                todo="Name another provider; enrich-pandas doctor lists them.",
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
        return repair_response(response)

    def _sent(self, request: Request) -> Response:
        ticket = object()
        while delay := self._limiter.reserve(ticket):
            time.sleep(delay)
        response = read_exchange(self._transport.send(request), request, self._provider)
        self._limiter.learn(self._provider.allowance(response))
        return response


# -- The accounts: whether each key is taken, what is left, and whether the clock is right; free -

SKEW = 60.0  # seconds between this clock and a vendor's, above which it is told


class Account(msgspec.Struct, kw_only=True):
    """An account; ``left`` are its credits, None where the vendor documents no way to ask."""

    provider: str
    said: str
    left: float | None = None
    problems: Sequence[str] = ()


def accounts(found: Sequence[Installed], environment: Environment) -> list[Account]:
    """Ask each vendor whose credentials are all found, by a request that costs nothing."""
    return [_asked(one.name, environment) for one in found if one.credentials and not one.lacks]


def _asked(name: str, environment: Environment) -> Account:
    provider = find_provider(name)
    request = provider.balance_request()
    if request is None:
        said = (
            "the vendor documents no free way to ask; the first run tells whether the key is taken"
        )
        return Account(provider=name, said=said)
    try:
        with Line(provider, environment) as line:
            response, now = line.ask(request), time.time()
    except EnrichError as error:
        return Account(provider=name, said="not asked", problems=[f"{error.what} {error.todo}"])
    left = read_balance(provider, response)
    if left is None:
        return Account(provider=name, said=f"the answer {response.status} tells no balance")
    problems = [f"no credits are left: buy some at {provider.keys_url}"] if left <= 0 else []
    return Account(
        provider=name,
        said=f"the key is taken; {amount(left)} credits left",
        left=left,
        problems=[*problems, *_of_clock(response.headers, now)],
    )


def _of_clock(headers: Mapping[str, str], now: float) -> list[str]:
    """Compare this clock with the vendor's: ages of answers and of tokens are judged by it."""
    with suppress(KeyError, ValueError):
        ahead = now - parsedate_to_datetime(headers["date"]).timestamp()
        if abs(ahead) > SKEW:
            way = "ahead of" if ahead > 0 else "behind"
            return [f"this clock is {abs(ahead):,.0f} s {way} the vendor's: set it by the network"]
    return []
