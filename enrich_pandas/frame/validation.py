"""Give every row an identity, or the reason why it is not requested.

The work is done on distinct values and distinct rows, never once per row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame.canonical import CanonicalColumn, canonicalize
from enrich_pandas.frame.cells import REASONS, Codes, distinct_rows, first_places
from enrich_pandas.frame.columns import IdentifierColumns, position
from enrich_pandas.frame.identities import Exclude, Exclusion, identify_rows
from enrich_pandas.providers.base import Identity, Kind, Provider, Rule, Status

__all__ = ["Identified", "identify", "read_where", "schema"]

ROW = "row"  # the verdict on the row as a whole, beside one for each identifier
ROW_REASONS = ("no_identifier", "incomplete", "needs_company")
FIELDS = ("schema_context", "column", "check", "check_number", "failure_case", "index", "rows")

Verdicts = Mapping[str, Sequence[Any]]  # for each identifier, the reason code of each row or None


def schema(provider: Provider, kind: Kind, columns: IdentifierColumns) -> Any:
    """Return the pandera schema of the verdicts on rows, with one check for each reason code.

    A verdict is the reason code of a value, or null if the value is valid or missing. Its column
    has the name of the identifier. The provider's own rules follow the general reasons.

    Parameters
    ----------
    provider, kind
        The provider and what is enriched.
    columns
        The columns that were found.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Validate it lazily, so that it reports all failures at once.
    """
    import pandera.pandas as pa  # here, since it takes 0.4 s and only a call needs it

    def verdicts(codes: Sequence[str]) -> Any:
        checks = [pa.Check(lambda column, code=code: column != code, error=code) for code in codes]
        return pa.Column(checks=checks, nullable=True)

    rules = provider.rules(kind)
    checked = {name: verdicts(_codes(rules.get(name, ()))) for name in columns.chosen}
    return pa.DataFrameSchema({**checked, ROW: verdicts(ROW_REASONS)})


def _codes(rules: Sequence[Rule]) -> list[str]:
    """Return the reasons that a value of an identifier can have, the provider's own last."""
    general = [code for code in REASONS if code not in {"missing", *ROW_REASONS}]
    return list(dict.fromkeys([*general, *(rule.code for rule in rules)]))


@dataclass(frozen=True)
class InvalidRows:
    """The distinct rows with an invalid value. pandera is imported when its table is read.

    Attributes
    ----------
    schema
        Returns the pandera schema.
    verdicts
        The verdicts on these rows.
    cells
        For each identifier, the cells of these rows in the user's column.
    first, counts
        For each of these rows, the position of the first row like it, and the number of such rows.
    """

    schema: Callable[[], Any]
    verdicts: Verdicts
    cells: Mapping[str, "pd.Series[Any]"]
    first: Codes
    counts: Codes

    @cached_property
    def errors(self) -> Exception | None:
        """Validate the verdicts lazily; return pandera's SchemaErrors, or None."""
        import pandera.errors  # here, as above

        frame = pd.DataFrame(
            {name: pd.Series(column, dtype="category") for name, column in self.verdicts.items()}
        )
        try:
            self.schema().validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as errors:
            return errors
        return None

    @cached_property
    def table(self) -> pd.DataFrame:
        """Return pandera's table of failures with the user's labels, cells and row positions."""
        errors: Any = self.errors
        if errors is None:
            return empty_failure_cases()
        cases = errors.failure_cases.reset_index(drop=True)
        places = cases["index"].to_numpy(dtype=np.intp)
        names = cases["column"].to_numpy(dtype=object)
        labels = np.full(len(cases), None, dtype=object)
        cells = labels.copy()
        for name, column in self.cells.items():
            own = np.flatnonzero(names == name)
            for place, cell in zip(own, column.iloc[places[own]], strict=True):  # can be a list
                labels[place], cells[place] = column.name, cell
        # As objects, since no string dtype can hold a lone surrogate.
        cases["column"] = pd.Series(labels, dtype=object)
        cases["failure_case"] = pd.Series(cells, dtype=object)
        cases["index"], cases["rows"] = self.first[places], self.counts[places]
        ordered: pd.DataFrame = cases.sort_values(["index", "check_number"], ignore_index=True)
        return ordered[list(FIELDS)]


def empty_failure_cases() -> pd.DataFrame:
    """Return a table of failures without rows."""
    return pd.DataFrame(columns=list(FIELDS))


Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Identified:
    """The identity of every row, or the reason why it has none.

    Attributes
    ----------
    codes
        A code for each row. Below ``len(identities)`` it is an index into ``identities``; from
        there on, less ``len(identities)``, an index into ``exclusions``.
    identities
        The distinct identities, in order of first appearance.
    exclusions
        The distinct pairs of status and reason. A reason is ``<identifier>:<code>``,
        ``no_identifier``, ``incomplete``, ``needs_company`` or ``where``.
    invalid_rows
        The distinct rows with an invalid value, from which `failure_cases` is built.
    """

    codes: Codes
    identities: Sequence[Identity]
    exclusions: list[Exclusion]
    invalid_rows: InvalidRows | None = None

    @property
    def failure_cases(self) -> pd.DataFrame:
        """Return pandera's table of failures, one line for each invalid value of a distinct row.

        ``column`` is the label, ``check`` the reason code, ``failure_case`` the cell, ``index``
        the position of the first such row, and ``rows`` the number of such rows. An invalid value
        is also listed if the row is requested by another identifier.
        """
        return self.invalid_rows.table if self.invalid_rows else empty_failure_cases()

    @property
    def valid(self) -> int:
        """Number of rows that have an identity."""
        return int(np.count_nonzero(self.codes < len(self.identities)))

    @property
    def invalid(self) -> int:
        """Number of rows that are not sent because their values are invalid."""
        return sum(
            rows
            for (status, _), rows in zip(self.exclusions, self.rows_by_exclusion, strict=True)
            if status is Status.INVALID
        )

    @property
    def rows_by_exclusion(self) -> list[int]:
        """Number of rows of each exclusion."""
        size = len(self.identities) + len(self.exclusions)
        counts: list[int] = np.bincount(self.codes, minlength=size).tolist()
        return counts[len(self.identities) :]


def identify(
    frame: pd.DataFrame,
    columns: IdentifierColumns,
    provider: Provider,
    kind: Kind,
    *,
    where: "pd.Series[Any] | npt.ArrayLike | None" = None,
    errors: Literal["coerce", "raise"] = "coerce",
    exclude: "Exclude | None" = None,
) -> Identified:
    """Find the identity of every row, or the reason why the row is not sent.

    It is free and uses no network. Plainly spelled cells take about 0.5 µs a row. Python only works
    on the other distinct cells, and on providers that choose among identifiers in their own way.

    Parameters
    ----------
    frame
        The user's frame. It is not changed.
    columns
        From `find_columns`.
    provider, kind
        The provider, which has rules of its own, and what is enriched.
    where
        True for the rows to request. Rows with False or null get ``skipped``. An array is matched
        by position; a Series must have the frame's index.
    errors
        ``"raise"`` to raise if any row is invalid.
    exclude
        Returns status and reason for the canonical identifiers of a row that must not be
        requested, and None for any other.

    Returns
    -------
    Identified
        A code for each row, the distinct identities, the exclusions and the failure cases.

    Raises
    ------
    InputError
        ``where`` does not fit the frame; or ``errors="raise"`` and a row is invalid, then with
        ``.failure_cases`` and with pandera's own error as its cause.
    ConfigurationError
        ``errors`` is not valid.
    """
    if errors not in {"coerce", "raise"}:
        raise ConfigurationError(
            f"errors={errors!r} is not valid.", todo='Use errors="coerce" or errors="raise".'
        )
    rows = None if where is None else np.flatnonzero(read_where(frame, where))
    rules = provider.rules(kind)
    places = {name: position(frame, label) for name, label in columns.chosen.items()}
    canonical_columns = {
        name: canonicalize(_take_rows(frame.iloc[:, place], rows), name, rules.get(name, ()))
        for name, place in places.items()
    }
    groups = distinct_rows(
        ((one.verdicts, len(one.texts) + len(one.reasons)) for one in canonical_columns.values()),
        len(frame) if rows is None else len(rows),
    )
    first = first_places(groups)
    verdicts = [one.verdicts[first] for one in canonical_columns.values()]
    identities, exclusions, codes = identify_rows(
        canonical_columns, verdicts, provider, kind, exclude
    )
    codes = codes[groups]
    bad = _bad_rows(canonical_columns, codes, len(identities), exclusions)
    identified = Identified(
        _spread(codes, rows, len(frame), rest=len(identities) + len(exclusions)),
        identities,
        exclusions + [(Status.SKIPPED, "where")] * (len(codes) < len(frame)),
        invalid_rows=_invalid_cells(
            frame, places, partial(schema, provider, kind, columns), bad, rows
        ),
    )
    if errors == "raise" and identified.invalid:
        cause = identified.invalid_rows.errors if identified.invalid_rows else None
        raise _invalid_rows_error(identified, len(frame)) from cause
    return identified


class _BadRows(NamedTuple):
    """The distinct invalid rows: position of the first, number, and verdicts."""

    first: Codes
    counts: Codes
    verdicts: Verdicts


def _bad_rows(
    canonical_columns: Mapping[str, CanonicalColumn],
    codes: Codes,
    start: int,
    exclusions: Sequence[Exclusion],
) -> _BadRows:
    """Return the distinct rows with an invalid value; pandera does not need the others."""
    why = [reason if reason in ROW_REASONS else None for _, reason in exclusions]
    lacks = np.zeros(start + len(why), dtype=bool)
    lacks[start:] = [reason is not None for reason in why]
    is_bad = lacks[codes]
    for one in canonical_columns.values():
        is_bad |= one.has_reason(one.verdicts)
    places = np.flatnonzero(is_bad)
    cells = [one.cells[places] for one in canonical_columns.values()]
    alike = distinct_rows(((each, each.max(initial=-1) + 1) for each in cells), len(places))
    first = places[first_places(alike)]
    verdicts = {
        name: one.reasons_of(one.verdicts[first]) for name, one in canonical_columns.items()
    }
    verdicts[ROW] = [why[code - start] if code >= start else None for code in codes[first]]
    return _BadRows(first, np.bincount(alike), verdicts)


def _invalid_cells(
    frame: pd.DataFrame,
    places: Mapping[str, int],
    schema: Callable[[], Any],
    bad: _BadRows,
    rows: Codes | None,
) -> InvalidRows | None:
    """Copy the cells of the invalid rows, since the user can change the frame later."""
    if not len(bad.first):
        return None
    first = bad.first if rows is None else rows[bad.first]
    cells = {name: frame.iloc[first, place] for name, place in places.items()}
    return InvalidRows(schema, bad.verdicts, cells, first, bad.counts)


def _spread(codes: Codes, rows: Codes | None, length: int, *, rest: int) -> Codes:
    """Spread the codes of the requested rows over the whole frame; the others get ``rest``."""
    if rows is None:
        return codes
    spread = np.full(length, rest, dtype=np.intp)
    spread[rows] = codes
    return spread


def _take_rows(column: "pd.Series[Any]", rows: Codes | None) -> "pd.Series[Any]":
    return column if rows is None else column.iloc[rows]


def read_where(frame: pd.DataFrame, where: Any) -> Mask:
    """Return ``where`` as one flag for each row, by position."""
    if where is None:
        return np.ones(len(frame), dtype=bool)
    if isinstance(where, pd.Series) and not where.index.equals(frame.index):
        raise InputError(
            "The index of where= differs from the index of the frame.",
            todo="Build it from the same frame, or pass where=mask.to_numpy().",
        )
    try:
        # Numbers are not accepted: [0, 1] could be positions.
        flags = pd.api.types.infer_dtype(where, skipna=True) in {"boolean", "empty"}
        mask = pd.array(where, dtype="boolean") if flags else None
    except (TypeError, ValueError):
        mask = None
    if mask is None or mask.shape != (len(frame),):
        raise InputError(
            f"where= does not have True or False for each of the {len(frame):,} rows.",
            todo='Pass a condition on the frame, for example where=df["Tier"] == "A".',
        )
    return np.asarray(mask.fillna(value=False), dtype=bool)


def _invalid_rows_error(identified: Identified, length: int) -> InputError:
    """Return the error with the number of invalid rows for each reason."""
    reasons = ", ".join(
        f"{reason} ({rows})"
        for (status, reason), rows in zip(
            identified.exclusions, identified.rows_by_exclusion, strict=True
        )
        if status is Status.INVALID
    )
    return InputError(
        f"{identified.invalid:,} of {length:,} rows are invalid: {reasons}.",
        todo='See `.failure_cases` of this error, or use errors="coerce" to skip these rows.',
        failure_cases=identified.failure_cases,
    )
