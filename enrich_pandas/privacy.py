"""Privacy: the suppression list and erasure of stored personal data."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from enrich_pandas.engine.context import current_environment, journal_path
from enrich_pandas.errors import InputError
from enrich_pandas.frame.identifiers import canonical
from enrich_pandas.journal import Journal
from enrich_pandas.journal.suppression import SuppressionReason, identifier_keys
from enrich_pandas.providers.base import Kind, Status
from enrich_pandas.report.provenance import discard_reports

Named = str | Iterable[str]
SHOWN = 5  # positions that a message lists

# The identifiers that a value is tried as, in order, with the kind of their owner.
_IDENTIFIERS: Mapping[str, Kind] = {
    "email": "people",
    "linkedin_url": "people",
    "company_linkedin_url": "companies",
    "facebook_url": "people",
    "twitter_url": "people",
    "domain": "companies",
}
SUPPRESSED = SuppressionReason(Status.SUPPRESSED, "suppressed")


def suppress(identifiers: Named) -> int:
    """Add people or companies to the suppression list: they are never enriched.

    A row with one of their identifiers gets the status ``suppressed`` and is sent to no vendor. If
    a vendor returns one of them for another identifier, the answer is not shown. The list is stored
    in the journal as keyed hashes: no identifier can be read from it.

    Parameters
    ----------
    identifiers : str or iterable of str
        E-mail addresses, addresses of LinkedIn, Facebook or Twitter profiles, company pages on
        LinkedIn, or companies' domains; in any spelling.

    Returns
    -------
    int
        The number of new entries.

    Raises
    ------
    InputError
        A value is not a valid identifier; the list was not changed.
    JournalError
        The journal cannot be used.

    Notes
    -----
    It costs nothing and sends no request. A domain identifies the company, not its employees.
    Stored answers about them stay in the journal, but are not shown; `forget` deletes them.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "bo@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     added = ep.suppress(["Ada@Example.com"])
    ...     people = ep.people(leads, progress=None)
    >>> added, people["person_status"].tolist()
    (1, ['suppressed', 'matched'])
    """
    named = [
        (kind, key) for kind, values in _read(identifiers) for key in identifier_keys(kind, values)
    ]
    with _journal() as journal:
        return journal.suppression.add(named, SUPPRESSED)


def unsuppress(identifiers: Named) -> int:
    """Remove people or companies from the suppression list, erased ones included.

    Parameters
    ----------
    identifiers : str or iterable of str
        As in `suppress`.

    Returns
    -------
    int
        The number of entries that were removed. Entries that a vendor requested stay.

    Raises
    ------
    InputError, JournalError
        As in `suppress`.

    Examples
    --------
    >>> import enrich_pandas as ep
    >>> with ep.sandbox():
    ...     ep.suppress("ada@example.com"), ep.unsuppress("ada@example.com")
    (1, 1)
    """
    named = [
        (kind, key) for kind, values in _read(identifiers) for key in identifier_keys(kind, values)
    ]
    with _journal() as journal:
        return journal.suppression.remove(named)


def forget(identifiers: Named) -> int:
    """Delete all stored data of people or companies, and never request them again.

    This deletes the stored answers of every provider about them, their part of the raw answers, and
    their identifiers in past runs. Keyed hashes of their identifiers stay, so that the next call
    does not buy them again by accident: their rows are ``suppressed`` with the reason
    ``forgotten``. `unsuppress` reverts that.

    Parameters
    ----------
    identifiers : str or iterable of str
        As in `suppress`. Further identifiers in the stored answers are followed.

    Returns
    -------
    int
        The number of stored answers that were deleted.

    Raises
    ------
    InputError
        A value is not a valid identifier; nothing was deleted.
    JournalError
        The journal cannot be used.

    Notes
    -----
    It costs nothing. With 100,000 stored answers it takes some seconds. It does not reach frames,
    files that you saved, and the records of the vendor. A paid answer that was not parsed yet loses
    only the part about this person.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com"]})
    >>> with ep.sandbox(misses=0):
    ...     people = ep.people(leads, progress=None)
    ...     deleted = ep.forget("ada@example.com")
    ...     again = ep.people(leads, progress=None)
    >>> deleted, again["person_status"].tolist(), again["person_reason"].tolist()
    (1, ['suppressed'], ['forgotten'])
    """
    found = list(_read(identifiers))
    discard_reports()
    with _journal() as journal:
        return sum(journal.eraser.erase(kind, values) for kind, values in found)


def _read(identifiers: Named) -> Iterator[tuple[Kind, Mapping[str, str]]]:
    given = [identifiers] if isinstance(identifiers, str) else list(identifiers)
    named = [_parse(value) for value in given]
    invalid = [str(place) for place, one in enumerate(named) if one is None]
    if invalid:
        shown = ", ".join(invalid[:SHOWN]) + (", …" if len(invalid) > SHOWN else "")
        raise InputError(
            f"{len(invalid)} of {len(given)} values are not an e-mail address, profile, company "
            f"page or domain: at position {shown}.",
            cost="Nothing was changed.",
            todo="Correct or leave out these values, then repeat the call.",
        )
    return iter([one for one in named if one])


def _parse(value: object) -> tuple[Kind, Mapping[str, str]] | None:
    for identifier, kind in _IDENTIFIERS.items():
        found, _ = canonical(identifier, value)
        if found and (identifier == "email" or "@" not in str(value) or "/" in str(value)):
            return kind, {identifier: found}
    return None


@contextmanager
def _journal() -> Iterator[Journal]:
    journal = Journal(journal_path(current_environment()))
    try:
        yield journal
    finally:
        journal.close()
