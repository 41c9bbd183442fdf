"""The options of the process, and the durations that users type."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from enrich_pandas.errors import ConfigurationError


@dataclass(slots=True)
class Options:
    """Options that apply to every call in the process.

    Attributes
    ----------
    confirm_above : float
        Credits, 1000 by default. A live call without a ``budget`` raises BudgetError if it can
        cost more. This guards against spending a large amount by mistake.
    retention : str
        How long answers stay in the journal, ``"90D"`` by default. Older answers are deleted, and
        requesting them again costs again. Rows that are ``held`` stay. Answers that a process left
        unparsed when it died become ``held`` then, but not before a day has passed.
    shared_folder : str or None
        A folder that all Dask workers can read, for the answers that they join to their rows.
        None, the default, is the system's temporary folder, for workers on this machine. The
        files are deleted when the process ends.
    check_balance : bool
        Whether a call of several requests first reads the balance of the account, if the vendor
        documents a free way. A call that can cost more than the balance warns, and a balance of
        zero raises QuotaError before anything is spent.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> ep.options.confirm_above
    1000.0
    """

    confirm_above: float = 1000.0
    retention: str = "90D"
    shared_folder: str | None = None
    check_balance: bool = True


options: Options = Options()


def read_max_age(given: str | timedelta) -> float:
    """Return ``max_age=`` in seconds.

    Raises
    ------
    ConfigurationError
        It is not a valid duration, or is longer than answers are stored.
    """
    age = _seconds(given, "max_age")
    if age > retention_seconds():
        raise ConfigurationError(
            f"max_age={given!r} is longer than answers are stored ({options.retention}).",
            todo=f"Set ep.options.retention = {given!r} first, or use a shorter max_age.",
        )
    return age


def retention_seconds() -> float:
    """Return how long answers are stored, in seconds."""
    return _seconds(options.retention, "ep.options.retention")


def _seconds(duration: Any, name: str) -> float:
    """Return a duration, which a user has typed, in seconds."""
    import pandas as pd

    # pandas reads a number without a unit as nanoseconds.
    is_bare = isinstance(duration, str) and re.fullmatch(r"[\s\d.+-]*", duration)
    if isinstance(duration, str | timedelta) and not is_bare:
        with suppress(ValueError):
            if (found := pd.Timedelta(duration).total_seconds()) >= 0:
                return found
    raise ConfigurationError(
        f"{name}={duration!r} is not a valid duration.",
        todo="Use for example '90D', '12h' or '0D'.",
    )
