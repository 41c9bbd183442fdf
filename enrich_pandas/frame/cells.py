"""Cells to their visible text: what every identifier is trimmed of, before its own rules."""

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

# -- Why a value is not sent: one code a reason, one sentence a code -----------------------------

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "The cell is empty.",
        "placeholder": "The cell holds a word for 'nothing', such as n/a or null.",
        "type": "The cell holds something other than text.",
        "too_long": "The text is longer than any such value can be.",
        "control_character": "The text holds a control or invisible character, or is broken.",
        "separator": "The cell holds several values, a tab or a line break.",
        "syntax": "The text is not of the form that such a value has.",
        "truncated": "The address was cut off and ends in dots.",
        "not_linkedin": "The address leads to another site than LinkedIn.",
        "not_a_profile": "The address is on LinkedIn, but is not that of a profile.",
        "company_url": "The address is that of a company or school, not of a person.",
        "person_url": "The address is that of a person, not of a company.",
        "sales_url": "The address is of Sales Navigator or Recruiter; only its user can open it.",
        "shortener": "The address is a short link; it is never followed.",
        "legacy_url": "The address is of LinkedIn's old form, which no longer names one person.",
        "free_mail": "The address is of a free mail service, which is not the person's company.",
        "social_network": "The address is on a social network, not on a site of the company.",
        "not_on_network": "The address is not that of a profile on this network.",
        "no_identifier": "The row has nothing to ask the provider by.",
        "incomplete": "What the row has is valid, but not enough for the provider.",
        "needs_company": "A name or title alone is not enough: the provider needs a company too.",
        "too_short": "The value is shorter than the provider takes.",
        "not_english": "The value has letters that the provider does not take.",
    }
)


class InvalidValueError(ValueError):
    """A value that cannot be an identifier; ``code`` is a key of `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


MAX_TEXT = 2048  # what browsers and proxies take for an address

# Words that spreadsheets, databases and people write where there is nothing.
PLACEHOLDERS = frozenset(
    {
        *("nan", "none", "null", "nil", "na", "n/a", "n.a.", "n.a", "#n/a", "<na>", "nat", "n\\a"),
        *("-", "--", "---", "\u2013", "\u2014", "_", ".", "..", "...", "?", "/", "0"),
        *("undefined", "unknown", "empty", "blank", "tbd", "(blank)", "(none)", "(null)", "[none]"),
        *("not available", "not applicable", "not provided", "not found", "no data", "no value"),
        *("#ref!", "#value!", "#name?"),
    }
)

# Soft hyphen, zero-width and direction marks, byte order mark: they come with a paste and make
# two of one address.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e"
    "\u206f\ufeff"
)
_DROP_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no encoding has it
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_missing(cell: Any) -> bool:
    """Tell None, NaN, NA, NaT and their kin; a list is not missing, whatever it holds."""
    if isinstance(cell, Decimal):  # pandas compares, and a signalling NaN does not allow it
        return cell.is_nan()
    return pd.api.types.is_scalar(cell) and bool(pd.isna(cell))


def visible_text(cell: object) -> str:
    """Return the visible text of a cell in NFC.

    Raises
    ------
    Refused
        With the reason why there is no usable text in it.
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


# -- Distinct cells and distinct rows, found at the speed of arrays, whatever the cells are ------

Codes = npt.NDArray[np.intp]
SmallCodes = npt.NDArray[
    np.int32
]  # as Arrow makes them: half the memory, which tells at 10,000,000 rows

_NOT_TEXT = object()  # stands for every cell that is no text, hashable or not


def may_hold_text(dtype: Any) -> bool:
    """Rule out the types that hold no text; an object column may hold anything."""
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
    """Return a code for each row and the distinct cells; a missing cell has code -1.

    Cells that are no text share one stand-in, since they may have no hash and are refused alike.
    """
    codes, cells = encode(column)
    return codes, cells.to_pylist() if isinstance(cells, pa.Array) else cells


def encode(column: "pd.Series[Any]") -> tuple[SmallCodes, "pa.LargeStringArray | list[object]"]:
    """Do the same, and leave the distinct cells to Arrow where all of them are text."""
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
        # By Arrow and not by pandas, which before its third version ends a text at its first NUL.
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
    """Do the same for an object column that is not all text, by Python's own dict."""
    seen: dict[object, int] = {}
    codes = [
        seen.setdefault(cell, len(seen))
        if isinstance(cell, str)
        else (-1 if is_missing(cell) else seen.setdefault(_NOT_TEXT, len(seen)))
        for cell in cells
    ]
    return np.array(codes, dtype=np.int32), list(seen)


def distinct_rows(columns: Iterable[tuple[Codes | SmallCodes, int]], length: int) -> Codes:
    """Return one code for each row, the same where all columns are.

    Parameters
    ----------
    columns
        The codes of each column, missing being -1, and its number of distinct cells.
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
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)  # the last one written stays
    return first
