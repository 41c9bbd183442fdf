"""Enrichment requests: ``POST``, ``GET`` and ``PATCH /{people,companies}/enrichment-requests``.

Sources: the people document ("Finding multiple people"), and docs.amplemarket.com, read 2026-11:
``people-enrichment/start-enrichment-request`` (the keys of a lead, no others allowed) and
``…/cancel-enrichment-request``.

The documents name both 10,000 and 100,000 leads as the most; 10,000 is enforced. Not documented,
and chosen here: a poll that comes earlier than ``Retry-After`` said is refused with a 429; the
account must be able to pay for a job when it is started; the fields of a company that is asked for.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request

from enrich_pandas.sandbox.account import Account
from enrich_pandas.sandbox.amplemarket.jobs import Job, Jobs, Result
from enrich_pandas.sandbox.amplemarket.service import Service
from enrich_pandas.sandbox.faults import Element
from enrich_pandas.sandbox.protocol import Asked
from enrich_pandas.sandbox.vendor import Answer, Order, World

MOST = 10_000
PAGE = 100


class _Lead(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    email: str | None = None
    linkedin_url: str | None = None
    linkedin_id: str | None = None
    company_domain: str | None = None
    company_name: str | None = None
    name: str | None = None
    title: str | None = None

    @property
    def is_enough(self) -> bool:
        """Whether it names somebody: a name or a title goes with a company."""
        has_company = self.company_domain or self.company_name
        is_named = bool((self.name or self.title) and has_company)
        return is_named or bool(self.email or self.linkedin_url or self.linkedin_id)


class _Firm(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    domain: str | None = None
    linkedin_url: str | None = None
    name: str | None = None

    @property
    def is_enough(self) -> bool:
        """Whether it names a company."""
        return bool(self.domain or self.linkedin_url or self.name)


class _People(msgspec.Struct, forbid_unknown_fields=True):
    leads: list[_Lead]
    reveal_email: bool = False
    reveal_phone_numbers: bool = False


class _Companies(msgspec.Struct, forbid_unknown_fields=True):
    companies: list[_Firm]


class _Started(Order, kw_only=True):
    results: list[Result]


class _Bulk(Service):
    suffix: ClassVar[str] = ""
    method = "POST"
    where = "submit"

    def __init__(self, world: World, account: Account, jobs: Jobs, kind: str) -> None:
        super().__init__(world, account)
        self.jobs, self.kind = jobs, kind
        self.path = f"/{kind}/enrichment-requests{self.suffix}"  # type: ignore[misc]  # one a kind

    def shown(self, job: Job, start: int = 0, size: int = PAGE, status: int = 200) -> Answer:
        """Return the enrichment request object, with a page of results once it is over."""
        body = self.described(job)
        results = job.shown() if job.is_over else []
        links = body["_links"]
        here = links["self"]["href"]
        if start + size < len(results):
            links["next"] = {"href": f"{here}?page[size]={size}&page[after]={start + size}"}
        if start:
            links["prev"] = {"href": f"{here}?page[size]={size}&page[before]={start}"}
        body["results"] = [
            _element(number, result)
            for number, result in enumerate(results[start : start + size], start + 1)
        ]
        headers = {} if job.is_over else {"retry-after": str(job.pause())}
        return Answer(body=body, status=status, headers=headers)

    def described(self, job: Job) -> dict[str, Any]:
        """Return the enrichment request object, but for its results."""
        return {
            "id": job.id,
            "object": "person_enrichment" if self.kind == "people" else "company_enrichment",
            "status": job.status,
            "results": [],
            "_links": {"self": {"href": f"/{self.kind}/enrichment-requests/{job.id}"}},
        }

    def elements(self, body: Any) -> list[Element] | None:
        """Return the results."""
        found: list[Element] = body["results"]
        return found or None

    def alien(self) -> Element:
        """Return the result of somebody who was not asked for."""
        lead = {"linkedin_url": "https://www.linkedin.com/in/some-body-else-example"}
        return _element(0, self.jobs.find_person(lead, email=False, phones=False))

    def person_in(self, element: Element) -> Element | None:
        """Return whom a result has found."""
        found: Element | None = element.get("result")
        return found


def _element(number: int, result: Result) -> Element:
    return {"id": number, "status": result.status, "result": result.found, **result.lead}


class StartPeople(_Bulk):
    """``POST /people/enrichment-requests``."""

    name_path = "name"

    async def read(self, request: Request) -> _Started:
        """Return the order in a request, or refuse it."""
        body = await self._decoded(request, _People)
        leads = self._checked(body.leads, "leads")
        asked = [Asked(str(next(iter(lead.values()))), str(lead)) for lead in leads]
        results = [
            self.jobs.find_person(lead, email=body.reveal_email, phones=body.reveal_phone_numbers)
            for lead in leads
        ]
        return _Started(asked=asked, results=results)

    async def _decoded(self, request: Request, kind: type[Any]) -> Any:
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except msgspec.ValidationError as error:
            is_missing = "missing required field" in str(error)
            raise self.refuse(
                "missing_field" if is_missing else "unsupported_value", str(error)
            ) from None
        except msgspec.DecodeError:
            raise self.refuse("unsupported_value", "the body is not JSON") from None

    def _checked(self, leads: list[Any], name: str) -> list[Mapping[str, Any]]:
        if not leads or len(leads) > MOST:
            raise self.refuse("unsupported_value", f"{name}: 1 to {MOST} of them")
        if not all(lead.is_enough for lead in leads):
            raise self.refuse("missing_field", f"{name}: one names nobody")
        plain: list[Mapping[str, Any]] = msgspec.to_builtins(leads)
        return plain

    def answer(self, order: _Started) -> Answer:
        """Start the job."""
        job = self.jobs.start(self.kind, self.path, order.results)
        if job is None:
            raise self.refuse("out_of_credits")
        body = {**self.described(job), "status": "queued", "results": []}
        headers = {"location": body["_links"]["self"]["href"]}
        return Answer(body=body, status=202, headers=headers)


class StartCompanies(StartPeople):
    """``POST /companies/enrichment-requests``."""

    where = "submit_companies"

    async def read(self, request: Request) -> _Started:
        """Return the order in a request, or refuse it."""
        body = await self._decoded(request, _Companies)
        firms = self._checked(body.companies, "companies")
        asked = [Asked(str(next(iter(firm.values()))), str(firm)) for firm in firms]
        return _Started(asked=asked, results=[self.jobs.find_company(firm) for firm in firms])


class _Looked(Order, kw_only=True):
    job: Job
    start: int = 0
    size: int = PAGE


class Poll(_Bulk):
    """``GET /{people,companies}/enrichment-requests/{id}``."""

    suffix = "/{id}"
    method = "GET"
    where = "poll"
    name_path = "name"

    async def read(self, request: Request) -> _Looked:
        """Return which job is asked about, and which page; refuse who comes too early."""
        job = self._job(request)
        if not job.is_over and job.may_ask and self.account.clock() < job.may_ask:
            raise self.refuse("rate_limited")
        size = self._number(request, "page[size]", PAGE)
        if not 1 <= size <= PAGE:
            raise self.refuse("unsupported_value", "page[size]")
        after = self._number(request, "page[after]", 0)
        before = self._number(request, "page[before]", 0)
        return _Looked(job=job, start=max(0, before - size) if before else after, size=size)

    def _job(self, request: Request) -> Job:
        number = request.path_params["id"]
        job = self.jobs.by_id.get(int(number)) if number.isdecimal() else None
        if job is None or job.kind != self.kind:
            raise self.refuse("not_found")
        return job

    def _number(self, request: Request, name: str, absent: int) -> int:
        text = request.query_params.get(name, str(absent))
        if not text.isdecimal():
            raise self.refuse("unsupported_value", name)
        return int(text)

    def answer(self, order: _Looked) -> Answer:
        """Return the job as it is now."""
        return self.shown(order.job, order.start, order.size)


class Cancel(Poll):
    """``PATCH /{people,companies}/enrichment-requests/{id}``."""

    method = "PATCH"
    where = "cancel"

    async def read(self, request: Request) -> _Looked:
        """Cancel the job: only ``status`` is supported, any other field is ignored."""
        job = self._job(request)
        try:
            body = msgspec.json.decode(await request.body())
        except msgspec.DecodeError:
            body = None
        if not isinstance(body, dict) or body.get("status") != "canceled":
            raise self.refuse("unsupported_value", "status")
        return _Looked(job=job)

    def answer(self, order: _Looked) -> Answer:
        """Return the job with any results up to now."""
        self.jobs.cancel(order.job)
        return super().answer(order)
