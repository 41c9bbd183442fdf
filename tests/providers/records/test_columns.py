"""The vocabulary of mappings, one function at a time."""

import json

import pyarrow as pa
import pytest

from enrich_pandas.models import Company
from enrich_pandas.providers.decoding import Date, Id, Texts, Whole, Wire
from enrich_pandas.providers.records import RecordType
from enrich_pandas.providers.records.columns import (
    concatenated,
    contains,
    date,
    identifier,
    is_equal,
    key,
    per_value,
    template,
    text,
    text_or_number,
    when,
    whole,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_items,
    as_list,
    as_texts,
    distinct,
    each,
    either_list,
    first,
    given,
    joined,
    largest,
    not_in,
    of_owner,
    rest,
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
    size: str | int | float | None = None
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


def named(item):
    return {"name": text(item.name), "words": text(item.words)}


def names(source):
    return as_texts(each(source, named), "name")


def with_owner(item):
    words = texts(item.words)
    return as_items(words, "word", name=of_owner(words, text(item.name)), kind="word")


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
    "distinct by all leaves": (
        lambda it: distinct(each(it.items, named)),
        {"items": [{**A, "words": "x"}, A, {**A, "words": "y"}, NONE, NONE, A]},
        [
            *({"name": "A", "words": word} for word in ("x", None, "y")),
            {"name": None, "words": None},
        ],
    ),
    "distinct with the last value": (
        lambda it: distinct(each(it.items, named), "name", last=["words"]),
        {"items": [{**A, "words": "x"}, {"words": "z"}, B, A]},
        [{"name": "A", "words": None}, {"name": "B", "words": None}],
    ),
    "not_in": (
        lambda it: not_in(names(it.items), names(it.others)),
        {"items": [A, B, NONE, A], "others": [B, {"name": "a"}]},
        ["A", None, "A"],
    ),
    "not_in, null": (
        lambda it: not_in(names(it.items), names(it.others)),
        {"items": [A, NONE], "others": [NONE]},
        ["A"],
    ),
    "rest": (lambda it: rest(names(it.items)), {"items": [A, A, None, B]}, ["A", "B"]),
    "rest of one item": (lambda it: rest(names(it.items)), {"items": [A]}, []),
    "as_items with columns and constants": (
        lambda it: each(it.items, with_owner),
        {"items": [{**A, "words": ["x", "", "x", "y"]}, {"words": "z"}, B]},
        [
            {"word": word, "name": name, "kind": "word"}
            for word, name in (("x", "A"), ("y", "A"), ("z", None))
        ],
    ),
    "joined column of items": (
        lambda it: joined(
            as_texts(listed := each(it.items, named), template("{}!", listed["name"]))
        ),
        {"items": [A, None, B]},
        "A!; B!",
    ),
    "text_or_number: a whole number": (
        lambda it: text_or_number(it.size),
        {"size": 2.5e6},
        "2500000",
    ),
    "text_or_number: a fraction": (lambda it: text_or_number(it.size), {"size": 0.5}, "0.5"),
    "text_or_number: a text": (lambda it: text_or_number(it.size), {"size": " 10+ "}, "10+"),
    "template": (
        lambda it: template("{} ({})", text(it.a), text(it.b)),
        {"a": "x", "b": "y"},
        "x (y)",
    ),
    "template with a null": (
        lambda it: template("{} ({})", text(it.a), text(it.b)),
        {"a": "x"},
        None,
    ),
    "concatenated": (
        lambda it: concatenated(text(it.a), text(it.b), separator=" "),
        {"b": ["", "y"]},
        "y",
    ),
    "contains": (
        lambda it: when(contains(text(it.a), "://"), text(it.a), text(it.b)),
        {"a": "https://x", "b": "y"},
        "https://x",
    ),
    "contains, of null": (
        lambda it: when(contains(text(it.a), "://"), text(it.a), text(it.b)),
        {"b": "y"},
        "y",
    ),
    "is_equal to a text": (
        lambda it: when(is_equal(text(it.a), "x"), text(it.b), None),
        {"a": "x", "b": "y"},
        "y",
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
