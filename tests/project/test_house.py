"""The rules of CONTRIBUTING.md that a machine can hold."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import enrich_pandas as ep

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


def test_the_public_names_are_sorted_and_are_what_one_sees() -> None:
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
