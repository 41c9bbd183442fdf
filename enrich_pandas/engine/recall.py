"""Recall: what a run keeps of how it was called, so that another process can make it go on.

Never a credential, and nothing that a repr would not show.
"""

import dataclasses
import typing
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any

import msgspec

from enrich_pandas.journal.records import pack
from enrich_pandas.providers import GROUP
from enrich_pandas.providers.base import Kind, Provider, Secret
from enrich_pandas.providers.decoding import decoder_of


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's plan said: rows that were not sent, by status and reason, and what was saved."""

    refused: list[tuple[str, str, int]]
    saved_by_duplicates: float
    saved_by_stored: float
    saved_by_recording: float = 0.0


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was called.

    ``made_by`` is the provider's class. ``max_age`` counts from when the run began. ``options`` are
    those that differ from the default; None where they cannot be written down. ``scope`` is the
    journal's name for what is bought. ``version`` is the vendor's API's; it and ``planned`` are
    missing in runs of older versions. ``as_of`` is when the recording began of which the run is a
    replay.
    """

    provider: str
    made_by: str
    kind: Kind
    realm: str
    max_age: float
    scope: bytes
    options: dict[str, Any] | None = None
    version: str = ""
    planned: Planned | None = None
    as_of: float | None = None


def recorded(
    provider: Provider,
    kind: Kind,
    *,
    realm: str,
    max_age: float,
    scope: bytes,
    planned: Planned | None = None,
    as_of: float | None = None,
) -> bytes:
    """Write down how a provider is called, as JSON."""
    return pack(
        Call(
            provider=provider.name,
            made_by=_class_of(type(provider)),
            kind=kind,
            realm=realm,
            max_age=max_age,
            scope=scope,
            options=_options(provider),
            version=provider.version,
            planned=planned,
            as_of=as_of,
        )
    )


def read_call(call: bytes) -> Call:
    """Read back how a run was called."""
    return decoder_of(Call).decode(call)


def remade(call: Call) -> Provider | None:
    """Make the same provider again, without its credentials; None where that cannot be done."""
    if call.options is None:
        return None
    for point in entry_points(group=GROUP, name=call.provider):
        kind: Any = point.load()
        if _class_of(kind) == call.made_by:
            return _made(kind, call.options)
    return None


def _options(provider: Provider) -> dict[str, Any] | None:
    """Return the options that differ from the default, if they make the same provider again."""
    given: Any = provider
    if not dataclasses.is_dataclass(given):
        return None
    shown, secret = list[str](), set(provider.credentials)
    for field in dataclasses.fields(given):
        if not field.init or field.name in secret or _is_default(field, provider):
            continue
        if not field.repr or isinstance(getattr(provider, field.name), Secret):
            return None  # it is not to be shown, and so not to be written down either
        shown.append(field.name)
    try:
        options: dict[str, Any] = msgspec.json.decode(
            pack({name: getattr(provider, name) for name in shown})
        )
    except (TypeError, ValueError, msgspec.MsgspecError):
        return None
    again = _made(type(provider), options)
    is_same = again is not None and all(
        getattr(again, name) == getattr(provider, name) for name in shown
    )
    return options if is_same else None


def _is_default(field: "dataclasses.Field[Any]", provider: Provider) -> bool:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    value = getattr(provider, field.name)
    return value is default or (type(value) is type(default) and value == default)


def _made(kind: type[Provider], options: Mapping[str, Any]) -> Provider | None:
    try:
        hints = typing.get_type_hints(kind)
        return kind(
            **{name: msgspec.convert(value, hints[name]) for name, value in options.items()}
        )
    except Exception:  # noqa: BLE001 - of a third party's class: it cannot be made again
        return None


def _class_of(kind: object) -> str:
    return f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', '')}"
