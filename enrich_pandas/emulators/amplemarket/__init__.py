"""Amplemarket: bulk enrichment of people and companies, and the single look-ups.

Places of faults: ``submit`` (the two ``POST``), ``poll`` and ``cancel`` (a job), ``find``. A slug
with ``breaks-the-job`` in it lets its job end in an error.
"""

from enrich_pandas.emulators.account import VendorAccount
from enrich_pandas.emulators.amplemarket.endpoints import (
    CancelJob,
    FindCompany,
    FindPerson,
    PollJob,
    StartCompanies,
    StartPeople,
)
from enrich_pandas.emulators.amplemarket.service import AmplemarketJobs
from enrich_pandas.emulators.vendor import EmulatedEndpoint, World


def endpoints(world: World, account: VendorAccount) -> list[EmulatedEndpoint]:
    """Return every endpoint of the vendor; they share the jobs, and what was charged already."""
    jobs = AmplemarketJobs(world, account)
    return [
        *(kind(world, account, jobs) for kind in (StartPeople, StartCompanies)),
        *(kind(world, account, jobs) for kind in (FindPerson, FindCompany)),
        *(kind(world, account, jobs, what) for kind in (PollJob, CancelJob) for what in _WHAT),
    ]


_WHAT = ("people", "companies")
