"""The account of a cascade: coverage, cost and lift of each provider, and the disagreements."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from enrich_pandas.frame.distinct import Codes
from enrich_pandas.frame.schema import TEXT
from enrich_pandas.report.report import Waterfall
from enrich_pandas.waterfall.cascade import Cascade, Cost, Terms
from enrich_pandas.waterfall.groups import Groups
from enrich_pandas.waterfall.merge import Difference, Merged

NOTHING = Cost(0.0, 0.0)


def tables_of(
    frame: pd.DataFrame, terms: Terms, groups: Groups, cascade: Cascade, merged: list[Merged]
) -> Waterfall:
    """Make the tables of what has arrived so far."""
    fields = _fields(terms, groups, merged)
    return Waterfall(
        _providers(terms, groups, cascade, merged, fields),
        fields,
        _disagreements(frame, groups.codes, merged),
    )


def _providers(
    terms: Terms, groups: Groups, cascade: Cascade, merged: list[Merged], fields: pd.DataFrame
) -> pd.DataFrame:
    names, rows = terms.names, groups.rows.tolist()
    asked = {one.name: one.stage.asked for one in cascade.asked}
    costs = dict(zip(names, cascade.costs(), strict=False))
    runs = dict(zip(names, cascade.runs, strict=False))
    matched, alone = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for known, count in zip(merged, rows, strict=True):
        for name in known.matched:
            matched[name] += count
            alone[name] += count if len(known.matched) == 1 else 0
    values = fields.groupby("provider")[["kept", "added"]].sum().reindex(names, fill_value=0)
    table = pd.DataFrame(
        {
            "provider": _text(names),
            "asked": [asked.get(name, 0) for name in names],
            "matched": list(matched.values()),
            "coverage": pd.array([None] * len(names), dtype="Float64"),
            "rows_added": list(alone.values()),
            "values": values["kept"].to_numpy(),
            "values_added": values["added"].to_numpy(),
            "credits": [costs.get(name, NOTHING).spent for name in names],
            "credits_held": [costs.get(name, NOTHING).held for name in names],
            "run": _text([runs.get(name) for name in names]),
        }
    )
    is_asked = table["asked"] > 0
    shares = table["matched"][is_asked] / table["asked"][is_asked]
    table.loc[is_asked, "coverage"] = shares
    return table


def _fields(terms: Terms, groups: Groups, merged: list[Merged]) -> pd.DataFrame:
    names = [field.name for field in terms.output.fields]
    zeros = [(provider, name) for provider in terms.names for name in names]
    gave, kept, added = (dict.fromkeys(zeros, 0) for _ in range(3))
    for known, count in zip(merged, groups.rows.tolist(), strict=True):
        for name, givers in known.given.items():
            for provider in givers:
                gave[provider, name] += count
            kept[known.sources[name], name] += count
            added[known.sources[name], name] += count if len(givers) == 1 else 0
    return pd.DataFrame(
        {
            "provider": _text([provider for provider, _ in zeros]),
            "field": _text([name for _, name in zeros]),
            "gave": pd.array(list(gave.values()), dtype="Int64"),
            "kept": pd.array(list(kept.values()), dtype="Int64"),
            "added": pd.array(list(added.values()), dtype="Int64"),
        }
    )


def _disagreements(frame: pd.DataFrame, codes: Codes, merged: list[Merged]) -> pd.DataFrame:
    found: list[tuple[int, Difference]] = [
        (row, difference)
        for row, code in enumerate(codes.tolist())
        for difference in merged[code].differences
    ]
    rows = [row for row, _ in found]
    texts = {
        "field": [d.field for _, d in found],
        "provider": [d.provider for _, d in found],
        "value": [str(d.value) for _, d in found],
        "other_provider": [d.other for _, d in found],
        "other_value": [str(d.other_value) for _, d in found],
    }
    columns = {name: _text(values) for name, values in texts.items()}
    row = pd.array(rows, dtype="Int64")
    return pd.DataFrame({"row": row, **columns}, index=frame.index.take(rows))


def _text(values: Sequence[str | None]) -> Any:
    dtype: Any = TEXT
    return pd.array(values, dtype=dtype)
