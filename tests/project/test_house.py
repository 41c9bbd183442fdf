"""The rules of CONTRIBUTING.md that a machine can hold."""

import ast
import graphlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

import enrich_pandas as ep
from enrich_pandas.emulators.account import KEY

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "enrich_pandas"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST = 600
# Longer than that, each because it is one table that is best read in one piece.
TABLES: dict[str, str] = {}

VAGUE = re.compile(r"(^|_)(utils?|helpers?|managers?|core|common|misc)(_|$)", re.IGNORECASE)

# Not after a slash: that would be the user of a URL.
EMAIL = re.compile(r"(?<![/\w.+-])[\w.+-]+@((?:[\w-]+\.)+[\w-]{2,})")
RESERVED = re.compile(r"(^|\.)(example\.(com|org|net)|example|test|invalid|localhost)$")

KEY_SHAPES = re.compile(
    r"(?i:\b(?:bearer|token|basic)\s+(?=\S*\d)[\w.~+/=-]{8,})"  # an Authorization header's value
    r"|(?i:[\"']?(?:api[_-]?key|refresh[_-]?token|client[_-]?secret)[\"']?\s*[:=]\s*[\"']?[\w.-]{8,})"
    r"|\b[0-9a-fA-F]{32,}\b"  # a hexadecimal key
    r"|\beyJ[\w-]{10,}\.[\w-]+"  # a JSON web token
    r"|\b(?:sk|pk|key)[-_][A-Za-z0-9]{16,}"
)


def lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def within(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_a_module_has_fewer_than_600_lines() -> None:
    long = {within(path): lines(path) for path in MODULES if lines(path) >= LONGEST}
    assert long.keys() == TABLES.keys()


def names(path: Path) -> Iterator[str]:
    """Yield the name of a module, and of every function and class in it."""
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def test_nothing_has_a_name_that_says_nothing() -> None:
    vague = {(within(path), name) for path in MODULES for name in names(path) if VAGUE.search(name)}
    assert not vague


def test_public_names_are_sorted_and_equal_dir() -> None:
    assert ep.__all__ == sorted(ep.__all__)
    assert [name for name in dir(ep) if not name.startswith("_")] == ep.__all__


def test_every_public_name_has_a_docstring() -> None:
    assert not [name for name in ep.__all__ if not getattr(ep, name).__doc__]


def test_notebooks_hold_no_outputs() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        notebook = json.loads(path.read_text("utf-8"))
        assert "widgets" not in notebook["metadata"], path.name
        for cell in notebook["cells"]:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None, path.name


def texts(*folders: str) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".ipynb", ".csv", ".yaml", ".json", ".md"}:
                yield path, path.read_text("utf-8")


def test_every_email_address_is_in_a_reserved_domain() -> None:
    real = {
        (within(path), found[0])
        for path, text in texts("cassettes", "tests", "notebooks", "enrich_pandas")
        for found in EMAIL.finditer(text)
        if not RESERVED.search(found[1].lower())
    }
    assert not real


def test_cassettes_hold_nothing_shaped_like_a_key() -> None:
    keys = {
        (within(path), found[0])
        for path, text in texts("cassettes")
        for found in KEY_SHAPES.finditer(text)
    }
    assert not keys


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer 0a1b2c3d4e5f",
        "Authorization: [Token abcdefgh12345678]",
        '{"refresh_token": "1000.abcdefgh"}',
        "api_key=abcdefgh",
        "0123456789abcdef0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0",
    ],
)
def test_key_shapes_are_recognised(line: str) -> None:
    assert KEY_SHAPES.search(line)


def command(heading: str) -> list[str]:
    """Return the lines of the first code block under a heading of the README."""
    section = (ROOT / "README.md").read_text("utf-8").split(f"\n## {heading}\n")[1]
    return section.split("```")[1].splitlines()[1:]


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_a_command_of_the_readme_is_one_line(heading: str) -> None:
    (line,) = command(heading)
    assert line.startswith("python3 -m venv .venv && ")


def test_the_readmes_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"notebooks/images/[\w-]+\.png", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    assert all((ROOT / picture).stat().st_size < 150_000 for picture in pictures)


CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
# From the highest to the lowest. The packages of a layer are independent of each other behind "|".
LAYERS = CONTRACTS["contracts"][0]["layers"]


def members(layer: str) -> list[str]:
    return re.findall(r"\w+", layer)


# A module, a statement that it must not contain, and the contract that the statement breaks.
BREACHES = [
    ("engine/sender.py", "import requests", "Only transport imports an HTTP library"),
    ("providers/zoho/oauth.py", "import urllib3", "Only transport imports an HTTP library"),
    ("api.py", "from urllib3.util import Retry", "Only transport imports an HTTP library"),
    ("errors.py", "import requests.adapters", "Only transport imports an HTTP library"),
    ("engine/plan.py", "import sqlite3", "Only the journal imports sqlite3"),
    ("doctor/live.py", "from sqlite3 import connect", "Only the journal imports sqlite3"),
    ("engine/plan.py", "import pandas", "The engine, the journal, transport and providers"),
    *(
        (module, f"import enrich_pandas.{members(upper)[0]}", "Layers:")
        for upper, lower in pairwise(LAYERS)
        for module in members(lower)[:1]
    ),
    *(
        (first, f"import enrich_pandas.{second}", "Layers:")
        for layer in LAYERS
        if "|" in layer
        for first, second in pairwise(members(layer))
    ),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the package with its contracts."""
    folder = tmp_path_factory.mktemp("contracts")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "enrich_pandas", ignore=ignored)
    account = folder / "enrich_pandas/emulators/account.py"  # a watched run finds its key in files
    account.write_text(account.read_text("utf-8").replace(KEY, "made up"), "utf-8")
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def contracts(folder: Path) -> SimpleNamespace:
    """Check the contracts of a copy of the package."""
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    return SimpleNamespace(code=done.returncode, broken=broken, output=done.stdout + done.stderr)


def test_package_keeps_its_contracts(scratch: Path) -> None:
    found = contracts(scratch)
    assert (found.code, found.broken) == (0, []), found.output


@pytest.mark.parametrize(("module", "statement", "contract"), BREACHES)
def test_contract_is_broken_by_a_forbidden_import(
    scratch: Path, module: str, statement: str, contract: str
) -> None:
    path = scratch / "enrich_pandas" / module
    if not path.suffix:
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    before = path.read_text("utf-8")
    path.write_text(f"{before}\n\ndef late() -> None:\n    {statement}\n", "utf-8")
    try:
        found = contracts(scratch)
    finally:
        path.write_text(before, "utf-8")
    assert found.code != 0
    assert any(line.startswith(contract) for line in found.broken), found.output


def test_contract_is_broken_by_a_module_without_a_layer(scratch: Path) -> None:
    path = scratch / "enrich_pandas" / "loose.py"
    path.write_text("", "utf-8")
    try:
        found = contracts(scratch)
    finally:
        path.unlink()
    assert found.code != 0
    assert "loose" in found.output


SQL = re.compile(
    r"\s*(?:SELECT\s.*\sFROM\s|INSERT\s+(?:OR\s+\w+\s+)?INTO\s|UPDATE\s.*\sSET\s|DELETE\s+FROM\s"
    r"|(?:CREATE|DROP|ALTER)\s+(?:TABLE|VIEW|INDEX|TRIGGER)\s|PRAGMA\s+\w|BEGIN\s+IMMEDIATE)",
    re.DOTALL,
)


def statements(source: str) -> list[str]:
    """Return the SQL statements in the strings of a module, docstrings excepted."""
    tree = ast.parse(source)
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, documented)
    }
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    strings = (text for text in texts if isinstance(text, str) and text not in docstrings)
    return [text for text in strings if SQL.match(text)]


@pytest.mark.parametrize(
    "source",
    [
        'x.execute("SELECT id FROM runs")',
        'x.execute(f"DELETE FROM {table}")',
        'QUERY = """\n  UPDATE runs\n  SET status = 1\n"""',
        'x.execute("PRAGMA user_version")',
    ],
)
def test_sql_in_a_string_is_found(source: str) -> None:
    assert len(statements(source)) == 1


def test_only_the_journal_contains_sql() -> None:
    folder = PACKAGE / "journal"
    found = {
        within(path): statements(path.read_text("utf-8"))
        for path in MODULES
        if not path.is_relative_to(folder)
    }
    assert not {name: sql for name, sql in found.items() if sql}


def imports(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Return which of the modules each one imports, also late and for type checking only."""
    found: dict[str, set[str]] = {}
    for module, source in sources.items():
        names = set[str]()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                parts = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= {one if one in sources else node.module for one in parts}
        found[module] = (names & sources.keys()) - {module}
    return found


def cycle(sources: Mapping[str, str]) -> list[str]:
    """Return one cycle of imports, or an empty list."""
    try:
        graphlib.TopologicalSorter(imports(sources)).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    "late", ["def f():\n    import p.a", "def f():\n    from p import a", "from p.a import x"]
)
def test_import_cycle_is_found(late: str) -> None:
    assert cycle({"p": "", "p.a": "from p import b", "p.b": late})
    assert not cycle({"p": "", "p.a": "from p import b", "p.b": ""})


def test_modules_have_no_import_cycle() -> None:
    sources = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path.read_text("utf-8")
        for path in MODULES
    }
    assert cycle(sources) == []
