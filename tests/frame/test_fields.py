"""The choice of fields: the standard set, all, named fields and leaves."""

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.schema import (
    ROW_COLUMNS,
    choose_fields,
    fields_of,
    has_value,
    leaves_of,
    named_fields,
    standard_fields,
    wide_names,
)
from enrich_pandas.models import Company, Email, Location, Person

MODELS = pytest.mark.parametrize("model", [Person, Company])
LEADS = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]})


def columns(model, *names):
    return wide_names(choose_fields(model, names))[len(ROW_COLUMNS) :]


def chosen(model, *names):
    return {of.name: of for of in choose_fields(model, names)}


@pytest.mark.parametrize(("model", "least", "most"), [(Person, 45, 58), (Company, 35, 45)])
def test_standard_columns_fit_a_screen(model, least, most):
    assert least <= len(wide_names(standard_fields(model))) <= most


@MODELS
def test_every_standard_field_has_a_column(model):
    assert all(field.leaves for field in standard_fields(model))
    assert all(field.max_items for field in standard_fields(model))
    assert {*columns(model, "standard")} < {*columns(model, "all")}


def test_standard_experience_has_only_its_essential_leaves():
    experiences = [name for name in columns(Person, "standard") if name.startswith("experience")]
    leaves = ["title", "company", "start_date", "start_year", "end_date", "end_year", "is_current"]
    numbered = [f"experience_{number}_{leaf}" for number in (1, 2, 3) for leaf in leaves]
    assert experiences == [*numbered, "experience_count"]


def test_named_field_has_all_leaves_and_five_items():
    (field,) = choose_fields(Person, "experiences")
    assert field.leaves == leaves_of(field.type)
    assert columns(Person, "experiences")[-2].startswith("experience_5_")


@MODELS
def test_all_is_every_field(model):
    assert [of.name for of in choose_fields(model, "all")] == list(model.__struct_fields__)
    assert choose_fields(model, ["standard", "all"])[0].name == standard_fields(model)[0].name
    assert {*columns(model, "standard", "all")} == {*columns(model, "all")}


def test_no_names_mean_all_as_before():
    assert choose_fields(Person, None) == choose_fields(Person, "all")


def test_field_is_added_to_the_standard_set():
    added = [name for name in columns(Person, "standard", "skills") if "skill" in name]
    assert added == [*(f"skill_{number}" for number in range(1, 6)), "skill_count"]
    assert columns(Person, "standard", "skills")[: -len(added)] == columns(Person, "standard")
    assert columns(Person, "standard", "title") == columns(Person, "standard")
    assert chosen(Person, "standard", "emails")["emails"] == chosen(Person, "emails")["emails"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["location.city"], ["location_city"]),
        (["location.country", "location.city"], ["location_city", "location_country"]),
        (["location.name", "title"], ["location", "title"]),
        (["emails.address"], [*(f"email_{n}" for n in range(1, 6)), "email_count"]),
    ],
)
def test_leaf_is_chosen_by_its_name(names, expected):
    assert columns(Person, *names) == expected


def test_leaf_of_a_date_has_its_year():
    names = columns(Person, "experiences.start_date")[:2]
    assert names == ["experience_1_start_date", "experience_1_start_year"]


def test_leaf_is_added_to_the_standard_leaves():
    leaves = [leaf.field for leaf in chosen(Person, "standard", "educations.activities")[
        "educations"].leaves]  # fmt: skip
    assert leaves == ["school", "degree", "field_of_study", "activities"]
    both = chosen(Person, "emails", "emails.address")["emails"]
    assert both == chosen(Person, "emails")["emails"]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("nmae", "'name'"),
        ("titel", "'title'"),
        ("person_title", "'title'"),
        ("emails.adress", "'emails.address'"),
        ("experiences.titel", "'experiences.title'"),
        ("experience_1_title", "'experiences.title'"),
        ("email.address", "'emails.address'"),
        ("experiences.start_year", "'experiences.start_date'"),
        ("school", "'educations.school'"),
        ("emails.", "'emails'"),
        ("title.text", "'title'"),
        ("skills.name", "'skills'"),
        ("Standard", "'standard'"),
        ("ALL", "'all'"),
        (7, "'standard', 'all', or fields: id, name"),
        ("", "'standard', 'all', or fields: id, name"),
    ],
)
def test_wrong_name_raises_with_similar_names(name, suggestion):
    with pytest.raises(ConfigurationError) as caught:
        choose_fields(Person, ["title", name], "person_")
    assert f"fields= contains {name!r}, which is not a field" in str(caught.value)
    assert suggestion in str(caught.value)


def test_value_that_is_no_list_raises_as_a_wrong_name():
    with pytest.raises(ConfigurationError, match="fields= contains 5, which is not a field"):
        choose_fields(Person, 5)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("standard", []),
        ("all", []),
        (None, []),
        ("title", ["title"]),
        (["standard", "skills", "emails.address"], ["skills", "emails"]),
        ([], []),
    ],
)
def test_only_fields_that_a_call_names_are_wanted(names, expected):
    assert [field.name for field in named_fields(Person, names)] == expected


def test_part_without_a_wanted_leaf_has_no_value():
    person = Person(location=Location(continent="Europe"), emails=[Email(type="business")])
    every = {of.name: has_value(of, person) for of in fields_of(Person)}
    standard = {of.name: has_value(of, person) for of in standard_fields(Person)}
    assert (every["location"], standard["location"]) == (True, False)
    assert (every["emails"], standard["emails"]) == (True, True)


@pytest.fixture
def box():
    with ep.sandbox(misses=0) as box:
        yield box


def test_standard_fields_are_the_default(box):
    people = ep.people(LEADS, progress=None)
    names = [f"person_{name}" for name in wide_names(standard_fields(Person))]
    assert list(people.columns) == ["Email", *names]
    pd.testing.assert_frame_equal(ep.people(LEADS, fields="standard", progress=None), people)


def test_more_fields_of_stored_answers_are_free(box):
    few = ep.people(LEADS, progress=None)
    charged = len(box.ledger)
    every = ep.people(LEADS, fields="all", progress=None)
    pd.testing.assert_frame_equal(every[few.columns], few)
    assert every.shape[1] == 1 + 450
    assert len(box.ledger) == charged


@pytest.mark.parametrize("fields", ["standard", ["standard", "emails"], ["experiences.title"]])
def test_choice_applies_to_every_layout(box, fields):
    wide = ep.people(LEADS, fields=fields, progress=None)
    nested = ep.people(LEADS, fields=fields, layout="nested", progress=None)
    tables = ep.people(LEADS, fields=fields, layout="tables", progress=None)
    lists = [field for field in choose_fields(Person, fields) if field.shape == "list"]
    for field in lists:
        kind = nested[f"person_{field.name}"].dtype.pyarrow_dtype.value_type
        names = [leaf.field for leaf in field.leaves if not leaf.is_year]
        assert [kind.field(n).name for n in range(kind.num_fields)] == names
        assert tables[field.name].shape[1] == 2 + len(field.leaves)
        item = [name for name in wide if name.startswith(f"person_{field.name[:-1]}_1")]
        assert len(item) == len(field.leaves)
    assert set(tables) == {"people", *(field.name for field in lists)}
    scalars = [name for name in nested if name in wide]
    pd.testing.assert_frame_equal(tables["people"][scalars], wide[scalars])


def test_max_items_applies_to_all_lists(box):
    one = ep.people(LEADS, fields=["standard", "skills"], max_items=1, progress=None)
    assert not [name for name in one if name.startswith(("person_email_2", "person_skill_2"))]
    four = ep.people(LEADS, max_items=4, progress=None)
    assert {"person_email_4", "person_experience_4_title", "person_education_4_school"} <= {*four}


def test_sources_name_only_providers_of_columns(box):
    people = ep.people(LEADS, fields="standard", sources=True, progress=None)
    sources = [name for name in people if name.endswith("_source")]
    assert sources == [f"person_{of.name}_source" for of in standard_fields(Person)]


def test_past_rows_have_all_fields(box):
    ep.people(LEADS, progress=None)
    run = ep.run(ep.runs()["run"][0])
    every = ep.people(run.rows[["email"]], fields="all", progress=None)
    pd.testing.assert_frame_equal(run.rows, every)
    assert run.resume(progress=None).columns.tolist() == every.columns.tolist()


@pytest.mark.parametrize(("kind", "model"), [("people", Person), ("companies", Company)])
def test_table_lists_every_field_with_its_columns(kind, model):
    table = ep.fields(kind)
    assert list(table) == ["field", "type", "columns", "standard", "description", "providers"]
    assert table["field"].tolist() == list(model.__struct_fields__)
    assert table.loc[table["standard"], "field"].tolist() == [
        of.name for of in standard_fields(model)
    ]
    assert table[["type", "columns", "description"]].notna().all(axis=None)
    prefix = "person_" if model is Person else "company_"
    shown = [name for names in table["columns"] for name in names.split(", ") if name != "…"]
    assert {*shown} < {prefix + name for name in columns(model, "all")}
    assert not [name for name in shown if "_2" in name]


def test_table_shows_types():
    types = ep.fields("people").set_index("field")["type"]
    assert types[["title", "connections", "score", "is_realtime"]].tolist() == [
        "text", "integer", "number", "flag"]  # fmt: skip
    assert types[["linkedin_joined_date", "updated_at", "location"]].tolist() == [
        "date", "date", "Location"]  # fmt: skip
    assert types[["skills", "emails"]].tolist() == ["list of text", "list of Email"]


def test_table_names_the_providers_that_fill_a_field():
    providers = ep.fields("people").set_index("field")["providers"]
    assert providers["title"] == "amplemarket, crustdata, zoho"
    assert providers["middle_name"] == "zoho"
    assert providers.notna().all()


def test_table_of_another_kind_raises():
    with pytest.raises(ConfigurationError, match="kind='person' is not valid"):
        ep.fields("person")
