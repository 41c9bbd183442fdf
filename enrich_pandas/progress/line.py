"""One line at the end: for scripts and logs, where a moving view would only be noise."""

import sys

from enrich_pandas.progress import FINAL, Progress
from enrich_pandas.progress.phrases import ended


class Line:
    """Write a run's last snapshot to standard error; nothing before it."""

    def __call__(self, progress: Progress) -> None:
        """Write the snapshot if it is the last."""
        if progress.state in FINAL and sys.stderr is not None:
            sys.stderr.write(f"enrich_pandas: {ended(progress)}\n")
