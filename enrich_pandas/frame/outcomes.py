"""Verdicts to outcomes: what each distinct row is asked about, or why it is not."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from enrich_pandas.frame.canonical import Judged
from enrich_pandas.frame.distinct import Codes, Small
from enrich_pandas.frame.identities import taken
from enrich_pandas.providers.base import KEYS, Identity, Kind, Provider, Status

Refusal = tuple[Status, str]
Refuse = Callable[[Mapping[str, str]], Refusal | None]
Columns = Mapping[str, Judged]
Outcomes = tuple[Sequence[Identity], list[Refusal], Codes]
Verdict = tuple[str, str | None, str | None]  # identifier, value, reason


def outcomes(
    columns: Columns,
    rows: Sequence[Small],
    provider: Provider,
    kind: Kind,
    refuse: Refuse | None,
) -> Outcomes:
    """Return the distinct identities, the distinct refusals, and a code for each row.

    Both are in order of first appearance; the refusals' codes follow those of the identities.

    Parameters
    ----------
    columns
        The columns, the preferred identifier first.
    rows
        Of each column, the verdicts of the distinct rows.
    provider, kind
        Who chooses what a row is asked by.
    refuse
        Tells why nobody may ask about a row; None where everybody may be asked about.
    """
    names = [KEYS.get(name, name) for name in columns]
    is_usual = type(provider).identify is Provider.identify
    is_first = list(columns) == [name for name in provider.identifiers[kind] if name in columns]
    if is_usual and is_first and refuse is None and len(set(names)) == len(names):
        return _first_of_each(columns, rows, names)
    return _numbered([_outcome(provider, kind, row, refuse) for row in _told(columns, rows)])


def _first_of_each(columns: Columns, rows: Sequence[Small], names: Sequence[str]) -> Outcomes:
    """Take the first value that a row has, which is what `Provider.identify` does by default."""
    place = np.full(len(rows[0]), -1, dtype=np.intp)
    why = place.copy()
    ends, reasons = [0], list[str]()
    for (name, column), verdicts in zip(columns.items(), rows, strict=True):
        place = np.where((place < 0) & column.has_value(verdicts), ends[-1] + verdicts, place)
        reason = len(reasons) + verdicts - len(column.texts)
        why = np.where((why < 0) & column.has_reason(verdicts), reason, why)
        ends.append(ends[-1] + len(column.texts))
        reasons += [f"{name}:{reason}" for reason in column.reasons]
    is_asked = place >= 0
    codes = np.empty(len(place), dtype=np.intp)
    codes[is_asked], asked = pd.factorize(place[is_asked])
    refused, kinds = pd.factorize(why[~is_asked])
    codes[~is_asked] = len(asked) + refused
    refusals = [(Status.INVALID, reasons[k] if k >= 0 else "no_identifier") for k in kinds]
    return taken(names, [one.texts for one in columns.values()], asked), refusals, codes


def _told(columns: Columns, rows: Sequence[Small]) -> Iterator[tuple[Verdict, ...]]:
    """Spell the verdicts out."""
    told = []
    for (name, column), verdicts in zip(columns.items(), rows, strict=True):
        each: list[Verdict] = [(name, value, None) for value in column.texts.to_pylist()]
        each += [(name, None, reason) for reason in column.reasons]
        each.append((name, None, None))  # -1
        told.append([each[verdict] for verdict in verdicts.tolist()])
    return zip(*told, strict=True)


def _outcome(
    provider: Provider, kind: Kind, row: Sequence[Verdict], refuse: Refuse | None
) -> Identity | Refusal:
    """Return the identity of a row, or the reason of its most preferred identifier."""
    values = {name: value for name, value, _ in row if value is not None}
    if refuse and values and (refusal := refuse(values)):
        return refusal
    identity = provider.identify(kind, values) if values else None
    if identity is not None:
        return identity
    reasons = (f"{name}:{reason}" for name, _, reason in row if reason)
    lacking = provider.lacking(kind, values) if values else "no_identifier"
    return Status.INVALID, next(reasons, lacking)


def _numbered(results: Sequence[Identity | Refusal]) -> Outcomes:
    """Give each identity a number, then each refusal, in order of appearance."""
    identities: dict[Identity, int] = {}
    refusals: dict[Refusal, int] = {}
    codes = np.array(
        [
            identities.setdefault(result, len(identities))
            if isinstance(result, Identity)
            else -1 - refusals.setdefault(result, len(refusals))
            for result in results
        ],
        dtype=np.intp,
    )
    codes = np.where(codes < 0, len(identities) - 1 - codes, codes)
    return list(identities), list(refusals), codes
