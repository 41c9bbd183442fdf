"""What a competent user of each other tool would write to flatten answers, for `flatten`.

All make the scalars of a person, and the first items of each list as numbered columns. They do not
check which person an element is about, and they know no dtype that the data does not show.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.json

Element = dict[str, Any]
MOST = 5  # items of a list

# Where the people are in the decoded body of an answer, and which of their lists are unstacked.
PEOPLE: dict[str, Callable[[Any], list[Element]]] = {
    "zoho": lambda body: [job["enriched_data"] for job in body["__zia_people_enrichment"]],
    "crustdata": lambda body: [one["matches"][0]["person_data"] for one in body],
    "amplemarket": lambda body: [one["result"] for one in body["results"]],
}
LISTS = {
    "zoho": ("email_infos", "company_info.experiences", "educations", "social_media"),
    "crustdata": (
        "experience.employment_details.current",
        "experience.employment_details.past",
        "education.schools",
    ),
    "amplemarket": ("experiences", "educations", "languages", "company.locations"),
}


def people(vendor: str, bodies: Iterable[bytes]) -> list[Element]:
    return [one for body in bodies for one in PEOPLE[vendor](json.loads(body))]


# -- json_normalize ------------------------------------------------------------------------------


def normalized(vendor: str, bodies: Iterable[bytes]) -> pd.DataFrame:
    """Make the scalars; lists are left unchanged."""
    return pd.json_normalize(people(vendor, bodies))


def unstacked(vendor: str, bodies: Iterable[bytes]) -> pd.DataFrame:
    """Add the items of the lists; lists within the items are left unchanged."""
    frame = normalized(vendor, bodies)
    parts = [frame.drop(columns=list(LISTS[vendor]))]
    for name in LISTS[vendor]:
        long = frame[name].explode().dropna()
        items = pd.json_normalize(long.tolist()).set_axis(long.index)
        items["n"] = items.groupby(level=0).cumcount()
        first = items[items["n"] < MOST].set_index("n", append=True).unstack("n")  # noqa: PD010 - as users write it
        first.columns = [f"{name}_{n}_{field}" for field, n in first.columns]
        parts.append(first)
    return pd.concat(parts, axis=1)


# -- pyarrow's and polars' JSON readers ----------------------------------------------------------
# Both read lines, with a schema that is known before. They cannot read a field that is a text in
# one person and a list in another; it is left out of the schema.


def lines(vendor: str, bodies: Iterable[bytes]) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in people(vendor, bodies))


def schema_of(data: bytes) -> pa.Schema:
    """Return the schema of lines of JSON, without fields of several types."""
    whole = _type_of([json.loads(line) for line in data.splitlines()])
    return pa.schema(list(whole))


def _type_of(values: list[Any]) -> pa.DataType | None:
    """Return the type of some values; None if they have several, or are all null."""
    values = [value for value in values if value is not None]
    kinds = {type(value) for value in values}
    if kinds == {dict}:
        names = dict.fromkeys(name for value in values for name in value)
        types = {name: _type_of([value.get(name) for value in values]) for name in names}
        known = [pa.field(name, of) for name, of in types.items() if of is not None]
        return pa.struct(known) if known else None
    if kinds == {list}:
        inner = _type_of([item for value in values for item in value])
        return None if inner is None else pa.list_(inner)
    plain = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    if kinds == {int, float}:
        return pa.float64()
    return plain.get(kinds.pop()) if len(kinds) == 1 else None


def with_pyarrow(data: bytes, schema: pa.Schema) -> pd.DataFrame:
    table = pa.json.read_json(
        io.BytesIO(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=8 << 20),
        parse_options=pa.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )
    named = zip(table.column_names, table.combine_chunks().columns, strict=True)
    columns = dict(
        item for name, column in named for item in _widened(name, column.combine_chunks())
    )
    return pa.table(columns).to_pandas()


def _widened(name: str, values: pa.Array, depth: int = 0) -> Iterator[tuple[str, pa.Array]]:
    if pa.types.is_struct(values.type):
        for field, leaf in zip(values.type, values.flatten(), strict=True):
            yield from _widened(f"{name}.{field.name}", leaf, depth)
    elif not pa.types.is_list(values.type):
        yield name, values
    elif not depth:
        lengths = values.value_lengths().fill_null(0).to_numpy()
        starts = np.cumsum(lengths) - lengths
        items = values.flatten()
        for n in range(MOST):
            places = pa.array(starts + n, pa.int64(), mask=lengths <= n)
            yield from _widened(f"{name}.{n}", items.take(places), depth + 1)


def with_polars(data: bytes, schema: pa.Schema) -> pd.DataFrame:
    empty = pl.from_arrow(schema.empty_table())
    assert isinstance(empty, pl.DataFrame)
    frame = pl.read_ndjson(io.BytesIO(data), schema=empty.schema)
    columns = (one for name, of in empty.schema.items() for one in _columns(pl.col(name), of, name))
    return frame.select(list(columns)).to_pandas()


def _columns(values: pl.Expr, of: Any, name: str, depth: int = 0) -> Iterator[pl.Expr]:
    if isinstance(of, pl.Struct):
        for field in of.fields:
            leaf = values.struct.field(field.name)
            yield from _columns(leaf, field.dtype, f"{name}.{field.name}", depth)
    elif not isinstance(of, pl.List):
        yield values.alias(name)
    elif not depth:
        for n in range(MOST):
            item = values.list.get(n, null_on_oob=True)
            yield from _columns(item, of.inner, f"{name}.{n}", depth + 1)
