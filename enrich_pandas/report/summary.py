"""Summaries: what came of a call, as plain values. Nothing here makes text or asks the journal."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.engine.context import REPLAY, RecordedCall, read_call
from enrich_pandas.frame.output import Tables, text_of
from enrich_pandas.frame.schema import (
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
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.page import LABELS

MODELS: Mapping[Kind, type[Part]] = {"people": Person, "companies": Company}
# Those of which something is to be decided or done come first.
URGENT = (Status.HELD, Status.FAILED, Status.PENDING)
# Those about whom a vendor was asked, or would have been but for an older answer.
SENT = frozenset(
    {Status.MATCHED, Status.NOT_FOUND, Status.REMOVED, Status.PENDING, Status.HELD, Status.FAILED}
)

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
    """The answers of one provider in a frame: how many rows, the oldest and the newest."""

    provider: str
    rows: int
    first: pd.Timestamp
    last: pd.Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of a call, by the rows of its frame.

    Attributes
    ----------
    unit
        What is counted: rows, or the people or companies of a past run.
    counts
        Rows of each status that occurs, in the order of the statuses.
    filled
        For each field that the frame has, the matched rows with a value.
    reasons
        Every status and reason but a plain match.
    fetched
        Whose the answers are.
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
        """Rows that are matched."""
        return self.counts.get(Status.MATCHED, 0)

    @property
    def sent(self) -> int:
        """Rows about which a vendor was asked, now or for an older answer."""
        return sum(rows for status, rows in self.counts.items() if status in SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What the journal tells of one run: whom it asked, when, at what cost, and how it was called.

    Credits are those planned at most, spent, and held (may have been spent; nobody can say).
    ``saved_…`` is the most that it would have cost besides; None where that was not kept.
    Those of a replay are the recording's, which began ``as_of``; it spends nothing itself.
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
    made_by: str = ""
    options: Mapping[str, Any] | None = None
    saved_by_duplicates: float | None = None
    saved_by_stored: float | None = None
    saved_by_recording: float | None = None
    as_of: float | None = None
    refused: Mapping[tuple[str, str], int] = field(default_factory=dict)
    requests: Sequence[Mapping[str, Any]] = ()

    @property
    def is_replay(self) -> bool:
        """Whether a recording gave its answers, and nothing was spent."""
        return self.realm.startswith(REPLAY)

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on, and where it died."""
        return None if self.ended is None else max(0.0, self.ended - self.started)


def summarize(result: pd.DataFrame | Tables, kind: Kind, prefix: str, *, unit: str = "") -> Summary:
    """Summarise a result: the frame with its new columns, or the linked tables."""
    frame = result[kind] if isinstance(result, Tables) else result
    columns = result_columns(frame, prefix)
    status = columns["status"].astype("object").where(columns["status"].notna(), None)
    is_matched = (status == Status.MATCHED).to_numpy(dtype=bool)
    filled = dict(_filled(columns, MODELS[kind], is_matched))
    if isinstance(result, Tables):
        filled |= _items(result, kind, prefix)
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
    names = [text_of(label) for label in frame.columns]
    return {
        name.removeprefix(prefix): frame.iloc[:, place]
        for place, name in enumerate(names)
        if name.startswith(prefix)
    }


def find_prefixes(frame: pd.DataFrame) -> list[str]:
    """Return the prefixes under which a frame has the row columns of a result."""
    names = {text_of(label) for label in frame.columns}
    found = (name.removesuffix("status") for name in names if name.endswith("status"))
    return sorted(prefix for prefix in found if {prefix + name for name in ROW_COLUMNS} <= names)


def infer_kind(frame: pd.DataFrame, prefix: str) -> Kind:
    """Tell people from companies by the columns."""
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
    order = [*URGENT, *(status for status in Status if status not in URGENT)]
    groups: Mapping[Any, Any] = found.groupby(["status", "reason"], sort=False).indices
    reasons = [
        Reason(Status(of), str(why), len(rows), list(status.index[places[np.sort(rows)[:LABELS]]]))
        for (of, why), rows in groups.items()
        if of in order
    ]
    return sorted(reasons, key=lambda one: (order.index(one.status), -one.rows, one.reason))


def _filled(
    columns: Columns, model: type[Part], is_matched: "np.ndarray[Any, Any]"
) -> Iterator[tuple[str, int]]:
    for of in fields_of(model):
        masks = [mask for mask in _masks(of, columns) if mask is not None]
        if masks:
            yield of.name, int((np.logical_or.reduce(masks) & is_matched).sum())


def _masks(of: Field, columns: Columns) -> Iterator["np.ndarray[Any, Any] | None"]:
    """Yield where each column of a field has a value."""
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


def _items(tables: Tables, kind: Kind, prefix: str) -> dict[str, int]:
    row = f"{prefix}row"
    lists = (of for of in fields_of(MODELS[kind]) if of.shape == "list" and of.name in tables)
    return {of.name: int(tables[of.name][row].nunique()) for of in lists}


def _fetched(columns: Columns) -> Iterator[Fetched]:
    times = pd.to_datetime(columns["fetched_at"], utc=True, errors="coerce", format="ISO8601")
    table = pd.DataFrame({"provider": columns["provider"].array, "at": times.array}).dropna()
    for provider, at in table.groupby("provider", sort=False)["at"]:
        yield Fetched(str(provider), len(at), at.min(), at.max())


# -- What the journal tells of the runs behind a result ------------------------------------------

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


def read_run_facts(journal: Journal, runs: Iterable[str]) -> list[RunFacts]:
    """Read the accounts of some runs; one that the journal does not have is left out."""
    return [build_run_facts(journal, facts) for run in runs for facts in journal.queries.runs(run)]


def build_run_facts(journal: Journal, facts: dict[str, Any]) -> RunFacts:
    """Make the account of a run from its row in the journal."""
    raw = journal.queries.call(facts["id"])
    call = None if raw is None else read_call(raw)
    return RunFacts(
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
        requests=journal.queries.requests(facts["id"]),
        **({} if call is None else _called(call)),
    )


def _called(call: RecordedCall) -> dict[str, Any]:
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


def runs_table(found: Sequence[RunFacts]) -> pd.DataFrame:
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


def requests_table(found: Sequence[RunFacts]) -> pd.DataFrame:
    """Return a row for each run and outcome of its requests."""
    columns = {**REQUEST_COLUMNS, "credits": "Float64"}
    rows = [{"run": one.run, **of} for one in found for of in one.requests]
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def behind(journal: Journal, kind: Kind, answers: pd.DataFrame) -> pd.DataFrame:
    """Find the run that gave each answer, by its ``provider`` and ``fetched_at``.

    A spreadsheet keeps milliseconds of a time, so that is what has to agree.
    """
    stored = pd.DataFrame(journal.queries.sources(kind), columns=["provider", "fetched", "run"])
    stored["at"] = (stored.pop("fetched").astype("float64") * 1000).round().astype("int64")
    wanted = answers.assign(at=_milliseconds(answers["fetched_at"]))
    runs = stored.drop_duplicates(["provider", "at"])
    return wanted.merge(runs, on=["provider", "at"], how="left").drop(columns="at")


def _milliseconds(times: "pd.Series[Any]") -> "pd.Series[Any]":
    return (times.astype("datetime64[us, UTC]").astype("int64") / 1000).round().astype("int64")
