"""How the result looks: fields, layout and names, checked before anything is spent."""

import difflib
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from enrich_pandas.errors import ConfigurationError, InputError
from enrich_pandas.frame import flatten
from enrich_pandas.frame.cells import LONE_SURROGATE
from enrich_pandas.frame.flatten import ArrayBuilder
from enrich_pandas.frame.schema import ROW_COLUMNS, Field, fields_of, wide_names
from enrich_pandas.models import Part

# -- From columns to a frame, by position: never a join, so never another row's data -------------


def attach(
    frame: pd.DataFrame, columns: Mapping[str, Any], replaced: Iterable[Hashable]
) -> pd.DataFrame:
    """Set columns beside a frame's own; the index is the frame's, the input stays as it is."""
    kept = frame.drop(columns=list(replaced))
    new = pd.DataFrame(dict(columns), index=frame.index, copy=False)
    joined: Any = pd.concat([kept, new], axis=1, ignore_index=True)
    joined.columns = _labels(kept.columns, list(columns))
    # Its attrs and flags, and what a subclass knows besides; pandas' stubs do not tell of it.
    result: pd.DataFrame = joined.__finalize__(frame)
    return result


def earlier_columns(frame: pd.DataFrame, prefix: str, names: Iterable[str]) -> list[Hashable]:
    """Return the columns that an earlier run left in a frame; they will be replaced.

    A frame holds an earlier result where all row columns (status, reason, …) are there.
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
    """Refuse a call whose columns would overwrite the frame's.

    Raises
    ------
    InputError
        A name is taken, be it in another case; raised before anything is spent.
    """
    ours = set(own)
    answers = {text_of(label).casefold(): label for label in frame.columns if label not in ours}
    clashes = [answers[name.casefold()] for name in names if name.casefold() in answers]
    if clashes:
        raise InputError(
            f"The frame has {len(clashes)} column(s) of the result's names already: "
            f"{', '.join(repr(label) for label in clashes[:5])}.",
            todo="Rename them, or choose another prefix, such as prefix='found_'.",
        )


def _stem(name: str) -> str:
    """Blank the number of an item: another ``max_items`` makes more columns of the same kind."""
    return re.sub(r"_\d+(?=_|$)", "_#", name)


def text_of(label: Hashable) -> str:
    """Return a column's label as text; of one in levels, the first, where the others are empty."""
    if isinstance(label, tuple):
        return str(label[0]) if not any(label[1:]) else repr(label)
    return str(label)


def _labels(kept: pd.Index, names: list[str]) -> pd.Index:
    """Return a frame's own labels and new ones; in levels, the new ones stand in the first."""
    if kept.nlevels == 1:
        return _extended(kept, names)
    levels = [names, *[[""] * len(names)] * (kept.nlevels - 1)]
    extended = [_extended(kept.get_level_values(n), labels) for n, labels in enumerate(levels)]
    return pd.MultiIndex.from_arrays(extended)


def _extended(kept: pd.Index, labels: list[str]) -> pd.Index:
    if kept.dtype == object:
        # Else pandas guesses the dtype: None becomes NaN, and a lone surrogate cannot be encoded.
        return pd.Index([*kept, *labels], dtype=object, name=kept.name)
    return kept.append(pd.Index(labels)).rename(kept.name)


# -- How the result looks: fields, layout and names, checked before anything is spent ------------

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

    def builder(self) -> ArrayBuilder:
        """Make a shelf for what the layout shows of the models."""
        return ArrayBuilder(self.fields, self.max_items if self.layout == "wide" else None)

    def assemble(self, frame: pd.DataFrame, answers: flatten.RowAnswers) -> "pd.DataFrame | Tables":
        """Make the result from the distinct answers."""
        if self.layout == "tables":
            return self._tables(frame, answers)
        if self.layout == "wide":
            columns = flatten.wide(answers, self.fields, self.max_items)
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
    own = earlier_columns(frame, prefix, [*possible, *map(flatten.source_name, every)])
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
