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
def test_the_index_is_the_frames_own(index):
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    result = attach(frame, {"person_name": np.array(["x", "y", "z"], dtype=object)}, [])
    pd.testing.assert_index_equal(result.index, index, exact=True)
    assert type(result.index) is type(index)
    assert result["person_name"].tolist() == ["x", "y", "z"]


@given(st.lists(st.integers(0, 2), max_size=6))
def test_attaching_goes_by_position_whatever_the_labels(labels):
    frame = pd.DataFrame({"a": range(len(labels))}, index=labels)
    result = attach(frame, {"b": np.arange(len(labels)) * 10}, [])
    assert (result["b"] == result["a"] * 10).all()
    assert len(result) == len(labels)


class Map(pd.DataFrame):
    """A frame that knows of more than its cells, as those of GeoPandas do."""

    _metadata: ClassVar = ["crs"]

    @property
    def _constructor(self):
        return Map


@pytest.mark.parametrize("replaced", [[], ["person_name"]])
def test_a_subclass_and_what_it_knows_are_kept(replaced):
    frame = Map({"a": [1, 2], "person_name": ["x", "y"]})
    frame.crs = "EPSG:4326"
    found = attach(frame, {"person_title": np.array(["CEO", "CTO"], dtype=object)}, replaced)
    assert type(found) is Map
    assert found.crs == frame.assign(b=1).crs == "EPSG:4326"


def test_attrs_and_flags_are_the_frames_own():
    frame = pd.DataFrame({"a": [1, 2]}).set_flags(allows_duplicate_labels=False)
    frame.attrs = {"source": "crm", "table": pd.DataFrame({"n": [1]}), "list": [1]}
    found = attach(frame, {"b": np.array([3, 4])}, [])
    assert list(found.attrs) == ["source", "table", "list"]
    assert not found.flags.allows_duplicate_labels
    found.attrs["list"].append(2)  # a copy, as pandas makes it
    assert frame.attrs["list"] == [1]


def test_column_levels_are_kept():
    frame = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert list(result.columns) == [("a", "b"), ("person_name", "")]


def test_the_names_of_the_columns_are_kept():
    frame = pd.DataFrame([[1]], columns=pd.Index(["a"], name="k"))
    assert attach(frame, {"b": np.array([2])}, []).columns.names == ["k"]
    frame.columns = pd.MultiIndex.from_tuples([("a", "b")], names=["k", None])
    assert attach(frame, {"b": np.array([2])}, []).columns.names == ["k", None]


def test_a_lone_surrogate_may_stand_in_a_level():
    texts = pd.Index(["\ud800"], dtype=object)
    frame = pd.DataFrame([[1]], columns=pd.MultiIndex.from_arrays([texts, texts]))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert list(result.columns) == [("\ud800", "\ud800"), ("person_name", "")]


@pytest.mark.parametrize("label", [None, pd.NA, 7, ("a", "b"), "\ud800"], ids=ascii)
def test_a_label_stays_what_it_is(label):
    frame = pd.DataFrame([[1, 2]], columns=pd.Index(["a", label], dtype=object))
    result = attach(frame, {"person_name": np.array(["x"], dtype=object)}, [])
    assert result.columns[1] is frame.columns[1]


def test_the_input_is_not_touched():
    frame = pd.DataFrame({"a": [1], "person_name": ["old"]})
    before = frame.copy(deep=True)
    attach(frame, {"person_name": np.array(["new"], dtype=object)}, ["person_name"])
    pd.testing.assert_frame_equal(frame, before)


def test_an_earlier_result_is_recognised_and_nothing_else():
    frame = pd.DataFrame(columns=[*ROW, "person_email_7_type", "person_age", "name"])
    names = ["status", "reason", "provider", "fetched_at", "email_1_type"]
    assert earlier_columns(frame, "person_", names) == [*ROW, "person_email_7_type"]


def test_without_all_row_columns_nothing_is_ours():
    frame = pd.DataFrame(columns=["person_status", "person_name"])
    assert earlier_columns(frame, "person_", ["status", "name"]) == []


@pytest.mark.parametrize("taken", ["person_name", "PERSON_Name"])
def test_a_taken_name_is_refused_in_any_case(taken):
    frame = pd.DataFrame(columns=[taken])
    with pytest.raises(InputError, match=taken):
        check_names(frame, ["person_name"], own=[])
