"""Files for spreadsheet programs in which nothing is executed, whatever a vendor has sent."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.cells import LONE_SURROGATE

# What a spreadsheet program takes for a formula, its full-width forms too, after blanks as well.
_FORMULA = re.compile("[\\s\u00a0\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")
MAX_ROWS = 1_048_576  # of an Excel sheet, its header included

Target = str | os.PathLike[str]


def to_csv_safe(frame: pd.DataFrame, path: Target, **options: Any) -> None:
    r"""Write a CSV file that a spreadsheet program can open without executing anything.

    A text that such a program would take for a formula gets an apostrophe in front, which it does
    not show. The frame is not changed.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to write.
    path : str or path-like
        Where to.
    **options
        As of `pandas.DataFrame.to_csv`; ``index`` is False unless given, and every text stands in
        quotes: a line break in one would begin a cell.

    Raises
    ------
    OSError
        The file cannot be written.

    Notes
    -----
    It costs nothing and asks no network. Who reads the file by a program, and not by eye, should
    take ``frame.to_csv``: there the apostrophes would be part of the data. Lone surrogates, which
    no file can hold, are left out.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> frame = pd.DataFrame({"name": ["=1+1"], "phone": ["+1 555-010-0100"], "size": [-3]})
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> to_csv_safe(frame, path)
    >>> path.read_text().splitlines()
    ['"name","phone","size"', '"\'=1+1","\'+1 555-010-0100",-3']
    """
    _escape_formulas(frame, "'").to_csv(
        path, **{"index": False, "quoting": csv.QUOTE_NONNUMERIC, **options}
    )


def to_excel_safe(frame: pd.DataFrame, path: Target, **options: Any) -> None:
    """Write an Excel file of which no cell is a formula or a link.

    Texts stay as they are, phone numbers that begin with a plus too; they are typed as text.

    Parameters
    ----------
    frame : pandas.DataFrame
        What to write.
    path : str or path-like
        Where to; ``.xlsx``.
    **options
        As of `pandas.DataFrame.to_excel`; ``index`` is False unless given.

    Raises
    ------
    ConfigurationError
        The frame has more rows than a sheet, or openpyxl is not installed.

    Notes
    -----
    It costs nothing and asks no network. Times with a time zone are written in UTC, without it:
    Excel knows none. Characters that no such file can hold are left out.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> frame = pd.DataFrame({"name": ["=1+1"], "phone": ["+1 555-010-0100"]})
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "people.xlsx"
    >>> to_excel_safe(frame, path)
    """
    try:
        from openpyxl.cell.cell import (  # type: ignore[import-untyped]
            ILLEGAL_CHARACTERS_RE,
        )
    except ImportError:
        raise ConfigurationError(
            "openpyxl, which writes Excel files, is not installed.",
            cost="The frame is unchanged.",
            todo="Type pip install openpyxl, or use to_csv_safe.",
        ) from None
    if len(frame) >= MAX_ROWS:
        raise ConfigurationError(
            f"The frame has {len(frame):,} rows, more than a sheet of Excel.",
            cost="The frame is unchanged.",
            todo="Write it in parts, or use to_csv_safe.",
        )
    plain = _map_texts(_in_utc(frame), lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
    with pd.ExcelWriter(Path(path), engine="openpyxl") as writer:
        plain.to_excel(writer, **{"index": False, **options})
        for sheet in writer.book.worksheets:
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                if cell.data_type == "f":
                    cell.data_type = "s"
                    cell.quotePrefix = True
                if cell.hyperlink:  # a merged cell has none, and takes none
                    cell.hyperlink = None


def _escape_formulas(frame: pd.DataFrame, mark: str) -> pd.DataFrame:
    return _map_texts(
        frame,
        lambda text: mark + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text,
    )


def _map_texts(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Return a frame with other texts, in cells, column names and index."""

    def of(value: Any) -> Any:
        if isinstance(value, tuple):  # a label in levels
            return tuple(map(of, value))
        return change(LONE_SURROGATE.sub("", value)) if isinstance(value, str) else value

    made = {place: _map_column(frame.iloc[:, place], of) for place in range(frame.shape[1])}
    whole = pd.DataFrame(made, index=frame.index)
    whole.columns, whole.index = _map_labels(frame.columns, of), _map_labels(frame.index, of)
    return whole


def _map_labels(labels: pd.Index, of: Any) -> pd.Index:
    return labels.map(of).set_names([of(name) for name in labels.names])


def _map_column(column: "pd.Series[Any]", of: Any) -> "pd.Series[Any]":
    holds_text = not (
        pd.api.types.is_numeric_dtype(column.dtype)
        or pd.api.types.is_datetime64_any_dtype(column.dtype)
    )
    return column.astype(object).map(of) if holds_text else column


def _in_utc(frame: pd.DataFrame) -> pd.DataFrame:
    changed = frame.copy(deep=False)
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            changed.isetitem(place, column.dt.tz_convert("UTC").dt.tz_localize(None))
    return changed
