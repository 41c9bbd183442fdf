"""A scripted server on plain sockets that records the requests."""

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Script = Callable[[socket.socket], None]


def reply(
    body: bytes = b"[]", *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    head = [
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


class Server:
    """Passes every request to a script and closes the connection after it."""

    def __init__(self, script: Script, context: ssl.SSLContext | None = None) -> None:
        self.script, self.context = script, context
        self.requests: list[bytes] = []
        self.connections = 0
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"{'https' if context else 'http'}://localhost:{self.port}"
        if not context:
            self.origin = self.origin.replace("localhost", "127.0.0.1")
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait(self, seconds: float) -> bool:
        """Wait like a slow server; return True when the test is over."""
        return self._closing.wait(seconds)

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                while request := read_request(connection):
                    self.requests.append(request)
                    self.script(connection)


def read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (piece := connection.recv(65536)):
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")
    ]
    while lengths and len(body) < int(lengths[0]):
        if not (piece := connection.recv(65536)):
            return b""
        body += piece
    return head + b"\r\n\r\n" + body


def hang_up(connection: socket.socket) -> None:
    """Close the sending side in an orderly way: the client reads everything that was sent."""
    connection.shutdown(socket.SHUT_WR)


def reset(connection: socket.socket) -> None:
    """Break the connection with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Wire:
    """Starts servers, and builds their answers."""

    reply, hang_up, reset = staticmethod(reply), staticmethod(hang_up), staticmethod(reset)

    def __init__(self) -> None:
        self.servers: list[Server] = []

    def serve(self, answer: bytes | Script, context: ssl.SSLContext | None = None) -> Server:
        """Start a server with the same answer for every request, or with a script."""
        script = answer if callable(answer) else lambda connection: connection.sendall(answer)
        self.servers.append(Server(script, context))
        return self.servers[-1]


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    for server in wire.servers:
        server.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a self-signed certificate for localhost, with its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    try:
        subprocess.run(
            [*command.split(), "-keyout", str(path), "-out", str(path) + ".crt"],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl, which creates the certificate, is not installed")
    with path.open("ab") as file:
        file.write(Path(str(path) + ".crt").read_bytes())
    return path
