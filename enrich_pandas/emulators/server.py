"""The server of a sandbox: one port per vendor, on the loopback interface only.

With a port per vendor, each base address is a plain origin, as in production. The control
endpoints under ``/__sandbox__/`` answer on every port.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from enrich_pandas.emulators import amplemarket, crustdata, zoho
from enrich_pandas.emulators.account import CONTROL, HOST, Fault, SandboxOptions, VendorAccount
from enrich_pandas.emulators.vendor import EmulatedEndpoint, World, json_response

VENDORS: Mapping[str, Callable[[World, VendorAccount], list[EmulatedEndpoint]]] = {
    "crustdata": crustdata.endpoints,
    "amplemarket": amplemarket.endpoints,
    "zoho": zoho.endpoints,
}
_fault = msgspec.json.Decoder(Fault)
_TICK = 0.1  # seconds between checks of `should_exit`, as in uvicorn


class Sockets(dict[str, socket.socket]):
    """One listening socket per vendor, by the vendor's name."""

    @classmethod
    def bound(cls, port: int = 0) -> "Sockets":
        """Bind the sockets to ``port`` and the ports after it, or to free ports if it is 0.

        They listen at once, so a client can connect before the server runs.
        """
        sockets = cls()
        for position, vendor in enumerate(VENDORS):
            sockets[vendor] = socket.create_server((HOST, port and port + position), backlog=2048)
            # Accepted sockets inherit this. Without it, an answer in two parts takes 40 ms more.
            sockets[vendor].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sockets

    @property
    def urls(self) -> dict[str, str]:
        """The base address of each vendor."""
        return {vendor: f"http://{HOST}:{_port(one)}" for vendor, one in self.items()}


class Server(uvicorn.Server):
    """The server of one sandbox. It runs until ``should_exit`` is set."""

    def __init__(self, options: SandboxOptions, sockets: Sockets) -> None:
        self._sockets = sockets
        self._stopped = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(
            uvicorn.Config(
                TrustedHostMiddleware(_Dispatcher(World(options), sockets), [HOST, "localhost"]),
                http=_Protocol,
                loop="asyncio",
                lifespan="off",
                ws="none",
                interface="asgi3",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )

    def stop(self) -> None:
        """Stop serving, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._stopped.set)

    async def main_loop(self) -> None:
        """Serve until `should_exit` is set. `stop` ends the loop without waiting for a tick."""
        self._loop, ticks = asyncio.get_running_loop(), 0
        while not await self.on_tick(ticks):
            ticks += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close idle connections at once, and others as uvicorn does, which waits for them."""
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)  # closed connections leave the list
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)

    def serve_until_exit(self) -> None:
        """Serve on the bound sockets in this thread."""
        self.run(list(self._sockets.values()))


class _Protocol(H11Protocol):
    """HTTP that passes the connection to the application, for the faults that break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Dispatcher:
    """Pass a request to the vendor of its port, or to the control endpoints."""

    def __init__(self, world: World, sockets: Sockets) -> None:
        endpoints = {vendor: make(world, world.account()) for vendor, make in VENDORS.items()}
        world.faults.places = {
            (vendor, one.where) for vendor, own in endpoints.items() for one in own
        }
        self._control = _control(world, sockets.urls)
        self._vendors: dict[int, ASGIApp] = {
            _port(sockets[vendor]): Starlette(routes=[one.route for one in own])
            for vendor, own in endpoints.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_control = scope["path"].startswith(CONTROL)
        app = self._control if is_control else self._vendors[scope["server"][1]]
        await app(scope, receive, send)


def _control(world: World, urls: Mapping[str, str]) -> ASGIApp:
    """Return the application with the endpoints that `Sandbox` calls."""

    def show(value: Callable[[], Any]) -> Callable[[Request], Response]:
        return lambda _: json_response(value())

    async def add_fault(request: Request) -> Response:
        fault = _fault.decode(await request.body())
        try:
            world.faults.add(fault)
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        return json_response({})

    return Starlette(
        routes=[
            Route(f"{CONTROL}/urls", show(lambda: urls)),
            Route(f"{CONTROL}/ledger", show(lambda: world.ledger.charges)),
            Route(f"{CONTROL}/requests", show(lambda: world.ledger.requests)),
            Route(f"{CONTROL}/faults", add_fault, methods=["POST"]),
        ]
    )


def _port(sock: socket.socket) -> int:
    port: int = sock.getsockname()[1]
    return port
