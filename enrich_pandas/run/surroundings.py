"""Where this process's requests go and where its answers are kept: live, or inside a sandbox."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path

from enrich_pandas.providers.base import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What differs between a live run and one in a sandbox; the code that runs is the same.

    ``realm`` is part of every fingerprint, so that a sandbox's answer is never served as a live
    one. ``origins`` replaces a provider's own origin by name; ``secrets`` holds the credentials
    made up for it. ``journal`` is None for the user's own. ``paid`` tells whether a call may cost
    money, hence whether a large one without a budget is refused.
    """

    realm: str = "live"
    origins: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, Secret]] = field(default_factory=dict, repr=False)
    journal: Path | None = None
    paid: bool = True


# A stack for the whole process rather than a ContextVar: a run's threads must see it too.
_stack = [Surroundings()]
_lock = threading.Lock()


def current() -> Surroundings:
    """Return the innermost surroundings."""
    return _stack[-1]


def journal_path(surroundings: Surroundings) -> Path:
    """Return where the journal is: in ``ENRICH_PANDAS_HOME``, else in the user's data folder."""
    if surroundings.journal is not None:
        return surroundings.journal
    home = os.environ.get("ENRICH_PANDAS_HOME") or user_data_path("enrich_pandas")
    return Path(home).expanduser() / "journal.sqlite"


@contextmanager
def inside(surroundings: Surroundings) -> Iterator[Surroundings]:
    """Make these the current surroundings for the length of a ``with``."""
    with _lock:
        _stack.append(surroundings)
    try:
        yield surroundings
    finally:
        with _lock:
            _stack.remove(surroundings)
