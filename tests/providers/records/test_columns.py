"""The vocabulary of mappings, one function at a time."""

import json

import pyarrow as pa
import pytest

from enrich_pandas.models import Company
from enrich_pandas.providers.decoding import Date, Fraction, Id, Texts, Whole, Wire
from enrich_pandas.providers.records import RecordType
from enrich_pandas.providers.records.columns import (
    concatenated,
    constant,
    date,
    flag,
    identifier,
    is_equal,
    key,
    per_value,
    text,
    when,
    whole,
)
from enrich_pandas.providers.records.lists import (
    ListColumn,
    as_list,
    distinct,
    each,
    either_list,
    filtered,
    first,
    given,
    has,
    is_first,
    joined,
    largest,
    of_owner,
    texts,
    together,
)


class Item(Wire):
    """Wire type: an item."""

    name: str | None = None
    code: Id = None
    day: Date = None
    words: Texts = None
    is_open: bool | None = None


class Made(Wire):
    """Wire type: a record."""

    a: Texts = None
    b: Texts = None
    code: Id = None
    items: list[Item | None] | None = None
    others: list[Item | None] | None = None
    counts: dict[str, Whole | None] | None = None
    name: str | None = None
    other: str | None = None
    size: Fraction | None = None
    codes: str | int | list[str | int | None] | None = None
    mixed: list[Item | str | None] | None = None


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


# -- Items and their owners ----------------------------------------------------------------------


def item(place):
    return {"name": text(place.name, place), "is_open": flag(place.is_open)}


def of_items(column_of):
    """Return a list with a column of the items as its texts."""

    def build(root):
        listed = each(root.mixed, item)
        return ListColumn(listed.owners, {"": column_of(root, listed)})

    return build


THINGS = [
    {"name": "a", "mixed": [{"name": "b"}, {"name": "a", "is_open": True}, {"name": "a"}]},
    {"name": None, "mixed": [{"is_open": False}, {"name": "a", "is_open": True}]},
    {"name": "c", "mixed": None},
    {"name": "d", "mixed": ["d", "", None, " "]},
]


@pytest.mark.parametrize(
    ("column_of", "expected"),
    [
        (lambda root, listed: listed["name"], [["b", "a", "a"], [None, "a"], [], ["d", None]]),
        (
            lambda root, listed: of_owner(listed, text(root.name)),
            [["a"] * 3, [None] * 2, [], ["d"] * 2],
        ),
        (
            lambda root, listed: is_equal(listed["name"], of_owner(listed, text(root.name))),
            [[False, True, True], [True, False], [], [True, False]],
        ),
        (
            lambda root, listed: is_first(listed, where=is_equal(listed["name"], "a")),
            [[False, True, False], [False, True], [], [False, False]],
        ),
        (
            lambda root, listed: is_first(listed),
            [[True, False, False], [True, False], [], [True, False]],
        ),
        (
            lambda root, listed: listed["is_open"] & is_equal(listed["name"], "a"),
            [[False, True, False], [False, True], [], [False, False]],
        ),
        (
            lambda root, listed: listed["is_open"] | is_equal(listed["name"], "b"),
            [[True, True, False], [False, True], [], [False, False]],
        ),
        (
            lambda root, listed: ~listed["is_open"],
            [[True, False, True], [True, False], [], [True, True]],
        ),
    ],
)
def test_columns_of_items_follow_the_owner(column_of, expected):
    assert read(of_items(column_of), *THINGS) == expected


def test_filtered_items_keep_their_order_and_owner():
    def names(root):
        listed = each(root.mixed, item)
        kept = filtered(listed, where=is_equal(listed["name"], "a"))
        return ListColumn(kept.owners, {"": kept["name"]})

    assert read(names, *THINGS) == [["a", "a"], ["a"], [], []]


def test_has_and_first_look_at_the_same_items():
    def open_name(root):
        listed = each(root.mixed, item)
        found = first(listed, where=listed["is_open"])["name"]
        return when(has(listed, where=listed["is_open"]), found, constant("none", root))

    assert read(open_name, *THINGS) == ["a", "a", "none", "none"]
    assert read(lambda root: has(each(root.mixed, item)), *THINGS) == [True, True, False, True]


def test_concatenated_leaves_out_nulls():
    records = [{"name": "a", "other": "b"}, {"other": "b"}, {"name": "a"}, {}, {"size": 2.7}]
    pair = read(lambda one: concatenated(text(one.name), text(one.other), separator=", "), *records)
    assert pair == ["a, b", "b", "a", None, None]
    words = read(lambda one: concatenated("has ", whole(one.size), "."), *records)
    assert words == ["has ."] * 4 + ["has 2."]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([7372, "0111", None, 7372, " 7372 ", ""], ["7372", "0111"]),
        ("7372, 0111", ["7372, 0111"]),
        (7372, ["7372"]),
        (0, ["0"]),
        ([], []),
        (" ", []),
    ],
)
def test_numbers_of_a_list_become_text(sent, expected):
    assert read(lambda root: texts(root.codes), {"codes": sent}, {"codes": "x"}) == [
        expected,
        ["x"],
    ]


def test_texts_with_a_separator_are_distinct_for_each_owner():
    things = [{"codes": "b, a,,b"}, {"codes": ["a, b", "a"]}, {}, {"codes": "a"}]
    found = read(lambda root: texts(root.codes, separator=","), *things)
    assert found == [["b", "a"], ["a, b", "a"], [], ["a"]]


def test_joined_texts_leave_out_nulls():
    def names(root):
        listed = each(root.mixed, item)
        return joined(ListColumn(listed.owners, {"": listed["name"]}))

    assert read(names, *THINGS) == ["b; a; a", "a", None, "d"]
    assert read(names, {}, {"mixed": [{}]}) == [None, None]


def test_function_is_called_once_for_each_distinct_combination():
    calls = []

    def note(*values):
        calls.append(values)
        return "-".join(map(str, values))

    records = [{"name": "a", "other": "b"}, {"name": "a"}, {"name": "a", "other": "b"}, {}]
    found = read(lambda one: per_value(note, text(one.name), text(one.other)), *records)
    assert found == ["a-b", "a-None", "a-b", "None-None"]
    assert calls == [("a", "b"), ("a", None), (None, None)]
    calls.clear()
    assert read(lambda one: per_value(note, text(one.name)), *records) == ["a", "a", "a", "None"]
    assert calls == [("a",), (None,)]


def test_whole_numbers_lose_their_fraction_toward_zero():
    sizes = [2.7, -2.7, None, 0, 2.0**53, -0.0]
    found = read(lambda one: whole(one.size), *({"size": size} for size in sizes))
    assert found == [2, -2, None, 0, 2**53, 0]


def test_damaged_record_does_not_disturb_the_others():
    kind = RecordType("made up", Company, Made, lambda it: {"name": text(it.name)}, lambda _: [])
    raws = [b'{"name": "a"}', b'{"name": []}', b"[]", b'{"name": "\xff"}', b'{"name": "b"}']
    found = kind.read(raws, {"name": [""]})
    assert found.scalars["name"][""].to_pylist() == [
        "a",
        None,
        None,
        "\N{REPLACEMENT CHARACTER}",
        "b",
    ]
    assert found.odd == {1: ["name"], 2: [""]}
