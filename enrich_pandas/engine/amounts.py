"""Amounts that a call names: a budget, and lengths of time."""

import re
from contextlib import suppress
from datetime import timedelta

import pandas as pd

from enrich_pandas.engine.budget import Budget
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.options import options


def age_in(given: str | timedelta) -> float:
    """Return the age of the oldest answer to use; older ones than are kept there are none."""
    age = _seconds(given, "max_age")
    if age > retention():
        raise ConfigurationError(
            f"max_age={given!r} is more than the {options.retention} that answers are kept.",
            cost="Nothing was spent.",
            todo=f"Type ep.options.retention = {given!r} first, or a shorter max_age.",
        )
    return age


def retention() -> float:
    """Return how long answers are kept, in seconds."""
    return _seconds(options.retention, "ep.options.retention")


def _seconds(length: str | timedelta, name: str) -> float:
    """Return a length of time in seconds; pandas would take a bare number for nanoseconds."""
    is_bare = isinstance(length, str) and re.fullmatch(r"[\s\d.+-]*", length)
    if isinstance(length, str | timedelta) and not is_bare:
        with suppress(ValueError):
            if (found := pd.Timedelta(length).total_seconds()) >= 0:
                return found
    raise ConfigurationError(
        f"{name}={length!r} is no length of time.",
        cost="Nothing was spent.",
        todo="Write '90D', '12h' or '0D'.",
    )


def budget_in(given: float | Budget | None) -> Budget | None:
    """Return a budget as the one type that the journal takes."""
    if given is None:
        return None
    budget = given if isinstance(given, Budget) else Budget(given)
    with suppress(TypeError, ValueError):
        if (credits_ := float(budget.credits)) >= 0 and isinstance(budget.name, str):
            budget.name.encode()  # as the journal will: a lone surrogate is a ValueError
            return Budget(credits_, budget.name)
    raise ConfigurationError(
        f"budget={given!r} is no number of credits.",
        cost="Nothing was spent.",
        todo="Write a number, 0 or more, ep.Budget(number, 'name'), or None for no limit.",
    )
