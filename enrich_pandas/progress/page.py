"""The output of a marimo cell: plain HTML, replaced in place; its Stop button ends the run."""

import sys
from typing import Any

from enrich_pandas.progress import Progress
from enrich_pandas.progress.html import still


class Page:
    """Show a run as the output of the cell that waits for it; from elsewhere nothing is shown."""

    def __init__(self) -> None:
        self._shown = ""

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot, where it says anything new."""
        page = still(progress)
        if page != self._shown:
            self._shown = page
            marimo: Any = sys.modules["marimo"]  # which runs this process, and is no dependency
            marimo.output.replace(marimo.Html(page))
