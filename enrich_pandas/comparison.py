"""Compare two results: find new, gone and changed people or companies, by identity."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns, position
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.history import Run, run as past
from enrich_pandas.pipeline import PREFIXES
from enrich_pandas.providers.base import KEYS, Kind, Status
from enrich_pandas.report.comparison import CHANGES, FIELDS, Comparison, Entry, Pair
from enrich_pandas.report.summary import Columns, find_prefixes, infer_kind, result_columns

Key = tuple[str, str]

# The identifier that an answer contains, and its column.
ANSWERED_PROFILE: Mapping[Kind, tuple[str, str]] = {
    "people": ("linkedin_url", "linkedin_url"),
    "companies": ("company_linkedin_url", "linkedin_url"),
}
STATUS_PREFERENCE = (
    Status.MATCHED,
    Status.PENDING,
    Status.HELD,
)  # which of several rows of one identity is compared


class KeyedEntry(NamedTuple):
    """A person or company of a result, with the keys by which it is paired."""

    keys: Sequence[Key]
    known: Entry
    domain: str | None


def read_entries(
    frame: pd.DataFrame, keys: Sequence[Sequence[Key]], prefix: str, kind: Kind
) -> list[KeyedEntry]:
    """Return each identity once; of several rows of one identity, the one with the best status."""
    people: dict[Key, KeyedEntry] = {}
    for own, row in zip(keys, _rows(frame, prefix, kind), strict=True):
        if not own:
            continue
        answered = row["answered"]
        every = dict.fromkeys(
            [*own, *([(ANSWERED_PROFILE[kind][0], answered)] if answered else [])]
        )
        known = Entry(own[0][1], row["status"], row["name"], row["texts"])
        person = KeyedEntry(list(every), known, row["domain"])
        other = people.get(own[0])
        if other is None or _rank(person) < _rank(other):
            people[own[0]] = person
    return list(people.values())


def _rank(person: KeyedEntry) -> int:
    status = person.known.status
    return (
        STATUS_PREFERENCE.index(status) if status in STATUS_PREFERENCE else len(STATUS_PREFERENCE)
    )


def _rows(frame: pd.DataFrame, prefix: str, kind: Kind) -> Iterator[dict[str, Any]]:
    """Yield the compared values of each row, as text."""
    columns = result_columns(frame, prefix)
    identifier, profile = ANSWERED_PROFILE[kind]
    domain = "company_domain" if kind == "people" else "domain"
    known = {
        "status": columns["status"].tolist(),
        "name": map(_text, _cells(columns, "name", frame)),
        "domain": _canonical("domain", _cells(columns, domain, frame)),
        "answered": _canonical(identifier, _cells(columns, profile, frame)),
        "texts": _field_texts(columns, kind, frame),
    }
    for values in zip(*known.values(), strict=True):
        row = dict(zip(known, values, strict=True))
        yield row | {"status": Status(row["status"])}


def _field_texts(columns: Columns, kind: Kind, frame: pd.DataFrame) -> Iterator[dict[str, str]]:
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
    """Yield the canonical form of each cell; each spelling is parsed once."""
    known: dict[str, str | None] = {}
    for cell in cells:
        if not isinstance(cell, str):
            yield None
            continue
        if cell not in known:
            known[cell] = canonical(identifier, cell)[0]
        yield known[cell]


def _addresses(columns: Columns, frame: pd.DataFrame) -> Iterator[str | None]:
    """Yield the addresses of each row as one sorted text."""
    names = (f"email_{n}" for n in range(1, len(columns) + 1))
    numbered = [_cells(columns, name, frame) for name in names if name in columns]
    lists = _cells(columns, "emails", frame)
    for row, items in enumerate(lists):
        cells = [column[row] for column in numbered]
        if isinstance(items, list | np.ndarray):
            cells = [item["address"] for item in items]
        yield "; ".join(sorted({text for cell in cells if (text := _text(cell))})) or None


def _text(value: Any) -> str | None:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - true of NaN only
        return None
    if (
        isinstance(value, float) and value.is_integer()
    ):  # integers that a file has turned into floats
        value = int(value)
    return " ".join(str(value).split()) or None


def match_entries(
    old: Sequence[KeyedEntry], new: Sequence[KeyedEntry]
) -> Iterator[tuple[KeyedEntry | None, KeyedEntry | None]]:
    """Pair the entries of both results: by the requested identifier, then by any other key."""
    partner: dict[int, int] = {}
    first = {person.keys[0]: place for place, person in enumerate(new)}
    for place, person in enumerate(old):
        if (found := first.get(person.keys[0])) is not None:
            partner[place] = found
    left = [place for place in range(len(old)) if place not in partner]
    free = set(range(len(new))) - set(partner.values())
    old_places, new_places = _by_key(old, left), _by_key(new, free)
    for key in old_places:
        one, other = old_places[key], new_places.get(key, [])
        if len(one) == len(other) == 1 and one[0] not in partner and other[0] in free:
            partner[one[0]] = other[0]
            free.discard(other[0])
    for place, person in enumerate(old):
        yield person, new[partner[place]] if place in partner else None
    yield from ((None, new[place]) for place in sorted(free))


def _by_key(people: Sequence[KeyedEntry], places: Any) -> dict[Key, list[int]]:
    found: dict[Key, list[int]] = {}
    for place in places:
        for key in people[place].keys:
            found.setdefault(key, []).append(place)
    return found


def compare_entries(old: KeyedEntry | None, new: KeyedEntry | None, kind: Kind) -> Pair:
    """Return what changed; a value that is missing on one side is not a change."""
    if old is None or new is None:
        return Pair(old and old.known, new and new.known)
    moved = {name for name in FIELDS[kind] if _differs(name, old, new)}
    is_comparable = old.known.status == new.known.status == Status.MATCHED
    changed = [what for what, of in CHANGES[kind].items() if is_comparable and moved & set(of)]
    return Pair(old.known, new.known, frozenset(changed))


def _differs(name: str, old: KeyedEntry, new: KeyedEntry) -> bool:
    """Return whether both entries have a field, with different values."""
    one, other = old.known.texts.get(name), new.known.texts.get(name)
    if one is None or other is None or one.casefold() == other.casefold():
        return False
    if name == "emails":
        before, after = set(one.casefold().split("; ")), set(other.casefold().split("; "))
        return not (before <= after or after <= before)
    is_one_company = old.domain is not None and old.domain == new.domain
    return not (name == "company" and is_one_company)


On = Mapping[str, Hashable] | Hashable | None
# The identifiers that identify one person or company, the most reliable first.
UNIQUE_IDENTIFIERS: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email", "facebook_url", "twitter_url"),
    "companies": ("domain", "company_linkedin_url"),
}
SEARCHED_IDENTIFIERS: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain"),
}


class Result(NamedTuple):
    """One of the two results to compare."""

    name: str
    kind: Kind
    people: Sequence[KeyedEntry]
    skipped: int


def compare(
    before: "str | Run | pd.DataFrame",
    after: "str | Run | pd.DataFrame",
    *,
    on: On = None,
    prefix: str | None = None,
) -> Comparison:
    """Compare two results and find new, gone and changed people or companies.

    Parameters
    ----------
    before, after : str, Run or pandas.DataFrame
        Ids of past runs, runs, or frames that a call has returned, also if they were filtered,
        merged or read from a file. A run is compared in the state in which it ended; later answers
        for the same identities are ignored.
    on : mapping of str to column label, optional
        For frames, the column of each identifier, as in `people`. By default, columns of LinkedIn
        URLs, e-mail addresses or domains are found.
    prefix : str, optional
        For frames with several results, the prefix of the result to compare, such as
        ``"company_"``.

    Returns
    -------
    Comparison
        One entry for each identity, whatever its position and its number of rows.

    Raises
    ------
    InputError
        An argument is not a result or a known run, no identifier is found, or one result is of
        people and the other of companies.
    JournalError
        The journal cannot be read.

    Notes
    -----
    It is free and uses no network. If the answers of a run were replaced since, its raw answers are
    parsed again. Two rows are the same person if they have the same requested identifier. Otherwise
    they are the same if they share another identifier, or the LinkedIn URL in the answer, that no
    third row has. Companies are the same if they have the same domain, whatever their names. An
    identity that was not matched in both results is ``unknown``, neither gone nor changed.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"email": ["ada@example.com", "bo@example.com"]})
    >>> with ep.sandbox(people=leads.assign(title=["CTO", "CFO"]), misses=0):
    ...     before = ep.people(leads.head(1), progress=None)
    >>> with ep.sandbox(people=leads.assign(title=["CEO", "CFO"]), misses=0):
    ...     after = ep.people(leads, progress=None)
    >>> changes = ep.compare(before, after)
    >>> changes
    <comparison: 1 of 2 people changed (1 job), 1 new; .to_frame(), .to_html(path)>
    >>> changes.to_frame()[["identity", "change", "title_after"]]
              identity   change title_after
    0  ada@example.com  changed         CEO
    1   bo@example.com      new         CFO
    """
    sides = [
        _read_side(one, place, on, prefix) for one, place in ((before, "before"), (after, "after"))
    ]
    old, new = sides
    if old.kind != new.kind:
        raise InputError(
            f"before= is a result of {old.kind}, and after= is a result of {new.kind}.",
            todo='Name the result to compare, for example prefix="company_".',
        )
    pairs = tuple(
        compare_entries(one, other, old.kind)
        for one, other in match_entries(old.people, new.people)
    )
    return Comparison(old.kind, old.name, new.name, pairs, old.skipped + new.skipped)


def _read_side(given: object, place: str, on: On, prefix: str | None) -> Result:
    if isinstance(given, str):
        given = past(given)
    if isinstance(given, Run):
        frame, asked = given.rows_at_end()
        keys = [_identity_keys(one, given.kind) for one in asked]
        return _read_result(given.id, given.kind, frame, keys, PREFIXES[given.kind])
    if not isinstance(given, pd.DataFrame):
        raise InputError(
            f"{place}= must be a run, the id of a run or a result, not {type(given).__name__}.",
            todo="ep.runs() lists the ids of runs.",
        )
    found = find_prefixes(given)
    chosen = prefix if prefix is not None else found[0] if len(found) == 1 else None
    if chosen not in found or chosen is None:
        raise InputError(
            f"The frame in {place}= has results with {', '.join(map(repr, found)) or 'no prefix'}.",
            todo='Name one, for example prefix="person_", or enrich the frame first.',
        )
    kind = infer_kind(given, chosen)
    return _read_result(
        f"the frame {place}", kind, given, _row_keys(given, chosen, kind, on), chosen
    )


def _identity_keys(keys: Sequence[Key], kind: Kind) -> list[Key]:
    """Return the unique identifiers; without one, all values together, since names repeat."""
    sure = [key for name in UNIQUE_IDENTIFIERS[kind] for key in keys if key[0] == name]
    return sure or [("all", ", ".join(value for _, value in sorted(keys)).casefold())]


def _row_keys(frame: pd.DataFrame, prefix: str, kind: Kind, on: On) -> list[list[Key]]:
    """Return the identifiers of each row in canonical form, the most reliable first."""
    own = [label for label in frame.columns if str(label).startswith(prefix)]
    columns = find_columns(frame, SEARCHED_IDENTIFIERS[kind], on, ignore=own)
    keys: list[list[Key]] = [[] for _ in range(len(frame))]
    for name, label in columns.chosen.items():
        cells = frame.iloc[:, position(frame, label)].tolist()
        known: dict[str, str | None] = {}
        for row, cell in zip(keys, cells, strict=True):
            if isinstance(cell, str):
                if cell not in known:
                    known[cell] = canonical(name, cell)[0]
                if (value := known[cell]) is not None:
                    row.append((KEYS.get(name, name), value))
    return keys


def _read_result(
    name: str, kind: Kind, frame: pd.DataFrame, keys: Sequence[Sequence[Key]], prefix: str
) -> Result:
    return Result(name, kind, read_entries(frame, keys, prefix, kind), sum(not own for own in keys))
