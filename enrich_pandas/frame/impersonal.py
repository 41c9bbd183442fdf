"""E-mail addresses of nobody: shared mailboxes, throw-away mail, tests. They are told, and sent."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from enrich_pandas.errors import InputError
from enrich_pandas.frame.canonical import TEXT, canonicalize
from enrich_pandas.frame.cells import Codes
from enrich_pandas.frame.identities import identifier_values
from enrich_pandas.frame.internet import DISPOSABLE, ROLES
from enrich_pandas.frame.schema import TEXT as COLUMN
from enrich_pandas.providers.base import Identity

Category = Literal["role", "disposable", "test"]
CATEGORIES: tuple[Category, ...] = ("role", "disposable", "test")

# Dots and dashes are a matter of taste, and what stands behind a + is the owner's own note.
_SEPARATOR, _REST = "[._-]*", r"[._-]*(?:\+[^@]*)?@"
_TESTS = "test|tester|testing|testuser|example|sample|demo|dummy|foo|foobar|asdf|qwerty"
_PATTERNS: Mapping[Category, str] = {
    "role": rf"^(?:{'|'.join(_SEPARATOR.join(name) for name in sorted(ROLES))}){_REST}",
    "disposable": rf"@(?:{'|'.join(map(re.escape, sorted(DISPOSABLE)))})$",
    "test": rf"^(?:{_TESTS})[._\d-]*{_REST}",
}


def impersonal(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Tell which e-mail addresses are no person's own, by their look.

    A vendor may know nobody by them, or somebody at random. A plan counts their rows; they are
    asked about unless ``where`` leaves them out.

    Parameters
    ----------
    column : pandas.Series
        E-mail addresses in any spelling.

    Returns
    -------
    pandas.Series
        With the index of the column. ``"role"``: a shared mailbox, such as info@ or sales@.
        ``"disposable"``: of a service for throw-away addresses. ``"test"``: such as test@.
        Nothing for any other cell.

    Raises
    ------
    InputError
        It is no Series.

    Notes
    -----
    It asks no network and costs nothing. The names and domains are those that are common; nobody
    can list them all.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@acme.example", "Sales@acme.example", None]})
    >>> ep.impersonal(leads["Email"]).fillna("").tolist()
    ['', 'role', '']
    >>> with ep.sandbox(misses=0):
    ...     found = leads.enrich.people(where=ep.impersonal(leads["Email"]).isna(), progress=None)
    >>> found["person_status"].tolist()
    ['matched', 'skipped', 'invalid']
    """
    if not isinstance(column, pd.Series):
        raise InputError(
            f"A column is needed, not {type(column).__name__}.",
            todo='Type ep.impersonal(df["your column"]).',
        )
    emails = canonicalize(column, "email", ())
    # Behind the sorts of the addresses: none for a reason, and none for no verdict, which is -1.
    sorts = np.append(_categories(emails.texts), np.full(len(emails.reasons) + 1, -1))[
        emails.verdicts
    ]
    names = pa.array(CATEGORIES, TEXT).take(pa.array(sorts, mask=sorts < 0))
    return pd.Series(names.to_numpy(zero_copy_only=False), column.index, COLUMN, name=column.name)


def count_impersonal_rows(identities: Sequence[Identity], rows: Sequence[int]) -> dict[str, int]:
    """Count the rows that are asked about by such an address, given how many each identity has."""
    addresses, places = identifier_values(identities, "email")
    if not len(addresses):
        return {}
    sorts = _categories(addresses) + 1
    counts = np.bincount(sorts, np.array(rows)[places], minlength=len(CATEGORIES) + 1)[1:]
    return {sort: int(n) for sort, n in zip(CATEGORIES, counts, strict=True) if n}


def _categories(addresses: pa.LargeStringArray) -> Codes:
    """Return for each canonical address the place of its sort, -1 for a person's own."""
    found = np.full(len(addresses), -1, dtype=np.intp)
    for place, sort in enumerate(CATEGORIES):  # the last one that holds stays
        is_one = pc.match_substring_regex(addresses, _PATTERNS[sort], ignore_case=True)
        found[is_one.to_numpy(zero_copy_only=False)] = place
    return found
