"""The vocabulary of mappings, one function at a time."""

import json

import pyarrow as pa
import pytest

from enrich_pandas.models import Company
from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire
from enrich_pandas.providers.records import RecordType
from enrich_pandas.providers.records.columns import date, identifier, key, per_value, text, whole
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_list,
    distinct,
    each,
    either_list,
    first,
    given,
    joined,
    largest,
    texts,
    together,
)


class Item(Wire):
    """Wire type: an item."""

    name: str | None = None
    code: Id = None
    day: Date = None
    words: Texts = None


class Made(Wire):
    """Wire type: a record."""

    a: Texts = None
    b: Texts = None
    code: Id = None
    items: list[Item | None] | None = None
    others: list[Item | None] | None = None
    counts: dict[str, Whole | None] | None = None


def read(mapping, *records):
    """Return what a mapping of one column or list reads: a value for each record."""
    kind = RecordType("made up", Company, Made, lambda _: {}, lambda _: [])
    made = mapping(kind.root)
    name = "domains" if isinstance(made, ListColumn) else "name"
    kind.__dict__["fields"] = {name: made}  # instead of a mapping to a model
    leaves = tuple(made.leaves) if isinstance(made, ListColumn) else ("",)
    raws = [json.dumps(one).encode() for one in records]
    values = kind.read(raws, {name: leaves})
    if not isinstance(made, ListColumn):
        return values.scalars[name][""].to_pylist()
    listed = values.lists[name]
    columns = {leaf: of.to_pylist() for leaf, of in listed.leaves.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    items = iter([row.get("", row) for row in rows])
    return [[next(items) for _ in range(count)] for count in listed.counts.tolist()]


def funding(item):
    return {"round": text(item.name), "investors": joined(texts(item.words))}


A, B, NONE = {"name": "A"}, {"name": "B", "day": "2002-05"}, {}

# Each mapping, a record, and what is read of it.
CASES = {
    "as_list": (lambda it: as_list(identifier(it.code)), {"code": 12}, ["12"]),
    "as_list of null": (lambda it: as_list(identifier(it.code)), {"code": 0}, []),
    "as_list in a list": (
        lambda it: each(it.items, lambda item: as_list(identifier(item.code))),
        {"items": [{"code": "1"}, {}, None, {"code": [0, 2]}]},
        ["1", "2"],
    ),
    "either_list: the first": (
        lambda it: either_list(texts(it.a), texts(it.b)),
        {"a": ["x"], "b": ["y", "z"]},
        ["x"],
    ),
    "either_list: the second": (
        lambda it: either_list(texts(it.a), texts(it.b)),
        {"a": [" "], "b": ["y", "z"]},
        ["y", "z"],
    ),
    "largest": (
        lambda it: largest(each(it.items, lambda item: {"day": date(item.day)}), "day"),
        {"items": [{"day": "2001"}, {}, {"day": "2002-05-01"}, {"day": "2002-05"}]},
        "2002-05-01",
    ),
    "largest of nulls": (
        lambda it: largest(each(it.items, lambda item: {"day": date(item.day)}), "day"),
        {"items": [{}, {"day": ""}]},
        None,
    ),
    "keys are unchanged": (
        lambda it: each(it.counts, lambda n: {"round": key(n), "amount_usd": whole(n)}),
        {"counts": {" HR ": 2, "": None}},
        [{"round": " HR ", "amount_usd": 2}, {"round": "", "amount_usd": None}],
    ),
    "given": (
        lambda it: given(each(it.counts, lambda n: {"amount_usd": whole(n)}), "amount_usd"),
        {"counts": {"a": None, "b": 0}},
        [{"amount_usd": 0}],
    ),
    "first of a list": (lambda it: first(texts(it.a, it.b))[""], {"b": ["y", "z"]}, "y"),
    "joined in a list": (
        lambda it: each(it.items, funding),
        {"items": [{"name": "A", "words": ["x", "y", "x"]}, {"words": ["", None]}]},
        [{"round": "A", "investors": "x; y"}, {"round": None, "investors": None}],
    ),
    "together and distinct": (
        lambda it: distinct(together(each(it.items, funding), each(it.others, funding)), "round"),
        {"items": [A, B], "others": [B, NONE, {"name": "b"}]},
        [{"round": name, "investors": None} for name in ("A", "B", "b")],
    ),
    "per_value": (
        lambda it: per_value(lambda one: one and len(one), text(it.a), kind=pa.int64()),
        {"a": [" ", "four"]},
        4,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_column_is_read_from_records(name):
    mapping, record, expected = CASES[name]
    nothing = [] if isinstance(mapping_of(mapping), ListColumn) else None
    assert read(mapping) == []
    assert read(mapping, record) == [expected]
    assert read(mapping, {}, record, {"items": None}, record) == [
        nothing,
        expected,
        nothing,
        expected,
    ]


def mapping_of(mapping):
    return mapping(RecordType("made up", Company, Made, lambda _: {}, lambda _: []).root)
