"""Amplemarket: bulk enrichment of people and companies, and the single look-ups."""

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.amplemarket.bulk import Cancel, Poll, StartCompanies, StartPeople
from enrich_pandas.sandbox.amplemarket.find import FindCompany, FindPerson
from enrich_pandas.sandbox.amplemarket.jobs import Jobs
from enrich_pandas.sandbox.vendor import Endpoint, World


def endpoints(world: World, account: Account) -> list[Endpoint]:
    """Return every endpoint of the vendor; they share the jobs, and what was charged already."""
    jobs = Jobs(world, account)
    bulk = [
        kind(world, account, jobs, what)
        for kind in (Poll, Cancel)
        for what in ("people", "companies")
    ]
    started = [
        StartPeople(world, account, jobs, "people"),
        StartCompanies(world, account, jobs, "companies"),
    ]
    return [*started, *bulk, FindPerson(world, account, jobs), FindCompany(world, account, jobs)]
