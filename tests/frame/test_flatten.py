import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich_pandas.frame import flatten
from enrich_pandas.frame.schema import TEXT, fields_of, wide_names
from enrich_pandas.models import Education, Email, Experience, Location, Person

FIELDS = fields_of(Person)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
maybe = st.none() | text
people = st.builds(
    Person,
    id=maybe,
    name=maybe,
    location=st.none() | st.builds(Location, city=maybe),
    connections=st.none() | st.integers(-(2**63), 2**63 - 1),
    is_realtime=st.none() | st.booleans(),
    score=st.none() | st.floats(0, 1),
    emails=st.lists(st.builds(Email, address=maybe, type=maybe), max_size=5),
    experiences=st.lists(
        st.builds(Experience, title=maybe, start_date=st.sampled_from([None, "2002", "2002-05"])),
        max_size=4,
    ),
    skills=st.lists(text, max_size=4),
)


def taken(models, codes=None):
    count = len(models)
    distinct = flatten.Distinct(
        status=["matched" if model else "not_found" for model in models],
        reason=[""] * count,
        provider=["test"] * count,
        fetched=[1_700_000_000.0] * count,
        models=models,
    )
    return flatten.Taken(distinct, np.arange(count) if codes is None else np.array(codes, np.intp))


def test_a_scalar_a_part_and_a_list_become_columns():
    person = Person(
        name="Ada Example",
        location=Location(name="Paris, France", city="Paris"),
        emails=[Email(address="ada@example.com", type="business")],
        experiences=[Experience(title="Engineer", start_date="2002-05")],
        skills=["Python"],
    )
    frame = pd.DataFrame(flatten.wide(taken([person]), FIELDS, 2))
    row = frame.iloc[0]
    assert row["name"] == "Ada Example"
    assert (row["location"], row["location_city"]) == ("Paris, France", "Paris")
    assert (row["email_1"], row["email_1_type"]) == ("ada@example.com", "business")
    assert row["experience_1_start_date"] == "2002-05"
    assert row["experience_1_start_year"] == 2002
    assert (row["skill_1"], row["skill_count"], row["email_count"]) == ("Python", 1, 1)
    assert pd.isna(row["email_2"])


@given(st.lists(st.none() | people, max_size=6), st.integers(0, 4))
def test_columns_and_dtypes_do_not_depend_on_the_data(models, max_items):
    found = pd.DataFrame(flatten.wide(taken(models), FIELDS, max_items))
    empty = pd.DataFrame(flatten.wide(taken([]), FIELDS, max_items))
    assert list(found.columns) == wide_names(FIELDS, max_items)
    assert found.dtypes.to_dict() == empty.dtypes.to_dict()
    assert found.dtypes["name"] == pd.Series([], dtype=TEXT).dtype
    assert found.dtypes["connections"] == "Int64"


@given(st.lists(st.none() | people, min_size=1, max_size=5), st.data())
def test_every_row_gets_its_own_answer(models, data):
    codes = data.draw(st.lists(st.integers(0, len(models) - 1), max_size=8))
    frame = pd.DataFrame(flatten.wide(taken(models, codes), FIELDS, 1))
    names = [models[code].name if models[code] else None for code in codes]
    assert [None if pd.isna(name) else name for name in frame["name"]] == names


@given(st.lists(st.none() | people, max_size=5))
def test_nested_loses_nothing(models):
    frame = pd.DataFrame(flatten.nested(taken(models), FIELDS))
    for model, emails in zip(models, frame["emails"], strict=True):
        if model is None:
            assert emails is None or emails is pd.NA or pd.isna(emails)
        else:
            assert [email["address"] for email in emails] == [e.address for e in model.emails]


@given(st.lists(st.none() | people, min_size=1, max_size=5), st.data())
def test_tables_hold_one_row_an_item_keyed_by_position_and_label(models, data):
    codes = data.draw(st.lists(st.integers(0, len(models) - 1), max_size=8))
    index = pd.Index([f"r{position // 2}" for position in range(len(codes))])
    emails = next(field for field in FIELDS if field.name == "emails")
    table = flatten.items(taken(models, codes), emails, index, "row")
    expected = [
        (position, number, email.address)
        for position, code in enumerate(codes)
        for number, email in enumerate(models[code].emails if models[code] else [], 1)
    ]
    found = [
        (row, item, None if pd.isna(address) else address)
        for row, item, address in zip(table["row"], table["item"], table["address"], strict=True)
    ]
    assert found == expected
    assert list(table.index) == [index[position] for position, _, _ in expected]


def test_ids_are_text_and_exact():
    person = Person(id="1941874000003442382")
    frame = pd.DataFrame(flatten.wide(taken([person, None]), FIELDS, 0))
    assert frame["id"].iloc[0] == "1941874000003442382"


@pytest.mark.parametrize(("date", "year"), [("2002", 2002), ("2002-05-17", 2002), ("soon", None)])
def test_a_year_stands_beside_a_date(date, year):
    person = Person(educations=[Education(end_date=date)])
    found = flatten.wide(taken([person]), FIELDS, 1)["education_1_end_year"][0]
    assert (None if pd.isna(found) else found) == year
