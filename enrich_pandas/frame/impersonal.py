"""Find e-mail addresses that do not belong to one person, by their form.

Shared mailboxes, disposable addresses and test addresses. A plan counts them; they are sent like
any other unless the user leaves them out.
"""

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

# Dots and dashes are ignored, and so is a tag behind a plus sign.
_SEPARATOR, _REST = "[._-]*", r"[._-]*(?:\+[^@]*)?@"
_TESTS = "test|tester|testing|testuser|example|sample|demo|dummy|foo|foobar|asdf|qwerty"
_PATTERNS: Mapping[Category, str] = {
    "role": rf"^(?:{'|'.join(_SEPARATOR.join(name) for name in sorted(ROLES))}){_REST}",
    "disposable": rf"@(?:{'|'.join(map(re.escape, sorted(DISPOSABLE)))})$",
    "test": rf"^(?:{_TESTS})[._\d-]*{_REST}",
}


def impersonal(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Find e-mail addresses that do not belong to one person.

    A vendor might have no match for such an address, or a match at random. A plan counts these
    rows. They are requested like any other unless ``where`` excludes them.

    Parameters
    ----------
    column : pandas.Series
        E-mail addresses in any spelling, of any dtype.

    Returns
    -------
    pandas.Series
        Text with the index of the column: ``"role"`` for a shared mailbox, such as info@ or
        sales@; ``"disposable"`` for a service for disposable addresses; ``"test"`` for a test
        address, such as test@; null for any other cell.

    Raises
    ------
    InputError
        ``column`` is not a Series.

    Notes
    -----
    It is free and uses no network. It knows common names and domains only; a complete list does not
    exist.

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
            f"ep.impersonal needs a pandas Series, not {type(column).__name__}.",
            todo='Pass one column: ep.impersonal(df["Email"]).',
        )
    emails = canonicalize(column, "email", ())
    # Behind the categories of the addresses: -1 for each reason, and -1 for the verdict -1.
    categories = np.append(_categories(emails.texts), np.full(len(emails.reasons) + 1, -1))[
        emails.verdicts
    ]
    names = pa.array(CATEGORIES, TEXT).take(pa.array(categories, mask=categories < 0))
    return pd.Series(names.to_numpy(zero_copy_only=False), column.index, COLUMN, name=column.name)


def count_impersonal_rows(identities: Sequence[Identity], rows: Sequence[int]) -> dict[str, int]:
    """Count the rows with such an address, given the number of rows of each identity."""
    addresses, places = identifier_values(identities, "email")
    if not len(addresses):
        return {}
    codes = _categories(addresses) + 1
    counts = np.bincount(codes, np.array(rows)[places], minlength=len(CATEGORIES) + 1)[1:]
    return {category: int(n) for category, n in zip(CATEGORIES, counts, strict=True) if n}


def _categories(addresses: pa.LargeStringArray) -> Codes:
    """Return for each canonical address the index of its category, -1 for none."""
    found = np.full(len(addresses), -1, dtype=np.intp)
    for place, category in enumerate(CATEGORIES):  # the last match wins
        is_one = pc.match_substring_regex(addresses, _PATTERNS[category], ignore_case=True)
        found[is_one.to_numpy(zero_copy_only=False)] = place
    return found
