"""Looking never spends: no socket, no request, no byte of the journal, whatever looks at what."""

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
    """Everything public, and one of each of what calls give; in a sandbox with answers in it."""
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
    # Like IPython, which shows a class by its repr.
    "html": lambda thing: isinstance(thing, type) or getattr(thing, "_repr_html_", str)(),
    "dir": dir,
    "hasattr": lambda thing: [hasattr(thing, name) for name in (*dir(thing), "no_such_name")],
    "members": methods,
    "help": lambda thing: pydoc.render_doc(thing, renderer=pydoc.plaintext),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
}


def test_two_hundred_ways_to_look_cost_nothing(things):
    things, box, home = things
    requests, charges, journal = len(box.requests), len(box.ledger), home.read_bytes()
    refusals, looks = [], 0
    shell = InteractiveShell()
    completer = IPCompleter(shell=shell, namespace=things, use_jedi=True)
    pytest_socket.disable_socket()
    try:
        for name, thing in things.items():
            # The sandbox's ledger is the server's: looking at it is asking, on loopback.
            names = [one for one in LOOKS if name != "box" or one in ("repr", "dir", "html")]
            for look in names:
                try:
                    LOOKS[look](thing)
                except Exception as error:  # noqa: BLE001 - a refusal is judged below
                    refusals.append((look, name, error))
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
    assert {look for look, _, _ in refusals} <= {"copy", "deepcopy", "pickle"}, refusals
    told = [str(error) for _, name, error in refusals if name == "handle"]
    assert len(told) == 3
    assert all("ep.run(" in one for one in told)
    for _, _, error in refusals:
        assert not isinstance(error, pytest_socket.SocketBlockedError)
        assert KEY not in f"{error!r}"
        assert str(error)
    assert (len(box.requests), len(box.ledger)) == (requests, charges)
    assert home.read_bytes() == journal
