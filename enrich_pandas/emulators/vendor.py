"""The base class of all emulated endpoints, and the steps that every request takes.

An endpoint parses a request, answers it, prices the answer and words its refusals. Keys, credits,
rate limits, the ledger and the faults are the same for all vendors, and are handled here.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from enrich_pandas.emulators.account import (
    KEY,
    Fault,
    Ledger,
    LoggedRequest,
    RequestedIdentity,
    SandboxOptions,
    VendorAccount,
)
from enrich_pandas.emulators.companies import Companies
from enrich_pandas.emulators.faults import (
    AfterFaults,
    BeforeFaults,
    EarlyFaults,
    FaultQueue,
    JsonObject,
    ListFaults,
    apply_fault,
    fault_names,
)
from enrich_pandas.emulators.people import People
from enrich_pandas.emulators.wire import DroppedResponse


class World:
    """The state that all vendors share: people, companies, ledger and faults."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.people: People = People(misses=options.misses, seed=options.seed, table=options.people)
        self.companies: Companies = Companies(misses=options.misses, seed=options.seed)
        self.ledger: Ledger = Ledger()
        self.faults: FaultQueue = FaultQueue()
        self.queued: dict[str, float] = {}  # identity: the time of its first request
        self._gate = asyncio.Semaphore(options.connections) if options.connections else None

    def account(self) -> VendorAccount:
        """Return a new account at a vendor."""
        return VendorAccount(credits=self.options.credits, rate=self.options.rate)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        """Wait for a free connection, then for the latency."""
        if self._gate is None:
            await asyncio.sleep(self.options.latency)
            yield
        else:
            async with self._gate:
                await asyncio.sleep(self.options.latency)
                yield


class RefusedRequest(Exception):  # noqa: N818 - a vendor's answer, not an error of this package
    """The vendor refuses the request; nothing is charged."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class ParsedRequest(msgspec.Struct, kw_only=True):
    """A parsed request. Each endpoint adds its own options.

    ``requested`` are the people or companies that the request asks for. ``job_members`` are those
    of the job that it reads or cancels.
    """

    requested: Sequence[RequestedIdentity] = ()
    job_members: Sequence[RequestedIdentity] = ()


class VendorAnswer(msgspec.Struct, kw_only=True):
    """An answer, and what it charges: pairs of an identity and its credits."""

    body: Any
    status: int = 200
    charges: Sequence[tuple[str, float]] = ()
    headers: Mapping[str, str] = {}
    is_unfinished: bool = False  # a job that has no results yet

    @property
    def credits(self) -> float:
        """The credits of the whole answer."""
        return sum(amount for _, amount in self.charges)


class EmulatedEndpoint(ABC):
    """One endpoint of one vendor."""

    vendor: ClassVar[str]
    path: ClassVar[str]
    method: ClassVar[str]
    where: ClassVar[str]
    scheme: ClassVar[str]  # of the Authorization header
    # Kind of refusal: HTTP status and message, in which {} is the text that is refused.
    refusals: ClassVar[Mapping[str, tuple[int, str]]]
    drifts: ClassVar[Mapping[str, Any]] = {}  # path in an element: a value of another type
    name_path: ClassVar[str] = ""  # path of the name of an element's person or company

    def __init__(self, world: World, account: VendorAccount) -> None:
        self.world = world
        self.account = account

    @abstractmethod
    async def read(self, request: Request) -> Any:
        """Parse a request to a `ParsedRequest`, or raise `RefusedRequest`."""

    @abstractmethod
    def answer(self, parsed: Any) -> VendorAnswer:
        """Return the answer to a parsed request. The caller charges it."""

    @abstractmethod
    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal, in the vendor's shape."""

    def is_authorized(self, request: Request) -> bool:
        """Return whether a request has the right key in the vendor's scheme."""
        return request.headers.get("authorization") == f"{self.scheme} {KEY}"

    def headers(self, spent: float) -> dict[str, str]:
        """Return the headers of every answer."""
        return {}

    def elements(self, body: Any) -> list[JsonObject] | None:
        """Return the list of people or companies in a body, or None if there is none."""
        return body if isinstance(body, list) else None

    def alien(self) -> JsonObject:
        """Return the element of a person or company that was not requested."""
        raise NotImplementedError(f"{self.path} answers with no list of people.")

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person or company of an element, or None for a miss."""
        return None

    @property
    def route(self) -> Route:
        """The route of the endpoint."""
        return Route(self.path, self.handle, methods=[self.method])

    async def handle(self, request: Request) -> Response:
        """Answer a request, and log both in the ledger."""
        logged = self.world.ledger.log_request(self.vendor, request.method, request.url.path)
        async with self.world.connection():
            try:
                response = await self._serve(request, logged)
            except RefusedRequest as refusal:
                response = refusal.response
        logged.status = None if isinstance(response, DroppedResponse) else response.status_code
        return response

    async def _serve(self, request: Request, logged: LoggedRequest) -> Response:
        if fault := self.world.faults.take_early(self.vendor, self.where):
            logged.fault = fault.name
            early = EarlyFaults(request, partial(self._read, request, logged), fault.options)
            faulty: Response | None = await apply_fault(early, fault)
            if faulty is not None:
                return faulty
        return await self._read(request, logged)

    async def _read(self, request: Request, logged: LoggedRequest) -> Response:
        if not self.is_authorized(request):
            raise self.refuse("unauthorized")
        if not self.account.admit():
            raise self.refuse("rate_limited")
        parsed = await self.read(request)
        logged.identities = len(parsed.requested)
        concerned = parsed.requested or parsed.job_members
        if fault := self.world.faults.take(self.vendor, self.where, concerned):
            logged.fault = fault.name
            return self._apply_fault(parsed, fault, logged)
        return self._response(self._charge_and_answer(parsed))

    def _apply_fault(self, parsed: ParsedRequest, fault: Fault, logged: LoggedRequest) -> Response:
        if fault.name in fault_names(BeforeFaults):
            target = fault.target(parsed.requested or parsed.job_members)
            refused: Response = apply_fault(BeforeFaults(self, target, fault.options), fault)
            return refused
        answer = self._charge_and_answer(parsed)
        if fault.name in fault_names(ListFaults):
            if (elements := self.elements(answer.body)) is not None:
                elements[:] = apply_fault(ListFaults(self, elements), fault)
            elif answer.is_unfinished:  # there is no list yet, so the fault stays in the queue
                logged.fault = None
                fault.times = None if fault.times is None else fault.times + 1
            return self._response(answer)
        faulty: Response = apply_fault(
            AfterFaults(self, self._response(answer), fault.options, fault.applied),
            fault,
        )
        return faulty

    def _charge_and_answer(self, parsed: ParsedRequest) -> VendorAnswer:
        answer = self.answer(parsed)
        if not self.account.pay(answer.credits):
            raise self.refuse("out_of_credits")
        for identity, amount in answer.charges:
            self.world.ledger.charge(self.vendor, self.path, identity, amount)
        return answer

    def _response(self, answer: VendorAnswer) -> Response:
        headers = {**self.headers(answer.credits), **answer.headers}
        return json_response(answer.body, answer.status, headers)

    def refuse(self, kind: str, detail: str = "") -> RefusedRequest:
        """Return the exception of a refusal."""
        return RefusedRequest(self.refusal(kind, detail))

    def refusal(self, kind: str, detail: str = "") -> Response:
        """Return the response of a refusal, in the vendor's words."""
        status, message = self.refusals[kind]
        body = self.error(kind, message.replace("{}", detail).rstrip(": "))
        return json_response(body, status, self.headers(0.0))


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response; a body of None is empty."""
    content = b"" if body is None else msgspec.json.encode(body)
    return Response(content, status, headers, "application/json")
