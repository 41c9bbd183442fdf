"""Zoho CRM: access tokens, and the enrichment of people and organizations by jobs."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from enrich_pandas.emulators.account import Fault, LoggedRequest, RequestedIdentity, VendorAccount
from enrich_pandas.emulators.faults import JsonObject
from enrich_pandas.emulators.vendor import EmulatedEndpoint, ParsedRequest, VendorAnswer, World
from enrich_pandas.emulators.zoho.jobs import (
    KINDS,
    STATUSES,
    ZohoJob,
    ZohoJobs,
    identity_of,
    organization_of,
)
from enrich_pandas.emulators.zoho.service import (
    CODES,
    AccessTokens,
    EnrichmentEndpoint,
    GetCurrentUser,
    GetOrganization,
    GetQuota,
    RefreshToken,
)

# -- Zoho's jobs: ``POST`` and ``GET /crm/{version}/__zia_{people,org}_enrichment`` --------------
# Sources:
#
# - The three documents of the seed: parameters, statuses and errors.
# - The vendor's OpenAPI description: 202 for a scheduled job, one element per request, 204 for a
#   job that does not exist.
#
# Not documented, so chosen: a job is charged one enrichment when it is scheduled.
#
# A fault can set the final status of the job: ``box.fault("zoho", "submit",
# "server_error_after_accept", status="FAILED")``. A job with ``status="RUNNING"`` never ends.

MODULES = ("Leads", "Contacts", "Accounts", "Vendors")
SHORTEST = 3
PAGE = 100
_RECORD = re.compile(r"\d{1,30}", re.ASCII)
_KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "people": {
        "name": (),
        "email": (),
        "company": ("name", "website"),
        "social": ("facebook", "linkedin", "twitter"),
    },
    "org": {"name": (), "email": (), "website": ()},
}


class _ScheduleRequest(ParsedRequest, kw_only=True):
    based_on: Mapping[str, Any]
    version: str
    ends: str | None = None


class Schedule(EnrichmentEndpoint):
    """``POST``: schedules a job."""

    method = "POST"
    where = "submit"

    async def read(self, request: Request) -> _ScheduleRequest:
        """Parse the values to enrich by, or refuse them."""
        module = request.query_params.get("module")
        if module is None:
            raise self.wrong("REQUIRED_PARAM_MISSING", {"param_name": "module"})
        if module not in MODULES:
            words = CODES["INVALID_MODULE"].message
            raise self._wrong_param("module", words)
        if not _RECORD.fullmatch(request.query_params.get("record_id", "1")):
            raise self._wrong_param("record_id", "the id given seems to be invalid")
        based_on = self._based_on(await request.body())
        self._check(based_on)
        people = self.jobs.kind == "people"
        identity = identity_of(based_on) if people else f"company {organization_of(based_on)}"
        return _ScheduleRequest(
            requested=[RequestedIdentity(identity, str(based_on))],
            based_on=based_on,
            version=request.path_params["version"],
        )

    def _wrong_param(self, name: str, words: str) -> Exception:
        return self.wrong("INVALID_DATA", {"param_name": name}, words, is_item=False)

    def _based_on(self, body: bytes) -> Mapping[str, Any]:
        try:
            items = msgspec.json.decode(body)[self.name]
        except (msgspec.DecodeError, KeyError, TypeError):
            details = {"api_name": self.name, "json_path": f"$.{self.name}"}
            raise self.wrong("MANDATORY_NOT_FOUND", details, is_item=False) from None
        if not isinstance(items, list) or len(items) != 1:
            where = {"api_name": self.name, "json_path": f"$.{self.name}"}
            raise self.wrong("INVALID_DATA", {"maximum_length": 1, **where}, is_item=False)
        based_on = items[0].get("enrich_based_on") if isinstance(items[0], dict) else None
        if not isinstance(based_on, dict):
            raise self.wrong("MANDATORY_NOT_FOUND", self.location_of("enrich_based_on"))
        return based_on

    def _check(self, based_on: Mapping[str, Any]) -> None:
        known = _KEYS[self.jobs.kind]
        for key, value in based_on.items():
            if key not in known:
                raise self._invalid("enrich_based_on", key)
            if known[key]:
                self._check_parts(key, value)
            else:
                self._check_text(value, "enrich_based_on", key)
        if not based_on:
            fields = [self.location_of("enrich_based_on", key) for key in known]
            raise self.wrong("EXPECTED_FIELD_MISSING", {"expected_fields": fields})
        self._check_dependents(based_on)

    def _check_parts(self, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise self._invalid("enrich_based_on", key, kind="jsonobject")
        for part, text in value.items():
            if part not in _KEYS[self.jobs.kind][key]:
                raise self._invalid("enrich_based_on", key, part)
            self._check_text(text, "enrich_based_on", key, part)

    def _check_text(self, value: Any, *keys: str) -> None:
        is_text = isinstance(value, str)
        if not is_text or len(value) < SHORTEST or not value.isascii():
            raise self._invalid(*keys, kind="text")

    def _check_dependents(self, based_on: Mapping[str, Any]) -> None:
        if self.jobs.kind != "people":
            return
        for given, missing in (("name", "company"), ("company", "name")):
            if based_on.get(given) and not based_on.get(missing):
                dependee = self.location_of("enrich_based_on", given)
                details = {
                    "dependee": dependee,
                    **self.location_of("enrich_based_on", missing),
                }
                raise self.wrong("DEPENDENT_FIELD_MISSING", details)

    def _invalid(self, *keys: str, kind: str = "text") -> Exception:
        details = {"expected_data_type": kind, **self.location_of(*keys)}
        return self.wrong("INVALID_DATA", details)

    def answer(self, parsed: _ScheduleRequest) -> VendorAnswer:
        """Schedule the job and charge one enrichment."""
        if not self.account.pay(1):
            raise self.refuse("out_of_credits")
        job = self.jobs.start(parsed.based_on, parsed.version, parsed.ends)
        self.world.ledger.charge(self.vendor, self.path, parsed.requested[0].identity, 1.0)
        kind = "People" if self.jobs.kind == "people" else "Org"
        scheduled = {
            "code": "SCHEDULED",
            "details": {"id": job.id},
            "message": f"{kind} Enrichment scheduled successfully",
            "status": "success",
        }
        return VendorAnswer(body={self.name: [scheduled]}, status=202)

    def _apply_fault(self, parsed: ParsedRequest, fault: Fault, logged: LoggedRequest) -> Response:
        if ends := fault.options.get("status"):
            parsed = msgspec.structs.replace(parsed, ends=ends)
            return self._response(self._charge_and_answer(parsed))
        return super()._apply_fault(parsed, fault, logged)


class _JobsRequest(ParsedRequest, kw_only=True):
    jobs: list[ZohoJob]
    page: int = 1
    size: int = PAGE


class ListJobs(EnrichmentEndpoint):
    """``GET``: lists the jobs, in pages."""

    method = "GET"
    where = "list"

    async def read(self, request: Request) -> _JobsRequest:
        """Parse the filter, the order and the page."""
        given = request.query_params
        self._check(given, "sort_by", ("created_time",))
        self._check(given, "sort_order", ("asc", "desc"))
        self._check(given, "status", STATUSES)
        page, size = (
            self._number(given, "page", 1, 10**9),
            self._number(given, "per_page", PAGE, PAGE),
        )
        status, made = given.get("status"), self.jobs.made
        jobs = [job for job in made if job.status == status] if status else made
        return _JobsRequest(
            jobs=jobs if given.get("sort_order") == "asc" else jobs[::-1],
            page=page,
            size=size,
        )

    def _check(self, given: Mapping[str, str], name: str, values: tuple[str, ...]) -> None:
        if given.get(name, values[0]) not in values:
            details = {"param": name, "supported_values": list(values)}
            raise self.wrong("INVALID_DATA", details, f"{name} value invalid", is_item=False)

    def _number(self, given: Mapping[str, str], name: str, absent: int, most: int) -> int:
        text = given.get(name, str(absent))
        if not text.isdecimal() or not 1 <= int(text) <= most:
            details = {"param_name": name}
            raise self.wrong("INVALID_DATA", details, f"{name} value invalid", is_item=False)
        return int(text)

    def answer(self, parsed: _JobsRequest) -> VendorAnswer:
        """Return a page of jobs, or a 204 if it is empty."""
        start = (parsed.page - 1) * parsed.size
        shown = parsed.jobs[start : start + parsed.size]
        if not shown:
            return VendorAnswer(body=None, status=204)
        info = {
            "per_page": parsed.size,
            "count": len(shown),
            "page": parsed.page,
            "more_records": start + parsed.size < len(parsed.jobs),
        }
        return VendorAnswer(body={self.name: [job.listed() for job in shown], "info": info})

    def elements(self, body: Any) -> list[JsonObject] | None:
        """Return the jobs of a page."""
        found: list[JsonObject] | None = body[self.name] if body else None
        return found


class GetJob(ListJobs):
    """``GET …/{id}``: returns one job with its result."""

    suffix = "/{id}"
    where = "poll"

    async def read(self, request: Request) -> _JobsRequest:
        """Parse the id of the job."""
        job = self.jobs.find(request.path_params["id"])
        return _JobsRequest(jobs=[job] if job else [])

    def answer(self, parsed: _JobsRequest) -> VendorAnswer:
        """Return the job, or a 204 if it does not exist."""
        if not parsed.jobs:
            return VendorAnswer(body=None, status=204)
        return VendorAnswer(body={self.name: [parsed.jobs[0].whole()]})


# -- Zoho CRM: access tokens, and the enrichment of people and organizations by jobs -------------


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
