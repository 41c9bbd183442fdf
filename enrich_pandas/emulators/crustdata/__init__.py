"""Crustdata: both generations of its people and company enrichment, which share one account."""

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.crustdata import companies, people, screener_companies, screener_people
from enrich_pandas.emulators.vendor import Endpoint, World


def endpoints(world: World, account: Account) -> list[Endpoint]:
    """Return every endpoint of the vendor."""
    kinds = (
        *(people.Enrich, companies.EnrichCompanies, people.Credits),
        *(screener_people.Enrich, screener_companies.EnrichCompanies, screener_people.Credits),
    )
    return [kind(world, account) for kind in kinds]
