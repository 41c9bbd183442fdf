"""What is said when the columns of a frame cannot be told: what is there, and what to type."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from difflib import get_close_matches

import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.labels import NAMES, normalised, serving

SHOWN = 12  # labels in a message; also how many are compared with the known names times ten


def missing(frame: pd.DataFrame, label: object) -> InputError:
    """Say that no column has that label; a position or a function is not one."""
    labels = list(frame.columns)
    if not isinstance(label, str | tuple):
        what = f"on= names a column by its label; there is none {_quoted(label)}."
    else:
        what = f"There is no column {_quoted(label)}."
    close = get_close_matches(str(label), [str(name) for name in labels], n=1)
    todo = f"Did you mean {close[0]!r}?" if close else f"The columns are {_listed(labels)}."
    return InputError(what, todo=todo)


def twice(label: Hashable, count: int) -> InputError:
    """Say that a label names more than one column."""
    return InputError(
        f"The frame has {count} columns named {_quoted(label)}.",
        todo="Rename all but one: a column is chosen by its name.",
    )


def ambiguous(
    identifier: str, labels: Sequence[Hashable], chosen: Mapping[str, Hashable]
) -> InputError:
    """Say which columns hold the same identifier, and how to choose."""
    return InputError(
        f"{len(labels)} columns may hold the {identifier}: {_listed(labels)}.",
        todo=f"Choose one: on={dict(chosen)!r}.",
    )


def none_found(
    frame: pd.DataFrame, identifiers: Sequence[str], rejected: Mapping[Hashable, str]
) -> InputError:
    """Say that no column holds any identifier, and which come near."""
    wanted = " or ".join(identifiers)
    passed_over = "".join(f" {_quoted(label)}: {why}." for label, why in rejected.items())
    if not len(frame.columns):
        return InputError("The frame has no columns.", todo=f"Give it one that holds a {wanted}.")
    looked_at = _listed(list(frame.columns))
    guess = _guess(frame.columns, identifiers) or (identifiers[0], "the column's name")
    return InputError(
        f"No column holds a {wanted}; the columns are {looked_at}.{passed_over}",
        todo=f"Name the column: on={{{guess[0]!r}: {guess[1]!r}}}.",
    )


def not_taken(identifier: object, label: object, identifiers: Sequence[str]) -> InputError:
    """Say that the provider does not take an identifier of that name."""
    close = get_close_matches(str(identifier), identifiers, n=1) or list(identifiers)
    return InputError(
        f"on= names {identifier!r}, and the provider takes {', '.join(identifiers)}.",
        todo=f"Type on={{{close[0]!r}: {label!r}}}.",
    )


def untold(label: Hashable, identifiers: Sequence[str]) -> InputError:
    """Say that neither name nor content tells what a column holds."""
    return InputError(
        f"Neither its name nor its content tells what column {_quoted(label)} holds.",
        todo=f"Say it: on={{{identifiers[0]!r}: {label!r}}}.",
    )


def empty(identifiers: Sequence[str]) -> InputError:
    """Say that ``on={}`` names nothing."""
    return InputError("on= names no column.", todo=f"Leave it out, or name a {identifiers[0]}.")


def _guess(labels: Iterable[Hashable], identifiers: Sequence[str]) -> tuple[str, Hashable] | None:
    """Find the column whose name is nearly a known one."""
    known = [name for name, found in NAMES.items() if serving(found, identifiers)]
    for label in list(labels)[: SHOWN * 10]:
        if close := get_close_matches(normalised(label), known, n=1, cutoff=0.8):
            return serving(NAMES[close[0]], identifiers) or "", label
    return None


def _quoted(label: object) -> str:
    text = repr(label)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - fits a line


def _listed(labels: Sequence[object]) -> str:
    more = len(labels) - SHOWN
    shown = ", ".join(map(_quoted, labels[:SHOWN]))
    return f"{shown} and {more} more" if more > 0 else shown
