"""Pages that read well both as files of the repository and on the site.

Pages link to files as they are in the repository. This extension makes the same links work on the
site: SECURITY.md and its like become pages, other files become downloads, and a folder, which a
page cannot show, becomes plain text. ``ep.people`` in a page becomes a link to its reference.
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
FENCED = re.compile(r"^( *```.*?^ *```)$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"(?<![\[`])`(ep\.(\w+)(?:\([^`]*\))?)`")
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
    parts = FENCED.split(source[0])  # every second one is a block of code
    parts[::2] = [_prose(part, folder, here) for part in parts[::2]]
    source[0] = "".join(parts)


def _prose(text: str, folder: Path, here: Path) -> str:
    linked = LINK.sub(lambda link: _link(link, folder, here), text)
    return NAME.sub(r"{py:obj}`\1 <enrich_pandas.\2>`", linked)


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
