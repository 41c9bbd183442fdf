"""Where this process's requests go and its answers are kept: live, in a sandbox, in a replay."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from enrich_pandas.cassette.recording import Tape
from enrich_pandas.providers.base import Secret

REPLAY = "replay:"  # begins the realm of a replay; the recording's digest follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between a live run and one in a sandbox; the code that runs is the same.

    ``realm`` is part of every fingerprint, so that a sandbox's answer is never served as a live
    one. ``origins`` replaces a provider's own origin by name; ``secrets`` holds the credentials
    made up for it. ``journal`` is None for the user's own. ``paid`` tells whether a call may cost
    money, hence whether a large one without a budget is refused. ``tape`` is what is played from,
    or recorded to.
    """

    realm: str = "live"
    origins: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Secret]] = field(default_factory=dict, repr=False)
    journal: Path | None = None
    paid: bool = True
    tape: Tape | None = None


# A stack for the whole process rather than a ContextVar: a user's own threads must see it too.
_stack: list[tuple[int | None, Surroundings]] = [(None, Surroundings())]
_lock = threading.Lock()


def current() -> Surroundings:
    """Return the innermost surroundings that this thread has entered, else the process's."""
    with _lock:
        own = [one for thread, one in _stack if thread == threading.get_ident()]
        return own[-1] if own else _stack[-1][1]


def journal_path(surroundings: Surroundings) -> Path:
    """Return where the journal is: in ``ENRICH_PANDAS_HOME``, else in the user's data folder."""
    if surroundings.journal is not None:
        return surroundings.journal
    home = os.environ.get("ENRICH_PANDAS_HOME") or user_data_path("enrich_pandas")
    return Path(home).expanduser() / "journal.sqlite"


@contextmanager
def inside(surroundings: Surroundings) -> Iterator[Surroundings]:
    """Make these the current surroundings for the length of a ``with``."""
    entry = threading.get_ident(), surroundings
    with _lock:
        _stack.append(entry)
    try:
        yield surroundings
    finally:
        with _lock:
            del _stack[next(n for n, one in enumerate(_stack) if one is entry)]
