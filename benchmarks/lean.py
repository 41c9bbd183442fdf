"""A server on loopback that uses next to no CPU, so that only the client is measured.

``python -m benchmarks.lean LATENCY`` answers Crustdata's current API from one template, LATENCY
seconds after each request. It prints its address and the time of each request. The emulators create
people and keep a ledger in Python on the same cores; this server replaces a name in 2 kB.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

TEMPLATE = Path(__file__).parent / "lean.json"
SLUG = "template-example"
REQUESTED_URL = re.compile(rb"linkedin\.com/in/([\w-]+)")


class Lean(asyncio.Protocol):
    """One connection with one request after the other."""

    def __init__(self, latency: float, template: bytes) -> None:
        self._latency, self._template, self._got = latency, template, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if found and len(body) >= int(length[1] if length else 0):
            self._got = b""
            print(time.monotonic(), flush=True)
            asyncio.get_running_loop().call_later(self._latency, self._answer, body)

    def _answer(self, body: bytes) -> None:
        people = (
            self._template.replace(SLUG.encode(), slug) for slug in REQUESTED_URL.findall(body)
        )
        answer = b"[" + b",".join(people) + b"]"
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}"
        self._transport.write(head.encode() + b"\r\nconnection: close\r\n\r\n" + answer)
        self._transport.close()


async def serve(latency: float) -> None:
    template = TEMPLATE.read_bytes().strip()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Lean(latency, template), "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


class Server(NamedTuple):
    """The address of the server and what it prints."""

    url: str
    output: IO[str]

    def arrival_times(self, count: int) -> list[float]:
        """Return the arrival times of this many requests."""
        return [float(self.output.readline()) for _ in range(count)]


@contextmanager
def running(latency: float) -> Iterator[Server]:
    """Run the server in its own process."""
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "benchmarks.lean", str(latency)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            yield Server(process.stdout.readline().strip(), process.stdout)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
