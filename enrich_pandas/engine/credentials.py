"""Find credentials: in the argument, the environment, the keyring, or a .env file."""

import base64
import hashlib
import importlib
import importlib.util
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from filelock import FileLock

from enrich_pandas.engine.context import Environment
from enrich_pandas.errors import (
    ConfigurationError,
    CredentialError,
    EnrichError,
    RateLimitError,
    UnavailableError,
)
from enrich_pandas.providers.base import (
    Outcome,
    Provider,
    Renewal,
    Request,
    Response,
    Secret,
    Token,
)
from enrich_pandas.providers.decoding import decoder_of
from enrich_pandas.transport import Transport
from enrich_pandas.transport.outcome import read_exchange, repair_response

DOTENV = ".env"  # in the working directory only


class FoundSecret(NamedTuple):
    """A credential and its source."""

    secret: Secret
    place: str


def find_secrets(provider: Provider, environment: Environment) -> dict[str, Secret]:
    """Return every credential that a provider needs.

    Raises
    ------
    CredentialError
        One is missing. The message names the sources, where to get it, and what to type.
    ConfigurationError
        The provider needs a short-lived token, and the package that encrypts it is not installed.
    """
    if environment.cassette is not None and environment.cassette.is_offline:
        return {}  # nothing is sent
    found = {name: find_secret(provider, name, environment) for name in provider.credentials}
    for name, one in found.items():
        if one is None:
            raise _missing(provider, name)
    secrets = {name: one.secret for name, one in found.items() if one is not None}
    if not _installed("cryptography") and provider.renewal(secrets) is not None:
        raise ConfigurationError(
            f"{provider.name} uses a short-lived token, which is stored encrypted. "
            "The package `cryptography`, which encrypts it, is not installed.",
            cost="Nothing was sent and nothing was spent.",
            todo='Type pip install "enrich-pandas[zoho]", then repeat the call.',
        )
    return secrets


def find_secret(provider: Provider, name: str, environment: Environment) -> FoundSecret | None:
    """Return one credential from the first source that has it; None if there is none."""
    places = _places(provider, name, environment)
    return next((FoundSecret(Secret(value), place) for place, value in places if value), None)


def known_secrets(provider: Provider) -> list[str]:
    """Return the credentials in arguments and environment variables, to redact them in files."""
    given = [
        getattr(provider, name, None) or os.environ.get(variable)
        for name, variable in provider.credentials.items()
    ]
    return [Secret(value).reveal() for value in given if value]


def _places(
    provider: Provider, name: str, environment: Environment
) -> Iterator[tuple[str, Secret | str | None]]:
    """Yield each source and its value; a source is read only if the earlier ones had none."""
    variable = provider.credentials[name]
    yield "argument", getattr(provider, name, None)
    yield "sandbox", environment.secrets.get(provider.name, {}).get(name)
    yield "environment", os.environ.get(variable)
    yield "keyring", _from_keyring(provider.name, name)
    yield DOTENV, _from_dotenv(variable)


def _missing(provider: Provider, name: str) -> CredentialError:
    variable = provider.credentials[name]
    keyring = "in the keyring" if _installed("keyring") else "in the keyring (not installed)"
    dotenv = "" if _installed("dotenv") else ", which needs python-dotenv"
    dotenv = dotenv if Path(DOTENV).is_file() else " (there is none here)"
    return CredentialError(
        f"{provider.name} needs {_with_article(name)}, and none was found: not as an argument, "
        f"not in {variable}, not {keyring}, not in {DOTENV}{dotenv}.",
        cost="Nothing was sent and nothing was spent.",
        todo=f"Get one at {provider.keys_url}, then set {variable} or pass {name}=….",
    )


def _with_article(name: str) -> str:
    words = name.replace("_", " ").replace("api", "API")
    return f"{'an' if words[0] in 'AEIOaeiou' else 'a'} {words}"


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _from_keyring(service: str, name: str) -> str | None:
    """Read a secret from the keyring, if one is installed and usable."""
    if not _installed("keyring"):
        return None
    keyring = importlib.import_module("keyring")
    try:
        value: str | None = keyring.get_password(f"enrich-pandas:{service}", name)
    except keyring.errors.KeyringError:  # a machine without a desktop has no keyring
        return None
    return value


def _from_dotenv(variable: str) -> str | None:
    """Read a variable from the working directory's .env, if python-dotenv is installed."""
    if not (Path(DOTENV).is_file() and _installed("dotenv")):
        return None
    dotenv = importlib.import_module("dotenv")
    value: str | None = dotenv.dotenv_values(DOTENV, interpolate=False).get(variable)
    return value


# -- Short-lived tokens ----------------------------------------------------------------------

# One renewal serves all workers, and all processes that share a journal. The token is stored beside
# the journal, encrypted with the lasting credentials: a process without them cannot read it.

EARLY = 60.0  # seconds before its end at which a token is renewed, or a tenth of a short life
SLACK = 5.0  # seconds by which the vendor may count a renewal later than this machine


class _StoredToken(msgspec.Struct):
    """The file's content: the token, when it ends, and when tokens were requested."""

    token: str = ""
    ends: float = 0.0
    requested: list[float] = []


class Tokens:
    """Signs requests with a token that is renewed when it expires or is refused.

    Parameters
    ----------
    provider
        The provider; its `renewal`, `token` and `auth` are used.
    secrets
        The lasting credentials.
    origin
        The origin that issues tokens.
    folder
        The folder that stores the token for other processes.
    clock
        Seconds since the epoch.
    """

    def __init__(
        self,
        provider: Provider,
        secrets: Mapping[str, Secret],
        renewal: Renewal,
        *,
        origin: str,
        folder: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from cryptography.fernet import Fernet, InvalidToken  # an extra; find_secrets checks it

        self._provider, self._secrets, self._renewal = provider, secrets, renewal
        self._transport, self._clock = Transport(origin, sign=dict), clock
        key = hashlib.sha256("\0".join(_revealed(renewal)).encode()).digest()
        self._fernet, self._damaged = Fernet(base64.urlsafe_b64encode(key)), InvalidToken
        self._path = folder / f"{hashlib.sha256(key + origin.encode()).hexdigest()[:32]}.token"
        self._lock = threading.Lock()
        self._current = _StoredToken()
        self._replacement: str | None = None  # the last token that replaced a refused one
        self._refusal: EnrichError | None = None
        self._used = threading.local()

    def __repr__(self) -> str:
        return f"Tokens({self._provider.name!r})"

    def sign(self) -> Mapping[str, Secret]:
        """Return the headers that sign a request.

        Raises
        ------
        ProviderError
            No token could be obtained.
        """
        with self._lock:
            if self._clock() >= self._current.ends:
                self._renew(stale=None)
            self._used.token = self._current.token
        token = Secret(self._used.token)
        return self._provider.auth({**self._secrets, "access_token": token})

    def renew(self) -> bool:
        """Replace the token that this thread used last, unless another thread did so.

        Return False if that token had itself replaced a refused one: no third one is requested.
        """
        with self._lock:
            if self._current.token == self._used.token:
                if self._used.token == self._replacement:
                    return False
                self._renew(stale=self._used.token)
                self._replacement = self._current.token
            return True

    def _renew(self, stale: str | None) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), mode=0o600, thread_local=False):
            stored = self._read()
            if stored.token == stale or self._clock() >= stored.ends:
                stored = self._request_token(stored)
            self._current = stored

    def _request_token(self, stored: _StoredToken) -> _StoredToken:
        """Request a token; the time of the request is stored even if none is issued.

        A refusal applies to every further request, so it is raised again.
        """
        if self._refusal is not None:
            raise self._refusal
        now, limit = self._clock(), self._renewal.limit
        if limit:  # after a clock was set back, some times are in the future
            window = limit.seconds + SLACK
            stored.requested = [at for at in stored.requested if 0 <= now - at < window]
            if len(stored.requested) >= limit.requests:
                raise self._too_often(stored.requested[0] + window - now)
        stored.requested.append(now)
        self._write(stored)
        answer = self._answer()
        if answer.outcome is Outcome.NOT_SENT:  # the vendor did not see this request
            stored.requested.remove(now)
            self._write(stored)
        token = self._given(self._reached(answer))
        stored.token = token.value.reveal()
        stored.ends = now + token.seconds - min(EARLY, token.seconds / 10)
        self._write(stored)
        return stored

    def _given(self, answer: Response) -> Token:
        try:
            return self._provider.token(answer)
        except UnavailableError:
            raise
        except EnrichError as refusal:
            self._refusal = refusal
            raise

    def _answer(self) -> Response:
        # Billed requests get a connection of their own, so none is left open.
        request = Request(method="POST", path=self._renewal.path, billed=True)
        return read_exchange(
            self._transport.send(request, self._renewal.form), request, self._provider
        )

    def _reached(self, answer: Response) -> Response:
        if not answer.status:
            raise UnavailableError(
                f"{self._provider.name} could not be reached for a new token.",
                cost="Nothing was charged for requests that could not be sent.",
                todo="Check the network, then repeat the call: it continues from here.",
            )
        return repair_response(answer)

    def _too_often(self, seconds: float) -> RateLimitError:
        return RateLimitError(
            f"{self._provider.name} issues no new token for the next {seconds:.0f} seconds.",
            cost="Nothing was charged for requests that were not sent; the results are kept.",
            todo="Repeat the call then: it continues from here.",
        )

    def _read(self) -> _StoredToken:
        try:
            text = self._fernet.decrypt(self._path.read_bytes())
            return decoder_of(_StoredToken).decode(text)
        except (FileNotFoundError, self._damaged, msgspec.DecodeError):  # none yet, or damaged
            return _StoredToken()

    def _write(self, stored: _StoredToken) -> None:
        new = self._path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._fernet.encrypt(msgspec.json.encode(stored)))
        new.replace(self._path)


def _revealed(renewal: Renewal) -> list[str]:
    return [f"{name}={value.reveal()}" for name, value in sorted(renewal.form.items())]
