"""The door: ``DataFrame.enrich`` forwards to the functions and holds no state."""

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from enrich_pandas import api
from enrich_pandas.api import On, Providers

if TYPE_CHECKING:
    from enrich_pandas.engine.budget import Budget
    from enrich_pandas.progress import Hook
    from enrich_pandas.report.plan import Plan
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
        from enrich_pandas.report.guide import guide
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
    ) -> "Plan":
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
