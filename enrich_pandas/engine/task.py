"""A task: a batch and its flow, carried on step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from enrich_pandas.journal.records import Batch
from enrich_pandas.providers.base import Flow, Identity, Match, Request, Response, Wait, WaitForJob


@dataclass(slots=True, eq=False)
class Task:
    """A batch on its way, or identities that another process is asking about (``watch``).

    ``job`` is the one whose end it waits for; ``poll`` is the look at the list of all such jobs.

    ``adopt`` is a batch of a dead process: its records are read, and nothing is bought for it.
    Those whom it had still to ask about are ``unasked`` and become batches of their own.
    ``charges`` is how many of its requests may have been charged for.
    ``received`` is when the last answer came, in seconds since the epoch.
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
    unasked: set[Identity] = field(default_factory=set)

    def awaits(self, provider: str) -> str:
        """Say what it waits for, where that is not the vendor's limit."""
        if self.watch:
            return "another process, which asks about the same"
        return f"another try at {provider}" if self.request else f"{provider}'s jobs"

    def carry_on(
        self, ask: Callable[[Request], Response | float]
    ) -> Wait | WaitForJob | list[Match]:
        """Carry the flow on until it has to wait, or to its end.

        A wait is skipped where answers were recorded after it: it has been waited already.

        Raises
        ------
        Unfinished
            The flow's job goes on, and this run waits for it no longer.
        """
        assert self.flow is not None  # noqa: S101 - for the type checker: the driver has set it
        try:
            while True:
                step = self.request or self.flow.send(self.reply)  # type: ignore[arg-type]  # None starts it
                if not isinstance(step, Request):
                    self.reply = Response()
                    if self.batch and self.batch.recorded:
                        continue
                    return step
                self.request = step
                answer = ask(step)
                if isinstance(answer, float):
                    return Wait(answer)
                self.request, self.reply, self.attempt = None, answer, 0
                self.received = answer.received
                self.step += 1
        except StopIteration as end:
            return list(end.value)
