"""Interpreter options change nothing: no result depends on assertions, hashes or umask."""

import os
import stat
import subprocess
import sys

import pytest

# The script raises by itself, because -O removes assertions.
SCRIPT = """
import hashlib, os, stat, sys
import pandas as pd
import enrich_pandas as ep

def check(holds, what):
    if not holds:
        sys.exit(what)

home = sys.argv[1]
check(sys.flags.optimize == int(sys.argv[2]), "the interpreter has no such option")
os.umask(int(sys.argv[3], 8))
leads = pd.DataFrame({
    "LinkedIn": [f"linkedin.com/in/p{n % 40}-example" for n in range(60)] + ["n/a", None],
    "note": range(62),
})
providers = [ep.Crustdata(), ep.Crustdata(api="screener"), ep.Amplemarket(), ep.Zoho()]
with ep.sandbox(misses=0.2, journal=home + "/made/journal.sqlite") as box:
    for vendor in ("crustdata", "amplemarket", "zoho"):
        box.fault(vendor, "submit", "wrong_type", only="p7-")
        box.fault(vendor, "submit", "drop_after_accept", only="p9-")
    for provider in providers:
        frame = leads.head(8) if provider.name == "zoho" else leads
        found = ep.people(frame, provider, progress=None)
        check(len(found) == len(frame), "rows were lost")
        again = ep.people(frame, provider, progress=None)
        check(found.equals(again), "what is stored is another answer")
        stable = found.drop(columns="person_fetched_at")
        print(provider.name, hashlib.sha256(stable.to_csv().encode()).hexdigest())
    runs, spent = ep.runs(), box.ledger["credits"].sum()
    reported, held = runs["credits"].sum(), runs["credits_held"].sum()
    check(0 < reported <= spent <= reported + held, "the books do not agree")
    try:
        ep.people(leads.assign(person_name="mine"), progress=None)
    except ep.InputError:
        pass
    else:
        sys.exit("a taken name was let pass")
"""


@pytest.fixture
def ran(tmp_path):
    """Return the output of the script under some options, and the modes of its files."""

    def run(name, options, umask, seed):
        home = tmp_path / name
        home.mkdir()
        level = len(options)
        done = subprocess.run(
            [sys.executable, *options, "-c", SCRIPT, str(home), str(level), umask],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        made = [home / "made", *(home / "made").rglob("*")]
        return done.stdout, {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made}

    return run


def test_results_do_not_depend_on_interpreter_options(ran):
    usual, others = ran("usual", [], "022", "1")
    assert usual.count("\n") == 4
    assert others == {0}
    assert ran("bare", ["-O"], "000", "2") == (usual, {0})
