"""Zoho CRM: access tokens, and the enrichment of people and organizations by jobs."""

from enrich_pandas.emulators.account import VendorAccount
from enrich_pandas.emulators.vendor import EmulatedEndpoint, World
from enrich_pandas.emulators.zoho.enrichment import GetJob, ListJobs, Schedule
from enrich_pandas.emulators.zoho.jobs import KINDS, ZohoJobs
from enrich_pandas.emulators.zoho.service import (
    AccessTokens,
    GetCurrentUser,
    GetOrganization,
    GetQuota,
    RefreshToken,
)


def endpoints(world: World, account: VendorAccount) -> list[EmulatedEndpoint]:
    """Return all endpoints of the vendor, which share the tokens and, by kind, the jobs."""
    tokens = AccessTokens(world.options.token_seconds)
    made: list[EmulatedEndpoint] = [
        one(world, account, tokens)
        for one in (RefreshToken, GetCurrentUser, GetOrganization, GetQuota)
    ]
    for kind in KINDS:
        jobs = ZohoJobs(world, kind)
        made += [one(world, account, tokens, jobs) for one in (Schedule, ListJobs, GetJob)]
    return made
