"""``DataFrame.enrich``: forwards to the functions of `api` and holds no state."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import pandas as pd

from enrich_pandas import api

if TYPE_CHECKING:
    from enrich_pandas.report import Report

P = ParamSpec("P")
R = TypeVar("R")

NAME = "enrich"
CALLS = (
    ("df.enrich.plan(provider)", "what a call would request and cost; free, nothing is sent"),
    ("df.enrich.people(provider)", "the same rows, with columns about each person"),
    ("df.enrich.companies(provider)", "the same rows, with columns about each company"),
    ("df.enrich.report()", "of a result: counts, credits, and why rows are not matched"),
    ("with ep.sandbox(): …", "the same calls with made-up people; no key, no cost"),
    ('ep.fields("people")', "the fields to choose from with fields=; the standard ones by default"),
    ("ep.list_providers()", "the providers; several are requested in the given order"),
    ("ep.runs()", "past runs and what each cost"),
)


def _method(
    function: Callable[Concatenate[pd.DataFrame, P], R],
) -> "Callable[Concatenate[Enrich, P], R]":
    """Return a function as a method: its first argument is the accessor's frame."""

    @functools.wraps(function)
    def method(self: "Enrich", /, *args: P.args, **keywords: P.kwargs) -> R:
        return function(self._frame, *args, **keywords)

    signature = inspect.signature(function)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    rest = list(signature.parameters.values())[1:]
    method.__dict__["__signature__"] = signature.replace(parameters=[itself, *rest])
    return method


class Enrich:
    """Enrich a frame: ``.plan(provider)`` shows the cost, ``.people(provider)`` does it.

    `enrich_pandas.people`, `enrich_pandas.companies` and `enrich_pandas.plan` document the
    arguments.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        # No check here: pandas reports an AttributeError as a missing accessor, and completion,
        # which makes an accessor, must not fail or cost anything.
        self._frame = frame

    def __repr__(self) -> str:
        width = max(len(call) for call, _ in CALLS)
        return "\n".join(f"{call:<{width}}  {meaning}" for call, meaning in CALLS)

    def _repr_html_(self) -> str:
        from enrich_pandas.report.plan import guide
        from enrich_pandas.report.render import as_html

        return as_html(guide(self._frame, CALLS))

    people = _method(api.people)
    companies = _method(api.companies)
    plan = _method(api.plan)

    def report(self, *, prefix: str | None = None) -> "Report":
        """Return the report on this result: counts, fill rates, credits, reasons, provenance.

        Parameters
        ----------
        prefix : str, optional
            Prefix of the result's columns if the frame has several results, such as
            ``"company_"``.

        Returns
        -------
        Report
            A page in a notebook, with ``.to_html(path)``, ``.to_frame()``, ``.plot()``, and its
            figures as attributes. `enrich_pandas.report_on` documents it.

        Raises
        ------
        InputError
            The frame has no result, or has several and no ``prefix`` was given.
        """
        from enrich_pandas.report.provenance import report_on

        return report_on(self._frame, prefix=prefix)


def register() -> None:
    """Register ``DataFrame.enrich``; warn if another package has registered the name."""
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
