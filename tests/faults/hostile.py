"""Hostile URLs, and a listener that counts the clients that follow them."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

REDIRECTS = (301, 302, 303, 307, 308)
# ``{there}`` is a host and a port, ``{path}`` the expected path, ``{here}`` the origin.
FORMS = (
    "http://{there}{path}",
    "https://{there}{path}",
    "HTTP://{there}{path}",
    "//{there}{path}",
    "///{there}{path}",
    "/\\{there}{path}",
    "\\\\{there}{path}",
    "http:{there}{path}",
    "https:{there}{path}",
    "http:/{there}{path}",
    "http:\\\\{there}{path}",
    "http://{here}@{there}{path}",
    "http://{here}:80@{there}{path}",
    "http://{there}#@{here}{path}",
    "http://{there}\\@{here}{path}",
    "http://{there}?{here}{path}",
    "http://{here}.{there}{path}",
    "http://{there}%2f{path}",
)
# Spellings of this machine, where the second listener is, and hosts that must not be looked up.
HOSTS = (
    "127.0.0.1:{port}",
    "localhost:{port}",
    "[::1]:{port}",
    "[::ffff:127.0.0.1]:{port}",
    "127.1:{port}",
    "2130706433:{port}",
    "0x7f.1:{port}",
    "evil.example",
    "169.254.169.254",
    "api.crustdata.com.evil.example",
    "xn--pi-7lc.amplemarket.com",
)
ODD = (
    "file:///etc/passwd",
    "file://{there}{path}",
    "ftp://{there}{path}",
    "gopher://{there}/_GET",
    "ws://{there}{path}",
    "javascript:fetch('http://{there}')",
    "data:application/json,{{}}",
    "http://{here}.{path}",
    "http://{here}:1{path}",
    "https://{here}{path}",
    "/../../{there}{path}",
    "{path}/../../../admin",
    "{path}/%2e%2e/%2e%2e/admin",
    "{path}/..\\..\\admin",
    "{path};@{there}",
    "{path}%00.{there}",
    "http://{there}/" + "a" * 65_536,
    "{path}?" + "a" * 65_536,
    "",
    "/",
    "#",
    "?",
    "http://",
    "http://[",
    "http://[::1",
    "http://{there}:99999{path}",
)
# These are possible in a body, but not in a header.
IN_BODIES = (
    "http://{there}\r\nHost: {there}",
    "{path}\r\nX-Injected: 1",
    "{path}\r\n\r\nGET /admin HTTP/1.1",
    "{path}\x00",
    "\thttp://{there}{path}",
    " http://{there}{path}",
    "http://аpi.amplemarket.com{path}",  # noqa: RUF001 - a Cyrillic letter, as an attacker would
    "http://{there}\u2044{path}",
)


def addresses(here: str, there: int, path: str, *, in_body: bool = False) -> list[str]:
    """Return more than 200 distinct hostile URLs."""
    hosts = [host.format(port=there) for host in HOSTS]
    pairs = [*product(FORMS, hosts), *((odd, hosts[0]) for odd in (*ODD, *IN_BODIES * in_body))]
    filled = (form.format(here=here, there=host, path=path) for form, host in pairs)
    return list(dict.fromkeys(filled))


class Elsewhere:
    """Listens on one port of this machine by IPv4 and IPv6; counts connections and bytes."""

    def __init__(self) -> None:
        first = socket.create_server(("127.0.0.1", 0))
        self.port = first.getsockname()[1]
        self._listeners = [first]
        with contextlib.suppress(OSError):  # a machine without IPv6
            second = socket.create_server(("::1", self.port), family=socket.AF_INET6)
            self._listeners.append(second)
        self.visitors = self.bytes = 0
        for listener in self._listeners:
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()

    def _listen(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = listener.accept()
                self.visitors += 1
                with visitor:
                    self.bytes += len(visitor.recv(65_536))

    def close(self) -> None:
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    there = Elsewhere()
    try:
        yield there
    finally:
        there.close()
