"""Importing costs little more than importing pandas: heavy modules are loaded when needed."""

import ast
import importlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import enrich_pandas as ep

OURS = ["", ".accessor", ".api", ".call", ".errors", ".options"]
# Modules of the standard library for networks and databases.
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
    return loaded_in(program)


def loaded_in(program: str) -> set[str]:
    """Return the modules that a program prints, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_import_and_completion_load_six_small_modules_only() -> None:
    look = "leads = pd.DataFrame(); dir(leads.enrich); repr(leads.enrich); leads.enrich.people"
    loaded = loaded_by(f"import enrich_pandas as ep; {look}; dir(ep); ep.people.__doc__")
    packages = {name for name in loaded if name.split(".")[0] not in sys.stdlib_module_names}
    assert packages == {f"enrich_pandas{name}" for name in OURS}
    assert not loaded & HEAVY


@pytest.mark.parametrize("command", ["", "people ", "report "])
def test_help_of_the_command_line_loads_no_pandas(command: str) -> None:
    program = f"""
        import json, sys
        sys.argv = ["/usr/bin/enrich-pandas", *"{command}--help".split()]
        from enrich_pandas.cli import app
        sys.stdout = sys.stderr
        try:
            app()
        except SystemExit as end:
            assert not end.code
        print(json.dumps(sorted(sys.modules)), file=sys.__stdout__)
    """
    loaded = loaded_in(program)
    assert "typer" in loaded
    assert not loaded & {"msgspec", "numpy", "pandas", "pyarrow", "sqlite3"}


@pytest.mark.parametrize("order", ["pandas, enrich_pandas", "enrich_pandas, pandas"])
def test_accessor_is_registered_in_either_import_order(order: str) -> None:
    program = f"""
        import {order}
        assert "enrich" in dir(pandas.DataFrame())
        print("[]")
    """
    assert not loaded_in(program)


def test_command_that_reads_a_table_registers_the_accessor() -> None:
    program = """
        import json, sys
        sys.argv = ["enrich-pandas.exe"]
        import enrich_pandas.cli
        before = set(sys.modules)
        import enrich_pandas.cli.tables, pandas
        assert "enrich" in dir(pandas.DataFrame())
        print(json.dumps(sorted(set(sys.modules) - before)))
    """
    assert "pandas" in loaded_in(program)


def test_only_the_table_of_invalid_rows_loads_pandera() -> None:
    code = """import enrich_pandas as ep
        frame = pd.DataFrame({"email": ["ada@example.com", "ada@", "n/a"]})
        with ep.sandbox():
            frame.enrich.people(ep.Crustdata(), progress=None)"""
    assert not any(name.split(".")[0] == "pandera" for name in loaded_by(code))
    assert "pandera" in loaded_by(code.replace("people(ep.Crustdata(), progress=None)", "plan()"))


def test_stub_has_the_public_names_and_their_modules() -> None:
    stub = ast.parse(Path(ep.__file__).with_suffix(".pyi").read_text("utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    found = {alias.asname: node.module for node in imports for alias in node.names}
    assert found == ep._MODULES


def test_public_names_are_loaded_where_the_table_says() -> None:
    for name, module in ep._MODULES.items():
        assert getattr(ep, name) is getattr(importlib.import_module(module), name)


def test_unknown_public_name_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'enrich_pandas' has no attribute 'peple'"):
        _ = ep.peple
