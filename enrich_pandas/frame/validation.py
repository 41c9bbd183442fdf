"""Rows to identities: what is asked about, and for every other row the reason why not.

Work is done on distinct values and distinct rows only, never once a row.
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

# -- What pandera finds wrong with the rows, and its table of failures in the user's terms -------

ROW = "row"  # the verdict on the row as a whole, beside one on each identifier
ROW_REASONS = ("no_identifier", "incomplete", "needs_company")
FIELDS = ("schema_context", "column", "check", "check_number", "failure_case", "index", "rows")

Verdicts = Mapping[str, Sequence[Any]]  # identifier to a reason code or None for each row


def schema(provider: Provider, kind: Kind, columns: IdentifierColumns) -> Any:
    """Make the pandera schema of the verdicts on rows: one check for each reason code.

    A verdict is the reason code of a value, or null where it is fine or missing; its column is
    named after the identifier. The provider's own rules stand beside the general reasons.

    Parameters
    ----------
    provider, kind
        Who is asked, and for what.
    columns
        The columns that were found.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        To be validated lazily, so that all failures come at once.
    """
    import pandera.pandas as pa  # here, since it takes 0.4 s that only a call needs to pay

    def verdicts(codes: Sequence[str]) -> Any:
        checks = [pa.Check(lambda column, code=code: column != code, error=code) for code in codes]
        return pa.Column(checks=checks, nullable=True)

    rules = provider.rules(kind)
    checked = {name: verdicts(_codes(rules.get(name, ()))) for name in columns.chosen}
    return pa.DataFrameSchema({**checked, ROW: verdicts(ROW_REASONS)})


def _codes(rules: Sequence[Rule]) -> list[str]:
    """List the reasons that a value of an identifier may have, the provider's own last."""
    general = [code for code in REASONS if code not in {"missing", *ROW_REASONS}]
    return list(dict.fromkeys([*general, *(rule.code for rule in rules)]))


@dataclass(frozen=True)
class InvalidRows:
    """What is wrong with the distinct rows; pandera is loaded once somebody asks for its table.

    Attributes
    ----------
    schema
        Makes the schema.
    verdicts
        Of each bad row.
    cells
        For each identifier the user's column, but of the bad rows alone.
    first, counts
        For each of them, the position of the first row like it, and how many there are.
    """

    schema: Callable[[], Any]
    verdicts: Verdicts
    cells: Mapping[str, "pd.Series[Any]"]
    first: Codes
    counts: Codes

    @cached_property
    def errors(self) -> Exception | None:
        """Validate the verdicts, all at once; pandera's SchemaErrors, or None."""
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
        """Make pandera's table, in the user's terms: labels, cells and row positions."""
        errors: Any = self.errors
        if errors is None:
            return empty_failure_cases()
        cases = errors.failure_cases.reset_index(drop=True)
        places = cases["index"].to_numpy(dtype=np.intp)
        names = cases["column"].to_numpy(dtype=object)
        labels = np.full(len(cases), None, dtype=object)
        cells = labels.copy()
        for name, column in self.cells.items():
            mine = np.flatnonzero(names == name)
            for place, cell in zip(mine, column.iloc[places[mine]], strict=True):  # may be a list
                labels[place], cells[place] = column.name, cell
        # As objects: text that holds a lone surrogate fits no string dtype.
        cases["column"] = pd.Series(labels, dtype=object)
        cases["failure_case"] = pd.Series(cells, dtype=object)
        cases["index"], cases["rows"] = self.first[places], self.counts[places]
        ordered: pd.DataFrame = cases.sort_values(["index", "check_number"], ignore_index=True)
        return ordered[list(FIELDS)]


def empty_failure_cases() -> pd.DataFrame:
    """Make the table of what is wrong where nothing is."""
    return pd.DataFrame(columns=list(FIELDS))


# -- Rows to identities: what is asked about, and for every other row the reason why not ---------

Mask = npt.NDArray[np.bool_]


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
    faults
        The values that are wrong, of which pandera makes `failure_cases`.
    """

    codes: Codes
    identities: Sequence[Identity]
    exclusions: list[Exclusion]
    invalid_rows: InvalidRows | None = None

    @property
    def failure_cases(self) -> pd.DataFrame:
        """Return pandera's table in the user's terms, one line for a bad value in distinct rows.

        ``column`` is the label, ``check`` the reason code, ``failure_case`` the cell, ``index``
        the position of the first such row and ``rows`` how many are like it. A bad value is
        listed also where another identifier of its row serves.
        """
        return self.invalid_rows.table if self.invalid_rows else empty_failure_cases()

    @property
    def valid(self) -> int:
        """Number of rows that have an identity."""
        return int(np.count_nonzero(self.codes < len(self.identities)))

    @property
    def invalid(self) -> int:
        """Number of rows that are not sent because of what they hold."""
        return sum(
            rows
            for (status, _), rows in zip(self.exclusions, self.rows_by_exclusion, strict=True)
            if status is Status.INVALID
        )

    @property
    def rows_by_exclusion(self) -> list[int]:
        """Number of rows of each refusal."""
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
    """Bring every row to an identity, or to the reason why it is not sent.

    Spends nothing and asks no network. What is plain is decided by Arrow's kernels, at some 0.5 µs
    a row; Python's work is for the distinct cells that are not, and for a provider that chooses
    among identifiers in its own way.

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
    """The distinct rows in which something is wrong: where first, how many, and what."""

    first: Codes
    counts: Codes
    verdicts: Verdicts


def _bad_rows(
    canonical_columns: Mapping[str, CanonicalColumn],
    codes: Codes,
    start: int,
    exclusions: Sequence[Exclusion],
) -> _BadRows:
    """Find them; those that are well give pandera nothing to find."""
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
    """Keep what pandera's table is made of: the cells of the bad rows, as they are now."""
    if not len(bad.first):
        return None
    first = bad.first if rows is None else rows[bad.first]
    cells = {name: frame.iloc[first, place] for name, place in places.items()}
    return InvalidRows(schema, bad.verdicts, cells, first, bad.counts)


def _spread(codes: Codes, rows: Codes | None, length: int, *, rest: int) -> Codes:
    """Lay the codes of the rows taken over the whole frame."""
    if rows is None:
        return codes
    spread = np.full(length, rest, dtype=np.intp)
    spread[rows] = codes
    return spread


def _take_rows(column: "pd.Series[Any]", rows: Codes | None) -> "pd.Series[Any]":
    return column if rows is None else column.iloc[rows]


def read_where(frame: pd.DataFrame, where: Any) -> Mask:
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


def _invalid_rows_error(identified: Identified, length: int) -> InputError:
    """Say how many rows are invalid, and for what."""
    reasons = ", ".join(
        f"{reason} ({rows})"
        for (status, reason), rows in zip(
            identified.exclusions, identified.rows_by_exclusion, strict=True
        )
        if status is Status.INVALID
    )
    return InputError(
        f"{identified.invalid} of {length} rows cannot be sent: {reasons}.",
        todo='See .failure_cases of this error, or type errors="coerce" to go on without them.',
        failure_cases=identified.failure_cases,
    )
