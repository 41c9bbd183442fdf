"""The door: ``DataFrame.enrich`` forwards to the functions and holds no state."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from enrich_pandas import api
from enrich_pandas.api import On, Providers
from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.page import Line, Lines, Page, shown
from enrich_pandas.report.summary import columns_of, prefixes

if TYPE_CHECKING:
    from enrich_pandas.engine.budget import Budget
    from enrich_pandas.progress import Hook
    from enrich_pandas.report.plan import Plan, WaterfallPlan
    from enrich_pandas.report.report import Report

NAME = "enrich"
CALLS = (
    ("df.enrich.plan(provider)", "what a call would do and cost; free, no request is made"),
    ("df.enrich.people(provider)", "the same rows, with what is known of each person"),
    ("df.enrich.companies(provider)", "the same, of each company"),
    ("df.enrich.report()", "of a result: how it went, what it cost, why rows are not matched"),
    ("with ep.sandbox(): …", "the same calls with made-up people; no key, no cost"),
    ("ep.list_providers()", "who can be asked; a list of them is asked in order"),
    ("ep.runs()", "past runs and what each cost"),
)


class Enrich:
    """Enrich this frame: ``.plan(provider)`` tells what it costs, ``.people(provider)`` does it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        # No check here: pandas would turn an AttributeError into "no such accessor", and looking
        # at an accessor, as completion does, must neither fail nor cost anything.
        self._frame = frame

    def __repr__(self) -> str:
        width = max(len(call) for call, _ in CALLS)
        return "\n".join(f"{call:<{width}}  {meaning}" for call, meaning in CALLS)

    def _repr_html_(self) -> str:
        from enrich_pandas.report.render import as_html

        return as_html(guide(self._frame, CALLS))

    def people(
        self,
        provider: Providers = "crustdata",
        *,
        on: On = None,
        fields: Sequence[str] | None = None,
        layout: Literal["wide", "nested", "tables"] = "wide",
        max_items: int = 3,
        prefix: str | None = None,
        where: Any = None,
        budget: "float | Budget | None" = None,
        max_age: str = "90D",
        errors: Literal["coerce", "raise"] = "coerce",
        sources: bool = False,
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Enrich this frame of people; everything is told at `enrich_pandas.people`."""
        return api.people(
            self._frame,
            provider,
            on=on,
            fields=fields,
            layout=layout,
            max_items=max_items,
            prefix=prefix,
            where=where,
            budget=budget,
            max_age=max_age,
            errors=errors,
            sources=sources,
            progress=progress,
            wait=wait,
        )

    def companies(
        self,
        provider: Providers = "crustdata",
        *,
        on: On = None,
        fields: Sequence[str] | None = None,
        layout: Literal["wide", "nested", "tables"] = "wide",
        max_items: int = 3,
        prefix: str | None = None,
        where: Any = None,
        budget: "float | Budget | None" = None,
        max_age: str = "90D",
        errors: Literal["coerce", "raise"] = "coerce",
        sources: bool = False,
        progress: "str | Hook | None" = "auto",
        wait: bool = True,
    ) -> Any:
        """Enrich this frame of companies; everything is told at `enrich_pandas.companies`."""
        return api.companies(
            self._frame,
            provider,
            on=on,
            fields=fields,
            layout=layout,
            max_items=max_items,
            prefix=prefix,
            where=where,
            budget=budget,
            max_age=max_age,
            errors=errors,
            sources=sources,
            progress=progress,
            wait=wait,
        )

    def plan(
        self,
        provider: Providers = "crustdata",
        *,
        kind: Literal["people", "companies"] = "people",
        on: On = None,
        fields: Sequence[str] | None = None,
        where: Any = None,
        max_age: str = "90D",
        errors: Literal["coerce", "raise"] = "coerce",
    ) -> "Plan | WaterfallPlan":
        """Tell what a call would do and cost; everything is told at `enrich_pandas.plan`."""
        return api.plan(
            self._frame,
            provider,
            kind=kind,
            on=on,
            fields=fields,
            where=where,
            max_age=max_age,
            errors=errors,
        )

    def report(self, *, prefix: str | None = None) -> "Report":
        """Report on this result: counts, filled fields, money, reasons with their rows, provenance.

        Parameters
        ----------
        prefix : str, optional
            Of the result's columns, where the frame has several, such as ``"company_"``.

        Returns
        -------
        Report
            A page in a notebook; ``.to_html(path)``, ``.to_frame()``, ``.plot()``, and its figures
            as attributes. Everything is told at `enrich_pandas.report_on`.

        Raises
        ------
        InputError
            The frame holds no result, or several.
        """
        from enrich_pandas.report.provenance import report_on

        return report_on(self._frame, prefix=prefix)


# In a notebook, `df.enrich.people?` shows the whole page.
for _name in ("people", "companies", "plan"):
    getattr(Enrich, _name).__doc__ = getattr(api, _name).__doc__


def register() -> None:
    """Register ``DataFrame.enrich``; say so where another package has taken the name."""
    other = getattr(pd.DataFrame, NAME, None)
    if other is not None and not other.__module__.startswith("enrich_pandas"):
        warnings.warn(
            f"DataFrame.{NAME} was registered by {other.__module__} and is now enrich_pandas'; "
            "ep.people(df, …) and ep.plan(df, …) work in either case.",
            UserWarning,
            stacklevel=3,
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # pandas' own, less clear
        pd.api.extensions.register_dataframe_accessor(NAME)(Enrich)


# -- What can be done with a frame: what ``df.enrich`` by itself shows ---------------------------

NAMES: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain", "company"),
}


def guide(frame: pd.DataFrame, calls: Sequence[tuple[str, str]]) -> Page:
    """Say what is in a frame and what can be done with it; nothing is sent."""
    size = f"{len(frame):,} rows, {frame.shape[1]:,} columns"
    results = prefixes(frame)
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
            told = (f"{name} from {shown(repr(of))}" for name, of in columns.chosen.items())
            yield Line(kind, "", f"by {', '.join(told)}")


def _result(frame: pd.DataFrame, prefix: str) -> Line:
    status = columns_of(frame, prefix)["status"]
    matched = int((status == "matched").sum())
    return Line("result", "", f"{prefix}…: {matched:,} of {len(frame):,} rows matched")
