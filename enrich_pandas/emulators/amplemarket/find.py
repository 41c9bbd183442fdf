"""The single look-ups: ``GET /people/find`` and ``GET /companies/find``.

Source: the people document ("Finding a Person", "Revealing an email address", "Revealing phone
numbers": ``Retry-After``), which names no parameters; those of public clients are taken. Chosen
here: the names of the two reveal flags are those of the bulk request; the first question for
something to reveal gets a 202 with ``Retry-After`` and an empty object, and so does who asks again
before it is revealed, which takes as long as a job. It is charged when it is told.
"""

from typing import Any

from starlette.requests import Request

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.amplemarket.jobs import Jobs
from enrich_pandas.emulators.amplemarket.lookup import Lookup, Result
from enrich_pandas.emulators.amplemarket.service import Paced, seconds_to_tell
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import Answer, Order, World

_KEYS = ("linkedin_url", "email", "name", "title", "company_name", "company_domain")
_REVEALS = ("reveal_email", "reveal_phone_numbers")


class _Found(Order, kw_only=True):
    result: Result
    reveals: str = ""


class FindPerson(Paced):
    """``GET /people/find``."""

    path = "/people/find"
    method = "GET"
    where = "find"

    def __init__(self, world: World, account: Account, jobs: Jobs) -> None:
        super().__init__(world, account, jobs)
        self.lookup = Lookup(world)
        self._revealed: dict[str, float] = {}

    async def read(self, request: Request) -> _Found:
        """Return who is asked for, or refuse."""
        given = request.query_params
        lead = {name: given[name] for name in _KEYS if given.get(name)}
        is_named = lead.keys() & {"name", "title"} and lead.keys() & {*_KEYS[4:]}
        if not is_named and not lead.keys() & {"linkedin_url", "email"}:
            raise self.refuse_at("missing_field", "linkedin_url", parameter="linkedin_url")
        flags = [name for name in _REVEALS if given.get(name) == "true"]
        email, phones = (name in flags for name in _REVEALS)
        result = self.lookup.person(lead, email=email, phones=phones)
        reveals = " ".join([result.identity, *flags]) if flags else ""
        submitted = next(iter(lead.values()))
        asked = [Asked(result.identity, submitted)]
        return _Found(asked=asked, result=result, reveals=reveals)

    def answer(self, order: _Found) -> Answer:
        """Return the object, or that one has to wait for what is revealed."""
        if order.result.status == "gdpr_removed":
            raise self.refuse("unavailable_for_legal_reasons")
        if order.result.found is None:
            raise self.refuse("person_not_found")
        if pause := self._pause(order.reveals):
            return Answer(body={}, status=202, headers={"retry-after": pause})
        if not self.jobs.charge(self.path, order.result):
            raise self.refuse("out_of_credits")
        body: Any = order.result.found
        return Answer(body=body)

    def _pause(self, reveals: str) -> str:
        """Return the seconds until something is revealed; none where there is nothing to wait."""
        now = self.account.clock()
        if not reveals or self._revealed.get(reveals, now + 1) <= now:
            return ""
        if reveals not in self._revealed:
            seconds = self.jobs.rng("reveal", reveals).uniform(*self.world.options.job_seconds)
            self._revealed[reveals] = now + seconds
        return seconds_to_tell(self._revealed[reveals] - now)


class FindCompany(FindPerson):
    """``GET /companies/find``."""

    path = "/companies/find"

    async def read(self, request: Request) -> _Found:
        """Return which company is asked for, or refuse."""
        given = request.query_params
        lead = {name: given[name] for name in ("domain", "linkedin_url") if given.get(name)}
        if not lead:
            raise self.refuse_at("missing_field", "domain", parameter="domain")
        result = self.lookup.company(lead)
        return _Found(asked=[Asked(result.identity, next(iter(lead.values())))], result=result)
