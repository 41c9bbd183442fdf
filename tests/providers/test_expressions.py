"""The functions of columns, each on a few records."""

import msgspec
import pytest

from enrich_pandas.models import Company
from enrich_pandas.providers.decoding import Texts, Wire
from enrich_pandas.providers.expressions import (
    as_items,
    as_texts,
    concatenated,
    contains,
    distinct,
    each,
    is_equal,
    joined,
    not_in,
    of_owner,
    rest,
    template,
    text,
    text_or_number,
    texts,
    together,
    when,
)
from enrich_pandas.providers.records import RecordType


class Seat(Wire):
    city: str | None = None
    names: Texts = None


class Firm(Wire):
    name: str | None = None
    other: str | None = None
    size: str | int | float | None = None
    seats: list[Seat | str | None] | Seat | None = None
    sites: list[Seat | None] | None = None


def read(column, *records):
    """Return the values of a column of some records."""
    kind = RecordType("firms", Company, Firm, lambda firm: {"name": column(firm)}, lambda _: [])
    raws = [msgspec.json.encode(record) for record in records]
    return kind.read(raws, {"name": [""]}).scalars["name"][""].to_pylist()


def read_items(listed, *records):
    """Return the items of a list of some records: for each its place, city and postal code."""
    kind = RecordType("firms", Company, Firm, lambda firm: {"offices": listed(firm)}, lambda _: [])
    raws = [msgspec.json.encode(record) for record in records]
    found = kind.read(raws, {"offices": ["name", "city"]}).lists["offices"]
    owners = [n for n, count in enumerate(found.counts) for _ in range(count)]
    return list(zip(owners, *(leaf.to_pylist() for leaf in found.leaves.values()), strict=True))


def cities(source):
    return each(source, lambda seat: {"city": text(seat.city, seat)})


def test_text_or_number_writes_numbers_without_a_zero_fraction():
    values = [" 10+ ", 2500000.0, 0.5, 12, "", None]
    found = read(lambda firm: text_or_number(firm.size), *({"size": one} for one in values))
    assert found == ["10+", "2500000", "0.5", "12", None, None]


def test_template_is_null_without_one_of_its_texts():
    found = read(
        lambda firm: template("{} ({})", text(firm.name), text(firm.other)),
        {"name": "Acme", "other": "tools"},
        {"name": "Acme"},
        {},
    )
    assert found == ["Acme (tools)", None, None]


def test_concatenated_leaves_nulls_out():
    found = read(
        lambda firm: concatenated(text(firm.name), text(firm.other), separator=" "),
        *({"name": "a", "other": "b"}, {"name": "a"}, {"other": "b"}, {}),
    )
    assert found == ["a b", "a", "b", None]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (lambda name: contains(name, "://"), [None, "https://b", None]),
        (lambda name: is_equal(name, "a"), ["a", None, None]),
        (lambda name: ~is_equal(name, "a"), [None, "https://b", None]),
    ],
)
def test_condition_on_texts_is_not_true_for_null(condition, expected):
    found = read(
        lambda firm: when(condition(text(firm.name)), text(firm.name), None),
        *({"name": "a"}, {"name": "https://b"}, {}),
    )
    assert found == expected


def test_joined_texts_of_items_are_null_without_items():
    found = read(
        lambda firm: joined(as_texts(cities(firm.seats), "city")),
        {"seats": [{"city": "Kraków"}, "Lagos", None, {"city": " "}]},
        {"seats": []},
        {"seats": {"city": "Leeds"}},
    )
    assert found == ["Kraków; Lagos", None, "Leeds"]


def test_joined_column_of_items_is_one_text():
    def column(firm):
        listed = cities(firm.seats)
        return joined(as_texts(listed, template("in {}", listed["city"])), ", ")

    assert read(column, {"seats": ["Osaka", "Lagos"]}, {}) == ["in Osaka, in Lagos", None]


def test_items_of_texts_take_columns_and_constants():
    def listed(firm):
        def names(seat):
            of = texts(seat.names)
            return as_items(of, "name", city=of_owner(of, text(seat.city)))

        return each(firm.sites, names)

    sites = [{"city": "Lagos", "names": ["a", "", "a", "b"]}, {"names": "c"}, {"city": "Leeds"}]
    assert read_items(listed, {}, {"sites": sites}) == [
        (1, "a", "Lagos"),
        (1, "b", "Lagos"),
        (1, "c", None),
    ]
    constant = read_items(
        lambda firm: each(firm.sites, lambda seat: as_items(texts(seat.names), "name", city="?")),
        {"sites": sites},
    )
    assert constant == [(0, "a", "?"), (0, "b", "?"), (0, "c", "?")]


def test_rest_leaves_out_the_first_item_of_each_owner():
    found = read_items(
        lambda firm: rest(cities(firm.seats)),
        *({"seats": ["a"]}, {"seats": ["b", "b", "c"]}, {}, {"seats": ["a", "d"]}),
    )
    assert found == [(1, "b"), (1, "c"), (3, "d")]


def test_not_in_compares_items_of_the_same_owner_only():
    seats = [["a", "b", "a"], ["a", " "], ["a"]]
    sites = [[{"city": "a"}], [{"city": "b"}, {}], None]
    found = read_items(
        lambda firm: not_in(cities(firm.seats), cities(firm.sites)),
        *({"seats": one, "sites": other} for one, other in zip(seats, sites, strict=True)),
    )
    assert found == [(0, "b"), (1, "a"), (2, "a")]


def test_distinct_by_several_leaves_takes_null_as_a_value():
    def listed(firm):
        named = each(firm.sites, lambda seat: {"name": text(seat.names), "city": text(seat.city)})
        return distinct(together(named, named))

    sites = [{"names": "a", "city": "x"}, {"names": "a"}, {"names": "a", "city": "y"}, {}, {}]
    assert read_items(listed, {"sites": sites}, {"sites": sites[:1]}) == [
        *((0, "a", "x"), (0, "a", None), (0, "a", "y"), (0, None, None)),
        (1, "a", "x"),
    ]


def test_distinct_keeps_the_last_value_of_a_leaf():
    def listed(firm):
        named = each(firm.sites, lambda seat: {"name": text(seat.names), "city": text(seat.city)})
        return distinct(named, "name", last=["city"])

    sites = [{"names": "a", "city": "x"}, {"city": "z"}, {"names": "b"}, {"names": "a"}]
    assert read_items(listed, {"sites": sites}) == [(0, "a", None), (0, "b", None)]
