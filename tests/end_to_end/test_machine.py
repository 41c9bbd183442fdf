"""Calls in any order, with crashes, faults and deletions: journal and ledger agree.

A machine makes up the order. After each step the vendor's ledger, which knows nothing of the
library, is held against what the library says of itself.

``STEPS=… pytest -m slow tests/end_to_end/test_machine.py`` goes on for that many steps at least.
"""

import itertools
import logging
import os
import stat
import time
from collections import Counter
from contextlib import ExitStack, suppress

import pandas as pd
import pytest
from hypothesis import HealthCheck, Verbosity, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import enrich_pandas as ep
from enrich_pandas.providers.amplemarket import flows
from enrich_pandas.providers.amplemarket.prices import FOUND
from enrich_pandas.providers.base import RateLimit, Status
from enrich_pandas.providers.types import Identity
from tests.canaries import readings, sightings
from tests.end_to_end.test_money import die_at, ended, fork

logger = logging.getLogger("machine")
STEPS = int(os.environ.get("STEPS", "10000"))
PEOPLE = 9
BATCH, CONNECTIONS = 3, 2
DAY = 86_400.0


class Amplemarket(ep.Amplemarket):
    """The vendor without its rate limit, which would take hours."""

    @property
    def rate_limit(self):
        return RateLimit(10_000, 1)


PROVIDERS = {
    "crustdata": lambda: ep.Crustdata(
        emails_per_request=BATCH, connections=CONNECTIONS, rate=RateLimit(10_000, 1)
    ),
    "amplemarket": lambda: Amplemarket(rows_at_risk=BATCH, connections=CONNECTIONS),
    "zoho": lambda: ep.Zoho(connections=CONNECTIONS, settle=0.2),
}
# Statuses of a charged person; Zoho charges for a job, whatever it finds.
CHARGED = {"matched", "held", "pending"}
CHARGED_FOR_JOB = {*CHARGED, "not_found", "failed"}
FAULTS = [
    *("drop_after_accept", "html", "missing_element", "alien_element", "duplicate_element"),
    *("differing_duplicate", "truncated", "reorder", "server_error_after_accept", "malformed"),
    *("malformed_unnamed", "out_of_credits", "unauthorized", "wrong_type", "drop_before_accept"),
]
some = st.sets(st.integers(0, PEOPLE - 1), min_size=1)
one = st.integers(0, PEOPLE - 1)


class Clock:
    """The clock of this process, which can be set forward and back."""

    def __init__(self):
        self.offset, self._real = 0.0, time.time

    def __call__(self):
        return self._real() + self.offset


class Machine(RuleBasedStateMachine):
    """A user with a list of nine people, one vendor, and no luck."""

    box = folder = clock = None
    numbers, steps = itertools.count(), 0

    @initialize(vendor=st.sampled_from(sorted(PROVIDERS)))
    def begin(self, vendor):
        number = next(Machine.numbers)
        self.vendor, self.clock.offset = vendor, 0.0
        self.home = self.folder / "home" / f"{number}.sqlite"  # the folder is Zoho's token's, too
        self.who = [f"m{number}x{place}@example.com" for place in range(PEOPLE)]
        self.allowed = dict.fromkeys(self.who, 1)
        self.forgiven, self.away, self.forgotten = Counter(), set(), set()
        self.open = ExitStack()
        self.open.enter_context(ep.sandbox(url=self.box.url("crustdata"), journal=self.home))

    def teardown(self):
        if hasattr(self, "open"):
            self.open.close()

    # -- what a user does ------------------------------------------------------------------

    @rule(who=some)
    def plan(self, who):
        before = len(self.box.requests)
        self.frame(who).enrich.plan(self.provider())
        assert len(self.box.requests) == before

    @rule(who=some)
    def run(self, who):
        self.enrich(who)

    @rule(who=some, budget=st.integers(0, 6))
    def run_with_a_budget(self, who, budget):
        before = set(ep.runs()["run"])
        self.enrich(who, budget=budget)
        runs = ep.runs()
        mine = runs[~runs["run"].isin(before)]  # not the newest, where the clock was set back
        assert (mine["credits"] + mine["credits_held"]).le(budget).all()

    @rule(who=some)
    def run_and_pay_again(self, who):
        for person in who:
            self.allowed[self.who[person]] += 1
        self.enrich(who, max_age="0D")

    @rule(who=some, crossing=st.integers(1, 40))
    def die(self, who, crossing):
        def task():
            die_at(crossing)
            self.enrich(who)

        ended(fork(task))

    @rule(first=some, second=some, crossing=st.none() | st.integers(1, 40))
    def run_beside_another_process(self, first, second, crossing):
        def task():
            if crossing:
                die_at(crossing)
            self.enrich(first)

        child = fork(task)
        self.enrich(second)
        ended(child)

    @rule()
    def resume(self):
        self._resume("hold")

    @rule()
    def resume_and_ask_again(self):
        for run in ep.runs()["run"][:1]:
            for person in self.identities_with(run, {"held", "pending"}):
                self.allowed[person] += 1
        self._resume("resend")

    @rule(who=one, name=st.sampled_from(FAULTS), times=st.integers(1, 2))
    def fail(self, who, name, times):
        only = self.who[who]
        self.box.fault(self.vendor, "submit", name, times=times, only=only)

    @precondition(lambda self: self.vendor != "crustdata")
    @rule(name=st.sampled_from(["server_error", "html", "drop_before_accept"]))
    def fail_to_tell(self, name):
        self.box.fault(self.vendor, "poll", name)

    @rule(who=one)
    def suppress(self, who):
        ep.suppress(self.who[who])
        self.away.add(self.who[who])

    @rule(who=one)
    def forget(self, who):
        ep.forget(self.who[who])
        self.away.add(self.who[who])
        self.forgotten.add(self.who[who])

    # Zoho counts the tokens that a clock which jumps makes it give out.
    @precondition(lambda self: self.vendor != "zoho")
    @rule(days=st.sampled_from([-1, -1 / 24, 1 / 24, 1]))
    def set_the_clock(self, days):
        self.clock.offset += days * DAY

    @precondition(lambda self: self.vendor != "zoho")
    @rule()
    def let_answers_grow_old(self):
        """What is older than answers are kept is deleted, and may be bought again."""
        self.clock.offset += 100 * DAY
        self.forgiven = self.charges()
        for person in self.who:
            self.allowed[person] += 1

    # -- what holds after each step ------------------------------------------------------------

    @invariant()
    def no_identity_is_charged_twice(self):
        type(self).steps += 1
        charged = self.charges()
        assert not {p: n for p, n in charged.items() if n > self.allowed[p]}

    @invariant()
    def every_charge_is_reported(self):
        left = {p for p, n in self.charges().items() if n > self.forgiven[p]} - self.forgotten
        charged = CHARGED_FOR_JOB if self.vendor == "zoho" else CHARGED
        for run in ep.runs()["run"]:
            left -= self.identities_with(run, charged)
        # A suppressed person is not shown, whatever is stored.
        assert left <= self.away

    @invariant()
    def what_is_reported_is_what_was_spent(self):
        runs, spent = ep.runs(), self.ledger()["credits"].sum()
        reported, held = runs["credits"].sum(), runs["credits_held"].sum()
        assert reported - self.free() <= spent <= reported + held

    @invariant()
    def what_a_death_puts_at_risk_is_bounded(self):
        provider = self.provider()
        people = [Identity.of(email=person) for person in self.who[: provider.batch_size][:BATCH]]
        most = CONNECTIONS * provider.price("people", people)
        runs = ep.runs()
        for run, held in runs.loc[runs["status"] == "died", ["run", "credits_held"]].itertuples(
            index=False
        ):
            if not self.identities_with(run, set(Status)):
                continue  # it is so old that its input is deleted
            known = len(
                self.identities_with(run, {"pending"})
            )  # jobs that were accepted: the next call knows
            assert held <= most + known * provider.price("people", people[:1])

    @invariant()
    def erased_people_are_in_no_byte(self):
        if self.forgotten:
            kept = list(readings(self.home))
            assert not [one for one in self.forgotten for data in kept if sightings(one, data)]

    @invariant()
    def only_the_owner_can_read_it(self):
        if self.home.exists():
            assert stat.S_IMODE(self.home.stat().st_mode) == 0o600
            assert stat.S_IMODE(self.home.parent.stat().st_mode) == 0o700

    # -- their parts -----------------------------------------------------------------------

    def provider(self):
        return PROVIDERS[self.vendor]()

    def frame(self, who):
        return pd.DataFrame({"Email": [self.who[person] for person in sorted(who)]})

    def enrich(self, who, **options):
        """Enrich; assert that each row has one of the nine statuses after any error."""
        frame = self.frame(who)
        try:
            found = frame.enrich.people(self.provider(), progress=None, **options)
        except ep.EnrichError as error:
            found = error.result
        assert found["Email"].tolist() == frame["Email"].tolist()
        assert set(found["person_status"]) <= {*Status}

    def free(self):
        """Return what is reported of a price and not charged, at most.

        Amplemarket charges for no person twice in 24 hours. Of a lost request to Zoho,
        and of one about the same person two minutes earlier, the list cannot tell which job it is.
        """
        again = sum(self.allowed.values()) - len(self.who)
        return {"amplemarket": FOUND * again, "zoho": 1.0 * again}.get(self.vendor, 0.0)

    def _resume(self, held):
        for run in ep.runs()["run"][:1]:
            with suppress(ep.EnrichError):  # or its input has expired
                ep.run(run).resume(provider=self.provider(), held=held, progress=None)

    def identities_with(self, run, statuses):
        """Return a run's identities with one of the statuses; an old run has none."""
        rows = ep.run(run).rows
        return set(rows.loc[rows["person_status"].isin(statuses), "email"]) if len(rows) else set()

    def ledger(self):
        ledger = self.box.ledger
        return ledger[ledger["identity"].str.contains("|".join(self.who), regex=True)]

    def charges(self):
        named = self.ledger()["identity"].str.extract(r"(m\d+x\d+@example\.com)")[0]
        return Counter(named)


def go(machine, examples, length):
    """Generate sequences; each is printed, because one that fails by timing may not fail again."""
    quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=length,
            deadline=None,
            verbosity=Verbosity.verbose,
            database=None,  # an order that failed by its timing is no example of another day's
            suppress_health_check=quiet,
        ),
    )


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a maker of machines, each with a vendor of its own in another process."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(flows, "POLL_SECONDS", 0.02)
    with ExitStack() as stack:

        def make():
            stack.close()
            box = stack.enter_context(ep.sandbox(misses=0.2, process=True))
            return type("Here", (Machine,), {"box": box, "folder": tmp_path, "clock": clock})

        yield make


def test_journal_agrees_with_ledger_in_any_order(machine):
    here = machine()
    go(here, examples=4, length=8)
    assert not here.box.ledger.empty


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_journal_agrees_with_ledger_for_given_steps(machine):
    steps = 0
    while steps < STEPS:
        here = machine()
        go(here, examples=30, length=25)
        steps += here.steps
        logger.warning("%d steps", steps)
