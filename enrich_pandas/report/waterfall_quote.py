"""The quote for several providers: what each will be asked for, at best and at worst."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from enrich_pandas.progress.phrases import amount
from enrich_pandas.providers.base import Kind
from enrich_pandas.report.lines import Line, Lines, duration, labelled, told


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """What one provider of several will be asked for.

    Attributes
    ----------
    provider : str
        Its name.
    rows_best, rows : int
        Rows it is asked about if those before it give all that is wanted, and at the most.
    stored : int
        Identities whose answer is already here, and costs nothing.
    requests_best, requests, credits_best, credits : int, float
        Likewise.
    seconds : float
        The least time that its rate limit allows for the most requests.
    """

    provider: str
    rows_best: int
    rows: int
    stored: int
    requests_best: int
    requests: int
    credits_best: float
    credits: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WaterfallPlan(Lines):
    """What a call with several providers will do, at best and at worst; making one costs nothing.

    Attributes
    ----------
    rows, skipped : int
        Rows of the frame, and those that ``where`` leaves out.
    stages : tuple of StagePlan
        What each provider is asked for, in order.
    requests_best, requests : int
        First requests if each provider gives all that is wanted, and at the most.
    credits_best, credits : float
        Credits likewise. The credits of different vendors are not worth the same.
    seconds : float
        The least time that the vendors' rate limits allow for the most requests.
    columns, rejected : mapping
        The column chosen for each identifier; columns that looked like one, and why they are not.

    Examples
    --------
    >>> import pandas as pd
    >>> import enrich_pandas as ep
    >>> leads = pd.DataFrame({"Email": ["ada@example.com", "ada@EXAMPLE.com", "n/a"]})
    >>> with ep.sandbox():
    ...     print(ep.plan(leads, ["crustdata", ep.Crustdata(api="screener")]))
    Plan for people with crustdata, then crustdata (2); nothing was sent
    ────────────────────────────────────────────────────────────────────
    rows              3
    columns              email from 'Email'
    crustdata         2  rows to ask about: 1 request, 1 credit
    crustdata (2)  ≤  2  rows to ask about: 0 to 1 request, 0 to 3 credits
    credits           4  at most; 1 if every provider gives all that is wanted
    time                 0 s at least, by the vendors' rate limits
    """

    kind: Kind
    rows: int
    skipped: int
    stages: tuple[StagePlan, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)

    @property
    def requests_best(self) -> int:
        """First requests, if each provider gives all that is wanted."""
        return sum(stage.requests_best for stage in self.stages)

    @property
    def requests(self) -> int:
        """First requests at the most."""
        return sum(stage.requests for stage in self.stages)

    @property
    def credits_best(self) -> float:
        """Credits, if each provider gives all that is wanted."""
        return sum(stage.credits_best for stage in self.stages)

    @property
    def credits(self) -> float:
        """Credits at the most."""
        return sum(stage.credits for stage in self.stages)

    @property
    def seconds(self) -> float:
        """Seconds that the rate limits ask for at the most requests."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def title(self) -> str:
        """The plan in a line."""
        names = ", then ".join(stage.provider for stage in self.stages)
        return f"Plan for {self.kind} with {names}; nothing was sent"

    def lines(self) -> list[Line]:
        """Return the plan as lines, in the order to be read."""
        best = f"at most; {amount(self.credits_best)} if every provider gives all that is wanted"
        time = f"{duration(self.seconds)} at least, by the vendors' rate limits"
        return [
            Line("rows", f"{self.rows:,}"),
            *labelled("columns", told(self.columns, self.rejected)),
            *([Line("skipped", f"{self.skipped:,}", "where")] if self.skipped else []),
            *map(_stage, self.stages),
            Line("credits", amount(self.credits), best),
            Line("time", "", time),
        ]


def _stage(stage: StagePlan) -> Line:
    """Tell of a provider in a line; where best and worst differ, both."""
    requests = _range(stage.requests_best, stage.requests, "request")
    stored = f"; {stage.stored:,} stored and not asked again" if stage.stored else ""
    return Line(
        stage.provider,
        f"{'' if stage.rows_best == stage.rows else '≤  '}{stage.rows:,}",
        f"rows to ask about: {requests}, "
        f"{_range(stage.credits_best, stage.credits, 'credit')}{stored}",
    )


def _range(best: float, most: float, unit: str) -> str:
    both = amount(most) if best == most else f"{amount(best)} to {amount(most)}"
    return f"{both} {unit}{'' if most == 1 else 's'}"
