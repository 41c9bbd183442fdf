"""Find the identity of each distinct row, and hold identities without an object for each.

A plan of millions of rows only counts identities. As objects they would take more memory than the
frame, so `Identities` creates them when they are accessed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.canonical import CanonicalColumn
from enrich_pandas.frame.cells import Codes, SmallCodes
from enrich_pandas.providers.base import KEYS, Identity, Kind, Provider, Status

PIECE = 2**16  # identities created at a time by an iteration


class Identities(Sequence[Identity]):
    """A sequence of identities with one identifier each, stored as Arrow text.

    It is equal to a list of the same identities.

    Parameters
    ----------
    names
        The names of the identifiers that occur.
    which
        For each identity, the index of its identifier in ``names``.
    values
        For each identity, its canonical value.

    Examples
    --------
    >>> people = Identities(["email"], np.array([0]), pa.array(["ada@example.com"]))
    >>> people == [Identity.of(email="ada@example.com")], people[0]
    (True, Identity(email))
    """

    def __init__(self, names: Sequence[str], which: npt.NDArray[Any], values: Any) -> None:
        self._names, self._which, self._values = names, which, values

    def __len__(self) -> int:
        return len(self._which)

    @overload
    def __getitem__(self, place: int) -> Identity: ...
    @overload
    def __getitem__(self, place: slice) -> list[Identity]: ...
    def __getitem__(self, place: int | slice) -> Identity | list[Identity]:
        if isinstance(place, slice):
            return list(self)[place]
        return Identity(((self._names[self._which[place]], self._values[place].as_py()),))

    def __iter__(self) -> Iterator[Identity]:
        names = self._names
        for start in range(0, len(self), PIECE):
            which = self._which[start : start + PIECE].tolist()
            values = self._values.slice(start, PIECE).to_pylist()
            for place, value in zip(which, values, strict=True):
                yield Identity(((names[place], value),))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # unhashable, as a list is

    def counts(self) -> Counter[tuple[str, ...]]:
        """Count the identities of each identifier."""
        sizes = np.bincount(self._which, minlength=len(self._names)).tolist()
        return Counter({(name,): n for name, n in zip(self._names, sizes, strict=True) if n})

    def identifier_values(self, name: str) -> tuple[pa.LargeStringArray, npt.NDArray[np.intp]]:
        """Return the values of one identifier and their positions in this sequence."""
        which = self._names.index(name) if name in self._names else -1
        places = np.flatnonzero(self._which == which)
        return self._values.take(pa.array(places)), places


def count_by_identifiers(identities: Sequence[Identity]) -> Counter[tuple[str, ...]]:
    """Count identities by the identifiers that each one has.

    Examples
    --------
    >>> count_by_identifiers([Identity.of(email="ada@example.com")])
    Counter({('email',): 1})
    """
    if isinstance(identities, Identities):
        return identities.counts()
    return Counter(tuple(name for name, _ in one.keys) for one in identities)


def identifier_values(
    identities: Sequence[Identity], name: str
) -> tuple[pa.LargeStringArray, npt.NDArray[np.intp]]:
    """Return the values of one identifier and their positions in a sequence of identities.

    Examples
    --------
    >>> people = [Identity.of(name="Ada"), Identity.of(email="ada@example.com")]
    >>> values, places = identifier_values(people, "email")
    >>> values.to_pylist(), places.tolist()
    (['ada@example.com'], [1])
    """
    if isinstance(identities, Identities):
        return identities.identifier_values(name)
    found = [(n, value) for n, one in enumerate(identities) if (value := one.get(name))]
    values = pa.array([value for _, value in found], pa.large_string())
    return values, np.array([n for n, _ in found], dtype=np.intp)


class RepeatedIdentities(Sequence[Identity]):
    """A sequence in which each identity is repeated, without a list of all the items.

    Examples
    --------
    >>> ada, zoe = Identity.of(email="ada@example.com"), Identity.of(email="zoe@example.com")
    >>> list(RepeatedIdentities([ada, zoe], np.array([0, 2]))) == [zoe, zoe]
    True
    """

    def __init__(self, identities: Sequence[Identity], counts: npt.NDArray[np.intp]) -> None:
        self._identities, self._ends = identities, np.cumsum(counts)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @overload
    def __getitem__(self, place: int) -> Identity: ...
    @overload
    def __getitem__(self, place: slice) -> list[Identity]: ...
    def __getitem__(self, place: int | slice) -> Identity | list[Identity]:
        if isinstance(place, slice):
            return [self[n] for n in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._identities[int(np.searchsorted(self._ends, place, side="right"))]


def take_identities(
    names: Sequence[str], columns: Sequence[Any], places: npt.NDArray[Any]
) -> Identities:
    """Return the identities at these positions in the concatenated columns of distinct values."""
    ends = np.cumsum([len(column) for column in columns])
    which = np.searchsorted(ends, places, side="right").astype(np.int8)
    values = columns[0] if len(columns) == 1 else pa.chunked_array(columns).combine_chunks()
    return Identities(names, which, values.take(pa.array(places)))


Exclusion = tuple[Status, str]
Exclude = Callable[[Mapping[str, str]], Exclusion | None]
CanonicalColumns = Mapping[str, CanonicalColumn]
RowIdentities = tuple[Sequence[Identity], list[Exclusion], Codes]
Verdict = tuple[str, str | None, str | None]  # identifier, value, reason


def identify_rows(
    columns: CanonicalColumns,
    rows: Sequence[SmallCodes],
    provider: Provider,
    kind: Kind,
    exclude: Exclude | None,
) -> RowIdentities:
    """Return the distinct identities, the distinct exclusions, and a code for each row.

    Both are in order of first appearance. The codes of the exclusions follow those of the
    identities.

    Parameters
    ----------
    columns
        The columns, the preferred identifier first.
    rows
        For each column, the verdicts of the distinct rows.
    provider, kind
        The provider, which chooses the identifier of a row, and what is enriched.
    exclude
        Returns status and reason for a row that must not be requested, such as a suppressed one,
        and None for any other; None if there is no such row.
    """
    names = [KEYS.get(name, name) for name in columns]
    is_usual = type(provider).identify is Provider.identify
    is_first = list(columns) == [name for name in provider.identifiers[kind] if name in columns]
    if is_usual and is_first and exclude is None and len(set(names)) == len(names):
        return _first_of_each(columns, rows, names)
    return _encode_results(
        [_identify_row(provider, kind, row, exclude) for row in _verdicts_by_row(columns, rows)]
    )


def _first_of_each(
    columns: CanonicalColumns, rows: Sequence[SmallCodes], names: Sequence[str]
) -> RowIdentities:
    """Take the first value of each row, as `Provider.identify` does by default."""
    place = np.full(len(rows[0]), -1, dtype=np.intp)
    why = place.copy()
    ends, reasons = [0], list[str]()
    for (name, column), verdicts in zip(columns.items(), rows, strict=True):
        place = np.where((place < 0) & column.has_value(verdicts), ends[-1] + verdicts, place)
        reason = len(reasons) + verdicts - len(column.texts)
        why = np.where((why < 0) & column.has_reason(verdicts), reason, why)
        ends.append(ends[-1] + len(column.texts))
        reasons += [f"{name}:{reason}" for reason in column.reasons]
    is_valid = place >= 0
    codes = np.empty(len(place), dtype=np.intp)
    codes[is_valid], distinct = pd.factorize(place[is_valid])
    invalid, kinds = pd.factorize(why[~is_valid])
    codes[~is_valid] = len(distinct) + invalid
    exclusions = [(Status.INVALID, reasons[k] if k >= 0 else "no_identifier") for k in kinds]
    identities = take_identities(names, [column.texts for column in columns.values()], distinct)
    return identities, exclusions, codes


def _verdicts_by_row(
    columns: CanonicalColumns, rows: Sequence[SmallCodes]
) -> Iterator[tuple[Verdict, ...]]:
    """Yield the verdicts of each row as identifier, value and reason."""
    columns_of_verdicts = []
    for (name, column), verdicts in zip(columns.items(), rows, strict=True):
        each: list[Verdict] = [(name, value, None) for value in column.texts.to_pylist()]
        each += [(name, None, reason) for reason in column.reasons]
        each.append((name, None, None))  # -1
        columns_of_verdicts.append([each[verdict] for verdict in verdicts.tolist()])
    return zip(*columns_of_verdicts, strict=True)


def _identify_row(
    provider: Provider, kind: Kind, row: Sequence[Verdict], exclude: Exclude | None
) -> Identity | Exclusion:
    """Return the identity of a row, or the reason of the first identifier that has one."""
    values = {name: value for name, value, _ in row if value is not None}
    if exclude and values and (exclusion := exclude(values)):
        return exclusion
    identity = provider.identify(kind, values) if values else None
    if identity is not None:
        return identity
    reasons = (f"{name}:{reason}" for name, _, reason in row if reason)
    missing_reason = provider.missing_reason(kind, values) if values else "no_identifier"
    return Status.INVALID, next(reasons, missing_reason)


def _encode_results(results: Sequence[Identity | Exclusion]) -> RowIdentities:
    """Assign codes to the identities, then to the exclusions, in order of appearance."""
    identities: dict[Identity, int] = {}
    exclusions: dict[Exclusion, int] = {}
    codes = np.array(
        [
            identities.setdefault(result, len(identities))
            if isinstance(result, Identity)
            else -1 - exclusions.setdefault(result, len(exclusions))
            for result in results
        ],
        dtype=np.intp,
    )
    codes = np.where(codes < 0, len(identities) - 1 - codes, codes)
    return list(identities), list(exclusions), codes
