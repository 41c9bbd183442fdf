"""Plan a large list, against the Arrow kernels that are needed for the same column.

The floor is the sum of the kernels in the same run: convert, trim, lower, one RE2 pass,
``dictionary_encode``. Each profile has up to four spellings. Times are CPU times, since other
processes use the machine. Memory is the peak during a plan above the memory before it, in multiples
of the frame. ``journal`` is the number of stored answers about other people.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

import enrich_pandas as ep

PROFILE = """
With 10,000,000 rows, half of the time is `dictionary_encode` of the cells and a third the kernels
on distinct cells. The rest maps codes to rows and counts requests. If all rows are distinct, half
is counting.
"""

FORMS = (
    ("https://www.linkedin.com/in/p", "-example"),
    ("linkedin.com/in/P", "-Example/?trk=x"),
    ("http://linkedin.com/in/p", "-example/"),
    ("  https://www.linkedin.com/in/P", "-example"),
)
PATTERN = r"^ *(?:https?://)?(?:www\.)?linkedin\.com/in/[^/?#]+/?(?:[?#].*)?$"


def measure(rows: int = 10_000_000, repeats: int = 3) -> Iterator[dict[str, object]]:
    for length, people, dtype, stored in (
        (rows, rows // 10, "str", 0),
        (rows, rows // 10, "object", 0),
        (rows, rows // 10, "str", 10_000),
        (rows // 10, rows // 10, "str", 0),
    ):
        frame = pd.DataFrame({"LinkedIn": spelled(length, people).astype(dtype)})
        with ep.sandbox(misses=0):
            if stored:
                ep.people(others(stored), progress=None, fields=["name"])
            runs = [
                (cpu(lambda f=frame: kernels(f)), *planned(frame, people)) for _ in range(repeats)
            ]
        floor, plan, memory = (statistics.median(each) for each in zip(*runs, strict=True))
        yield {
            "rows": length,
            "profiles": people,
            "dtype": dtype,
            "journal": stored,
            "kernels, s": floor,
            "plan, s": plan,
            "times the kernels": plan / floor,
            "spread": f"±{(max(t[1] for t in runs) - min(t[1] for t in runs)) / 2 / plan:.0%}",
            "µs a row": plan / length * 1e6,
            "times the frame's memory": memory,
        }


def spelled(rows: int, people: int) -> "pd.Series[str]":
    """Return URLs, each profile in as many spellings as the rows allow, at most four."""
    forms = FORMS[: max(1, min(len(FORMS), rows // people))]
    number = np.arange(rows)
    before, after = (pa.array([form[n] for form in forms]) for n in (0, 1))
    form = pa.array(number % len(forms))
    person = pa.array(number // len(forms) % people).cast(pa.string())
    parts = (before.take(form), person, after.take(form))
    cells = pc.binary_join_element_wise(*parts, "").cast(pa.large_string())
    return pd.Series(pd.array(cells, dtype="str"))


def others(count: int) -> pd.DataFrame:
    return pd.DataFrame({"LinkedIn": [f"linkedin.com/in/other{n}-example" for n in range(count)]})


def kernels(frame: pd.DataFrame) -> None:
    """Run the kernels that any plan needs for this column."""
    cells = pa.array(frame["LinkedIn"], pa.large_string(), from_pandas=True)
    text = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    pc.match_substring_regex(text, PATTERN)
    cells.dictionary_encode()


def planned(frame: pd.DataFrame, people: int) -> tuple[float, float]:
    """Return the CPU seconds of a plan, and its memory in multiples of the frame."""
    before = reset_peak()
    started = time.process_time()
    plan = ep.plan(frame)
    seconds = time.process_time() - started
    assert plan.distinct == people
    own = int(frame.memory_usage(deep=True).sum())
    return seconds, (held("VmHWM") - before) / own


def cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def reset_peak() -> int:
    """Reset the peak memory of the process (Linux); return its current memory."""
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    return held("VmRSS")


def held(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
