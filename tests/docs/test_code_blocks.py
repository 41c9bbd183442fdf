"""Every code block of the README and of the documentation runs, and shows what it says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("[!_]*.md")),
    *sorted((ROOT / "docs").glob("[!_]*/*.md")),
]
BLOCK = re.compile(r"^```(python|console)$", re.MULTILINE)
WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_code_blocks_of_a_page_run(page, run_page) -> None:
    shown = BLOCK.findall(page.read_text("utf-8"))
    assert run_page(page) >= len(shown)
