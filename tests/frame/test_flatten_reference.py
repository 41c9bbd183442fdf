"""Compare every layout with a slow reference implementation, row by row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.frame import flatten
from enrich_pandas.frame.arrays import ArrayBuilder
from enrich_pandas.frame.schema import ROW_COLUMNS, fields_of, limit_items
from enrich_pandas.models import Company, Person
from tests.frame import reference

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
DATES = st.sampled_from(["2002", "2002-05", "2002-05-17T08:30", "soon", "", "٢٠٠٢", "200"]) | TEXTS
VALUES = {
    str: TEXTS,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False),
    bool: st.booleans(),
}


def values(field):
    if field.shape == "list":
        items = TEXTS if field.type is str else st.builds(lambda made: made, structs(field.type))
        return st.lists(items, max_size=3)
    if field.shape == "part":
        return st.none() | structs(field.type)
    return st.none() | (DATES if field.name.endswith("_date") else VALUES[field.type])


@st.composite
def structs(draw, kind):
    """Draw a struct with a few fields set; setting all of them would be slow."""
    chosen = draw(st.lists(st.sampled_from(fields_of(kind)), max_size=4))
    return kind(**{field.name: draw(values(field)) for field in chosen})


@st.composite
def frames(draw):
    """Draw models and None, the model of each row, and some of the fields."""
    kind = draw(st.sampled_from([Person, Company]))
    models = draw(st.lists(st.none() | structs(kind), min_size=1, max_size=5))
    in_order = list(range(len(models)))
    codes = draw(st.just(in_order) | st.lists(st.sampled_from(in_order), max_size=6))
    set_ = {field for field in fields_of(kind) for m in models if m and getattr(m, field.name)}
    fields = [field for field in fields_of(kind) if field in set_] + list(fields_of(kind)[-2:])
    return models, codes, list(dict.fromkeys(fields))


def answers_of(models, codes, fields):
    count, builder = len(models), ArrayBuilder(fields)
    added = [None if model is None else builder.add(model) for model in models]
    distinct = flatten.DistinctAnswers(
        ["x"] * count,
        [""] * count,
        ["x"] * count,
        [0.0] * count,
        builder.places(added),
        builder.arrays(),
    )
    return flatten.RowAnswers(distinct, np.array(codes, np.intp))


def cells(column):
    return [None if pd.isna(value) else value for value in column]


@settings(deadline=None)
@given(frames(), st.integers(0, 3))
def test_wide_layout_equals_the_reference(drawn, max_items):
    models, codes, fields = drawn
    limited = limit_items(fields, max_items)
    found = flatten.wide(answers_of(models, codes, limited), limited)
    expected = reference.wide(models, codes, fields, max_items)
    assert {name: cells(of) for name, of in found.items() if name not in ROW_COLUMNS} == expected


@settings(deadline=None)
@given(frames())
def test_nested_and_tables_layouts_equal_the_reference(drawn):
    models, codes, fields = drawn
    rows = answers_of(models, codes, fields)
    lists = [field for field in fields if field.shape == "list"]
    nested = flatten.nested(rows, fields)
    for field in lists:
        assert pd.Series(nested[field.name]).array._pa_array.to_pylist() == reference.nested(
            models, codes, field
        )
        labels = pd.Index([f"r{row // 2}" for row in range(len(codes))], dtype="object")
        table = flatten.items(rows, field, labels, "row")
        assert list(table.index) == [labels[row] for row in table["row"]]
        found = {name: cells(table[name]) for name in table}
        assert found == reference.table(models, codes, field)


class ExtendedPerson(Person):
    """A subclass of a provider, with one more field."""

    shoe_size: int | None = None


@pytest.mark.parametrize(
    "models", [[ExtendedPerson(name="Ada"), Person(name="Zoe")], [ExtendedPerson(name="Ada")]]
)
def test_subclass_of_a_model_keeps_its_values_aligned(models):
    fields = limit_items(fields_of(Person), 1)
    found = flatten.wide(answers_of(models, range(len(models)), fields), fields)
    assert cells(found["name"]) == [model.name for model in models]
    assert all(cells(of) == [None] * len(models) for name, of in found.items() if name == "title")
