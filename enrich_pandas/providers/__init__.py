"""The providers: each describes requests and reads answers; none knows another."""

import difflib
from importlib.metadata import EntryPoint, entry_points

from enrich_pandas.errors import ConfigurationError, ProviderNotFoundError
from enrich_pandas.providers.base import Provider

GROUP = "enrich_pandas.providers"


def list_providers() -> dict[str, str]:
    """Return every provider that is installed, by name, with where it is defined.

    Returns
    -------
    dict of str to str
        Built-in and third-party providers alike; all register by an entry point in the group
        ``enrich_pandas.providers``. None is loaded.

    Examples
    --------
    >>> list_providers()["crustdata"]
    'enrich_pandas.providers.crustdata:Crustdata'
    """
    return {point.name: point.value for point in _points()}


def find_provider(provider: str | Provider) -> Provider:
    """Return a provider by name, with its default options, or the provider itself.

    Raises
    ------
    ProviderNotFoundError
        No provider has that name; the message lists those there are.
    ConfigurationError
        It is neither a name nor a provider.
    """
    if isinstance(provider, Provider):
        return provider
    if not isinstance(provider, str):
        raise ConfigurationError(
            f"A provider is a name or a Provider, not {type(provider).__name__}.",
            cost="Nothing was spent.",
            todo=_instead_of(provider),
        )
    for point in _points():
        if point.name == provider:
            return _load(point)
    close = difflib.get_close_matches(provider, list_providers(), n=1)
    raise ProviderNotFoundError(
        f"No provider is called {provider!r}.",
        cost="Nothing was spent.",
        todo=f"Did you mean {close[0]!r}?" if close else _listed(),
    )


def _instead_of(provider: object) -> str:
    if isinstance(provider, type):
        return f"Make one of the class: {provider.__name__}()."
    if isinstance(provider, list | tuple):
        return "Do not nest lists of providers."
    return _listed()


def _listed() -> str:
    return f"The providers are: {', '.join(sorted(list_providers()))}."


def _load(point: EntryPoint) -> Provider:
    made: object = point.load()()
    if not isinstance(made, Provider):
        raise ConfigurationError(f"{point.value} is registered as a provider, and is none.")
    return made


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)
