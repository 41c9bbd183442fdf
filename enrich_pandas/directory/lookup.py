"""Look up identities in a directory: by exact keys first, then by similar names."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.directory.fuzzy import FuzzyIndex, NearRow
from enrich_pandas.directory.reading import FieldTarget, RowReader
from enrich_pandas.directory.roles import Roles
from enrich_pandas.directory.table import TEXT, Table
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.frame.internet import FREE_MAIL
from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Kind, Match, Status

# -- Keys of a column ----------------------------------------------------------------------------
# Arrow converts cells with a plain spelling to keys; all other cells are converted one by one.
# `canonical` then confirms each row that is found. So an error in a pattern can lose a row, but
# cannot return a wrong one.

_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_ATOM = r"[A-Za-z0-9_%+-]+"
_PATH = r"(?:[/?#][^,;\s]*)?"


class PlainPattern(NamedTuple):
    """A pattern of plain spellings, and the function that converts them to keys."""

    spelling: str
    key: Callable[[Any], Any]


def _after(pattern: str, prefix: str = "") -> Callable[[Any], Any]:
    """Return a function that extracts the group of a pattern in lower case."""
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

PLAIN: Mapping[str, PlainPattern] = {
    "email": PlainPattern(_MAIL, pc.ascii_lower),
    "linkedin_url": PlainPattern(_PERSON, _after(_PERSON, "https://www.linkedin.com/in/")),
    "company_linkedin_url": PlainPattern(_PAGE, _after(_PAGE, "https://www.linkedin.com/")),
    "domain": PlainPattern(_HOST, _after(_HOST)),
    "email_domain": PlainPattern(_MAIL_HOST, _after(_MAIL_HOST)),
    "company": PlainPattern(_WORDS, pc.ascii_lower),
}
FOLDED = frozenset({"email", "company"})


def key_of(identifier: str, cell: object) -> str | None:
    """Return the key of a cell: its canonical form, case-folded if case has no meaning."""
    found = canonical(identifier, cell)[0]
    return found if found is None else folded(identifier, found)


def folded(identifier: str, value: str) -> str:
    """Fold the case of an identifier's value if case has no meaning."""
    return value.casefold() if identifier in FOLDED else value


class KeyColumn:
    """The keys of one column.

    Parameters
    ----------
    identifier : str
        The identifier that the column holds.
    cells : Arrow array of text
        The column.
    entries : Arrow array of bool, optional
        Whether each row is an entry. Rows that are not have no key. None for all rows.
    """

    def __init__(self, identifier: str, cells: Any, entries: Any = None) -> None:
        self._identifier = identifier
        trimmed = pc.utf8_trim_whitespace(cells)
        if entries is not None:
            trimmed = pc.if_else(entries, trimmed, pa.scalar(None, TEXT))
        plain = PLAIN[identifier]
        fits = pc.match_substring_regex(trimmed, f"^(?i:{plain.spelling})$")
        if identifier.endswith("linkedin_url"):  # a URN is case-sensitive
            fits = pc.and_(fits, pc.invert(pc.match_substring_regex(trimmed, "/AC[ow]AA")))
        self._cells = cells
        self._plain = plain.key(pc.if_else(fits, trimmed, pa.scalar(None, TEXT)))
        if identifier == "email_domain":  # domains of free mail are not of a company
            free = pc.is_in(self._plain, value_set=pa.array(sorted(FREE_MAIL), TEXT))
            self._plain = pc.if_else(free, pa.scalar(None, TEXT), self._plain)
        odd = pc.if_else(pc.fill_null(fits, True), pa.scalar(None, TEXT), trimmed)
        self._odd = self._one_by_one(odd)

    def find(self, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
        """Yield the position of each wanted key with each row that has it."""
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
        """Return the unconfirmed key of each row, null if it has none."""
        keys: list[str | None] = self._plain.to_pylist()
        for value, rows in self._odd.items():
            for row in rows:
                keys[row] = value
        return pa.array(keys, TEXT)

    def has_key(self, row: int) -> bool:
        """Return whether a row has a valid value in this column."""
        return key_of(self._identifier, self._cells[row].as_py()) is not None

    def _one_by_one(self, cells: Any) -> dict[str, list[int]]:
        rows = np.flatnonzero(np.asarray(cells.is_valid()))
        found: dict[str, list[int]] = {}
        key = lru_cache(maxsize=1 << 16)(lambda cell: key_of(self._identifier, cell))
        for row, cell in zip(rows.tolist(), cells.take(pa.array(rows)).to_pylist(), strict=True):
            if (value := key(cell)) is not None:
                found.setdefault(value, []).append(row)
        return found


# -- The lookup ----------------------------------------------------------------------------------

TIE = 1.0  # rows with scores this close are equally similar
# A row with another value of one of these keys never matches by name.
BINDING: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url",),
    "companies": ("domain", "company_linkedin_url"),
}
EXACT: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url"),
}


class Lookup:
    """A directory with the keys of one kind.

    Parameters
    ----------
    table : Table
        The directory.
    kind : {"people", "companies"}
        Kind of the identities.
    roles : Roles
        Roles of the columns.
    fuzzy : bool
        Whether to compare similar names.
    threshold : float
        Lowest score of a similar name, 0 to 100.
    """

    def __init__(
        self, table: Table, kind: Kind, roles: Roles, *, fuzzy: bool, threshold: float
    ) -> None:
        self._table, self._kind = table, kind
        self._threshold = threshold
        self._reader = RowReader(
            kind, roles.targets, roles.types, is_export=roles.status is not None
        )
        self._entries = (
            None if roles.status is None else pc.equal(table.columns[roles.status], "matched")
        )
        self._keys = {
            name: [self._keys_of(held, place) for held, place in _sources(name, roles.keys)]
            for name in EXACT[kind]
        }
        self._names = self._company_names(roles)
        self._fuzzy = self._make_fuzzy(roles) if fuzzy else None

    def matches(self, batch: Sequence[Identity]) -> list[Match]:
        """Return one match per identity, in their order."""
        found: list[dict[str, set[int]]] = [{} for _ in batch]
        for name, columns in self._keys.items():
            self._find(name, columns, batch, found)
        if self._names is not None:
            missed = [n for n, rows in enumerate(found) if not rows]
            some: list[dict[str, set[int]]] = [{} for _ in missed]
            self._find("company", [self._names], [batch[n] for n in missed], some)
            for n, rows in zip(missed, some, strict=True):
                found[n] = self._compatible(batch[n], rows)
        matches = [
            self._exact_match(identity, rows) for identity, rows in zip(batch, found, strict=True)
        ]
        return self._with_fuzzy_matches(self._fuzzy, batch, matches) if self._fuzzy else matches

    def _find(
        self,
        name: str,
        columns: Iterable[KeyColumn],
        batch: Sequence[Identity],
        found: Sequence[dict[str, set[int]]],
    ) -> None:
        """Add to ``found`` the rows that have an identity's key in one of the columns."""
        places: dict[str, list[int]] = {}
        for place, identity in enumerate(batch):
            if value := identity.get(name):
                places.setdefault(folded(name, value), []).append(place)
        wanted = list(places)
        for keys in columns if wanted else ():
            for at, row in keys.find(wanted):
                for place in places[wanted[at]]:
                    found[place].setdefault(name, set()).add(row)

    def _exact_match(self, identity: Identity, rows: Mapping[str, set[int]]) -> Match:
        """Return the match of the rows with an identity's keys. Different rows are ambiguous."""
        if not rows:
            return Match(identity=identity, status=Status.NOT_FOUND)
        common = set.intersection(*rows.values()) or set.union(*rows.values())
        models = self._models(common)
        if len(models) > 1:
            return _ambiguous(identity, len(common))
        differing = [
            name
            for name in BINDING[self._kind]
            if name not in rows and identity.get(name) and self._has(name, min(common))
        ]
        note = f"{differing[0]} differs" if differing else ""
        return Match(identity=identity, status=Status.MATCHED, model=models[0], note=note)

    def _with_fuzzy_matches(
        self, fuzzy: FuzzyIndex, batch: Sequence[Identity], matches: list[Match]
    ) -> list[Match]:
        """Compare the names of the identities that no key has found."""
        missed = [n for n, match in enumerate(matches) if match.status is Status.NOT_FOUND]
        wanted = [dict(batch[n].keys) for n in missed]
        near = fuzzy.near(wanted, self._threshold)
        for n, rows in zip(missed, near, strict=True):
            kept = [one for one in rows if not self._has_other_key(batch[n], one.row)]
            if kept:
                matches[n] = self._fuzzy_match(batch[n], kept)
        return matches

    def _fuzzy_match(self, identity: Identity, near: Sequence[NearRow]) -> Match:
        """Return the match of the most similar row. Several are ambiguous."""
        best = max(one.score for one in near)
        rows = {one.row for one in near if one.score >= best - TIE}
        models = self._models(rows)
        if len(models) > 1:
            return _ambiguous(identity, len(rows))
        model = msgspec.structs.replace(models[0], score=round(best / 100, 4))
        note = f"fuzzy match, {best:.0f} of 100"
        return Match(identity=identity, status=Status.MATCHED, model=model, note=note)

    def _compatible(self, identity: Identity, rows: Mapping[str, set[int]]) -> dict[str, set[int]]:
        kept = {
            name: {row for row in some if not self._has_other_key(identity, row)}
            for name, some in rows.items()
        }
        return {name: some for name, some in kept.items() if some}

    def _has_other_key(self, identity: Identity, row: int) -> bool:
        """Return whether a row that was found by name has another key than the identity."""
        return any(identity.get(name) and self._has(name, row) for name in BINDING[self._kind])

    def _has(self, name: str, row: int) -> bool:
        return any(keys.has_key(row) for keys in self._keys[name])

    def _models(self, rows: Iterable[int]) -> list[Model]:
        return self._reader.models(self._table.take(self._reader.places, sorted(rows)))

    def _keys_of(self, identifier: str, place: int) -> KeyColumn:
        return KeyColumn(identifier, self._table.columns[place], self._entries)

    def _company_names(self, roles: Roles) -> KeyColumn | None:
        place = roles.targets.get(FieldTarget("name"))
        if self._kind != "companies" or place is None:
            return None
        return self._keys_of("company", place)

    def _make_fuzzy(self, roles: Roles) -> FuzzyIndex:
        if self._kind == "companies":
            return FuzzyIndex(self._column(roles, "name"), None, None, self._entries)
        names = self._column(roles, "name")
        parts = [self._column(roles, name) for name in ("first_name", "last_name")]
        if all(part is not None for part in parts):
            joined = pc.binary_join_element_wise(*parts, pa.scalar(" ", TEXT))
            names = joined if names is None else pc.coalesce(names, joined)
        domains = None
        if (place := roles.targets.get(FieldTarget("company_domain"))) is not None:
            domains = self._keys_of("domain", place).values()
        none = pa.nulls(self._table.rows, TEXT)
        return FuzzyIndex(
            self._column(roles, "company"), none if names is None else names, domains, self._entries
        )

    def _column(self, roles: Roles, name: str) -> Any:
        place = roles.targets.get(FieldTarget(name))
        return None if place is None else self._table.columns[place]


def _sources(name: str, keys: Mapping[str, Sequence[int]]) -> list[tuple[str, int]]:
    """Return the columns of an identifier, each with the identifier that it holds.

    If no column holds the domain of the company, the domains of e-mail addresses serve.
    """
    found = [(name, place) for place in keys.get(name, ())]
    if name == "domain" and not found:
        found = [("email_domain", place) for place in keys.get("email_domain", ())]
    return found


def _ambiguous(identity: Identity, rows: int) -> Match:
    return Match(
        identity=identity,
        status=Status.FAILED,
        reason="ambiguous",
        note=f"{rows} rows of the directory match, with different values",
    )
