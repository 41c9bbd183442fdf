"""Jobs: one look serves many, a wait is not waited twice, and what goes on is left open."""

import pandas as pd
import pytest

import enrich_pandas as ep
from enrich_pandas.models import Person
from enrich_pandas.providers.base import Match, Request, Status, Unfinished, Until
from enrich_pandas.providers.crustdata import Crustdata
from enrich_pandas.run import polling


class Jobs(Crustdata):
    """A vendor of jobs, spoken to through the sandbox's balance: the list is what it is told."""

    ended = frozenset()
    looks = 0

    def batches(self, kind, identities):
        return ([identity] for identity in identities)

    def price(self, kind, batch):
        return 0.0

    def flow(self, kind, batch):
        job = batch[0].keys[0][1]
        yield Request(method="GET", path="/account/credits")
        yield Until(job, 5.0)
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
    monkeypatch.setattr(polling, "SOON", 0.05)
    monkeypatch.setattr(Jobs, "looks", 0)


def ending(monkeypatch, count):
    urls = {f"https://www.linkedin.com/in/p{n}-example" for n in range(count)}
    monkeypatch.setattr(Jobs, "ended", frozenset(urls))


def test_one_look_serves_all_jobs(box, monkeypatch):
    ending(monkeypatch, 60)
    done = people(60).enrich.people(Jobs(connections=4), progress=None)
    assert done["person_status"].eq("matched").all()
    assert 1 <= Jobs.looks < 30
    assert len(box.requests) == 120 + Jobs.looks


def test_a_job_that_goes_on_is_pending_and_taken_up_by_the_next_call(box, monkeypatch):
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
            yield Until(batch[0].keys[0][1], 0.01)
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
    # A flow is a function of its answers: what ended is a later poll's word, so it asks again.
    last = frame.enrich.people(Patient(), progress=None)
    assert last["person_status"].tolist() == ["not_found"]
    assert box.requests["method"].eq("POST").sum() == 1


def test_a_listing_that_fails_stops_the_run_and_keeps_the_jobs(box, monkeypatch):
    def broken(self, kind, jobs):
        yield Request(method="GET", path="/account/credits")
        raise ZeroDivisionError

    monkeypatch.setattr(Jobs, "listing", broken)
    with pytest.raises(ep.EnrichError, match="ZeroDivisionError") as caught:
        people(3).enrich.people(Jobs(), progress=None)
    assert len(caught.value.result) == 3
