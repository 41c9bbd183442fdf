"""Zoho CRM: OAuth, and the enrichment of people and organizations by jobs."""

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.vendor import Endpoint, World
from enrich_pandas.emulators.zoho.enrichment import GetJob, ListJobs, Schedule
from enrich_pandas.emulators.zoho.jobs import KINDS, Jobs
from enrich_pandas.emulators.zoho.oauth import RefreshToken, Tokens
from enrich_pandas.emulators.zoho.owner import CurrentUser, Organization, Quota


def endpoints(world: World, account: Account) -> list[Endpoint]:
    """Return every endpoint of the vendor; they share the tokens and, by kind, the jobs."""
    tokens = Tokens(world.options.token_seconds)
    made: list[Endpoint] = [
        one(world, account, tokens) for one in (RefreshToken, CurrentUser, Organization, Quota)
    ]
    for kind in KINDS:
        jobs = Jobs(world, kind)
        made += [one(world, account, tokens, jobs) for one in (Schedule, ListJobs, GetJob)]
    return made
