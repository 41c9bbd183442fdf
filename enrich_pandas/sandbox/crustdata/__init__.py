"""Crustdata: both generations of its people and company enrichment, which share one account."""

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.crustdata import current, current_companies, legacy, legacy_companies
from enrich_pandas.sandbox.vendor import Endpoint, World


def endpoints(world: World, account: Account) -> list[Endpoint]:
    """Return every endpoint of the vendor."""
    kinds = (
        *(current.Enrich, current_companies.EnrichCompanies, current.Credits),
        *(legacy.Enrich, legacy_companies.EnrichCompanies, legacy.Credits),
    )
    return [kind(world, account) for kind in kinds]
