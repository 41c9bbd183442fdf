from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from enrich_pandas.errors import InputError
from enrich_pandas.frame.output import attach, check_names, earlier_columns

ROW = ["person_status", "person_reason", "person_provider", "person_fetched_at"]

INDEXES = [
    pd.RangeIndex(3),
    pd.RangeIndex(10, 4, -2, name="n"),
    pd.Index(["a", "a", "b"], name="k"),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 1), ("b", 2)], names=["x", "y"]),
    pd.date_range("2024-10-27", periods=3, freq="h", tz="Europe/Paris"),
    pd.IntervalIndex.from_breaks([0, 1, 2, 3]),
    pd.CategoricalIndex(["a", "b", "a"]),
]


@pytest.mark.parametrize("index", INDEXES, ids=lambda index: type(index).__name__)
def test_index_is_preserved(index):
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    result = attach(frame, {"person_name": np.array(["x", "y", "z"], dtype=object)}, [])
    pd.testing.assert_index_equal(result.index, index, exact=True)
    assert type(result.index) is type(index)
    assert result["person_name"].tolist() == ["x", "y", "z"]


@given(st.lists(st.integers(0, 2), max_size=6))
def test_attach_matches_rows_by_position(labels):
    frame = pd.DataFrame({"a": range(len(labels))}, index=labels)
    result = attach(frame, {"b": np.arange(len(labels)) * 10}, [])
    assert (result["b"] == result["a"] * 10).all()
    assert len(result) == len(labels)


class Map(pd.DataFrame):
    """A subclass with metadata, such as those of GeoPandas."""

    _metadata: ClassVar = ["crs"]

    @property
    def _constructor(self):
        return Map


@pytest.mark.parametrize("replaced", [[], ["person_name"]])
def test_subclass_and_its_metadata_are_preserved(replaced):
    frame = Map({"a": [1, 2], "person_name": ["x", "y"]})
    frame.crs = "EPSG:4326"
    found = attach(frame, {"person_title": np.array(["CEO", "CTO"], dtype=object)}, replaced)
    assert type(found) is Map
    assert found.crs == frame.assign(b=1).crs == "EPSG:4326"


def test_attrs_and_flags_are_preserved():
    frame = pd.DataFrame({"a": [1, 2]}).set_flags(allows_duplicate_labels=False)
    frame.attrs = {"source": "crm", "table": pd.DataFrame({"n": [1]}), "list": [1]}
    found = attach(frame, {"b": np.array([3, 4])}, [])
    assert list(found.attrs) == ["source", "table", "list"]
    assert not found.flags.allows_duplicate_labels
    found.attrs["list"].append(2)  # attrs are copied, as in pandas
    assert frame.attrs["list"] == [1]


def test_column_levels_are_preserved():
    frame = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert list(result.columns) == [("a", "b"), ("person_name", "")]


def test_column_index_names_are_preserved():
    frame = pd.DataFrame([[1]], columns=pd.Index(["a"], name="k"))
    assert attach(frame, {"b": np.array([2])}, []).columns.names == ["k"]
    frame.columns = pd.MultiIndex.from_tuples([("a", "b")], names=["k", None])
    assert attach(frame, {"b": np.array([2])}, []).columns.names == ["k", None]


def test_lone_surrogate_in_a_level_is_preserved():
    texts = pd.Index(["\ud800"], dtype=object)
    frame = pd.DataFrame([[1]], columns=pd.MultiIndex.from_arrays([texts, texts]))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert list(result.columns) == [("\ud800", "\ud800"), ("person_name", "")]


@pytest.mark.parametrize("label", [None, pd.NA, 7, ("a", "b"), "\ud800"], ids=ascii)
def test_column_labels_are_preserved(label):
    frame = pd.DataFrame([[1, 2]], columns=pd.Index(["a", label], dtype=object))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert result.columns[1] is frame.columns[1]


def test_input_frame_is_unchanged():
    frame = pd.DataFrame({"a": [1], "person_name": ["old"]})
    before = frame.copy(deep=True)
    attach(frame, {"person_name": np.array(["new"], dtype=object)}, ["person_name"])
    pd.testing.assert_frame_equal(frame, before)


def test_columns_of_an_earlier_result_are_recognized():
    frame = pd.DataFrame(columns=[*ROW, "person_email_7_type", "person_age", "name"])
    names = ["status", "reason", "provider", "fetched_at", "email_1_type"]
    assert earlier_columns(frame, "person_", names) == [*ROW, "person_email_7_type"]


def test_frame_without_all_row_columns_has_no_result():
    frame = pd.DataFrame(columns=["person_status", "person_name"])
    assert earlier_columns(frame, "person_", ["status", "name"]) == []


@pytest.mark.parametrize("label", ["person_name", "PERSON_Name"])
def test_existing_column_name_raises_in_any_case(label):
    frame = pd.DataFrame(columns=[label])
    with pytest.raises(InputError, match=label):
        check_names(frame, ["person_name"], own=[])
