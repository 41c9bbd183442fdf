import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from enrich_pandas.engine.sender import Slots


def test_no_more_slots_are_acquired_than_exist():
    slots, lock, now, most = Slots(3, lambda: True), threading.Lock(), [0], [0]

    def use(_):
        with slots.acquire() as is_mine:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.002)
            with lock:
                now[0] -= 1
        return is_mine

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(use, range(100)))
    assert most == [3]


def test_waiting_worker_gives_up_when_nothing_may_start():
    is_open = threading.Event()
    is_open.set()
    slots, granted = Slots(1, is_open.is_set), []

    def ask():
        with slots.acquire() as is_mine:
            granted.append(is_mine)

    with slots.acquire():
        thread = threading.Thread(target=ask)
        thread.start()
        deadline = time.monotonic() + 60
        while not slots.queued and time.monotonic() < deadline:
            time.sleep(0.001)
        assert slots.queued == 1
        is_open.clear()
        slots.wake()
        thread.join(60)
        assert granted == [False]
        assert slots.queued == 0


def test_failing_worker_releases_its_slot():
    slots = Slots(1, lambda: True)
    for _ in range(3):
        with suppress(ZeroDivisionError), slots.acquire() as is_mine:
            assert 1 / (not is_mine)
    with slots.acquire() as is_mine:
        assert is_mine
