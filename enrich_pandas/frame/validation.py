"""Rows to identities: what is asked about, and for every other row the reason why not.

Work is done on distinct values and distinct rows only, never once a row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.columns import Columns, position
from enrich_pandas.frame.distinct import Codes, distinct_rows, factorized, first_places
from enrich_pandas.frame.failures import ROW, ROW_REASONS, failure_cases, failures, schema
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.providers.base import Identity, Kind, Provider, Rule, Status

__all__ = ["Identified", "identify", "schema", "wanted_rows"]

Mask = npt.NDArray[np.bool_]
Refusal = tuple[Status, str]
Refuse = Callable[[Mapping[str, str]], Refusal | None]


@dataclass(frozen=True, slots=True)
class Identified:
    """Every row's identity, or the reason why it has none.

    Attributes
    ----------
    codes
        One for each row. Below ``len(identities)`` it is the place of the row's identity, else,
        less that, the place of its refusal: one list of results and refusals is taken by it.
    identities
        The distinct ones, in order of first appearance.
    refusals
        Status and reason, distinct. A reason is ``<identifier>:<code>``, ``no_identifier``,
        ``incomplete`` or ``where``.
    failure_cases
        pandera's table in the user's terms, one line for a bad value in distinct rows:
        ``column`` is the label, ``check`` the reason code, ``failure_case`` the cell, ``index``
        the position of the first such row and ``rows`` how many are like it. A bad value is
        listed also where another identifier of its row serves.
    """

    codes: Codes
    identities: list[Identity]
    refusals: list[Refusal]
    failure_cases: pd.DataFrame

    @property
    def valid(self) -> int:
        """Number of rows that have an identity."""
        return int(np.count_nonzero(self.codes < len(self.identities)))

    @property
    def invalid(self) -> int:
        """Number of rows that are not sent because of what they hold."""
        return sum(
            rows
            for (status, _), rows in zip(self.refusals, self.refused, strict=True)
            if status is Status.INVALID
        )

    @property
    def refused(self) -> list[int]:
        """Number of rows of each refusal."""
        size = len(self.identities) + len(self.refusals)
        counts: list[int] = np.bincount(self.codes, minlength=size).tolist()
        return counts[len(self.identities) :]


def identify(
    frame: pd.DataFrame,
    columns: Columns,
    provider: Provider,
    kind: Kind,
    *,
    where: "pd.Series[Any] | npt.ArrayLike | None" = None,
    errors: Literal["coerce", "raise"] = "coerce",
    refuse: "Refuse | None" = None,
) -> Identified:
    """Bring every row to an identity, or to the reason why it is not sent.

    Costs Python work for each distinct value and no more; spends nothing and asks no network.

    Parameters
    ----------
    frame
        The user's frame; it is not changed.
    columns
        From `find_columns`.
    provider, kind
        Whose rules hold, and what is enriched.
    where
        True for the rows to take; the others get ``skipped``, as do null ones. An array goes by
        position; a Series must have the frame's index.
    errors
        ``raise`` to raise if any row is invalid.
    refuse
        Is given the canonical identifiers of a row, and tells why nobody may ask about it.

    Returns
    -------
    Identified
        One code for each row, the distinct identities, the refusals and the failure cases.

    Raises
    ------
    InputError
        If ``where`` does not fit the frame, or ``errors`` is ``raise`` and a row is invalid;
        then with ``.failure_cases``, and pandera's own error as its cause.
    ConfigurationError
        If ``errors`` is another word.
    """
    if errors not in {"coerce", "raise"}:
        raise ConfigurationError(
            f"errors={errors!r} is not known.", todo='Type errors="coerce" or errors="raise".'
        )
    rows = np.flatnonzero(wanted_rows(frame, where))
    rules = provider.rules(kind)
    places = {name: position(frame, label) for name, label in columns.chosen.items()}
    judged = {
        name: _judged(_taken(frame.iloc[:, place], rows), name, rules.get(name, ()))
        for name, place in places.items()
    }
    groups = distinct_rows(((j.codes, len(j.canonical)) for j in judged.values()), len(rows))
    first = first_places(groups)
    verdicts = _distinct_verdicts(judged, first)
    outcomes = [_outcome(provider, kind, row, refuse) for row in verdicts]
    identities, refusals, codes = _numbered(outcomes)

    faults = failures(schema(provider, kind, columns), _for_pandera(judged, first, outcomes))
    identified = Identified(
        _spread(codes[groups], rows, len(frame), rest=len(identities) + len(refusals)),
        identities,
        refusals + [(Status.SKIPPED, "where")] * (len(rows) < len(frame)),
        failure_cases(faults, frame, places, rows[first], np.bincount(groups)),
    )
    if errors == "raise" and identified.invalid:
        raise _invalid_rows(identified, len(frame)) from faults
    return identified


@dataclass(frozen=True, slots=True)
class _Judged:
    """A column: for each row the place of its verdict; -1, the last, is that of a missing cell."""

    codes: Codes
    canonical: list[str | None]
    reasons: list[str | None]


def _judged(column: "pd.Series[Any]", identifier: str, rules: Sequence[Rule]) -> _Judged:
    codes, cells = factorized(column)
    verdicts = [_verdict(identifier, cell, rules) for cell in cells]
    verdicts.append((None, None))
    return _Judged(codes, [value for value, _ in verdicts], [reason for _, reason in verdicts])


def _verdict(identifier: str, cell: object, rules: Sequence[Rule]) -> tuple[str | None, str | None]:
    """Return the canonical value, or the reason why there is none; neither if it is missing."""
    value, reason = canonical(identifier, cell)
    if value is None:
        return None, None if reason == "missing" else reason
    broken = next((rule.code for rule in rules if not rule.accepts(value)), None)
    return (None, broken) if broken else (value, None)


Verdict = tuple[str, str | None, str | None]  # identifier, value, reason


def _distinct_verdicts(
    judged: Mapping[str, _Judged], first: Codes
) -> Iterator[tuple[Verdict, ...]]:
    columns = (
        [
            (name, column.canonical[code], column.reasons[code])
            for code in column.codes[first].tolist()
        ]
        for name, column in judged.items()
    )
    return zip(*columns, strict=True)


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


def _numbered(
    outcomes: Sequence[Identity | Refusal],
) -> tuple[list[Identity], list[Refusal], Codes]:
    """Give each identity a number, then each refusal, in order of appearance."""
    identities: dict[Identity, int] = {}
    refusals: dict[Refusal, int] = {}
    codes = np.array(
        [
            identities.setdefault(outcome, len(identities))
            if isinstance(outcome, Identity)
            else -1 - refusals.setdefault(outcome, len(refusals))
            for outcome in outcomes
        ],
        dtype=np.intp,
    )
    codes = np.where(codes < 0, len(identities) - 1 - codes, codes)
    return list(identities), list(refusals), codes


def _for_pandera(
    judged: Mapping[str, _Judged], first: Codes, outcomes: Sequence[Identity | Refusal]
) -> dict[str, list[str | None]]:
    verdicts: dict[str, list[str | None]] = {
        name: [column.reasons[code] for code in column.codes[first].tolist()]
        for name, column in judged.items()
    }
    verdicts[ROW] = [
        None if isinstance(outcome, Identity) or outcome[1] not in ROW_REASONS else outcome[1]
        for outcome in outcomes
    ]
    return verdicts


def _spread(codes: Codes, rows: Codes, length: int, *, rest: int) -> Codes:
    """Lay the codes of the rows taken over the whole frame."""
    spread = np.full(length, rest, dtype=np.intp)
    spread[rows] = codes
    return spread


def _taken(column: "pd.Series[Any]", rows: Codes) -> "pd.Series[Any]":
    return column if len(rows) == len(column) else column.iloc[rows]


def wanted_rows(frame: pd.DataFrame, where: Any) -> Mask:
    """Read ``where`` as one flag for each row, by position."""
    if where is None:
        return np.ones(len(frame), dtype=bool)
    if isinstance(where, pd.Series) and not where.index.equals(frame.index):
        raise InputError(
            "The index of where= is not that of the frame.",
            todo="Make it from the same frame, or give where=condition.to_numpy().",
        )
    try:
        # Numbers are refused: [0, 1] could mean positions.
        flags = pd.api.types.infer_dtype(where, skipna=True) in {"boolean", "empty"}
        mask = pd.array(where, dtype="boolean") if flags else None
    except (TypeError, ValueError):
        mask = None
    if mask is None or mask.shape != (len(frame),):
        raise InputError(
            f"where= does not give True or False for each of the {len(frame)} rows.",
            todo='Give a condition on the frame, such as where=df["tier"] == "A".',
        )
    return np.asarray(mask.fillna(value=False), dtype=bool)


def _invalid_rows(identified: Identified, length: int) -> InputError:
    """Say how many rows are invalid, and for what."""
    reasons = ", ".join(
        f"{reason} ({rows})"
        for (status, reason), rows in zip(identified.refusals, identified.refused, strict=True)
        if status is Status.INVALID
    )
    return InputError(
        f"{identified.invalid} of {length} rows cannot be sent: {reasons}.",
        todo='See .failure_cases of this error, or type errors="coerce" to go on without them.',
        failure_cases=identified.failure_cases,
    )
