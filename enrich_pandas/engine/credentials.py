"""Where a credential comes from: the argument, the environment, the keyring, then a .env file."""

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

DOTENV = ".env"  # of the working directory, and of no folder above it


class FoundSecret(NamedTuple):
    """A credential, and the place where it was found."""

    secret: Secret
    place: str


def find_secrets(provider: Provider, environment: Environment) -> dict[str, Secret]:
    """Find every credential that a provider needs.

    Raises
    ------
    CredentialError
        One is missing; the message says where it was looked for, where to get it, what to type.
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
            f"{provider.name} signs with a short-lived token, which is stored encrypted. "
            "The package `cryptography`, which encrypts it, is not installed.",
            cost="Nothing was sent and nothing was spent.",
            todo='Type pip install "enrich-pandas[zoho]", then repeat the call.',
        )
    return secrets


def find_secret(provider: Provider, name: str, environment: Environment) -> FoundSecret | None:
    """Find one credential in the first place that has it; None where none has."""
    places = _places(provider, name, environment)
    return next((FoundSecret(Secret(value), place) for place, value in places if value), None)


def known_secrets(provider: Provider) -> list[str]:
    """Return the credentials that can be had without asking anybody: to be blanked in a file."""
    given = [
        getattr(provider, name, None) or os.environ.get(variable)
        for name, variable in provider.credentials.items()
    ]
    return [Secret(value).reveal() for value in given if value]


def _places(
    provider: Provider, name: str, environment: Environment
) -> Iterator[tuple[str, Secret | str | None]]:
    """Yield each place and what it has, looking into one only when the ones before had nothing."""
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
        f"{provider.name} needs {_spoken(name)}, and none was found: not as an argument, "
        f"not in {variable}, not {keyring}, not in {DOTENV}{dotenv}.",
        cost="Nothing was sent and nothing was spent.",
        todo=f"Get one at {provider.keys_url}, then set {variable} or pass {name}=….",
    )


def _spoken(name: str) -> str:
    words = name.replace("_", " ").replace("api", "API")
    return f"{'an' if words[0] in 'AEIOaeiou' else 'a'} {words}"


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _from_keyring(service: str, name: str) -> str | None:
    """Ask the keyring, where it is installed and has a place to keep secrets."""
    if not _installed("keyring"):
        return None
    keyring = importlib.import_module("keyring")
    try:
        value: str | None = keyring.get_password(f"enrich-pandas:{service}", name)
    except keyring.errors.KeyringError:  # a machine without a desktop has none
        return None
    return value


def _from_dotenv(variable: str) -> str | None:
    """Look into the working directory's .env, where python-dotenv is installed; change nothing."""
    if not (Path(DOTENV).is_file() and _installed("dotenv")):
        return None
    dotenv = importlib.import_module("dotenv")
    value: str | None = dotenv.dotenv_values(DOTENV, interpolate=False).get(variable)
    return value


# -- Short-lived tokens: one renewal serves all workers and all processes that share a journal ---
# The token lies beside the journal, encrypted with what renews it: a process without the
# credentials cannot read it, and one that has them needs no token from a file.

EARLY = 60.0  # seconds before its end at which a token is renewed; of a short one, its tenth
SLACK = 5.0  # seconds by which a vendor's count of renewals may be later than ours


class _Kept(msgspec.Struct):
    """What the file holds: the token, until when it is used, and when tokens were asked for."""

    token: str = ""
    ends: float = 0.0
    asked: list[float] = []


class Tokens:
    """Signs requests with a token that is renewed when it ends or is refused.

    Parameters
    ----------
    provider
        Whose `renewal`, `token` and `auth` are used.
    secrets
        The lasting credentials.
    origin
        Where tokens are had.
    folder
        Where the token is kept for other processes.
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
        self._kept = _Kept()
        self._replacement: str | None = None  # the last token that came in a refused one's place
        self._refusal: EnrichError | None = None
        self._used = threading.local()

    def __repr__(self) -> str:
        return f"Tokens({self._provider.name!r})"

    def sign(self) -> Mapping[str, Secret]:
        """Return the headers that sign a request.

        Raises
        ------
        ProviderError
            No token was to be had.
        """
        with self._lock:
            if self._clock() >= self._kept.ends:
                self._renew(stale=None)
            self._used.token = self._kept.token
        token = Secret(self._used.token)
        return self._provider.auth({**self._secrets, "access_token": token})

    def renew(self) -> bool:
        """Replace the token that this thread has used last, unless somebody has done so.

        False where it came in a refused one's place, and was refused, too: no third is asked for.
        """
        with self._lock:
            if self._kept.token == self._used.token:
                if self._used.token == self._replacement:
                    return False
                self._renew(stale=self._used.token)
                self._replacement = self._kept.token
            return True

    def _renew(self, stale: str | None) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock"), mode=0o600, thread_local=False):
            kept = self._read()
            if kept.token == stale or self._clock() >= kept.ends:
                kept = self._asked(kept)
            self._kept = kept

    def _asked(self, kept: _Kept) -> _Kept:
        """Ask for a token; the time of asking is kept even where none is given.

        What refuses one refuses every other, too: it is asked once.
        """
        if self._refusal is not None:
            raise self._refusal
        now, limit = self._clock(), self._renewal.limit
        if limit:  # a clock that was set back leaves times that are still to come
            kept.asked = [at for at in kept.asked if 0 <= now - at < limit.seconds + SLACK]
            if len(kept.asked) >= limit.requests:
                raise self._too_often(kept.asked[0] + limit.seconds + SLACK - now)
        kept.asked.append(now)
        self._write(kept)
        answer = self._answer()
        if answer.outcome is Outcome.NOT_SENT:  # the vendor counts only what it hears
            kept.asked.remove(now)
            self._write(kept)
        token = self._given(self._reached(answer))
        kept.token = token.value.reveal()
        kept.ends = now + token.seconds - min(EARLY, token.seconds / 10)
        self._write(kept)
        return kept

    def _given(self, answer: Response) -> Token:
        try:
            return self._provider.token(answer)
        except UnavailableError:
            raise
        except EnrichError as refusal:
            self._refusal = refusal
            raise

    def _answer(self) -> Response:
        # Like a billed one it gets a connection of its own, so none is left open.
        request = Request(method="POST", path=self._renewal.path, billed=True)
        return read_exchange(
            self._transport.send(request, self._renewal.form), request, self._provider
        )

    def _reached(self, answer: Response) -> Response:
        if not answer.status:
            raise UnavailableError(
                f"{self._provider.name} could not be reached for a new token.",
                cost="Nothing was charged for what could not be sent.",
                todo="Check the network, then repeat the call: it continues from here.",
            )
        return repair_response(answer)

    def _too_often(self, seconds: float) -> RateLimitError:
        return RateLimitError(
            f"{self._provider.name} gives no more new tokens for {seconds:.0f} seconds.",
            cost="Nothing was charged for what was not sent; what had arrived is kept.",
            todo="Repeat the call then: it continues from here.",
        )

    def _read(self) -> _Kept:
        try:
            text = self._fernet.decrypt(self._path.read_bytes())
            return decoder_of(_Kept).decode(text)
        except (FileNotFoundError, self._damaged, msgspec.DecodeError):  # none yet, or damaged
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        new = self._path.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(self._fernet.encrypt(msgspec.json.encode(kept)))
        new.replace(self._path)


def _revealed(renewal: Renewal) -> list[str]:
    return [f"{name}={value.reveal()}" for name, value in sorted(renewal.form.items())]
