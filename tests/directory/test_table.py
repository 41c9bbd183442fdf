import sys

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from enrich_pandas.directory import Directory
from enrich_pandas.errors import ConfigurationError

ROWS = pd.DataFrame(
    {
        "email": ["ada@example.com", "zoe@example.com"],
        "id": ["0042", "1e5"],
        "Last Name": ["NA", "Österreich"],
        "Company": ["Example, Inc", 'The "Best"\nCo'],
    }
)


def expect(match, *, id_="0042", last="NA"):
    assert (match.model.id, match.model.last_name) == (id_, last)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("crm.csv", {}),
        ("crm.csv", {"sep": ";"}),
        ("crm.CSV", {"sep": "\t"}),
        ("crm.csv", {"encoding": "utf-8-sig"}),
        ("crm.csv", {"encoding": "utf-16"}),
        ("crm.csv", {"lineterminator": "\r\n"}),
        ("crm.tsv", {"sep": "\t"}),
    ],
)
def test_text_file_is_read_as_text(tmp_path, look_up, name, options):
    path = tmp_path / name
    ROWS.to_csv(path, index=False, **options)
    directory = Directory(path)
    expect(look_up(directory, email="ada@example.com"))
    match = look_up(str(path), email="zoe@example.com")
    expect(match, id_="1e5", last="Österreich")
    assert match.model.company.startswith('The "Best"')


def test_parquet_is_read_as_text(tmp_path, look_up):
    table = pa.table({**ROWS.drop(columns="id"), "id": pa.array([42, 7], pa.int64())})
    pq.write_table(table, tmp_path / "crm.parquet", row_group_size=1)
    ROWS.set_index(pd.Index([3, 4])).to_parquet(tmp_path / "pandas.parquet")
    assert Directory(tmp_path / "pandas.parquet").unmapped["people"] == ()
    expect(look_up(tmp_path / "crm.parquet", email="ada@example.com"), id_="42")
    expect(look_up(tmp_path / "crm.parquet", email="zoe@example.com"), id_="7", last="Österreich")


def test_excel_is_read_as_text(tmp_path, look_up):
    pytest.importorskip("openpyxl")
    ROWS.assign(Employees=[1200, 51], Column=None).to_excel(tmp_path / "crm.xlsx", index=False)
    match = look_up(tmp_path / "crm.xlsx", email="ada@example.com")
    expect(match)
    assert match.model.employer.employees == 1200


def test_excel_without_an_engine_names_the_extra(tmp_path, monkeypatch, look_up):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    monkeypatch.setattr("enrich_pandas.directory.table.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"enrich-pandas\[excel\]"):
        look_up(tmp_path / "crm.xlsx", email="ada@example.com")


def test_encoding_is_named_in_error_and_accepted(tmp_path, look_up):
    path = tmp_path / "crm.csv"
    ROWS.to_csv(path, index=False, encoding="cp1252")
    with pytest.raises(ConfigurationError, match=r"not in the encoding UTF-8[\s\S]*cp1252"):
        look_up(path, email="zoe@example.com")
    directory = Directory(path, encoding="cp1252")
    expect(look_up(directory, email="zoe@example.com"), id_="1e5", last="Österreich")
    with pytest.raises(ConfigurationError, match="no-such"):
        look_up(Directory(path, encoding="no-such"), email="zoe@example.com")


@pytest.mark.parametrize("name", ["crm.csv", "crm.tsv", "crm.parquet", "crm.xlsx"])
def test_missing_file_is_named(tmp_path, look_up, name):
    pytest.importorskip("openpyxl")
    with pytest.raises(ConfigurationError, match=rf"{name}[\s\S]*ep\.Directory"):
        look_up(tmp_path / name, email="ada@example.com")


@pytest.mark.parametrize("name", ["crm.parquet", "crm.xlsx"])
def test_damaged_file_is_named(tmp_path, look_up, name):
    pytest.importorskip("openpyxl")
    (tmp_path / name).write_bytes(b"not at all")
    with pytest.raises(ConfigurationError, match=name):
        look_up(tmp_path / name, email="ada@example.com")


def test_unknown_suffix_is_refused(look_up):
    with pytest.raises(ConfigurationError, match=r"\.csv, \.tsv, \.parquet, \.xlsx"):
        look_up("crm.docx", email="ada@example.com")


def test_short_line_ends_with_empty_cells(tmp_path, look_up):
    path = tmp_path / "crm.csv"
    path.write_text("email,title,city\nada@example.com,CTO\n\nzoe@example.com,CEO,Bonn,,\n")
    assert look_up(path, email="ada@example.com").model.title == "CTO"
    assert look_up(path, email="zoe@example.com").model.location.city == "Bonn"


def test_longer_line_is_named(tmp_path, look_up):
    path = tmp_path / "crm.csv"
    path.write_text("email,title\nada@example.com,CTO\nzoe@example.com,VP, Sales\n")
    with pytest.raises(ConfigurationError, match="Line 3"):
        look_up(path, email="ada@example.com")


@pytest.mark.parametrize("text", ["email,title\n", "email,title"])
def test_header_without_rows_finds_no_match(tmp_path, look_up, text):
    path = tmp_path / "crm.csv"
    path.write_text(text)
    assert look_up(path, email="ada@example.com").status == "not_found"


def test_empty_file_has_no_columns(tmp_path, look_up):
    path = tmp_path / "crm.csv"
    path.write_bytes(b"")
    with pytest.raises(ConfigurationError, match="no columns"):
        look_up(path, email="ada@example.com")


def test_changed_file_changes_billed_options(tmp_path):
    path = tmp_path / "crm.csv"
    ROWS.to_csv(path, index=False)
    before = Directory(path).billed_options("people")
    assert Directory(path).billed_options("people") == before
    ROWS.iloc[::-1].to_csv(path, index=False)
    assert Directory(path).billed_options("people") != before
