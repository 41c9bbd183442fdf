"""Convert a stream of answers to a wide frame: does the cost of a person grow with their number?

The answers have Zoho's shape, as in ``flatten``, and all fields are wanted. Each answer is
generated, read with ``orjson.loads`` as the yardstick, converted and dropped, one after the other.
The time of the generator and of the yardstick is subtracted. Memory is the rise of a forked
process's peak, beside the size of the frame.
"""

import gc
import time
from collections.abc import Iterator
from functools import partial

import orjson
import pandas as pd

from benchmarks.conversations import Begun, begin, zoho
from benchmarks.flatten import frame, risen

PROFILE = """
Linear from 10,000 people on. At 1,000 people the fixed cost of a frame of 450 columns is visible.
At the peak, memory probably holds the chunks' arrays, the arrays they are joined to, and the
columns.
"""
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def measure(rows: int = 1_000_000) -> Iterator[dict[str, object]]:
    frame(map(begin, zoho(100)), "all")  # loads modules on first use
    for people in (size for size in SIZES if size <= rows):
        facts: dict[str, object] = {}
        facts["MB at the peak"] = risen(partial(convert, people), facts)
        yield {"people": people, **facts}


def convert(people: int) -> dict[str, object]:
    stream = Stream(people)
    started = time.process_time()
    made = frame(stream, "all")
    seconds = time.process_time() - started - stream.aside
    assert isinstance(made, pd.DataFrame)
    return {
        "MB of bytes": stream.size / 1e6,
        "times orjson.loads": seconds / stream.yardstick,
        "ms a person": 1000 * seconds / people,
        "MB of the frame": float(made.memory_usage(deep=True).sum() / 1e6),
    }


class Stream:
    """Generated answers, with the time of the generator and of the yardstick."""

    def __init__(self, people: int) -> None:
        self._people = people
        self.size = 0
        self.aside = self.yardstick = 0.0

    def __iter__(self) -> Iterator[Begun]:
        started = time.process_time()
        for conversation in zoho(self._people):
            body, begun = conversation.body, begin(conversation)
            made = time.process_time()
            gc.disable()  # otherwise the yardstick collects the garbage of the conversion
            orjson.loads(body)
            gc.enable()
            read = time.process_time()
            self.yardstick += read - made
            self.aside += read - started
            self.size += len(body)
            yield begun
            started = time.process_time()
