"""The comparison of two results, as a table and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from enrich_pandas.frame.schema import TEXT
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.page import Block, Grid, Line, Lines, Page, format_value
from enrich_pandas.report.render import Viewable

MAX_LISTED = 50  # identities in a list of the page
# The changes that are reported, and the fields of each.
CHANGES: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    "people": {"job": ("title", "company"), "company": ("company",), "email": ("emails",)},
    "companies": {
        "name": ("name",),
        "domain": ("domain",),
        "status": ("operating_status",),
        "ceo": ("ceo",),
        "headquarters": ("headquarters",),
        "employees": ("employees",),
    },
}
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    kind: tuple(dict.fromkeys(name for names in of.values() for name in names))
    for kind, of in CHANGES.items()
}


@dataclass(frozen=True, slots=True)
class Entry:
    """The values of one identity in one result, as texts."""

    identity: str
    status: Status
    name: str | None
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """An identity in both results; None if a result does not contain it."""

    before: Entry | None
    after: Entry | None
    changed: frozenset[str] = frozenset()

    @property
    def change(self) -> str:
        """``new``, ``gone``, ``changed``, ``same``, or ``unknown``."""
        if self.before is None or self.after is None:
            return "new" if self.before is None else "gone"
        if not self.before.status == self.after.status == Status.MATCHED:
            return "unknown"
        return "changed" if self.changed else "same"

    @property
    def latest(self) -> Entry:
        """The entry of the later result that contains the identity."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - for the type checker: one of them is set
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Viewable):
    """The differences between two results, as returned by ``ep.compare``.

    A notebook shows it as a page. `to_html` writes the page to a file, `to_frame` returns a table.

    Attributes
    ----------
    kind : str
        ``people`` or ``companies``.
    before, after : str
        Names of the compared results.
    counts : pandas.Series
        Number of identities that are ``new``, ``gone``, ``changed``, ``same`` or ``unknown``, and
        the number for each kind of change, such as ``job``. dtype Int64.
    skipped : int
        Number of rows in both results without an identifier, which cannot be compared.

    Notes
    -----
    ``new`` and ``gone`` identities are in one of the results only. ``unknown`` identities were not
    matched in both: no match today does not mean that a person has left. A value that is missing on
    one side is not a change. An additional e-mail address is not a change either; the e-mail
    changed if one address was replaced by another. It contains personal data, as the results do.
    """

    kind: Kind
    before: str
    after: str
    pairs: tuple[Pair, ...]
    skipped: int = 0

    @property
    def counts(self) -> "pd.Series[Any]":
        """Number of new, gone, changed, same and unknown identities, and of each change."""
        names = ("new", "gone", "changed", "same", "unknown")
        counts = {name: sum(pair.change == name for pair in self.pairs) for name in names}
        return pd.Series(counts | self._by_change(), dtype="Int64", name=self.kind)

    def _by_change(self) -> dict[str, int]:
        return {
            name: sum(name in pair.changed for pair in self.pairs) for name in CHANGES[self.kind]
        }

    def __repr__(self) -> str:
        return f"<comparison: {self._summary()}; .to_frame(), .to_html(path)>"

    def _summary(self) -> str:
        counts = self.counts
        changes = ", ".join(f"{n:,} {name}" for name, n in self._by_change().items() if n)
        parts = [
            f"{counts['changed']:,} of {len(self.pairs):,} {self.kind} changed"
            + (f" ({changes})" if changes else ""),
            *(f"{counts[name]:,} {name}" for name in ("new", "gone", "unknown") if counts[name]),
        ]
        return ", ".join(parts)

    def to_frame(self) -> pd.DataFrame:
        """Return the identities that are new, gone, changed or unknown.

        Returns
        -------
        pandas.DataFrame
            One row for each identity, with text columns ``identity``, ``name`` and ``change``
            (``new``, ``gone``, ``changed`` or ``unknown``); a bool column for each kind of change,
            such as ``changed_job``; and text columns ``…_before`` and ``…_after`` for each field
            and the status.
        """
        pairs = [pair for pair in self.pairs if pair.change != "same"]
        texts: dict[str, list[str | None]] = {
            "identity": [pair.latest.identity for pair in pairs],
            "name": [_name(pair) for pair in pairs],
            "change": [pair.change for pair in pairs],
        }
        flags = {
            f"changed_{name}": [name in pair.changed for pair in pairs]
            for name in CHANGES[self.kind]
        }
        values = {
            f"{name}_{side}": [_value(getattr(pair, side), name) for pair in pairs]
            for name in (*FIELDS[self.kind], "status")
            for side in ("before", "after")
        }
        dtypes = dict.fromkeys([*texts, *values], TEXT) | dict.fromkeys(flags, "bool")
        return pd.DataFrame({**texts, **flags, **values}).astype(dtypes)

    def page(self) -> Page:
        """Return the page."""
        by_change = {of: [p for p in self.pairs if p.change == of] for of in ("new", "gone")}
        blocks: list[Block] = [
            Lines(list(self._lines())),
            self._changes(),
            *(_grid(heading, pairs) for heading, pairs in by_change.items()),
            self._unknown(),
        ]
        return Page(self._summary(), blocks, f"from {self.before} to {self.after}")

    def _lines(self) -> Iterator[Line]:
        counts = self.counts
        yield Line("Compared", f"{len(self.pairs):,}", f"{self.kind}, by identity")
        yield Line("Unchanged", f"{counts['same']:,}")
        for name, count in self._by_change().items():
            yield Line(f"Changed {name}", f"{count:,}")
        yield Line("New", f"{counts['new']:,}", f"only in {self.after}")
        yield Line("Gone", f"{counts['gone']:,}", f"only in {self.before}")
        text = "not matched in both results"
        yield Line("Unknown", f"{counts['unknown']:,}", text)
        if self.skipped:
            yield Line("Left out", f"{self.skipped:,}", "rows without an identifier")

    def _changes(self) -> Grid:
        changed = [pair for pair in self.pairs if pair.change == "changed"]
        rows = [
            [
                format_value(_name(pair) or pair.latest.identity),
                ", ".join(name for name in CHANGES[self.kind] if name in pair.changed),
                _describe_fields(self.kind, pair, pair.before),
                _describe_fields(self.kind, pair, pair.after),
            ]
            for pair in changed[:MAX_LISTED]
        ]
        return Grid("Changed", ["Name", "Change", "Before", "After"], rows, rest=_rest(changed))

    def _unknown(self) -> Grid:
        unknown = [pair for pair in self.pairs if pair.change == "unknown"]
        counts: dict[tuple[str, str], int] = {}
        for pair in unknown:
            key = (_value(pair.before, "status") or "", _value(pair.after, "status") or "")
            counts[key] = counts.get(key, 0) + 1
        rows = [[Status(a).label, Status(b).label, f"{n:,}"] for (a, b), n in counts.items()]
        heading = self.kind.capitalize()
        return Grid("Unknown", ["Before", "After", heading], rows, [heading])


def _name(pair: Pair) -> str | None:
    return next((one.name for one in (pair.after, pair.before) if one and one.name), None)


def _value(known: Entry | None, name: str) -> str | None:
    if known is None:
        return None
    return str(known.status) if name == "status" else known.texts.get(name)


def _describe_fields(kind: Kind, pair: Pair, known: Entry | None) -> str:
    """Return the values of the fields that changed."""
    fields = dict.fromkeys(f for name in pair.changed for f in CHANGES[kind][name])
    ordered = (name for name in FIELDS[kind] if name in fields)
    return ", ".join(format_value(value) for name in ordered if (value := _value(known, name)))


def _grid(heading: str, pairs: Sequence[Pair]) -> Grid:
    rows = [
        [
            format_value(_name(pair) or ""),
            format_value(pair.latest.identity),
            pair.latest.status.label,
        ]
        for pair in pairs[:MAX_LISTED]
    ]
    return Grid(heading.capitalize(), ["Name", "Identity", "Status"], rows, rest=_rest(pairs))


def _rest(pairs: Sequence[Pair]) -> str:
    return f"{len(pairs) - MAX_LISTED:,} more: .to_frame()" if len(pairs) > MAX_LISTED else ""
