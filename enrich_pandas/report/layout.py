"""How a report is laid out: its sentences and tables, in the order to be read."""

from collections.abc import Iterator

import pandas as pd

from enrich_pandas.progress.phrases import amount, named
from enrich_pandas.providers.base import Status
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
    date,
    duration,
    format_value,
    listed,
    percent,
)
from enrich_pandas.report.report import Report
from enrich_pandas.report.sentences import explain
from enrich_pandas.report.summary import RunFacts

FEW = 5  # disputed values that are shown


def in_a_line(report: Report) -> str:
    """Say the most important of it in a line."""
    told = [f"{report.summary.matched:,} of {_total(report)} matched", *_costs(report)]
    disputed = len(report.disagreements)
    if disputed:
        rows = report.disagreements["row"].nunique()
        told.append(f"{disputed:,} values of {rows:,} rows are disputed")
    return "; ".join(told)


def page(report: Report) -> Page:
    """Lay a report out."""
    summary = report.summary
    title = f"{summary.matched:,} of {_total(report)} matched"
    names = dict.fromkeys(one.provider for one in report.accounts or summary.fetched)
    lead = f"{summary.kind} by {', '.join(names)}" if names else summary.kind
    rate = report.match_rate
    if _is_replay(report):
        lead += f", from a recording{_as_of(report)}"
    if rate is not None:
        lead += f"; {percent(rate)} of the {summary.sent:,} {summary.unit} that were asked about"
    blocks: list[Block] = [
        Stack({str(status): rows for status, rows in summary.counts.items()}),
        Lines(list(_money(report)), "credits"),
        Lines(list(_speed(report)), "speed"),
        _fill(report),
        _reasons(report),
        _providers(report),
        *_disagreements(report),
        _provenance(report),
        Advice(list(_steps(report))),
    ]
    return Page(title, [block for block in blocks if _is_full(block)], lead)


def _is_full(block: Block) -> bool:
    return not (isinstance(block, Lines) and not block.lines) and not (
        isinstance(block, Advice) and not block.steps
    )


def _total(report: Report) -> str:
    return f"{report.summary.rows:,} {report.summary.unit}"


def _costs(report: Report) -> list[str]:
    if not report.accounts:
        return []
    spent = f"{amount(report.credits)} {_credits(report.credits)} spent"
    if _is_replay(report):
        spent += " when it was recorded"
    held = report.credits_held
    return [spent + (f", {amount(held)} held" if held else "")]


def _is_replay(report: Report) -> bool:
    """Tell whether all of it was recorded before."""
    return bool(report.accounts) and all(one.is_replay for one in report.accounts)


def _as_of(report: Report) -> str:
    dates = [one.as_of for one in report.accounts if one.as_of is not None]
    return f" as of {date(min(dates))}" if dates else ""


def _credits(number: float) -> str:
    return "credit" if number == 1 else "credits"


def _money(report: Report) -> Iterator[Line]:
    if not report.accounts:
        yield Line(
            "", "", "No run of this journal gave these answers; what they cost is not known."
        )
        return
    most = f"of at most {amount(report.credits_planned)}"
    if _is_replay(report):
        yield Line("spent", "0", "by this replay: a recording gave all answers")
        most += ", when it was recorded"
    yield Line("recorded" if _is_replay(report) else "spent", amount(report.credits), most)
    if report.credits_held:
        text = "may have been spent besides: the answer was lost, and nobody can say"
        yield Line("held", amount(report.credits_held), text)
    if report.saved_by_duplicates:
        text = "at most, by asking once about who repeats"
        yield Line("saved", amount(report.saved_by_duplicates), text)
    if report.saved_by_stored:
        yield Line("saved", amount(report.saved_by_stored), "at most, by stored answers")
    if report.saved_by_recording:
        yield Line("saved", amount(report.saved_by_recording), "at most, by the recording")
    budgets = [one.budget for one in report.accounts if one.budget is not None]
    if budgets:
        yield Line("budget", amount(max(budgets)))


def _speed(report: Report) -> Iterator[Line]:
    for one in report.accounts:
        requests = sum(of["requests"] for of in one.requests)
        if one.seconds is None or not requests or one.is_replay:
            continue
        pace = one.identities / one.seconds if one.seconds else 0.0
        name = one.provider if len(report.accounts) > 1 else ""
        text = f"{requests:,} requests in {_seconds(one.seconds)}; {pace:,.1f} a second"
        yield Line(name, f"{one.identities:,}", f"{one.kind} by {text}")


def _seconds(seconds: float) -> str:
    return duration(seconds) if seconds >= 1 else f"{seconds:.1f} s"


def _fill(report: Report) -> Shares:
    matched = report.summary.matched
    if not matched:
        return Shares("", [])
    filled = report.summary.filled.items()
    shares = [Share(name, n / matched, f"{n:,}") for name, n in filled if n]
    empty = [name for name, n in filled if not n]
    rest = f"in none of them: {', '.join(empty)}" if empty else ""
    return Shares(f"fields of the {matched:,} matched", shares, rest)


def _reasons(report: Report) -> Grid:
    rows = [
        [
            named(one.status),
            format_value(one.reason),
            f"{one.rows:,}",
            listed(one.labels, one.rows),
            explain(one.status, one.reason),
        ]
        for one in report.summary.reasons
    ]
    columns = ["status", "reason", "rows", "such as row", "why"]
    return Grid("not matched", columns, rows, ["rows"], notes=["why"])


def _providers(report: Report) -> Grid:
    columns = ["provider", "asked", "matched", "coverage", "lift", "values", "credits", "held"]
    rows = [
        [
            format_value(one["provider"]),
            f"{one['asked']:,}",
            f"{one['matched']:,}",
            "" if pd.isna(one["coverage"]) else percent(one["coverage"]),
            f"{one['rows_added']:,}",
            f"{one['values']:,}",
            amount(one["credits"]),
            amount(one["credits_held"]),
        ]
        for one in report.providers.to_dict("records")
    ]
    return Grid(
        "providers, in this order",
        columns,
        rows,
        columns[1:],
        "lift: rows that no other provider matched" if rows else "",
    )


def _disagreements(report: Report) -> Iterator[Grid]:
    table = report.disagreements
    rows = [
        [
            format_value(label),
            field,
            f"{format_value(value)} ({provider})",
            f"{format_value(other_value)} ({other})",
        ]
        for label, (_, field, provider, value, other, other_value) in zip(
            table.index[:FEW], table[:FEW].itertuples(index=False, name=None), strict=True
        )
    ]
    more = len(table) - len(rows)
    rest = f"{more:,} more: .disagreements" if more else ""
    yield Grid("disputed", ["row", "field", "kept", "other"], rows, rest=rest)


def _provenance(report: Report) -> Grid:
    columns = ["provider", "API", "run", "when", "status", "enrich_pandas"]
    rows = [_origin(one) for one in report.accounts]
    spans = [
        f"{one.rows:,} {report.summary.unit} of {format_value(one.provider)} fetched "
        + _span(one.first.strftime(MINUTE), one.last.strftime(MINUTE))
        for one in report.summary.fetched
    ]
    if not rows:
        return Grid("provenance", ["answers"], [[span] for span in spans])
    return Grid("provenance", columns, rows, rest="; ".join(spans))


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _origin(one: RunFacts) -> list[str]:
    realm = "" if one.realm == "live" else f" ({one.realm.partition(':')[0]})"
    return [one.provider + realm, one.version, one.run, date(one.started), one.status, one.library]


def _steps(report: Report) -> Iterator[tuple[str, str]]:
    counts = report.summary.counts
    run = report.accounts[-1].run if report.accounts else "…"
    if counts.get(Status.HELD):
        yield "Held rows, and the most that each may have cost:", f"ep.run({run!r}).held"
    if counts.get(Status.FAILED):
        yield "Ask again about the failed rows, and no others:", f"ep.run({run!r}).retry()"
    if counts.get(Status.PENDING):
        yield "Pending rows are taken up by the same call, or by", f"ep.run({run!r}).resume()"
    if any(one.reason == "budget" for one in report.summary.reasons):
        yield (
            "The budget was too small: repeat the call with a larger one; nothing is paid twice.",
            "",
        )
