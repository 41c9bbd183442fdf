"""A task: a batch and its flow, which is advanced step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from enrich_pandas.journal.records import Batch
from enrich_pandas.providers.base import Flow, Identity, Match, Request, Response, Wait, WaitForJob


@dataclass(slots=True, eq=False)
class Task:
    """A batch in progress, or identities that another process is requesting (``watch``).

    Attributes
    ----------
    adopt
        Number of an abandoned batch, whose recorded answers are read; None for an own batch.
    poll
        Whether this is the task that polls the vendor's list of jobs.
    job
        The job whose end it waits for.
    charges
        Number of its requests that may have been charged.
    received
        Time of the last answer, in seconds since the epoch.
    unsent
        Identities of an abandoned batch that were not requested yet; they become new batches.
    """

    identities: Sequence[Identity]
    adopt: int | None = None
    watch: bool = False
    poll: bool = False
    job: str = ""
    batch: Batch | None = None
    flow: Flow | None = None
    request: Request | None = None
    reply: Response | None = None
    step: int = 0
    attempt: int = 0
    charges: int = 0
    received: float = 0.0
    unsent: set[Identity] = field(default_factory=set)

    def awaits(self, provider: str) -> str:
        """Return what the task waits for, if it is not the rate limit."""
        if self.watch:
            return "another process, which requests the same"
        return f"a retry at {provider}" if self.request else f"{provider}'s jobs"

    def carry_on(
        self, send: Callable[[Request], Response | float]
    ) -> Wait | WaitForJob | list[Match]:
        """Advance the flow until it must wait, or to its end.

        A wait is skipped if answers were recorded after it: the waiting is over.

        Raises
        ------
        Unfinished
            The flow's job continues at the vendor, and this run no longer waits for it.
        """
        assert self.flow is not None  # noqa: S101 - for the type checker: the runner has set it
        try:
            while True:
                step = self.request or self.flow.send(self.reply)  # type: ignore[arg-type]  # None starts it
                if not isinstance(step, Request):
                    self.reply = Response()
                    if self.batch and self.batch.recorded:
                        continue
                    return step
                self.request = step
                answer = send(step)
                if isinstance(answer, float):
                    return Wait(answer)
                self.request, self.reply, self.attempt = None, answer, 0
                self.received = answer.received
                self.step += 1
        except StopIteration as end:
            return list(end.value)
