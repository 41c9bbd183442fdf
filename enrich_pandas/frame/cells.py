"""Cells to their visible text: what every identifier is trimmed of, before its own rules."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

import pandas as pd

from enrich_pandas.frame.reasons import Refused

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


def cleaned(cell: object) -> str:
    """Return the visible text of a cell in NFC.

    Raises
    ------
    Refused
        With the reason why there is no usable text in it.
    """
    if not isinstance(cell, str):
        raise Refused("missing" if is_missing(cell) else "type")
    text = cell.translate(_DROP_INVISIBLE).strip()
    if not text:
        raise Refused("missing")
    if len(text) > MAX_TEXT:
        raise Refused("too_long")
    if text.casefold() in PLACEHOLDERS:
        raise Refused("placeholder")
    if _BREAKS.search(text):
        raise Refused("separator")
    if _CONTROL.search(text):
        raise Refused("control_character")
    return unicodedata.normalize("NFC", text)
