"""The output schema, read off the models: which columns there are, and of which dtype.

Nothing here depends on data: the columns of a result are fixed by the model, the layout and
``max_items``.
"""

import types
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import pandas as pd
import pyarrow as pa

from enrich_pandas.models import Part

# The default text dtype of the pandas at hand: "str" from pandas 3 on, "string" before.
TEXT = "str" if int(pd.__version__.split(".")[0]) >= 3 else "string"  # noqa: PLR2004 - pandas 3
TIME = "datetime64[us, UTC]"
YEAR = "Int16"
DTYPES: dict[type, str] = {str: TEXT, int: "Int64", float: "Float64", bool: "boolean"}
ARROW: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
ROW_COLUMNS = {"status": TEXT, "reason": TEXT, "provider": TEXT, "fetched_at": TIME}

Shape = Literal["scalar", "part", "list"]


class Field(NamedTuple):
    """A field of a model: its name, its shape, and the type of the value or of the items."""

    name: str
    shape: Shape
    type: type
    description: str


class Leaf(NamedTuple):
    """A scalar within a part, with the suffix its column has and whether it is a date's year."""

    suffix: str
    field: str
    dtype: str
    is_year: bool = False


def fields_of(model: type[Part]) -> list[Field]:
    """Read the fields of a model, in order.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> [field.name for field in fields_of(Person) if field.shape == "list"][:3]
    ['emails', 'phones', 'experiences']
    """
    hints = get_type_hints(model, include_extras=True)
    return [_field(name, hints[name]) for name in model.__struct_fields__]


def leaves_of(part: type[Part]) -> Iterator[Leaf]:
    """Yield the columns of a part; beside each date stands its year, as a number."""
    for field in fields_of(part):
        suffix = "" if field.name == part.lead else f"_{field.name}"
        yield Leaf(suffix, field.name, DTYPES[field.type])
        if field.name.endswith("_date"):
            yield Leaf(f"{suffix.removesuffix('_date')}_year", field.name, YEAR, is_year=True)


def item_columns(field: Field, number: int) -> Iterator[tuple[str, Leaf | None]]:
    """Yield the columns of the n-th item of a list; a text has one, without a leaf."""
    name = f"{singular(field.name)}_{number}"
    if field.type is str:
        yield name, None
        return
    for leaf in leaves_of(field.type):
        yield name + leaf.suffix, leaf


def scalar_columns(field: Field) -> Iterator[tuple[str, Leaf]]:
    """Yield the columns of a scalar or of a part that is flattened in place."""
    if field.shape == "part":
        for leaf in leaves_of(field.type):
            yield field.name + leaf.suffix, leaf
        return
    yield field.name, Leaf("", field.name, DTYPES[field.type])
    if field.name.endswith("_date"):
        yield f"{field.name.removesuffix('_date')}_year", Leaf("", field.name, YEAR, is_year=True)


def wide_names(fields: Sequence[Field], max_items: int) -> list[str]:
    """Return the names of the wide layout, without the prefix, in order.

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
    if item in ARROW:
        return ARROW[item]
    return pa.struct([(field.name, arrow_type(field.type)) for field in fields_of(item)])


def singular(name: str) -> str:
    """Return the name of one item of a list.

    Examples
    --------
    >>> singular("social_profiles")
    'social_profile'
    """
    return name.removesuffix("s")


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
    return Field(name, "scalar" if hint in DTYPES else "part", hint, description)
