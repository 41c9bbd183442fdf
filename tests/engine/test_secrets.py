"""A key appears in the request only; a person appears in the journal and the frame only."""

import copy
import inspect
import logging
import pickle
import pydoc
import traceback
from contextlib import suppress

import pandas as pd
import pytest
import pytest_socket

import enrich_pandas as ep
from enrich_pandas.engine.context import Environment, use_environment
from enrich_pandas.models import Person
from enrich_pandas.providers.base import (
    Identity,
    Match,
    RateLimit,
    Request,
    Response,
    Secret,
    Status,
)
from tests.wire import reply, reset

KEY, WHO = "canary-key-0123456789", "canaryperson"
ANSWERS = {
    "nothing": reply(b"[]"),
    "unauthorized": reply(f'{{"error": "bad key of {WHO}"}}'.encode(), status="401 Unauthorized"),
    "quota": reply(b'{"error": "no credits"}', status="402 Payment Required"),
    "blamed": reply(f'{{"error": "invalid URL: {WHO}0"}}'.encode(), status="400 Bad Request"),
    "option": reply(
        f'{{"error": "no {WHO}0@example.com in fields"}}'.encode(), status="400 Bad Request"
    ),
    "failed": reply(f"<html>{WHO}</html>".encode(), status="500 Oops"),
    "reset": reset,
}


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("api", ["2025-11-01", "screener"])
@pytest.mark.parametrize("on", ["linkedin_url", "email"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_key_or_person_appears_anywhere(wire, caplog, tmp_path, answer, on, api):  # noqa: PLR0917 - fixtures
    caplog.set_level(logging.DEBUG)
    frame = pd.DataFrame(
        {
            "linkedin_url": [f"linkedin.com/in/{WHO}{n}" for n in range(3)],
            "email": [f"{WHO}{n}@example.com" for n in range(3)],
        }
    )
    environment = Environment(
        origins={"crustdata": wire.serve(ANSWERS[answer]).origin},
        secrets={"crustdata": {"api_key": Secret(KEY)}},
        journal=tmp_path / "journal.sqlite",
        paid=False,
    )
    provider = ep.Crustdata(api=api, rate=RateLimit(1000, 1))
    errors = []
    with use_environment(environment):
        handle = frame.enrich.people(provider, on={on: on}, progress=None, wait=False)
        try:
            handle.wait()
        except ep.EnrichError as error:
            errors = list(chain(error))
    seen = [caplog.text, repr(handle), repr(handle._runner.snapshot()), *map(str, errors)]
    seen += [repr(thing) for thing in (provider, handle._runner._work, *errors)]
    seen += [path.name for path in tmp_path.rglob("*")]
    assert WHO not in "".join(seen)
    rendered = [traceback.TracebackException.from_exception(e, capture_locals=True) for e in errors]
    seen += ["".join(one.format()) for one in rendered]
    assert KEY not in "".join(seen)
    assert KEY.encode() not in (tmp_path / "journal.sqlite").read_bytes()


def looks(thing):
    yield lambda: repr(thing)
    yield lambda: dir(thing)
    yield lambda: copy.copy(thing)
    yield lambda: pickle.dumps(thing)
    yield lambda: inspect.getmembers(thing)
    yield lambda: pydoc.render_doc(thing)
    yield lambda: [hasattr(thing, name) for name in dir(thing)]


def test_introspection_never_spends(tmp_path):
    frame = pd.DataFrame({"email": ["ada@example.com"]})
    things = [ep, frame.enrich, ep.Crustdata(), *(getattr(ep, name) for name in ep.__all__)]
    pytest_socket.disable_socket()
    try:
        for look in (look for thing in things for look in looks(thing)):
            with suppress(
                TypeError, AttributeError, pickle.PicklingError
            ):  # objects that cannot be copied
                look()
    finally:
        pytest_socket.enable_socket()
    assert not list(tmp_path.iterdir())  # no journal has been opened


def test_provider_arguments_show_no_person_in_traceback():
    identity = Identity.of(email=f"{WHO}@example.com")
    handed = [
        identity,
        Request(method="POST", path="/people", json={"who": WHO}, identities=(identity,)),
        Response(status=200, body=WHO.encode()),
        Match(identity=identity, status=Status.MATCHED, model=Person(name=WHO)),
    ]
    assert [WHO in repr(one) for one in handed] == [False] * 4
