import threading
import time
from contextlib import nullcontext

import pytest

from enrich_pandas.run.scheduler import Scheduler


class Recorder:
    """Runs tasks given as functions, and notes what became of each."""

    def __init__(self):
        self.failed, self.dropped, self.ended = [], [], threading.Event()
        self.state = None
        self.scheduler = Scheduler(
            advance=lambda task: task(),
            fail=lambda task, error: self.failed.append((task, error)),
            drop=self.dropped.append,
            finish=self.finish,
        )

    def finish(self, state):
        self.state = state
        self.ended.set()

    def run(self, tasks, workers=4):
        self.scheduler.add(tasks)
        self.scheduler.start(workers, "test")
        return self

    def wait(self):
        assert self.ended.wait(10)
        return self.state


@pytest.fixture
def recorder():
    return Recorder()


def test_every_task_is_carried_to_its_end(recorder):
    done = []
    assert recorder.run([lambda n=n: done.append(n) for n in range(50)]).wait() == "done"
    assert sorted(done) == list(range(50))
    assert recorder.scheduler.finished == recorder.scheduler.total == 50


def test_without_tasks_it_ends_at_once(recorder):
    assert recorder.run([]).wait() == "done"


def test_waiting_tasks_hold_no_worker(recorder):
    visits = dict.fromkeys(range(200), 0)

    def task(n):
        visits[n] += 1
        return 0.2 if visits[n] == 1 else None

    started = time.monotonic()
    recorder.run([lambda n=n: task(n) for n in visits], workers=2).wait()
    assert set(visits.values()) == {2}
    assert time.monotonic() - started < 5  # one after the other, 200 naps would take 20 s


def test_a_task_may_add_tasks(recorder):
    done = []
    recorder.run([lambda: recorder.scheduler.add([lambda: done.append("child")])]).wait()
    assert done == ["child"]


def test_a_failing_task_does_not_take_its_worker_along(recorder):
    def fail():
        raise ValueError("x")

    done = []
    recorder.run([fail, lambda: done.append(1)], workers=1).wait()
    assert done == [1]
    assert [str(error) for _, error in recorder.failed] == ["x"]


def test_stopping_drops_what_waits_and_lets_the_running_step_end(recorder):
    entered, leave, done = threading.Event(), threading.Event(), []

    def running():
        entered.set()
        leave.wait(10)
        done.append("landed")

    def never():
        done.append("never")

    recorder.run([running, never, never], workers=1)
    entered.wait(10)
    recorder.scheduler.stop("stopping")
    assert recorder.dropped == [never, never]
    leave.set()
    assert recorder.wait() == "interrupted"
    assert done == ["landed"]


def test_a_step_that_would_wait_after_a_stop_is_dropped(recorder):
    entered, leave = threading.Event(), threading.Event()

    def polls():
        entered.set()
        leave.wait(10)
        return 60.0

    recorder.run([polls])
    entered.wait(10)
    recorder.scheduler.stop("failed")
    leave.set()
    assert recorder.wait() == "failed"
    assert recorder.dropped == [polls]


def test_pause_starts_nothing_until_resume(recorder):
    done = []

    def first():
        recorder.scheduler.pause()
        done.append(1)

    recorder.run([first, lambda: done.append(2)], workers=1)
    assert not recorder.ended.wait(0.3)
    assert done == [1]
    recorder.scheduler.resume()
    assert recorder.wait() == "done"
    assert done == [1, 2]


def test_a_task_added_after_a_stop_is_dropped(recorder):
    def adds():
        recorder.scheduler.stop("stopping")
        recorder.scheduler.add([never])

    def never():
        raise AssertionError

    assert recorder.run([adds]).wait() == "interrupted"
    assert recorder.dropped == [never]


def test_a_stop_before_the_start_is_an_end(recorder):
    recorder.scheduler.add([lambda: None])
    recorder.scheduler.stop("stopping")
    assert recorder.wait() == "interrupted"
    recorder.scheduler.start(2, "late")
    assert len(recorder.dropped) == 1


def test_a_stop_ends_a_pause(recorder):
    recorder.scheduler.pause()
    recorder.run([lambda: None])
    recorder.scheduler.stop("stopping")
    assert recorder.wait() == "interrupted"


@pytest.mark.parametrize("awaited", [False, True])
def test_when_the_interpreter_ends_what_nobody_waits_for_stops(recorder, monkeypatch, awaited):
    monkeypatch.setattr(threading, "main_thread", threading.Thread)  # one that is not alive
    with recorder.scheduler.awaited() if awaited else nullcontext():
        recorder.run([lambda: None])
        assert recorder.wait() == ("done" if awaited else "interrupted")
