"""Identities to matches: exact keys first, then names; never a guess."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.directory.fuzzy import Fuzzy, Near
from enrich_pandas.directory.keys import Keys, folded
from enrich_pandas.directory.reading import Reader
from enrich_pandas.directory.roles import Roles
from enrich_pandas.directory.table import TEXT, Table
from enrich_pandas.directory.targets import Target
from enrich_pandas.models import Model
from enrich_pandas.providers.base import Identity, Kind, Match, Status

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
        self._reader = Reader(kind, roles.targets, roles.types, is_export=roles.status is not None)
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
        columns: Iterable[Keys],
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
        self, fuzzy: Fuzzy, batch: Sequence[Identity], matches: list[Match]
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

    def _nearest(self, identity: Identity, near: Sequence[Near]) -> Match:
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

    def _keys_of(self, identifier: str, place: int) -> Keys:
        return Keys(identifier, self._table.columns[place], self._entries)

    def _company_names(self, roles: Roles) -> Keys | None:
        place = roles.targets.get(Target("name"))
        if self._kind != "companies" or place is None:
            return None
        return self._keys_of("company", place)

    def _make_fuzzy(self, roles: Roles) -> Fuzzy:
        if self._kind == "companies":
            return Fuzzy(self._column(roles, "name"), None, None, self._entries)
        names = self._column(roles, "name")
        parts = [self._column(roles, name) for name in ("first_name", "last_name")]
        if all(part is not None for part in parts):
            joined = pc.binary_join_element_wise(*parts, pa.scalar(" ", TEXT))
            names = joined if names is None else pc.coalesce(names, joined)
        domains = None
        if (place := roles.targets.get(Target("company_domain"))) is not None:
            domains = self._keys_of("domain", place).values()
        none = pa.nulls(self._table.rows, TEXT)
        return Fuzzy(
            self._column(roles, "company"), none if names is None else names, domains, self._entries
        )

    def _column(self, roles: Roles, name: str) -> Any:
        place = roles.targets.get(Target(name))
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
