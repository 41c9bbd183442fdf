"""Keys of a column, found at the speed of arrays.

Plain cells are brought to a key by Arrow, odd ones one by one; what is found is then confirmed by
`canonical`, so that a slip here can lose a row but never take another's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.directory.table import TEXT
from enrich_pandas.frame.hosts import FREE_MAIL
from enrich_pandas.frame.identifiers import canonical

_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_ATOM = r"[A-Za-z0-9_%+-]+"
_PATH = r"(?:[/?#][^,;\s]*)?"


class Plain(NamedTuple):
    """The spelling that needs no second look, and what makes a key of it."""

    spelling: str
    key: Callable[[Any], Any]


def _after(pattern: str, prefix: str = "") -> Callable[[Any], Any]:
    """Keep the group of a pattern, in lower case."""
    return lambda cells: pc.ascii_lower(
        pc.replace_substring_regex(cells, f"^(?i:{pattern})$", f"{prefix}\\1")
    )


_PERSON = r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/in/([A-Za-z0-9-]{3,})/?(?:\?[^,;\s]*)?"
_PAGE = (
    r"(?:https?://)?(?:[a-z]{2,3}\.)?linkedin\.com/((?:company|school|showcase)/[A-Za-z0-9-]{3,})"
    r"/?(?:\?[^,;\s]*)?"
)
_HOST = rf"(?:https?://)?(?:www\.)?({_LABEL}\.[A-Za-z]{{2,24}}){_PATH}"
_MAIL = rf"{_ATOM}(?:\.{_ATOM})*@((?:{_LABEL}\.)+[A-Za-z]{{2,24}})"
_MAIL_HOST = rf"{_ATOM}(?:\.{_ATOM})*@({_LABEL}\.[A-Za-z]{{2,24}})"
_WORDS = r"[!-~]+(?: [!-~]+)*"

PLAIN: Mapping[str, Plain] = {
    "email": Plain(_MAIL, pc.ascii_lower),
    "linkedin_url": Plain(_PERSON, _after(_PERSON, "https://www.linkedin.com/in/")),
    "company_linkedin_url": Plain(_PAGE, _after(_PAGE, "https://www.linkedin.com/")),
    "domain": Plain(_HOST, _after(_HOST)),
    "email_domain": Plain(_MAIL_HOST, _after(_MAIL_HOST)),
    "company": Plain(_WORDS, pc.ascii_lower),
}
FOLDED = frozenset({"email", "company"})


def key_of(identifier: str, cell: object) -> str | None:
    """Return the key of a cell: its canonical form, of which case is dropped where none tells."""
    found = canonical(identifier, cell)[0]
    return found if found is None else folded(identifier, found)


def folded(identifier: str, value: str) -> str:
    """Fold the case of an identifier that is read alike in any."""
    return value.casefold() if identifier in FOLDED else value


class Keys:
    """The keys of one column.

    Parameters
    ----------
    identifier
        What the column holds.
    cells
        The column.
    entries
        One flag a row; rows that are no entries have no key. None for all.
    """

    def __init__(self, identifier: str, cells: Any, entries: Any = None) -> None:
        self._identifier = identifier
        trimmed = pc.utf8_trim_whitespace(cells)
        if entries is not None:
            trimmed = pc.if_else(entries, trimmed, pa.scalar(None, TEXT))
        plain = PLAIN[identifier]
        fits = pc.match_substring_regex(trimmed, f"^(?i:{plain.spelling})$")
        if identifier.endswith("linkedin_url"):  # a URN tells upper from lower case
            fits = pc.and_(fits, pc.invert(pc.match_substring_regex(trimmed, "/AC[ow]AA")))
        self._cells = cells
        self._plain = plain.key(pc.if_else(fits, trimmed, pa.scalar(None, TEXT)))
        if identifier == "email_domain":  # many rows, and nobody's company
            free = pc.is_in(self._plain, value_set=pa.array(sorted(FREE_MAIL), TEXT))
            self._plain = pc.if_else(free, pa.scalar(None, TEXT), self._plain)
        odd = pc.if_else(pc.fill_null(fits, True), pa.scalar(None, TEXT), trimmed)
        self._odd = self._one_by_one(odd)

    def find(self, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the place of each key that is wanted with each row that has it."""
        at = pc.index_in(self._plain, value_set=pa.array(wanted, TEXT), skip_nulls=True)
        rows = np.flatnonzero(np.asarray(at.is_valid()))
        places = at.take(pa.array(rows)).to_pylist()
        cells = self._cells.take(pa.array(rows)).to_pylist()
        key = lru_cache(maxsize=1 << 16)(lambda cell: key_of(self._identifier, cell))
        for row, place, cell in zip(rows.tolist(), places, cells, strict=True):
            if key(cell) == wanted[place]:
                yield place, row
        for place, value in enumerate(wanted):
            for row in self._odd.get(value, ()):
                yield place, row

    def values(self) -> Any:
        """Return the key of every row, unconfirmed: null where there can be none."""
        keys: list[str | None] = self._plain.to_pylist()
        for value, rows in self._odd.items():
            for row in rows:
                keys[row] = value
        return pa.array(keys, TEXT)

    def has_key(self, row: int) -> bool:
        """Tell whether a row has a usable value here."""
        return key_of(self._identifier, self._cells[row].as_py()) is not None

    def _one_by_one(self, cells: Any) -> dict[str, list[int]]:
        rows = np.flatnonzero(np.asarray(cells.is_valid()))
        found: dict[str, list[int]] = {}
        key = lru_cache(maxsize=1 << 16)(lambda cell: key_of(self._identifier, cell))
        for row, cell in zip(rows.tolist(), cells.take(pa.array(rows)).to_pylist(), strict=True):
            if (value := key(cell)) is not None:
                found.setdefault(value, []).append(row)
        return found
