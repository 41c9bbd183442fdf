from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.frame import flatten
from enrich_pandas.frame.arrays import ArrayBuilder
from enrich_pandas.frame.output import decide_output
from enrich_pandas.frame.schema import (
    ROW_COLUMNS,
    TEXT,
    fields_of,
    limit_items,
    singular,
    wide_names,
)
from enrich_pandas.models import Company, Education, Email, Experience, Location, Person

FIELDS = fields_of(Person)
WITHOUT_PLURAL = {"open_to"}
ITEMS = {
    Person: {
        *("email", "phone", "experience", "education", "social_profile", "certification", "honor"),
        *("skill", "language", "interest", "address", "verification"),
    },
    Company: {
        *("domain", "industry", "speciality", "keyword", "technology", "market", "stock_symbol"),
        *("sic_code", "naics_code", "investor", "competitor", "email", "phone", "office"),
        *("description", "business_model", "territory", "social_profile", "funding", "headcount"),
    },
}

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


def answers_of(models, codes=None, fields=FIELDS):
    count, builder = len(models), ArrayBuilder(fields)
    added = [None if model is None else builder.add(model) for model in models]
    distinct = flatten.DistinctAnswers(
        status=["matched" if model else "not_found" for model in models],
        reason=[""] * count,
        provider=["test"] * count,
        fetched=[1_700_000_000.0] * count,
        places=builder.places(added),
        arrays=builder.arrays(),
    )
    return flatten.RowAnswers(
        distinct, np.arange(count) if codes is None else np.array(codes, np.intp)
    )


@pytest.mark.parametrize("model", [Person, Company])
def test_numbered_columns_have_singular_names(model):
    lists = {field.name for field in fields_of(model) if field.shape == "list"} - WITHOUT_PLURAL
    items = {singular(name) for name in lists}
    assert items >= ITEMS[model]
    assert not items & lists
    assert not any(item.endswith(("ie", "sse", "xe")) for item in items)


@pytest.mark.parametrize("model", [Person, Company])
def test_column_names_are_unique(model):
    fields = fields_of(model)
    sources = [flatten.source_name(field) for field in fields]
    wide = [*wide_names(limit_items(fields, 3)), *sources]
    assert len(set(wide)) == len(wide)
    nested = [*ROW_COLUMNS, *(field.name for field in fields), *sources]
    assert len(set(nested)) == len(nested)


def test_scalars_parts_and_lists_become_columns():
    person = Person(
        name="Ada Example",
        location=Location(name="Paris, France", city="Paris"),
        emails=[Email(address="ada@example.com", type="business")],
        experiences=[Experience(title="Engineer", start_date="2002-05")],
        skills=["Python"],
    )
    frame = pd.DataFrame(flatten.wide(answers_of([person]), FIELDS))
    row = frame.iloc[0]
    assert row["name"] == "Ada Example"
    assert (row["location"], row["location_city"]) == ("Paris, France", "Paris")
    assert (row["email_1"], row["email_1_type"]) == ("ada@example.com", "business")
    assert row["experience_1_start_date"] == "2002-05"
    assert row["experience_1_start_year"] == 2002
    assert (row["skill_1"], row["skill_count"], row["email_count"]) == ("Python", 1, 1)
    assert pd.isna(row["email_2"])


@settings(deadline=None)
@given(st.lists(st.none() | people, max_size=6), st.integers(0, 4))
def test_columns_and_dtypes_do_not_depend_on_the_data(models, max_items):
    fields = limit_items(FIELDS, max_items)
    found = pd.DataFrame(flatten.wide(answers_of(models), fields))
    empty = pd.DataFrame(flatten.wide(answers_of([]), fields))
    assert list(found.columns) == wide_names(fields)
    assert found.dtypes.to_dict() == empty.dtypes.to_dict()
    assert found.dtypes["name"] == pd.Series([], dtype=TEXT).dtype
    assert found.dtypes["connections"] == "Int64"


def test_number_beyond_64_bits_becomes_null():
    numbers = [3, 2**63, None, -(2**63), 2**64, 2**63 - 1]
    models = [Person(name="Ada", connections=number) for number in numbers]
    frame = pd.DataFrame(flatten.wide(answers_of(models), FIELDS))
    assert frame["connections"].isna().tolist() == [False, True, True, False, True, False]
    assert frame["connections"].dropna().tolist() == [3, -(2**63), 2**63 - 1]
    assert frame["name"].tolist() == ["Ada"] * 6


def test_integers_in_a_float_field_are_converted():
    models = [Person(score=score) for score in (0.5, None, 2**53 + 1, 2**70, 10**400, 1)]
    found = pd.DataFrame(flatten.wide(answers_of(models), FIELDS))["score"]
    assert found.isna().tolist() == [False, True, False, False, True, False]
    assert found.dropna().tolist() == [0.5, float(2**53 + 1), float(2**70), 1.0]


def test_long_ids_stay_exact_text():
    person = Person(id="1941874000003442382")
    frame = pd.DataFrame(flatten.wide(answers_of([person, None]), FIELDS))
    assert frame["id"].iloc[0] == "1941874000003442382"


@pytest.mark.parametrize(("date", "year"), [("2002", 2002), ("2002-05-17", 2002), ("soon", None)])
def test_each_date_has_a_year_column(date, year):
    person = Person(educations=[Education(end_date=date)])
    found = flatten.wide(answers_of([person]), FIELDS)["education_1_end_year"][0]
    assert (None if pd.isna(found) else found) == year


def set_by_label(frame, name, value):
    frame.loc[0, name] = value


def set_in_column(frame, name, value):
    column = frame[name]
    column.iloc[0] = value


def set_by_position(frame, name, value):
    frame.iloc[0, frame.columns.get_loc(name)] = value


def set_in_array(frame, name, value):
    frame[name].array[0] = value


def set_by_at(frame, name, value):
    frame.at[0, name] = value  # noqa: PD008 - one of the ways to set a cell


def set_all(frame, name, value):
    frame.loc[:, name] = value


@pytest.mark.parametrize(
    "change",
    [set_by_label, set_in_column, set_by_position, set_in_array, set_by_at, set_all],
)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
def test_changing_an_empty_column_changes_no_other(change):
    frame, options = pd.DataFrame(index=range(3)), {"layout": "wide", "max_items": 2, "prefix": ""}
    output = decide_output(frame, Person, "people", fields="all", **options)
    answers = answers_of([None, None, None], fields=output.fields)
    again, frame = frame, output.assemble(frame, answers)
    values = {"title": "CTO", "connections": 7, "is_realtime": True, "score": 0.5}
    values |= {"experience_2_start_year": 2002, "email_1_type": "business"}
    for name, value in values.items():
        before = frame.drop(columns=name).copy()
        with suppress(ValueError):  # pandas 3 gives an array that cannot be changed
            change(frame, name, value)
        pd.testing.assert_frame_equal(frame.drop(columns=name), before)
    again = output.assemble(again, answers)
    assert again[list(values)].isna().all(axis=None)
    assert change in (set_in_column, set_in_array) or frame[list(values)].iloc[0].notna().all()


def test_empty_text_columns_share_their_buffer():
    columns = flatten.wide(answers_of([None] * 3), FIELDS)
    dtype = columns["title"].dtype
    if dtype.storage != "pyarrow":
        pytest.skip("texts of pandas 2 are Python objects by default")
    one, two = (columns[name]._pa_array.chunk(0) for name in ("title", "skill_1"))
    assert [buffer.address for buffer in one.buffers() if buffer] == [
        buffer.address for buffer in two.buffers() if buffer
    ]
