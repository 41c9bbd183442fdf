"""Execute the notebooks of the repository and put the results into ``docs/gallery``.

Each notebook runs in its own folder, as a reader would run it, in the sandbox or from a recording.
A cell that fails ends the build. An executed notebook is used again until it, its data, or the
package changes.
"""

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from sphinx.application import Sphinx
from sphinx.util import logging

DOCS = Path(__file__).parents[1]
NOTEBOOKS = DOCS.parent / "notebooks"
LONGEST = 300  # seconds that a cell may take
logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, bool]:
    """Execute the notebooks before the pages are read."""
    app.connect("builder-inited", execute_all)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def execute_all(_app: Sphinx) -> None:
    """Execute every notebook whose result is older than what it depends on."""
    newest = max(path.stat().st_mtime for path in _sources())
    due = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if _age(path) < newest]
    with tempfile.TemporaryDirectory() as home, ThreadPoolExecutor(2) as pool:
        # The kernels inherit it: no notebook may touch the journal of the person who builds.
        os.environ["ENRICH_PANDAS_HOME"] = home
        try:
            list(pool.map(execute, due))
        finally:
            del os.environ["ENRICH_PANDAS_HOME"]
    logger.info("gallery: %d notebooks executed", len(due))


def execute(path: Path) -> None:
    """Execute one notebook in its own folder and write the result into the gallery."""
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=LONGEST, kernel_name="python3", resources=folder)
    client.extra_arguments = ["--log-level=40"]  # errors only: the kernel warns of its own sockets
    client.execute()
    notebook.metadata.pop("widgets", None)  # a page has no kernel; the panel's last state is HTML
    nbformat.write(notebook, _target(path))


def _target(path: Path) -> Path:
    return DOCS / "gallery" / path.name


def _age(path: Path) -> float:
    target = _target(path)
    return target.stat().st_mtime if target.exists() else 0.0


def _sources() -> Iterator[Path]:
    root = DOCS.parent
    for folder, pattern in (
        ("notebooks", "*.ipynb"),
        ("notebooks/data", "*.csv"),
        ("cassettes/report", "*.yaml"),
        ("enrich_pandas", "**/*.py"),
    ):
        yield from (root / folder).glob(pattern)
