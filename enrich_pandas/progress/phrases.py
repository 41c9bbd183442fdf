"""What every view says of a run, in words."""

from collections.abc import Iterator

from enrich_pandas.progress import FINAL, Progress
from enrich_pandas.providers.base import Status

_WINDOWS = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour", 86_400.0: "a day"}


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
    return f"{_spent(progress)} credits{_budget(progress)}"


def _spent(progress: Progress) -> str:
    return f"{amount(progress.credits)} of at most {amount(progress.credits_max)}"


def _budget(progress: Progress) -> str:
    return "" if progress.budget is None else f", budget {amount(progress.budget)}"


def flying(progress: Progress) -> str:
    """Return how many batches are in flight; empty where none is."""
    return f"{progress.in_flight:,} in flight" if progress.in_flight else ""


def paced(progress: Progress) -> str:
    """Return the requests in the vendor's window, of those allowed; empty without a limit."""
    if progress.limit is None:
        return ""
    allowed, seconds = progress.limit
    window = _WINDOWS.get(seconds, f"in {seconds:g} s")
    return f"{progress.requests:,} of {allowed:,} requests {window}"


def timed(progress: Progress) -> str:
    """Return the time left while it is known, else the time gone."""
    if progress.eta is None:
        return f"{clock(progress.elapsed)} gone"
    return f"{clock(max(progress.eta, progress.wait_seconds))} left"


def facts(progress: Progress) -> list[tuple[str, str]]:
    """Return the figures of a run with their labels; those of a moment only while it goes on."""
    batches = f"{progress.batches_done:,} of {progress.batches:,}"
    told = [
        ("Credits", _spent(progress) + _budget(progress)),
        ("Batches", _joined(batches, flying(progress))),
    ]
    if progress.state not in FINAL:
        told.append(("Pace", paced(progress)))
    return [(label, fact) for label, fact in told if fact]


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def paused(progress: Progress) -> str:
    """Return why nothing moves, and for how long still; empty while something does."""
    if progress.state in ("paused", "stopping"):
        return _joined(progress.state, flying(progress))
    if progress.waiting:
        return f"waiting {clock(progress.wait_seconds)}: {printable(progress.waiting)}"
    return ""


def rows(progress: Progress) -> str:
    """Return the rows done, of all."""
    return f"{progress.settled:,} of {progress.rows:,} rows"


def settled(progress: Progress) -> str:
    """Return how far a run is and for how long still; once it has ended, how it did."""
    name, done = printable(progress.provider), rows(progress)
    if progress.state not in FINAL:
        return f"{name}: {done}, {timed(progress)}"
    return f"{name} {progress.state}: {done} in {clock(progress.elapsed)}"


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


def credits_literal(credit: float) -> str:
    """Return credits as one types them in code.

    Examples
    --------
    >>> typed(1234567.0), typed(0.5)
    ('1234567', '0.5')
    """
    return amount(credit).replace(",", "")


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
