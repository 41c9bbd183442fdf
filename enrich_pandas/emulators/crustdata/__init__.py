"""Crustdata: people and company enrichment of both API generations, with one account."""

from enrich_pandas.emulators.account import VendorAccount
from enrich_pandas.emulators.crustdata import companies, people, screener_companies, screener_people
from enrich_pandas.emulators.vendor import EmulatedEndpoint, World


def endpoints(world: World, account: VendorAccount) -> list[EmulatedEndpoint]:
    """Return all endpoints of the vendor."""
    kinds = (
        *(people.EnrichPeople, companies.EnrichCompanies, people.GetCredits),
        *(
            screener_people.EnrichLegacyPeople,
            screener_companies.EnrichLegacyCompanies,
            screener_people.GetLegacyCredits,
        ),
    )
    return [kind(world, account) for kind in kinds]
