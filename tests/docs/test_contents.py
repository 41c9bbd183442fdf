"""The documentation covers what the code offers, and the first pages stay short."""

import re
import tomllib
from pathlib import Path

import pytest

import enrich_pandas as ep
from enrich_pandas.frame.cells import REASONS
from enrich_pandas.providers.base import Status

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Not after a slash: that would be the user of a URL.
EMAIL = re.compile(r"(?<![/\w.+-])[\w.+-]+@((?:[\w-]+\.)+[\w-]{2,})")
RESERVED = re.compile(r"(^|\.)(example\.(com|org|net)|example|test|invalid|localhost)$")


def text(path: Path) -> str:
    return path.read_text("utf-8")


@pytest.mark.parametrize(("name", "most"), [("README.md", 8_000), ("CONTRIBUTING.md", 10_000)])
def test_first_pages_stay_within_their_size(name, most) -> None:
    assert (ROOT / name).stat().st_size <= most


@pytest.mark.parametrize("heading", ["Try it", "Test it"])
def test_readme_commands_are_one_line(heading) -> None:
    section = text(ROOT / "README.md").split(f"\n## {heading}\n")[1]
    (line,) = section.split("```")[1].splitlines()[1:]
    assert line.startswith("python3 -m venv .venv && ")


def test_public_names_are_in_the_api_reference() -> None:
    reference = text(DOCS / "api" / "index.md")
    assert set(ep.__all__) == set(re.findall(r"^ +~enrich_pandas\.(\w+)$", reference, re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "docs/statuses.md"])
def test_statuses_are_explained_in_order(page) -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\|.*\|$", text(ROOT / page), re.MULTILINE)
    assert rows[: len(Status)] == [str(status) for status in Status]


def test_reasons_have_the_words_of_the_code() -> None:
    page = text(DOCS / "statuses.md")
    rows = [f"| `{code}` | {sentence} |" for code, sentence in REASONS.items()]
    assert [row for row in rows if row not in page] == []  # what is shown here belongs on the page


def test_dependencies_have_a_documented_job() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    required = {
        re.split(r"[\[<>=!~; ]", entry)[0]
        for group in groups
        for entry in group
        if isinstance(entry, str)
    } - {"enrich-pandas"}
    jobs = text(DOCS / "development" / "dependencies.md")
    assert not {name for name in required if f"`{name}`" not in jobs}


def test_decisions_have_three_sections_and_an_entry() -> None:
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    index = text(DOCS / "decisions" / "index.md")
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        headings = re.findall(r"^## (.+)$", text(page), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], page.name
        assert f"({page.name})" in index, page.name


def test_email_addresses_are_in_reserved_domains() -> None:
    pages = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *DOCS.glob("[!_]*/*.md")]
    found = [(page.name, match) for page in pages for match in EMAIL.finditer(text(page))]
    assert [
        (name, match[0]) for name, match in found if not RESERVED.search(match[1].lower())
    ] == []
