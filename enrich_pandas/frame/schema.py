"""Derive the columns of a result and their dtypes from the models.

The columns depend on the model, the layout and ``max_items``, never on data.
"""

import types
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.models import Part

# The default text dtype of the installed pandas: "str" from pandas 3 on, "string" before.
TEXT = "str" if int(pd.__version__.split(".")[0]) >= 3 else "string"  # noqa: PLR2004 - pandas 3
TIME = "datetime64[us, UTC]"
ARROW: dict[type, pa.DataType] = {
    str: pa.large_string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
YEAR = pa.int16()
DTYPES: dict[pa.DataType, str] = {
    pa.large_string(): TEXT,
    pa.int64(): "Int64",
    pa.float64(): "Float64",
    pa.bool_(): "boolean",
    YEAR: "Int16",
}
ROW_COLUMNS = {"status": TEXT, "reason": TEXT, "provider": TEXT, "fetched_at": TIME}

Shape = Literal["scalar", "part", "list"]


def times(seconds: Sequence[float | None]) -> pd.DatetimeIndex:
    """Return seconds since the epoch as UTC times, and None as NaT.

    The conversion does not use pandas: pandas 2 also rounds the undefined values behind NaT, which
    can overflow.

    Examples
    --------
    >>> found = times([1.8e9, None])
    >>> found[0], found.isna().tolist()
    (Timestamp('2027-01-15 08:00:00+0000', tz='UTC'), [False, True])
    """
    given = np.array(seconds, dtype=float)
    known = ~np.isnan(given)
    found = np.full(len(given), "NaT", dtype="datetime64[us]")
    found[known] = np.rint(given[known] * 1e6).astype("int64").astype("datetime64[us]")
    return pd.DatetimeIndex(found).tz_localize("UTC")


class Field(NamedTuple):
    """A field of a model: name, shape, type of the value or of the items, and description."""

    name: str
    shape: Shape
    type: type
    description: str


class Leaf(NamedTuple):
    """A scalar within a part: suffix of its column, field, type, and whether it is a date's year.

    A text in a list of texts is a leaf without suffix and field.
    """

    suffix: str
    field: str
    type: pa.DataType
    is_year: bool = False


@cache
def fields_of(model: type[Part]) -> tuple[Field, ...]:
    """Return the fields of a model, in order.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> [field.name for field in fields_of(Person) if field.shape == "list"][:3]
    ['emails', 'phones', 'experiences']
    """
    hints = get_type_hints(model, include_extras=True)
    return tuple(_field(name, hints[name]) for name in model.__struct_fields__)


@cache
def leaves_of(part: type[Part] | type[str]) -> tuple[Leaf, ...]:
    """Return the leaves of a part; each date is followed by its year as a number."""
    if issubclass(part, str):
        return (Leaf("", "", ARROW[str]),)
    leaves = (_leaves("" if of.name == part.lead else f"_{of.name}", of) for of in fields_of(part))
    return tuple(chain.from_iterable(leaves))


def item_columns(field: Field, number: int) -> Iterator[tuple[str, Leaf]]:
    """Yield the columns of the n-th item of a list."""
    name = f"{singular(field.name)}_{number}"
    for leaf in leaves_of(field.type):
        yield name + leaf.suffix, leaf


def scalar_columns(field: Field) -> Iterator[tuple[str, Leaf]]:
    """Yield the columns of a scalar, or of a part, which is flattened in place."""
    part = leaves_of(field.type) if field.shape == "part" else _leaves("", field)
    for leaf in part:
        yield field.name.removesuffix("_date" if leaf.is_year else "") + leaf.suffix, leaf


def _leaves(suffix: str, field: Field) -> Iterator[Leaf]:
    yield Leaf(suffix, field.name, ARROW[field.type])
    if field.name.endswith("_date"):
        yield Leaf(f"{suffix.removesuffix('_date')}_year", field.name, YEAR, is_year=True)


def wide_names(fields: Sequence[Field], max_items: int) -> list[str]:
    """Return the column names of the wide layout in order, without the prefix.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> emails = [field for field in fields_of(Person) if field.name == "emails"]
    >>> wide_names(emails, max_items=1)[4:]
    ['email_1', 'email_1_type', 'email_1_status', 'email_1_validated_at', 'email_count']
    """
    names = list(ROW_COLUMNS)
    for field in fields:
        if field.shape != "list":
            names += [name for name, _ in scalar_columns(field)]
            continue
        for number in range(1, max_items + 1):
            names += [name for name, _ in item_columns(field, number)]
        names.append(f"{singular(field.name)}_count")
    return names


def arrow_type(item: type) -> pa.DataType:
    """Return the Arrow type of an item of a list."""
    if item is str:
        return pa.string()  # every reader of nested columns supports it
    if item in ARROW:
        return ARROW[item]
    return pa.struct([(field.name, arrow_type(field.type)) for field in fields_of(item)])


def has_value(field: Field, model: Part) -> bool:
    """Return whether a model has a value, an item, or a part that is not empty, in a field.

    A part counts as one value: city and country come from the same provider.
    """
    value = getattr(model, field.name)
    if field.shape == "part":
        return value is not None and any(
            getattr(value, leaf) is not None for leaf in value.__struct_fields__
        )
    return bool(value) if field.shape == "list" else value is not None


def singular(name: str) -> str:
    """Return the name of one item of a list.

    Examples
    --------
    >>> [singular(name) for name in ("social_profiles", "addresses", "technologies", "open_to")]
    ['social_profile', 'address', 'technology', 'open_to']
    """
    for plural, one in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if name.endswith(plural):
            return name.removesuffix(plural) + one
    return name


def _field(name: str, hint: Any) -> Field:
    description = ""
    if get_origin(hint) is Annotated:
        hint, meta = get_args(hint)
        description = meta.description
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is list:
        item = get_args(hint)[0]
        return Field(name, "list", item, description)
    return Field(name, "scalar" if hint in ARROW else "part", hint, description)
