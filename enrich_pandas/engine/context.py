"""The environment of a run: live, sandbox or replay; and the record of how a run was called."""

import dataclasses
import os
import threading
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

import msgspec
from platformdirs import user_data_path

from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer, ReplayedFlow, pack
from enrich_pandas.journal.suppression import SuppressionFilter
from enrich_pandas.options import retention_seconds
from enrich_pandas.providers import GROUP
from enrich_pandas.providers.base import Identity, Kind, Provider, Request, Secret
from enrich_pandas.providers.decoding import decoder_of


@dataclass(slots=True)
class Replayed:
    """Recorded answers: the flows, the answers, and the requests that were not recorded."""

    flows: list[ReplayedFlow] = field(default_factory=list)
    answers: dict[Identity, Answer] = field(default_factory=dict)
    missing: dict[Identity, Request] = field(default_factory=dict)


class Cassette(Protocol):
    """The recorded answers of a run: replayed instead of requests, or recorded to.

    If ``is_offline``, nothing is sent. ``as_of`` is the fetch time of answers that needed no
    request. ``filters`` are the suppression filters of the calls.
    """

    path: Path
    is_offline: bool
    as_of: float
    filters: list[SuppressionFilter]

    def now(self) -> float:
        """Return the time from which the age of an answer is computed."""

    def replay(self, provider: Provider, kind: Kind, wanted: Sequence[Identity]) -> Replayed:
        """Return the recorded answers for some identities. Sends nothing."""

    def note_run(self, run: str, provider: Provider, kind: Kind, asked: Sequence[Identity]) -> None:
        """Register a run that starts while answers are recorded."""


REPLAY = "replay:"  # prefix of a replay's realm; the digest of the cassette follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What differs between a live run, a sandbox run and a replay. The code that runs is the same.

    ``realm`` is part of every fingerprint, so a sandbox answer is never served as a live one.
    ``origins`` replaces the origin of a provider by name; ``secrets`` are its made-up credentials.
    ``journal`` is None for the user's own. ``paid`` is True if a call can cost money; a large call
    then needs a budget. ``cassette`` replays or records the answers.
    """

    realm: str = "live"
    origins: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Secret]] = field(default_factory=dict, repr=False)
    journal: Path | None = None
    paid: bool = True
    cassette: Cassette | None = None


# A stack for the whole process rather than a ContextVar: a user's own threads must see it too.
_stack: list[tuple[int | None, Environment]] = [(None, Environment())]
_lock = threading.Lock()


def current_environment() -> Environment:
    """Return the innermost environment of this thread, or else of the process."""
    with _lock:
        own = [one for thread, one in _stack if thread == threading.get_ident()]
        return own[-1] if own else _stack[-1][1]


def journal_path(environment: Environment) -> Path:
    """Return the journal's path: in ``ENRICH_PANDAS_HOME``, else in the user's data folder."""
    if environment.journal is not None:
        return environment.journal
    home = os.environ.get("ENRICH_PANDAS_HOME") or user_data_path("enrich_pandas")
    return Path(home).expanduser() / "journal.sqlite"


@contextmanager
def use_environment(environment: Environment) -> Iterator[Environment]:
    """Make this the current environment within a ``with`` block."""
    entry = threading.get_ident(), environment
    with _lock:
        _stack.append(entry)
    try:
        yield environment
    finally:
        with _lock:
            del _stack[next(n for n, one in enumerate(_stack) if one is entry)]


# -- The record of a call, from which another process resumes the run ---------------------------
# It holds no credential, and nothing that a repr does not show.


class RecordedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a run: rows that were not sent, by status and reason, and the savings."""

    refused: list[tuple[str, str, int]]
    saved_by_duplicates: float
    saved_by_stored: float
    saved_by_recording: float = 0.0


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was called.

    ``made_by`` is the provider's class. ``max_age`` counts back from the start of the run.
    ``options`` are those that differ from the default; None if they cannot be serialized.
    ``scope`` identifies what is bought. ``version`` is the version of the vendor's API; runs of
    older versions of this library lack it and ``planned``. ``as_of`` is the start of the recording
    that the run replays.
    """

    provider: str
    made_by: str
    kind: Kind
    realm: str
    max_age: float
    scope: bytes
    options: dict[str, Any] | None = None
    version: str = ""
    planned: RecordedPlan | None = None
    as_of: float | None = None


def record_call(
    provider: Provider,
    kind: Kind,
    *,
    realm: str,
    max_age: float,
    scope: bytes,
    planned: RecordedPlan | None = None,
    as_of: float | None = None,
) -> bytes:
    """Return how a provider is called, as JSON."""
    return pack(
        RecordedCall(
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


def read_call(call: bytes) -> RecordedCall:
    """Parse how a run was called."""
    return decoder_of(RecordedCall).decode(call)


def remake_provider(call: RecordedCall) -> Provider | None:
    """Build the same provider again, without credentials; None if that is not possible."""
    if call.options is None:
        return None
    for point in entry_points(group=GROUP, name=call.provider):
        kind: Any = point.load()
        if _class_of(kind) == call.made_by:
            return _made(kind, call.options)
    return None


def _options(provider: Provider) -> dict[str, Any] | None:
    """Return the options that differ from the default, if they rebuild the same provider."""
    given: Any = provider
    if not dataclasses.is_dataclass(given):
        return None
    shown, secret = list[str](), set(provider.credentials)
    for one in dataclasses.fields(given):
        if not one.init or one.name in secret or _is_default(one, provider):
            continue
        if not one.repr or isinstance(getattr(provider, one.name), Secret):
            return None  # a value that a repr hides is not stored either
        shown.append(one.name)
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
    except Exception:  # noqa: BLE001 - a third-party class: the provider cannot be rebuilt
        return None


def _class_of(kind: object) -> str:
    return f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', '')}"


# -- The journal --------------------------------------------------------------------------------


@contextmanager
def open_journal(environment: Environment) -> Iterator[Journal]:
    """Open the journal, after its expired answers are deleted.

    They are deleted here and not only by a run, so that an expired answer is never shown.
    """
    with closing(Journal(journal_path(environment))) as journal:
        journal.retention.delete_expired(retention_seconds())
        yield journal
