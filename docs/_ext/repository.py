"""Links between the pages of this site and the other files of the repository.

Pages link to files as they are in the repository, so that the links work where a page is read as a
file. This extension makes the same links work on the site: SECURITY.md and its like become pages,
other files become downloads, and a folder, which a page cannot show, becomes plain text.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
# File of the repository to the page that shows it.
PAGES = {
    "CHANGELOG.md": "changelog",
    "CONTRIBUTING.md": "development/contributing",
    "SECURITY.md": "security",
    "benchmarks/README.md": "development/benchmarks",
    "README.md": "index",
}
LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s#]+)(#[^)\s]*)?\)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Rewrite each page as it is read."""
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """Put a file of the repository in the place of its page; rewrite the links."""
    if page.startswith("gallery/") and page != "gallery/index":
        return
    shown = next((file for file, of in PAGES.items() if of == page and page != "index"), None)
    folder = (DOCS / page).parent
    if shown is not None:
        app.env.note_dependency(ROOT / shown)
        source[0], folder = (ROOT / shown).read_text("utf-8"), (ROOT / shown).parent
    here = (DOCS / page).parent
    source[0] = LINK.sub(lambda link: _link(link, folder, here), source[0])


def _link(link: re.Match[str], folder: Path, here: Path) -> str:
    text, target, anchor = link[1], link[2], link[3] or ""
    if ":" in target:
        return link[0]
    path = (folder / target).resolve()
    if path.is_relative_to(DOCS) or not path.is_relative_to(ROOT):
        return f"{text}({os.path.relpath(path, here)}{anchor})"
    if page := PAGES.get(path.relative_to(ROOT).as_posix()):
        return f"{text}(/{page}.md{anchor})"
    return text[1:-1] if path.is_dir() else f"{text}({os.path.relpath(path, here)}{anchor})"
