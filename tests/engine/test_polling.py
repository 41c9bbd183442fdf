"""Jobs: one poll serves many, a wait is not repeated, and open jobs stay open."""

import threading
import time

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.engine import runner
from enrich_pandas.engine.scheduler import Task
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Match, Request, Response, Status, Unfinished, WaitForJob
from enrich_pandas.providers.crustdata import Crustdata
from enrich_pandas.transport import Transport


class Jobs(Crustdata):
    """A vendor of jobs behind the sandbox's balance endpoint, with a scripted list."""

    ended = frozenset()
    looks = 0

    def batches(self, kind, identities):
        return ([identity] for identity in identities)

    def price(self, kind, batch):
        return 0.0

    def flow(self, kind, batch):
        job = batch[0].keys[0][1]
        yield Request(method="GET", path="/account/credits")
        yield WaitForJob(job, 5.0)
        reply = yield Request(method="GET", path="/account/credits")
        if job not in type(self).ended:
            raise Unfinished
        person = Person(name=str(reply.status))
        return [Match(identity=batch[0], status=Status.MATCHED, model=person)]

    def listing(self, kind, jobs):
        type(self).looks += 1
        assert all("linkedin.com" in job for job in jobs)
        yield Request(method="GET", path="/account/credits")
        return set(jobs) & type(self).ended


def people(count):
    return pd.DataFrame({"LinkedIn": [f"linkedin.com/in/p{n}-example" for n in range(count)]})


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(runner, "MIN_INTERVAL", 0.05)
    monkeypatch.setattr(Jobs, "looks", 0)


def ending(monkeypatch, count):
    urls = {f"https://www.linkedin.com/in/p{n}-example" for n in range(count)}
    monkeypatch.setattr(Jobs, "ended", frozenset(urls))


def test_one_poll_serves_all_jobs(box, monkeypatch):
    ending(monkeypatch, 60)
    done = people(60).enrich.people(Jobs(connections=4), progress=None)
    assert done["person_status"].eq("matched").all()
    assert 1 <= Jobs.looks < 30
    assert len(box.requests) == 120 + Jobs.looks


def test_open_job_is_pending_and_fetched_by_next_call(box, monkeypatch):
    class Patient(Jobs):
        def price(self, kind, batch):
            return 1.0

        def flow(self, kind, batch):
            asked = Request(
                method="POST",
                path="/person/enrich",
                billed=True,
                credits=1.0,
                identities=batch,
                json={
                    "professional_network_profile_urls": ["https://www.linkedin.com/in/p0-example"]
                },
                headers={"x-api-version": "2025-11-01"},
            )
            reply = yield asked
            assert reply.status == 200, reply.body
            yield WaitForJob(batch[0].keys[0][1], 0.01)
            yield Request(method="GET", path="/account/credits")
            if not type(self).ended:
                raise Unfinished("at_work")
            return [Match(identity=batch[0], status=Status.NOT_FOUND)]

    frame = people(1)
    first = frame.enrich.people(Patient(), progress=None)
    assert first[["person_status", "person_reason"]].iloc[0].tolist() == ["pending", "at_work"]
    again = frame.enrich.people(Patient(), progress=None)
    assert again["person_reason"].tolist() == ["at_work"]
    monkeypatch.setattr(Patient, "ended", frozenset({"any"}))
    # A flow depends on its answers: a later poll reports the end of the job, so it polls again.
    last = frame.enrich.people(Patient(), progress=None)
    assert last["person_status"].tolist() == ["not_found"]
    assert box.requests["method"].eq("POST").sum() == 1


def test_failing_poll_stops_the_run_and_keeps_jobs(box, monkeypatch):
    def broken(self, kind, jobs):
        yield Request(method="GET", path="/account/credits")
        raise ZeroDivisionError

    monkeypatch.setattr(Jobs, "listing", broken)
    with pytest.raises(ep.EnrichError, match="ZeroDivisionError") as caught:
        people(3).enrich.people(Jobs(), progress=None)
    assert len(caught.value.result) == 3


class Clock:
    """A vendor whose jobs end one after the other."""

    def __init__(self, monkeypatch, rate, pages=1):
        self.now, self.rate, self.pages, self.asked = 100.0, rate, pages, 0
        self.woken = []
        monkeypatch.setattr(runner, "MIN_INTERVAL", 1.0)
        monkeypatch.setattr(runner.time, "monotonic", lambda: self.now)
        self.poller = runner.Poller(self, "people", send=self.ask, wake=self.woken.append)

    def listing(self, kind, jobs):
        for _ in range(self.pages):
            yield Request(method="GET", path="/account/credits")
        return {job for job in jobs if int(job) <= (self.now - 100.0) * self.rate}

    def ask(self, request):
        self.asked += 1
        return Response(status=200)

    def run(self, jobs):
        """Poll at the given intervals until all jobs have ended; return the requests of a job."""
        left = {str(number) for number in range(jobs)}
        for job in left:
            self.poller.add(job)
        waits = []
        while left:
            waits.append(self.poller.poll())
            assert self.woken or len(waits) == 1  # no job has ended when the first poll starts
            for job in [one for one in left if self.woken and self.woken[-1](Task([], job=one))]:
                left.remove(job)
                self.poller.discard(job)
            self.now += waits[-1]
        return self.asked / jobs, waits


@pytest.mark.parametrize("rate", [3.5, 10, 100])
@pytest.mark.parametrize("pages", [1, 3])
def test_poll_interval_follows_ended_jobs(monkeypatch, rate, pages):
    clock = Clock(monkeypatch, rate, pages)
    share, waits = clock.run(600)
    assert share <= 0.15
    assert max(waits) <= 3.0 * pages
    assert min(waits[1:]) >= 1.0 * pages


def test_end_of_last_job_wakes_the_poller(monkeypatch):
    clock = Clock(monkeypatch, rate=0.0)
    assert clock.poller.add("1") is True
    assert clock.poller.add("2") is False
    assert clock.poller.poll() > 0
    clock.woken.clear()
    clock.poller.discard("1")
    assert not clock.woken
    clock.poller.discard("2")
    assert [is_due(Task([], poll=True)) for is_due in clock.woken] == [True]
    assert [is_due(Task([], job="2")) for is_due in clock.woken] == [False]
    assert clock.poller.poll() is None


def test_new_poller_waits_for_the_next_interval(monkeypatch):
    clock = Clock(monkeypatch, rate=0.0)
    clock.poller.add("1")
    clock.now += clock.poller.poll()
    clock.poller.poll()
    clock.poller.discard("1")
    assert clock.poller.poll() is None
    assert clock.poller.add("2") is True
    assert clock.poller.poll() == pytest.approx(1.5)
    assert clock.asked == 1


def test_polls_and_balance_checks_take_a_slot(box, monkeypatch):
    """A vendor that allows one request at a time refuses a second one of any kind."""
    ending(monkeypatch, 20)
    lock, now, most, send = threading.Lock(), [0], [0], Transport.send

    def counting(transport, request, *form, **options):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        try:
            time.sleep(0.005)
            return send(transport, request, *form, **options)
        finally:
            with lock:
                now[0] -= 1

    monkeypatch.setattr(Transport, "send", counting)
    done = people(20).enrich.people(Jobs(connections=1), progress=None)
    assert done["person_status"].eq("matched").all()
    assert Jobs.looks
    assert most == [1]
