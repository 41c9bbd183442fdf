"""Other people's data: who may not be enriched, and who is to be forgotten."""

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

# What a value may be, in the order in which it is tried, and of whom it then is.
_READINGS: Mapping[str, Kind] = {
    "email": "people",
    "linkedin_url": "people",
    "company_linkedin_url": "companies",
    "facebook_url": "people",
    "twitter_url": "people",
    "domain": "companies",
}
SUPPRESSED = SuppressionReason(Status.SUPPRESSED, "suppressed")


def suppress(who: Named) -> int:
    """Put people or companies on the list of those who are never enriched.

    A row that names one of them gets the status ``suppressed`` and is sent to nobody. Where a
    vendor answers with one of them, found by another identifier, the answer is not shown. The list
    is kept in the journal as keyed hashes: nobody can read it, not even you.

    Parameters
    ----------
    who : str or iterable of str
        E-mail addresses, addresses of LinkedIn, Facebook or Twitter profiles, company pages on
        LinkedIn, or companies' domains; in any spelling.

    Returns
    -------
    int
        How many of them are new on the list.

    Raises
    ------
    InputError
        A value is none of these; then nobody was put on the list.
    JournalError
        The journal cannot be used.

    Notes
    -----
    It costs nothing and asks no network. A domain stands for the company, not for those who work
    there. What is already stored of them stays, unseen, until `forget`.

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
    named = [(kind, mark) for kind, values in _read(who) for mark in identifier_keys(kind, values)]
    with _journal() as journal:
        return journal.suppression.add(named, SUPPRESSED)


def unsuppress(who: Named) -> int:
    """Take people or companies off the list, those who were forgotten too.

    Parameters
    ----------
    who : str or iterable of str
        As in `suppress`.

    Returns
    -------
    int
        How many entries were taken off. Who was removed by a vendor stays so.

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
    named = [(kind, mark) for kind, values in _read(who) for mark in identifier_keys(kind, values)]
    with _journal() as journal:
        return journal.suppression.remove(named)


def forget(who: Named) -> int:
    """Delete all that is stored of people or companies, and never ask about them again.

    Every stored answer about them goes, whichever provider gave it; their part of the vendors' raw
    answers; and their place in the lists of past runs. Keyed hashes of their identifiers stay, so
    that the next call does not buy them again by accident: their rows are ``suppressed``, with the
    reason ``forgotten``. `unsuppress` takes that back.

    Parameters
    ----------
    who : str or iterable of str
        As in `suppress`. Identifiers that the stored answers add are followed.

    Returns
    -------
    int
        How many stored answers were deleted.

    Raises
    ------
    InputError
        A value is no identifier; then nobody was forgotten.
    JournalError
        The journal cannot be used.

    Notes
    -----
    It costs nothing, and takes some seconds where a hundred thousand answers are stored. Frames,
    files that you saved and the vendor's own records are not in its reach. A paid answer that was
    not read yet loses this person's part alone.

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
    found = list(_read(who))
    discard_reports()
    with _journal() as journal:
        return sum(journal.eraser.erase(kind, values) for kind, values in found)


def _read(who: Named) -> Iterator[tuple[Kind, Mapping[str, str]]]:
    given = [who] if isinstance(who, str) else list(who)
    readings = [_reading(value) for value in given]
    wrong = [place for place, reading in enumerate(readings) if reading is None]
    if wrong:
        shown = ", ".join(map(str, wrong[:5])) + (", …" if len(wrong) > 5 else "")  # noqa: PLR2004
        raise InputError(
            f"{len(wrong)} of {len(given)} values are no e-mail address, profile, company page or "
            f"domain: at position {shown}.",
            cost="Nothing was changed.",
            todo="Correct or leave out these values, then repeat the call.",
        )
    return iter([reading for reading in readings if reading])


def _reading(value: object) -> tuple[Kind, Mapping[str, str]] | None:
    for identifier, kind in _READINGS.items():
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
