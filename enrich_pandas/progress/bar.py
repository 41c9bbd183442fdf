"""The bar of a terminal: one line of tqdm over the rows."""

from typing import Never

from tqdm import tqdm

from enrich_pandas.progress import FINAL, Progress, phrases

# tqdm's own estimate knows nothing of rate limits, so the time left comes from the run.
_FORMAT = "{desc} {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt} rows{postfix}"


class Bar:
    """Show a run as one line, which stays on the screen when the run ends."""

    def __init__(self) -> None:
        self._bar: tqdm[Never] | None = None

    def __call__(self, progress: Progress) -> None:
        """Draw a snapshot."""
        if self._bar is None:
            self._bar = _opened(progress)
        _draw(self._bar, progress)
        if progress.state in FINAL:
            self._bar.close()
            self._bar = None


def _opened(progress: Progress) -> "tqdm[Never]":
    return tqdm(
        desc=phrases.printable(progress.provider),
        total=progress.rows,
        bar_format=_FORMAT,
        dynamic_ncols=True,
        leave=True,
    )


def _draw(bar: "tqdm[Never]", progress: Progress) -> None:
    """Put the newest figures first: what does not fit a narrow terminal is cut at the end."""
    ended = progress.state if progress.state in FINAL else ""
    parts = (
        ended,
        phrases.paused(progress),
        "" if ended else phrases.timed(progress),
        f"{phrases.amount(progress.credits)}/{phrases.amount(progress.credits_max)} credits",
        phrases.counted(progress),
        f"{progress.batches_done:,}/{progress.batches:,} batches, {progress.in_flight:,} in flight",
        phrases.paced(progress) if not ended else "",
    )
    bar.n = progress.settled
    bar.set_postfix_str(" · ".join(filter(None, parts)), refresh=False)
    bar.refresh()
