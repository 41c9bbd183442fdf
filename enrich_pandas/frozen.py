"""Freezing a past run: its raw answers as a recording, at no cost."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.cassette.file import Recording, load, save
from enrich_pandas.cassette.freezing import freeze
from enrich_pandas.cassette.recording import Begun, Tape
from enrich_pandas.cassette.replay import unfrozen
from enrich_pandas.engine.context import current
from enrich_pandas.engine.opening import opened
from enrich_pandas.engine.recall import Call as Recalled
from enrich_pandas.errors import InputError
from enrich_pandas.past_rows import Asked, provider_of
from enrich_pandas.providers.base import Kind, Provider


class Freezable:
    """What `Run` has to freeze itself."""

    id: str
    started: pd.Timestamp
    kind: Kind
    _call: Recalled | None
    _asked: Asked

    def freeze(
        self,
        path: str | os.PathLike[str],
        *,
        provider: "str | Provider | None" = None,
        redact: Callable[[Any], Any] | None = None,
    ) -> None:
        """Write the run's answers as a recording for `enrich_pandas.replay`. It costs nothing.

        What the run did not ask because it was stored is in it, too. A recording that is there is
        added to: so the runs of one report, or of one waterfall, go into one file.

        Parameters
        ----------
        path : str or path
            The cassette: YAML, or JSON where the name ends in ``.json``.
        provider : str or Provider, optional
            As in `resume`.
        redact : callable, optional
            As in `enrich_pandas.replay`.

        Raises
        ------
        ConfigurationError
            As in `resume`.
        InputError
            No raw answer of the run is kept any more.
        ReplayError
            The file is there and no recording.

        Warns
        -----
        UserWarning
            Some of those asked about have no answer, or it is not kept any more.

        Notes
        -----
        **It holds other people's data**; see `enrich_pandas.replay`. Whom the vendor has removed,
        or who was forgotten since, is not in it.

        Examples
        --------
        >>> import enrich_pandas as ep
        >>> import pandas as pd
        >>> import tempfile
        >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
        >>> path = Path(tempfile.mkdtemp()) / "report.yaml"
        >>> with ep.sandbox(misses=0):
        ...     people = ep.people(leads, progress=None)
        ...     ep.run(ep.runs()["run"][0]).freeze(path)
        >>> with ep.replay(path):
        ...     ep.people(leads, progress=None).equals(people)
        True
        """
        here, file, asked = current(), Path(path).expanduser(), self._asked.identities
        made = provider_of(self.id, self._call, asked, provider)
        begun = Begun(self.id, made, self.kind, asked)
        with opened(here) as journal:
            found, left = freeze(journal, begun, here.realm, redact)
            screen = journal.tombstones.screen()
        if not found:
            raise InputError(
                f"No raw answer of run {self.id} is kept.",
                todo="Repeat the call inside ep.replay(…, mode='once').",
            )
        tape = Tape(
            file,
            load(file) if file.exists() else Recording(as_of=self.started.timestamp()),
            is_offline=False,
        )
        tape.add(found)
        tape.screens.append(screen)
        save(file, tape.recording())
        if left := left.difference(tape.everybody):
            warnings.warn(unfrozen(len(left), file), stacklevel=2)
