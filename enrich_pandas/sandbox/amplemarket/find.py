"""The single look-ups: ``GET /people/find`` and ``GET /companies/find``.

Source: the people document ("Finding a Person", "Revealing an email address", "Revealing phone
numbers": ``Retry-After``), which names no parameters; those of public clients are taken. Chosen
here: the names of the two reveal flags are those of the bulk request, and the first question for
something that must be revealed gets a 202 with ``Retry-After``.
"""

from typing import Any

from starlette.requests import Request

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.amplemarket.jobs import Jobs, Result
from enrich_pandas.sandbox.amplemarket.service import Service
from enrich_pandas.sandbox.protocol import Asked
from enrich_pandas.sandbox.vendor import Answer, Order, World

_KEYS = ("linkedin_url", "email", "name", "title", "company_name", "company_domain")
_REVEALS = ("reveal_email", "reveal_phone_numbers")


class _Found(Order, kw_only=True):
    result: Result
    key: str = ""


class FindPerson(Service):
    """``GET /people/find``."""

    path = "/people/find"
    method = "GET"
    where = "find"

    def __init__(self, world: World, account: Account, jobs: Jobs) -> None:
        super().__init__(world, account)
        self.jobs = jobs
        self._revealing: set[str] = set()

    async def read(self, request: Request) -> _Found:
        """Return who is asked for, or refuse."""
        given = dict(request.query_params)
        lead = {name: given[name] for name in _KEYS if given.get(name)}
        if not lead.keys() & {"linkedin_url", "email", "name", "title"}:
            raise self.refuse("missing_field", "linkedin_url")
        email, phones = (given.get(name) == "true" for name in _REVEALS)
        result = self.jobs.find_person(lead, email=email, phones=phones)
        key = f"{sorted(given.items())}" if email or phones else ""
        submitted = next(iter(lead.values()))
        return _Found(asked=[Asked(submitted, submitted)], result=result, key=key)

    def answer(self, order: _Found) -> Answer:
        """Return the person, or that one has to wait for what is revealed."""
        if order.result.status == "gdpr_removed":
            raise self.refuse("unavailable_for_legal_reasons")
        if order.result.found is None:
            raise self.refuse("person_not_found")
        if order.key and order.key not in self._revealing:
            self._revealing.add(order.key)
            return Answer(body={}, status=202, headers={"retry-after": "1"})
        return self._charged(order.result)

    def _charged(self, result: Result) -> Answer:
        job = self.jobs.start("find", self.path, [result])
        if job is None:
            raise self.refuse("out_of_credits")
        body: Any = result.found
        return Answer(body=body)


class FindCompany(FindPerson):
    """``GET /companies/find``."""

    path = "/companies/find"
    where = "find_company"

    async def read(self, request: Request) -> _Found:
        """Return which company is asked for, or refuse."""
        given = request.query_params
        lead = {name: given[name] for name in ("domain", "linkedin_url") if given.get(name)}
        if not lead:
            raise self.refuse("missing_field", "domain")
        submitted = next(iter(lead.values()))
        asked = [Asked(submitted, submitted)]
        return _Found(asked=asked, result=self.jobs.find_company(lead))
