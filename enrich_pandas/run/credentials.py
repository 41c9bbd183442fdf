"""Where a credential comes from: the argument, the environment, then the keyring."""

import importlib
import os
from collections.abc import Mapping

from enrich_pandas.errors import CredentialError
from enrich_pandas.providers.base import Provider, Secret
from enrich_pandas.run.surroundings import Surroundings


def find_secrets(provider: Provider, surroundings: Surroundings) -> dict[str, Secret]:
    """Find every credential that a provider needs.

    Raises
    ------
    CredentialError
        One is missing; the message says where to get it and what to type.
    """
    made_up = surroundings.secrets.get(provider.name, {})
    return {
        name: _find(provider, name, variable, made_up)
        for name, variable in provider.credentials.items()
    }


def _find(provider: Provider, name: str, variable: str, made_up: Mapping[str, Secret]) -> Secret:
    given = getattr(provider, name, None) or made_up.get(name) or os.environ.get(variable)
    found = given or _from_keyring(provider.name, name)
    if found is None:
        raise CredentialError(
            f"{provider.name} needs {_spoken(name)}, and none was found: "
            f"not as an argument, not in {variable}, not in the keyring.",
            cost="Nothing was sent and nothing was spent.",
            todo=f"Get one at {provider.keys_url}, then set {variable} or pass {name}=….",
        )
    return Secret(found)


def _spoken(name: str) -> str:
    words = name.replace("_", " ").replace("api", "API")
    return f"{'an' if words[0] in 'AEIOaeiou' else 'a'} {words}"


def _from_keyring(service: str, name: str) -> str | None:
    """Ask the keyring, where it is installed and has a place to keep secrets."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        value: str | None = keyring.get_password(f"enrich-pandas:{service}", name)
    except keyring.errors.KeyringError:  # a machine without a desktop has none
        return None
    return value
