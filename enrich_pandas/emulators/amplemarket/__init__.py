"""Amplemarket: bulk enrichment of people and companies, and the search for a single one.

`Sandbox.fault` takes ``submit`` (the two ``POST``), ``poll`` and ``cancel`` (a job), and ``find``.
A job with a slug that contains ``breaks-the-job`` ends in an error.
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
    """Return all endpoints of the vendor, which share the jobs and the charges."""
    jobs = AmplemarketJobs(world, account)
    made = (StartPeople, StartCompanies, FindPerson, FindCompany)
    return [
        *(endpoint(world, account, jobs) for endpoint in made),
        *(PollJob(world, account, jobs, kind) for kind in ("people", "companies")),
        *(CancelJob(world, account, jobs, kind) for kind in ("people", "companies")),
    ]
