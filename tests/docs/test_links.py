"""Links of the README and of the documentation lead to files and headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = ("docs/_build/", "docs/api/generated/")  # ignored by git, present after a build
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    *(
        path
        for path in sorted((ROOT / "docs").rglob("*.md"))
        if not path.relative_to(ROOT).as_posix().startswith(GENERATED)
    ),
]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s#]*)(?:#([^)\s]+))?\)|(?:src|srcset)=\"([^\"]+)\"")
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub and MyST give to the headings of a page."""
    headings = HEADING.findall(CODE_BLOCK.sub("", path.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_relative_links_of_a_page_resolve(page) -> None:
    broken = []
    for target, anchor, picture in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        where = target or picture
        if ":" in where:
            continue  # another site; no test asks the network
        path = (page.parent / where).resolve() if where else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(f"{where}#{anchor}" if anchor else where)
    assert not broken


def test_readme_pictures_are_small() -> None:
    pictures = re.findall(r"notebooks/images/[\w-]+\.png", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    assert all((ROOT / picture).stat().st_size < 150_000 for picture in pictures)
