"""Options of the library, for the whole process."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from enrich_pandas.errors import ConfigurationError


@dataclass(slots=True)
class Options:
    """What holds for every call.

    Attributes
    ----------
    confirm_above : float
        Credits. A live call whose maximum is above this and that names no ``budget`` raises
        BudgetError with its plan, so that nobody spends a fortune by a typing error.
    retention : str
        How long answers are kept in the journal, such as ``"90D"``; older ones are deleted, and
        what is asked for again is then bought again. Rows that are ``held`` stay. What a process
        that died has left unread is held then, and not before a day has passed.
    shared_folder : str or None
        Where answers lie while Dask's workers join them to their rows: a folder that all of them
        can read. None is the system's temporary folder, which serves workers of this machine.
        What lies there is deleted when the process ends.
    check_balance : bool
        Whether a call of several requests first asks the vendor, for nothing, what is left on the
        account, where the vendor documents how. A call that may cost more warns; with nothing left
        it raises QuotaError before it spends.
    """

    confirm_above: float = 1000.0
    retention: str = "90D"
    shared_folder: str | None = None
    check_balance: bool = True


options = Options()


def read_max_age(given: str | timedelta) -> float:
    """Return the age of the oldest answer to use; older ones than are kept there are none."""
    age = _seconds(given, "max_age")
    if age > retention_seconds():
        raise ConfigurationError(
            f"max_age={given!r} is more than the {options.retention} that answers are kept.",
            cost="Nothing was spent.",
            todo=f"Type ep.options.retention = {given!r} first, or a shorter max_age.",
        )
    return age


def retention_seconds() -> float:
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
