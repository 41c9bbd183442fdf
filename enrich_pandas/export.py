"""Write files that spreadsheet programs open without executing anything a vendor has sent."""

import csv
import os
import re
from pathlib import Path
from typing import Any

import pandas as pd

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.frame.cells import LONE_SURROGATE

# The beginning of a formula, also in full-width characters and after blanks.
_FORMULA = re.compile("[\\s\u00a0\u200b\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")
MAX_ROWS = 1_048_576  # of an Excel sheet, including its header

Target = str | os.PathLike[str]


def to_csv_safe(frame: pd.DataFrame, path: Target, **options: Any) -> None:
    r"""Write a CSV file that a spreadsheet program can open without executing anything.

    A text that such a program would read as a formula gets an apostrophe in front, which the
    program does not show. The frame is not changed.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame to write.
    path : str or path-like
        The file.
    **options
        Options of `pandas.DataFrame.to_csv`. The defaults differ: ``index`` is False, and every
        text is quoted, since a line break in a text would begin a new cell.

    Raises
    ------
    OSError
        The file cannot be written.

    Notes
    -----
    It is free and uses no network. Use ``frame.to_csv`` if a program reads the file, since the
    apostrophes would be part of the data. Lone surrogates cannot be written and are left out.

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
    """Write an Excel file without formulas and links.

    Texts are unchanged, including phone numbers that begin with a plus; their cells have the type
    text. The frame is not changed.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame to write.
    path : str or path-like
        The file, with the suffix ``.xlsx``.
    **options
        Options of `pandas.DataFrame.to_excel`. The default of ``index`` is False.

    Raises
    ------
    ConfigurationError
        The frame has more rows than an Excel sheet, or openpyxl is not installed.

    Notes
    -----
    It is free and uses no network. Excel has no time zones, so times with a time zone are written
    in UTC. Characters that an Excel file cannot hold are left out.

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
            "openpyxl is not installed; it is needed to write Excel files.",
            cost="No file was written.",
            todo="Type pip install openpyxl, or use ep.to_csv_safe.",
        ) from None
    if len(frame) >= MAX_ROWS:
        raise ConfigurationError(
            f"The frame has {len(frame):,} rows; an Excel sheet holds {MAX_ROWS - 1:,}.",
            cost="No file was written.",
            todo="Write the frame in parts, or use ep.to_csv_safe.",
        )
    plain = _map_texts(_in_utc(frame), lambda text: ILLEGAL_CHARACTERS_RE.sub("", text))
    with pd.ExcelWriter(Path(path), engine="openpyxl") as writer:
        plain.to_excel(writer, **{"index": False, **options})
        for sheet in writer.book.worksheets:
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                if cell.data_type == "f":
                    cell.data_type = "s"
                    cell.quotePrefix = True
                if cell.hyperlink:  # a merged cell has no such attribute to set
                    cell.hyperlink = None


def _escape_formulas(frame: pd.DataFrame, mark: str) -> pd.DataFrame:
    return _map_texts(
        frame,
        lambda text: mark + text if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text,
    )


def _map_texts(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    """Return a frame with each text changed, in cells, column names and index."""

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
