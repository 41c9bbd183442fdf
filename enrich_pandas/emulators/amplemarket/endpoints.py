"""Amplemarket's endpoints: jobs of enrichment requests, and the search for a single person.

Sources:

- The people document ("Finding multiple people"), and docs.amplemarket.com, read 2026-11:
  ``people-enrichment/start-enrichment-request`` and ``…/cancel-enrichment-request``, for ``POST``,
  ``GET`` and ``PATCH /{people,companies}/enrichment-requests``.
- The people document ("Finding a Person", "Revealing an email address", "Revealing phone numbers":
  ``Retry-After``), for ``GET /people/find`` and ``GET /companies/find``. It names no parameters;
  those of public clients are used.

Not documented, so chosen: ``page[after]`` and ``page[before]`` are ids of results, which count from
1 in the order shown; results are shown after a job has ended; a job that ends in an error shows and
charges its results until then; canceling a job that has ended changes nothing; the parameters that
reveal are those of the bulk request; a request that reveals gets a 202 with ``Retry-After`` and an
empty object until the data is revealed, which takes as long as a job; it is charged when the data
is in the answer.
"""

from copy import deepcopy
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request

from enrich_pandas.emulators.account import RequestedIdentity, VendorAccount
from enrich_pandas.emulators.amplemarket.lookup import LeadLookup, LeadResult
from enrich_pandas.emulators.amplemarket.service import (
    AmplemarketEndpoint,
    AmplemarketJob,
    AmplemarketJobs,
    RetryAfterEndpoint,
    read_companies,
    read_people,
    retry_after_seconds,
)
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.vendor import ParsedRequest, VendorAnswer, World

# -- Enrichment requests -------------------------------------------------------------------------

PAGE = 100


class _StartRequest(ParsedRequest, kw_only=True):
    results: list[LeadResult]


class StartJob(AmplemarketEndpoint):
    """``POST /{people,companies}/enrichment-requests``."""

    method = "POST"
    where = "submit"
    kind: ClassVar[str]

    def answer(self, parsed: _StartRequest) -> VendorAnswer:
        """Start the job."""
        job = self.jobs.start(self.kind, self.path, parsed.results)
        if job is None:
            raise self.refuse("out_of_credits")
        body = described(job, "queued")
        return VendorAnswer(
            body=body, status=202, headers={"location": body["_links"]["self"]["href"]}
        )

    def elements(self, body: Any) -> list[JsonObject] | None:
        """Return None: a started job has no results yet."""
        return None


class StartPeople(StartJob):
    """``POST /people/enrichment-requests``."""

    path = "/people/enrichment-requests"
    kind = "people"

    async def read(self, request: Request) -> _StartRequest:
        """Parse the request, or refuse it."""
        leads, email, phones = read_people(self, await request.body())
        look = LeadLookup(self.world).person
        return _started([look(one, email=email, phones=phones) for one in leads])


class StartCompanies(StartJob):
    """``POST /companies/enrichment-requests``."""

    path = "/companies/enrichment-requests"
    kind = "companies"

    async def read(self, request: Request) -> _StartRequest:
        """Parse the request, or refuse it."""
        firms = read_companies(self, await request.body())
        return _started([LeadLookup(self.world).company(one) for one in firms])


class _PollRequest(ParsedRequest, kw_only=True):
    job: AmplemarketJob
    first: int = 1
    last: int = PAGE
    size: int = PAGE


class PollJob(RetryAfterEndpoint):
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

    def __init__(
        self, world: World, account: VendorAccount, jobs: AmplemarketJobs, kind: str
    ) -> None:
        super().__init__(world, account, jobs)
        self.kind = kind
        self.path = f"/{kind}/enrichment-requests/{{id}}"  # type: ignore[misc]  # one a kind

    async def read(self, request: Request) -> _PollRequest:
        """Parse the id of the job and the page."""
        job = self._job(request)
        size = self._number(request, "page[size]") or PAGE
        after = self._number(request, "page[after]") or 0
        before = self._number(request, "page[before]")
        if not 1 <= size <= PAGE:
            raise self.refuse_at("unsupported_value", "page[size]", parameter="page[size]")
        first, last = after + 1, after + size
        if before is not None:
            first, last = max(1, before - size), before - 1
        members = [_requested(result) for result in job.results]
        return _PollRequest(job_members=members, job=job, first=first, last=last, size=size)

    def _request_key(self, request: Request) -> str:
        return request.url.path  # the same for all pages of a job, and for a cancellation

    def _job(self, request: Request) -> AmplemarketJob:
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

    def answer(self, parsed: _PollRequest) -> VendorAnswer:
        """Return the job, with a page of results if it has ended."""
        job, now = parsed.job, self.account.clock()
        self.jobs.advance(job)
        body = described(job, job.status(now))
        if not job.is_over:
            headers = {"retry-after": retry_after_seconds(job.left(now))}
            return VendorAnswer(body=body, headers=headers, is_unfinished=True)
        results = job.shown()
        page = results[parsed.first - 1 : parsed.last]
        body["results"] = [element(number, one) for number, one in enumerate(page, parsed.first)]
        body["_links"] |= _pages(body["_links"]["self"]["href"], parsed, len(results))
        if job.stopped == "error":
            body |= self.error("server_error", "The job could not be finished.")
        return VendorAnswer(body=body)

    def elements(self, body: Any) -> list[JsonObject] | None:
        """Return the results to apply a fault to: a copy, because the job shows its own again."""
        found: list[JsonObject] = deepcopy(body["results"])
        body["results"] = found
        return found or None

    def alien(self) -> JsonObject:
        """Return the result of a person or company that was not requested."""
        if self.kind == "companies":
            return element(0, LeadLookup(self.world).found_company({}, "another-company"))
        lead = {"linkedin_url": "https://www.linkedin.com/in/another-person-0"}
        profile = self.world.people.profile("another-person-0")
        result = LeadLookup(self.world).found(
            lead, profile.slug, profile, email=False, phones=False
        )
        return element(0, result)

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person or company of a result."""
        found: JsonObject | None = element["result"]
        return found


class CancelJob(PollJob):
    """``PATCH /{people,companies}/enrichment-requests/{id}``."""

    method = "PATCH"
    where = "cancel"

    async def read(self, request: Request) -> _PollRequest:
        """Parse the id of the job. Only ``status`` is read from the body."""
        job = self._job(request)
        try:
            body = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict) or body.get("status") != "canceled":
            raise self.refuse_at("unsupported_value", "status", pointer="/status")
        return _PollRequest(job_members=[_requested(result) for result in job.results], job=job)

    def answer(self, parsed: _PollRequest) -> VendorAnswer:
        """Cancel the job and return it with its results so far."""
        self.jobs.cancel(parsed.job)
        return super().answer(parsed)


def described(job: AmplemarketJob, status: str) -> dict[str, Any]:
    """Return the enrichment request object without results."""
    return {
        "id": job.id,
        "object": "person_enrichment" if job.kind == "people" else "company_enrichment",
        "status": status,
        "results": [],
        "_links": {"self": {"href": f"{job.path}/{job.id}"}},
    }


def element(number: int, result: LeadResult) -> JsonObject:
    """Return an enrichment request result: the match, and the lead as it was submitted."""
    return {"id": number, "status": result.status, "result": result.found, **result.lead}


def _pages(href: str, parsed: _PollRequest, count: int) -> dict[str, Any]:
    links = {}
    if parsed.last < count:
        links["next"] = {"href": f"{href}?page[size]={parsed.size}&page[after]={parsed.last}"}
    if parsed.first > 1 and count:
        links["prev"] = {"href": f"{href}?page[size]={parsed.size}&page[before]={parsed.first}"}
    return links


def _started(results: list[LeadResult]) -> _StartRequest:
    return _StartRequest(requested=[_requested(result) for result in results], results=results)


def _requested(result: LeadResult) -> RequestedIdentity:
    return RequestedIdentity(result.identity, str(next(iter(result.lead.values()), "")))


# -- A single person or company ------------------------------------------------------------------

_KEYS = ("linkedin_url", "email", "name", "title", "company_name", "company_domain")
_REVEALS = ("reveal_email", "reveal_phone_numbers")


class _FindRequest(ParsedRequest, kw_only=True):
    result: LeadResult
    reveals: str = ""


class FindPerson(RetryAfterEndpoint):
    """``GET /people/find``."""

    path = "/people/find"
    method = "GET"
    where = "find"

    def __init__(self, world: World, account: VendorAccount, jobs: AmplemarketJobs) -> None:
        super().__init__(world, account, jobs)
        self.lookup: LeadLookup = LeadLookup(world)
        self._revealed: dict[str, float] = {}

    async def read(self, request: Request) -> _FindRequest:
        """Parse the lead, or refuse the request."""
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
        requested = [RequestedIdentity(result.identity, submitted)]
        return _FindRequest(requested=requested, result=result, reveals=reveals)

    def answer(self, parsed: _FindRequest) -> VendorAnswer:
        """Return the person or company, or a 202 if the revealed data takes time."""
        if parsed.result.status == "gdpr_removed":
            raise self.refuse("unavailable_for_legal_reasons")
        if parsed.result.found is None:
            raise self.refuse("person_not_found")
        if pause := self._pause(parsed.reveals):
            return VendorAnswer(body={}, status=202, headers={"retry-after": pause})
        if not self.jobs.charge(self.path, parsed.result):
            raise self.refuse("out_of_credits")
        body: Any = parsed.result.found
        return VendorAnswer(body=body)

    def _pause(self, reveals: str) -> str:
        """Return the seconds until the data is revealed, or an empty text for no wait."""
        now = self.account.clock()
        if not reveals or self._revealed.get(reveals, now + 1) <= now:
            return ""
        if reveals not in self._revealed:
            seconds = self.jobs.rng("reveal", reveals).uniform(*self.world.options.job_seconds)
            self._revealed[reveals] = now + seconds
        return retry_after_seconds(self._revealed[reveals] - now)


class FindCompany(FindPerson):
    """``GET /companies/find``."""

    path = "/companies/find"

    async def read(self, request: Request) -> _FindRequest:
        """Parse the company, or refuse the request."""
        given = request.query_params
        lead = {name: given[name] for name in ("domain", "linkedin_url") if given.get(name)}
        if not lead:
            raise self.refuse_at("missing_field", "domain", parameter="domain")
        result = self.lookup.company(lead)
        return _FindRequest(
            requested=[RequestedIdentity(result.identity, next(iter(lead.values())))], result=result
        )
