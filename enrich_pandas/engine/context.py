"""Where this process's requests go and its answers are kept: live, in a sandbox, in a replay."""

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
    """What recorded answers say: the flows, the answers, and the requests that are not recorded."""

    flows: list[ReplayedFlow] = field(default_factory=list)
    answers: dict[Identity, Answer] = field(default_factory=dict)
    missing: dict[Identity, Request] = field(default_factory=dict)


class Cassette(Protocol):
    """Recorded answers, as a run sees them: used in place of requests, or recorded to.

    ``is_offline`` means that nothing is sent. Answers that needed no request count as fetched
    ``as_of``.
    """

    path: Path
    is_offline: bool
    as_of: float
    filters: list[SuppressionFilter]

    def now(self) -> float:
        """Return the time that decides how old an answer is."""

    def replay(self, provider: Provider, kind: Kind, wanted: Sequence[Identity]) -> Replayed:
        """Return the recorded answers for some identities. Nothing is sent."""

    def note_run(self, run: str, provider: Provider, kind: Kind, asked: Sequence[Identity]) -> None:
        """Note a run that begins while answers are recorded."""


REPLAY = "replay:"  # begins the realm of a replay; the recording's digest follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What differs between a live run and one in a sandbox; the code that runs is the same.

    ``realm`` is part of every fingerprint, so that a sandbox's answer is never served as a live
    one. ``origins`` replaces a provider's own origin by name; ``secrets`` holds the credentials
    made up for it. ``journal`` is None for the user's own. ``paid`` tells whether a call may cost
    money, hence whether a large one without a budget is refused. ``cassette`` holds
    the recorded answers that are played, or records them.
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
    """Return the innermost surroundings that this thread has entered, else the process's."""
    with _lock:
        own = [one for thread, one in _stack if thread == threading.get_ident()]
        return own[-1] if own else _stack[-1][1]


def journal_path(environment: Environment) -> Path:
    """Return where the journal is: in ``ENRICH_PANDAS_HOME``, else in the user's data folder."""
    if environment.journal is not None:
        return environment.journal
    home = os.environ.get("ENRICH_PANDAS_HOME") or user_data_path("enrich_pandas")
    return Path(home).expanduser() / "journal.sqlite"


@contextmanager
def use_environment(environment: Environment) -> Iterator[Environment]:
    """Make these the current surroundings for the length of a ``with``."""
    entry = threading.get_ident(), environment
    with _lock:
        _stack.append(entry)
    try:
        yield environment
    finally:
        with _lock:
            del _stack[next(n for n, one in enumerate(_stack) if one is entry)]


# -- Recall: what a run keeps of how it was called, so that another process can make it go on ----
# Never a credential, and nothing that a repr would not show.


class RecordedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's plan said: rows that were not sent, by status and reason, and what was saved."""

    refused: list[tuple[str, str, int]]
    saved_by_duplicates: float
    saved_by_stored: float
    saved_by_recording: float = 0.0


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
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
    """Write down how a provider is called, as JSON."""
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
    """Read back how a run was called."""
    return decoder_of(RecordedCall).decode(call)


def remake_provider(call: RecordedCall) -> Provider | None:
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
    for one in dataclasses.fields(given):
        if not one.init or one.name in secret or _is_default(one, provider):
            continue
        if not one.repr or isinstance(getattr(provider, one.name), Secret):
            return None  # it is not to be shown, and so not to be written down either
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
    except Exception:  # noqa: BLE001 - of a third party's class: it cannot be made again
        return None


def _class_of(kind: object) -> str:
    return f"{getattr(kind, '__module__', '')}:{getattr(kind, '__qualname__', '')}"


# -- The journal, opened without what has been stored for too long -------------------------------


@contextmanager
def open_journal(environment: Environment) -> Iterator[Journal]:
    """Lend the journal to whoever shows what is in it, or is about to ask.

    What is too old is deleted first, so that nobody is shown it, whether or not a call is made.
    """
    with closing(Journal(journal_path(environment))) as journal:
        journal.retention.delete_expired(retention_seconds())
        yield journal
