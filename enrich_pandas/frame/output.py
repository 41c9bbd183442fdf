"""Decide on the columns of the result, check them before anything is spent, and attach them.

Columns are attached by position, never joined, so that no row can get another row's data.
"""

import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame import flatten
from enrich_pandas.frame.arrays import ArrayBuilder
from enrich_pandas.frame.cells import LONE_SURROGATE
from enrich_pandas.frame.schema import (
    COPIES_ON_WRITE,
    ROW_COLUMNS,
    Field,
    Names,
    choose_fields,
    fields_of,
    limit_items,
    wide_names,
)
from enrich_pandas.models import Part


def attach(
    frame: pd.DataFrame, columns: Mapping[str, Any], replaced: Iterable[Hashable]
) -> pd.DataFrame:
    """Return a new frame with these columns beside a frame's own, except the replaced ones."""
    kept = frame.drop(columns=list(replaced))
    new = pd.DataFrame(dict(columns), index=frame.index, copy=False)
    # pandas 2 copies at once: the frame's own columns have to be, the new ones not.
    own, options = (kept, {}) if COPIES_ON_WRITE else (kept.copy(), {"copy": False})
    concat: Any = pd.concat  # pandas-stubs describes pandas 3, which has no `copy`
    joined = concat([own, new], axis=1, ignore_index=True, **options)
    joined.columns = _labels(kept.columns, list(columns))
    # Copies attrs, flags and the metadata of a subclass. pandas-stubs does not declare it.
    result: pd.DataFrame = joined.__finalize__(frame)
    return result


def earlier_columns(frame: pd.DataFrame, prefix: str, names: Iterable[str]) -> list[Hashable]:
    """Return the columns of an earlier result in a frame, which the new result replaces.

    A frame has an earlier result if it has all row columns (status, reason, …).
    """
    texts = {label: text_of(label) for label in frame.columns}
    if not {prefix + name for name in ROW_COLUMNS} <= set(texts.values()):
        return []
    stems = {_stem(name) for name in names}
    return [
        label
        for label, text in texts.items()
        if text.startswith(prefix) and _stem(text.removeprefix(prefix)) in stems
    ]


def check_names(frame: pd.DataFrame, names: Iterable[str], own: Iterable[Hashable]) -> None:
    """Raise if a column of the result has the name of one of the frame's own columns.

    Raises
    ------
    InputError
        A name exists, in upper or lower case; raised before anything is spent.
    """
    ours = set(own)
    existing = {text_of(label).casefold(): label for label in frame.columns if label not in ours}
    clashes = [existing[name.casefold()] for name in names if name.casefold() in existing]
    if clashes:
        raise InputError(
            f"The frame already has {len(clashes)} of the result's columns: "
            f"{', '.join(map(repr, clashes[:5]))}{', …' * (len(clashes) > len(clashes[:5]))}.",
            todo="Choose another prefix, for example prefix='found_', or rename the columns.",
        )


def _stem(name: str) -> str:
    """Replace the number of an item, since another ``max_items`` gives more such columns."""
    return re.sub(r"_\d+(?=_|$)", "_#", name)


def text_of(label: Hashable) -> str:
    """Return a column's label as text; of a MultiIndex the first level if the others are empty."""
    if isinstance(label, tuple):
        return str(label[0]) if not any(label[1:]) else repr(label)
    return str(label)


def _labels(kept: pd.Index, names: list[str]) -> pd.Index:
    """Return a frame's labels and new ones, which are put into the first level of a MultiIndex."""
    if kept.nlevels == 1:
        return _extended(kept, names)
    levels = [names, *[[""] * len(names)] * (kept.nlevels - 1)]
    extended = [_extended(kept.get_level_values(n), labels) for n, labels in enumerate(levels)]
    return pd.MultiIndex.from_arrays(extended)


def _extended(kept: pd.Index, labels: list[str]) -> pd.Index:
    if kept.dtype == object:
        # Otherwise pandas infers the dtype: None becomes NaN, and a lone surrogate raises.
        return pd.Index([*kept, *labels], dtype=object, name=kept.name)
    return kept.append(pd.Index(labels)).rename(kept.name)


Layout = Literal["wide", "nested", "tables"]


class Tables(dict[str, pd.DataFrame]):
    """The linked frames of ``layout="tables"``, by name.

    The first is ``people`` or ``companies``, with one row for each row of the input. Each further
    one has the items of a list, with the position of their row.
    """

    def __repr__(self) -> str:
        sizes = (f"{name} {len(table):,} rows" for name, table in self.items())
        return f"Tables({', '.join(sizes)})"


@dataclass(frozen=True, slots=True)
class Output:
    """The columns that a call adds to a frame.

    ``replaced`` are the columns of an earlier result. ``sources`` is whether each field has a
    column with the name of the provider that delivered it.
    """

    kind: str
    fields: Sequence[Field]
    layout: Layout
    prefix: str
    replaced: Sequence[Hashable]
    sources: bool = False

    def builder(self) -> ArrayBuilder:
        """Return an empty builder for the fields, leaves and items that the layout shows."""
        return ArrayBuilder(self.fields)

    def assemble(self, frame: pd.DataFrame, answers: flatten.RowAnswers) -> "pd.DataFrame | Tables":
        """Return the result: the frame with the columns of the answers, or the tables."""
        if self.layout == "tables":
            return self._tables(frame, answers)
        if self.layout == "wide":
            columns = flatten.wide(answers, self.fields)
        else:
            columns = flatten.nested(answers, self.fields)
        return attach(frame, self._prefixed(columns), self.replaced)

    def _tables(self, frame: pd.DataFrame, answers: flatten.RowAnswers) -> Tables:
        row = f"{self.prefix}row"
        columns = self._prefixed(flatten.scalars_only(answers, self.fields))
        columns[row] = np.arange(len(frame))
        tables = Tables({self.kind: attach(frame, columns, self.replaced)})
        for field in self.fields:
            if field.shape == "list":
                tables[field.name] = flatten.items(answers, field, frame.index, row)
        return tables

    def _prefixed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {self.prefix + name: values for name, values in columns.items()}


def decide_output(
    frame: pd.DataFrame,
    model: type[Part],
    kind: str,
    *,
    fields: Names,
    layout: Layout,
    max_items: int | None,
    prefix: str,
    sources: bool = False,
) -> Output:
    """Validate the arguments that shape the result, and return its columns.

    Raises
    ------
    InputError
        The input is not a DataFrame, or it already has columns with these names.
    ConfigurationError
        The layout, a field, ``max_items`` or the prefix is not valid.
    """
    _check_call(frame, layout, max_items, prefix)
    every, chosen = fields_of(model), choose_fields(model, fields, prefix)
    if layout != "wide":
        chosen = limit_items(chosen, None)
    elif max_items is not None:
        chosen = limit_items(chosen, max_items)
    possible = wide_names(limit_items(every, 1)) + [field.name for field in every]
    own = earlier_columns(frame, prefix, [*possible, "row", *map(flatten.source_name, every)])
    names = _names(chosen, layout)
    names += map(flatten.source_name, chosen if sources else [])
    check_names(frame, [prefix + name for name in names], own)
    return Output(kind, chosen, layout, prefix, own, sources)


def _check_call(frame: Any, layout: str, max_items: Any, prefix: Any) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"A pandas DataFrame is needed, not {type(frame).__name__}.",
            todo="Pass a DataFrame. For a Series, type series.to_frame().",
        )
    if layout not in ("wide", "nested", "tables"):
        raise ConfigurationError(
            f"layout={layout!r} is not a valid layout.",
            todo="Use layout='wide', 'nested' or 'tables'.",
        )
    is_number = isinstance(max_items, int) and not isinstance(max_items, bool)
    if max_items is not None and not (is_number and max_items >= 0):
        raise ConfigurationError(
            f"max_items={max_items!r} is not a whole number of at least 0.",
            todo="Use for example max_items=3.",
        )
    if not isinstance(prefix, str) or LONE_SURROGATE.search(prefix):
        raise ConfigurationError(
            f"prefix={prefix!r} cannot be the beginning of a column name.",
            todo="Use a text, for example prefix='found_'.",
        )


def _names(fields: Sequence[Field], layout: Layout) -> list[str]:
    if layout == "wide":
        return wide_names(fields)
    scalars = wide_names([field for field in fields if field.shape != "list"])
    if layout == "tables":
        return [*scalars, "row"]
    return scalars + [field.name for field in fields if field.shape == "list"]
