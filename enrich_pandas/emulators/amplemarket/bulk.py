"""Enrichment requests: ``POST``, ``GET`` and ``PATCH /{people,companies}/enrichment-requests``.

Sources: the people document ("Finding multiple people"), and docs.amplemarket.com, read 2026-11:
``people-enrichment/start-enrichment-request`` and ``…/cancel-enrichment-request``.

Not documented, and chosen here: ``page[after]`` and ``page[before]`` are IDs of results, which
count from 1 in the order shown; results are shown once a job is over; a job that ends in an error
shows, and charges, what it had until then; to cancel what is over changes nothing.
"""

from copy import deepcopy
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request

from enrich_pandas.emulators.account import Account
from enrich_pandas.emulators.amplemarket.jobs import Job, Jobs
from enrich_pandas.emulators.amplemarket.leads import read_companies, read_people
from enrich_pandas.emulators.amplemarket.lookup import Lookup, Result
from enrich_pandas.emulators.amplemarket.service import Paced, Service, seconds_to_tell
from enrich_pandas.emulators.faults import Element
from enrich_pandas.emulators.protocol import Asked
from enrich_pandas.emulators.vendor import Answer, Order, World

PAGE = 100


class _Started(Order, kw_only=True):
    results: list[Result]


class Start(Service):
    """``POST /{people,companies}/enrichment-requests``."""

    method = "POST"
    where = "submit"
    kind: ClassVar[str]

    def answer(self, order: _Started) -> Answer:
        """Start the job."""
        job = self.jobs.start(self.kind, self.path, order.results)
        if job is None:
            raise self.refuse("out_of_credits")
        body = described(job, "queued")
        return Answer(body=body, status=202, headers={"location": body["_links"]["self"]["href"]})

    def elements(self, body: Any) -> list[Element] | None:
        """Return None: nobody is found yet."""
        return None


class StartPeople(Start):
    """``POST /people/enrichment-requests``."""

    path = "/people/enrichment-requests"
    kind = "people"

    async def read(self, request: Request) -> _Started:
        """Return the order in a request, or refuse it."""
        leads, email, phones = read_people(self, await request.body())
        look = Lookup(self.world).person
        return _started([look(one, email=email, phones=phones) for one in leads])


class StartCompanies(Start):
    """``POST /companies/enrichment-requests``."""

    path = "/companies/enrichment-requests"
    kind = "companies"

    async def read(self, request: Request) -> _Started:
        """Return the order in a request, or refuse it."""
        firms = read_companies(self, await request.body())
        return _started([Lookup(self.world).company(one) for one in firms])


class _Looked(Order, kw_only=True):
    job: Job
    first: int = 1
    last: int = PAGE
    size: int = PAGE


class Poll(Paced):
    """``GET /{people,companies}/enrichment-requests/{id}``."""

    method = "GET"
    where = "poll"
    name_path = "name"
    drifts: ClassVar[dict[str, Any]] = {
        "headline": ["a", "list"],
        "languages": "English",
        "location_details": "Lisboa",
        "experiences": {"0": "none"},
        "founded_year": "19xx",
        "technologies": "Nginx",
        "department_headcount": [1],
    }

    def __init__(self, world: World, account: Account, jobs: Jobs, kind: str) -> None:
        super().__init__(world, account, jobs)
        self.kind = kind
        self.path = f"/{kind}/enrichment-requests/{{id}}"  # type: ignore[misc]  # one a kind

    async def read(self, request: Request) -> _Looked:
        """Return which job is asked about, and which page."""
        job = self._job(request)
        size = self._number(request, "page[size]") or PAGE
        after = self._number(request, "page[after]") or 0
        before = self._number(request, "page[before]")
        if not 1 <= size <= PAGE:
            raise self.refuse_at("unsupported_value", "page[size]", parameter="page[size]")
        first, last = after + 1, after + size
        if before is not None:
            first, last = max(1, before - size), before - 1
        about = [_asked(result) for result in job.results]
        return _Looked(about=about, job=job, first=first, last=last, size=size)

    def _question(self, request: Request) -> str:
        return request.url.path  # whichever the page, and whether it is read or canceled

    def _job(self, request: Request) -> Job:
        number = request.path_params["id"]
        job = self.jobs.by_id.get(int(number)) if number.isdecimal() else None
        if job is None or job.kind != self.kind:
            raise self.refuse("not_found")
        return job

    def _number(self, request: Request, name: str) -> int | None:
        text = request.query_params.get(name)
        if text is None:
            return None
        if not text.isdecimal() or int(text) < (name == "page[size]"):
            raise self.refuse_at("unsupported_value", name, parameter=name)
        return int(text)

    def answer(self, order: _Looked) -> Answer:
        """Return the job as it is now, with a page of results once it is over."""
        job, now = order.job, self.account.clock()
        self.jobs.advance(job)
        body = described(job, job.status(now))
        if not job.is_over:
            headers = {"retry-after": seconds_to_tell(job.left(now))}
            return Answer(body=body, headers=headers, is_unfinished=True)
        results = job.shown()
        page = results[order.first - 1 : order.last]
        body["results"] = [element(number, one) for number, one in enumerate(page, order.first)]
        body["_links"] |= _pages(body["_links"]["self"]["href"], order, len(results))
        if job.stopped == "error":
            body |= self.error("server_error", "The job could not be finished.")
        return Answer(body=body)

    def elements(self, body: Any) -> list[Element] | None:
        """Return the results, for a fault to strike: a copy, as the job shows its own again."""
        found: list[Element] = deepcopy(body["results"])
        body["results"] = found
        return found or None

    def alien(self) -> Element:
        """Return the result of somebody, or of a company, that was not asked for."""
        if self.kind == "companies":
            return element(0, Lookup(self.world).found_company({}, "somebody-else"))
        lead = {"linkedin_url": "https://www.linkedin.com/in/somebody-else-0"}
        profile = self.world.people.profile("somebody-else-0")
        who = Lookup(self.world).found(lead, profile.slug, profile, email=False, phones=False)
        return element(0, who)

    def person_in(self, element: Element) -> Element | None:
        """Return whom or what a result has found."""
        found: Element | None = element["result"]
        return found


class Cancel(Poll):
    """``PATCH /{people,companies}/enrichment-requests/{id}``."""

    method = "PATCH"
    where = "cancel"

    async def read(self, request: Request) -> _Looked:
        """Return which job is to be canceled: only ``status`` is read."""
        job = self._job(request)
        try:
            body = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict) or body.get("status") != "canceled":
            raise self.refuse_at("unsupported_value", "status", pointer="/status")
        return _Looked(about=[_asked(result) for result in job.results], job=job)

    def answer(self, order: _Looked) -> Answer:
        """Return the job with any results up to now."""
        self.jobs.cancel(order.job)
        return super().answer(order)


def described(job: Job, status: str) -> dict[str, Any]:
    """Return the enrichment request object, but for its results."""
    return {
        "id": job.id,
        "object": "person_enrichment" if job.kind == "people" else "company_enrichment",
        "status": status,
        "results": [],
        "_links": {"self": {"href": f"{job.path}/{job.id}"}},
    }


def element(number: int, result: Result) -> Element:
    """Return an enrichment request result: what was found, and the lead as it was submitted."""
    return {"id": number, "status": result.status, "result": result.found, **result.lead}


def _pages(href: str, order: _Looked, count: int) -> dict[str, Any]:
    links = {}
    if order.last < count:
        links["next"] = {"href": f"{href}?page[size]={order.size}&page[after]={order.last}"}
    if order.first > 1 and count:
        links["prev"] = {"href": f"{href}?page[size]={order.size}&page[before]={order.first}"}
    return links


def _started(results: list[Result]) -> _Started:
    return _Started(asked=[_asked(result) for result in results], results=results)


def _asked(result: Result) -> Asked:
    return Asked(result.identity, str(next(iter(result.lead.values()), "")))
