"""Properties of a directory for any table: row order, identities, dtypes and earlier results."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from enrich_pandas.directory import Directory
from enrich_pandas.frame import flatten
from enrich_pandas.frame.arrays import ArrayBuilder
from enrich_pandas.frame.schema import fields_of, limit_items
from enrich_pandas.models import (
    Company,
    Email,
    Experience,
    Headcount,
    Location,
    Person,
    Phone,
)
from enrich_pandas.providers.base import Identity

NAMES = ["ada", "zoe", "max", "kim"]
SPELLED = ["{}@example.com", "{}@EXAMPLE.com ", "Name <{}@example.com>", "mailto:{}@example.com"]
PROFILES = ["linkedin.com/in/{}-example", "https://fr.linkedin.com/in/{}-Example/?x=1", "n/a"]


@st.composite
def tables(draw):
    """Draw rows in which the title names the person of the keys."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(NAMES),
                st.sampled_from([*SPELLED, "", "broken@", None, "nan"]),
                st.sampled_from([*PROFILES, None]),
                st.integers(0, 1),
            ),
            max_size=12,
        )
    )
    return pd.DataFrame(
        {
            "email": [mail and mail.format(name) for name, mail, _, _ in rows],
            "linkedin_url": [page and page.format(name) for name, _, page, _ in rows],
            "title": [f"{name} {n}" for name, _, _, n in rows],
        },
        dtype=object,
    )


ASKED = [
    *(Identity.of(email=f"{name}@example.com") for name in NAMES),
    *(Identity.of(linkedin_url=f"https://www.linkedin.com/in/{name}-example") for name in NAMES),
    *(
        Identity.of(
            email=f"{name}@example.com",
            linkedin_url=f"https://www.linkedin.com/in/{name}-example",
        )
        for name in NAMES
    ),
]


@given(tables(), st.randoms(use_true_random=False))
def test_row_order_changes_no_match(table, random):
    places = list(range(len(table)))
    random.shuffle(places)
    on = {"email": "email", "linkedin_url": "linkedin_url"}
    matches = Directory(table, on=on).matches("people", ASKED)
    assert Directory(table.iloc[places], on=on).matches("people", ASKED) == matches


@given(tables())
def test_no_identity_gets_data_of_another(table):
    on = {"email": "email", "linkedin_url": "linkedin_url"}
    for name, match in zip(
        NAMES * 3, Directory(table, on=on).matches("people", ASKED), strict=True
    ):
        if match.model is not None:
            assert match.model.title.startswith(name)


CELL = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.decimals(),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.just("\ud800"),
)


@settings(max_examples=60)
@given(st.lists(CELL, min_size=1, max_size=4), st.lists(CELL, min_size=1, max_size=4))
def test_arbitrary_cells_never_raise(keys, values):
    size = max(len(keys), len(values))
    keys, values = ([*cells, *[None] * size][:size] for cells in (keys, values))
    cells = {
        "email": [*keys, "ada@example.com"],
        "linkedin_url": [*values, None],
        "title": [*values, "CTO"],
        "employees": [*values, 5],
    }
    table = pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in cells.items()})
    directory = Directory(table, on={"email": "email", "linkedin_url": "linkedin_url"})
    (match,) = directory.matches("people", [Identity.of(email="ada@example.com")])
    assert match.model.title == "CTO"
    assert directory.billed_options("people") == Directory(
        table, on={"email": "email", "linkedin_url": "linkedin_url"}
    ).billed_options("people")


@pytest.mark.parametrize(
    "dtype",
    [
        *("object", "string[python]", "string[pyarrow]", "category"),
        *("large_string[pyarrow]", "dictionary<values=string, indices=int32>[pyarrow]"),
    ],
)
def test_text_dtypes_are_read_alike(look_up, dtype):
    table = pd.DataFrame({"email": ["ada@example.com", None], "title": ["CTO", None]})
    if dtype.startswith("dictionary"):
        pa = pytest.importorskip("pyarrow")
        dtype = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    assert look_up(table.astype(dtype), email="ada@example.com").model.title == "CTO"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([7, 8], "7"),
        ([7.0, None], "7"),
        ([0.5, 1], "0.5"),
        (["0042", "1"], "0042"),
        ([True, False], "true"),
        (pd.array([7, None], "Int64"), "7"),
        (pd.array([7, None], "int64[pyarrow]"), "7"),
        (pd.array([7.0, None], "double[pyarrow]"), "7"),
        (pd.to_datetime(["2024-05-01", None]), "2024-05-01"),
        (pd.arrays.SparseArray([7, 8]), "7"),
        (pd.Categorical([42, 7]), "42"),
        (np.array([10**18, 1]), "1000000000000000000"),
    ],
)
def test_ids_are_read_as_text(look_up, values, text):
    table = pd.DataFrame({"email": ["ada@example.com", "zoe@example.com"], "ID": values})
    assert look_up(table, email="ada@example.com").model.id == text


def wide(models, prefix, statuses=None):
    count, fields = len(models), limit_items(fields_of(type(models[0])), 3)
    builder = ArrayBuilder(fields)
    distinct = flatten.DistinctAnswers(
        statuses or ["matched"] * count,
        [""] * count,
        ["x"] * count,
        [0.0] * count,
        builder.places([None if model is None else builder.add(model) for model in models]),
        builder.arrays(),
    )
    columns = flatten.wide(flatten.RowAnswers(distinct, np.arange(count)), fields)
    return pd.DataFrame({prefix + name: values for name, values in columns.items()})


ADA = Person(
    id="0042",
    name="Ada Example",
    first_name="Ada",
    title=" n/a ",
    followers=7,
    score=0.25,
    is_realtime=False,
    linkedin_joined_date="2002-05",
    linkedin_url="https://www.linkedin.com/in/ada-example",
    location=Location(name="Lyon, France", city="Lyon", is_primary=True),
    emails=[Email(address="Ada@example.com", type="business"), Email(address="x@example.net")],
    phones=[Phone(number="+1 555 0100", is_wrong=False)],
    experiences=[
        Experience(title="CTO", company="Example", start_date="2020", is_current=True),
        Experience(title="VP", start_date="2001-02-03", end_date="2004"),
    ],
    skills=["Tea; milk", "Sums"],
)
EXAMPLE = Company(
    name="Example",
    domain="example.com",
    employees=7,
    sic_codes=["0111"],
    headquarters=Location(city="Lyon"),
    headcounts=[Headcount(people=3, group="Sales", by="department")],
)


@pytest.mark.parametrize("prefix", ["person_", "found_", ""])
def test_earlier_result_is_a_directory(tmp_path, look_up, prefix):
    other = Person(name="Zoe", emails=[Email(address="zoe@example.com")])
    result = wide([ADA, other], prefix).assign(Tier=["A", "B"])
    result.to_csv(tmp_path / "result.csv", index=False)
    result.to_parquet(tmp_path / "result.parquet")
    for crm in (result, tmp_path / "result.csv", tmp_path / "result.parquet"):
        directory = Directory(crm)
        for key in ("Ada@example.com", "x@example.net"):
            assert look_up(directory, email=key).model == ADA
        assert look_up(directory, linkedin_url=ADA.linkedin_url).model == ADA
        assert directory.unmapped["people"] == ("Tier",)


def test_identifier_column_of_a_result_is_a_key(look_up):
    result = wide([ADA], "person_").assign(Mail="old@example.org")
    assert look_up(result.rename(columns={"Mail": "email"}), email="old@example.org").model == ADA


def test_unmatched_rows_of_a_result_are_ignored(look_up):
    result = wide([ADA, None], "person_", ["matched", "not_found"])
    result.insert(0, "email", ["ada@example.com", "zoe@example.com"])
    assert look_up(result, email="zoe@example.com").status == "not_found"
    assert look_up(result, email="ada@example.com").model == ADA


def test_result_of_companies_is_a_directory(look_up):
    result = wide([EXAMPLE], "company_")
    assert look_up(result, "companies", domain="example.com").model == EXAMPLE
    assert look_up(result, "companies", company="example").model == EXAMPLE


def test_partial_result_columns_are_recognized(look_up):
    table = wide([ADA], "person_")[["person_email_1", "person_email_1_type", "person_title"]]
    table["City"] = "Lyon"
    person = look_up(table.assign(person_title="CTO"), email="ada@example.com").model
    assert (person.title, person.location.city) == ("CTO", "Lyon")
    assert person.emails == [Email(address="Ada@example.com", type="business")]
