"""What Crustdata finds for one identifier of a company: none, one, or several."""

from collections.abc import Sequence
from typing import NamedTuple, Self

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.companies import Firm, Standing
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import World

_QUEUE_SECONDS = 24 * 60 * 60  # "enriched in the next 24 hours"


class Lookup(NamedTuple):
    """What was found; ``firms`` is empty for a miss and for what is queued."""

    slug: str
    submitted: str
    firms: Sequence[Firm] = ()
    is_queued: bool = False

    @classmethod
    def of(
        cls,
        world: World,
        account: Account,
        asked: Asked,
        kind: str,
        *,
        exact: bool,
        live: bool = False,
    ) -> Self:
        """Look a company up by an identifier of some kind: a page is always the one company's."""
        slug, submitted = asked
        standing = world.companies.standing(slug, "crustdata")
        if standing is Standing.MISSING:
            return cls(slug, submitted)
        if standing is Standing.QUEUED and not live and not _enriched_by_now(world, account, slug):
            return cls(slug, submitted, is_queued=True)
        firm = world.companies.firm(slug)
        found = cls(slug, submitted, [firm])
        if "url" in kind:
            return found
        twins = [world.companies.twin(firm)] if standing is Standing.SHARED else []
        firms = [firm, *twins, *world.companies.similar(firm)]
        return found._replace(firms=[one for one in firms if found.fits(one) or not exact])

    def fits(self, firm: Firm) -> bool:
        """Say whether a company is exactly the one asked for."""
        own = {firm.domain, firm.name.casefold(), *firm.other_domains}
        is_page = "linkedin.com/" in self.submitted and firm.slug == self.slug
        return is_page or self.submitted.casefold() in own


def _enriched_by_now(world: World, account: Account, slug: str) -> bool:
    """Say whether 24 hours passed since somebody first asked for the company."""
    now = account.clock()
    return now - world.queued.setdefault(f"company {slug}", now) >= _QUEUE_SECONDS
