"""What the journal tells of the runs behind a result."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from enrich_pandas.engine.recall import Call, read_call
from enrich_pandas.frame.schema import TEXT, TIME
from enrich_pandas.journal import Journal
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.summary import Account

RUN_COLUMNS = {
    "run": TEXT,
    "provider": TEXT,
    "api_version": TEXT,
    "status": TEXT,
    "started": TIME,
    "seconds": "Float64",
    "rows": "Int64",
    "identities": "Int64",
    "requests": "Int64",
    "credits_planned": "Float64",
    "credits": "Float64",
    "credits_held": "Float64",
    "budget": "Float64",
    "saved_by_duplicates": "Float64",
    "saved_by_stored": "Float64",
    "saved_by_recording": "Float64",
    "library": TEXT,
    "realm": TEXT,
    "as_of": TIME,
}
REQUEST_COLUMNS = {"run": TEXT, "outcome": TEXT, "requests": "Int64", "billed": "Int64"}


def accounts(journal: Journal, runs: Iterable[str]) -> list[Account]:
    """Read the accounts of some runs; one that the journal does not have is left out."""
    return [account(journal, facts) for run in runs for facts in journal.past.runs(run)]


def account(journal: Journal, facts: dict[str, Any]) -> Account:
    """Make the account of a run from its row in the journal."""
    raw = journal.past.call(facts["id"])
    call = None if raw is None else read_call(raw)
    return Account(
        run=facts["id"],
        provider=facts["provider"],
        kind=facts["kind"],
        status=facts["status"],
        started=facts["started"],
        ended=facts["ended"],
        library=facts["library"],
        rows=facts["rows"],
        identities=facts["identities"],
        planned=facts["credits_planned"],
        spent=facts["credits"],
        held=facts["credits_held"],
        budget=facts["budget"],
        requests=journal.past.requests(facts["id"]),
        **({} if call is None else _called(call)),
    )


def _called(call: Call) -> dict[str, Any]:
    planned = call.planned
    plan = (
        {}
        if planned is None
        else {
            "saved_by_duplicates": planned.saved_by_duplicates,
            "saved_by_stored": planned.saved_by_stored,
            "saved_by_recording": planned.saved_by_recording,
            "refused": {(status, reason): rows for status, reason, rows in planned.refused},
        }
    )
    named = {"version": call.version, "realm": call.realm, "made_by": call.made_by}
    return {**named, "options": call.options, "as_of": call.as_of, **plan}


def moment(seconds: float) -> pd.Timestamp:
    """Return seconds since the epoch as a time."""
    return pd.Timestamp(seconds, unit="s", tz="UTC")


def runs_table(found: Sequence[Account]) -> pd.DataFrame:
    """Return a row a run."""
    rows = [
        {
            "run": one.run,
            "provider": one.provider,
            "api_version": one.version or None,
            "status": one.status,
            "started": moment(one.started),
            "seconds": one.seconds,
            "rows": one.rows,
            "identities": one.identities,
            "requests": sum(of["requests"] for of in one.requests),
            "credits_planned": one.planned,
            "credits": one.spent,
            "credits_held": one.held,
            "budget": one.budget,
            "saved_by_duplicates": one.saved_by_duplicates,
            "saved_by_stored": one.saved_by_stored,
            "saved_by_recording": one.saved_by_recording,
            "library": one.library,
            "realm": one.realm,
            "as_of": None if one.as_of is None else moment(one.as_of),
        }
        for one in found
    ]
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS)).astype(RUN_COLUMNS)


def requests_table(found: Sequence[Account]) -> pd.DataFrame:
    """Return a row for each run and outcome of its requests."""
    columns = {**REQUEST_COLUMNS, "credits": "Float64"}
    rows = [{"run": one.run, **of} for one in found for of in one.requests]
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def behind(journal: Journal, kind: Kind, answers: pd.DataFrame) -> pd.DataFrame:
    """Find the run that gave each answer, by its ``provider`` and ``fetched_at``.

    A spreadsheet keeps milliseconds of a time, so that is what has to agree.
    """
    stored = pd.DataFrame(journal.past.behind(kind), columns=["provider", "fetched", "run"])
    stored["at"] = (stored.pop("fetched").astype("float64") * 1000).round().astype("int64")
    wanted = answers.assign(at=_milliseconds(answers["fetched_at"]))
    runs = stored.drop_duplicates(["provider", "at"])
    return wanted.merge(runs, on=["provider", "at"], how="left").drop(columns="at")


def _milliseconds(times: "pd.Series[Any]") -> "pd.Series[Any]":
    return (times.astype("datetime64[us, UTC]").astype("int64") / 1000).round().astype("int64")
