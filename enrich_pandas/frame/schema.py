"""Derive the columns of a result and their dtypes from the models.

The columns depend on the model, the fields, the layout and ``max_items``, never on data.
"""

import difflib
import types
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd
import pyarrow as pa

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.models import Part

COPIES_ON_WRITE = int(pd.__version__.split(".")[0]) >= 3  # noqa: PLR2004 - pandas 3
# The default text dtype of the installed pandas: "str" from pandas 3 on, "string" before.
TEXT = "str" if COPIES_ON_WRITE else "string"
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

SETS = ("standard", "all")  # names of ``fields=`` that are not fields
MAX_ITEMS = 5  # items of a list in the wide layout if neither the call nor the standard set says

Shape = Literal["scalar", "part", "list"]
Names = Sequence[str] | None


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


class Leaf(NamedTuple):
    """A scalar within a field: suffix of its column, field of the part, type, and what it is.

    The leaf of a scalar has the name of the scalar as its field; a text in a list has none.
    ``is_year`` is whether it is the year of the date before it.
    """

    suffix: str
    field: str
    type: pa.DataType
    is_year: bool = False
    is_standard: bool = False


class Field(NamedTuple):
    """A field of a model, and the part of it that is wanted.

    Attributes
    ----------
    name, shape, type, description
        The type is that of the value, of the part, or of the items of the list.
    leaves
        The wanted leaves, in order; each date is followed by its year.
    standard
        Number of items in the standard set, 1 for a scalar or a part; 0 if it is not in the set.
    max_items
        Number of items of each list to keep; None for all.
    """

    name: str
    shape: Shape
    type: type
    description: str
    leaves: tuple[Leaf, ...]
    standard: int = 0
    max_items: int | None = None

    @property
    def numbers(self) -> range:
        """The numbers of the items that have columns in the wide layout."""
        return range(1, (MAX_ITEMS if self.max_items is None else self.max_items) + 1)


@cache
def fields_of(model: type[Part]) -> tuple[Field, ...]:
    """Return the fields of a model with all of their leaves and items, in order.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> [field.name for field in fields_of(Person) if field.shape == "list"][:3]
    ['emails', 'phones', 'experiences']
    """
    hints = get_type_hints(model, include_extras=True)
    return tuple(_field(name, hints[name]) for name in model.__struct_fields__)


@cache
def standard_fields(model: type[Part]) -> tuple[Field, ...]:
    """Return the standard fields of a model, with their standard leaves and numbers of items.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> educations = next(of for of in standard_fields(Person) if of.name == "educations")
    >>> [leaf.field for leaf in educations.leaves], educations.max_items
    (['school', 'degree', 'field_of_study'], 2)
    """
    return tuple(
        field._replace(
            leaves=tuple(leaf for leaf in field.leaves if leaf.is_standard),
            max_items=field.standard,
        )
        for field in fields_of(model)
        if field.standard
    )


def choose_fields(model: type[Part], names: Names, prefix: str = "") -> tuple[Field, ...]:
    """Return the fields that a call wants, in the order of their names.

    A name is ``"standard"``, ``"all"``, a field, or a leaf such as ``"emails.address"``. None is
    ``"all"``, as in calls that were written for earlier versions.

    Raises
    ------
    ConfigurationError
        A name is not valid. The message suggests similar ones.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> chosen = choose_fields(Person, ["title", "emails.address", "emails.type"])
    >>> [(field.name, [leaf.field for leaf in field.leaves]) for field in chosen]
    [('title', ['title']), ('emails', ['address', 'type'])]
    """
    if names is None:
        return _named(model, "all", prefix)
    chosen: dict[str, Field] = {}
    is_one = isinstance(names, str) or not isinstance(names, Iterable)
    listed: Iterable[Any] = [names] if is_one else names
    for name in listed:
        for field in _named(model, name, prefix):
            chosen[field.name] = _union(chosen.get(field.name), field)
    return tuple(chosen.values())


def named_fields(model: type[Part], names: Names) -> tuple[Field, ...]:
    """Return the fields that a call names itself, without ``"standard"`` and ``"all"``."""
    given = [names] if isinstance(names, str) else names or ()
    return choose_fields(model, [name for name in given if name not in SETS])


def limit_items(fields: Iterable[Field], max_items: int | None) -> tuple[Field, ...]:
    """Return the fields with this number of items of each list."""
    return tuple(field._replace(max_items=max_items) for field in fields)


@cache
def leaves_of(part: type[Part] | type[str]) -> tuple[Leaf, ...]:
    """Return all leaves of a part; each date is followed by its year as a number."""
    if issubclass(part, str):
        return (Leaf("", "", ARROW[str], is_standard=True),)
    leaves = (
        _leaves("" if of.name == part.lead else f"_{of.name}", of.name, of.type, of.standard)
        for of in fields_of(part)
    )
    return tuple(chain.from_iterable(leaves))


def item_columns(field: Field, number: int) -> Iterator[tuple[str, Leaf]]:
    """Yield the columns of the n-th item of a list."""
    name = f"{singular(field.name)}_{number}"
    for leaf in field.leaves:
        yield name + leaf.suffix, leaf


def scalar_columns(field: Field) -> Iterator[tuple[str, Leaf]]:
    """Yield the columns of a scalar, or of a part, which is flattened in place."""
    for leaf in field.leaves:
        yield field.name.removesuffix("_date" if leaf.is_year else "") + leaf.suffix, leaf


def wide_names(fields: Iterable[Field]) -> list[str]:
    """Return the column names of the wide layout in order, without the prefix.

    Examples
    --------
    >>> from enrich_pandas.models import Person
    >>> wide_names(limit_items(choose_fields(Person, "emails"), 1))[4:]
    ['email_1', 'email_1_type', 'email_1_status', 'email_1_validated_at', 'email_count']
    """
    return [*ROW_COLUMNS, *chain.from_iterable(map(field_names, fields))]


def field_names(field: Field) -> list[str]:
    """Return the column names of a field in the wide layout."""
    if field.shape != "list":
        return [name for name, _ in scalar_columns(field)]
    items = (name for number in field.numbers for name, _ in item_columns(field, number))
    return [*items, f"{singular(field.name)}_count"]


def item_type(field: Field) -> pa.DataType:
    """Return the Arrow type of an item of a list in the nested layout, without derived years."""
    if field.type is str:
        return pa.string()  # every reader of nested columns supports it
    kinds = {leaf.field: leaf.type for leaf in field.leaves if not leaf.is_year}
    return pa.struct(
        [(name, pa.string() if kind == ARROW[str] else kind) for name, kind in kinds.items()]
    )


def has_value(field: Field, model: Part) -> bool:
    """Return whether a model has a value, an item, or a wanted leaf of a part, in a field.

    A part counts as one value: city and country come from the same provider.
    """
    value = getattr(model, field.name)
    if field.shape == "part":
        return value is not None and any(
            getattr(value, leaf.field) is not None for leaf in field.leaves
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


def _named(model: type[Part], name: str, prefix: str) -> tuple[Field, ...]:
    """Return the fields of one name of ``fields=``, with the number of items that it implies."""
    if name == "standard":
        return standard_fields(model)
    every = limit_items(fields_of(model), MAX_ITEMS)
    if name == "all":
        return every
    stem, _, leaf = str(name).partition(".")
    for field in every:
        if field.name == name:
            return (field,)
        if field.name == stem and field.shape != "scalar":
            leaves = tuple(one for one in field.leaves if one.field == leaf)
            if leaf and leaves:
                return (field._replace(leaves=leaves),)
    raise ConfigurationError(
        f"fields= contains {name!r}, which is not a field.",
        todo=_suggestion(every, str(name).removeprefix(prefix)),
    )


def _suggestion(every: Sequence[Field], name: str) -> str:
    """Return what to type instead of a name that is not a field."""
    plain = [field.name for field in every]
    dotted = [
        f"{field.name}.{leaf.field}"
        for field in every
        for leaf in field.leaves
        if field.shape != "scalar" and leaf.field and not leaf.is_year
    ]
    known = [*plain, *dotted, *SETS]
    exact = [one for one in known if one.rpartition(".")[2] == name]
    close = exact or difflib.get_close_matches(name, known, n=3)
    if close:
        return f"Did you mean {' or '.join(map(repr, close[:3]))}?"
    return f"Use 'standard', 'all', or fields: {', '.join(plain)}."


def _union(one: Field | None, other: Field) -> Field:
    """Return a field with the leaves and items that two names of it want."""
    if one is None or other.shape == "scalar":
        return other
    wanted = {*one.leaves, *other.leaves}
    leaves = tuple(leaf for leaf in leaves_of(other.type) if leaf in wanted)
    most = max(one.max_items or 0, other.max_items or 0)
    return other._replace(leaves=leaves, max_items=most)


def _field(name: str, hint: Any) -> Field:
    description, standard = "", 0
    if get_origin(hint) is Annotated:
        hint, meta = get_args(hint)
        description, standard = meta.description, (meta.extra or {}).get("standard", 0)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in get_args(hint) if option is not type(None))
    shape: Shape = "scalar" if hint in ARROW else "part"
    if get_origin(hint) is list:
        shape, hint = "list", get_args(hint)[0]
    leaves = tuple(_leaves("", name, hint, standard)) if shape == "scalar" else leaves_of(hint)
    return Field(name, shape, hint, description, leaves, standard)


def _leaves(suffix: str, name: str, kind: type, standard: int) -> Iterator[Leaf]:
    """Yield the leaf of a scalar and, if it is a date, its year."""
    yield Leaf(suffix, name, ARROW[kind], is_standard=bool(standard))
    if name.endswith("_date"):
        year = f"{suffix.removesuffix('_date')}_year"
        yield Leaf(year, name, YEAR, is_year=True, is_standard=bool(standard))
