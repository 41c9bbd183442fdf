"""What a report is made of: plain values about a result and about the runs behind it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.engine.context import REPLAY, read_call
from enrich_pandas.frame.output import Tables, text_of
from enrich_pandas.frame.schema import (
    COPIES_ON_WRITE,
    ROW_COLUMNS,
    TEXT,
    TIME,
    Field,
    fields_of,
    leaves_of,
    singular,
)
from enrich_pandas.journal import Journal
from enrich_pandas.models import Company, Part, Person
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.page import MAX_LABELS
from enrich_pandas.statuses import Status

MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}

Columns = Mapping[str, "pd.Series[Any]"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows of one status and reason, with the labels of the first of them."""

    status: Status
    reason: str
    rows: int
    labels: Sequence[Hashable]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answers of one provider in a frame: the number of rows, the oldest and the newest."""

    provider: str
    rows: int
    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A result in figures.

    Attributes
    ----------
    unit
        What is counted: rows, or the people or companies of a past run.
    counts
        Rows of each status that occurs, in the order of the statuses.
    filled
        For each field of the frame, the matched rows that have a value.
    reasons
        Each status and reason, without matched rows that have no reason.
    fetched
        The providers of the answers.
    """

    kind: Kind
    unit: str
    rows: int
    counts: Mapping[Status, int]
    filled: Mapping[str, int]
    reasons: Sequence[Reason]
    fetched: Sequence[Fetched]

    @property
    def matched(self) -> int:
        """Matched rows."""
        return self.counts.get(Status.MATCHED, 0)

    @property
    def sent(self) -> int:
        """Rows that a vendor was requested for, in this call or for a stored answer."""
        return sum(rows for status, rows in self.counts.items() if status.info.is_sent)

    @property
    def match_rate(self) -> float | None:
        """The share of the sent rows that are matched; None if no row was sent."""
        return self.matched / self.sent if self.sent else None


def summarize(result: pd.DataFrame | Tables, kind: Kind, prefix: str, *, unit: str = "") -> Summary:
    """Summarize a result: the frame with its new columns, or the linked tables."""
    frame = result[kind] if isinstance(result, Tables) else result
    columns = result_columns(frame, prefix)
    status = columns["status"].astype("object").where(columns["status"].notna(), None)
    is_matched = (status == Status.MATCHED).to_numpy(dtype=bool)
    filled = dict(_filled(columns, MODELS[kind], is_matched))
    if isinstance(result, Tables):
        filled |= _filled_lists(result, kind, prefix)
    return Summary(
        kind=kind,
        unit=unit or "rows",
        rows=len(frame),
        counts=_counts(status),
        filled=filled,
        reasons=_reasons(status, columns["reason"]),
        fetched=list(_fetched(columns)),
    )


def result_columns(frame: pd.DataFrame, prefix: str) -> dict[str, "pd.Series[Any]"]:
    """Return the columns of a result by their names without the prefix."""
    return {
        name.removeprefix(prefix): frame.iloc[:, place]
        for place, name in _places(frame, prefix).items()
    }


def snapshot_of(result: pd.DataFrame | Tables, prefix: str) -> pd.DataFrame | Tables:
    """Return what `summarize` reads of a result, whatever becomes of the result.

    It shares the memory of the result: pandas 3 copies a column when it is written to.
    """
    if isinstance(result, Tables):
        return Tables(
            {name: table.copy(deep=not COPIES_ON_WRITE) for name, table in result.items()}
        )
    columns = result.iloc[:, list(_places(result, prefix))]
    return columns if COPIES_ON_WRITE else columns.copy()


def _places(frame: pd.DataFrame, prefix: str) -> dict[int, str]:
    """Return the positions and names of the columns with a prefix."""
    names = (text_of(label) for label in frame.columns)
    return {place: name for place, name in enumerate(names) if name.startswith(prefix)}


def find_prefixes(frame: pd.DataFrame) -> list[str]:
    """Return the prefixes under which a frame has the row columns of a result."""
    names = {text_of(label) for label in frame.columns}
    found = (name.removesuffix("status") for name in names if name.endswith("status"))
    return sorted(prefix for prefix in found if {prefix + name for name in ROW_COLUMNS} <= names)


def infer_kind(frame: pd.DataFrame, prefix: str) -> Kind:
    """Return whether a result is of people or of companies, by its columns."""
    names = result_columns(frame, prefix).keys()
    if prefix == "company_":
        return "companies"
    share = {
        kind: len({f.name for f in fields_of(model)} & names) for kind, model in MODELS.items()
    }
    return "companies" if share["companies"] > share["people"] else "people"


def _counts(status: "pd.Series[Any]") -> dict[Status, int]:
    counts = status.value_counts()
    return {known: int(counts[known]) for known in Status if known in counts.index}


def _reasons(status: "pd.Series[Any]", reason: "pd.Series[Any]") -> list[Reason]:
    texts = reason.astype("object").where(reason.notna(), "")
    table = pd.DataFrame({"status": status.to_numpy(), "reason": texts.to_numpy()})
    found = table[(table["status"] != Status.MATCHED) | (table["reason"] != "")]
    places = found.index.to_numpy()
    order = sorted(Status, key=lambda one: -one.info.urgency)
    groups: Mapping[Any, Any] = found.groupby(["status", "reason"], sort=False).indices
    reasons = [
        Reason(Status(of), str(why), len(rows), _first_labels(status.index, places[rows]))
        for (of, why), rows in groups.items()
        if of in order
    ]
    return sorted(reasons, key=lambda one: (order.index(one.status), -one.rows, one.reason))


def _first_labels(index: "pd.Index[Any]", places: "np.ndarray[Any, Any]") -> list[Hashable]:
    return list(index[np.sort(places)[:MAX_LABELS]])


def _filled(
    columns: Columns, model: type[Part], is_matched: "np.ndarray[Any, Any]"
) -> Iterator[tuple[str, int]]:
    for of in fields_of(model):
        masks = [mask for mask in _masks(of, columns) if mask is not None]
        if masks:
            yield of.name, int((np.logical_or.reduce(masks) & is_matched).sum())


def _masks(of: Field, columns: Columns) -> Iterator["np.ndarray[Any, Any] | None"]:
    """Yield for each column of a field in which rows it has a value; None without the column."""
    if of.shape == "scalar":
        names = [of.name]
    elif of.shape == "part":
        names = [of.name + leaf.suffix for leaf in leaves_of(of.type)]
    else:
        names = [of.name]
        if (count := columns.get(f"{singular(of.name)}_count")) is not None:
            yield (pd.to_numeric(count, errors="coerce") > 0).fillna(value=False).to_numpy(bool)
            return
    for name in names:
        column = columns.get(name)
        yield None if column is None else _has_value(column, of)


def _has_value(column: "pd.Series[Any]", of: Field) -> "np.ndarray[Any, Any]":
    if of.shape == "list" and isinstance(column.dtype, pd.ArrowDtype):
        lengths: pd.Series[int] = column.list.len()
        return (lengths > 0).fillna(value=False).to_numpy(bool)
    return column.notna().to_numpy(bool)


def _filled_lists(tables: Tables, kind: Kind, prefix: str) -> dict[str, int]:
    row = f"{prefix}row"
    lists = (of for of in fields_of(MODELS[kind]) if of.shape == "list" and of.name in tables)
    return {of.name: int(tables[of.name][row].nunique()) for of in lists}


def _fetched(columns: Columns) -> Iterator[Fetched]:
    times = pd.to_datetime(columns["fetched_at"], utc=True, errors="coerce", format="ISO8601")
    table = pd.DataFrame({"provider": columns["provider"].array, "at": times.array}).dropna()
    for provider, at in table.groupby("provider", sort=False)["at"]:
        yield Fetched(str(provider), len(at), at.min(), at.max())


# Waterfalls

PROVIDER_COLUMNS = {
    "provider": TEXT,
    "asked": "Int64",
    "matched": "Int64",
    "coverage": "Float64",
    "rows_added": "Int64",
    "values": "Int64",
    "values_added": "Int64",
    "credits": "Float64",
    "credits_held": "Float64",
    "run": TEXT,
}
FIELD_COLUMNS = {
    "provider": TEXT,
    "field": TEXT,
    "gave": "Int64",
    "kept": "Int64",
    "added": "Int64",
}
DISAGREEMENT_COLUMNS = {
    "row": "Int64",
    "field": TEXT,
    "provider": TEXT,
    "value": TEXT,
    "other_provider": TEXT,
    "other_value": TEXT,
}


def _empty(columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns)).astype(dict(columns))


@dataclass(frozen=True, slots=True)
class WaterfallTables:
    """The tables of a call with several providers; `Report` documents their columns."""

    providers: pd.DataFrame = field(default_factory=lambda: _empty(PROVIDER_COLUMNS))
    fields: pd.DataFrame = field(default_factory=lambda: _empty(FIELD_COLUMNS))
    disagreements: pd.DataFrame = field(default_factory=lambda: _empty(DISAGREEMENT_COLUMNS))


# Runs

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
REQUEST_COLUMNS = {
    "run": TEXT,
    "outcome": TEXT,
    "requests": "Int64",
    "billed": "Int64",
    "credits": "Float64",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the journal knows of one run: its provider, times, costs and requests.

    Credits are the planned maximum, the credits spent, and those held, which the vendor may have
    charged. ``saved_…`` is the most that the run would have cost in addition; None if it was not
    recorded. A replay spends nothing; its figures are those of the recording, made ``as_of``.
    """

    run: str
    provider: str
    kind: Kind
    status: str
    started: float
    ended: float | None
    library: str
    rows: int
    identities: int
    planned: float
    spent: float
    held: float
    budget: float | None
    version: str = ""
    realm: str = "live"
    options: Mapping[str, Any] | None = None
    saved_by_duplicates: float | None = None
    saved_by_stored: float | None = None
    saved_by_recording: float | None = None
    as_of: float | None = None
    requests: Sequence[Mapping[str, Any]] = ()

    @property
    def is_replay(self) -> bool:
        """Whether a recording gave the answers, so that nothing was spent."""
        return self.realm.startswith(REPLAY)

    @property
    def seconds(self) -> float | None:
        """How long the run took; None if it has not ended or its process died."""
        return None if self.ended is None else max(0.0, self.ended - self.started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The credits of several runs."""

    planned: float
    spent: float
    held: float
    saved_by_duplicates: float
    saved_by_stored: float
    saved_by_recording: float

    @classmethod
    def of(cls, runs: Sequence[RunFacts]) -> "Costs":
        """Add up the credits of the runs."""
        return cls(
            planned=float(sum(run.planned for run in runs)),
            spent=float(sum(run.spent for run in runs)),
            held=float(sum(run.held for run in runs)),
            saved_by_duplicates=float(sum(run.saved_by_duplicates or 0 for run in runs)),
            saved_by_stored=float(sum(run.saved_by_stored or 0 for run in runs)),
            saved_by_recording=float(sum(run.saved_by_recording or 0 for run in runs)),
        )


def read_run_facts(journal: Journal, runs: Iterable[str]) -> list[RunFacts]:
    """Read the facts of runs; a run that the journal does not know is left out."""
    return [_read(journal, row) for run in runs for row in journal.queries.runs(run)]


def _read(journal: Journal, row: dict[str, Any]) -> RunFacts:
    recorded = journal.queries.call(row["id"])
    call = None if recorded is None else read_call(recorded)
    planned = None if call is None else call.planned
    facts = {
        name: row[name]
        for name in ("provider", "kind", "status", "started", "ended", "library", "rows")
    }
    if call is not None:
        facts |= {"version": call.version, "realm": call.realm, "as_of": call.as_of}
        facts |= {"options": call.options}
    if planned is not None:
        facts |= {
            "saved_by_duplicates": planned.saved_by_duplicates,
            "saved_by_stored": planned.saved_by_stored,
            "saved_by_recording": planned.saved_by_recording,
        }
    return RunFacts(
        **facts,
        run=row["id"],
        identities=row["identities"],
        planned=row["credits_planned"],
        spent=row["credits"],
        held=row["credits_held"],
        budget=row["budget"],
        requests=journal.queries.requests(row["id"]),
    )


def _timestamp(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(seconds, unit="s", tz="UTC")


def runs_table(runs: Sequence[RunFacts]) -> pd.DataFrame:
    """Return one row for each run."""
    rows = [
        {
            "run": one.run,
            "provider": one.provider,
            "api_version": one.version or None,
            "status": one.status,
            "started": _timestamp(one.started),
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
            "as_of": None if one.as_of is None else _timestamp(one.as_of),
        }
        for one in runs
    ]
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS)).astype(RUN_COLUMNS)


def requests_table(runs: Sequence[RunFacts]) -> pd.DataFrame:
    """Return one row for each run and outcome of its requests."""
    rows = [{"run": one.run, **of} for one in runs for of in one.requests]
    return pd.DataFrame(rows, columns=list(REQUEST_COLUMNS)).astype(REQUEST_COLUMNS)


def find_runs(journal: Journal, kind: Kind, answers: pd.DataFrame) -> pd.DataFrame:
    """Add the run that returned each answer, found by its ``provider`` and ``fetched_at``.

    Times are compared by the millisecond, because a spreadsheet keeps no more.
    """
    stored = pd.DataFrame(journal.queries.sources(kind), columns=["provider", "fetched", "run"])
    stored["at"] = (stored.pop("fetched").astype("float64") * 1000).round().astype("int64")
    wanted = answers.assign(at=_milliseconds(answers["fetched_at"]))
    runs = stored.drop_duplicates(["provider", "at"])
    return wanted.merge(runs, on=["provider", "at"], how="left").drop(columns="at")


def _milliseconds(times: "pd.Series[Any]") -> "pd.Series[Any]":
    return (times.astype("datetime64[us, UTC]").astype("int64") / 1000).round().astype("int64")
