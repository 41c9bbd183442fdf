"""The sandbox's seam: what a vendor's file writes, and the course that every request takes.

An endpoint says how it reads a request, what it answers and what that costs, and how it words a
refusal. Keys, credits, rate limits, the ledger and the faults are the same for all and live here.
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

from enrich_pandas.emulators.account import Ledger, LoggedRequest, VendorAccount
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
from enrich_pandas.emulators.protocol import KEY, Fault, RequestedIdentity, SandboxOptions
from enrich_pandas.emulators.wire import DroppedResponse


class World:
    """What all vendors share."""

    def __init__(self, options: SandboxOptions) -> None:
        self.options = options
        self.people = People(misses=options.misses, seed=options.seed, table=options.people)
        self.companies = Companies(misses=options.misses, seed=options.seed)
        self.ledger = Ledger()
        self.faults = FaultQueue()
        self.queued: dict[str, float] = {}  # when somebody was first asked for
        self._gate = asyncio.Semaphore(options.connections) if options.connections else None

    def account(self) -> VendorAccount:
        """Open an account with a vendor."""
        return VendorAccount(credits=self.options.credits, rate=self.options.rate)

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[None]:
        """Wait for one of the vendor's connections, then for its latency."""
        if self._gate is None:
            await asyncio.sleep(self.options.latency)
            yield
        else:
            async with self._gate:
                await asyncio.sleep(self.options.latency)
                yield


class RefusedRequest(Exception):  # noqa: N818 - an answer in the vendor's words, not an error of ours
    """The request is refused; nothing is charged."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class ParsedRequest(msgspec.Struct, kw_only=True):
    """What a request asks for; an endpoint adds its own options."""

    asked: Sequence[RequestedIdentity] = ()
    about: Sequence[
        RequestedIdentity
    ] = ()  # whom it concerns and does not ask for anew: those of a job


class VendorAnswer(msgspec.Struct, kw_only=True):
    """What a vendor answers, and what it charges for whom."""

    body: Any
    status: int = 200
    charges: Sequence[tuple[str, float]] = ()
    headers: Mapping[str, str] = {}
    is_unfinished: bool = False  # a job's answer that has no list yet

    @property
    def credits(self) -> float:
        """What the whole answer costs."""
        return sum(amount for _, amount in self.charges)


class EmulatedEndpoint(ABC):
    """One endpoint of one vendor."""

    vendor: ClassVar[str]
    path: ClassVar[str]
    method: ClassVar[str]
    where: ClassVar[str]
    scheme: ClassVar[str]  # of the Authorization header
    refusals: ClassVar[Mapping[str, tuple[int, str]]]  # kind: status, message; {} is what about
    drifts: ClassVar[Mapping[str, Any]] = {}
    name_path: ClassVar[str] = ""  # where an element's person or company has its name

    def __init__(self, world: World, account: VendorAccount) -> None:
        self.world = world
        self.account = account

    @abstractmethod
    async def read(self, request: Request) -> Any:
        """Return the `ParsedRequest` in a request, or raise `RefusedRequest`."""

    @abstractmethod
    def answer(self, order: Any) -> VendorAnswer:
        """Answer an order; what it costs is charged by the caller."""

    @abstractmethod
    def error(self, kind: str, message: str) -> Any:
        """Return the body of a refusal, in the vendor's shape."""

    def is_authorized(self, request: Request) -> bool:
        """Tell whether a request is signed as the vendor wants it."""
        return request.headers.get("authorization") == f"{self.scheme} {KEY}"

    def headers(self, spent: float) -> dict[str, str]:
        """Return the headers of every answer."""
        return {}

    def elements(self, body: Any) -> list[JsonObject] | None:
        """Return the list in a body, of people or of companies, or None where there is none."""
        return body if isinstance(body, list) else None

    def alien(self) -> JsonObject:
        """Return the element of somebody, or of a company, that was not asked for."""
        raise NotImplementedError(f"{self.path} answers with no list of people.")

    def person_in(self, element: JsonObject) -> JsonObject | None:
        """Return the person or company of an element, or None where nobody was found."""
        return None

    @property
    def route(self) -> Route:
        """Where the endpoint is served."""
        return Route(self.path, self.handle, methods=[self.method])

    async def handle(self, request: Request) -> Response:
        """Take a request from its arrival to its answer, and write both down."""
        visit = self.world.ledger.visit(self.vendor, request.method, request.url.path)
        async with self.world.attended():
            try:
                response = await self._serve(request, visit)
            except RefusedRequest as refusal:
                response = refusal.response
        visit.status = None if isinstance(response, DroppedResponse) else response.status_code
        return response

    async def _serve(self, request: Request, visit: LoggedRequest) -> Response:
        if fault := self.world.faults.take_early(self.vendor, self.where):
            visit.fault = fault.name
            early = EarlyFaults(request, partial(self._read, request, visit), fault.options)
            struck: Response | None = await apply_fault(early, fault)
            if struck is not None:
                return struck
        return await self._read(request, visit)

    async def _read(self, request: Request, visit: LoggedRequest) -> Response:
        if not self.is_authorized(request):
            raise self.refuse("unauthorized")
        if not self.account.admit():
            raise self.refuse("rate_limited")
        order = await self.read(request)
        visit.identities = len(order.asked)
        concerned = order.asked or order.about
        if fault := self.world.faults.take(self.vendor, self.where, concerned):
            visit.fault = fault.name
            return self._struck(order, fault, visit)
        return self._rendered(self._accepted(order))

    def _struck(self, order: ParsedRequest, fault: Fault, visit: LoggedRequest) -> Response:
        if fault.name in fault_names(BeforeFaults):
            target = fault.target(order.asked or order.about)
            refused: Response = apply_fault(BeforeFaults(self, target, fault.options), fault)
            return refused
        answer = self._accepted(order)
        if fault.name in fault_names(ListFaults):
            if (elements := self.elements(answer.body)) is not None:
                elements[:] = apply_fault(ListFaults(self, elements), fault)
            elif answer.is_unfinished:  # there is no list to strike yet
                visit.fault = None
                fault.times = None if fault.times is None else fault.times + 1
            return self._rendered(answer)
        spoilt: Response = apply_fault(
            AfterFaults(self, self._rendered(answer), fault.options, fault.struck), fault
        )
        return spoilt

    def _accepted(self, order: ParsedRequest) -> VendorAnswer:
        answer = self.answer(order)
        if not self.account.pay(answer.credits):
            raise self.refuse("out_of_credits")
        for identity, amount in answer.charges:
            self.world.ledger.charge(self.vendor, self.path, identity, amount)
        return answer

    def _rendered(self, answer: VendorAnswer) -> Response:
        headers = {**self.headers(answer.credits), **answer.headers}
        return rendered(answer.body, answer.status, headers)

    def refuse(self, kind: str, about: str = "") -> RefusedRequest:
        """Make the refusal to raise."""
        return RefusedRequest(self.refusal(kind, about))

    def refusal(self, kind: str, about: str = "") -> Response:
        """Return a refusal in the vendor's own words."""
        status, message = self.refusals[kind]
        body = self.error(kind, message.replace("{}", about).rstrip(": "))
        return rendered(body, status, self.headers(0.0))


def rendered(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a JSON response."""
    content = b"" if body is None else msgspec.json.encode(body)
    return Response(content, status, headers, "application/json")
