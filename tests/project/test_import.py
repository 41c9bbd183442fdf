"""Importing costs little more than importing pandas: what is heavy is loaded when first needed."""

import json
import subprocess
import sys
import textwrap

OURS = ["", ".accessor", ".errors", ".functions", ".options", ".run"]
# Of the standard library, which pandas brings in parts: what talks to networks and databases.
HEAVY = {"asyncio", "email", "http", "multiprocessing", "sqlite3", "ssl", "urllib.request"}


def loaded_by(code: str) -> set[str]:
    """Return the modules that code loads in a fresh interpreter, beyond those of pandas."""
    program = f"""
        import json, sys
        import pandas as pd
        before = set(sys.modules)
        {code}
        print(json.dumps(sorted(set(sys.modules) - before)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_completing_and_showing_load_six_small_modules_and_no_other_package() -> None:
    look = "leads = pd.DataFrame(); dir(leads.enrich); repr(leads.enrich); leads.enrich.people"
    loaded = loaded_by(f"import enrich_pandas as ep; {look}; dir(ep); ep.people.__doc__")
    packages = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names}
    assert packages == {f"enrich_pandas{name}" for name in OURS}
    assert not loaded & HEAVY


def test_a_run_over_cells_that_are_wrong_loads_pandera_only_for_the_table_of_them() -> None:
    code = """import enrich_pandas as ep
        frame = pd.DataFrame({"email": ["ada@example.com", "ada@", "n/a"]})
        with ep.sandbox():
            frame.enrich.people(ep.Crustdata(), progress=None)"""
    assert not any(name.split(".")[0] == "pandera" for name in loaded_by(code))
    assert "pandera" in loaded_by(code.replace("people(ep.Crustdata(), progress=None)", "plan()"))
