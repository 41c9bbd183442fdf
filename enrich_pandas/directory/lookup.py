"""Identities to matches: exact keys first, then names; never a guess."""

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

# -- Keys of a column, found at the speed of arrays ----------------------------------------------
# Plain cells are brought to a key by Arrow, odd ones one by one; what is found is then confirmed by
# `canonical`, so that a slip here can lose a row but never take another's.

_LABEL = r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"
_ATOM = r"[A-Za-z0-9_%+-]+"
_PATH = r"(?:[/?#][^,;\s]*)?"


class PlainPattern(NamedTuple):
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
    """Return the key of a cell: its canonical form, of which case is dropped where none tells."""
    found = canonical(identifier, cell)[0]
    return found if found is None else folded(identifier, found)


def folded(identifier: str, value: str) -> str:
    """Fold the case of an identifier that is read alike in any."""
    return value.casefold() if identifier in FOLDED else value


class KeyColumn:
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


# -- Identities to matches: exact keys first, then names; never a guess --------------------------

TIE = 1.0
# What a name may not contradict: a row of another profile or site is of somebody else.
BINDING: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url",),
    "companies": ("domain", "company_linkedin_url"),
}
EXACT: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url"),
}


class Lookup:
    """A directory of one kind, with its keys.

    Parameters
    ----------
    table, kind, roles
        The table, what its rows are, and what its columns are for.
    fuzzy
        Whether names that are nearly the same are compared.
    threshold
        From which score on, 0 to 100.
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
        """Look up each identity; one match an identity, in their order."""
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
            self._judged(identity, rows) for identity, rows in zip(batch, found, strict=True)
        ]
        return self._with_near(self._fuzzy, batch, matches) if self._fuzzy else matches

    def _find(
        self,
        name: str,
        columns: Iterable[KeyColumn],
        batch: Sequence[Identity],
        found: Sequence[dict[str, set[int]]],
    ) -> None:
        """Note the rows that have an identity's key in one of the columns."""
        asking: dict[str, list[int]] = {}
        for place, identity in enumerate(batch):
            if value := identity.get(name):
                asking.setdefault(folded(name, value), []).append(place)
        wanted = list(asking)
        for keys in columns if wanted else ():
            for at, row in keys.find(wanted):
                for place in asking[wanted[at]]:
                    found[place].setdefault(name, set()).add(row)

    def _judged(self, identity: Identity, rows: Mapping[str, set[int]]) -> Match:
        """Match rows that say the same; several that do not are nobody's answer."""
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

    def _with_near(
        self, fuzzy: FuzzyIndex, batch: Sequence[Identity], matches: list[Match]
    ) -> list[Match]:
        """Compare the names of those that no key found."""
        missed = [n for n, match in enumerate(matches) if match.status is Status.NOT_FOUND]
        wanted = [dict(batch[n].keys) for n in missed]
        near = fuzzy.near(wanted, self._threshold)
        for n, rows in zip(missed, near, strict=True):
            kept = [one for one in rows if not self._contradicts(batch[n], one.row)]
            if kept:
                matches[n] = self._nearest(batch[n], kept)
        return matches

    def _nearest(self, identity: Identity, near: Sequence[NearRow]) -> Match:
        """Take the nearest, unless another is as near."""
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
            name: {row for row in some if not self._contradicts(identity, row)}
            for name, some in rows.items()
        }
        return {name: some for name, some in kept.items() if some}

    def _contradicts(self, identity: Identity, row: int) -> bool:
        """Tell whether a row, found by name alone, has another key than the identity's."""
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
    """Return the columns that hold an identifier, by what they hold.

    The domain of an e-mail address stands in where no column has the company's own.
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
        note=f"{rows} rows of the directory fit, and say different things",
    )
