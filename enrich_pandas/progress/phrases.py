"""What every view says of a run, in words."""

from collections.abc import Iterator

from enrich_pandas.progress import FINAL, Progress
from enrich_pandas.providers.base import Status


def counts(progress: Progress) -> Iterator[tuple[str, int]]:
    """Yield each status that has rows, and how many, in the order of the statuses."""
    for status in Status:
        if rows := progress.counts.get(status, 0):
            yield status, rows


def counted(progress: Progress) -> str:
    """Return the counts, such as ``420 matched, 31 not found``."""
    return ", ".join(f"{rows:,} {named(status)}" for status, rows in counts(progress))


def named(status: str) -> str:
    """Return a status as it is spoken."""
    return status.replace("_", " ")


def spent(progress: Progress) -> str:
    """Return the credits spent, of the plan's maximum and of the budget where there is one."""
    budget = "" if progress.budget is None else f", budget {amount(progress.budget)}"
    return f"{amount(progress.credits)} of at most {amount(progress.credits_max)} credits{budget}"


def batched(progress: Progress) -> str:
    """Return the batches done and those in flight."""
    flying = f", {progress.in_flight:,} in flight" if progress.in_flight else ""
    return f"{progress.batches_done:,} of {progress.batches:,} batches{flying}"


def timed(progress: Progress) -> str:
    """Return the time left while it is known, else the time gone."""
    if progress.eta is None:
        return f"{clock(progress.elapsed)} gone"
    return f"{clock(max(progress.eta, progress.wait_seconds))} left"


def paused(progress: Progress) -> str:
    """Return why nothing moves, and for how long still; empty while something does."""
    if progress.waiting:
        return f"waiting {clock(progress.wait_seconds)}: {printable(progress.waiting)}"
    return progress.state if progress.state in ("paused", "stopping") else ""


def settled(progress: Progress) -> str:
    """Return how far a run is, and once it has ended, how it did."""
    rows = f"{progress.rows_done:,} of {progress.rows:,} rows"
    if progress.state not in FINAL:
        return f"{printable(progress.provider)}: {rows}"
    return f"{printable(progress.provider)} {progress.state}: {rows} in {clock(progress.elapsed)}"


def ended(progress: Progress) -> str:
    """Return the one sentence that is left of a run."""
    return f"{settled(progress)}, {spent(progress)}; {counted(progress) or 'no row settled'}"


def amount(credit: float) -> str:
    """Return credits with no more decimals than they have, two at the most.

    Examples
    --------
    >>> amount(1234567.0), amount(0.5)
    ('1,234,567', '0.5')
    """
    return f"{credit:,.2f}".rstrip("0").removesuffix(".")


def clock(seconds: float) -> str:
    """Return a length of time as minutes and seconds, with hours where there are any.

    Examples
    --------
    >>> clock(75), clock(3725)
    ('1:15', '1:02:05')
    """
    minutes, second = divmod(round(max(seconds, 0.0)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def printable(text: str) -> str:
    """Drop what a terminal would obey rather than show; a vendor may have had a hand in it."""
    return "".join(character for character in text if character.isprintable())
