"""How the result looks: fields, layout and names, checked before anything is spent."""

import difflib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame import flatten
from enrich_pandas.frame.attach import attach, check_names, own_columns
from enrich_pandas.frame.cells import LONE_SURROGATE
from enrich_pandas.frame.gathering import Shelf
from enrich_pandas.frame.schema import Field, fields_of, wide_names
from enrich_pandas.models import Part

Layout = Literal["wide", "nested", "tables"]


class Tables(dict[str, pd.DataFrame]):
    """Linked frames by name: ``people``, then one a list, keyed by the row's position."""

    def __repr__(self) -> str:
        sizes = (f"{name} {len(table):,} rows" for name, table in self.items())
        return f"Tables({', '.join(sizes)})"


@dataclass(frozen=True, slots=True)
class Output:
    """What a call will add to a frame.

    ``replaced`` are the columns that an earlier run left in it. ``sources`` tells whether each
    field has a column that names who gave it.
    """

    kind: str
    fields: Sequence[Field]
    layout: Layout
    max_items: int
    prefix: str
    replaced: Sequence[Hashable]
    sources: bool = False

    def shelf(self) -> Shelf:
        """Make a shelf for what the layout shows of the models."""
        return Shelf(self.fields, self.max_items if self.layout == "wide" else None)

    def assemble(self, frame: pd.DataFrame, taken: flatten.Taken) -> "pd.DataFrame | Tables":
        """Make the result from the distinct answers."""
        if self.layout == "tables":
            return self._tables(frame, taken)
        if self.layout == "wide":
            columns = flatten.wide(taken, self.fields, self.max_items)
        else:
            columns = flatten.nested(taken, self.fields)
        return attach(frame, self._prefixed(columns), self.replaced)

    def _tables(self, frame: pd.DataFrame, taken: flatten.Taken) -> Tables:
        row = f"{self.prefix}row"
        columns = self._prefixed(flatten.scalars_only(taken, self.fields))
        columns[row] = np.arange(len(frame))
        tables = Tables({self.kind: attach(frame, columns, self.replaced)})
        for field in self.fields:
            if field.shape == "list":
                tables[field.name] = flatten.items(taken, field, frame.index, row)
        return tables

    def _prefixed(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {self.prefix + name: values for name, values in columns.items()}


def decide_output(
    frame: pd.DataFrame,
    model: type[Part],
    kind: str,
    *,
    fields: Sequence[str] | None,
    layout: Layout,
    max_items: int,
    prefix: str,
    sources: bool = False,
) -> Output:
    """Decide on the columns of the result.

    Raises
    ------
    InputError
        The frame is none, or has columns of these names.
    ConfigurationError
        The layout, a field, ``max_items`` or the prefix is not one that there is.
    """
    _check_call(frame, layout, max_items, prefix)
    every = fields_of(model)
    chosen = _choose(every, fields, prefix)
    possible = [*wide_names(every, max_items=1), *(field.name for field in every), "row"]
    own = own_columns(frame, prefix, [*possible, *map(flatten.source_name, every)])
    names = _names(chosen, layout, max_items)
    names += map(flatten.source_name, chosen if sources else [])
    check_names(frame, [prefix + name for name in names], own)
    return Output(kind, chosen, layout, max_items, prefix, own, sources)


def _check_call(frame: pd.DataFrame, layout: str, max_items: int, prefix: str) -> None:
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"A pandas DataFrame is needed, not {type(frame).__name__}.",
            todo="Pass a DataFrame; a Series becomes one with .to_frame().",
        )
    if layout not in ("wide", "nested", "tables"):
        raise ConfigurationError(
            f"There is no layout {layout!r}.",
            cost="Nothing was spent.",
            todo="Choose 'wide', 'nested' or 'tables'.",
        )
    if isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 0:
        raise ConfigurationError(
            f"max_items={max_items!r} is not a whole number from 0 on.", cost="Nothing was spent."
        )
    if not isinstance(prefix, str) or LONE_SURROGATE.search(prefix):
        raise ConfigurationError(
            f"prefix={prefix!r} cannot begin a column's name.",
            cost="Nothing was spent.",
            todo="Write a text, such as prefix='found_'.",
        )


def _choose(every: Sequence[Field], names: Sequence[str] | None, prefix: str) -> list[Field]:
    if names is None:
        return list(every)
    by_name = {field.name: field for field in every}
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in by_name:
            bare = str(name).removeprefix(prefix)
            close = difflib.get_close_matches(bare, by_name, n=3)
            raise ConfigurationError(
                f"There is no field {name!r}.",
                cost="Nothing was spent.",
                todo=f"Did you mean {' or '.join(map(repr, close))}?"
                if close
                else f"The fields are {', '.join(by_name)}.",
            )
    return [by_name[name] for name in dict.fromkeys(wanted)]


def _names(fields: Sequence[Field], layout: Layout, max_items: int) -> list[str]:
    if layout == "wide":
        return wide_names(fields, max_items)
    scalars = wide_names([field for field in fields if field.shape != "list"], 0)
    if layout == "tables":
        return [*scalars, "row"]
    return scalars + [field.name for field in fields if field.shape == "list"]
