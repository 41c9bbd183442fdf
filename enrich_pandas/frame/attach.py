"""From columns to a frame, by position: never a join, so never another row's data."""

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.schema import ROW_COLUMNS


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


def own_columns(frame: pd.DataFrame, prefix: str, names: Iterable[str]) -> list[Hashable]:
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
    taken = {text_of(label).casefold(): label for label in frame.columns if label not in ours}
    clashes = [taken[name.casefold()] for name in names if name.casefold() in taken]
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
