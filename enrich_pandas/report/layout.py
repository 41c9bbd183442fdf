"""A report as a page: its sentences and tables in reading order."""

from collections.abc import Iterator, Sequence

import pandas as pd

from enrich_pandas.progress.phrases import amount
from enrich_pandas.report.page import (
    MINUTE,
    Advice,
    Block,
    Grid,
    Line,
    Lines,
    Page,
    Share,
    Shares,
    Stack,
    explain,
    format_duration,
    format_labels,
    format_percent,
    format_time,
    format_value,
    saving_lines,
)
from enrich_pandas.report.summary import Costs, RunFacts, Summary, WaterfallTables
from enrich_pandas.statuses import Status

MAX_DISAGREEMENTS = 5  # rows of the table; `report.disagreements` has all of them

Runs = Sequence[RunFacts]


def report_line(summary: Summary, runs: Runs, waterfall: WaterfallTables) -> str:
    """Return the main figures of a report in one line."""
    parts = [_matched(summary)]
    if runs:
        costs = Costs.of(runs)
        spent = f"{amount(costs.spent)} {'credit' if costs.spent == 1 else 'credits'} spent"
        recorded = " when it was recorded" if _is_replay(runs) else ""
        held = f", {amount(costs.held)} held" if costs.held else ""
        parts.append(f"{spent}{recorded}{held}")
    table = waterfall.disagreements
    if len(table):
        parts.append(f"{len(table):,} values of {table['row'].nunique():,} rows disagree")
    return "; ".join(parts)


def report_page(summary: Summary, runs: Runs, waterfall: WaterfallTables) -> Page:
    """Return a report as a page."""
    blocks: list[Block] = [
        Stack(summary.counts),
        Lines(list(_cost_lines(runs)), "Credits"),
        Lines(list(_speed_lines(runs)), "Speed"),
        _fill_rates(summary),
        _reasons(summary),
        _providers(waterfall),
        _disagreements(waterfall),
        _provenance(summary, runs),
        Advice(list(_steps(summary, runs))),
    ]
    return Page(_matched(summary), blocks, _lead(summary, runs))


def _matched(summary: Summary) -> str:
    return f"{summary.matched:,} of {summary.rows:,} {summary.unit} matched"


def _lead(summary: Summary, runs: Runs) -> str:
    names = dict.fromkeys(one.provider for one in runs or summary.fetched)
    lead = f"{summary.kind.capitalize()} from {', '.join(names)}" if names else summary.kind
    if _is_replay(runs):
        dates = [run.as_of for run in runs if run.as_of is not None]
        as_of = f" of {format_time(min(dates))}" if dates else ""
        lead += f", replayed from a recording{as_of}"
    if summary.match_rate is not None:
        rate = format_percent(summary.match_rate)
        lead += f". Match rate: {rate} of {summary.sent:,} requested {summary.unit}"
    return lead


def _is_replay(runs: Runs) -> bool:
    return bool(runs) and all(run.is_replay for run in runs)


def _cost_lines(runs: Runs) -> Iterator[Line]:
    if not runs:
        yield Line("", "", "Unknown: no run in this journal returned these answers.")
        return
    costs, is_replay = Costs.of(runs), _is_replay(runs)
    maximum = f"of at most {amount(costs.planned)}"
    if is_replay:
        yield Line("Spent", "0", "a replay spends nothing")
        yield Line("Recorded", amount(costs.spent), f"{maximum}, spent by the recording")
    else:
        yield Line("Spent", amount(costs.spent), maximum)
    if costs.held:
        text = "charged or not: the answers were lost, and only the vendor knows"
        yield Line("Held", amount(costs.held), text)
    yield from saving_lines(
        costs.saved_by_duplicates, costs.saved_by_stored, costs.saved_by_recording
    )
    budgets = [run.budget for run in runs if run.budget is not None]
    if budgets:
        yield Line("Budget", amount(max(budgets)))


def _speed_lines(runs: Runs) -> Iterator[Line]:
    for run in runs:
        requests = sum(of["requests"] for of in run.requests)
        if run.seconds is None or not requests or run.is_replay:
            continue
        rate = run.identities / run.seconds if run.seconds else 0.0
        duration = _seconds(run.seconds)
        text = f"{run.kind} in {duration}, {rate:,.1f} a second; {requests:,} requests"
        yield Line(run.provider, f"{run.identities:,}", text)


def _seconds(seconds: float) -> str:
    return format_duration(seconds) if seconds >= 1 else f"{seconds:.1f} s"


def _fill_rates(summary: Summary) -> Shares:
    matched = summary.matched
    if not matched:
        return Shares("", [])
    filled = summary.filled.items()
    shares = [Share(name, n / matched, f"{n:,}") for name, n in filled if n]
    empty = [name for name, n in filled if not n]
    rest = f"Without a value: {', '.join(empty)}" if empty else ""
    return Shares(f"Fill rate of {matched:,} matched {summary.unit}", shares, rest)


def _reasons(summary: Summary) -> Grid:
    rows = [
        [
            one.status.label,
            format_value(one.reason),
            f"{one.rows:,}",
            format_labels(one.labels, one.rows),
            explain(one.status, one.reason),
        ]
        for one in summary.reasons
    ]
    columns = ["Status", "Reason", "Rows", "Examples", "Explanation"]
    return Grid("Not matched", columns, rows, ["Rows"], html_only=["Explanation"])


def _providers(waterfall: WaterfallTables) -> Grid:
    columns = ["Provider", "Rows", "Matched", "Coverage", "Lift", "Values", "Credits", "Held"]
    rows = [
        [
            format_value(one["provider"]),
            f"{one['asked']:,}",
            f"{one['matched']:,}",
            "" if pd.isna(one["coverage"]) else format_percent(one["coverage"]),
            f"{one['rows_added']:,}",
            f"{one['values']:,}",
            amount(one["credits"]),
            amount(one["credits_held"]),
        ]
        for one in waterfall.providers.to_dict("records")
    ]
    rest = "Lift: rows that no other provider matched"
    return Grid("Providers in order", columns, rows, columns[1:], rest)


def _disagreements(waterfall: WaterfallTables) -> Grid:
    table = waterfall.disagreements
    shown = table[:MAX_DISAGREEMENTS]
    rows = [
        [
            format_value(label),
            field,
            f"{format_value(value)} ({provider})",
            f"{format_value(other_value)} ({other})",
        ]
        for label, (_, field, provider, value, other, other_value) in zip(
            shown.index, shown.itertuples(index=False, name=None), strict=True
        )
    ]
    more = len(table) - len(rows)
    rest = f"{more:,} more in report.disagreements" if more else ""
    return Grid("Disagreements", ["Row", "Field", "Kept", "Other"], rows, rest=rest)


def _provenance(summary: Summary, runs: Runs) -> Grid:
    spans = [
        f"{one.rows:,} {summary.unit} from {format_value(one.provider)}, fetched "
        + _span(one.first.strftime(MINUTE), one.last.strftime(MINUTE))
        for one in summary.fetched
    ]
    if not runs:
        return Grid("Provenance", ["Answers"], [[span] for span in spans])
    columns = ["Provider", "API version", "Run", "Started", "Status", "enrich_pandas"]
    return Grid("Provenance", columns, list(map(_origin, runs)), rest="; ".join(spans))


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _origin(run: RunFacts) -> list[str]:
    realm = "" if run.realm == "live" else f" ({run.realm.partition(':')[0]})"
    started = format_time(run.started)
    return [run.provider + realm, run.version, run.run, started, run.status, run.library]


def _steps(summary: Summary, runs: Runs) -> Iterator[tuple[str, str]]:
    run = runs[-1].run if runs else "…"
    if summary.counts.get(Status.HELD):
        yield "See the held rows, and the maximum cost of each:", f"ep.run({run!r}).held"
    if summary.counts.get(Status.FAILED):
        yield "Request only the failed rows again:", f"ep.run({run!r}).retry()"
    if summary.counts.get(Status.PENDING):
        yield "Get the pending rows: repeat the call, or type", f"ep.run({run!r}).resume()"
    if any(one.reason == "budget" for one in summary.reasons):
        text = "The budget was too small. Repeat the call with a larger one; nothing is paid twice."
        yield text, ""
