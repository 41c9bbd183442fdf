"""Exported files execute nothing in a spreadsheet program and keep all other values."""

import csv
import datetime as dt

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import enrich_pandas as ep

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0dx",
    "\uff20SUM(1)",
    '=HYPERLINK("https://evil.example","x")',
    "=WEBSERVICE('https://evil.example')",
]
PHONE = "+1 555-010-0100"


def frame_of(texts):
    return pd.DataFrame({"text": texts, "=name()": texts, "size": range(len(texts))})


def executes(cell):
    """Return whether a spreadsheet program would read the cell as a formula."""
    return cell.lstrip(" \u00a0\u200b\ufeff")[:1] in tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def test_excel_file_has_no_formulas(tmp_path):
    frame = frame_of([*FORMULAS, PHONE])
    before = frame.copy()
    ep.to_excel_safe(frame, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert sheet.cell(len(frame) + 1, 1).value == PHONE
    assert sheet.cell(2, 1).value == "=1+1"
    assert sheet.cell(2, 3).value == 0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("dtype", ["object", "string"])
def test_csv_file_executes_nothing(tmp_path, dtype):
    frame = frame_of([*FORMULAS, PHONE, "Ada", "-12.5", None]).astype({"text": dtype})
    ep.to_csv_safe(frame, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert not any(executes(name) for name in header)
    assert not any(executes(row[0]) for row in rows if row[0] != "-12.5")
    texts = [row[0].removeprefix("'") for row in rows]
    assert texts == [*FORMULAS, PHONE, "Ada", "-12.5", ""]
    assert [row[2] for row in rows] == [str(n) for n in range(len(frame))]


def test_enriched_frame_is_written_and_read_back(tmp_path):
    leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]}, index=["=a", "b"])
    with ep.sandbox(misses=0):
        people = ep.people(leads, progress=None)
    ep.to_excel_safe(people, tmp_path / "x.xlsx", index=True)
    ep.to_csv_safe(people, tmp_path / "x.csv", index=True)
    back = pd.read_excel(tmp_path / "x.xlsx", index_col=0, engine="openpyxl")
    assert back["person_name"].tolist() == people["person_name"].tolist()
    assert back.index.tolist() == ["=a", "b"]
    assert pd.read_csv(tmp_path / "x.csv", index_col=0).index.tolist() == ["'=a", "b"]


def test_labels_of_a_multiindex_execute_nothing(tmp_path):
    levels = pd.MultiIndex.from_tuples([("=1+1", "@x"), ("b", "+y")], names=["=k", None])
    frame = pd.DataFrame([["=a", "b"], ["c", "d"]], index=levels, columns=levels)
    ep.to_csv_safe(frame, tmp_path / "x.csv", index=True)
    with (tmp_path / "x.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not any(executes(cell) for cell in cells)
    assert {"'=1+1", "'@x", "'+y", "'=k", "'=a"} <= {*cells}


def test_times_are_written_in_utc(tmp_path):
    times = pd.date_range("2024-10-27", periods=2, freq="h", tz="Europe/Paris")
    frame = pd.DataFrame([[*times]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 1)]))
    ep.to_excel_safe(frame, tmp_path / "x.xlsx", index=True)
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").active
    cells = [cell.value for row in sheet.iter_rows() for cell in row]
    written = {cell for cell in cells if isinstance(cell, dt.datetime)}
    assert written == {time.tz_convert("UTC").tz_localize(None) for time in times}
    assert isinstance(frame.dtypes.iloc[0], pd.DatetimeTZDtype)


def test_lone_surrogates_are_left_out(tmp_path):
    texts = pd.Index(["a\ud800"], dtype=object)
    frame = pd.DataFrame([["x\ud800"]], columns=texts, index=texts, dtype=object)
    ep.to_csv_safe(frame, tmp_path / "x.csv", index=True)
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").split() == ['"","a"', '"a","x"']
    ep.to_excel_safe(frame, tmp_path / "x.xlsx")
    assert pd.read_excel(tmp_path / "x.xlsx", engine="openpyxl").to_dict("list") == {"a": ["x"]}


def test_characters_that_excel_forbids_are_left_out(tmp_path):
    ep.to_excel_safe(pd.DataFrame({"text": ["a\x00b\x1fc"]}), tmp_path / "x.xlsx")
    assert pd.read_excel(tmp_path / "x.xlsx", engine="openpyxl")["text"].tolist() == ["abc"]


@given(st.text(max_size=40).map(lambda text: "=" + text))
def test_any_formula_gets_an_apostrophe(text):
    from enrich_pandas.export import _escape_formulas

    assert _escape_formulas(pd.DataFrame({"text": [text]}), "'").iloc[0, 0] == f"'{text}"
