"""Which options of `Amplemarket` are allowed; refused before anything is spent."""

import math
from typing import Any

from enrich_pandas.errors import ConfigurationError

MOST_LEADS = 10_000  # in one request; a table of the documents says 100,000, their text says this

CHOICES = {
    "api": ("bulk", "single"),
    "on_late": ("leave", "cancel"),
    "lead_key": ("linkedin_url", "linkedin_id"),
}


def check(provider: Any) -> None:
    """Raise ConfigurationError for options that are not allowed."""
    for is_wrong, what, todo in _rules(provider):
        if is_wrong:
            raise ConfigurationError(what, cost="Nothing was spent.", todo=todo)


def _rules(one: Any) -> list[tuple[bool, str, str]]:
    rows, patience, connections = one.rows_at_risk, one.patience, one.connections
    return [
        *(
            (
                getattr(one, name) not in choices,
                f"Amplemarket's {name} is {getattr(one, name)!r}.",
                f"Type {name}={choices[0]!r}, which is the default, or {name}={choices[1]!r}.",
            )
            for name, choices in CHOICES.items()
        ),
        *(
            (
                not isinstance(getattr(one, name), bool),
                f"{name} is {getattr(one, name)!r}, and must be True or False.",
                f"Type {name}=True, or leave it out.",
            )
            for name in ("reveal_email", "reveal_phone_numbers")
        ),
        (
            not _is_count(rows),
            f"rows_at_risk is {rows!r}, and must be a whole number, 1 or more.",
            "Type rows_at_risk=100, for example.",
        ),
        (
            not _is_count(connections),
            f"connections is {connections!r}, and must be a whole number, 1 or more.",
            "Leave it out for the default.",
        ),
        (
            not (isinstance(patience, int | float) and 0 < patience < math.inf),
            f"patience is {patience!r}, and must be seconds, more than 0.",
            "Type patience=1800, for example.",
        ),
    ]


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1
