"""Providers: each describes requests and parses answers. They do not import each other."""

import difflib
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from enrich_pandas.errors import ConfigurationError, ProviderNotFoundError
from enrich_pandas.models import Company, Model, Person
from enrich_pandas.providers.base import Identity, Kind, Provider
from enrich_pandas.providers.records import RecordType

GROUP = "enrich_pandas.providers"
MODELS: Mapping[Kind, type[Model]] = MappingProxyType({"people": Person, "companies": Company})

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
    fills
        For each kind, the fields that its answers can fill, as the mappings of its record types
        say; empty for a provider that returns models.
    defined
        Module and class, as the entry point states them.
    """

    name: str
    kinds: tuple[Kind, ...]
    identifiers: Mapping[Kind, tuple[str, ...]]
    price: Mapping[Kind, float | None]
    credentials: Mapping[str, str]
    fills: Mapping[Kind, Collection[str]]
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


def record_type(provider: str, name: str) -> RecordType | None:
    """Return the record type of a provider's class, or None if no such class has it.

    The classes that are loaded already come first, so that a provider that is not installed works
    in the process that defines it. Of several, the newest one comes first: a notebook can define
    its provider again. The types are the class attribute ``record_types``.
    """
    for kind in _classes(provider):
        for one in getattr(kind, "record_types", ()):
            if one.name == name:
                found: RecordType = one
                return found
    return None


def _classes(provider: str) -> Iterator[type]:
    """Yield the classes of a provider; an installed one is loaded only if it is needed."""
    kinds = [Provider]
    for kind in kinds:
        kinds += reversed(kind.__subclasses__())
    yield from (kind for kind in kinds if getattr(kind, "name", "") == provider)
    for point in _points():
        if point.name == provider:
            try:
                yield point.load()
            except Exception as error:  # noqa: BLE001 - its answers stay stored, and count as unreadable
                logger.warning(
                    "The provider %r was not loaded: %s.", provider, type(error).__name__
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


def _row(point: EntryPoint) -> ProviderRow:
    kind: object = None
    provider: Provider | None = None
    try:
        kind = point.load()
        provider = _load(point)
    except Exception as error:  # noqa: BLE001 - one broken package must not hide the others
        logger.warning("The provider %r was not loaded: %s.", point.name, type(error).__name__)
    declared = provider or kind
    kinds = tuple(getattr(declared, "kinds", ()))
    return ProviderRow(
        name=point.name,
        kinds=kinds,
        identifiers=MappingProxyType(dict(getattr(declared, "identifiers", {}))),
        price=MappingProxyType({one: _price(provider, one) for one in kinds}),
        credentials=MappingProxyType(dict(getattr(declared, "credentials", {}))),
        fills=MappingProxyType({one: _fills(declared, one) for one in kinds}),
        defined=point.value,
    )


def _fills(declared: object, kind: Kind) -> frozenset[str]:
    """Return the fields of a kind that the record types of a provider fill."""
    types: Iterable[RecordType] = getattr(declared, "record_types", ())
    return frozenset(name for one in types if one.model is MODELS[kind] for name in one.fields)


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
