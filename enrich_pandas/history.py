"""Past runs, read from the journal."""

import pandas as pd

from enrich_pandas.frame.schema import TEXT, TIME
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.surroundings import current, journal_path

COLUMNS = {
    "run": TEXT,
    "provider": TEXT,
    "kind": TEXT,
    "started": TIME,
    "ended": TIME,
    "status": TEXT,
    "rows": "Int64",
    "identities": "Int64",
    "requests": "Int64",
    "credits_planned": "Float64",
    "credits": "Float64",
    "credits_held": "Float64",
    "budget": "Float64",
    "library": TEXT,
}


def runs() -> pd.DataFrame:
    """Return the runs in the journal, the newest first. It costs nothing.

    Returns
    -------
    pandas.DataFrame
        One row a run: its id, provider, kind, times, status, rows, distinct identities, requests,
        and credits: planned at most, spent, and held (may have been spent; nobody can say).

    Raises
    ------
    JournalError
        The journal cannot be read.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> with ep.sandbox():
    ...     len(ep.runs())
    0
    """
    journal = Journal(journal_path(current()))
    try:
        found = journal.runs()
    finally:
        journal.close()
    frame = pd.DataFrame(found, columns=["id", *list(COLUMNS)[1:]]).rename(columns={"id": "run"})
    for name in ("started", "ended"):
        frame[name] = pd.to_datetime(frame[name].astype("Float64"), unit="s", utc=True)
    return frame.astype(COLUMNS)
