"""Inspecting objects opens no socket, sends no request and does not change the journal."""

import copy
import inspect
import pickle
import pydoc
from contextlib import suppress

import jedi
import pandas as pd
import pytest
import pytest_socket
from IPython.core.completer import IPCompleter, provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import enrich_pandas as ep

KEY = "canary-key-0123456789"
LEADS = pd.DataFrame({"LinkedIn": ["linkedin.com/in/ada-example", "linkedin.com/in/bob-example"]})


@pytest.fixture
def things(tmp_path):
    """Yield all public objects and one result of each kind of call, in a sandbox with answers."""
    home = tmp_path / "journal.sqlite"
    with ep.sandbox(misses=0, journal=home) as box:
        people = LEADS.enrich.people(progress=None, fields=["name"])
        handle = LEADS.enrich.people(progress=None, wait=False)
        handle.wait()
        things = {name: getattr(ep, name) for name in ep.__all__}
        things |= {
            "df": LEADS,
            "enriched": people,
            "enrich": LEADS.enrich,
            "crustdata": ep.Crustdata(api_key=KEY),
            "amplemarket": ep.Amplemarket(api_key=KEY),
            "zoho": ep.Zoho(client_secret=KEY),
            "directory": ep.Directory(people.assign(linkedin_url=LEADS["LinkedIn"])),
            "quote": LEADS.enrich.plan(),
            "quote_of_several": LEADS.enrich.plan(["crustdata", "amplemarket"]),
            "handle": handle,
            "past": ep.run(ep.runs()["run"][0]),
            "box": box,
        }
        yield things, box, home


def methods(thing) -> list:
    return [one for name, one in inspect.getmembers(thing) if not name.startswith("_")]


LOOKS = {
    "repr": repr,
    "html": lambda thing: None if inspect.isclass(thing) else getattr(thing, "_repr_html_", str)(),
    "dir": dir,
    "hasattr": lambda thing: [hasattr(thing, name) for name in (*dir(thing), "no_such_name")],
    "members": methods,
    "help": lambda thing: pydoc.render_doc(thing, renderer=pydoc.plaintext),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
}


def test_inspecting_public_objects_sends_nothing(things):
    things, box, home = things
    requests, charges, journal = len(box.requests), len(box.ledger), home.read_bytes()
    errors, looks = [], 0
    shell = InteractiveShell()
    completer = IPCompleter(shell=shell, namespace=things, use_jedi=True)
    pytest_socket.disable_socket()
    try:
        for name, thing in things.items():
            # The sandbox's ledger belongs to its server, so reading it is a request on loopback.
            names = [one for one in LOOKS if name != "box" or one in ("repr", "dir", "html")]
            for look in names:
                try:
                    LOOKS[look](thing)
                except Exception as error:  # noqa: BLE001 - errors are checked below
                    errors.append((look, name, error))
                looks += 1
            text = f"{name}."
            with provisionalcompleter():
                list(completer.completions(text, len(text)))
            with suppress(RecursionError):
                jedi.Interpreter(text, [things]).complete(1, len(text))
            looks += 2
    finally:
        pytest_socket.enable_socket()
    assert looks >= 200
    assert {look for look, _, _ in errors} <= {"copy", "deepcopy", "pickle"}, errors
    messages = [str(error) for _, name, error in errors if name == "handle"]
    assert len(messages) == 3
    assert all("ep.run(" in one for one in messages)
    for _, _, error in errors:
        assert not isinstance(error, pytest_socket.SocketBlockedError)
        assert KEY not in f"{error!r}"
        assert str(error)
    assert (len(box.requests), len(box.ledger)) == (requests, charges)
    assert home.read_bytes() == journal
