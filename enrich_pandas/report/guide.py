"""The page that ``df.enrich`` shows: the columns and results of the frame, and what to call."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.page import Line, Lines, Page, format_value
from enrich_pandas.report.summary import find_prefixes, result_columns
from enrich_pandas.statuses import Status

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}


def guide(frame: pd.DataFrame, calls: Sequence[tuple[str, str]]) -> Page:
    """Return the page for a frame; ``calls`` are what can be typed, each with its meaning."""
    size = f"{len(frame):,} rows, {frame.shape[1]:,} columns"
    results = find_prefixes(frame)
    lines = [*_column_lines(frame, results), *(_result_line(frame, name) for name in results)]
    steps = [Line(call, "", meaning) for call, meaning in calls]
    return Page(f"df.enrich: {size}", [Lines(lines), Lines(steps, "Methods and functions")])


def _column_lines(frame: pd.DataFrame, results: list[str]) -> Iterator[Line]:
    """Yield the columns that identify people and companies, other than those of a result."""
    labels = list(frame.columns)
    own = [label for label in labels if str(label).startswith(tuple(results))] if results else []
    for kind, names in NAMES.items():
        try:
            columns = find_columns(frame, names, ignore=own)
        except InputError as error:
            yield Line(kind.capitalize(), "", str(error.what))
        else:
            chosen = columns.chosen.items()
            found = [f"{name} from {format_value(repr(label))}" for name, label in chosen]
            yield Line(kind.capitalize(), "", f"by {', '.join(found)}")


def _result_line(frame: pd.DataFrame, prefix: str) -> Line:
    status = result_columns(frame, prefix)["status"]
    matched = int((status == Status.MATCHED).sum())
    return Line("Result", "", f"{prefix}…: {matched:,} of {len(frame):,} rows matched")
