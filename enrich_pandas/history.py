"""Past runs, read from the journal."""

import pandas as pd

from enrich_pandas.engine.context import current
from enrich_pandas.engine.opening import opened
from enrich_pandas.engine.recall import read_call
from enrich_pandas.errors import InputError
from enrich_pandas.frame.schema import TEXT, TIME, times
from enrich_pandas.resume import Run

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
    "budget_name": TEXT,
    "balance": "Float64",
    "library": TEXT,
}


def runs() -> pd.DataFrame:
    """Return the runs in the journal, the newest first. It costs nothing.

    Returns
    -------
    pandas.DataFrame
        One row a run: its id, provider, kind, times, status, rows, distinct identities, requests,
        and credits: planned at most, spent, and held (may have been spent; nobody can say). Runs
        with the same ``budget_name`` share a budget; without a name of its own it is the run's id.
        ``balance`` is what was left on the account before, where the vendor told.

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
    with opened(current()) as journal:
        found = journal.runs()
    frame = pd.DataFrame(found, columns=["id", *list(COLUMNS)[1:]]).rename(columns={"id": "run"})
    for name in ("started", "ended"):
        frame[name] = times(frame[name].to_list())
    return frame.astype(COLUMNS)


def run(id: str) -> Run:  # noqa: A002 - what users call it
    """Return one past run. It costs nothing.

    Parameters
    ----------
    id : str
        Of the first column of `enrich_pandas.runs`.

    Returns
    -------
    Run
        Its `Run.rows`, `Run.held` and `Run.report`; `Run.resume` goes on with it, `Run.retry` asks
        again about its failed rows.

    Raises
    ------
    InputError
        The journal has no such run.
    JournalError
        The journal cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, fields=["name"], progress=None)
    ...     past = ep.run(ep.runs()["run"][0])
    ...     past.rows[["email", "person_status"]]
                 email person_status
    0  ada@example.com       matched
    """
    with opened(current()) as journal:
        found = journal.past.runs(id) if str(id).isascii() else []  # as all ids are
        if not found:
            newest = [one["id"] for one in journal.past.runs()[:3]]
            raise InputError(
                f"The journal has no run {id!r}.",
                cost="Nothing was spent.",
                todo=f"See ep.runs(); the newest are {', '.join(newest)}."
                if newest
                else "No call has been made yet with this journal.",
            )
        begun = journal.past.begun(id)
    call = None if begun.call is None else read_call(begun.call)
    return Run(found[0], call, begun.asked or [])
