"""The plan of a large list, against the Arrow kernels that it needs on the same column.

The floor is their sum, in the same run: convert, trim, lower, one RE2 pass, ``dictionary_encode``.
Each profile is spelled in up to four ways. CPU time, since others use the machine; memory is what
the process held at most during a plan, beyond what it held before, in times of the frame's own.
``journal`` is how many answers are stored of other people.
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
            taken = [
                (cpu(lambda f=frame: kernels(f)), *planned(frame, people)) for _ in range(repeats)
            ]
        floor, plan, memory = (statistics.median(each) for each in zip(*taken, strict=True))
        yield {
            "rows": length,
            "profiles": people,
            "dtype": dtype,
            "journal": stored,
            "kernels, s": floor,
            "plan, s": plan,
            "times the kernels": plan / floor,
            "spread": f"±{(max(t[1] for t in taken) - min(t[1] for t in taken)) / 2 / plan:.0%}",
            "µs a row": plan / length * 1e6,
            "times the frame's memory": memory,
        }


def spelled(rows: int, people: int) -> "pd.Series[str]":
    """Make addresses: each profile in as many spellings as rows allow, four at most."""
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
    """Do what any plan must do on this column."""
    cells = pa.array(frame["LinkedIn"], pa.large_string(), from_pandas=True)
    text = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    pc.match_substring_regex(text, PATTERN)
    cells.dictionary_encode()


def planned(frame: pd.DataFrame, people: int) -> tuple[float, float]:
    """Return the CPU seconds of a plan and the memory that it took, in times of the frame's."""
    before = forget_peak()
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


def forget_peak() -> int:
    """Start counting the peak anew (Linux); return what the process holds now."""
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")
    return held("VmRSS")


def held(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
