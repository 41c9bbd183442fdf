"""The journal, opened without what has been stored for too long."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from enrich_pandas.engine.amounts import retention
from enrich_pandas.engine.context import Surroundings, journal_path
from enrich_pandas.journal import Journal


@contextmanager
def opened(here: Surroundings) -> Iterator[Journal]:
    """Lend the journal to whoever shows what is in it, or is about to ask.

    What is too old is deleted first, so that nobody is shown it, whether or not a call is made.
    """
    with closing(Journal(journal_path(here))) as journal:
        journal.expiry.sweep(retention())
        yield journal
