"""Amplemarket: bulk enrichment of people and companies, and the single look-ups.

Places of faults: ``submit`` (the two ``POST``), ``poll`` and ``cancel`` (a job), ``find``. A slug
with ``breaks-the-job`` in it lets its job end in an error.
"""

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.amplemarket.bulk import Cancel, Poll, StartCompanies, StartPeople
from enrich_pandas.emulators.amplemarket.find import FindCompany, FindPerson
from enrich_pandas.emulators.amplemarket.jobs import Jobs
from enrich_pandas.emulators.vendor import Endpoint, World


def endpoints(world: World, account: Account) -> list[Endpoint]:
    """Return every endpoint of the vendor; they share the jobs, and what was charged already."""
    jobs = Jobs(world, account)
    return [
        *(kind(world, account, jobs) for kind in (StartPeople, StartCompanies)),
        *(kind(world, account, jobs) for kind in (FindPerson, FindCompany)),
        *(kind(world, account, jobs, what) for kind in (Poll, Cancel) for what in _WHAT),
    ]


_WHAT = ("people", "companies")
