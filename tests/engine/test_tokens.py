"""One renewal serves all workers and processes, and the token is stored encrypted only."""

import json
import socket
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from enrich_pandas.engine.credentials import Tokens
from enrich_pandas.errors import AuthenticationError, RateLimitError, UnavailableError
from enrich_pandas.providers.base import RateLimit, Renewal, Secret, Token
from enrich_pandas.providers.crustdata import Crustdata

FORM = {"refresh_token": Secret("lasting-secret"), "client_id": Secret("me")}


class Vendor(Crustdata):
    def token(self, response):
        said = response.json()
        if "access_token" not in said:
            raise AuthenticationError("It does not accept the key.")
        return Token(Secret(said["access_token"]), said["expires_in"])

    def auth(self, secrets):
        return {"Authorization": secrets["access_token"]}


@pytest.fixture
def issuer():
    """Issue token-1, token-2, …; record the forms."""

    class Handler(BaseHTTPRequestHandler):
        forms, answers = [], []

        def do_POST(self):
            self.forms.append(self.rfile.read(int(self.headers["content-length"])).decode())
            time.sleep(0.05)
            fresh = {"access_token": f"token-{len(self.forms)}", "expires_in": 3600}
            body = json.dumps(self.answers.pop() if self.answers else fresh).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        Handler.url = f"http://127.0.0.1:{server.server_port}"
        yield Handler
        server.shutdown()
        thread.join()


@pytest.fixture
def tokens(issuer, tmp_path):
    def make(clock=time.time, form=FORM, origin=None, limit=None):
        renewal = Renewal(origin="", path="/token", form=form, limit=limit)
        origin = origin or issuer.url
        return Tokens(Vendor(), {}, renewal, origin=origin, folder=tmp_path, clock=clock)

    return make


def signed(tokens):
    return tokens.sign()["Authorization"].reveal()


def test_one_renewal_serves_all_threads(tokens, issuer):
    shared, seen = tokens(), []
    threads = [threading.Thread(target=lambda: seen.append(signed(shared))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["token-1"] * 8
    assert issuer.forms == ["refresh_token=lasting-secret&client_id=me"]


def test_another_process_reads_the_token_file(tokens, issuer):
    assert [signed(tokens()) for _ in range(4)] == ["token-1"] * 4
    assert len(issuer.forms) == 1


def test_refused_token_is_replaced_once(tokens, issuer):
    one, other = tokens(), tokens()
    assert signed(one) == signed(other) == "token-1"
    one.renew()
    other.renew()
    assert signed(one) == signed(other) == "token-2"
    assert len(issuer.forms) == 2


def test_replacement_token_is_not_replaced_until_it_expires(tokens, issuer):
    now = [time.time()]
    mine = tokens(clock=lambda: now[0])
    signed(mine)
    assert mine.renew()
    assert signed(mine) == "token-2"
    assert not mine.renew()
    assert len(issuer.forms) == 2
    now[0] += 3600
    assert signed(mine) == "token-3"
    assert mine.renew()
    assert signed(mine) == "token-4"


def test_refused_workers_share_one_new_token(tokens, issuer):
    """The new token may have been used and refused before the second worker renews."""
    mine = tokens()
    signed(mine)
    with ThreadPoolExecutor(1) as other:
        other.submit(signed, mine).result()
        assert mine.renew()
        signed(mine)
        assert not mine.renew()
        assert other.submit(mine.renew).result()  # retry with the first worker's token
        other.submit(signed, mine).result()
        assert not other.submit(mine.renew).result()
    assert len(issuer.forms) == 2


def test_token_is_renewed_before_it_expires(tokens, issuer):
    now = [time.time()]
    mine = tokens(clock=lambda: now[0])
    signed(mine)
    now[0] += 3600 - 61
    assert signed(mine) == "token-1"
    now[0] += 2
    assert signed(mine) == "token-2"


def test_token_requests_stay_within_the_limit(tokens, issuer):
    now = [time.time()]
    mine = tokens(clock=lambda: now[0], limit=RateLimit(3, 600))
    for number in (1, 2, 3):
        assert signed(tokens(clock=lambda: now[0])) == f"token-{number}"
        mine = tokens(clock=lambda: now[0], limit=RateLimit(3, 600))
        signed(mine)
        if number < 3:
            mine.renew()
    with pytest.raises(RateLimitError, match="no new token for the next 605 seconds"):
        mine.renew()
    assert len(issuer.forms) == 3
    now[0] += 606
    mine.renew()
    assert signed(mine) == "token-4"


def test_unsent_token_request_is_not_counted(tokens):
    with socket.socket() as bound:  # bound, but not listening
        bound.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{bound.getsockname()[1]}"
        mine = tokens(origin=closed, limit=RateLimit(1, 600))
        for _ in range(3):
            with pytest.raises(UnavailableError, match="could not be reached"):
                mine.sign()


def test_token_file_is_encrypted_and_private(tokens, tmp_path):
    signed(tokens())
    (file,) = tmp_path.glob("*.token")
    assert b"token-1" not in file.read_bytes()
    assert b"lasting-secret" not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "token" not in repr(tokens()).replace("Tokens", "")


def test_other_credentials_cannot_read_the_token(tokens, issuer):
    signed(tokens())
    assert signed(tokens(form={**FORM, "client_id": Secret("you")})) == "token-2"


def test_damaged_token_file_is_replaced(tokens, tmp_path):
    signed(tokens())
    (file,) = tmp_path.glob("*.token")
    file.write_bytes(b"torn")
    assert signed(tokens()) == "token-2"


def test_token_refusal_raises_the_providers_error(tokens, issuer):
    issuer.answers.append({"error": "invalid_code"})
    with pytest.raises(AuthenticationError):
        signed(tokens())
    assert signed(tokens()) == "token-2"


def test_token_refusal_is_requested_once_per_run(tokens, issuer):
    issuer.answers.append({"error": "invalid_code"})
    mine = tokens()
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            signed(mine)
    assert signed(tokens()) == "token-2"


def test_set_back_clock_ignores_future_token_requests(tokens):
    now = [time.time()]
    mine = tokens(clock=lambda: now[0], limit=RateLimit(1, 600))
    assert signed(mine) == "token-1"
    now[0] -= 86_400
    mine.renew()
    assert signed(mine) == "token-2"


def test_unreachable_token_server_raises_unavailable(tokens):
    with pytest.raises(UnavailableError, match="could not be reached for a new token"):
        signed(tokens(origin="http://127.0.0.1:9"))
