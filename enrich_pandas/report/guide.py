"""The page that ``df.enrich`` shows by itself: what the frame holds and what can be done."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.page import Line, Lines, Page, format_value
from enrich_pandas.report.summary import find_prefixes, result_columns

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}


def guide(frame: pd.DataFrame, calls: Sequence[tuple[str, str]]) -> Page:
    """Say what is in a frame and what can be done with it; nothing is sent."""
    size = f"{len(frame):,} rows, {frame.shape[1]:,} columns"
    results = find_prefixes(frame)
    found = [*_found(frame, results), *(_result(frame, prefix) for prefix in results)]
    steps = [Line(call, "", meaning) for call, meaning in calls]
    return Page(f"df.enrich: {size}", [Lines(found), Lines(steps, "what can be done here")])


def _found(frame: pd.DataFrame, results: list[str]) -> Iterator[Line]:
    labels = list(frame.columns)
    own = [label for label in labels if str(label).startswith(tuple(results))] if results else []
    for kind, names in NAMES.items():
        try:
            columns = find_columns(frame, names, ignore=own)
        except InputError as error:
            yield Line(kind, "", str(error.what))
        else:
            told = (f"{name} from {format_value(repr(of))}" for name, of in columns.chosen.items())
            yield Line(kind, "", f"by {', '.join(told)}")


def _result(frame: pd.DataFrame, prefix: str) -> Line:
    status = result_columns(frame, prefix)["status"]
    matched = int((status == "matched").sum())
    return Line("result", "", f"{prefix}…: {matched:,} of {len(frame):,} rows matched")
