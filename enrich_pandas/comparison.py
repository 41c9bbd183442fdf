"""Comparing two results, person by person: matched by identity, never by position."""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from enrich_pandas.errors import InputError
from enrich_pandas.frame.columns import find_columns, position
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.history import run as past
from enrich_pandas.pipeline import PREFIXES
from enrich_pandas.providers.base import KEYS, Kind
from enrich_pandas.report.comparison import Comparison
from enrich_pandas.report.matching import Key, Person, everybody, matched, pair
from enrich_pandas.report.summary import kind_of, prefixes
from enrich_pandas.resume import Run

On = Mapping[str, Hashable] | Hashable | None
# By which identifiers somebody is the same, the surest first.
SURE: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email", "facebook_url", "twitter_url"),
    "companies": ("domain", "company_linkedin_url"),
}
LOOKED_FOR: Mapping[Kind, tuple[str, ...]] = {
    "people": ("linkedin_url", "email"),
    "companies": ("domain", "company_linkedin_url", "email_domain"),
}


class Side(NamedTuple):
    """One of the two results."""

    name: str
    kind: Kind
    people: Sequence[Person]
    skipped: int


def compare(
    before: "str | Run | pd.DataFrame",
    after: "str | Run | pd.DataFrame",
    *,
    on: On = None,
    prefix: str | None = None,
) -> Comparison:
    """Tell what changed between two results: who is new, gone, or has another job or address.

    Parameters
    ----------
    before, after : str, Run or pandas.DataFrame
        Ids of past runs, the runs, or frames that a call has returned, be they filtered, merged or
        read from a file. A run is compared as it ended: what a later one has found since, in place
        of an answer, does not count.
    on : mapping of str to column label, optional
        Of frames: which column holds which identifier, as in `people`. Otherwise columns of
        LinkedIn URLs, e-mail addresses or domains are found.
    prefix : str, optional
        Of frames with several results, which is meant, such as ``"company_"``.

    Returns
    -------
    Comparison
        Everybody by identity, however often and wherever he stands in the two.

    Raises
    ------
    InputError
        One is no result or unknown run, no identifier is found, or one is of people and the other
        of companies.
    JournalError
        The journal cannot be read.

    Notes
    -----
    It costs nothing and asks no network; of a run whose answers were replaced, its raw answers are
    read again. Two rows are the same person if they were asked about by the same identifier; else
    if they share another one, or the LinkedIn URL that the vendor answered with, and nobody else
    does. A company is the same whose domain is, whatever its name. Somebody who was not matched
    both times is ``unknown``, and neither gone nor changed.

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
    sides = [_side(one, place, on, prefix) for one, place in ((before, "before"), (after, "after"))]
    old, new = sides
    if old.kind != new.kind:
        raise InputError(
            f"The one is of {old.kind}, the other of {new.kind}.",
            todo='Name the result that is meant, such as prefix="company_".',
        )
    pairs = tuple(pair(one, other, old.kind) for one, other in matched(old.people, new.people))
    return Comparison(old.kind, old.name, new.name, pairs, old.skipped + new.skipped)


# -- a side ------------------------------------------------------------------------------------


def _side(given: object, place: str, on: On, prefix: str | None) -> Side:
    if isinstance(given, str):
        given = past(given)
    if isinstance(given, Run):
        frame, asked = given.at_its_end()
        keys = [_of_identity(one, given.kind) for one in asked]
        return _read(given.id, given.kind, frame, keys, PREFIXES[given.kind])
    if not isinstance(given, pd.DataFrame):
        raise InputError(
            f"A run or a result is needed, not {type(given).__name__}.",
            todo="See ep.runs() for the ids of runs.",
        )
    found = prefixes(given)
    chosen = prefix if prefix is not None else found[0] if len(found) == 1 else None
    if chosen not in found or chosen is None:
        raise InputError(
            f"The frame {place} holds results under {', '.join(map(repr, found)) or 'no prefix'}.",
            todo='Name the one that is meant, such as prefix="person_", or enrich it first.',
        )
    kind = kind_of(given, chosen)
    return _read(f"the frame {place}", kind, given, _keys(given, chosen, kind, on), chosen)


def _of_identity(keys: Sequence[Key], kind: Kind) -> list[Key]:
    """Return what names somebody surely; else all of it, for a name alone is of many."""
    sure = [key for name in SURE[kind] for key in keys if key[0] == name]
    return sure or [("all", ", ".join(value for _, value in sorted(keys)).casefold())]


def _keys(frame: pd.DataFrame, prefix: str, kind: Kind, on: On) -> list[list[Key]]:
    """Return the identifiers of each row in canonical form, the surest first."""
    own = [label for label in frame.columns if str(label).startswith(prefix)]
    columns = find_columns(frame, LOOKED_FOR[kind], on, ignore=own)
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


def _read(
    name: str, kind: Kind, frame: pd.DataFrame, keys: Sequence[Sequence[Key]], prefix: str
) -> Side:
    return Side(name, kind, everybody(frame, keys, prefix, kind), sum(not own for own in keys))
