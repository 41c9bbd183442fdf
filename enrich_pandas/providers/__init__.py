"""Providers: each describes requests and parses answers. They do not import each other."""

import difflib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from enrich_pandas.errors import ConfigurationError, ProviderNotFoundError
from enrich_pandas.models import Part
from enrich_pandas.providers.base import Identity, Kind, Provider
from enrich_pandas.providers.records import RecordType

GROUP = "enrich_pandas.providers"

logger: logging.Logger = logging.getLogger("enrich_pandas")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """What an installed provider says of itself, with its default options.

    Attributes
    ----------
    name
        The name to type.
    kinds
        What it enriches.
    identifiers
        For each kind, the identifiers that it takes, the preferred one first.
    price
        For each kind, the maximum cost of one identity in credits; None if it depends on options.
    credentials
        The environment variable of each credential, by the name of its argument.
    defined
        Module and class, as the entry point states them.
    """

    name: str
    kinds: tuple[Kind, ...]
    identifiers: Mapping[Kind, tuple[str, ...]]
    price: Mapping[Kind, float | None]
    credentials: Mapping[str, str]
    defined: str


def provider_rows() -> list[ProviderRow]:
    """Return one row for each installed provider, sorted by name.

    Built-in and third-party providers register by an entry point in the group
    ``enrich_pandas.providers``. A provider that cannot be loaded has a row without kinds, and a
    warning is logged.

    Examples
    --------
    >>> [row.name for row in provider_rows()][:3]
    ['amplemarket', 'crustdata', 'directory']
    >>> next(row for row in provider_rows() if row.name == "crustdata").price["companies"]
    2.0
    """
    return [_row(point) for point in _points()]


def provider_classes() -> dict[str, str]:
    """Return the installed providers by name, with module and class. None is loaded.

    Examples
    --------
    >>> provider_classes()["crustdata"]
    'enrich_pandas.providers.crustdata:Crustdata'
    """
    return {point.name: point.value for point in _points()}


def providers_by_field(model: type[Part]) -> dict[str, list[str]]:
    """Return the names of the providers that can fill each field of a model, sorted.

    They are those with a record type that maps to the field. A provider without record types, such
    as a directory, is in none of the lists.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> providers_by_field(Person)["title"]
    ['amplemarket', 'crustdata', 'zoho']
    """
    found: dict[str, list[str]] = {}
    for point in _points():
        types: Sequence[RecordType] = getattr(_load_class(point), "record_types", ())
        for name in sorted({name for one in types if one.model is model for name in one.fields}):
            found.setdefault(name, []).append(point.name)
    return found


def find_provider(provider: str | Provider) -> Provider:
    """Return the provider of that name with its default options, or the provider itself.

    Raises
    ------
    ProviderNotFoundError
        No provider has that name. The message lists the installed ones.
    ConfigurationError
        The value is neither a name nor a provider.
    """
    if isinstance(provider, Provider):
        return provider
    if not isinstance(provider, str):
        raise ConfigurationError(
            f"A provider is a name or a Provider, not {type(provider).__name__}.",
            todo=_hint(provider),
        )
    for point in _points():
        if point.name == provider:
            return _load(point)
    close = difflib.get_close_matches(provider, provider_classes(), n=1)
    raise ProviderNotFoundError(
        f"No provider is called {provider!r}.",
        todo=f"Did you mean {close[0]!r}?" if close else _names(),
    )


def _hint(provider: object) -> str:
    if isinstance(provider, type):
        return f"Pass an instance: {provider.__name__}()."
    if isinstance(provider, list | tuple):
        return "Do not nest lists of providers."
    return _names()


def _names() -> str:
    return f"The providers are: {', '.join(sorted(provider_classes()))}."


def _load(point: EntryPoint) -> Provider:
    made: object = point.load()()
    if not isinstance(made, Provider):
        raise ConfigurationError(
            f"{point.value} is registered as a provider, but it does not make a Provider.",
            todo="Register a class that derives from ep.Provider.",
        )
    return made


def _load_class(point: EntryPoint) -> object:
    """Return the class of a provider; None if it cannot be imported."""
    try:
        return point.load()
    except Exception as error:  # noqa: BLE001 - one broken package must not hide the others
        _warn(point, error)
        return None


def _warn(point: EntryPoint, error: Exception) -> None:
    logger.warning("The provider %r was not loaded: %s.", point.name, type(error).__name__)


def _row(point: EntryPoint) -> ProviderRow:
    kind = _load_class(point)
    provider: Provider | None = None
    try:
        provider = _load(point) if kind is not None else None
    except Exception as error:  # noqa: BLE001 - one broken package must not hide the others
        _warn(point, error)
    declared = provider or kind
    kinds = tuple(getattr(declared, "kinds", ()))
    return ProviderRow(
        name=point.name,
        kinds=kinds,
        identifiers=MappingProxyType(dict(getattr(declared, "identifiers", {}))),
        price=MappingProxyType({one: _price(provider, one) for one in kinds}),
        credentials=MappingProxyType(dict(getattr(declared, "credentials", {}))),
        defined=point.value,
    )


def _price(provider: Provider | None, kind: Kind) -> float | None:
    """Return the maximum cost of one identity, or None if the provider cannot say."""
    try:
        name = provider.identifiers[kind][0] if provider else ""
        identity = Identity.of(**{name: "example"})
        return provider.price(kind, [identity]) if provider else None
    except Exception:  # noqa: BLE001 - such as a price that depends on the identity's form
        return None


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: point.name)
