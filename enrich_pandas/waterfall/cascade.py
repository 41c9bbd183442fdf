"""The cascade: one stage after the other, each about what is still missing."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import NamedTuple

from enrich_pandas.errors import EnrichError
from enrich_pandas.frame.output import Output
from enrich_pandas.frame.schema import Field
from enrich_pandas.progress import Progress, State
from enrich_pandas.providers.base import Kind, Provider
from enrich_pandas.run.credentials import find_secrets
from enrich_pandas.run.driver import Driver
from enrich_pandas.run.journal import Journal
from enrich_pandas.run.sender import wrapped
from enrich_pandas.run.surroundings import Surroundings, journal_path
from enrich_pandas.run.tombstones import Screen
from enrich_pandas.waterfall.groups import Groups
from enrich_pandas.waterfall.merge import Asked, Merged, merge
from enrich_pandas.waterfall.stage import transport_to

STOPPED: frozenset[State] = frozenset({"stopping", "interrupted", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all stages of a call.

    ``output`` has the fields to return, ``wanted`` those that a later provider is asked to fill;
    None asks it about rows without a match only. ``here`` is where the call was made, and where its
    threads go on.
    """

    providers: Sequence[Provider]
    kind: Kind
    output: Output
    wanted: Sequence[Field] | None
    budget: float | None
    max_age: float
    here: Surroundings
    screen: Screen

    @property
    def names(self) -> list[str]:
        """Name each provider; one that is there twice, with other options, gets a number."""
        names = [provider.name for provider in self.providers]
        return [
            f"{name} ({names[:n].count(name) + 1})" if name in names[:n] else name
            for n, name in enumerate(names)
        ]


class Cost(NamedTuple):
    """Credits that a stage spent, and those that it may have spent besides."""

    spent: float
    held: float


class Cascade:
    """Drives the stages of a call in turn; to a handle it is one driver.

    Parameters
    ----------
    terms, groups
        What is asked of whom, about whom.
    finish
        Is given the cascade when its last answer has landed, before anybody is told of the end.

    Attributes
    ----------
    run
        Id of the first stage's run; each stage is a run of its own in the journal.
    asked, runs, costs
        The stages that were begun; of those that have ended, the id and the cost.
    error
        What stopped the run, if anything did.
    done
        Set when nothing is in flight any more.
    """

    def __init__(self, terms: Terms, groups: Groups, finish: Callable[["Cascade"], None]) -> None:
        self.done = threading.Event()
        self.error: EnrichError | None = None
        self.asked: list[Asked] = []
        self.costs: list[Cost] = []
        self.runs: list[str] = []
        self._terms, self._groups, self._finish = terms, groups, finish
        self._lock = threading.RLock()
        self._is_stopped = self._is_paused = False
        self._waiting = 0
        self._ended: list[Progress] = []
        first, self._driver = self._begin(0, terms.budget)
        self.asked.append(first)
        self.run = self._driver.run

    # -- what a handle does with a driver ---------------------------------------------------------

    def start(self) -> None:
        """Start the first stage; the others follow it on a thread."""
        self._driver.start()
        threading.Thread(target=self._carry_on, name=f"enrich-{self.run}-stages").start()

    def cancel(self) -> None:
        """Stop spending: no stage and no request starts after this; what is in flight lands."""
        self._is_stopped = True
        with self._lock:
            self._driver.cancel()

    def pause(self) -> None:
        """Start nothing until `resume`."""
        with self._lock:
            self._is_paused = True
            self._driver.pause()

    def resume(self) -> None:
        """Go on after `pause`."""
        with self._lock:
            self._is_paused = False
            self._driver.resume()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Say that somebody waits for the end."""
        self._waiting += 1
        try:
            with self._driver.awaited():
                yield
        finally:
            self._waiting -= 1

    def snapshot(self) -> Progress:
        """Tell how far the stage is that goes on, and at the end how it all ended.

        Rows and batches are the stage's, credits are those of the whole call.
        """
        if self.done.is_set():
            return self._overall()
        now, past = self._driver.snapshot(), sum(one.credits for one in self._ended)
        if any(one.run == now.run for one in self._ended):
            past -= now.credits
        return replace(
            now,
            credits=now.credits + past,
            credits_max=now.credits_max + past,
            budget=self._terms.budget,
        )

    # -- the stages -------------------------------------------------------------------------------

    def merged(self) -> list[Merged]:
        """Put together what has arrived so far."""
        return merge(self._groups, self._terms.output.fields, list(self.asked))

    def _carry_on(self) -> None:
        try:
            self._await()
            for number in range(1, len(self._terms.providers)):
                if self._is_stopped or self.error or not self._next(number):
                    break
                self._await()
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told of the end
            self.error = self.error or wrapped(error)
        finally:
            self._end()

    def _await(self) -> None:
        """Wait for the stage that goes on, and take over how it ended."""
        with self._driver.awaited() if self._waiting else nullcontext():
            self._driver.done.wait()
        last = self._driver.snapshot()
        self._ended.append(last)
        self.error = self._driver.error
        self._is_stopped |= last.state in STOPPED
        self.runs.append(self._driver.run)
        self.costs.append(self._cost(self._driver.run))

    def _next(self, number: int) -> bool:
        """Begin a stage; False where the cascade was stopped meanwhile."""
        asked, driver = self._begin(number, self._left())
        with self._lock:
            if self._is_stopped:
                driver.cancel()  # which closes what it holds
                return False
            self.asked.append(asked)
            self._driver = driver
            if self._is_paused:
                driver.pause()
            driver.start()
        return True

    def _begin(self, number: int, budget: float | None) -> tuple[Asked, Driver]:
        """Identify who lacks something, and make the driver that asks about them."""
        terms, known = self._terms, self.merged()
        places = [n for n, one in enumerate(known) if one.lacks(terms.wanted)]
        provider = terms.providers[number]
        stage = self._groups.stage(provider, terms.kind, places, [one.found for one in known])
        secrets = find_secrets(provider, terms.here)
        journal = Journal(journal_path(terms.here))
        try:
            orders = stage.orders(journal, terms.here, terms.max_age)
            transport = transport_to(provider, secrets, terms.here)
            driver = stage.driver(orders, journal, transport, budget)
        except BaseException:
            journal.close()
            raise
        return Asked(terms.names[number], stage, places, driver.results), driver

    def _left(self) -> float | None:
        """Return what is left of the budget; what may have been spent counts as spent."""
        budget = self._terms.budget
        return None if budget is None else max(0.0, budget - sum(map(sum, self.costs)))

    def _cost(self, run: str) -> Cost:
        journal = Journal(journal_path(self._terms.here))
        try:
            facts = next(facts for facts in journal.runs() if facts["id"] == run)
        finally:
            journal.close()
        return Cost(float(facts["credits"]), float(facts["credits_held"]))

    # -- the end ----------------------------------------------------------------------------------

    def _end(self) -> None:
        try:
            self._finish(self)
        except BaseException as error:  # noqa: BLE001 - as above
            self.error = self.error or wrapped(error)
        self.done.set()

    def _overall(self) -> Progress:
        """Add the stages up; rows are the frame's, and each counts once."""
        counts: dict[str, int] = {}
        for known, rows in zip(self.merged(), self._groups.rows.tolist(), strict=True):
            counts[known.status] = counts.get(known.status, 0) + rows
        ended, last = self._ended, self._driver.snapshot()
        state: State = "failed" if self.error else "interrupted" if self._is_stopped else "done"
        return replace(
            last,
            run=self.run,
            provider="+".join(one.name for one in self.asked),
            rows=sum(counts.values()),
            rows_done=sum(counts.values()),
            counts=counts,
            batches=sum(one.batches for one in ended),
            batches_done=sum(one.batches_done for one in ended),
            credits=sum(one.credits for one in ended),
            credits_max=sum(one.credits_max for one in ended),
            budget=self._terms.budget,
            elapsed=sum(one.elapsed for one in ended),
            state=state,
        )
