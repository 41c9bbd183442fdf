"""What every view says about a run, in words."""

from collections.abc import Iterator

from enrich_pandas.progress import FINAL, Progress
from enrich_pandas.statuses import Status

_WINDOWS = {1.0: "a second", 60.0: "a minute", 3600.0: "an hour", 86_400.0: "a day"}


def counts(progress: Progress) -> Iterator[tuple[Status, int]]:
    """Yield each status that has rows, and how many, in the order of the statuses."""
    for status in Status:
        if rows := progress.counts.get(status, 0):
            yield status, rows


def counted(progress: Progress) -> str:
    """Return the counts, such as ``420 matched, 31 not found``."""
    return ", ".join(f"{rows:,} {status.label}" for status, rows in counts(progress))


def spent(progress: Progress) -> str:
    """Return the credits spent, the plan's maximum and the budget if there is one."""
    return f"{_spent(progress)} credits{_budget(progress)}"


def _spent(progress: Progress) -> str:
    return f"{amount(progress.credits)} of at most {amount(progress.credits_max)}"


def _budget(progress: Progress) -> str:
    return "" if progress.budget is None else f", budget {amount(progress.budget)}"


def in_flight(progress: Progress) -> str:
    """Return how many batches are in flight; empty if there are none."""
    return f"{progress.in_flight:,} in flight" if progress.in_flight else ""


def rate(progress: Progress) -> str:
    """Return the requests in the vendor's window and its limit; empty without a limit."""
    if progress.limit is None:
        return ""
    allowed, seconds = progress.limit
    window = _WINDOWS.get(seconds, f"in {seconds:g} s")
    return f"{progress.requests:,} of {allowed:,} requests {window}"


def time(progress: Progress) -> str:
    """Return the time left if it is known, else the time elapsed."""
    if progress.eta is None:
        return f"{clock(progress.elapsed)} elapsed"
    return f"{clock(max(progress.eta, progress.wait_seconds))} left"


def facts(progress: Progress) -> list[tuple[str, str]]:
    """Return the figures of a run with their labels; the rate only while the run goes on."""
    batches = f"{progress.batches_done:,} of {progress.batches:,}"
    labeled = [
        ("Credits", _spent(progress) + _budget(progress)),
        ("Batches", _joined(batches, in_flight(progress))),
    ]
    if progress.state not in FINAL:
        labeled.append(("Rate", rate(progress)))
    return [(label, fact) for label, fact in labeled if fact]


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def paused(progress: Progress) -> str:
    """Return why no request is sent, and for how long; empty if requests are being sent."""
    if progress.state in ("paused", "stopping"):
        return _joined(progress.state, in_flight(progress))
    if progress.waiting:
        return f"waiting {clock(progress.wait_seconds)}: {printable(progress.waiting)}"
    return ""


def rows(progress: Progress) -> str:
    """Return the rows done, and all rows."""
    return f"{progress.settled:,} of {progress.rows:,} rows"


def settled(progress: Progress) -> str:
    """Return the rows done and the time left; after the end, the state and the time taken."""
    name, done = printable(progress.provider), rows(progress)
    if progress.state not in FINAL:
        return f"{name}: {done}, {time(progress)}"
    return f"{name} {progress.state}: {done} in {clock(progress.elapsed)}"


def ended(progress: Progress) -> str:
    """Return one sentence about a run that has ended."""
    return f"{settled(progress)}, {spent(progress)}; {counted(progress) or 'no row done'}"


def amount(credit: float) -> str:
    """Return credits with no more decimals than they have, at most two.

    Examples
    --------
    >>> amount(1234567.0), amount(0.5)
    ('1,234,567', '0.5')
    """
    return f"{credit:,.2f}".rstrip("0").removesuffix(".")


def credits_literal(credit: float) -> str:
    """Return credits as they are typed in code.

    Examples
    --------
    >>> credits_literal(1234567.0), credits_literal(0.5)
    ('1234567', '0.5')
    """
    return amount(credit).replace(",", "")


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, with hours if there are any.

    Examples
    --------
    >>> clock(75), clock(3725)
    ('1:15', '1:02:05')
    """
    minutes, second = divmod(round(max(seconds, 0.0)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def printable(text: str) -> str:
    """Return text without control characters, which a terminal would execute.

    Text of a vendor or of the user's frame can hold them.
    """
    return "".join(character for character in text if character.isprintable())
