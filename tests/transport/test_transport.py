import gzip
import http.client
import itertools
import json
import logging
import os
import re
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import vcr

from enrich_pandas.errors import ConfigurationError
from enrich_pandas.providers.base import Request, Secret
from enrich_pandas.transport import Exchange, Transport, connection as connections
from enrich_pandas.transport.connection import Phase
from tests.canaries import unwatched

CANARY = "canary-key-5f1e"
PERSON = "canary.person@example.com"
PEOPLE = json.dumps([{"name": f"Person {n}", "email": f"p{n}@example.com"} for n in range(3)])
BODY = PEOPLE.encode()
BILLED = Request(method="GET", path="/enrich", params={"email": PERSON}, billed=True, credits=3)
POLL = Request(method="GET", path="/jobs/1")


def sign() -> dict[str, Secret]:
    return {"Authorization": Secret(f"Bearer {CANARY}")}


def ask(server: Any, request: Request = BILLED, **options: Any) -> Exchange:
    transport = Transport(server.origin, sign=sign, **options)
    try:
        return transport.send(request)
    finally:
        transport.close()


# A plain answer


def test_answer_is_returned_unchanged(wire: Any) -> None:
    exchange = ask(wire.serve(wire.reply(BODY, "X-Odd: Yes")))
    assert (exchange.phase, exchange.status, exchange.body) == (Phase.BODY, 200, BODY)
    assert exchange.headers["x-odd"] == "Yes"
    assert exchange.error == ""


def test_request_is_signed_tagged_and_uncached(wire: Any) -> None:
    server = wire.serve(wire.reply())
    request = Request(
        method="POST",
        path="/people",
        params={"page": "2"},
        json={"name": "Ada"},
        headers={"X-Extra": "1"},
        billed=True,
    )
    ask(server, request, user_agent="tests/1")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /people?page=2 HTTP/1.1"
    assert json.loads(body) == {"name": "Ada"}
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert re.fullmatch("[0-9a-f]{32}", headers.pop("X-Request-Id"))
    assert headers == {
        "Host": server.origin.removeprefix("http://"),
        "User-Agent": "tests/1",
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "Cache-Control": "no-store",
        "Connection": "close",
        "X-Extra": "1",
        "Content-Type": "application/json",
        "Content-Length": "15",
        "Authorization": f"Bearer {CANARY}",
    }


def test_every_request_has_a_distinct_id(wire: Any) -> None:
    server = wire.serve(wire.reply())
    transport = Transport(server.origin, sign=sign)
    for _ in range(3):
        transport.send(POLL)
    transport.close()
    assert len(set(re.findall(rb"X-Request-Id: (\w+)", b"".join(server.requests)))) == 3


def test_repeated_headers_are_joined(wire: Any) -> None:
    exchange = ask(wire.serve(wire.reply(b"[]", "Retry-After: 1", "Retry-After: 60")))
    assert exchange.headers["retry-after"] == "1, 60"


def test_chunks_of_one_byte_are_joined(wire: Any) -> None:
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY) + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = ask(wire.serve(head + chunks))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY)


@pytest.mark.parametrize("status", ["204 No Content", "202 Accepted"])
def test_missing_body_is_complete(wire: Any, status: str) -> None:
    exchange = ask(wire.serve(wire.reply(b"", status=status)))
    assert (exchange.phase, exchange.body) == (Phase.BODY, b"")


# One origin


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("request_", [BILLED, POLL], ids=["billed", "unbilled"])
def test_redirect_is_not_followed(wire: Any, status: int, request_: Request) -> None:
    elsewhere = wire.serve(wire.reply())
    server = wire.serve(
        wire.reply(b"", f"Location: {elsewhere.origin}/steal", status=f"{status} Moved")
    )
    exchange = ask(server, request_)
    assert (exchange.status, exchange.phase) == (status, Phase.BODY)
    assert len(server.requests) == 1
    assert elsewhere.connections == 0


def test_request_to_another_origin_is_refused(wire: Any) -> None:
    server, elsewhere = wire.serve(wire.reply()), wire.serve(wire.reply())
    host = elsewhere.origin.removeprefix("http:")
    for path in (host, elsewhere.origin, f"/..{host}", f"@{host.strip('/')}/", f"\\\\{host}"):
        with pytest.raises(ConfigurationError):
            ask(server, Request(method="GET", path=path))
    assert server.connections == elsewhere.connections == 0


def test_netrc_proxies_and_bundles_of_environment_are_ignored(
    wire: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = wire.serve(wire.reply()), wire.serve(wire.reply())
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\ndefault login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy.origin)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing"))
    transport = Transport(server.origin, sign=dict)
    assert transport.send(BILLED).status == 200
    assert proxy.connections == 0
    assert b"authorization" not in server.requests[0].lower()


def test_cookie_is_not_kept(wire: Any) -> None:
    server = wire.serve(wire.reply(b"[]", "Set-Cookie: session=1; Path=/"))
    transport = Transport(server.origin, sign=sign)
    for _ in range(2):
        transport.send(POLL)
    transport.close()
    assert b"cookie" not in server.requests[1].lower()


# Connections


def test_billed_request_uses_a_new_connection(wire: Any) -> None:
    server = wire.serve(wire.reply())
    transport = Transport(server.origin, sign=sign)
    for request in (POLL, BILLED, POLL, BILLED):
        assert transport.send(request).status == 200
    transport.close()
    assert server.connections == 3
    assert [b"Connection: close" in request for request in server.requests] == [0, 1, 0, 1]


def test_unbilled_requests_keep_one_connection_per_thread(wire: Any) -> None:
    server = wire.serve(wire.reply())
    transport = Transport(server.origin, sign=sign)

    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        for _ in range(5):
            assert transport.send(POLL).status == 200
        together.wait()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    transport.close()
    assert (server.connections, len(server.requests)) == (3, 15)


def test_forked_child_does_not_use_parent_connections(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = wire.serve(wire.reply())
    transport = Transport(server.origin, sign=sign)
    transport.send(POLL)
    monkeypatch.setattr(os, "getpid", lambda: -1)
    transport.send(POLL)
    transport.close()
    assert server.connections == 2


def test_broken_connection_is_replaced(wire: Any) -> None:
    def once(connection: socket.socket) -> None:
        connection.sendall(wire.reply())
        connection.close()

    server = wire.serve(once)
    transport = Transport(server.origin, sign=sign)
    exchanges = [transport.send(POLL) for _ in range(4)]
    transport.close()
    assert sum(exchange.status == 200 for exchange in exchanges) >= 2
    assert all(exchange.error in ("", "reset") for exchange in exchanges)


# Errors before an answer


def test_closed_port_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    exchange = Transport(f"http://127.0.0.1:{port}", sign=sign).send(BILLED)
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "refused")


@pytest.mark.parametrize("request_", [BILLED, POLL], ids=["billed", "unbilled"])
def test_withheld_request_sends_no_byte(wire: Any, request_: Request) -> None:
    server = wire.serve(wire.reply())
    exchange = Transport(server.origin, sign=sign).send(request_, may_send=lambda: False)
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "withheld")
    assert not server.requests


def test_may_send_is_called_after_connecting(wire: Any) -> None:
    server = wire.serve(wire.reply())
    transport, asked = Transport(server.origin, sign=sign), []

    def look() -> bool:
        asked.append(1)
        while server.connections < len(asked):  # else it waits until the test times out
            time.sleep(0.001)
        assert not server.requests[len(asked) - 1 :]
        return True

    assert [transport.send(one, may_send=look).status for one in (BILLED, POLL)] == [200, 200]
    assert asked == [1, 1]


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        (socket.gaierror(-2, "unknown"), "dns"),
        (TimeoutError(), "connect_timeout"),
        (OSError(101, "no route"), "unreachable"),
        (ConnectionResetError(), "reset"),
    ],
)
def test_connection_error_is_not_sent(
    wire: Any, monkeypatch: pytest.MonkeyPatch, trouble: Exception, word: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise trouble

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    exchange = ask(wire.serve(wire.reply()))
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, word)


def test_connect_timeout_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        queued = [socket.socket() for _ in range(3)]
        for one in queued:
            one.setblocking(False)
            one.connect_ex(address)
        exchange = Transport(f"http://127.0.0.1:{address[1]}", sign=sign, deadline=0.3).send(BILLED)
        for one in queued:
            one.close()
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "connect_timeout")


def test_reset_after_the_request_is_sent(wire: Any) -> None:
    server = wire.serve(wire.reset)
    exchange = ask(server)
    assert (exchange.phase, exchange.error, exchange.status) == (Phase.SENT, "reset", 0)
    assert len(server.requests) == 1


def test_hang_up_without_answer_is_sent(wire: Any) -> None:
    exchange = ask(wire.serve(wire.hang_up))
    assert (exchange.phase, exchange.error) == (Phase.SENT, "reset")


def test_failed_first_write_is_not_sent(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> int:
        raise ConnectionResetError

    monkeypatch.setattr(socket.socket, "send", broken)
    server = wire.serve(wire.reply())
    exchange = ask(server, deadline=30.0)
    assert exchange.phase is Phase.CONNECT
    assert server.requests == []


def test_failed_second_write_is_sent(wire: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = socket.socket.send, itertools.count()

    def broken(self: socket.socket, data: bytes) -> int:
        if next(count):
            raise ConnectionResetError
        return real(self, data)

    monkeypatch.setattr(socket.socket, "send", broken)
    exchange = ask(
        wire.serve(wire.reply()),
        Request(method="POST", path="/people", json={"name": "Ada"}, billed=True),
        deadline=30.0,
    )
    assert exchange.phase is Phase.SENT


def test_invalid_http_is_a_protocol_error(wire: Any) -> None:
    exchange = ask(wire.serve(b"220 mail.example ESMTP\r\n"))
    assert (exchange.phase, exchange.error) == (Phase.SENT, "protocol")


@pytest.mark.parametrize("headers", [["X: " + "x" * 100_000], [f"X{n}: y" for n in range(10_000)]])
def test_oversized_headers_are_a_protocol_error(wire: Any, headers: list[str]) -> None:
    exchange = ask(wire.serve(wire.reply(b"[]", *headers)))
    assert (exchange.phase, exchange.error) == (Phase.SENT, "protocol")


# The deadline


# These servers never finish: a call that returns has met its deadline. The deadline grows until the
# server has had the time to send its part.
DEADLINES = (0.4, 4.0, 30.0)
LATE = 1.0  # seconds after a deadline, on an idle machine


def drip(server: Any, connection: socket.socket, data: bytes, every: float) -> None:
    for byte in itertools.cycle(data):
        connection.sendall(bytes([byte]))
        if server().wait(every):
            return


def answer_without_end(server: Callable[[], Any], where: str) -> Callable[[socket.socket], None]:
    """Return a script that sends, or stays silent, as long as the client listens."""
    head = b"HTTP/1.1 200 OK\r\n"

    def answer(connection: socket.socket) -> None:
        if where == "headers":
            connection.sendall(head)
            drip(server, connection, b"X-Drip: ", 0.05)
        elif where == "body":
            connection.sendall(head + b"Content-Length: 999999\r\n\r\n")
            drip(server, connection, b"[", 0.05)
        elif where == "chunks":
            connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
            drip(server, connection, b"1\r\n[\r\n", 0.02)
        elif where == "continue":
            while not server().wait(0.01):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        elif where == "flood":
            connection.sendall(head + b"Content-Length: 999999999999\r\n\r\n")
            while not server().wait(0.001):
                connection.sendall(b" " * 1000)
        server().wait(60)

    return answer


WHERE = ["headers", "body", "chunks", "silence", "continue", "flood"]


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("request_", [BILLED, POLL], ids=["billed", "unbilled"])
def test_slow_answer_ends_at_the_deadline(wire: Any, where: str, request_: Request) -> None:
    server = wire.serve(answer_without_end(lambda: server, where))
    reached_body = where in ("body", "chunks", "flood")
    phase = Phase.HEADERS if reached_body else Phase.SENT
    for tries, deadline in enumerate(DEADLINES, 1):
        start = time.monotonic()
        exchange = ask(server, request_, deadline=deadline)
        assert time.monotonic() - start > 0.75 * deadline
        assert exchange.error == "deadline"
        assert len(server.requests) <= tries
        if exchange.phase is phase and bool(exchange.body) is reached_body:
            return
    pytest.fail(f"{exchange.phase}, {exchange.body!r}")


@pytest.mark.slow  # a busy machine can be later
@pytest.mark.parametrize("where", WHERE)
def test_deadline_is_met_within_a_second(wire: Any, where: str) -> None:
    server = wire.serve(answer_without_end(lambda: server, where))
    start = time.monotonic()
    assert ask(server, deadline=DEADLINES[0]).error == "deadline"
    assert time.monotonic() - start < DEADLINES[0] + LATE


def test_slow_reading_server_ends_at_the_deadline() -> None:
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def sip() -> None:
        connection, _ = listener.accept()
        with connection:
            while not over.wait(0.5):  # the whole body would take more than an hour
                connection.recv(2**12)

    threading.Thread(target=sip, daemon=True).start()
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    large = Request(method="POST", path="/a", json="x" * 2**26, billed=True)
    exchange = Transport(origin, sign=sign, deadline=0.4).send(large)
    over.set()
    listener.close()
    assert (exchange.phase, exchange.error) == (Phase.SENT, "deadline")


# Truncated bodies


@pytest.mark.parametrize("ending", ["hang_up", "reset"])
def test_truncated_body_keeps_the_received_bytes(wire: Any, ending: str) -> None:
    cuts = iter(range(len(BODY)))

    def answer(connection: socket.socket) -> None:
        connection.sendall(wire.reply(BODY[: next(cuts)], length=len(BODY)))
        time.sleep(0.002 if ending == "reset" else 0)  # an RST discards unread bytes
        getattr(wire, ending)(connection)

    server = wire.serve(answer)
    transport = Transport(server.origin, sign=sign)
    for cut in range(len(BODY)):
        exchange = transport.send(BILLED)
        if ending == "hang_up":
            assert (exchange.phase, exchange.error) == (Phase.HEADERS, "incomplete")
            assert exchange.body == BODY[:cut]
        else:
            assert exchange.phase in (Phase.SENT, Phase.HEADERS)
            assert BODY.startswith(exchange.body)
            assert exchange.error == "reset"
    assert len(server.requests) == len(BODY)


def test_truncated_chunked_body_is_incomplete(wire: Any) -> None:
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:40], BODY[40:]))
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    cuts = iter(range(len(chunked)))

    def answer(connection: socket.socket) -> None:
        connection.sendall(head + chunked[: next(cuts)])
        wire.hang_up(connection)

    transport = Transport(wire.serve(answer).origin, sign=sign)
    for _ in chunked:
        exchange = transport.send(BILLED)
        assert (exchange.phase, exchange.error) == (Phase.HEADERS, "incomplete")
        assert BODY.startswith(exchange.body)


def test_body_that_ends_with_connection_is_complete(wire: Any) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        wire.hang_up(connection)

    exchange = ask(wire.serve(answer))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY)


def test_bytes_after_content_length_are_ignored(wire: Any) -> None:
    exchange = ask(wire.serve(wire.reply(BODY, length=10)))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY[:10])


# Gzip


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip"])
def test_gzip_is_decoded(wire: Any, encoding: str) -> None:
    packed = gzip.compress(BODY)
    exchange = ask(wire.serve(wire.reply(packed, f"Content-Encoding: {encoding}")))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY)


def test_gzip_with_several_members_is_decoded(wire: Any) -> None:
    packed = gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])
    exchange = ask(wire.serve(wire.reply(packed, "Content-Encoding: gzip")))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "gzip, gzip"])
def test_body_with_wrong_encoding_header_is_kept(wire: Any, encoding: str) -> None:
    exchange = ask(wire.serve(wire.reply(BODY, f"Content-Encoding: {encoding}")))
    assert (exchange.phase, exchange.body) == (Phase.BODY, BODY)


def test_truncated_gzip_keeps_the_decodable_part(wire: Any) -> None:
    packed = gzip.compress(BODY)
    cuts = iter(range(1, len(packed)))
    server = wire.serve(
        lambda c: c.sendall(wire.reply(packed[: next(cuts)], "Content-Encoding: gzip"))
    )
    transport = Transport(server.origin, sign=sign)
    for _ in range(1, len(packed)):
        exchange = transport.send(BILLED)
        assert (exchange.phase, exchange.error) == (Phase.HEADERS, "incomplete")
        assert BODY.startswith(exchange.body)
    assert exchange.body == BODY  # only the checksum is missing


def test_damaged_gzip_is_a_protocol_error(wire: Any) -> None:
    packed = bytearray(gzip.compress(BODY, mtime=0))
    packed[-6] ^= 0xFF  # the checksum
    exchange = ask(wire.serve(wire.reply(bytes(packed), "Content-Encoding: gzip")))
    assert (exchange.phase, exchange.error) == (Phase.HEADERS, "protocol")
    assert BODY.startswith(exchange.body)


def test_compression_bomb_uses_bounded_memory(wire: Any) -> None:
    bomb = gzip.compress(b" " * 2**26)  # 64 MiB in 64 KiB
    server = wire.serve(wire.reply(bomb, "Content-Encoding: gzip"))
    ask(server)  # imports and caches
    cap = 2**20
    tracemalloc.start()
    exchange = ask(server, max_bytes=cap)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (exchange.phase, exchange.error) == (Phase.HEADERS, "too_large")
    assert exchange.body == b" " * cap
    assert peak < 2 * cap


def test_body_of_maximum_size_is_accepted(wire: Any) -> None:
    server = wire.serve(wire.reply(BODY))
    assert ask(server, max_bytes=len(BODY)).error == ""
    assert ask(server, max_bytes=len(BODY) - 1).error == "too_large"


# One request per send


@pytest.mark.parametrize("fault", ["reset", "hang_up", "503", "429", "truncated", "silence"])
@pytest.mark.parametrize("request_", [BILLED, POLL], ids=["billed", "unbilled"])
def test_one_send_is_one_request(wire: Any, fault: str, request_: Request) -> None:
    def answer(connection: socket.socket) -> None:
        if fault in ("reset", "hang_up"):
            getattr(wire, fault)(connection)
        elif fault == "silence":
            server.wait(5)
        elif fault == "truncated":
            connection.sendall(wire.reply(BODY, length=10_000))
            wire.hang_up(connection)
        else:
            connection.sendall(wire.reply(b"{}", "Retry-After: 0", status=f"{fault} No"))

    server = wire.serve(answer)
    ask(server, request_, deadline=1.0 if fault == "silence" else 30.0)
    until = time.monotonic() + 60
    while not server.requests and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.05)
    assert (len(server.requests), server.connections) == (1, 1)


# Secrets and people


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("fault", ["", "reset", "bad headers", "gzip"])
def test_keys_and_people_are_not_shown(
    wire: Any,
    log: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    def answer(connection: socket.socket) -> None:
        if fault == "reset":
            wire.reset(connection)
        extra = {"bad headers": "odd line without a colon", "gzip": "Content-Encoding: gzip"}
        connection.sendall(wire.reply(f'["{PERSON}"]'.encode(), *filter(None, [extra.get(fault)])))

    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    transport = Transport(wire.serve(answer).origin, sign=sign)
    shown = [repr(transport)]
    for request in (BILLED, POLL):
        exchange = transport.send(request)
        shown += [repr(request), repr(exchange), str(exchange)]
    transport.close()
    shown += [log.text, *capfd.readouterr()]
    assert not [text for text in shown if CANARY in text or PERSON in text or "%40" in text]


def test_other_logs_of_urllib3_are_kept(log: pytest.LogCaptureFixture) -> None:
    with connections.start_call(1):
        logging.getLogger("urllib3.connectionpool").debug("ours")
        thread = threading.Thread(
            target=logging.getLogger("urllib3.connectionpool").debug, args=("theirs",)
        )
        thread.start()
        thread.join()
    logging.getLogger("urllib3.connectionpool").debug("later")
    assert [record.message for record in log.records] == ["theirs", "later"]


@pytest.mark.parametrize("odd", ["\n", "\r\n", "\x00", "é", "\ud800", "", " \t"])
def test_key_invalid_in_a_header_is_refused(wire: Any, odd: str) -> None:
    server = wire.serve(wire.reply())
    key = Secret(CANARY + odd if odd else "")
    transport = Transport(server.origin, sign=lambda: {"X-Key": key})
    with pytest.raises(ConfigurationError, match="X-Key") as refusal:
        transport.send(BILLED)
    assert CANARY not in "".join(traceback.format_exception(refusal.value))
    assert server.connections == 0


def test_defect_is_raised_without_frames_with_the_key(
    wire: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr(connections.ActiveCall, "take", broken)
    with pytest.raises(RuntimeError, match="defect") as defect:
        ask(wire.serve(wire.reply()))
    shown = traceback.TracebackException.from_exception(defect.value, capture_locals=True)
    assert CANARY not in "".join(shown.format())
    assert "urllib3" not in "".join(shown.format())


# TLS


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(connections, "tls_context", lambda: context)
    return certificate


def test_untrusted_certificate_is_refused_before_sending(
    wire: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = wire.serve(wire.reply(), server_context(certificate))
    exchange = ask(server)
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "certificate")
    assert server.requests == []


def test_certificate_of_another_host_is_refused(wire: Any, trusted: Path) -> None:
    server = wire.serve(wire.reply(), server_context(trusted))
    server.origin = server.origin.replace("localhost", "127.0.0.1")
    exchange = ask(server)
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "certificate")
    assert server.requests == []


def test_server_without_tls_receives_nothing(wire: Any) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(wire.reply())

    server = wire.serve(answer)
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    threading.Thread(target=talk, daemon=True).start()
    server.origin = f"https://127.0.0.1:{listener.getsockname()[1]}"
    exchange = ask(server)
    listener.close()
    assert (exchange.phase, exchange.error) == (Phase.CONNECT, "tls")


def test_tls_carries_requests_and_keeps_unbilled_connections(wire: Any, trusted: Path) -> None:
    server = wire.serve(wire.reply(BODY), server_context(trusted))
    transport = Transport(server.origin, sign=sign)
    exchanges = [transport.send(request) for request in (POLL, POLL, BILLED)]
    transport.close()
    assert [exchange.body for exchange in exchanges] == [BODY] * 3
    assert server.connections == 2


def test_deadline_applies_under_tls(wire: Any, trusted: Path) -> None:
    server = wire.serve(answer_without_end(lambda: server, "body"), server_context(trusted))
    for deadline in DEADLINES:
        exchange = ask(server, deadline=deadline)
        if exchange.phase is Phase.HEADERS and exchange.body:
            break
    assert (exchange.phase, exchange.error) == (Phase.HEADERS, "deadline")
    assert set(exchange.body) == set(b"[")


# Vcrpy


@pytest.mark.parametrize("encoding", ["", "Content-Encoding: gzip"])
def test_vcrpy_records_and_replays_the_client(wire: Any, tmp_path: Path, encoding: str) -> None:
    cassette = str(tmp_path / "cassette.yaml")
    body = gzip.compress(BODY) if encoding else BODY
    server = wire.serve(wire.reply(body, *filter(None, [encoding])))
    requests = (BILLED, POLL, Request(method="POST", path="/jobs", json={"a": 1}, billed=True))
    match_on = ("method", "uri", "body")
    with (
        unwatched("vcr"),
        vcr.use_cassette(
            cassette, record_mode="once", match_on=match_on, filter_headers=["authorization"]
        ),
    ):
        recorded = [ask(server, request) for request in requests]
    server.close()
    with unwatched("vcr"), vcr.use_cassette(cassette, record_mode="none", match_on=match_on):
        transport = Transport(server.origin, sign=sign)
        replayed = [transport.send(request) for request in requests]
    assert [exchange.body for exchange in recorded] == [BODY] * 3
    assert [exchange.body for exchange in replayed] == [BODY] * 3
    assert all(exchange.phase is Phase.BODY for exchange in replayed)
    assert len(server.requests) == 3
    assert CANARY not in Path(cassette).read_text()


def test_request_missing_in_vcrpy_cassette_raises(wire: Any, tmp_path: Path) -> None:
    server = wire.serve(wire.reply())
    with (
        vcr.use_cassette(str(tmp_path / "empty.yaml"), record_mode="none"),
        pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException),
    ):
        ask(server)
    assert server.requests == []
