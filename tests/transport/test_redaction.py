"""No credential is stored, neither by its name nor by its value."""

import json

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.providers.base import Request, Secret
from enrich_pandas.transport import Transport, redaction

KEY = "canary/key+0123456789"


@pytest.mark.parametrize(
    "spelled", [KEY, f"Bearer {KEY}", KEY.replace("/", r"\/"), "canary%2Fkey%2B0123456789"]
)
def test_credential_in_an_answer_is_masked_on_arrival(wire, spelled):
    body = b'{"you sent": "' + spelled.encode() + b'", "n": 1.0}'
    server = wire.serve(wire.reply(body, f"X-Echo: {spelled}"))
    transport = Transport(server.origin, sign=lambda: {"Authorization": Secret(f"Bearer {KEY}")})
    exchange = transport.send(Request(method="GET", path="/a"))
    assert json.loads(exchange.body)["you sent"].endswith("***")
    assert spelled.split()[-1] not in str(dict(exchange.headers))
    assert exchange.body.endswith(b'"n": 1.0}')


@pytest.mark.parametrize(
    ("text", "blanked"),
    [
        (b'{"Access-Token" : "a\\"b", "x": 1.0}', b'{"Access-Token" : "***", "x": 1.0}'),
        (b'[{"api_key": "abc"', b'[{"api_key": "***"'),
        (b'{"refresh_token": "cut', b'{"refresh_token": "***"'),
        (b'{"tokens": "abc", "next_token": "abc"}', b'{"tokens": "abc", "next_token": "abc"}'),
        (b"a=1&client_secret=abc", b"a=1&client_secret=***"),
        (b"", b""),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_value_under_a_credential_name_is_masked(text, blanked):
    assert redaction.redact_body(text) == blanked


def test_cassette_contains_no_credential(wire, tmp_path, monkeypatch):
    person = {"name": "Ada", "echo": KEY, "access_token": "of-another-kind", "token": "xyz"}
    match = {"confidence_score": 1.0, "person_data": {"basic_profile": person}}
    url = "https://www.linkedin.com/in/ada-example"
    body = json.dumps([{"matched_on": url, "matches": [match]}]).encode()
    server = wire.serve(wire.reply(body, "Set-Cookie: session=abc", f"X-Seen: {KEY}"))
    journal, path = tmp_path / "journal.sqlite", tmp_path / "report.yaml"
    environment = Environment(origins={"crustdata": server.origin}, journal=journal, paid=False)
    monkeypatch.setenv("CRUSTDATA_API_KEY", KEY)
    frame = pd.DataFrame({"LinkedIn": [url]})
    with use_environment(environment), ep.replay(path, mode="once"):
        before = ep.people(frame, progress=None)
    text = path.read_text()
    for secret in (KEY, "canary", "of-another-kind", "xyz", "session=abc", "uthorization"):
        assert secret not in text
    assert KEY.encode() not in journal.read_bytes()
    with ep.replay(path):
        assert ep.people(frame, progress=None).equals(before)
    assert len(server.requests) == 1
