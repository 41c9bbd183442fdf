"""Clean single cells and encode columns by their distinct cells.

`visible_text` is the first step for every identifier, before the identifier's own rules. `encode`
and `distinct_rows` let the rest of the package work on distinct values instead of on rows.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

# Why a value is not sent: one sentence for each reason code. `docs/statuses.md` has the same table.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "The cell is empty.",
        "placeholder": "The cell holds a placeholder, such as n/a or null.",
        "type": "The cell does not hold text.",
        "too_long": "The text is longer than a value of this kind can be.",
        "control_character": "The text contains a control character or is not valid Unicode.",
        "separator": "The cell holds several values, a tab or a line break.",
        "syntax": "The text is not a valid value of this kind.",
        "truncated": "The URL was cut off and ends in dots.",
        "not_linkedin": "The URL is not on linkedin.com.",
        "not_a_profile": "The URL is on LinkedIn but is not a profile.",
        "company_url": "The URL is the page of a company or school, not of a person.",
        "person_url": "The URL is the profile of a person, not of a company.",
        "sales_url": "The URL is a Sales Navigator or Recruiter link; only its user can open it.",
        "shortener": "The URL is a short link. Short links are never followed.",
        "legacy_url": "The URL has an old LinkedIn form that no longer identifies one person.",
        "free_mail": "The address is at a free mail service, so its domain is not a company's.",
        "social_network": "The URL is on a social network, not on the company's own site.",
        "not_on_network": "The URL is not a profile on this network.",
        "no_identifier": "The row has no identifier that the provider accepts.",
        "incomplete": "The values of the row are valid, but not enough for the provider.",
        "needs_company": "A name or title alone is not enough; the provider also needs a company.",
        "too_short": "The value is shorter than the provider accepts.",
        "not_english": "The value contains letters that the provider does not accept.",
    }
)


class InvalidValueError(ValueError):
    """A value that cannot be an identifier; ``code`` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


MAX_TEXT = 2048  # characters; the usual limit of browsers and proxies for a URL

# What spreadsheets, databases and people write into an empty cell.
PLACEHOLDERS = frozenset(
    {
        *("nan", "none", "null", "nil", "na", "n/a", "n.a.", "n.a", "#n/a", "<na>", "nat", "n\\a"),
        *("-", "--", "---", "\u2013", "\u2014", "_", ".", "..", "...", "?", "/", "0"),
        *("undefined", "unknown", "empty", "blank", "tbd", "(blank)", "(none)", "(null)", "[none]"),
        *("not available", "not applicable", "not provided", "not found", "no data", "no value"),
        *("#ref!", "#value!", "#name?"),
    }
)

# Soft hyphen, zero-width and direction marks, byte order mark. They come with pasted text and make
# two different values of one address.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e"
    "\u206f\ufeff"
)
_DROP_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be encoded as UTF-8
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, NaN, NA or NaT. A list is never missing."""
    if isinstance(cell, Decimal):  # pd.isna compares, which a signaling NaN forbids
        return cell.is_nan()
    return pd.api.types.is_scalar(cell) and bool(pd.isna(cell))


def visible_text(cell: object) -> str:
    """Return the text of a cell in NFC, without invisible characters and outer blanks.

    Raises
    ------
    InvalidValueError
        The cell has no usable text; ``code`` says why.
    """
    if not isinstance(cell, str):
        raise InvalidValueError("missing" if is_missing(cell) else "type")
    text = cell.translate(_DROP_INVISIBLE).strip()
    if not text:
        raise InvalidValueError("missing")
    if len(text) > MAX_TEXT:
        raise InvalidValueError("too_long")
    if text.casefold() in PLACEHOLDERS:
        raise InvalidValueError("placeholder")
    if _BREAKS.search(text):
        raise InvalidValueError("separator")
    if _CONTROL.search(text):
        raise InvalidValueError("control_character")
    return unicodedata.normalize("NFC", text)


Codes = npt.NDArray[np.intp]
SmallCodes = npt.NDArray[np.int32]  # as Arrow returns them: half the memory of `Codes`

_NOT_TEXT = object()  # replaces every cell that is not text, since it may not be hashable


def may_hold_text(dtype: Any) -> bool:
    """Return whether a column of this dtype can hold text; an object column can hold anything."""
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.CategoricalDtype):
        dtype = dtype.categories.dtype
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.type in (str, pd.CategoricalDtype.type)
    if isinstance(dtype, pd.StringDtype):
        return True
    return pd.api.types.is_object_dtype(dtype)


def factorize(column: "pd.Series[Any]") -> tuple[SmallCodes, list[object]]:
    """Return a code for each row and the list of distinct cells; a missing cell has code -1.

    All cells that are not text share one code: they may be unhashable, and all are invalid for the
    same reason.
    """
    codes, cells = encode(column)
    return codes, cells.to_pylist() if isinstance(cells, pa.Array) else cells


def encode(column: "pd.Series[Any]") -> tuple[SmallCodes, "pa.LargeStringArray | list[object]"]:
    """Return the same as `factorize`, with the cells as an Arrow array if all of them are text."""
    if isinstance(column.dtype, pd.SparseDtype):
        column = column.astype(column.dtype.subtype)
    if not may_hold_text(column.dtype):
        return np.where(column.isna(), -1, 0).astype(np.int32), [_NOT_TEXT]
    cells = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
    if _holds_python_objects(cells.dtype):
        kind = pd.api.types.infer_dtype(cells, skipna=True)
        if kind == "empty":
            return np.full(len(column), -1, dtype=np.int32), []
        if kind != "string":
            return _mixed(column)
    try:
        # With Arrow, since pandas before version 3 ends a text at its first NUL.
        texts = pa.array(column, from_pandas=True).cast(pa.large_string())
    except UnicodeEncodeError:  # a lone surrogate
        return _mixed(column)
    return _dictionary(texts)


def _dictionary(texts: "pa.Array | pa.ChunkedArray") -> tuple[SmallCodes, pa.LargeStringArray]:
    found = texts.dictionary_encode()
    if isinstance(found, pa.ChunkedArray):  # all chunks have the same dictionary
        found = found.combine_chunks()
    return found.indices.fill_null(-1).to_numpy(), found.dictionary


def _holds_python_objects(dtype: Any) -> bool:
    if isinstance(dtype, pd.StringDtype):
        return dtype.storage == "python"
    return pd.api.types.is_object_dtype(dtype)


def _mixed(cells: Iterable[object]) -> tuple[SmallCodes, list[object]]:
    """Return the same as `factorize` for an object column that is not all text."""
    seen: dict[object, int] = {}
    codes = [
        seen.setdefault(cell, len(seen))
        if isinstance(cell, str)
        else (-1 if is_missing(cell) else seen.setdefault(_NOT_TEXT, len(seen)))
        for cell in cells
    ]
    return np.array(codes, dtype=np.int32), list(seen)


def distinct_rows(columns: Iterable[tuple[Codes | SmallCodes, int]], length: int) -> Codes:
    """Return one code for each row; rows that are equal in all columns have the same code.

    Parameters
    ----------
    columns
        For each column its codes, -1 for a missing cell, and its number of distinct cells.
    length
        Number of rows.
    """
    rows = np.zeros(length, dtype=np.intp)
    for codes, count in columns:
        rows, _ = pd.factorize(rows * (count + 1) + codes + 1)
    return rows


def first_places(codes: Codes) -> Codes:
    """Return the position of the first row of each code."""
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.intp)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last assignment wins
    return first
