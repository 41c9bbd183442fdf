"""Where a credential comes from: the argument, the environment, the keyring, then a .env file."""

import importlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from enrich_pandas.errors import ConfigurationError, CredentialError
from enrich_pandas.providers.base import Provider, Secret
from enrich_pandas.run.surroundings import Surroundings

DOTENV = ".env"  # of the working directory, and of no folder above it


class Found(NamedTuple):
    """A credential, and the place where it was found."""

    secret: Secret
    place: str


def find_secrets(provider: Provider, surroundings: Surroundings) -> dict[str, Secret]:
    """Find every credential that a provider needs.

    Raises
    ------
    CredentialError
        One is missing; the message says where it was looked for, where to get it, what to type.
    ConfigurationError
        The provider needs a short-lived token, and the package that encrypts it is not installed.
    """
    if surroundings.tape is not None and surroundings.tape.is_offline:
        return {}  # nothing is sent
    found = {name: located(provider, name, surroundings) for name in provider.credentials}
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


def located(provider: Provider, name: str, surroundings: Surroundings) -> Found | None:
    """Find one credential in the first place that has it; None where none has."""
    places = _places(provider, name, surroundings)
    return next((Found(Secret(value), place) for place, value in places if value), None)


def told(provider: Provider) -> list[str]:
    """Return the credentials that can be had without asking anybody: to be blanked in a file."""
    given = [
        getattr(provider, name, None) or os.environ.get(variable)
        for name, variable in provider.credentials.items()
    ]
    return [Secret(value).reveal() for value in given if value]


def _places(
    provider: Provider, name: str, surroundings: Surroundings
) -> Iterator[tuple[str, Secret | str | None]]:
    """Yield each place and what it has, looking into one only when the ones before had nothing."""
    variable = provider.credentials[name]
    yield "argument", getattr(provider, name, None)
    yield "sandbox", surroundings.secrets.get(provider.name, {}).get(name)
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
