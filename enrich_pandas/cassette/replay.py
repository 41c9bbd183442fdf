"""Replays: the same code from a recording, offline, with the same result."""

import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from enrich_pandas.cassette.file import Recording, load, save
from enrich_pandas.cassette.freezing import freeze
from enrich_pandas.cassette.recording import Tape
from enrich_pandas.engine.context import REPLAY, Surroundings, current, inside, journal_path
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.journal import Journal

Mode = Literal["none", "once", "new_episodes", "all"]
MODES = ("none", "once", "new_episodes", "all")


@contextmanager
def replay(
    path: str | os.PathLike[str],
    mode: Mode = "none",
    *,
    journal: str | os.PathLike[str] | None = None,
    redact: Callable[[Any], Any] | None = None,
) -> Iterator[Tape]:
    """Run the code inside from a recording, offline; or record it.

    A recording is an ordinary cassette of vcrpy: YAML, or JSON where the name ends in ``.json``.
    Replayed, the same call on the same frame gives the same result bit for bit, in any later
    process, ``person_fetched_at`` included. Nothing is sent, paid or waited for, and no key is
    needed.

    Parameters
    ----------
    path : str or path
        The cassette.
    mode : {"none", "once", "new_episodes", "all"}
        ``"none"`` replays, and raises on what is not recorded. ``"once"`` records where there is
        no cassette yet, and else replays. ``"new_episodes"`` replays what is recorded, and asks for
        the rest and records it. ``"all"`` records everything, in place of what was there.
    journal : str or path, optional
        In a replay, the file to keep answers in; by default a temporary one. Where it records, the
        journal to use in place of the user's own.
    redact : callable, optional
        Given the JSON of each answer when it is recorded; what it returns is recorded in its place.
        It must leave the identifiers that tell whose answer it is: a row of which they are gone is
        ``held``.

    Yields
    ------
    Tape
        What is recorded; its repr tells how many answers.

    Raises
    ------
    ReplayError
        There is no such cassette, or it cannot be read. In a call inside: a row is not recorded;
        the message names its position, ``result`` holds the others.
    ConfigurationError
        There is no such mode.

    Notes
    -----
    Recording costs what the calls inside cost: they are ordinary live calls, with their plan,
    budget and journal. What is stored already is recorded and not bought again. The cassette is
    written when the block ends well, whole or not at all. Where it does not end well, what was
    bought is in the journal: repeat the block. Inside ``with ep.sandbox():`` it records the
    sandbox.

    **A cassette holds other people's data**: whom was asked about, and every answer. Only its owner
    may read the file; keep it out of public repositories, or write it with ``redact=``. Credentials
    are blanked, by name and by value. `enrich_pandas.forget` and `enrich_pandas.suppress` do not
    reach into it.

    A replay spends nothing; the credits in its `runs` and its report are those of the recording,
    and the report says so, with its date. It holds for calls of this
    thread, and of threads that have entered none of their own; and for processes forked inside it,
    not for those that are started afresh.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> import pandas as pd
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> path = Path(tempfile.mkdtemp()) / "report.yaml"
    >>> with ep.sandbox(misses=0), ep.replay(path, mode="once"):
    ...     before = leads.enrich.people("crustdata", progress=None)
    >>> with ep.replay(path):  # no sandbox, no network, no key
    ...     after = leads.enrich.people("crustdata", progress=None)
    >>> after.equals(before)
    True
    """
    if mode not in MODES:
        raise ConfigurationError(
            f"mode={mode!r} is not known.",
            cost="Nothing was spent.",
            todo=f"Type one of {', '.join(MODES)}.",
        )
    file = Path(path).expanduser()
    exists = file.is_file() and file.stat().st_size > 0
    if mode == "none" or (mode == "once" and exists):
        with _replaying(file, journal) as tape:
            yield tape
        return
    known = load(file) if mode == "new_episodes" and exists else Recording()
    tape = Tape(file, known, is_offline=False)
    here = replace(current(), tape=tape)
    with inside(here if journal is None else replace(here, journal=Path(journal))) as here:
        yield tape
    if tape.is_own:
        _record(tape, here, redact)


@contextmanager
def _replaying(file: Path, journal: str | os.PathLike[str] | None) -> Iterator[Tape]:
    recording = load(file)
    tape = Tape(file, recording, is_offline=True)
    folder = tempfile.TemporaryDirectory(prefix="replay-")
    with folder:
        here = Surroundings(
            # Another recording is another realm: a journal that is named may know several.
            realm=f"{REPLAY}{sha256(file.read_bytes()).hexdigest()[:16]}",
            journal=Path(journal) if journal else Path(folder.name) / "journal.sqlite",
            paid=False,
            tape=tape,
        )
        with closing(Journal(journal_path(here))) as own:
            own.tombstones.take_over(*recording.refused.unpacked())
        with inside(here):
            yield tape


def _record(tape: Tape, here: Surroundings, redact: Callable[[Any], Any] | None) -> None:
    """Write the cassette, from what the journal holds of the runs that were begun."""
    left = 0
    with closing(Journal(journal_path(here))) as journal:
        for begun in tape.begun:
            found, without = freeze(journal, begun, here.realm, redact)
            tape.add(found)
            tape.screens.append(journal.tombstones.screen())
            left += len(without.difference(tape.everybody))
    save(tape.path, tape.recording())
    if left:
        warnings.warn(unfrozen(left, tape.path), stacklevel=4)


def unfrozen(left: int, path: Path) -> str:
    """Say how many are not in a cassette."""
    return (
        f"{left:,} of those asked about are not in {path}: they were not asked, a job or a run "
        "goes on, or their raw answers are not kept any more."
    )
