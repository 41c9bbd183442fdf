"""What is installed: versions, providers, and where their credentials are found; never values."""

import platform
from importlib.metadata import version

import msgspec

from enrich_pandas.engine.context import Surroundings
from enrich_pandas.engine.credentials import located
from enrich_pandas.errors import EnrichError
from enrich_pandas.providers import find_provider, list_providers


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


def installed(here: Surroundings) -> list[Installed]:
    """Look at every provider; one that cannot be loaded says why."""
    return [_look_at(name, defined, here) for name, defined in list_providers().items()]


def _look_at(name: str, defined: str, here: Surroundings) -> Installed:
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
            name: found.place if (found := located(provider, name, here)) else None
            for name in provider.credentials
        },
        variables=dict(provider.credentials),
    )


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
