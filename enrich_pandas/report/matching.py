"""Who of two results is the same person, and what changed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.comparison import FIELDS, WATCHED, Known, Pair
from enrich_pandas.report.summary import Columns, columns_of

Key = tuple[str, str]

# The identifier that an answer gives, and the column that holds it.
ANSWERED: Mapping[Kind, tuple[str, str]] = {
    "people": ("linkedin_url", "linkedin_url"),
    "companies": ("company_linkedin_url", "linkedin_url"),
}
BEST = (Status.MATCHED, Status.PENDING, Status.HELD)  # of several rows of one person


class Person(NamedTuple):
    """A person or company of a result: by which keys it is the same, and what is known."""

    keys: Sequence[Key]
    known: Known
    domain: str | None


def everybody(
    frame: pd.DataFrame, keys: Sequence[Sequence[Key]], prefix: str, kind: Kind
) -> list[Person]:
    """Read everybody once: of several rows of one, the one of which most is known."""
    people: dict[Key, Person] = {}
    for own, row in zip(keys, _rows(frame, prefix, kind), strict=True):
        if not own:
            continue
        answered = row["answered"]
        every = dict.fromkeys([*own, *([(ANSWERED[kind][0], answered)] if answered else [])])
        known = Known(own[0][1], row["status"], row["name"], row["texts"])
        person = Person(list(every), known, row["domain"])
        other = people.get(own[0])
        if other is None or _rank(person) < _rank(other):
            people[own[0]] = person
    return list(people.values())


def _rank(person: Person) -> int:
    status = person.known.status
    return BEST.index(status) if status in BEST else len(BEST)


def _rows(frame: pd.DataFrame, prefix: str, kind: Kind) -> Iterator[dict[str, Any]]:
    """Yield what is compared of each row, as text."""
    columns = columns_of(frame, prefix)
    identifier, profile = ANSWERED[kind]
    domain = "company_domain" if kind == "people" else "domain"
    known = {
        "status": columns["status"].tolist(),
        "name": map(_text, _cells(columns, "name", frame)),
        "domain": _canonical("domain", _cells(columns, domain, frame)),
        "answered": _canonical(identifier, _cells(columns, profile, frame)),
        "texts": _texts(columns, kind, frame),
    }
    for values in zip(*known.values(), strict=True):
        row = dict(zip(known, values, strict=True))
        yield row | {"status": Status(row["status"])}


def _texts(columns: Columns, kind: Kind, frame: pd.DataFrame) -> Iterator[dict[str, str]]:
    names = FIELDS[kind]
    read = [
        _addresses(columns, frame) if name == "emails" else map(_text, _cells(columns, name, frame))
        for name in names
    ]
    for texts in zip(*read, strict=True):
        yield {name: text for name, text in zip(names, texts, strict=True) if text}


def _cells(columns: Columns, name: str, frame: pd.DataFrame) -> list[Any]:
    return columns[name].tolist() if name in columns else [None] * len(frame)


def _canonical(identifier: str, cells: Sequence[Any]) -> Iterator[str | None]:
    """Yield the canonical form of each cell; each spelling is read once."""
    known: dict[str, str | None] = {}
    for cell in cells:
        if not isinstance(cell, str):
            yield None
            continue
        if cell not in known:
            known[cell] = canonical(identifier, cell)[0]
        yield known[cell]


def _addresses(columns: Columns, frame: pd.DataFrame) -> Iterator[str | None]:
    """Yield the addresses of each row, joined, in an order of their own."""
    names = (f"email_{n}" for n in range(1, len(columns) + 1))
    numbered = [_cells(columns, name, frame) for name in names if name in columns]
    lists = _cells(columns, "emails", frame)
    for row, items in enumerate(lists):
        cells = [column[row] for column in numbered]
        if isinstance(items, list | np.ndarray):
            cells = [item["address"] for item in items]
        yield "; ".join(sorted({text for cell in cells if (text := _text(cell))})) or None


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - that is how NaN is told
        return None
    if isinstance(value, float) and value.is_integer():  # a file has made numbers of integers
        value = int(value)
    return " ".join(str(value).split()) or None


def matched(
    old: Sequence[Person], new: Sequence[Person]
) -> Iterator[tuple[Person | None, Person | None]]:
    """Pair the people of both: by what they were asked about by, then by what else names one."""
    partner: dict[int, int] = {}
    first = {person.keys[0]: place for place, person in enumerate(new)}
    for place, person in enumerate(old):
        if (found := first.get(person.keys[0])) is not None:
            partner[place] = found
    left = [place for place in range(len(old)) if place not in partner]
    free = set(range(len(new))) - set(partner.values())
    mine, theirs = _by_key(old, left), _by_key(new, free)
    for key in mine:
        one, other = mine[key], theirs.get(key, [])
        if len(one) == len(other) == 1 and one[0] not in partner and other[0] in free:
            partner[one[0]] = other[0]
            free.discard(other[0])
    for place, person in enumerate(old):
        yield person, new[partner[place]] if place in partner else None
    yield from ((None, new[place]) for place in sorted(free))


def _by_key(people: Sequence[Person], places: Any) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for place in places:
        for key in people[place].keys:
            found.setdefault(key, []).append(place)
    return found


def pair(old: Person | None, new: Person | None, kind: Kind) -> Pair:
    """Lay both beside each other; what only one of them knows is no change."""
    if old is None or new is None:
        return Pair(old and old.known, new and new.known)
    moved = {name for name in FIELDS[kind] if _differs(name, old, new)}
    is_comparable = old.known.status == new.known.status == Status.MATCHED
    changed = [what for what, of in WATCHED[kind].items() if is_comparable and moved & set(of)]
    return Pair(old.known, new.known, frozenset(changed))


def _differs(name: str, old: Person, new: Person) -> bool:
    """Tell whether both know a field, and know it otherwise."""
    one, other = old.known.texts.get(name), new.known.texts.get(name)
    if one is None or other is None or one.casefold() == other.casefold():
        return False
    if name == "emails":
        mine, theirs = set(one.casefold().split("; ")), set(other.casefold().split("; "))
        return not (mine <= theirs or theirs <= mine)
    is_one_company = old.domain is not None and old.domain == new.domain
    return not (name == "company" and is_one_company)
