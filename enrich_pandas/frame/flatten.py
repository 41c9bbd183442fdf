"""From models to columns: wide, nested, tables.

Columns are built once for each distinct answer, then taken by code for the rows, so that a
thousand rows of one person cost no more than one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.frame.schema import (
    ROW_COLUMNS,
    TEXT,
    TIME,
    Field,
    Leaf,
    arrow_type,
    item_columns,
    leaves_of,
    scalar_columns,
    singular,
)

Columns = dict[str, Any]
Reader = Callable[[Any], Any]


class Distinct(NamedTuple):
    """The distinct answers and refusals, column by column; ``models`` holds None for a miss.

    ``sources`` names the provider of each field that has a value; it is None where nobody asks.
    """

    status: Sequence[str]
    reason: Sequence[str]
    provider: Sequence[str | None]
    fetched: Sequence[float | None]
    models: Sequence[Any]
    sources: Sequence[Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Distinct answers and, for each row, which of them is its own."""

    distinct: Distinct
    codes: "np.ndarray[Any, np.dtype[np.intp]]"

    def fan_out(self, values: Any) -> Any:
        """Give each row its answer's value."""
        return values.take(self.codes)

    def column(self, values: Sequence[Any], dtype: Any) -> Any:
        """Make a column from one value a distinct answer."""
        return self.fan_out(pd.array(values, dtype=dtype))


def wide(taken: Taken, fields: Sequence[Field], max_items: int) -> Columns:
    """Make scalars and, of every list, the first ``max_items`` as numbered columns."""
    columns = _rows(taken)
    for field in fields:
        if field.shape != "list":
            columns |= _scalars(taken, [field])
            continue
        lists = [None if model is None else getattr(model, field.name) for model in _models(taken)]
        for number in range(1, max_items + 1):
            picked = [_nth(values, number) for values in lists]
            for name, leaf in item_columns(field, number):
                columns[name] = _leaf_column(taken, picked, leaf)
        counts = [None if values is None else len(values) for values in lists]
        columns[f"{singular(field.name)}_count"] = taken.column(counts, "Int64")
        columns |= _source(taken, field)
    return columns


def nested(taken: Taken, fields: Sequence[Field]) -> Columns:
    """Make scalars, and one Arrow ``list<struct>`` column a list: nothing is lost."""
    columns = _rows(taken)
    for field in fields:
        if field.shape != "list":
            columns |= _scalars(taken, [field])
            continue
        kind = pa.list_(arrow_type(field.type))
        values = [None if m is None else _builtins(getattr(m, field.name)) for m in _models(taken)]
        array = pd.arrays.ArrowExtensionArray(pa.array(values, type=kind))
        columns[field.name] = taken.fan_out(array)
        columns |= _source(taken, field)
    return columns


def items(taken: Taken, field: Field, index: pd.Index, row: str) -> pd.DataFrame:
    """Make the linked table of a list: one row an item, keyed by row position and index label."""
    lists = [[] if model is None else getattr(model, field.name) for model in _models(taken)]
    lengths = np.array([len(values) for values in lists], dtype=np.intp)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.intp)
    repeats = lengths[taken.codes]
    rows = np.repeat(np.arange(len(taken.codes)), repeats)
    numbers = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    flat = [value for values in lists for value in values]
    inner = Taken(taken.distinct, starts[taken.codes[rows]] + numbers)
    columns: Columns = {row: rows, "item": numbers + 1}
    if field.type is str:
        columns["value"] = inner.column(flat, TEXT)
    else:
        for leaf in leaves_of(field.type):
            name = leaf.suffix.removeprefix("_") or leaf.field
            columns[name] = _leaf_column(inner, flat, leaf)
    return pd.DataFrame(columns, index=index.take(rows))


def scalars_only(taken: Taken, fields: Sequence[Field]) -> Columns:
    """Make the row columns and the scalars, as in the ``people`` table; lists have a source."""
    columns = _rows(taken)
    for field in fields:
        columns |= _source(taken, field) if field.shape == "list" else _scalars(taken, [field])
    return columns


def source_name(field: Field) -> str:
    """Return the name of the column that tells who gave a field."""
    return f"{singular(field.name) if field.shape == 'list' else field.name}_source"


def _source(taken: Taken, field: Field) -> Columns:
    """Make the column that tells who gave a field, where it is wanted."""
    sources = taken.distinct.sources
    if sources is None:
        return {}
    return {source_name(field): taken.column([of.get(field.name) for of in sources], TEXT)}


def _models(taken: Taken) -> Sequence[Any]:
    return taken.distinct.models


def _rows(taken: Taken) -> Columns:
    distinct = taken.distinct
    seconds = [None if at is None else round(at * 1e6) for at in distinct.fetched]
    fetched = pd.to_datetime(pd.array(seconds, dtype="Int64"), unit="us", utc=True).astype(TIME)
    texts: Mapping[str, Sequence[Any]] = {
        "status": distinct.status,
        "reason": distinct.reason,
        "provider": distinct.provider,
    }
    columns = {name: taken.column(values, TEXT) for name, values in texts.items()}
    columns["fetched_at"] = taken.fan_out(fetched.array)
    return {name: columns[name] for name in ROW_COLUMNS}


def _scalars(taken: Taken, fields: Sequence[Field]) -> Columns:
    columns: Columns = {}
    for field in fields:
        parts = _models(taken)
        if field.shape == "part":
            parts = [None if m is None else getattr(m, field.name) for m in _models(taken)]
        for name, leaf in scalar_columns(field):
            columns[name] = _leaf_column(taken, parts, leaf)
        columns |= _source(taken, field)
    return columns


def _leaf_column(taken: Taken, parts: Sequence[Any], leaf: Leaf | None) -> Any:
    if leaf is None:
        return taken.column(parts, TEXT)
    name = leaf.field
    values = [None if part is None else getattr(part, name) for part in parts]
    return taken.column([_year(value) for value in values] if leaf.is_year else values, leaf.dtype)


def _nth(values: Sequence[Any] | None, number: int) -> Any:
    return values[number - 1] if values is not None and len(values) >= number else None


def _year(date: str | None) -> int | None:
    return int(date[:4]) if date is not None and date[:4].isdecimal() and len(date) >= 4 else None  # noqa: PLR2004 - the digits of a year


def _builtins(values: Sequence[Any]) -> Any:
    return msgspec.to_builtins(values)
