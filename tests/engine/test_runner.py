"""The runner with a made-up provider and a made-up wire: no network."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from enrich_pandas.engine import sender
from enrich_pandas.engine.plan import plan_work
from enrich_pandas.engine.rate_limit import RateLimiter
from enrich_pandas.engine.results import Results
from enrich_pandas.engine.runner import READERS, Runner
from enrich_pandas.errors import (
    AuthenticationError,
    ConfigurationError,
    EnrichError,
    UnavailableError,
)
from enrich_pandas.journal import Journal
from enrich_pandas.journal.records import Answer
from enrich_pandas.models import Person
from enrich_pandas.providers.base import (
    Identity,
    Match,
    Provider,
    RateLimit,
    Request,
    Status,
    Wait,
    held,
)
from enrich_pandas.transport import Exchange
from enrich_pandas.transport.connection import Phase


class Echo(Provider):
    """Requests a batch, waits, sends an unbilled request, and returns what it reads."""

    name = "echo"
    kinds = ("people",)
    identifiers = MappingProxyType({"people": ("email",)})
    origin = "https://echo.example"
    version = "1"
    rate_limit = None
    batch_size = 2
    connections = 3

    def billed_options(self, kind):
        return {}

    def price(self, kind, batch: Sequence[Identity]) -> float:
        return 3.0 * len(batch)

    def flow(self, kind, batch):
        response = yield Request(
            method="POST", path="/ask", json=[i.keys for i in batch], billed=True,
            credits=self.price(kind, batch), identities=batch,
        )  # fmt: skip
        if response.lost:
            return held(batch)
        if response.status == 400:
            return [Match(identity=i, status=Status.FAILED, reason="refused") for i in batch]
        if response.status in (429, 503):
            return [
                Match(identity=i, status=Status.PENDING, reason="rate_limited", retry_in=3600)
                for i in batch
            ]
        yield Wait(0.01)
        names = (yield Request(method="GET", path="/poll", params=response.json())).json()
        return [
            Match(identity=i, status=Status.MATCHED, model=Person(name=name), credits=3)
            for i, name in zip(batch, names, strict=True)
        ]


class NoMatch(Echo):
    """Finds no match, in one request."""

    def flow(self, kind, batch):
        yield Request(
            method="POST", path="/ask", json=[i.keys for i in batch], billed=True,
            credits=self.price(kind, batch), identities=batch,
        )  # fmt: skip
        return [Match(identity=i, status=Status.NOT_FOUND) for i in batch]


class Wire:
    """Answers as scripted, or else correctly; records the requests."""

    def __init__(self, *script):
        self.script, self.sent, self.lock = list(script), [], threading.Lock()

    def send(self, request, may_send):
        if not may_send():
            return Exchange(phase=Phase.CONNECT, error="withheld")
        with self.lock:
            self.sent.append(request)
            scripted = self.script.pop(0) if self.script else None
        if isinstance(scripted, Exchange):
            return scripted
        if scripted is not None:
            scripted()
        if request.path == "/ask":
            return answered(200, {"names": json.dumps([keys[0][1] for keys in request.json])})
        return answered(200, json.loads(request.params["names"]))

    def close(self):
        pass

    @property
    def billed(self):
        return [request for request in self.sent if request.billed]


def answered(status, body, **headers):
    return Exchange(
        phase=Phase.BODY, status=status, body=json.dumps(body).encode(), headers=headers
    )


def lost():
    return Exchange(phase=Phase.SENT, error="deadline")


IDENTITIES = [Identity.of(email=f"p{n}@example.com") for n in range(6)]


@pytest.fixture
def drive(tmp_path):
    def drive(wire, identities=IDENTITIES, *, budget=None, provider=None, limit=None, start=True):
        provider = provider or Echo()
        journal = Journal(tmp_path / "journal.sqlite")
        journal.begin_run(
            id=f"run{id(wire)}", provider="echo", kind="people", library="0", started=time.time(),
            rows=len(identities), identities=len(identities), credits_planned=0, budget=budget,
        )  # fmt: skip
        work = plan_work(provider, "people", identities, journal, realm="test", oldest=0.0)
        runner = Runner(
            work, provider, "people", journal=journal, transport=wire,
            limiter=RateLimiter(limit), run=f"run{id(wire)}",
            results=Results(
                "echo", dict.fromkeys(identities, 1), {}, journal.suppression.current_filter
            ),
            credits_max=work.credits, budget=budget,
        )  # fmt: skip
        if start:
            runner.start()
            assert runner.done.wait(60)
        return runner

    return drive


def statuses(runner):
    return [runner.answers[identity].match.status for identity in IDENTITIES]


def test_every_identity_gets_its_own_answer(drive):
    runner = drive(Wire())
    names = {i: runner.answers[i].match.model.name for i in IDENTITIES}
    assert names == {i: i.get("email") for i in IDENTITIES}


def test_stored_result_is_not_requested_again(drive):
    drive(Wire())
    wire = Wire()
    assert statuses(drive(wire)) == [Status.MATCHED] * 6
    assert wire.sent == []


def test_lost_answer_holds_rows_and_is_not_retried(drive):
    wire = Wire(lost())
    runner = drive(wire)
    assert sorted(statuses(runner)).count(Status.HELD) == 2
    assert len(wire.billed) == 3
    again = Wire()
    assert statuses(drive(again)).count(Status.HELD) == 2
    assert again.sent == []


def test_unbilled_request_is_retried(drive):
    wire = Wire(None, lost(), None)
    runner = drive(wire, IDENTITIES[:2])
    assert runner.answers[IDENTITIES[0]].match.status is Status.MATCHED
    assert len(wire.billed) == 1


@pytest.mark.parametrize("status", [401, 402, 403])
def test_fatal_answer_stops_the_run(drive, status):
    many = [Identity.of(email=f"q{n}@example.com") for n in range(100)]
    wire = Wire(*(answered(status, {"error": "no"}) for _ in range(60)))
    runner = drive(wire, many)
    assert isinstance(runner.error, EnrichError)
    assert len(wire.sent) <= Echo.connections
    assert {answer.match.status for answer in runner.answers.values()} == {Status.SKIPPED}


class Single(NoMatch):
    connections = 1


def while_written_down(monkeypatch, wire, seconds):
    """Delay the storing of an answer until a second request; return the number of requests."""
    real, sent = Journal.record_answer, []

    def answer(journal, entry, response):
        until = time.monotonic() + seconds
        while len(wire.sent) < 2 and time.monotonic() < until:
            time.sleep(0.001)
        sent.append(len(wire.sent))
        real(journal, entry, response)

    monkeypatch.setattr(Journal, "record_answer", answer)
    return sent


def test_slot_is_free_while_an_answer_is_stored(drive, monkeypatch):
    wire = Wire()
    sent = while_written_down(monkeypatch, wire, seconds=60)
    assert statuses(drive(wire, provider=Single())) == [Status.NOT_FOUND] * 6
    assert sent[0] == 2


def test_slot_is_kept_while_a_refusal_is_stored(drive, monkeypatch):
    wire = Wire(answered(400, {"error": "no such field"}))
    sent = while_written_down(monkeypatch, wire, seconds=0.3)
    drive(wire, provider=Single())
    assert sent[0] == 1


def test_fatal_answer_ends_claims(drive):
    drive(Wire(*(answered(401, {"error": "no"}) for _ in range(6))))
    runner = drive(Wire())
    assert statuses(runner) == [Status.MATCHED] * 6
    assert runner.error is None


def test_error_names_the_next_step(drive):
    runner = drive(Wire(*(answered(401, {"error": "no"}) for _ in range(6))))
    assert isinstance(runner.error, AuthenticationError)
    assert str(runner.error).count("\n") == 2


def test_unsendable_request_is_tried_three_times(drive, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.sender.backoff", lambda *_: 0.0)
    wire = Wire(*(Exchange(phase=Phase.CONNECT, error="refused") for _ in range(60)))
    runner = drive(wire, IDENTITIES[:2])
    assert isinstance(runner.error, UnavailableError)
    assert len(wire.sent) == 3


def test_rate_limit_refusal_is_retried(drive, monkeypatch):
    monkeypatch.setattr("enrich_pandas.engine.sender.backoff", lambda *_: 0.0)
    wire = Wire(answered(429, {"error": "slow down"}))
    assert statuses(drive(wire)) == [Status.MATCHED] * 6
    assert len(wire.billed) == 4


def test_long_wait_returns_rows_as_pending(drive):
    wire = Wire(answered(429, {"error": "slow down"}, **{"retry-after": "3600"}))
    runner = drive(wire, IDENTITIES[:2])
    answer = runner.answers[IDENTITIES[0]]
    assert (answer.match.status, answer.match.reason) == (Status.PENDING, "rate_limited")
    assert answer.not_before - answer.fetched == 3600
    again = Wire()
    drive(again, IDENTITIES[:2])
    assert again.sent == []


def test_budget_is_never_exceeded(drive):
    wire = Wire()
    runner = drive(wire, budget=10)
    assert statuses(runner).count(Status.MATCHED) == 3
    skipped = [a.match for a in runner.answers.values() if a.match.status is Status.SKIPPED]
    assert {match.reason for match in skipped} == {"budget"}
    assert sum(request.credits for request in wire.billed) <= 10


def test_cancel_sends_nothing_and_completes_requests_in_flight(drive):
    started, go_on = threading.Event(), threading.Event()

    def hang():
        started.set()
        assert go_on.wait(60)

    class One(Echo):
        connections = 1

    wire = Wire(hang)
    runner = drive(wire, provider=One(), start=False)
    runner.start()
    assert started.wait(60)
    runner.cancel()
    go_on.set()
    assert runner.done.wait(60)
    assert len(wire.billed) == 1
    assert runner.snapshot().state == "interrupted"
    # The batch in flight was accepted: the next call sends its next request.
    pending = [a.match.reason for a in runner.answers.values() if a.match.status == "pending"]
    assert pending == ["interrupted"] * 2
    again = Wire()
    assert statuses(drive(again)) == [Status.MATCHED] * 6
    assert len(again.billed) == 2


def test_provider_defect_stops_the_run_without_loss(drive):
    class Broken(Echo):
        def flow(self, kind, batch):
            yield Request(
                method="POST", path="/ask", json=[i.keys for i in batch], billed=True, credits=6,
                identities=batch,
            )  # fmt: skip
            raise KeyError("x")

    wire = Wire()
    runner = drive(wire, IDENTITIES[:2], provider=Broken())
    assert "KeyError" in str(runner.error)
    repaired = Wire()
    runner = drive(repaired, IDENTITIES[:2])
    assert runner.answers[IDENTITIES[0]].match.status is Status.MATCHED
    assert repaired.billed == []


def test_identity_without_match_is_held(drive):
    class Forgetful(Echo):
        def flow(self, kind, batch):
            return (yield from super().flow(kind, batch))[:1]

    runner = drive(Wire(), IDENTITIES[:2], provider=Forgetful())
    matches = [runner.answers[i].match for i in IDENTITIES[:2]]
    assert [match.status for match in matches] == [Status.MATCHED, Status.HELD]
    assert matches[1].reason == "unread"


def test_two_parallel_runs_buy_each_identity_once(drive):
    one, two = Wire(), Wire()
    first, second = drive(one, start=False), drive(two, start=False)
    first.start()
    second.start()
    assert first.done.wait(60)
    assert second.done.wait(60)
    assert statuses(first) == statuses(second) == [Status.MATCHED] * 6
    asked = [keys[0][1] for wire in (one, two) for r in wire.billed for keys in r.json]
    assert sorted(asked) == sorted(i.get("email") for i in IDENTITIES)


def test_progress_adds_up(drive):
    runner = drive(Wire(), limit=RateLimit(1000, 60))
    now = runner.snapshot()
    assert (now.rows, now.rows_done, now.batches, now.batches_done) == (6, 6, 3, 3)
    assert (now.counts, now.credits, now.state) == ({"matched": 6}, 18.0, "done")


def test_untrusted_certificate_stops_the_run_at_once(drive):
    wire = Wire(*(Exchange(phase=Phase.CONNECT, error="certificate") for _ in range(60)))
    runner = drive(wire)
    assert "certificate" in str(runner.error)
    assert len(wire.sent) <= Echo.connections


def test_locally_refused_request_is_not_held(drive):
    def refuse():
        raise ConfigurationError("The path is none.")

    runner = drive(Wire(refuse), IDENTITIES[:2])
    assert isinstance(runner.error, ConfigurationError)
    assert drive(Wire(), IDENTITIES[:2]).answers[IDENTITIES[0]].match.status is Status.MATCHED


class Halves(Echo):
    """Requests the two halves of a batch in two billed requests."""

    name = "halves"
    batch_size = 4
    connections = 1

    def flow(self, kind, batch):
        matches = []
        for half in (batch[:2], batch[2:]):
            response = yield Request(
                method="POST", path="/ask", json=[i.keys for i in half], billed=True,
                credits=self.price(kind, half), identities=half,
            )  # fmt: skip
            if response.lost:
                matches += held(half)
            else:
                names = json.loads(response.json()["names"])
                matches += [
                    Match(identity=i, status=Status.MATCHED, model=Person(name=name), credits=3)
                    for i, name in zip(half, names, strict=True)
                ]
        return matches


@pytest.fixture
def halved(drive):
    """A batch of four, interrupted after the answer about its first half."""
    runner = drive(Wire(), IDENTITIES[:4], provider=Halves(), start=False)
    wire = Wire(runner.cancel)
    runner._transport = runner._sender._transport = wire
    runner.start()
    assert runner.done.wait(60)
    assert len(wire.billed) == 1
    return lambda wire, *args, **options: drive(wire, *args, provider=Halves(), **options)


def asked(wire):
    return [keys[0][1] for request in wire.billed for keys in request.json]


def test_recovery_reads_paid_answers_and_requests_the_rest(halved):
    wire = Wire()
    runner = halved(wire, IDENTITIES[:4])
    assert [runner.answers[i].match.status for i in IDENTITIES[:4]] == [Status.MATCHED] * 4
    assert asked(wire) == ["p2@example.com", "p3@example.com"]
    assert runner.snapshot().credits == 6


def test_recovery_skips_identities_outside_the_frame(halved):
    wire = Wire()
    runner = halved(wire, IDENTITIES[:1])
    assert runner.answers[IDENTITIES[0]].match.status is Status.MATCHED
    assert wire.sent == []


def test_recovery_stays_within_the_budget_and_the_plan(halved):
    wire = Wire()
    runner = halved(wire, IDENTITIES[:4], budget=3)
    assert runner.snapshot().credits_max == 6
    assert asked(wire) == ["p2@example.com"]
    assert runner.answers[IDENTITIES[3]].match.reason == "budget"


def test_unreadable_abandoned_batch_is_held_and_run_continues(halved, drive, monkeypatch):
    def broken(self, kind, batch):
        if len(batch) == 4:
            raise KeyError("x")
        return original(self, kind, batch)

    original = Halves.flow
    monkeypatch.setattr(Halves, "flow", broken)
    runner = halved(Wire())
    assert runner.error is None
    found = [runner.answers[i].match for i in IDENTITIES]
    assert [match.status for match in found] == [Status.HELD] * 4 + [Status.MATCHED] * 2
    monkeypatch.undo()
    repaired = halved(Wire())
    assert statuses(repaired) == [Status.MATCHED] * 6


@pytest.mark.parametrize("status", [401, 403, 500])
def test_proxy_page_is_held_and_not_requested_again(drive, status):
    page = Exchange(
        phase=Phase.BODY, status=status, body=b"<html>", headers={"content-type": "text/html"}
    )
    drive(Wire(page), IDENTITIES[:2])
    again = Wire()
    runner = drive(again, IDENTITIES[:2])
    refused = status == 401  # no gateway returns this for a forwarded request
    expected = Status.MATCHED if refused else Status.HELD
    assert runner.answers[IDENTITIES[0]].match.status is expected
    assert len(again.billed) == refused


def test_pause_also_stops_later_requests_of_a_batch(drive):
    runner = drive(Wire(), IDENTITIES[:4], provider=Halves(), start=False)
    wire = Wire(runner.pause)
    runner._transport = runner._sender._transport = wire
    runner.start()
    assert not runner.done.wait(0.4)
    assert len(wire.billed) == 1
    runner.resume()
    assert runner.done.wait(60)
    assert len(wire.billed) == 2


def test_cancel_stops_a_stored_but_unsent_request(drive, monkeypatch):
    wire = Wire()
    runner = drive(wire, start=False)
    intend = Journal.record_intent

    def cancel_first(*args):
        runner.cancel()
        return intend(*args)

    monkeypatch.setattr(Journal, "record_intent", cancel_first)
    runner.start()
    assert runner.done.wait(60)
    assert wire.sent == []
    assert {answer.match.reason for answer in runner.answers.values()} == {"run_stopped"}
    monkeypatch.undo()
    assert statuses(drive(Wire())) == [Status.MATCHED] * 6


def test_cancel_before_start_ends_the_run(drive):
    runner = drive(Wire(), start=False)
    runner.cancel()
    assert runner.done.wait(60)
    assert runner.snapshot().state == "interrupted"


@pytest.mark.parametrize("defect", [KeyError("x"), SystemExit(1), GeneratorExit()])
def test_no_provider_exception_hangs_the_run(drive, defect):
    class Raises(Echo):
        def flow(self, kind, batch):
            yield Wait(0.0)
            raise defect

    runner = drive(Wire(), provider=Raises())
    assert "A bug stopped the run" in str(runner.error)
    assert set(statuses(runner)) == {Status.SKIPPED}


def test_failing_end_is_reported_and_does_not_hang(drive, monkeypatch):
    close = Journal.close

    def fail(journal):
        close(journal)
        raise OSError("no space")

    monkeypatch.setattr(Journal, "close", fail)
    runner = drive(Wire(), start=False)
    runner.start()
    assert runner.done.wait(60)
    assert "OSError" in str(runner.error)
    assert statuses(runner) == [Status.MATCHED] * 6


def test_released_budget_is_used(drive):
    class Misses(Echo):
        connections = 1

        def flow(self, kind, batch):
            yield Request(
                method="POST", path="/ask", json=[i.keys for i in batch], billed=True,
                credits=self.price(kind, batch), identities=batch,
            )  # fmt: skip
            return [Match(identity=i, status=Status.NOT_FOUND) for i in batch]

    assert statuses(drive(Wire(), provider=Misses(), budget=6)) == [Status.NOT_FOUND] * 6


def test_progress_counts_a_row_once_despite_changes():
    results = Results("echo", dict.fromkeys(IDENTITIES, 2), {"invalid": 1})
    miss = Match(identity=IDENTITIES[0], status=Status.NOT_FOUND)
    results.record({IDENTITIES[0]: Answer(miss, 0.0, "echo")})
    results.record({IDENTITIES[0]: Answer(replace(miss, status=Status.MATCHED), 1.0, "echo")})
    results.settle(IDENTITIES[:2], Status.PENDING, "interrupted")
    assert results.read()[0] == {"invalid": 1, "matched": 2, "pending": 2}


def test_unlimited_rate_limit_works(drive):
    headers = dict.fromkeys(("x-ratelimit-limit", "x-ratelimit-remaining"), "9" * 400)
    wire = Wire(answered(200, {"names": json.dumps(["a", "b"])}, **headers))
    runner = drive(wire, IDENTITIES[:2], limit=RateLimit(10, 1))
    assert runner.error is None


def test_waiting_task_uses_a_newly_stated_limit(drive):
    def limited():
        return answered(200, {"names": "[]"}, **{"x-ratelimit-limit": "60000"})

    class Brief(Echo):
        connections = 6

        def flow(self, kind, batch):
            yield Request(
                method="POST", path="/ask", json=[i.keys for i in batch], billed=True, credits=6,
                identities=batch,
            )  # fmt: skip
            return [Match(identity=i, status=Status.NOT_FOUND) for i in batch]

    # Each wait for the documented limit would be longer than `drive` waits.
    wire = Wire(*(limited() for _ in range(3)))
    runner = drive(wire, provider=Brief(), limit=RateLimit(1, 3600))
    assert {answer.match.status for answer in runner.answers.values()} == {Status.NOT_FOUND}


def test_retries_are_at_most_a_tenth_of_requests(drive, monkeypatch):
    class Plain(Echo):
        def flow(self, kind, batch):
            response = yield Request(
                method="POST", path="/ask", json=[i.keys for i in batch], billed=True, credits=6,
                identities=batch,
            )  # fmt: skip
            status = Status.MATCHED if response.status == 200 else Status.PENDING
            return [Match(identity=one, status=status, retry_in=60) for one in batch]

    monkeypatch.setattr("enrich_pandas.engine.sender.backoff", lambda *_: 0.0)
    monkeypatch.setattr(RateLimiter, "pause", lambda *_: None)
    monkeypatch.setattr(sender, "RETRIES", 5)
    many = [Identity.of(email=f"r{n}@example.com") for n in range(120)]
    busy = answered(503, {"error": "later"})
    wire = Wire(*(one for _ in range(1000) for one in (busy, None)))
    runner = drive(wire, many, provider=Plain())
    assert runner.error is None
    tried_again = len(wire.sent) - 60
    assert 5 <= tried_again <= 5 + 0.1 * 60 + Echo.connections


@pytest.mark.parametrize("k", [1, 12])
@pytest.mark.parametrize("status", [401, 402, 403])
def test_fatal_answer_limits_new_batches_to_workers(drive, monkeypatch, status, k):
    class Eight(Echo):
        connections = 8

    class Held(Wire):
        """Holds the answers that come after the fatal one until the run has stopped."""

        def send(self, request, may_send):
            answer = super().send(request, may_send)
            if answer.status == status:
                fatal.append(len(self.sent))
            elif fatal:
                assert stopped.wait(60)
            return answer

    def stop(runner, error, stop=Runner._stop):
        stop(runner, error)
        stopped.set()

    monkeypatch.setattr(Runner, "_stop", stop)
    stopped, fatal, many = (
        threading.Event(),
        [],
        [Identity.of(email=f"f{n}@example.com") for n in range(200)],
    )
    wire = Held(*[None] * (k - 1), answered(status, {"error": "no"}))
    runner = drive(wire, many, provider=Eight())
    assert isinstance(runner.error, EnrichError)
    sent = len(wire.sent)
    assert sent - fatal[0] <= 7
    time.sleep(0.3)
    assert len(wire.sent) == sent


def test_stop_before_send_neither_sends_nor_holds(drive):
    class Connecting(Wire):
        def send(self, request, may_send):
            runner.cancel()
            return super().send(request, may_send)

    wire = Connecting()
    runner = drive(wire, [Identity.of(email="c@example.com")], start=False)
    runner.start()
    assert runner.done.wait(60)
    assert not wire.sent
    assert runner.error is None
    assert runner.snapshot().credits == 0


def test_unaffordable_identities_wait_for_open_batches(drive):
    """Of two simultaneous claims, one can find the budget used up by the other."""

    class Two(NoMatch):
        connections = 2

    many = [Identity.of(email=f"d{n}@example.com") for n in range(40)]
    runner = drive(Wire(), many, provider=Two(), budget=6)
    assert {runner.answers[one].match.status for one in many} == {Status.NOT_FOUND}


def test_rate_limit_also_limits_claims(drive, tmp_path):
    """Waiting claims would block other runs, and the budget, until the list is done."""
    many = [Identity.of(email=f"l{n}@example.com") for n in range(200)]
    runner = drive(Wire(), many, limit=RateLimit(5, 60), start=False)
    runner.start()
    deadline = time.monotonic() + 60
    while runner.snapshot().requests < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.3)
    claimed = len(runner._journal.claims([runner._work.fingerprint(one) for one in many]))
    runner.cancel()
    assert runner.done.wait(60)
    workers = Echo.connections + READERS  # each can begin one batch at the same time
    assert 2 <= claimed <= 2 * (Echo.connections + workers + 5)


def test_worker_waiting_for_slot_is_not_in_flight(drive):
    answers = threading.Event()
    wire = Wire(*[lambda: answers.wait(60)] * NoMatch.connections)
    many = [Identity.of(email=f"f{n}@example.com") for n in range(60)]
    runner = drive(wire, many, provider=NoMatch(), start=False)
    runner.start()
    deadline = time.monotonic() + 60
    while runner._sender.queued < READERS and time.monotonic() < deadline:
        time.sleep(0.01)
    now = runner.snapshot()
    answers.set()
    assert runner.done.wait(60)
    assert (len(wire.sent), now.in_flight) == (30, NoMatch.connections)
