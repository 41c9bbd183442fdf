"""Which column holds what: by ``on=``, or by name and content."""

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.cells import may_hold_text
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.labels import NAMES, OTHER_PEOPLE, normalize_label, served_identifier

# -- What is said when the columns of a frame cannot be told: what is there, and what to type ----

SHOWN = 12  # labels in a message; also how many are compared with the known names times ten


def column_not_found(frame: pd.DataFrame, label: object) -> InputError:
    """Say that no column has that label; a position or a function is not one."""
    labels = list(frame.columns)
    if not isinstance(label, str | tuple):
        what = f"on= names a column by its label; there is none {_quoted(label)}."
    else:
        what = f"There is no column {_quoted(label)}."
    close = get_close_matches(str(label), [str(name) for name in labels], n=1)
    todo = f"Did you mean {close[0]!r}?" if close else f"The columns are {_listed(labels)}."
    return InputError(what, todo=todo)


def duplicate_label(label: Hashable, count: int) -> InputError:
    """Say that a label names more than one column."""
    return InputError(
        f"The frame has {count} columns named {_quoted(label)}.",
        todo="Rename all but one: a column is chosen by its name.",
    )


def ambiguous_columns(
    identifier: str, labels: Sequence[Hashable], chosen: Mapping[str, Hashable]
) -> InputError:
    """Say which columns hold the same identifier, and how to choose."""
    return InputError(
        f"{len(labels)} columns may hold the {identifier}: {_listed(labels)}.",
        todo=f"Choose one: on={dict(chosen)!r}.",
    )


def no_columns_found(
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


def unsupported_identifier(
    identifier: object, label: object, identifiers: Sequence[str]
) -> InputError:
    """Say that the provider does not take an identifier of that name."""
    close = get_close_matches(str(identifier), identifiers, n=1) or list(identifiers)
    return InputError(
        f"on= names {identifier!r}, and the provider takes {', '.join(identifiers)}.",
        todo=f"Type on={{{close[0]!r}: {label!r}}}.",
    )


def unknown_content(label: Hashable, identifiers: Sequence[str]) -> InputError:
    """Say that neither name nor content tells what a column holds."""
    return InputError(
        f"Neither its name nor its content tells what column {_quoted(label)} holds.",
        todo=f"Say it: on={{{identifiers[0]!r}: {label!r}}}.",
    )


def empty_on(identifiers: Sequence[str]) -> InputError:
    """Say that ``on={}`` names nothing."""
    return InputError("on= names no column.", todo=f"Leave it out, or name a {identifiers[0]}.")


def _guess(labels: Iterable[Hashable], identifiers: Sequence[str]) -> tuple[str, Hashable] | None:
    """Find the column whose name is nearly a known one."""
    known = [name for name, found in NAMES.items() if served_identifier(found, identifiers)]
    for label in list(labels)[: SHOWN * 10]:
        if close := get_close_matches(normalize_label(label), known, n=1, cutoff=0.8):
            return served_identifier(NAMES[close[0]], identifiers) or "", label
    return None


def _quoted(label: object) -> str:
    text = repr(label)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - fits a line


def _listed(labels: Sequence[object]) -> str:
    more = len(labels) - SHOWN
    shown = ", ".join(map(_quoted, labels[:SHOWN]))
    return f"{shown} and {more} more" if more > 0 else shown


# -- Which column holds what: by ``on=``, or by name and content ---------------------------------

# Those whose form gives them away. A column of words could hold names of anything.
FOUND_BY_CONTENT = ("email", "linkedin_url", "company_linkedin_url", "domain")
SAMPLE = 100
SHARE = 0.8
FLAGS = frozenset({"yes", "no", "y", "n", "true", "false", "0", "1", "x", "ja", "nein", "oui"})


@dataclass(frozen=True, slots=True)
class IdentifierColumns:
    """The columns that identify the rows.

    Attributes
    ----------
    chosen
        Identifier to column label, the preferred identifier first.
    how
        Identifier to how its column was found: ``on=``, ``name`` or ``content``.
    rejected
        Label to the reason why a column that looked right was not chosen.
    """

    chosen: Mapping[str, Hashable]
    how: Mapping[str, str]
    rejected: Mapping[Hashable, str]


def find_columns(
    frame: pd.DataFrame,
    identifiers: Sequence[str],
    on: Mapping[str, Hashable] | Hashable | None = None,
    *,
    ignore: Container[Hashable] = (),
) -> IdentifierColumns:
    """Find the column that holds each identifier.

    Without ``on``, a column is found by its name, and its content must not contradict. Only where
    no name fits is the content of every text column looked at, since a column of addresses may
    be of other people than the row's. At most 100 cells of a column are read.

    Parameters
    ----------
    frame
        The user's frame.
    identifiers
        What the provider takes, the preferred first.
    on
        Identifier to column label, or one label: these columns are used and no others.
    ignore
        Labels that are not input, such as those of an earlier run's output.

    Returns
    -------
    Columns
        At least one column, how each was found, and what was passed over.

    Raises
    ------
    InputError
        If no column is found, two fit, or one named in ``on`` is missing or there twice.

    Examples
    --------
    >>> leads = pd.DataFrame({"LI URL": ["linkedin.com/in/zoe-example"], "Tier": ["A"]})
    >>> find_columns(leads, ["linkedin_url", "email"]).chosen
    {'linkedin_url': 'LI URL'}
    """
    if on is not None:
        return _named_columns(frame, identifiers, on)
    labels = [(place, label) for place, label in enumerate(frame.columns) if label not in ignore]
    candidates = [c for place, label in labels if (c := _by_name(frame, place, label, identifiers))]
    if all(candidate.doubt for candidate in candidates):
        told = [
            c for place, label in labels if (c := _by_content(frame, place, label, identifiers))
        ]
        held = {candidate.label for candidate in told}
        candidates = told + [c for c in candidates if c.label not in held]
    return _resolve(frame, identifiers, candidates)


def position(frame: pd.DataFrame, label: Hashable) -> int:
    """Return the position of a column by its label.

    Raises
    ------
    InputError
        If the label is missing, or there twice, or is no label.
    """
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, name in enumerate(frame.columns):
        places[name].append(place)
    try:
        found = places.get(label, [])
    except TypeError:  # a list, a frame: nothing that names a column
        found = []
    if not found:
        raise column_not_found(frame, label)
    if len(found) > 1:
        raise duplicate_label(label, len(found))
    return found[0]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A column that may hold an identifier; ``barred`` if its doubt rules it out."""

    identifier: str
    label: Hashable
    how: str
    doubt: str = ""
    barred: bool = False


def _by_name(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> _Candidate | None:
    """Take a column whose name fits; doubt it where no cell does."""
    identifier = served_identifier(NAMES.get(normalize_label(label), ""), identifiers)
    if identifier is None:
        return None
    cells = _sample(frame.iloc[:, place])
    if _are_flags(cells):
        return _Candidate(identifier, label, "name", "it holds yes/no flags", barred=True)
    doubt = "" if _share(identifier, cells) else f"no cell looked at holds a usable {identifier}"
    return _Candidate(identifier, label, "name", doubt)


def _by_content(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> _Candidate | None:
    """Take a column of text that holds one of the identifiers, whatever its name."""
    column = frame.iloc[:, place]
    if not may_hold_text(column.dtype):
        return None
    cells = _sample(column)
    probe = cells[:: max(1, len(cells) // 10)]  # so that ten thousand columns take seconds
    told = (n for n in FOUND_BY_CONTENT if _share(n, probe) and _share(n, cells) >= SHARE)
    identifier = served_identifier(next(told, ""), identifiers)
    if identifier is None:
        return None
    if any(word in normalize_label(label) for word in OTHER_PEOPLE):
        return _Candidate(identifier, label, "content", "its name tells of someone else", True)
    return _Candidate(identifier, label, "content")


def _resolve(
    frame: pd.DataFrame, identifiers: Sequence[str], candidates: Sequence[_Candidate]
) -> IdentifierColumns:
    """Choose one candidate for each identifier, the one beyond doubt before the others."""
    usable = [candidate for candidate in candidates if not candidate.barred]
    choices = {name: _best(name, usable) for name in identifiers}
    found = {name: best for name, best in choices.items() if best}
    chosen = {name: best[0].label for name, best in found.items()}
    rejected = {c.label: c.doubt for c in candidates if c.doubt and c.label not in chosen.values()}
    if not chosen:
        raise no_columns_found(frame, identifiers, rejected)
    for name, best in found.items():
        labels = list(dict.fromkeys(candidate.label for candidate in best))
        if len(labels) > 1:
            raise ambiguous_columns(name, labels, chosen)
        position(frame, labels[0])
    return IdentifierColumns(chosen, {name: best[0].how for name, best in found.items()}, rejected)


def _best(identifier: str, candidates: Sequence[_Candidate]) -> list[_Candidate]:
    mine = [candidate for candidate in candidates if candidate.identifier == identifier]
    return [candidate for candidate in mine if not candidate.doubt] or mine


def _named_columns(
    frame: pd.DataFrame, identifiers: Sequence[str], on: Mapping[str, Hashable] | Hashable
) -> IdentifierColumns:
    """Take the columns that the user named."""
    if not isinstance(on, Mapping):
        on = {_identifier_in(frame, position(frame, on), on, identifiers): on}
    for identifier, label in on.items():
        if identifier not in identifiers:
            raise unsupported_identifier(identifier, label, identifiers)
        position(frame, label)
    if not on:
        raise empty_on(identifiers)
    chosen = {name: on[name] for name in identifiers if name in on}
    return IdentifierColumns(chosen, dict.fromkeys(chosen, "on="), {})


def _identifier_in(
    frame: pd.DataFrame, place: int, label: Hashable, identifiers: Sequence[str]
) -> str:
    """Tell what the one column that the user named holds."""
    for find in (_by_content, _by_name):
        if candidate := find(frame, place, label, identifiers):
            return candidate.identifier
    if len(identifiers) == 1:
        return identifiers[0]
    raise unknown_content(label, identifiers)


def _sample(column: "pd.Series[Any]") -> list[object]:
    """Take cells that are not null, spread evenly over the column."""
    present = np.flatnonzero(np.asarray(column.notna(), dtype=bool))
    steps = np.linspace(0, len(present) - 1, min(len(present), SAMPLE), dtype=np.intp)
    return list(column.iloc[present[steps]])


def _share(identifier: str, cells: Sequence[object]) -> float:
    """Return the share of cells that hold the identifier, of those that hold anything."""
    reasons = [canonical(identifier, cell)[1] for cell in cells]
    filled = [reason for reason in reasons if reason not in {"missing", "placeholder"}]
    return filled.count(None) / len(filled) if filled else 0.0


def _are_flags(cells: Sequence[object]) -> bool:
    return bool(cells) and all(
        pd.api.types.is_scalar(cell) and str(cell).strip().casefold() in FLAGS for cell in cells
    )
