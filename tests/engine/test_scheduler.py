import threading
import time
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from enrich_pandas.engine import scheduler
from enrich_pandas.engine.scheduler import Scheduler


class Recorder:
    """Runs tasks given as functions, and records the outcome of each."""

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
        assert self.ended.wait(60)
        return self.state


@pytest.fixture
def recorder():
    return Recorder()


def test_every_task_is_completed(recorder):
    done = []
    assert recorder.run([lambda n=n: done.append(n) for n in range(50)]).wait() == "done"
    assert sorted(done) == list(range(50))
    assert recorder.scheduler.finished == recorder.scheduler.total == 50


def test_no_tasks_ends_at_once(recorder):
    assert recorder.run([]).wait() == "done"


def test_waiting_tasks_hold_no_worker(recorder):
    visits, waiting = dict.fromkeys(range(200), 0), []

    def task(n):
        visits[n] += 1
        waiting.append(list(visits.values()).count(1))
        return 0.2 if visits[n] == 1 else None

    recorder.run([lambda n=n: task(n) for n in visits], workers=2).wait()
    assert set(visits.values()) == {2}
    assert max(waiting) > 2  # more tasks wait than there are workers


def test_task_can_add_tasks(recorder):
    done = []
    recorder.run([lambda: recorder.scheduler.add([lambda: done.append("child")])]).wait()
    assert done == ["child"]


def test_failing_task_does_not_end_its_worker(recorder):
    def fail():
        raise ValueError("x")

    done = []
    recorder.run([fail, lambda: done.append(1)], workers=1).wait()
    assert done == [1]
    assert [str(error) for _, error in recorder.failed] == ["x"]


def test_stop_drops_waiting_tasks_and_completes_running_steps(recorder):
    entered, leave, done = threading.Event(), threading.Event(), []

    def running():
        entered.set()
        leave.wait(60)
        done.append("landed")

    def never():
        done.append("never")

    recorder.run([running, never, never], workers=1)
    entered.wait(60)
    recorder.scheduler.stop("stopping")
    assert recorder.dropped == [never, never]
    leave.set()
    assert recorder.wait() == "interrupted"
    assert done == ["landed"]


def test_step_that_waits_after_stop_is_dropped(recorder):
    entered, leave = threading.Event(), threading.Event()

    def polls():
        entered.set()
        leave.wait(60)
        return 60.0

    recorder.run([polls])
    entered.wait(60)
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


def test_task_added_after_stop_is_dropped(recorder):
    def adds():
        recorder.scheduler.stop("stopping")
        recorder.scheduler.add([never])

    def never():
        raise AssertionError

    assert recorder.run([adds]).wait() == "interrupted"
    assert recorder.dropped == [never]


def test_stop_before_start_finishes(recorder):
    recorder.scheduler.add([lambda: None])
    recorder.scheduler.stop("stopping")
    assert recorder.wait() == "interrupted"
    recorder.scheduler.start(2, "late")
    assert len(recorder.dropped) == 1


def test_stop_ends_a_pause(recorder):
    recorder.scheduler.pause()
    recorder.run([lambda: None])
    recorder.scheduler.stop("stopping")
    assert recorder.wait() == "interrupted"


@pytest.mark.parametrize("awaited", [False, True])
def test_exiting_interpreter_stops_unawaited_tasks(recorder, monkeypatch, awaited):
    monkeypatch.setattr(threading, "main_thread", threading.Thread)  # a thread that is not alive
    with recorder.scheduler.awaited() if awaited else nullcontext():
        recorder.run([lambda: None])
        assert recorder.wait() == ("done" if awaited else "interrupted")


def test_pause_is_not_active_time() -> None:
    none = [].append
    scheduler = Scheduler[int](advance=none, fail=lambda *_: None, drop=none, finish=none)
    scheduler.pause()
    before = scheduler.active_seconds()
    time.sleep(0.02)
    assert scheduler.active_seconds() == before
    scheduler.resume()
    time.sleep(0.02)
    assert scheduler.active_seconds() > before


def test_timers_fire_in_order(recorder, monkeypatch):
    order, begun, now = [], set(), [0.0]
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def task(n):
        if n not in begun:
            begun.add(n)
            return 0.3 - n / 1000  # all are due when the worker is free again
        order.append(n)
        return None

    def nap():
        now[0] = 0.4

    recorder.run([*(lambda n=n: task(n) for n in range(20)), nap], workers=1).wait()
    assert order == list(range(19, -1, -1))


def test_urgent_task_runs_before_new_tasks(recorder):
    order = []

    def first():
        recorder.scheduler.add_urgent(lambda: order.append("urgent"))
        order.append("first")

    recorder.run([first, lambda: order.append("second")], workers=1).wait()
    assert order == ["first", "urgent", "second"]
    assert recorder.scheduler.finished == recorder.scheduler.total == 3


class Gate(Recorder):
    """Begins no task while three tasks wait."""

    def __init__(self):
        super().__init__()
        self.begun, self.waiting, self.most = set(), set(), 0
        self.scheduler = Scheduler(
            advance=lambda task: task(),
            fail=lambda task, error: self.failed.append((task, error)),
            drop=self.dropped.append,
            finish=self.finish,
            may_begin=lambda: len(self.waiting) < 3,
        )

    def task(self, n):
        if n not in self.begun:
            self.begun.add(n)
            self.waiting.add(n)
            self.most = max(self.most, len(self.waiting))
            return 0.01
        self.waiting.discard(n)
        self.scheduler.recheck()
        return None


def test_no_task_begins_while_enough_wait(monkeypatch):
    monkeypatch.setattr(scheduler, "CHECK_INTERVAL", 3600.0)  # only a notified worker wakes
    gate = Gate()
    assert gate.run([lambda n=n: gate.task(n) for n in range(100)], workers=2).wait() == "done"
    assert gate.begun == set(range(100))
    assert gate.most <= 3 + 1  # the two workers can check at the same time


def test_stop_drops_tasks_that_may_not_begin():
    gate = Gate()
    gate.waiting = {"a", "b", "c"}
    gate.run([lambda: None] * 5)
    gate.scheduler.stop("stopping")
    assert gate.wait() == "interrupted"
    assert len(gate.dropped) == 5


def test_one_worker_wakes_for_each_timer(recorder, monkeypatch):
    woken, wait = [], threading.Condition.wait

    def counted(condition, timeout=None):
        answer = wait(condition, timeout)
        if condition is recorder.scheduler._changed:
            woken.append(1)
        return answer

    monkeypatch.setattr(threading.Condition, "wait", counted)
    visits = dict.fromkeys(range(50), 0)

    def task(n):
        visits[n] += 1
        return 0.05 + n / 100 if visits[n] == 1 else None

    recorder.run([lambda n=n: task(n) for n in visits], workers=20).wait()
    assert set(visits.values()) == {2}
    assert len(woken) < 50 * 20 / 3
